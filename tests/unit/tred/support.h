/* SPDX-License-Identifier: Apache-2.0 */
/* For the unit tests of the trusted environment: vectors, and a file system in memory that forgets what was not synced. */
#ifndef TESTS_TRED_SUPPORT_H
#define TESTS_TRED_SUPPORT_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/reader.h"
#include "tred/backend.h"
#include "tred/vfs.h"

#define assert_octets(a, alen, b, blen) g_assert_true((size_t)(alen) == (size_t)(blen) && memcmp(a, b, blen) == 0)

/* $AGENT_VECTORS, or tests/vectors of the source tree; aborts if the file is not there. */
json_t *support_vectors(const char *name);
GBytes *support_file(const char *name);
/* Octets of a hex field; the caller frees data. */
struct slice support_hex(const json_t *object, const char *field);

enum { MEM_FILES = 32, MEM_SIZE = 24 * 1024 };

struct mem_content { /* shared by names */
    uint8_t data[MEM_SIZE];
    size_t len;
    bool synced; /* by fsync of the file */
};

struct mem_name {
    char name[32];
    int content; /* -1: none */
};

struct mem {
    struct mem_content contents[MEM_FILES];
    struct mem_name now[MEM_FILES], disk[MEM_FILES]; /* names as seen, and as on disk */
    int open_content[8];
    size_t open_pos[8];
    int calls;     /* of changing system calls so far */
    int fail_at;   /* this one fails with fail_errno; 0: none */
    int fail_errno;
    bool cut;      /* from fail_at on, every call fails: the power is gone */
    bool dead;
};

/* The table over m, which starts empty if it is zero. */
struct vfs mem_vfs(struct mem *m);
/* What is on disk after the power cut: unsynced content is torn at half, names that were not synced are old (or new, if `lucky`). */
void mem_power_cut(struct mem *m, bool lucky);

struct backend *support_backend(void); /* the software back end */

#endif
