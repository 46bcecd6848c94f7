/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR (RFC 8949) as far as evidence needs it: definite lengths, shortest forms, over the bounded reader and writer. The caller writes
 * map keys in the order of section 4.2.1. */
#ifndef CODEC_CBOR_H
#define CODEC_CBOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reader.h"
#include "base/writer.h"

enum cbor_major { CBOR_UINT = 0, CBOR_NINT = 1, CBOR_BYTES = 2, CBOR_TEXT = 3, CBOR_ARRAY = 4, CBOR_MAP = 5, CBOR_TAG = 6, CBOR_SIMPLE = 7 };

void cbor_put_long_head(struct writer *w, enum cbor_major major, uint64_t v); /* of 24 and more */
/* The head alone, in its shortest form; what it announces follows by the caller. */
static inline void cbor_put_head(struct writer *w, enum cbor_major major, uint64_t v)
{
    if (v < 24)
        writer_u8(w, (uint8_t)((unsigned)major << 5 | v));
    else
        cbor_put_long_head(w, major, v);
}

/* A text of less than 24 octets, whose length is known when it is written: what is put between the two. */
static inline size_t cbor_open_short_text(struct writer *w)
{
    size_t at = w->len;
    cbor_put_head(w, CBOR_TEXT, 0);
    return at;
}

static inline void cbor_close_short_text(struct writer *w, size_t at)
{
    writer_change_u8(w, at, (uint8_t)(CBOR_TEXT << 5 | (w->len - at - 1)));
}

void cbor_put_uint(struct writer *w, uint64_t v);
void cbor_put_int(struct writer *w, int64_t v);
void cbor_put_bytes(struct writer *w, const void *data, size_t len);
void cbor_put_text(struct writer *w, const char *text); /* UTF-8, without NUL */
void cbor_put_string(struct writer *w, struct slice utf8); /* the same from octets */
void cbor_put_array(struct writer *w, uint64_t items);
void cbor_put_map(struct writer *w, uint64_t pairs);
void cbor_put_tag(struct writer *w, uint64_t tag);

struct cbor_item {
    enum cbor_major major;
    uint64_t value;    /* number (NINT: -1 - value), count of items or pairs, tag, or simple value */
    struct slice data; /* BYTES and TEXT */
};

/* The head of the next item, and the octets of a string; what an array, map or tag contains comes by the next calls. Fails the reader for
 * indefinite lengths, longer forms than needed, floats, and what does not fit. */
struct cbor_item cbor_take(struct reader *r);
/* Passes over one whole item; at most `depth` containers deep, else the reader fails. */
void cbor_skip(struct reader *r, unsigned depth);

#endif
