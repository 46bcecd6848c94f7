/* SPDX-License-Identifier: Apache-2.0 */
/* Records as SenML JSON (RFC 8428, Core TS 1.1.1 clause 7.4.5): written straight into the bounded buffer, read by codec/senml. */
#include "lwm2m/format/json_value.h"
#include "lwm2m/format/senml_value.h"

void json_put_string(struct writer *w, struct slice text)
{
    static const char hex[] = "0123456789abcdef";
    writer_u8(w, '"');
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c == '"' || c == '\\') {
            writer_u8(w, '\\');
            writer_u8(w, c);
        } else if (c < 0x20) {
            writer_text(w, "\\u00");
            writer_u8(w, (uint8_t)hex[c >> 4]);
            writer_u8(w, (uint8_t)hex[c & 15]);
        } else {
            writer_u8(w, c);
        }
    }
    writer_u8(w, '"');
}

static void put_label(struct writer *w, const char *label)
{
    writer_u8(w, '"');
    writer_text(w, label);
    writer_text(w, "\":");
}

void json_put_value(struct writer *w, const struct json_labels *labels, const struct value *v)
{
    switch (v->type) {
    case VALUE_NONE:
        break;
    case VALUE_STRING:
    case VALUE_CORELNK:
        put_label(w, labels->string);
        json_put_string(w, v->octets);
        break;
    case VALUE_INTEGER:
    case VALUE_UNSIGNED:
    case VALUE_TIME:
        put_label(w, labels->number);
        integer_put(w, v->integer);
        break;
    case VALUE_FLOAT:
        put_label(w, labels->number);
        real_put(w, v->real);
        break;
    case VALUE_BOOLEAN:
        put_label(w, labels->flag);
        writer_text(w, v->integer ? "true" : "false");
        break;
    case VALUE_OPAQUE:
        put_label(w, labels->opaque);
        writer_u8(w, '"');
        base64_put(w, v->octets, labels->url);
        writer_u8(w, '"');
        break;
    case VALUE_OBJLNK:
        put_label(w, labels->link);
        writer_u8(w, '"');
        objlnk_put(w, v->integer);
        writer_u8(w, '"');
        break;
    }
}

static const struct json_labels senml = { .string = "vs", .number = "v", .flag = "vb", .opaque = "vd", .link = "vlo", .url = true };

/* The base name ends in "/" unless it names the one value. */
static bool put(struct writer *w, const struct path *base, const struct records *records)
{
    writer_u8(w, '[');
    bool first = true;
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->at[i];
        if (record_is_empty(record))
            continue;
        writer_text(w, first ? "{\"bn\":\"" : ",{");
        if (first) {
            path_put(w, base);
            writer_text(w, record->path.depth > base->depth && base->depth > PATH_ROOT ? "/\"," : "\",");
        }
        if (first && records->time) {
            writer_text(w, "\"bt\":");
            integer_put(w, records->time);
            writer_u8(w, ',');
        }
        first = false;
        if (record->path.depth > base->depth) {
            writer_text(w, "\"n\":\"");
            path_put_below(w, base, &record->path);
            writer_text(w, "\",");
        }
        json_put_value(w, &senml, &record->value);
        writer_u8(w, '}');
    }
    writer_u8(w, ']');
    return true;
}

static enum error_code get(struct slice payload, const struct path *base, struct arena *arena, struct records *records)
{
    return senml_json_read(payload, arena, senml_add, &(struct senml_into){ .base = base, .records = records });
}

static enum error_code get_paths(struct slice payload, struct arena *arena, struct paths *paths)
{
    return senml_json_read(payload, arena, senml_add, &(struct senml_into){ .paths = paths });
}

const struct format format_senml_json = { CONTENT_SENML_JSON, false, put, get, get_paths };
