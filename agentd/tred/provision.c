/* SPDX-License-Identifier: Apache-2.0 */
/* Provisioning. Promises: private keys are made here and leave only as certificate requests; a refused file leaves no trace; once only. */
#include "tred/provision.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/owner.h"
#include "base/secret.h"
#include "base/text.h"
#include "tred/derive.h"
#include "tred/factory.h"
#include "tred/identity.h"
#include "tred/request.h"

struct place { /* the open state directory */
    struct vfs_dir dir;
    struct vfs vfs;
    struct backend *backend;
    struct seal seal;
    struct anchor anchor;
    struct store store;
};

static enum error_code place_open(struct place *p, struct backend *b, const char *state, struct error *err)
{
    *p = (struct place){ .dir = { -1 }, .backend = b };
    if (!vfs_open(&p->vfs, &p->dir, state))
        return error_set(err, ERROR_STORAGE, "cannot open the state directory %s: %s", state, strerror(errno));
    p->store = (struct store){ .vfs = &p->vfs, .seal = &p->seal, .anchor = &p->anchor };
    if (!owner_become(p->dir.fd))
        return error_set(err, ERROR_DENIED, "cannot act as the owner of %s: %s", state, strerror(errno));
    return ERROR_NONE;
}

static void place_close(struct place *p)
{
    seal_close(&p->seal);
    vfs_close(&p->dir);
    if (!owner_end())
        log_error("provision", "cannot return to the first user");
}

static bool file_write(const char *dir, const char *name, const char *text, size_t len)
{
    char path[512];
    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
        return false;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return false;
    bool ok = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    return close(fd) == 0 && ok;
}

static bool request_write(const char *dir, const char *name, const char *cn, const struct requester *by)
{
    X509_REQ *req = request_make(cn, NULL, by);
    BIO *out = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len = req && out && PEM_write_bio_X509_REQ(out, req) == 1 ? BIO_get_mem_data(out, &text) : 0;
    bool ok = len > 0 && file_write(dir, name, text, (size_t)len);
    BIO_free(out);
    X509_REQ_free(req);
    return ok;
}

/* A P-256 key: DER in der, public half in spki. NULL on failure. */
static EVP_PKEY *key_make(uint8_t **der, struct slice *key, struct identity_spki *spki)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    int len = pkey ? i2d_PrivateKey(pkey, der) : 0;
    *key = (struct slice){ *der, len > 0 ? (size_t)len : 0 };
    if (len > 0 && identity_spki_of(pkey, spki))
        return pkey;
    EVP_PKEY_free(pkey);
    return NULL;
}

/* What the factory takes along; before the identity is stored, so that a crash in between is repaired by running again. */
static enum error_code write_outputs(const struct identity *id, const struct requester *pfc, const struct requester *transport, const char *dir,
                                     struct error *err)
{
    char hex[2 * TRE_ID_LEN + 2];
    text_hex(id->tre_id, TRE_ID_LEN, hex);
    (void)strcat(hex, "\n");
    bool ok = request_write(dir, "pfc.csr", id->gateway_id, pfc) && request_write(dir, "transport.csr", id->gateway_id, transport) &&
              file_write(dir, "tre-id", hex, strlen(hex));
    return ok ? ERROR_NONE : error_set(err, ERROR_IO, "cannot write pfc.csr, transport.csr and tre-id to %s", dir);
}

/* The master key, as the owner of the directory. */
static enum error_code root_make(struct place *p, const struct factory *f, struct error *err)
{
    if (!owner_become(p->dir.fd))
        return error_set(err, ERROR_DENIED, "cannot act as the owner of the state directory");
    enum error_code rc = seal_create(&p->seal, p->backend, &p->vfs, (struct slice){ f->authority, f->authority_len });
    if (!rc)
        rc = anchor_load(&p->anchor, p->backend, &p->store);
    if (!owner_end() && !rc)
        rc = ERROR_INTERNAL;
    if (rc == ERROR_INVALID)
        return error_set(err, rc, "platform_authority: the %s back end needs a P-256 key", p->backend->table->name);
    return rc ? error_set(err, rc, "no master key: %s", error_text(rc)) : ERROR_NONE;
}

static enum error_code identity_store(struct place *p, const struct identity *id, const struct identity_secrets *secrets, const struct factory *f,
                                      struct error *err)
{
    if (!owner_become(p->dir.fd))
        return error_set(err, ERROR_DENIED, "cannot act as the owner of the state directory");
    struct registry empty = { .counter = 0 }, stored = { .counter = 0 };
    enum error_code rc = registry_commit(&stored, &empty, &p->store);
    if (!rc && f->derivation_key->len)
        rc = derive_store_key(&p->store, secret_slice(f->derivation_key));
    if (!rc && f->psk_count)
        rc = derive_store_psks(&p->store, writer_slice(&f->psks));
    if (!rc)
        rc = identity_create(id, secrets, &p->store); /* last: with it the gateway is provisioned */
    return rc ? error_set(err, rc, "the identity cannot be stored: %s", error_text(rc)) : ERROR_NONE;
}

