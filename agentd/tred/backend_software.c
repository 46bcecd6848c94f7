/* SPDX-License-Identifier: Apache-2.0 */
/* The back end without hardware (mid-and-tre L1): the master key is a systemd credential or a file, the device key lies in the sealed identity. Promises
 * that a key that cannot be written whole is not used, and that a copy of the state directory opens nowhere else where the key file has a folder of its own. Not
 * protected: a copy of both, and an old copy put back. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "tred/backend.h"

#define KEY_FILE "device.key"
#define KEY_TMP "device.key.tmp"

struct software { /* from start to stop */
    struct secret *credential; /* NULL: none; empty: one that is none */
    bool apart;                /* the key file is in vfs, not in the state directory */
    bool lost;                 /* its folder does not open */
    struct vfs_dir dir;
    struct vfs vfs;
};

static ssize_t plain_read(void *ctx, int fd, void *buf, size_t len)
{
    (void)ctx;
    return read(fd, buf, len);
}

static int plain_close(void *ctx, int fd)
{
    (void)ctx;
    return close(fd);
}

/* Takes the key out of an open file of exactly BACKEND_KEY octets. */
static enum error_code take_key(const struct vfs *v, int fd, const char *what, struct secret *out)
{
    uint8_t key[BACKEND_KEY + 1];
    size_t len = 0;
    for (ssize_t n; len < sizeof key && (n = v->read(v->ctx, fd, &key[len], sizeof key - len)) > 0;)
        len += (size_t)n;
    v->close(v->ctx, fd);
    bool good = len == BACKEND_KEY && secret_set(out, key, BACKEND_KEY);
    secret_zero(key, sizeof key);
    if (good)
        return ERROR_NONE;
    log_error("seal", "%s is not a key of %d octets", what, BACKEND_KEY);
    return ERROR_STORAGE;
}

/* systemd.exec(5), LoadCredential= and LoadCredentialEncrypted=: read once, the sandbox closes that directory. One that is there and no key must not be
 * taken for none: another key would only hide the cause. */
static struct secret *credential_read(void)
{
    static const struct vfs plain = { .read = plain_read, .close = plain_close };
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    char path[512];
    if (!dir || snprintf(path, sizeof path, "%s/tre-key", dir) >= (int)sizeof path)
        return NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return NULL;
    struct secret *credential = secret_new();
    if (fd < 0)
        log_error("seal", "credential tre-key: %s", strerror(errno));
    else if (credential)
        (void)take_key(&plain, fd, "credential tre-key", credential);
    return credential;
}

static void soft_start(struct backend *b, const struct backend_options *how)
{
    struct software *s = calloc(1, sizeof *s);
    b->own = s;
    if (!s)
        return;
    s->dir.fd = -1;
    s->credential = credential_read();
    s->apart = !s->credential && how->keys;
    if (s->apart && !vfs_open(&s->vfs, &s->dir, how->keys)) {
        s->lost = true;
        log_error("seal", "folder of the key %s: %s", how->keys, strerror(errno));
    }
}

static void soft_stop(struct backend *b)
{
    struct software *s = b->own;
    b->own = NULL;
    if (!s)
        return;
    vfs_close(&s->dir);
    secret_free(s->credential);
    free(s);
}

static enum error_code file_load(const struct vfs *v, struct secret *key)
{
    int fd = v->open(v->ctx, KEY_FILE, VFS_READ);
    if (fd >= 0)
        return take_key(v, fd, KEY_FILE, key);
    return errno == ENOENT ? ERROR_NOT_FOUND : ERROR_STORAGE;
}

/* A key that a former version put into the state directory is taken from there. */
static enum error_code soft_key_load(struct backend *b, const struct vfs *v, struct secret *key)
{
    const struct software *s = b->own;
    if (s && s->credential)
        return s->credential->len && secret_set(key, s->credential->data, s->credential->len) ? ERROR_NONE : ERROR_STORAGE;
    if (!s || !s->apart)
        return file_load(v, key);
    enum error_code rc = s->lost ? ERROR_STORAGE : file_load(&s->vfs, key);
    if (rc != ERROR_NOT_FOUND)
        return rc;
    rc = file_load(v, key);
    if (!rc)
        log_warning("seal", KEY_FILE " lies beside what it seals, whoever copies the state directory has both; move it into its own folder");
    return rc;
}

