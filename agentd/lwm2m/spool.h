/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is on its way to the gateway: written from its beginning to its end, on a disk and not in memory, with its SHA-256. */
#ifndef LWM2M_SPOOL_H
#define LWM2M_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"

enum { SPOOL_PATH = 256, SPOOL_DIGEST = 32, SPOOL_HEX = 2 * SPOOL_DIGEST + 1 };

struct spool {
    char path[SPOOL_PATH];
    int fd;             /* -1: closed */
    uint64_t size;      /* octets so far */
    void *hash;         /* running */
    char digest[SPOOL_HEX]; /* of the whole file; "": not whole */
};

/* The file folder/name; nothing is opened. False: the path is too long. */
bool spool_place(struct spool *s, const char *folder, const char *name);
/* An empty file instead of what was there. expected: octets that will come, 0 unknown. NO_SPACE (they do not fit beside a reserve of 1 MiB), IO. */
enum error_code spool_begin(struct spool *s, uint64_t expected);
enum error_code spool_add(struct spool *s, struct slice octets); /* NO_SPACE, IO */
enum error_code spool_end(struct spool *s); /* on the disk, digest known */
/* A file of an earlier run is taken over if it still has that size and digest. */
bool spool_resume(struct spool *s, uint64_t size, const char *digest);
int spool_open(const struct spool *s); /* the whole file to read, from its beginning; the caller closes it; -1: not there */
void spool_drop(struct spool *s); /* the file is gone */
void spool_close(struct spool *s); /* the file stays */

#endif
