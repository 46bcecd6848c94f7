/* SPDX-License-Identifier: Apache-2.0 */
/* Bootstrap execution instruction as octets: a CBOR map with integer keys (doc bootstrap-instruction) inside COSE_Mac0 or COSE_Sign1 (RFC 9052), or
 * bare. Pure; the envelope is read without looking at the payload, so that the caller can authenticate first. */
#ifndef CODEC_BEI_H
#define CODEC_BEI_H

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"
#include "model/bei.h"

enum bei_envelope_kind { BEI_MAC0, BEI_SIGN1, BEI_BARE };

enum { BEI_MAC_LEN = 32, BEI_SIGNATURE_LEN = 64, BEI_KID_LEN = 32 };

struct bei_envelope { /* slices are borrowed from the octets */
    enum bei_envelope_kind kind;
    struct slice protected_header; /* its octets, empty when bare */
    struct slice kid;              /* SIGN1: SHA-256 of the signer's SubjectPublicKeyInfo; else empty */
    struct slice payload;
    struct slice proof;            /* MAC of 32 octets, r | s of 64, or empty */
};

/* Tag 17 with HMAC 256/256, tag 18 with ES256, or a map: bare. MALFORMED with the octet, NOT_SUPPORTED for another tag or algorithm, TOO_LARGE. */
enum error_code bei_open(struct slice octets, struct bei_envelope *out, struct error *err);
/* What MAC or signature cover: MAC_structure (RFC 9052 6.3), Sig_structure (4.4); external_aad is empty. */
void bei_put_authenticated(struct writer *w, const struct bei_envelope *e);
/* The payload; call it on authenticated octets only. Deterministic encoding is demanded, and unknown keys are refused: what is signed is understood as a
 * whole. MALFORMED, INCOMPLETE, INVALID (a value out of bounds), NOT_SUPPORTED (version). out borrows trust values from payload. */
enum error_code bei_read(struct slice payload, struct bei *out, struct error *err);
/* The same octets again. */
void bei_write(struct writer *w, const struct bei *b);

#endif
