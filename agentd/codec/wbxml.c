/* SPDX-License-Identifier: Apache-2.0 */
/* WBXML tokens. Two current code pages are kept, one for tags and one for attributes; each starts at 0 (WAP-192 5.8.1, 5.8.4). */
#include "codec/wbxml.h"

#include "base/text.h"

static enum error_code fail(const struct wbxml *w, struct error *err, const char *what)
{
    enum error_code code = w->in.failed ? ERROR_TRUNCATED : ERROR_MALFORMED;
    return error_set(err, code, "WBXML: %s at octet %zu", w->in.failed ? "document ends inside a token" : what, w->in.pos);
}

/* Over the string table from that offset on; failed if it lies outside. */
static struct reader table_at(const struct wbxml *w, uint32_t at)
{
    bool inside = at <= w->strings.len;
    return (struct reader){ .in = w->strings, .pos = inside ? at : w->strings.len, .failed = !inside };
}

enum error_code wbxml_open(struct wbxml *w, struct slice doc, struct error *err)
{
    *w = (struct wbxml){ .in = reader_make(doc.data, doc.len) };
    w->version = reader_u8(&w->in);
    if (!w->in.failed && (w->version < 1 || w->version > 3))
        return error_set(err, ERROR_NOT_SUPPORTED, "WBXML: version octet %02x, known are 1.1 to 1.3", w->version);
    w->public_id = reader_uintvar(&w->in);
    uint32_t public_at = w->public_id == 0 ? reader_uintvar(&w->in) : 0; /* 0: index into the string table */
    w->charset = reader_uintvar(&w->in);
    w->strings = reader_take(&w->in, reader_uintvar(&w->in));
    if (w->in.failed)
        return fail(w, err, "");
    if (w->public_id != 0)
        return ERROR_NONE;
    struct reader entry = table_at(w, public_at);
    w->public_text = reader_text(&entry);
    return entry.failed ? fail(w, err, "public identifier outside the string table") : ERROR_NONE;
}

/* Octets without a row are page switches, LITERAL, PI and the EXT family (7.1). */
#define EVERYWHERE \
    [WBXML_OCTET_END] = WBXML_END, [WBXML_OCTET_ENTITY] = WBXML_ENTITY, [WBXML_OCTET_STR_I] = WBXML_TEXT, [WBXML_OCTET_STR_T] = WBXML_TEXT, \
    [WBXML_OCTET_OPAQUE] = WBXML_OPAQUE
const uint8_t wbxml_content_kinds[256] = {
    EVERYWHERE, [0x05 ... 0x3f] = WBXML_TAG, [0x45 ... 0x7f] = WBXML_TAG, [0x85 ... 0xbf] = WBXML_TAG, [0xc5 ... 0xff] = WBXML_TAG,
};
const uint8_t wbxml_attribute_kinds[256] = {
    EVERYWHERE, [0x05 ... 0x3f] = WBXML_ATTRIBUTE, [0x45 ... 0x7f] = WBXML_ATTRIBUTE, [0x85 ... 0xbf] = WBXML_VALUE, [0xc5 ... 0xff] = WBXML_VALUE,
};

/* What stands behind each octet. Apart, for what one needs of registers is no reason to save them for all. */
#define APART __attribute__((noinline)) static enum error_code

static inline void take_text(struct wbxml *w, struct reader *from)
{
    w->printable = text_take_printable(from, &w->text);
    if (!w->printable)
        w->text = reader_text(from);
}

APART finish_text(struct wbxml *w, struct error *err)
{
    take_text(w, &w->in);
    return w->in.failed ? fail(w, err, "") : ERROR_NONE;
}

APART finish_table_text(struct wbxml *w, struct error *err)
{
    struct reader entry = table_at(w, reader_uintvar(&w->in));
    take_text(w, &entry);
    return w->in.failed || entry.failed ? fail(w, err, "text outside the string table") : ERROR_NONE;
}

APART finish_entity(struct wbxml *w, struct error *err)
{
    w->entity = reader_uintvar(&w->in);
    bool character = w->entity > 0 && w->entity <= 0x10FFFF && !(w->entity >= 0xD800 && w->entity <= 0xDFFF);
    return w->in.failed || !character ? fail(w, err, "entity is no character") : ERROR_NONE;
}

APART finish_opaque(struct wbxml *w, struct error *err)
{
    w->text = reader_take(&w->in, reader_uintvar(&w->in));
    return w->in.failed ? fail(w, err, "") : ERROR_NONE;
}

APART finish_unknown(struct wbxml *w, struct error *err, uint8_t octet)
{
    if (octet == WBXML_OCTET_SWITCH_PAGE)
        reader_fail(&w->in);
    return fail(w, err, "literal, processing instruction or extension token");
}

enum error_code wbxml_finish(struct wbxml *w, uint8_t octet, struct error *err)
{
    if (octet == WBXML_OCTET_STR_I)
        return finish_text(w, err);
    if (octet == WBXML_OCTET_STR_T)
        return finish_table_text(w, err);
    if (octet == WBXML_OCTET_ENTITY)
        return finish_entity(w, err);
    if (octet == WBXML_OCTET_OPAQUE)
        return finish_opaque(w, err);
    return finish_unknown(w, err, octet);
}
