/* SPDX-License-Identifier: Apache-2.0 */
/* Derivations. Promises: PIN and derivation key never leave; what leaves for a DM session by PIN is B64(H(name:PIN)), for a factory account its own passwords or key.
 * Whatever depends on them is wiped. */
#include "tred/derive.h"

#include <string.h>

#include "base/secret.h"
#include "codec/bei_proof.h"
#include "codec/dm_digest.h"
#include "codec/factory_credentials.h"
#include "model/fields.h"
#include "tred/cose.h"
#include "tred/push.h"

#define RECORD "derivation"
#define PSKS "psk"

enum { MAC_LEN = 32, NAME_CAP = 129, SERVER_CAP = FACTORY_SERVER_ID_MAX + 1, IMEI_CAP = FACTORY_IMEI + 1 };

static const char request_aad[] = "gateway-agent request v1";

enum error_code derive_store_key(const struct store *s, struct slice key)
{
    uint64_t counter;
    return store_write(s, RECORD, RECORD, key, 0, &counter);
}

enum error_code derive_store_psks(const struct store *s, struct slice fields)
{
    uint64_t counter;
    return store_write(s, PSKS, PSKS, fields, 0, &counter);
}

/* --- MAC of an instruction --- */

enum error_code derive_verify_instruction(struct tre *t, struct reader *in, struct writer *out)
{
    struct identity_secrets secrets;
    bool fits = false;
    struct slice mac = reader_take(in, MAC_LEN), covered = reader_take(in, reader_left(in));
    if (in->failed)
        return ERROR_MALFORMED;
    enum error_code rc = identity_open(&secrets, &t->store);
    if (rc)
        return rc;
    size_t digits = secrets.pin.len;
    rc = digits ? bei_mac_verify(secrets.pin, t->identity.gateway_id, covered, mac, &fits) : ERROR_PIN_REQUIRED;
    identity_close(&secrets);
    if (!rc)
        rc = push_judge(t, digits, fits);
    writer_u8(out, 0);
    return rc;
}

/* --- signed requests --- */

enum error_code derive_sign_request(struct tre *t, struct reader *in, struct writer *out)
{
    struct slice payload = reader_take(in, reader_left(in));
    enum error_code rc = cose_sign(t, (struct slice){ (const uint8_t *)request_aad, sizeof request_aad - 1 }, payload, out);
    if (rc)
        out->len = 0;
    return rc;
}

/* --- credentials --- */

struct names {
    char first[NAME_CAP], server[SERVER_CAP];
};

/* Both sides prove the PIN under their own name (OMA DM Security 1.2, 5.1.3: H(name:secret)). */
static enum error_code from_pin(struct tre *t, const struct names *n, struct writer *out)
{
    struct identity_secrets secrets;
    char pin[IDENTITY_PIN_MAX + 1] = "", hash[DM_DIGEST_HASH_CAP] = "";
    enum error_code rc = identity_open(&secrets, &t->store);
    if (rc)
        return rc;
    bool known = secrets.pin.len > 0 && secrets.pin.len <= IDENTITY_PIN_MAX;
    if (known)
        memcpy(pin, secrets.pin.data, secrets.pin.len);
    identity_close(&secrets);
    const char *names[] = { n->first, n->server };
    for (size_t i = 0; known && i < 2; i++) {
        if (!dm_digest_hash(names[i], pin, hash))
            rc = ERROR_INTERNAL;
        fields_put_text(out, hash);
    }
    secret_zero(pin, sizeof pin);
    secret_zero(hash, sizeof hash);
    return known ? rc : ERROR_PIN_REQUIRED;
}

static enum error_code from_key(struct tre *t, uint8_t kind, const struct names *n, struct writer *out)
{
    struct factory_credentials c;
    uint8_t *key = NULL, psk[FACTORY_PSK];
    size_t len = 0;
    uint64_t counter;
    enum error_code rc = store_read(&t->store, RECORD, RECORD, 0, &key, &len, &counter);
    if (rc)
        return rc == ERROR_NOT_FOUND ? ERROR_NOT_READY : rc;
    struct slice k = { key, len };
    bool ok = kind == TRE_CREDENTIALS_PSK ? factory_psk(k, n->first, n->server, psk) : factory_credentials(FACTORY_KEYED, k, n->first, n->server, &c);
    store_release(key, len);
    if (ok && kind == TRE_CREDENTIALS_PSK) {
        fields_put(out, psk, sizeof psk);
    } else if (ok) {
        fields_put_text(out, c.client);
        fields_put_text(out, c.server);
        fields_put(out, c.client_nonce, c.nonce_len);
        fields_put(out, c.server_nonce, c.nonce_len);
    }
    secret_zero(psk, sizeof psk);
    secret_zero(&c, sizeof c);
    return ok ? ERROR_NONE : ERROR_INVALID;
}

/* A pre-shared key as the factory gave it. */
static enum error_code from_name(struct tre *t, const char *name, struct writer *out)
{
    uint8_t *octets = NULL;
    size_t len = 0;
    uint64_t counter;
    enum error_code rc = store_read(&t->store, PSKS, PSKS, 0, &octets, &len, &counter);
    if (rc)
        return rc;
    struct reader r = reader_make(octets, len);
    rc = ERROR_NOT_FOUND;
    while (rc == ERROR_NOT_FOUND && reader_left(&r)) {
        struct slice found = fields_take(&r), key = fields_take(&r);
        if (r.failed)
            rc = ERROR_STORAGE;
        else if (slice_equal(found, (struct slice){ (const uint8_t *)name, strlen(name) })) {
            fields_put(out, key.data, key.len);
            rc = ERROR_NONE;
        }
    }
    store_release(octets, len);
    return rc;
}

static enum error_code make_credentials(struct tre *t, uint8_t kind, const struct names *n, struct writer *out)
{
    switch ((enum tre_credentials)kind) {
    case TRE_CREDENTIALS_PIN:
        return from_pin(t, n, out);
    case TRE_CREDENTIALS_KEYED:
    case TRE_CREDENTIALS_PSK:
        return from_key(t, kind, n, out);
    case TRE_CREDENTIALS_NAMED:
        return from_name(t, n->first, out);
    }
    return ERROR_INVALID;
}

enum error_code derive_credentials(struct tre *t, struct reader *in, struct writer *out)
{
    struct names n;
    uint8_t kind = reader_u8(in);
    fields_take_text(in, n.first, sizeof n.first);
    fields_take_text(in, n.server, sizeof n.server);
    if (!reader_done(in))
        reader_fail(in);
    if (in->failed)
        return ERROR_MALFORMED;
    if (!n.first[0] || !n.server[0])
        return ERROR_INVALID;
    enum error_code rc = make_credentials(t, kind, &n, out);
    if (rc)
        out->len = 0;
    return rc;
}
