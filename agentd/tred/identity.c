/* SPDX-License-Identifier: Apache-2.0 */
/* The sealed identity. Must never be rewritten but for another platform key: a second provisioning is refused here, whatever the caller thinks. */
#include "tred/identity.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/log.h"
#include "model/fields.h"
#include "tred/heap.h"

enum { FORMAT = 3, FORMAT_NARROW = 2, FORMAT_FIRST = 1, RECORD_MAX = 48 * 1024 };

#define RECORD "identity"
#define CERTIFICATE "certificate"

static bool spki_set(struct identity_spki *spki, struct slice der)
{
    if (der.len == 0 || der.len > sizeof spki->der)
        return false;
    memcpy(spki->der, der.data, der.len);
    spki->len = der.len;
    return true;
}

/* False without memory. */
static bool spki_hash(struct identity_spki *spki)
{
    return SHA256(spki->der, spki->len, spki->hash) != NULL;
}

bool identity_spki_of(const EVP_PKEY *key, struct identity_spki *spki)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    bool ok = len > 0 && len <= IDENTITY_SPKI_MAX;
    ok = ok && spki_set(spki, (struct slice){ der, (size_t)len }) && spki_hash(spki);
    OPENSSL_free(der);
    return ok;
}

bool identity_spki_of_certificate(struct slice der, struct identity_spki *spki)
{
    const unsigned char *p = der.data;
    X509 *x = d2i_X509(NULL, &p, (long)der.len);
    EVP_PKEY *key = x ? X509_get0_pubkey(x) : NULL;
    bool ok = key && identity_spki_of(key, spki);
    X509_free(x);
    return ok;
}

EVP_PKEY *identity_key(struct slice der)
{
    const unsigned char *p = der.data;
    return d2i_PrivateKey(EVP_PKEY_EC, NULL, &p, (long)der.len);
}

static void take_spki(struct reader *r, struct identity_spki *spki)
{
    struct slice der = fields_take(r);
    if (r->failed || !spki_set(spki, der))
        reader_fail(r);
}

/* The format, which the rest of the record needs too. */
static uint8_t take_public(struct reader *r, struct identity *id)
{
    uint8_t format = reader_u8(r);
    if (format < FORMAT_FIRST || format > FORMAT)
        reader_fail(r);
    fields_take_text(r, id->gateway_id, sizeof id->gateway_id);
    struct slice tre_id = reader_take(r, TRE_ID_LEN);
    if (tre_id.len)
        memcpy(id->tre_id, tre_id.data, tre_id.len);
    take_spki(r, &id->pfc);
    take_spki(r, &id->transport);
    return format;
}

static void take_secrets(struct reader *r, struct identity_secrets *secrets)
{
    secrets->pin = fields_take(r);
    secrets->pfc_key = fields_take(r);
    secrets->transport_key = fields_take(r);
    secrets->issuer_count = reader_u8(r);
    if (secrets->issuer_count > IDENTITY_ISSUERS)
        reader_fail(r);
    for (size_t i = 0; i < secrets->issuer_count && !r->failed; i++)
        secrets->issuers[i] = fields_take(r);
}

static enum error_code load_both(struct identity *id, struct identity_secrets *secrets, const struct store *s)
{
    uint64_t counter;
    *id = (struct identity){ .gateway_id = "" };
    *secrets = (struct identity_secrets){ .plain = NULL };
    enum error_code rc = store_read(s, RECORD, RECORD, 0, &secrets->plain, &secrets->plain_len, &counter);
    if (rc)
        return rc;
    struct reader r = reader_make(secrets->plain, secrets->plain_len);
    uint8_t format = take_public(&r, id);
    take_secrets(&r, secrets);
    if (format > FORMAT_NARROW)
        id->denied = reader_u16(&r);
    else
        id->denied = format == FORMAT_NARROW ? reader_u8(&r) : 0; /* the first format had no overall policy */
    rc = !reader_done(&r) ? ERROR_STORAGE : spki_hash(&id->pfc) && spki_hash(&id->transport) ? ERROR_NONE : ERROR_NO_MEMORY;
    if (rc)
        identity_close(secrets);
    return rc;
}

/* The record as it is now: the former ones, with the key that they hold, are gone. */
static enum error_code drop_former(const struct store *s)
{
    uint8_t *plain;
    size_t len;
    uint64_t counter;
    enum error_code rc = store_read(s, RECORD, RECORD, 0, &plain, &len, &counter);
    store_release(rc ? NULL : plain, rc ? 0 : len);
    return rc ? rc : store_erase(s, RECORD, counter) ? ERROR_NONE : ERROR_STORAGE;
}

