/* SPDX-License-Identifier: Apache-2.0 */
/* COSE_Sign1 (RFC 9052) with ES256 by the PfC key; kid is the SHA-256 of its SubjectPublicKeyInfo. */
#ifndef TRED_COSE_H
#define TRED_COSE_H

#include "base/writer.h"
#include "tred/tre.h"

enum { COSE_PAYLOAD_MAX = 1600 };

/* Writes the whole message over payload. aad (external_aad) keeps purposes apart: what was signed for one is no signature for another. TOO_LARGE, STORAGE,
 * INTERNAL. */
enum error_code cose_sign(struct tre *t, struct slice aad, struct slice payload, struct writer *out);
/* ES256 by the device key over octets that cannot be taken for a COSE message. */
enum error_code cose_sign_octets(struct tre *t, struct slice octets, uint8_t raw[BACKEND_SIGNATURE]);

#endif