static enum error_code soft_key_make(struct backend *b, const struct vfs *state, struct slice authority)
{
    uint8_t key[BACKEND_KEY];
    const struct software *s = b->own;
    const struct vfs *v = s && s->apart ? &s->vfs : state;
    (void)authority;
    if (s && s->lost)
        return ERROR_STORAGE;
    if (RAND_bytes(key, sizeof key) != 1)
        return ERROR_INTERNAL;
    int fd = v->open(v->ctx, KEY_TMP, VFS_CREATE);
    bool ok = fd >= 0 && v->write(v->ctx, fd, key, sizeof key) == (ssize_t)sizeof key && v->fsync(v->ctx, fd) == 0;
    secret_zero(key, sizeof key);
    if (fd >= 0)
        ok = v->close(v->ctx, fd) == 0 && ok;
    ok = ok && v->rename(v->ctx, KEY_TMP, KEY_FILE) == 0 && v->fsync_dir(v->ctx) == 0;
    return ok ? ERROR_NONE : ERROR_STORAGE;
}

static enum error_code soft_signer_make(struct backend *b, struct writer *signer, struct writer *spki)
{
    (void)b;
    uint8_t *private = NULL, *public = NULL;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    int private_len = key ? i2d_PrivateKey(key, &private) : 0, public_len = key ? i2d_PUBKEY(key, &public) : 0;
    bool ok = private_len > 0 && public_len > 0;
    if (ok) {
        writer_put(signer, private, (size_t)private_len);
        writer_put(spki, public, (size_t)public_len);
    }
    EVP_PKEY_free(key);
    OPENSSL_free(private);
    OPENSSL_free(public);
    return ok && !signer->failed && !spki->failed ? ERROR_NONE : ERROR_INTERNAL;
}

/* DER ECDSA-Sig-Value to r | s of 32 octets each (RFC 9053 section 2.1). */
static bool signature_raw(const uint8_t *der, size_t len, uint8_t raw[BACKEND_SIGNATURE])
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
    bool ok = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, BACKEND_SIGNATURE / 2) == BACKEND_SIGNATURE / 2 &&
              BN_bn2binpad(ECDSA_SIG_get0_s(sig), &raw[BACKEND_SIGNATURE / 2], BACKEND_SIGNATURE / 2) == BACKEND_SIGNATURE / 2;
    ECDSA_SIG_free(sig);
    return ok;
}

static enum error_code soft_sign(struct backend *b, struct slice signer, struct slice octets, uint8_t raw[BACKEND_SIGNATURE])
{
    (void)b;
    uint8_t der[96];
    size_t len = sizeof der;
    const unsigned char *p = signer.data;
    EVP_PKEY *key = d2i_PrivateKey(EVP_PKEY_EC, NULL, &p, (long)signer.len);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = key && ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestSign(ctx, der, &len, octets.data, octets.len) == 1 && signature_raw(der, len, raw);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return ok ? ERROR_NONE : ERROR_INTERNAL;
}

static enum error_code soft_counter_read(struct backend *b, uint64_t *value)
{
    (void)b;
    (void)value;
    return ERROR_NOT_SUPPORTED;
}

static enum error_code soft_counter_step(struct backend *b)
{
    (void)b;
    return ERROR_NOT_SUPPORTED;
}

static enum error_code soft_platform(struct backend *b, struct backend_platform *out)
{
    (void)b;
    (void)out;
    return ERROR_NOT_SUPPORTED;
}

static enum error_code soft_quote(struct backend *b, struct slice signer, const uint8_t challenge[BACKEND_CHALLENGE], struct backend_quote *out)
{
    (void)b;
    (void)signer;
    (void)challenge;
    (void)out;
    return ERROR_NOT_SUPPORTED;
}

const struct backend_table backend_software = {
    .name = "software",
    .number = TRE_BACKEND_SOFTWARE,
    .start = soft_start,
    .stop = soft_stop,
    .key_load = soft_key_load,
    .key_make = soft_key_make,
    .signer_make = soft_signer_make,
    .sign = soft_sign,
    .counter_read = soft_counter_read,
    .counter_step = soft_counter_step,
    .platform = soft_platform,
    .quote = soft_quote,
};
