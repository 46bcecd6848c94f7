/* SPDX-License-Identifier: Apache-2.0 */
/* The field words `text` and `octets` of our packets and records: u16 length, big endian, and that many octets. */
#ifndef MODEL_FIELDS_H
#define MODEL_FIELDS_H

#include <string.h>

#include "base/reader.h"
#include "base/writer.h"

/* The next octets field; empty and the reader failed if it does not fit. */
static inline struct slice fields_take(struct reader *r)
{
    size_t len = reader_u16(r);
    return reader_take(r, len);
}

/* The next text field as C string of cap octets; longer ones, and those with a NUL inside, fail the reader. */
static inline void fields_take_text(struct reader *r, char *out, size_t cap)
{
    struct slice s = fields_take(r);
    out[0] = '\0';
    if (s.len >= cap || (s.len && memchr(s.data, 0, s.len))) {
        reader_fail(r);
        return;
    }
    if (s.len)
        memcpy(out, s.data, s.len);
    out[s.len] = '\0';
}

/* Fields over 65535 octets fail the writer. */
static inline void fields_put(struct writer *w, const void *data, size_t len)
{
    if (len > 0xffff) {
        w->failed = true;
        return;
    }
    writer_u16(w, (uint16_t)len);
    writer_put(w, data, len);
}

static inline void fields_put_text(struct writer *w, const char *text)
{
    fields_put(w, text, strlen(text));
}

#endif