enum error_code identity_key_state(const struct store *s, enum error_code loaded)
{
    if (loaded != ERROR_NOT_FOUND || !store_exists(s, RECORD))
        return loaded;
    log_error("identity", "there is an identity, but not the key that sealed it");
    return ERROR_STORAGE;
}

enum error_code identity_load(struct identity *id, const struct store *s)
{
    struct identity_secrets secrets;
    enum error_code rc = load_both(id, &secrets, s);
    identity_close(&secrets);
    return rc;
}

enum error_code identity_open(struct identity_secrets *secrets, const struct store *s)
{
    struct identity id;
    return load_both(&id, secrets, s);
}

void identity_close(struct identity_secrets *secrets)
{
    store_release(secrets->plain, secrets->plain_len);
    *secrets = (struct identity_secrets){ .plain = NULL };
}

static void put_all(struct writer *w, const struct identity *id, const struct identity_secrets *secrets)
{
    writer_u8(w, FORMAT);
    fields_put_text(w, id->gateway_id);
    writer_put(w, id->tre_id, TRE_ID_LEN);
    fields_put(w, id->pfc.der, id->pfc.len);
    fields_put(w, id->transport.der, id->transport.len);
    fields_put(w, secrets->pin.data, secrets->pin.len);
    fields_put(w, secrets->pfc_key.data, secrets->pfc_key.len);
    fields_put(w, secrets->transport_key.data, secrets->transport_key.len);
    writer_u8(w, (uint8_t)secrets->issuer_count);
    for (size_t i = 0; i < secrets->issuer_count; i++)
        fields_put(w, secrets->issuers[i].data, secrets->issuers[i].len);
    writer_u16(w, (uint16_t)id->denied);
}

static enum error_code store_all(const struct identity *id, const struct identity_secrets *secrets, const struct store *s)
{
    uint64_t counter;
    uint8_t *plain = heap_pages(RECORD_MAX);
    if (!plain)
        return ERROR_NO_MEMORY;
    struct writer w = writer_make(plain, RECORD_MAX);
    put_all(&w, id, secrets);
    enum error_code rc = w.failed ? ERROR_TOO_LARGE : store_write(s, RECORD, RECORD, writer_slice(&w), 0, &counter);
    heap_drop(plain, RECORD_MAX);
    return rc;
}

enum error_code identity_replace_key(struct identity *id, struct slice spki, struct slice signer, const struct store *s)
{
    struct identity now;
    struct identity_secrets secrets;
    enum error_code rc = load_both(&now, &secrets, s);
    if (rc)
        return rc;
    if (!slice_equal(spki, (struct slice){ now.pfc.der, now.pfc.len })) {
        secrets.pfc_key = signer;
        rc = spki_set(&now.pfc, spki) ? store_all(&now, &secrets, s) : ERROR_INVALID;
    }
    identity_close(&secrets);
    enum error_code loaded = identity_load(&now, s);
    if (!loaded)
        *id = now; /* also after a failure: it may have been stored all the same */
    if (!rc)
        rc = loaded;
    return rc ? rc : drop_former(s);
}

enum error_code identity_create(const struct identity *id, const struct identity_secrets *secrets, const struct store *s)
{
    struct identity there;
    enum error_code rc = identity_load(&there, s);
    if (rc != ERROR_NOT_FOUND)
        return rc ? rc : ERROR_EXISTS;
    return store_all(id, secrets, s);
}

enum error_code identity_certificate(const struct store *s, uint8_t **der, size_t *len)
{
    uint64_t counter;
    enum error_code rc = store_read(s, CERTIFICATE, CERTIFICATE, 0, der, len, &counter);
    return rc == ERROR_NOT_FOUND ? ERROR_NONE : rc;
}

enum error_code identity_set_certificate(const struct identity *id, struct slice der, const struct store *s)
{
    if (der.len == 0 || der.len > IDENTITY_CERTIFICATE_MAX)
        return ERROR_INVALID;
    struct identity_spki spki;
    bool ours = identity_spki_of_certificate(der, &spki) && slice_equal((struct slice){ spki.der, spki.len }, (struct slice){ id->pfc.der, id->pfc.len });
    uint64_t counter;
    return ours ? store_write(s, CERTIFICATE, CERTIFICATE, der, 0, &counter) : ERROR_INVALID;
}
