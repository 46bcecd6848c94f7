/* SPDX-License-Identifier: Apache-2.0 */
/* The record store. Promises: what a write that succeeded has stored is found after any power cut; an octet changed on disk makes
 * its slot invalid, never a wrong value. Must never write plain text to disk. */
#include "tred/store.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/writer.h"

enum { HEADER = 20, FORMAT = 1, LABEL_MAX = 96, SLOTS = 2, FILE_MAX = HEADER + STORE_RECORD_MAX + SEAL_OVERHEAD };

static const uint8_t magic[4] = { 'G', 'A', 'T', 'R' };

struct slot_name {
    char text[STORE_NAME_MAX + 8];
};

static struct slot_name slot_name(const char *name, size_t slot)
{
    struct slot_name n;
    (void)snprintf(n.text, sizeof n.text, "%.*s.%c", STORE_NAME_MAX, name, slot ? 'b' : 'a');
    return n;
}

static struct slot_name temp_name(const char *name)
{
    struct slot_name n;
    (void)snprintf(n.text, sizeof n.text, "%.*s.tmp", STORE_NAME_MAX, name);
    return n;
}

/* Up to cap octets of a file; (size_t)-1 if it cannot be read, with errno. */
static size_t file_read(const struct vfs *v, const char *file, uint8_t *buf, size_t cap)
{
    int fd = v->open(v->ctx, file, VFS_READ);
    if (fd < 0)
        return (size_t)-1;
    size_t len = 0;
    ssize_t n = 1;
    while (len < cap && (n = v->read(v->ctx, fd, &buf[len], cap - len)) > 0)
        len += (size_t)n;
    v->close(v->ctx, fd);
    return n < 0 ? (size_t)-1 : len;
}

/* Counter in the header of a slot, not yet proved; 0 if there is none. */
static uint64_t header_counter(struct slice file, size_t *rest)
{
    struct reader r = reader_make(file.data, file.len);
    struct slice m = reader_take(&r, sizeof magic);
    bool known = slice_equal(m, (struct slice){ magic, sizeof magic }) && reader_u16(&r) == FORMAT && reader_u16(&r) == 0;
    uint64_t counter = reader_u64(&r);
    *rest = reader_u32(&r);
    return known && !r.failed ? counter : 0;
}

static uint64_t slot_counter(const struct store *s, const char *name, size_t slot)
{
    uint8_t header[HEADER];
    size_t rest, len = file_read(s->vfs, slot_name(name, slot).text, header, sizeof header);
    return len == HEADER ? header_counter((struct slice){ header, len }, &rest) : 0;
}

static struct slice associated(const char *label, const uint8_t *header, uint8_t *out, size_t cap)
{
    struct writer w = writer_make(out, cap);
    writer_text(&w, label);
    writer_u8(&w, 0);
    writer_put(&w, header, HEADER);
    return writer_slice(&w);
}

static enum error_code from_errno(void)
{
    return errno == ENOSPC || errno == EDQUOT ? ERROR_NO_SPACE : ERROR_STORAGE;
}

