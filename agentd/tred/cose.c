/* SPDX-License-Identifier: Apache-2.0 */
/* Signing. The key is opened for one signature and closed at once. */
#include "tred/cose.h"

#include "codec/cbor.h"

enum { COSE_SIGN1 = 18, HEADER_ALG = 1, HEADER_KID = 4, ALG_ES256 = -7, TBS_MAX = COSE_PAYLOAD_MAX + 128 };

enum error_code cose_sign_octets(struct tre *t, struct slice octets, uint8_t raw[BACKEND_SIGNATURE])
{
    struct identity_secrets secrets;
    enum error_code rc = identity_open(&secrets, &t->store);
    if (!rc)
        rc = t->backend->table->sign(t->backend, secrets.pfc_key, octets, raw);
    identity_close(&secrets);
    return rc;
}

/* RFC 9052 section 4.2 (COSE_Sign1) and 4.4 (Sig_structure). */
enum error_code cose_sign(struct tre *t, struct slice aad, struct slice payload, struct writer *out)
{
    uint8_t protected_octets[8], tbs[TBS_MAX], signature[BACKEND_SIGNATURE];
    struct writer p = writer_make(protected_octets, sizeof protected_octets), s = writer_make(tbs, sizeof tbs);
    cbor_put_map(&p, 1);
    cbor_put_int(&p, HEADER_ALG);
    cbor_put_int(&p, ALG_ES256);
    cbor_put_array(&s, 4);
    cbor_put_text(&s, "Signature1");
    cbor_put_bytes(&s, p.data, p.len);
    cbor_put_bytes(&s, aad.data, aad.len);
    cbor_put_bytes(&s, payload.data, payload.len);
    enum error_code rc = payload.len > COSE_PAYLOAD_MAX || s.failed || p.failed ? ERROR_TOO_LARGE : cose_sign_octets(t, writer_slice(&s), signature);
    if (rc)
        return rc;
    cbor_put_tag(out, COSE_SIGN1);
    cbor_put_array(out, 4);
    cbor_put_bytes(out, p.data, p.len);
    cbor_put_map(out, 1);
    cbor_put_int(out, HEADER_KID);
    cbor_put_bytes(out, t->identity.pfc.hash, HASH_LEN);
    cbor_put_bytes(out, payload.data, payload.len);
    cbor_put_bytes(out, signature, sizeof signature);
    return out->failed ? ERROR_INTERNAL : ERROR_NONE;
}
