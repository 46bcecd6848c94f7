/* SPDX-License-Identifier: Apache-2.0 */
/* Two texts out of a document: only those that are children of the root count, whatever prefix the name has. Memory is on the stack. */
#include "codec/gba_info.h"

#include <stdalign.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "codec/xml_read.h"

enum { ARENA = 96 * 1024, LIFETIME_MAX = 40 };

enum field { FIELD_NONE, FIELD_BTID, FIELD_LIFETIME };

struct build {
    unsigned depth;
    enum field field; /* being read, at depth 2 */
    bool seen[3];
    char lifetime[LIFETIME_MAX + 1];
    struct gba_info *out;
};

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

static enum error_code on_start(void *user, const char *name, const char *const *attributes, size_t offset, struct error *err)
{
    struct build *b = user;
    (void)attributes;
    (void)offset;
    b->depth++;
    if (b->depth == 1 && strcmp(local_name(name), "BootstrappingInfo") != 0)
        return error_set(err, ERROR_MALFORMED, "the document is %.40s, not BootstrappingInfo", name);
    if (b->depth == 3 && b->field != FIELD_NONE)
        return error_set(err, ERROR_MALFORMED, "an element inside of B-TID or lifetime");
    if (b->depth != 2)
        return ERROR_NONE;
    b->field = strcmp(local_name(name), "btid") == 0 ? FIELD_BTID : strcmp(local_name(name), "lifetime") == 0 ? FIELD_LIFETIME : FIELD_NONE;
    if (b->field != FIELD_NONE && b->seen[b->field])
        return error_set(err, ERROR_MALFORMED, "%.20s twice", name);
    b->seen[b->field] = true;
    return ERROR_NONE;
}

static enum error_code on_end(void *user, struct error *err)
{
    struct build *b = user;
    (void)err;
    if (b->depth-- == 2)
        b->field = FIELD_NONE;
    return ERROR_NONE;
}

/* Text comes in pieces. */
static enum error_code append(char *text, size_t max, struct slice piece, struct error *err)
{
    size_t len = strlen(text);
    if (piece.len > max - len)
        return error_set(err, ERROR_TOO_LARGE, "B-TID or lifetime is too long");
    for (size_t i = 0; i < piece.len; i++)
        if (piece.data[i] <= 0x20 || piece.data[i] > 0x7e)
            return error_set(err, ERROR_MALFORMED, "B-TID or lifetime has a character that it must not have");
    memcpy(&text[len], piece.data, piece.len);
    text[len + piece.len] = '\0';
    return ERROR_NONE;
}

static enum error_code on_text(void *user, struct slice text, struct error *err)
{
    struct build *b = user;
    if (b->depth != 2 || text_is_blank(text))
        return ERROR_NONE;
    switch (b->field) {
    case FIELD_BTID:
        return append(b->out->btid, GBA_INFO_BTID, text, err);
    case FIELD_LIFETIME:
        return append(b->lifetime, LIFETIME_MAX, text, err);
    case FIELD_NONE:
        break;
    }
    return ERROR_NONE;
}

/* xs:dateTime in UTC; a fraction of a second is cut. */
static bool take_lifetime(char *text, int64_t *ends)
{
    char *dot = strchr(text, '.');
    if (dot) {
        size_t digits = strspn(&dot[1], "0123456789");
        if (digits == 0 || strcmp(&dot[1 + digits], "Z") != 0)
            return false;
        (void)memcpy(dot, "Z", 2);
    }
    return text_time((struct slice){ (const uint8_t *)text, strlen(text) }, ends);
}

static enum error_code finish(struct build *b, struct error *err)
{
    const char *at = strchr(b->out->btid, '@');
    if (!b->out->btid[0] || !b->lifetime[0])
        return error_set(err, ERROR_INCOMPLETE, "the answer has no %s", b->out->btid[0] ? "lifetime" : "B-TID");
    if (!at || at == b->out->btid || !at[1] || strchr(&at[1], '@')) /* TS 33.220 clause 4.5.2: an NAI */
        return error_set(err, ERROR_MALFORMED, "the B-TID is no NAI");
    if (!take_lifetime(b->lifetime, &b->out->ends))
        return error_set(err, ERROR_MALFORMED, "the lifetime is no time in UTC");
    return ERROR_NONE;
}

enum error_code gba_info_read(struct slice doc, struct gba_info *out, struct error *err)
{
    static const struct xml_events events = { on_start, on_end, on_text };
    alignas(max_align_t) unsigned char memory[ARENA];
    struct arena arena = arena_make(memory, sizeof memory);
    struct build b = { .out = out };
    *out = (struct gba_info){ .ends = 0 };
    if (doc.len > GBA_INFO_OCTETS)
        return error_set(err, ERROR_TOO_LARGE, "the BSF's answer has %zu octets, allowed are %d", doc.len, GBA_INFO_OCTETS);
    enum error_code rc = xml_read(doc, &arena, &events, &b, err);
    if (!rc)
        rc = finish(&b, err);
    if (!rc)
        return ERROR_NONE;
    struct error inner = err ? *err : (struct error){ .code = rc };
    *out = (struct gba_info){ .ends = 0 };
    return error_set(err, rc, "BootstrappingInfo of the BSF: %.150s", inner.text);
}
