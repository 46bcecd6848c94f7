/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC-SHA-1 by libcrypto with one context for the life of the process: to look the algorithm up costs more than the MAC of a push. Not for threads. */
#ifndef TRED_HMAC_H
#define TRED_HMAC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reader.h"

enum { HMAC_SHA1_LEN = 20 };

/* False if libcrypto has no HMAC or SHA-1, or no memory; out is zero then. Nothing of the key stays in the context. */
bool hmac_sha1(struct slice key, struct slice data, uint8_t out[HMAC_SHA1_LEN]);

#endif
