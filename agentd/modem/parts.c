/* SPDX-License-Identifier: Apache-2.0 */
/* A table of open messages; a part is copied once, the whole is laid out once. Owns that memory, nothing else. */
#include "modem/parts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum { OPEN_MAX = 16, PART_MAX = 140, SENDER_MAX = 12, AGE_MS = 10 * 60 * 1000 };

struct open {
    bool used;
    uint8_t sender[SENDER_MAX];
    size_t sender_len;
    bool wide;
    uint16_t ref;
    uint8_t total;
    unsigned have;
    uint64_t touched;
    uint8_t length[256]; /* of part n, 0xff: not there */
    uint8_t (*part)[PART_MAX]; /* total of them */
};

struct parts {
    struct open open[OPEN_MAX];
    uint8_t *whole; /* what the last call gave out */
};

struct parts *parts_new(void)
{
    return calloc(1, sizeof(struct parts));
}

static void open_clear(struct open *o)
{
    free(o->part);
    memset(o, 0, sizeof *o);
}

void parts_reset(struct parts *p)
{
    for (size_t i = 0; i < OPEN_MAX; i++)
        open_clear(&p->open[i]);
    free(p->whole);
    p->whole = NULL;
}

void parts_free(struct parts *p)
{
    if (!p)
        return;
    parts_reset(p);
    free(p);
}

static bool is_same(const struct open *o, const struct sms_deliver *s)
{
    return o->used && o->ref == s->ref && o->wide == s->wide_ref && o->total == s->total &&
           slice_equal((struct slice){ o->sender, o->sender_len }, s->sender);
}

static void age(struct parts *p, uint64_t now_ms)
{
    for (size_t i = 0; i < OPEN_MAX; i++)
        if (p->open[i].used && now_ms - p->open[i].touched > AGE_MS) {
            log_warning("sms", "%u of %u parts came within ten minutes; dropped here, they stay in the modem", p->open[i].have,
                        (unsigned)p->open[i].total);
            open_clear(&p->open[i]);
        }
}

/* The open message of that part, or a new one: a free slot, else the oldest. NULL without memory. */
static struct open *open_of(struct parts *p, const struct sms_deliver *s)
{
    struct open *oldest = &p->open[0];
    for (size_t i = 0; i < OPEN_MAX; i++) {
        if (is_same(&p->open[i], s))
            return &p->open[i];
        if (oldest->used && (!p->open[i].used || p->open[i].touched < oldest->touched))
            oldest = &p->open[i];
    }
    open_clear(oldest);
    oldest->part = calloc(s->total, PART_MAX);
    if (!oldest->part)
        return NULL;
    oldest->used = true;
    oldest->sender_len = s->sender.len;
    memcpy(oldest->sender, s->sender.data, s->sender.len);
    oldest->wide = s->wide_ref;
    oldest->ref = s->ref;
    oldest->total = s->total;
    memset(oldest->length, 0xff, sizeof oldest->length);
    return oldest;
}

static bool lay_out(struct parts *p, struct open *o, struct slice *out)
{
    size_t len = 0;
    free(p->whole);
    p->whole = malloc((size_t)o->total * PART_MAX);
    for (size_t i = 0; p->whole && i < o->total; i++) {
        memcpy(&p->whole[len], o->part[i], o->length[i]);
        len += o->length[i];
    }
    open_clear(o);
    *out = (struct slice){ p->whole, len };
    return p->whole != NULL;
}

bool parts_add(struct parts *p, const struct sms_deliver *s, uint64_t now_ms, struct slice *out)
{
    age(p, now_ms);
    if (!s->concatenated || s->total <= 1) {
        *out = s->data;
        return true;
    }
    if (s->seq == 0 || s->seq > s->total || s->data.len > PART_MAX || s->sender.len > SENDER_MAX)
        return false;
    struct open *o = open_of(p, s);
    if (!o)
        return false;
    o->touched = now_ms;
    size_t at = (size_t)s->seq - 1;
    if (o->length[at] != 0xff)
        return false; /* that part came before */
    memcpy(o->part[at], s->data.data, s->data.len);
    o->length[at] = (uint8_t)s->data.len;
    return ++o->have == o->total && lay_out(p, o, out);
}
