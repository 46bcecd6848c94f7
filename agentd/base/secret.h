/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets: bounded, in memory that is locked where the system allows it, left out of core files, zeroed at the end. Never logged. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"

enum { SECRET_MAX = 256 };

struct secret {
    uint8_t data[SECRET_MAX];
    size_t len;
};

/* Zeroed pages of their own for a larger value that holds secrets: locked as far as the limit allows, left out of core files. What is never touched costs no memory,
 * so what is used of a large value should lie close together. NULL without memory. */
void *secret_pages_new(size_t len);
void secret_pages_free(void *pages, size_t len); /* zeroes; NULL is fine */
/* Heap secrets: own pages, locked, MADV_DONTDUMP. NULL without memory. secret_free(NULL) is fine. */
struct secret *secret_new(void);
void secret_free(struct secret *s);
/* False, and an empty secret, if len exceeds SECRET_MAX. */
bool secret_set(struct secret *s, const void *data, size_t len);
void secret_wipe(struct secret *s);
struct slice secret_slice(const struct secret *s);
/* Zeroes len octets; never optimised away. */
void secret_zero(void *data, size_t len);
/* Zeroes the 32 KiB of stack below the caller: what calls that have returned left there, spilled registers among it. Whole pages go back to the system where they are
 * not locked. */
void secret_stack_wipe(void);
/* Equal length and octets, in time that depends on the lengths only. */
bool secret_equal(struct slice a, struct slice b);

#endif
