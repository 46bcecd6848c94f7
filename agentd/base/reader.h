/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded input: the only way in which octets from outside are read. Reading past the end sets `failed` once and for all, leaves nothing to read and
 * gives zeros, so that a parser may check at the end of a field group. */
#ifndef BASE_READER_H
#define BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice { /* borrowed octets */
    const uint8_t *data;
    size_t len;
};

struct reader {
    struct slice in; /* once failed, it ends at pos */
    size_t pos;
    bool failed;
};

static inline struct reader reader_make(const void *data, size_t len)
{
    return (struct reader){ .in = { data, len } };
}

static inline size_t reader_left(const struct reader *r) /* 0 once failed */
{
    return r->in.len - r->pos;
}

static inline bool reader_done(const struct reader *r) /* nothing left and never failed */
{
    return !r->failed && r->pos == r->in.len;
}

static inline uint8_t reader_peek(const struct reader *r) /* next octet without taking it; 0 at the end */
{
    return reader_left(r) ? r->in.data[r->pos] : 0;
}

/* The next n octets without taking them, for who looks at several at once; NULL if fewer are left. */
static inline const uint8_t *reader_ahead(const struct reader *r, size_t n)
{
    return reader_left(r) >= n ? &r->in.data[r->pos] : NULL;
}

static inline void reader_fail(struct reader *r)
{
    r->failed = true;
    r->in.len = r->pos;
}

static inline uint8_t reader_u8(struct reader *r)
{
    if (reader_left(r))
        return r->in.data[r->pos++];
    reader_fail(r);
    return 0;
}

uint16_t reader_u16(struct reader *r); /* big endian, like the next two */
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
/* Base-128 integer, big endian, top bit continues (WSP uintvar, WBXML mb_u_int32): at most 5 octets and 0xFFFFFFFF, else failed. */
uint32_t reader_uintvar_long(struct reader *r);

static inline uint32_t reader_uintvar(struct reader *r) /* the same: most have one octet */
{
    return reader_peek(r) & 0x80 ? reader_uintvar_long(r) : reader_u8(r);
}

struct slice reader_take(struct reader *r, size_t len); /* empty slice on failure */
/* Octets up to a NUL, which is consumed and left out; failed if there is none. */
struct slice reader_text(struct reader *r);

static inline struct reader reader_sub(struct reader *r, size_t len) /* a reader over the next len octets, which are taken */
{
    struct slice s = reader_take(r, len);
    return (struct reader){ .in = s, .failed = r->failed };
}

bool slice_equal(struct slice a, struct slice b);

static inline bool slice_is(struct slice a, const char *text) /* the octets of text without its NUL; of a literal, no call */
{
    size_t len = strlen(text);
    return a.len == len && (len == 0 || memcmp(a.data, text, len) == 0);
}

#endif
