/* SPDX-License-Identifier: Apache-2.0 */
/* The TPM 2.0 back end (mid-and-tre L3): the master key sealed to platforms that an authority approves, the device key inside the TPM, a counter against old
 * copies of the state, quotes. Promises that a state directory opens with its own TPM only; that a TPM which is away or refuses is an answer, never the
 * end of the process. Not protected: keys of identities are in this process's memory while they are used. */
#include "tred/tpm2.h"

#include <errno.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>

#include "base/log.h"
#include "base/text.h"
#include "model/fields.h"

enum { FORMAT = 1, FILE_MAX = 2048 };

#define KEY_FILE "tpm.key"
#define KEY_TMP "tpm.key.tmp"

static const char counter_label[] = "gateway-agent tre counter 1";

bool tpm2_refused(TSS2_RC rc)
{
    return rc != 0 && (rc & TSS2_RC_LAYER_MASK) == 0;
}

enum error_code tpm2_failed(const char *what, TSS2_RC rc)
{
    log_error("tpm", "%s: %s", what, tpm2_refused(rc) ? Tss2_RC_Decode(rc) : "the TPM does not answer");
    if (!tpm2_refused(rc))
        log_debug("tpm", "%s", Tss2_RC_Decode(rc));
    return ERROR_TPM;
}

void tpm2_flush(struct tpm2 *t, ESYS_TR handle)
{
    if (handle != ESYS_TR_NONE)
        (void)Esys_FlushContext(t->esys, handle);
}

static struct tpm2 *of(struct backend *b)
{
    return b->own;
}

static enum error_code esys_start(struct tpm2 *t, const char *path)
{
    t->link = tpm2_link_open(path);
    if (!t->link) {
        log_error("tpm", "%s: %s", path, strerror(errno));
        return ERROR_TPM;
    }
    TSS2_RC rc = Esys_Initialize(&t->esys, t->link, NULL);
    return rc ? tpm2_failed("the library", rc) : tpm2_storage_make(t);
}

static void start(struct backend *b, const struct backend_options *how)
{
    struct tpm2 *t = calloc(1, sizeof *t);
    b->own = t;
    if (!t)
        return;
    (void)setenv("TSS2_LOG", "all+none", 0); /* what it would say is said here, once and with its object in front */
    t->storage = ESYS_TR_NONE;
    t->counter_auth = secret_new();
    t->failed = t->counter_auth ? esys_start(t, how->tpm) : ERROR_NO_MEMORY;
    if (!t->failed)
        t->failed = tpm2_policy_read(t, how->policy);
}

static void stop(struct backend *b)
{
    struct tpm2 *t = of(b);
    if (!t)
        return;
    if (t->esys) {
        tpm2_flush(t, t->storage);
        Esys_Finalize(&t->esys);
    }
    if (t->link)
        Tss2_Tcti_Finalize(t->link);
    free(t->link);
    secret_free(t->counter_auth);
    free(t);
    b->own = NULL;
}

static enum error_code ready(const struct backend *b)
{
    const struct tpm2 *t = b->own;
    return t ? t->failed : ERROR_NO_MEMORY;
}

/* --- the key file: u16 format, and octets for each part --- */

static bool file_put(struct writer *w, const struct tpm2_file *f)
{
    uint8_t octets[sizeof(TPM2B_PUBLIC) + sizeof(TPM2B_PRIVATE)];
    size_t len = 0;
    writer_u16(w, FORMAT);
    fields_put(w, f->storage.name, f->storage.size);
    bool ok = Tss2_MU_TPM2B_PUBLIC_Marshal(&f->authority, octets, sizeof octets, &len) == 0;
    fields_put(w, octets, len);
    len = 0;
    ok = ok && Tss2_MU_TPM2B_PUBLIC_Marshal(&f->public, octets, sizeof octets, &len) == 0;
    fields_put(w, octets, len);
    len = 0;
    ok = ok && Tss2_MU_TPM2B_PRIVATE_Marshal(&f->private, octets, sizeof octets, &len) == 0;
    fields_put(w, octets, len);
    return ok && !w->failed;
}

static bool public_take(struct slice octets, TPM2B_PUBLIC *out)
{
    size_t at = 0;
    *out = (TPM2B_PUBLIC){ .size = 0 };
    return Tss2_MU_TPM2B_PUBLIC_Unmarshal(octets.data, octets.len, &at, out) == 0 && at == octets.len;
}

static bool file_take(struct slice octets, struct tpm2_file *f)
{
    struct reader r = reader_make(octets.data, octets.len);
    size_t at = 0;
    *f = (struct tpm2_file){ .storage = { .size = 0 } };
    uint16_t format = reader_u16(&r);
    struct slice name = fields_take(&r), authority = fields_take(&r), public = fields_take(&r), private = fields_take(&r);
    if (!reader_done(&r) || format != FORMAT || name.len > sizeof f->storage.name)
        return false;
    f->storage.size = (UINT16)name.len;
    memcpy(f->storage.name, name.data, name.len);
    return public_take(authority, &f->authority) && public_take(public, &f->public) &&
           Tss2_MU_TPM2B_PRIVATE_Unmarshal(private.data, private.len, &at, &f->private) == 0 && at == private.len;
}