static bool write_all(const struct vfs *v, int fd, const uint8_t *data, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = v->write(v->ctx, fd, &data[done], len - done);
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

/* tmp -> fsync -> rename -> fsync of the directory. */
static enum error_code file_replace(const struct vfs *v, const char *tmp, const char *file, struct slice data)
{
    int fd = v->open(v->ctx, tmp, VFS_CREATE);
    if (fd < 0)
        return from_errno();
    bool ok = write_all(v, fd, data.data, data.len) && v->fsync(v->ctx, fd) == 0;
    enum error_code rc = ok ? ERROR_NONE : from_errno();
    if (v->close(v->ctx, fd) != 0 && !rc)
        rc = from_errno();
    if (!rc && v->rename(v->ctx, tmp, file) != 0)
        rc = from_errno();
    if (rc) {
        (void)v->unlink(v->ctx, tmp);
        return rc;
    }
    return v->fsync_dir(v->ctx) == 0 ? ERROR_NONE : from_errno();
}

static enum error_code record_build(const struct store *s, const char *label, struct slice plain, uint64_t counter, uint8_t *out)
{
    uint8_t aad[LABEL_MAX + 1 + HEADER];
    struct writer w = writer_make(out, HEADER);
    writer_put(&w, magic, sizeof magic);
    writer_u16(&w, FORMAT);
    writer_u16(&w, 0);
    writer_u64(&w, counter);
    writer_u32(&w, (uint32_t)(plain.len + SEAL_OVERHEAD));
    struct slice a = associated(label, out, aad, sizeof aad);
    return a.len ? seal_octets(s->seal, SEAL_RECORD, a, plain, &out[HEADER]) : ERROR_INTERNAL;
}

enum error_code store_write(const struct store *s, const char *name, const char *label, struct slice plain, uint64_t keep, uint64_t *counter)
{
    if (plain.len > STORE_RECORD_MAX)
        return ERROR_TOO_LARGE;
    uint64_t in[SLOTS] = { slot_counter(s, name, 0), slot_counter(s, name, 1) };
    size_t target = keep ? (in[0] == keep ? 1 : 0) : (in[0] > in[1] ? 1 : 0);
    uint64_t highest = in[0] > in[1] ? in[0] : in[1], floor = anchor_floor(s->anchor, name);
    highest = highest > keep ? highest : keep;
    *counter = (highest > floor ? highest : floor) + 1;
    if (*counter == 0)
        return ERROR_STORAGE; /* only a forged header gets here */
    size_t len = HEADER + SEAL_OVERHEAD + plain.len;
    uint8_t *file = malloc(len);
    if (!file)
        return ERROR_NO_MEMORY;
    enum error_code rc = record_build(s, label, plain, *counter, file);
    if (!rc)
        rc = file_replace(s->vfs, temp_name(name).text, slot_name(name, target).text, (struct slice){ file, len });
    free(file);
    return rc ? rc : anchor_note(s->anchor, s, name, *counter);
}

/* The value of one slot file that was read; DENIED if it is not intact. */
static enum error_code record_open(const struct store *s, const char *label, struct slice file, uint8_t **plain, size_t *len)
{
    uint8_t aad[LABEL_MAX + 1 + HEADER];
    size_t rest;
    if (file.len < HEADER + SEAL_OVERHEAD || !header_counter(file, &rest) || rest != file.len - HEADER)
        return ERROR_DENIED;
    struct slice a = associated(label, file.data, aad, sizeof aad);
    *len = rest - SEAL_OVERHEAD;
    *plain = malloc(*len ? *len : 1);
    if (!*plain)
        return ERROR_NO_MEMORY;
    enum error_code rc = unseal_octets(s->seal, SEAL_RECORD, a, (struct slice){ &file.data[HEADER], rest }, *plain);
    if (rc) {
        free(*plain);
        *plain = NULL;
    }
    return rc;
}

/* Reads one slot into *plain if it is valid and (want, or higher than *counter). */
static enum error_code slot_read(const struct store *s, const char *name, const char *label, size_t slot, uint64_t want, uint8_t *file,
                                 uint8_t **plain, size_t *len, uint64_t *counter)
{
    struct slot_name path = slot_name(name, slot);
    size_t got = file_read(s->vfs, path.text, file, FILE_MAX + 1), rest;
    if (got == (size_t)-1)
        return errno == ENOENT ? ERROR_NOT_FOUND : ERROR_STORAGE;
    uint64_t here = header_counter((struct slice){ file, got }, &rest);
    uint8_t *value = NULL;
    size_t value_len = 0;
    enum error_code rc = record_open(s, label, (struct slice){ file, got }, &value, &value_len);
    if (rc == ERROR_DENIED)
        log_warning("store", "%s is damaged and was left out", path.text);
    if (rc)
        return rc == ERROR_DENIED ? ERROR_STORAGE : rc;
    if (want ? here != want : here <= *counter) {
        store_release(value, value_len);
        return ERROR_NONE;
    }
    store_release(*plain, *len);
    *plain = value;
    *len = value_len;
    *counter = here;
    return ERROR_NONE;
}

/* Both slots into rc, the newest valid (or wanted) one into *plain; false without memory. */
static bool slots_read(const struct store *s, const char *name, const char *label, uint64_t want, uint8_t **plain, size_t *len, uint64_t *counter,
                       enum error_code rc[SLOTS])
{
    *plain = NULL;
    *len = 0;
    *counter = 0;
    uint8_t *file = malloc(FILE_MAX + 1);
    if (!file)
        return false;
    for (size_t i = 0; i < SLOTS; i++)
        rc[i] = slot_read(s, name, label, i, want, file, plain, len, counter);
    free(file);
    return true;
}

/* A slot of which nothing is known, without memory say, may hold a newer value: then none is given. */
static enum error_code unknown(const enum error_code rc[SLOTS], uint8_t **plain, size_t len)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (rc[i] != ERROR_NONE && rc[i] != ERROR_NOT_FOUND && rc[i] != ERROR_STORAGE) {
            store_release(*plain, len);
            *plain = NULL;
            return rc[i];
        }
    return ERROR_NONE;
}

