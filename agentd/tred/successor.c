/* SPDX-License-Identifier: Apache-2.0 */
/* The record "successor" holds a key that is to follow, and then its certificate: with that it is the order to go on to the end, whatever happens meanwhile.
 * Promises: at each moment there is one platform key, the former with its certificate or the successor; the former is erased only after that. Must never let a
 * successor sign anything but its own request before it is installed.
 *
 *   (none) --request--> key --install--> key and certificate --> identity has it --> former slot erased --> certificate stored --> record erased */
#include "tred/successor.h"

#include <openssl/x509.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "model/fields.h"
#include "tred/cose.h"
#include "tred/request.h"

#define RECORD "successor"
#define PURPOSE "platform key successor" /* external_aad */
enum { FORMAT = 1, RECORD_MAX = 16 + IDENTITY_SPKI_MAX + BACKEND_SIGNER_MAX + IDENTITY_CERTIFICATE_MAX };

struct successor { /* slices lie in plain */
    uint8_t *plain;
    size_t plain_len;
    uint64_t counter;
    struct slice spki, signer, certificate; /* certificate empty: it is only asked for */
};

static void close_record(struct successor *n)
{
    store_release(n->plain, n->plain_len);
    *n = (struct successor){ .plain = NULL };
}

/* NOT_FOUND: there is none. */
static enum error_code open_record(struct tre *t, struct successor *n)
{
    *n = (struct successor){ .plain = NULL };
    enum error_code rc = store_read(&t->store, RECORD, RECORD, 0, &n->plain, &n->plain_len, &n->counter);
    if (rc)
        return rc;
    struct reader r = reader_make(n->plain, n->plain_len);
    uint8_t format = reader_u8(&r);
    n->spki = fields_take(&r);
    n->signer = fields_take(&r);
    n->certificate = fields_take(&r);
    if (format == FORMAT && reader_done(&r))
        return ERROR_NONE;
    close_record(n);
    return ERROR_STORAGE;
}

static enum error_code write_record(struct tre *t, struct slice spki, struct slice signer, struct slice certificate)
{
    uint8_t plain[RECORD_MAX];
    uint64_t counter;
    struct writer w = writer_make(plain, sizeof plain);
    writer_u8(&w, FORMAT);
    fields_put(&w, spki.data, spki.len);
    fields_put(&w, signer.data, signer.len);
    fields_put(&w, certificate.data, certificate.len);
    enum error_code rc = w.failed ? ERROR_TOO_LARGE : store_write(&t->store, RECORD, RECORD, writer_slice(&w), 0, &counter);
    secret_zero(plain, sizeof plain);
    return rc;
}

static enum error_code make(struct tre *t)
{
    uint8_t signer_octets[BACKEND_SIGNER_MAX], spki_octets[IDENTITY_SPKI_MAX];
    struct writer signer = writer_make(signer_octets, sizeof signer_octets), spki = writer_make(spki_octets, sizeof spki_octets);
    enum error_code rc = t->backend->table->signer_make(t->backend, &signer, &spki);
    if (!rc)
        rc = write_record(t, writer_slice(&spki), writer_slice(&signer), (struct slice){ NULL, 0 });
    secret_zero(signer_octets, sizeof signer_octets);
    return rc;
}

static enum error_code put_request(struct tre *t, const struct successor *n, const char *program, struct writer *out)
{
    unsigned char *der = NULL;
    const unsigned char *spki = n->spki.data;
    static const struct slice purpose = { (const uint8_t *)PURPOSE, sizeof PURPOSE - 1 };
    struct requester by = { .key = d2i_PUBKEY(NULL, &spki, (long)n->spki.len), .backend = t->backend, .signer = n->signer };
    X509_REQ *req = by.key ? request_make(t->identity.gateway_id, program, &by) : NULL;
    int len = req ? i2d_X509_REQ(req, &der) : 0;
    enum error_code rc = len > 0 ? cose_sign(t, purpose, (struct slice){ der, (size_t)len }, out) : ERROR_INTERNAL;
    X509_REQ_free(req);
    EVP_PKEY_free(by.key);
    OPENSSL_free(der);
    return rc;
}

enum error_code successor_request(struct tre *t, const char *program, struct writer *out)
{
    struct successor n;
    enum error_code rc = open_record(t, &n);
    if (rc == ERROR_NOT_FOUND || rc == ERROR_STORAGE) { /* one that does not open is no loss: it is not certified */
        rc = make(t);
        if (!rc)
            rc = open_record(t, &n);
    }
    if (rc)
        return rc;
    rc = put_request(t, &n, program, out);
    close_record(&n);
    return rc;
}

bool successor_is(struct tre *t, const struct identity_spki *key)
{
    struct successor n;
    if (open_record(t, &n))
        return false;
    bool same = slice_equal(n.spki, (struct slice){ key->der, key->len });
    close_record(&n);
    return same;
}

/* Each step may have been done before. */
static enum error_code finish(struct tre *t, const struct successor *n)
{
    enum error_code rc = identity_replace_key(&t->identity, n->spki, n->signer, &t->store);
    if (!rc)
        rc = identity_set_certificate(&t->identity, n->certificate, &t->store);
    if (!rc && !store_erase(&t->store, RECORD, 0))
        rc = ERROR_STORAGE;
    if (!rc)
        log_notice("enrolment", "another platform key, under its certificate; the former one is erased");
    return rc;
}

enum error_code successor_finish(struct tre *t)
{
    struct successor n;
    enum error_code rc = open_record(t, &n);
    if (rc == ERROR_NOT_FOUND)
        return ERROR_NONE;
    if (rc == ERROR_STORAGE) /* half erased; of any other it is no loss either: the former key is still there */
        return store_erase(&t->store, RECORD, 0) ? ERROR_NONE : ERROR_STORAGE;
    if (!rc && n.certificate.len)
        rc = finish(t, &n);
    close_record(&n);
    if (rc)
        log_error("enrolment", "the platform key is not replaced yet: %s", error_text(rc));
    return rc;
}

enum error_code successor_install(struct tre *t, struct slice der)
{
    struct successor n;
    enum error_code rc = open_record(t, &n);
    if (!rc)
        rc = write_record(t, n.spki, n.signer, der);
    close_record(&n);
    return rc ? rc : successor_finish(t);
}