static enum error_code file_load(struct tpm2 *t, const struct vfs *v)
{
    uint8_t octets[FILE_MAX];
    size_t len = 0;
    int fd = v->open(v->ctx, KEY_FILE, VFS_READ);
    if (fd < 0)
        return errno == ENOENT ? ERROR_NOT_FOUND : ERROR_STORAGE;
    for (ssize_t n; len < sizeof octets && (n = v->read(v->ctx, fd, &octets[len], sizeof octets - len)) > 0;)
        len += (size_t)n;
    v->close(v->ctx, fd);
    if (file_take((struct slice){ octets, len }, &t->file))
        return ERROR_NONE;
    log_error("tpm", KEY_FILE " is damaged");
    return ERROR_STORAGE;
}

static enum error_code file_save(const struct tpm2 *t, const struct vfs *v)
{
    uint8_t octets[FILE_MAX];
    struct writer w = writer_make(octets, sizeof octets);
    if (!file_put(&w, &t->file))
        return ERROR_INTERNAL;
    int fd = v->open(v->ctx, KEY_TMP, VFS_CREATE);
    bool ok = fd >= 0 && v->write(v->ctx, fd, w.data, w.len) == (ssize_t)w.len && v->fsync(v->ctx, fd) == 0;
    if (fd >= 0)
        ok = v->close(v->ctx, fd) == 0 && ok;
    ok = ok && v->rename(v->ctx, KEY_TMP, KEY_FILE) == 0 && v->fsync_dir(v->ctx) == 0;
    return ok ? ERROR_NONE : ERROR_STORAGE;
}

/* --- the table --- */

static enum error_code counter_auth_make(struct tpm2 *t, struct slice key)
{
    uint8_t mac[TPM2_HASH];
    unsigned len = 0;
    bool ok = HMAC(EVP_sha256(), key.data, (int)key.len, (const uint8_t *)counter_label, sizeof counter_label - 1, mac, &len) && len == sizeof mac &&
              secret_set(t->counter_auth, mac, sizeof mac);
    secret_zero(mac, sizeof mac);
    return ok ? ERROR_NONE : ERROR_INTERNAL;
}

static enum error_code key_load(struct backend *b, const struct vfs *v, struct secret *key)
{
    struct tpm2 *t = of(b);
    enum error_code rc = ready(b);
    if (!rc)
        rc = file_load(t, v);
    if (rc)
        return rc;
    if (!slice_equal((struct slice){ t->file.storage.name, t->file.storage.size }, (struct slice){ t->storage_name.name, t->storage_name.size }))
        return ERROR_OTHER_TPM;
    rc = tpm2_unseal(t, key);
    if (!rc && key->len != BACKEND_KEY)
        rc = ERROR_STORAGE;
    return rc ? rc : counter_auth_make(t, secret_slice(key));
}

static enum error_code key_make(struct backend *b, const struct vfs *v, struct slice authority)
{
    struct tpm2 *t = of(b);
    uint8_t key[BACKEND_KEY];
    enum error_code rc = ready(b);
    if (rc)
        return rc;
    t->file = (struct tpm2_file){ .storage = t->storage_name };
    if (!tpm2_public_of(authority, &t->file.authority))
        return ERROR_INVALID;
    if (RAND_bytes(key, sizeof key) != 1)
        return ERROR_INTERNAL;
    rc = tpm2_seal(t, (struct slice){ key, sizeof key });
    if (!rc)
        rc = counter_auth_make(t, (struct slice){ key, sizeof key });
    secret_zero(key, sizeof key);
    if (!rc)
        rc = tpm2_counter_make(t);
    return rc ? rc : file_save(t, v);
}

static enum error_code signer_make(struct backend *b, struct writer *signer, struct writer *spki)
{
    enum error_code rc = ready(b);
    return rc ? rc : tpm2_signer_make(of(b), signer, spki);
}

static enum error_code sign(struct backend *b, struct slice signer, struct slice octets, uint8_t raw[BACKEND_SIGNATURE])
{
    enum error_code rc = ready(b);
    return rc ? rc : tpm2_sign(of(b), signer, octets, raw);
}

static enum error_code counter_read(struct backend *b, uint64_t *value)
{
    enum error_code rc = ready(b);
    return rc ? rc : tpm2_counter_read(of(b), value);
}

static enum error_code counter_step(struct backend *b)
{
    enum error_code rc = ready(b);
    return rc ? rc : tpm2_counter_step(of(b));
}

static enum error_code platform(struct backend *b, struct backend_platform *out)
{
    const struct tpm2 *t = of(b);
    enum error_code rc = ready(b);
    if (rc || !t->fits)
        return rc ? rc : ERROR_NOT_FOUND;
    (void)text_copy(out->name, sizeof out->name, t->fits->name);
    return tpm2_thumbprint(&t->file.authority, out->authority) ? ERROR_NONE : ERROR_INTERNAL;
}

static enum error_code quote(struct backend *b, struct slice signer, const uint8_t challenge[BACKEND_CHALLENGE], struct backend_quote *out)
{
    enum error_code rc = ready(b);
    return rc ? rc : tpm2_quote(of(b), signer, challenge, out);
}

const struct backend_table backend_tpm2 = {
    .name = "tpm2",
    .number = TRE_BACKEND_TPM2,
    .start = start,
    .stop = stop,
    .key_load = key_load,
    .key_make = key_make,
    .signer_make = signer_make,
    .sign = sign,
    .counter_read = counter_read,
    .counter_step = counter_step,
    .platform = platform,
    .quote = quote,
};
