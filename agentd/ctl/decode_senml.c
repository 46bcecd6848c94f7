/* SPDX-License-Identifier: Apache-2.0 */
/* SenML (RFC 8428) as the agent reads it: one item a record, with its whole name and its value; CBOR with offsets. Says nothing about what the names mean. */
#include <stdio.h>

#include "base/writer.h"
#include "codec/senml.h"
#include "ctl/decode_item.h"

enum { NAME_MAX = 256 };

static bool set_name(json_t *item, const struct senml_record *r)
{
    uint8_t whole[NAME_MAX];
    struct writer w = writer_make(whole, sizeof whole);
    writer_put(&w, r->base.data, r->base.len);
    writer_put(&w, r->name.data, r->name.len);
    item_set(item, "name", writer_slice(&w));
    return !w.failed;
}

static void set_value(json_t *item, const struct senml_record *r)
{
    char text[32];
    switch (r->kind) {
    case SENML_NONE:
        break;
    case SENML_INTEGER:
        item_set_number(item, "v", r->integer);
        break;
    case SENML_REAL:
        (void)snprintf(text, sizeof text, "%.17g", r->real);
        item_set_text(item, "v", text);
        break;
    case SENML_BOOLEAN:
        item_set_text(item, "vb", r->integer ? "true" : "false");
        break;
    case SENML_TEXT:
        item_set(item, "vs", r->octets);
        break;
    case SENML_OCTETS:
        item_set(item, "vd", r->octets);
        break;
    case SENML_LINK:
        item_set(item, "vlo", r->octets);
        break;
    }
}

static enum error_code add_record(void *user, const struct senml_record *r)
{
    json_t *item = item_add(user, item_new("record", r->offset == SENML_NO_OFFSET ? OFFSET_NONE : (json_int_t)r->offset));
    set_value(item, r);
    return set_name(item, r) && r->kind != SENML_NONE ? ERROR_NONE : ERROR_MALFORMED;
}

enum error_code decode_senml(struct slice file, bool json, struct arena *arena, json_t *document, struct error *err)
{
    enum error_code rc = json ? senml_json_read(file, arena, add_record, document) : senml_cbor_read(file, add_record, document);
    return rc ? error_set(err, rc, "no SenML of bootstrap data") : ERROR_NONE;
}
