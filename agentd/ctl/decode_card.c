/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a smart card, told by their first octets: record of EF_DIR, ODF, DODF, LwM2M bootstrap file; and the OMA CP file, which is a document. */
#include <string.h>

#include "codec/lwm2m_card.h"
#include "codec/lwm2m_tlv.h"
#include "codec/pkcs15.h"
#include "ctl/decode_item.h"

static void set_path(json_t *item, const struct pkcs15_path *p)
{
    item_set(item, "path", (struct slice){ p->octets, p->len });
    if (p->has_range) {
        item_set_number(item, "index", p->index);
        item_set_number(item, "length", p->length);
    }
}

static enum error_code read_template(const struct decode_input *in, json_t *document, struct error *err)
{
    struct pkcs15_path path;
    enum error_code rc = pkcs15_template(in->octets, &path, err);
    if (rc == ERROR_NONE)
        set_path(item_add(document, item_new("application PKCS#15", 0)), &path);
    return rc;
}

static enum error_code read_odf(const struct decode_input *in, json_t *document, struct error *err)
{
    struct reader r = reader_make(in->octets.data, in->octets.len);
    size_t found = 0;
    for (;;) {
        struct pkcs15_path path;
        size_t before = r.pos;
        enum error_code rc = pkcs15_odf_next(&r, &path, err);
        if (rc == ERROR_NOT_FOUND && found)
            return ERROR_NONE;
        if (rc)
            return rc;
        set_path(item_add(document, item_new("DODF", (json_int_t)before)), &path);
        found++;
    }
}

static enum error_code read_dodf(const struct decode_input *in, json_t *document, struct error *err)
{
    static const struct pkcs15_path self = { .octets = { 0x00, 0x00 }, .len = 2 };
    struct reader r = reader_make(in->octets.data, in->octets.len);
    size_t found = 0;
    for (;;) {
        struct pkcs15_entry entry;
        size_t before = r.pos;
        enum error_code rc = pkcs15_dodf_next(&r, &self, NULL, &entry, err);
        if (rc == ERROR_NOT_FOUND && found)
            return ERROR_NONE;
        if (rc)
            return rc;
        json_t *item = item_add(document, item_new(pkcs15_object_name(entry.object), (json_int_t)before));
        item_set(item, "label", entry.label);
        if (entry.is_private)
            item_set_text(item, "access", "private");
        set_path(item, &entry.path);
        found++;
    }
}

static enum error_code read_lwm2m(const struct decode_input *in, json_t *document, struct error *err)
{
    struct lwm2m_card c;
    enum error_code rc = lwm2m_card_open(&c, in->octets, err);
    if (!rc && c.left == 0)
        return error_set(err, ERROR_NOT_FOUND, "card file is erased");
    while (!rc && c.left > 0) {
        struct lwm2m_card_object o;
        rc = lwm2m_card_next(&c, &o, err);
        if (rc)
            break;
        json_t *item = item_add(document, item_new("object", item_offset(in->octets, o.instances)));
        struct decode_result inside = { 0 };
        decode_tlv(&(struct decode_input){ .octets = o.instances, .arena = in->arena }, &inside);
        item_set_number(item, "id", o.id);
        item_set_number(item, "major", o.major);
        item_set_number(item, "minor", o.minor);
        (void)item_add(item, inside.document);
    }
    return rc;
}

static enum error_code read_senml(const struct decode_input *in, json_t *document, struct error *err)
{
    enum lwm2m_card_form form = lwm2m_card_form(in->octets);
    if (form == LWM2M_CARD_TLV)
        return error_set(err, ERROR_NOT_FOUND, "no array");
    return decode_senml(lwm2m_card_content(in->octets), form == LWM2M_CARD_JSON, in->arena, document, err);
}

typedef enum error_code read_fn(const struct decode_input *in, json_t *document, struct error *err);

static bool decode_file_as(const struct decode_input *in, const char *name, read_fn *read, struct decode_result *out)
{
    struct error err = { 0 };
    json_t *document = item_new(name, OFFSET_NONE);
    if (read(in, document, &err)) {
        json_decref(document);
        return false;
    }
    decode_finish(out, ERROR_NONE, &err, document);
    out->mac = PUSH_MAC_UNCHECKED;
    return true;
}

/* A DODF is the last: its entries are of any kind, so that much looks like one. */
void decode_card(const struct decode_input *in, struct decode_result *out)
{
    struct decode_input content = *in;
    content.octets = pkcs15_content(in->octets);
    if (decode_file_as(in, "EF_DIR", read_template, out) || decode_file_as(in, "LwM2M bootstrap file", read_lwm2m, out) ||
        decode_file_as(in, "LwM2M bootstrap file in SenML", read_senml, out) || decode_file_as(in, "ODF", read_odf, out))
        return;
    decode_tnds(&content, out);
    if (out->accepted)
        return;
    arena_reset(in->arena);
    decode_wbxml(&content, out);
    if (out->accepted || decode_file_as(in, "DODF", read_dodf, out))
        return;
    error_set(&out->error, ERROR_MALFORMED, "no file of a smart card with bootstrap data: neither EF_DIR, ODF, DODF, LwM2M file nor document");
}