/* The platform key: where the back end has it. */
static enum error_code pfc_make(struct place *p, struct writer *signer, struct identity *id, EVP_PKEY **public, struct error *err)
{
    uint8_t der[IDENTITY_SPKI_MAX];
    struct writer spki = writer_make(der, sizeof der);
    enum error_code rc = p->backend->table->signer_make(p->backend, signer, &spki);
    const unsigned char *at = der;
    *public = rc ? NULL : d2i_PUBKEY(NULL, &at, (long)spki.len);
    if (!rc && (!*public || !identity_spki_of(*public, &id->pfc)))
        rc = ERROR_INTERNAL;
    return rc ? error_set(err, rc, "no platform key: %s", error_text(rc)) : ERROR_NONE;
}

static enum error_code identity_make(struct place *p, const struct factory *f, const char *out_dir, struct error *err)
{
    struct identity id = { .gateway_id = "", .denied = f->denied };
    uint8_t *transport_der = NULL, signer_octets[BACKEND_SIGNER_MAX];
    struct writer signer = writer_make(signer_octets, sizeof signer_octets);
    struct identity_secrets secrets = { .pin = secret_slice(f->pin), .issuer_count = f->issuer_count };
    for (size_t i = 0; i < f->issuer_count; i++)
        secrets.issuers[i] = (struct slice){ f->issuers[i], f->issuer_len[i] };
    (void)text_copy(id.gateway_id, sizeof id.gateway_id, f->gateway_id);
    struct requester pfc = { .backend = p->backend }, transport = { .key = key_make(&transport_der, &secrets.transport_key, &id.transport) };
    enum error_code rc = pfc_make(p, &signer, &id, &pfc.key, err);
    pfc.signer = secrets.pfc_key = writer_slice(&signer);
    if (!rc && (!transport.key || RAND_bytes(id.tre_id, TRE_ID_LEN) != 1))
        rc = error_set(err, ERROR_INTERNAL, "no keys could be made");
    if (!rc)
        rc = write_outputs(&id, &pfc, &transport, out_dir, err);
    if (!rc)
        rc = identity_store(p, &id, &secrets, f, err);
    EVP_PKEY_free(pfc.key);
    EVP_PKEY_free(transport.key);
    OPENSSL_free(transport_der);
    secret_zero(signer_octets, sizeof signer_octets);
    return rc;
}

/* DER of a PEM certificate; 0 if it is none. */
static size_t certificate_read(const char *file, uint8_t **der)
{
    BIO *in = BIO_new_file(file, "r");
    X509 *x = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
    int len = x ? i2d_X509(x, der) : 0;
    X509_free(x);
    BIO_free(in);
    return len > 0 ? (size_t)len : 0;
}

/* NOT_FOUND: nothing there yet. */
static enum error_code identity_there(struct place *p, struct identity *id)
{
    enum error_code rc = identity_key_state(&p->store, seal_load(&p->seal, p->backend, &p->vfs));
    if (!rc)
        rc = anchor_load(&p->anchor, p->backend, &p->store);
    return rc ? rc : identity_load(id, &p->store);
}

static enum error_code refuse_second(struct place *p, struct error *err)
{
    struct identity id;
    enum error_code rc = identity_there(p, &id);
    if (rc == ERROR_NOT_FOUND)
        return owner_end() ? ERROR_NONE : error_set(err, ERROR_INTERNAL, "cannot return to the first user");
    return rc ? error_set(err, rc, "the state directory does not open: %s", error_text(rc))
              : error_set(err, ERROR_EXISTS, "this gateway was provisioned before");
}

enum error_code provision_run(struct backend *b, const char *state, const char *file, const char *out_dir, struct error *err)
{
    struct factory f;
    struct place p = { .dir = { -1 } };
    enum error_code rc = factory_read(&f, file, err);
    if (!rc && f.certificate[0]) /* nobody can have certified a key that is made only now */
        rc = error_set(err, ERROR_INVALID, "pfc_certificate: this run makes the PfC key; use --certificate afterwards");
    if (!rc && access(out_dir, W_OK | X_OK) != 0)
        rc = error_set(err, ERROR_IO, "cannot write to %s: %s", out_dir, strerror(errno));
    if (!rc)
        rc = place_open(&p, b, state, err);
    if (!rc)
        rc = refuse_second(&p, err);
    if (!rc)
        rc = root_make(&p, &f, err);
    if (!rc)
        rc = identity_make(&p, &f, out_dir, err);
    place_close(&p);
    factory_free(&f);
    return rc;
}

enum error_code provision_certificate(struct backend *b, const char *state, const char *file, struct error *err)
{
    struct place p;
    struct identity id;
    uint8_t *der = NULL;
    size_t len = certificate_read(file, &der);
    enum error_code rc = len ? place_open(&p, b, state, err) : error_set(err, ERROR_INVALID, "%s is no PEM certificate", file);
    if (!len)
        return rc;
    if (!rc && (rc = identity_there(&p, &id)))
        rc = error_set(err, rc == ERROR_NOT_FOUND ? ERROR_UNPROVISIONED : rc, "no identity in %s", state);
    if (!rc && (rc = identity_set_certificate(&id, (struct slice){ der, len }, &p.store)))
        (void)error_set(err, rc, "%s is not a certificate of the PfC key, or cannot be stored", file);
    place_close(&p);
    OPENSSL_free(der);
    return rc;
}