/* Takes a value back that the anchor knows a newer one of. */
static bool too_old(const struct store *s, const char *name, uint8_t **plain, size_t len, uint64_t counter)
{
    if (!*plain || counter >= anchor_floor(s->anchor, name))
        return false;
    log_error("store", "%s: what is on disk is an older copy", name);
    store_release(*plain, len);
    *plain = NULL;
    return true;
}

enum error_code store_read(const struct store *s, const char *name, const char *label, uint64_t want, uint8_t **plain, size_t *len,
                           uint64_t *counter)
{
    enum error_code rc[SLOTS];
    if (!slots_read(s, name, label, want, plain, len, counter, rc))
        return ERROR_NO_MEMORY;
    enum error_code failed = unknown(rc, plain, *len);
    if (failed)
        return failed;
    if (too_old(s, name, plain, *len, *counter))
        return ERROR_ROLLED_BACK;
    if (*plain)
        return ERROR_NONE;
    return rc[0] == ERROR_NOT_FOUND && rc[1] == ERROR_NOT_FOUND ? ERROR_NOT_FOUND : ERROR_STORAGE;
}

enum error_code store_read_whole(const struct store *s, const char *name, const char *label, uint8_t **plain, size_t *len)
{
    enum error_code rc[SLOTS];
    uint64_t counter;
    if (!slots_read(s, name, label, 0, plain, len, &counter, rc))
        return ERROR_NO_MEMORY;
    enum error_code failed = unknown(rc, plain, *len);
    if (failed)
        return failed;
    if (too_old(s, name, plain, *len, counter))
        return ERROR_ROLLED_BACK;
    for (size_t i = 0; i < SLOTS; i++)
        if (rc[i] != ERROR_NONE && (rc[i] != ERROR_NOT_FOUND || (counter > 1 && !anchor_floor(s->anchor, name)))) {
            store_release(*plain, *len);
            *plain = NULL;
            return rc[i] == ERROR_NOT_FOUND ? ERROR_STORAGE : rc[i];
        }
    return *plain ? ERROR_NONE : ERROR_NOT_FOUND;
}

bool store_exists(const struct store *s, const char *name)
{
    for (size_t i = 0; i < SLOTS; i++) {
        int fd = s->vfs->open(s->vfs->ctx, slot_name(name, i).text, VFS_READ);
        if (fd >= 0)
            s->vfs->close(s->vfs->ctx, fd);
        if (fd >= 0 || errno != ENOENT)
            return true;
    }
    return false;
}

void store_release(uint8_t *plain, size_t len)
{
    if (plain)
        secret_zero(plain, len);
    free(plain);
}

/* Zeros over the old octets, on disk, before the name goes. */
static bool file_zero(const struct vfs *v, int in, int out)
{
    static const uint8_t zeros[512];
    uint8_t old[512];
    ssize_t n;
    while ((n = v->read(v->ctx, in, old, sizeof old)) > 0)
        if (!write_all(v, out, zeros, (size_t)n))
            return false;
    return n == 0 && v->fsync(v->ctx, out) == 0;
}

static bool file_erase(const struct vfs *v, const char *file)
{
    int in = v->open(v->ctx, file, VFS_READ);
    if (in < 0)
        return errno == ENOENT;
    int out = v->open(v->ctx, file, VFS_OVERWRITE);
    bool ok = out >= 0 && file_zero(v, in, out);
    if (out >= 0)
        v->close(v->ctx, out);
    v->close(v->ctx, in);
    ok = v->unlink(v->ctx, file) == 0 && ok;
    if (!ok)
        log_error("store", "%s could not be overwritten and removed", file);
    return ok;
}

bool store_erase(const struct store *s, const char *name, uint64_t keep)
{
    bool ok = true;
    for (size_t i = 0; i < SLOTS; i++)
        if (!keep || slot_counter(s, name, i) != keep)
            ok = file_erase(s->vfs, slot_name(name, i).text) && ok;
    ok = file_erase(s->vfs, temp_name(name).text) && ok;
    return s->vfs->fsync_dir(s->vfs->ctx) == 0 && ok;
}
