/* SPDX-License-Identifier: Apache-2.0 */
/* Who vouches for an instruction: a MAC under a key made of the device PIN, or a signature. Pure. What is covered is what bei_put_authenticated has written. */
#ifndef CODEC_BEI_PROOF_H
#define CODEC_BEI_PROOF_H

#include <stdbool.h>

#include "base/error.h"
#include "base/reader.h"

/* HMAC-SHA-256 under HKDF-SHA-256 (RFC 5869) of the PIN's digits, with the gateway's id as salt; compared in constant time. INTERNAL: libcrypto failed. */
enum error_code bei_mac_verify(struct slice pin, const char *gateway, struct slice covered, struct slice mac, bool *fits);
/* ES256 (RFC 9053 section 2.1): proof is r | s of 32 octets each, spki the signer's SubjectPublicKeyInfo in DER. */
bool bei_signature_fits(struct slice spki, struct slice covered, struct slice proof);

#endif
