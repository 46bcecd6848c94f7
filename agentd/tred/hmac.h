/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC-SHA-1 by libcrypto with contexts for the life of the process: to look the algorithm up costs more than the MAC of a push. Not for threads. */
#ifndef TRED_HMAC_H
#define TRED_HMAC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reader.h"

enum { HMAC_SHA1_LEN = 20, HMAC_KEPT_KEY_MAX = 8 };

/* False for an empty key, or if libcrypto has no HMAC or SHA-1, or no memory; out is zero then. Nothing of the key stays in the context. */
bool hmac_sha1(struct slice key, struct slice data, uint8_t out[HMAC_SHA1_LEN]);
/* The same under a key of at most HMAC_KEPT_KEY_MAX octets that is no secret (an IMSI): its context stays keyed for the next message until another key comes. */
bool hmac_sha1_kept(struct slice key, struct slice data, uint8_t out[HMAC_SHA1_LEN]);

#endif
