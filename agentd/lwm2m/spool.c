/* SPDX-License-Identifier: Apache-2.0 */
/* Owns one descriptor and one running hash. What is there under the name was written by this program, in a folder that nobody else can write to. */
#include "lwm2m/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

enum { RESERVE = 1024 * 1024, CHUNK = 16384 };

static enum error_code from_errno(const struct spool *s)
{
    log_warning("spool", "%s: %s", s->path, strerror(errno));
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? ERROR_NO_SPACE : ERROR_IO;
}

bool spool_place(struct spool *s, const char *folder, const char *name)
{
    *s = (struct spool){ .fd = -1 };
    int n = snprintf(s->path, sizeof s->path, "%s/%s", folder, name);
    return n > 0 && (size_t)n < sizeof s->path;
}

void spool_close(struct spool *s)
{
    if (s->fd >= 0)
        close(s->fd);
    EVP_MD_CTX_free(s->hash);
    s->fd = -1;
    s->hash = NULL;
}

void spool_drop(struct spool *s)
{
    spool_close(s);
    (void)unlink(s->path);
    s->size = 0;
    s->digest[0] = '\0';
}

static bool hash_begin(struct spool *s)
{
    s->hash = EVP_MD_CTX_new();
    return s->hash && EVP_DigestInit_ex(s->hash, EVP_sha256(), NULL) == 1;
}

static bool hash_end(struct spool *s, char out[SPOOL_HEX])
{
    uint8_t digest[SPOOL_DIGEST];
    if (EVP_DigestFinal_ex(s->hash, digest, NULL) != 1)
        return false;
    text_hex(digest, sizeof digest, out);
    out[SPOOL_HEX - 1] = '\0';
    return true;
}

static bool has_room(const struct spool *s, uint64_t octets)
{
    struct statvfs v;
    if (fstatvfs(s->fd, &v) != 0)
        return true; /* the first write that does not fit will tell */
    uint64_t left = (uint64_t)v.f_bavail * v.f_frsize;
    return left > RESERVE && left - RESERVE > octets;
}

enum error_code spool_begin(struct spool *s, uint64_t expected)
{
    spool_drop(s);
    s->fd = open(s->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (s->fd < 0)
        return from_errno(s);
    if (has_room(s, expected) && hash_begin(s))
        return ERROR_NONE;
    spool_drop(s);
    return ERROR_NO_SPACE;
}

enum error_code spool_add(struct spool *s, struct slice octets)
{
    for (size_t done = 0; done < octets.len;) {
        ssize_t n = write(s->fd, &octets.data[done], octets.len - done);
        if (n < 0)
            return from_errno(s);
        done += (size_t)n;
    }
    s->size += octets.len;
    return !octets.len || EVP_DigestUpdate(s->hash, octets.data, octets.len) == 1 ? ERROR_NONE : ERROR_IO;
}

enum error_code spool_end(struct spool *s)
{
    if (fsync(s->fd) != 0 || !hash_end(s, s->digest))
        return from_errno(s);
    log_info("spool", "%s: %llu octets, SHA-256 %s", s->path, (unsigned long long)s->size, s->digest);
    spool_close(s);
    return ERROR_NONE;
}

int spool_open(const struct spool *s)
{
    return open(s->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

bool spool_resume(struct spool *s, uint64_t size, const char *digest)
{
    uint8_t chunk[CHUNK];
    char found[SPOOL_HEX] = "";
    uint64_t octets = 0;
    s->fd = spool_open(s);
    bool good = s->fd >= 0 && hash_begin(s);
    for (ssize_t n = 1; good && n > 0;) {
        n = read(s->fd, chunk, sizeof chunk);
        octets += n > 0 ? (uint64_t)n : 0;
        good = n >= 0 && (n == 0 || EVP_DigestUpdate(s->hash, chunk, (size_t)n) == 1);
    }
    good = good && hash_end(s, found) && octets == size && strcmp(found, digest) == 0;
    spool_close(s);
    s->size = good ? size : 0;
    (void)text_copy(s->digest, sizeof s->digest, good ? digest : "");
    return good;
}
