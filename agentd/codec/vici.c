/* SPDX-License-Identifier: Apache-2.0 */
/* Both directions of VICI. Must never hand out a message that it has not walked through. */
#include "codec/vici.h"

#include <string.h>

static void put_name(struct writer *w, struct slice name)
{
    if (name.len > UINT8_MAX)
        w->failed = true;
    writer_u8(w, (uint8_t)name.len);
    writer_put(w, name.data, name.len);
}

static void put_value(struct writer *w, struct slice value)
{
    if (value.len > UINT16_MAX)
        w->failed = true;
    writer_u16(w, (uint16_t)value.len);
    writer_put(w, value.data, value.len);
}

static struct slice text(const char *s)
{
    return (struct slice){ (const uint8_t *)s, strlen(s) };
}

static bool named(enum vici_type type)
{
    return type == VICI_REQUEST || type == VICI_REGISTER || type == VICI_UNREGISTER || type == VICI_EVENT;
}

void vici_begin(struct writer *w, enum vici_type type, const char *name)
{
    writer_u32(w, 0);
    writer_u8(w, (uint8_t)type);
    if (named(type))
        put_name(w, text(name));
}

void vici_section(struct writer *w, struct slice name)
{
    writer_u8(w, VICI_SECTION);
    put_name(w, name);
}

void vici_section_end(struct writer *w)
{
    writer_u8(w, VICI_SECTION_END);
}

void vici_put(struct writer *w, struct slice name, struct slice value)
{
    writer_u8(w, VICI_VALUE);
    put_name(w, name);
    put_value(w, value);
}

void vici_put_text(struct writer *w, const char *name, const char *value)
{
    vici_put(w, text(name), text(value));
}

void vici_list(struct writer *w, const char *name)
{
    writer_u8(w, VICI_LIST);
    put_name(w, text(name));
}

void vici_list_item(struct writer *w, struct slice value)
{
    writer_u8(w, VICI_ITEM);
    put_value(w, value);
}

void vici_list_end(struct writer *w)
{
    writer_u8(w, VICI_LIST_END);
}

void vici_end(struct writer *w)
{
    if (w->failed || w->len < VICI_LENGTH)
        return;
    struct writer head = writer_make(w->data, VICI_LENGTH);
    writer_u32(&head, (uint32_t)(w->len - VICI_LENGTH));
}

static struct slice take_name(struct reader *r)
{
    return reader_take(r, reader_u8(r));
}

bool vici_next(struct reader *r, struct vici_item *out)
{
    *out = (struct vici_item){ .name = { NULL, 0 } };
    if (!reader_left(r))
        return false;
    uint8_t element = reader_u8(r);
    if (element < VICI_SECTION || element > VICI_LIST_END) {
        reader_fail(r);
        return false;
    }
    out->element = (enum vici_element)element;
    if (element == VICI_SECTION || element == VICI_VALUE || element == VICI_LIST)
        out->name = take_name(r);
    if (element == VICI_VALUE || element == VICI_ITEM)
        out->value = reader_take(r, reader_u16(r));
    return !r->failed;
}

/* What may come where: items and the end of a list in a list and nowhere else, ends as deep as beginnings. */
static bool walk(struct slice message)
{
    struct reader r = reader_make(message.data, message.len);
    struct vici_item item;
    unsigned depth = 0;
    bool list = false;
    while (vici_next(&r, &item)) {
        bool of_list = item.element == VICI_ITEM || item.element == VICI_LIST_END;
        if (of_list != list || (item.element == VICI_SECTION_END && depth == 0) || (item.element == VICI_SECTION && depth == VICI_DEPTH))
            return false;
        list = item.element == VICI_LIST || item.element == VICI_ITEM;
        if (item.element == VICI_SECTION)
            depth++;
        else if (item.element == VICI_SECTION_END)
            depth--;
    }
    return reader_done(&r) && depth == 0 && !list;
}

bool vici_read(struct slice octets, struct vici_packet *out)
{
    struct reader r = reader_make(octets.data, octets.len);
    uint8_t type = reader_u8(&r);
    *out = (struct vici_packet){ .type = VICI_UNKNOWN };
    if (type > VICI_EVENT)
        return false;
    struct vici_packet p = { .type = (enum vici_type)type };
    if (named(p.type))
        p.name = take_name(&r);
    p.message = reader_take(&r, reader_left(&r));
    if (!reader_done(&r) || !walk(p.message))
        return false;
    *out = p;
    return true;
}

struct slice vici_value(struct slice message, const char *name)
{
    struct reader r = reader_make(message.data, message.len);
    struct vici_item item;
    unsigned depth = 0;
    while (vici_next(&r, &item)) {
        depth += item.element == VICI_SECTION;
        depth -= item.element == VICI_SECTION_END;
        if (item.element == VICI_VALUE && depth == 0 && slice_is(item.name, name))
            return item.value;
    }
    return (struct slice){ NULL, 0 };
}

bool vici_list_has(struct slice message, const char *list, const char *value)
{
    struct reader r = reader_make(message.data, message.len);
    struct vici_item item;
    unsigned depth = 0;
    bool inside = false;
    while (vici_next(&r, &item)) {
        depth += item.element == VICI_SECTION;
        depth -= item.element == VICI_SECTION_END;
        if (item.element == VICI_LIST)
            inside = depth == 0 && slice_is(item.name, list);
        if (item.element == VICI_ITEM && inside && slice_is(item.value, value))
            return true;
    }
    return false;
}
