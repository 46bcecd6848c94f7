/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and padding alone: what the objects say is lwm2m/card_pack's. */
#include "codec/lwm2m_card.h"

#include "codec/cbor.h"
#include "codec/pkcs15.h"

enum {
    HEADER = 4,
    SENML_DEPTH = 3, /* array, record, value */
};

enum lwm2m_card_form lwm2m_card_form(struct slice file)
{
    uint8_t first = file.len ? file.data[0] : 0;
    return first == '[' ? LWM2M_CARD_JSON : first >> 5 == CBOR_ARRAY ? LWM2M_CARD_CBOR : LWM2M_CARD_TLV;
}

/* An item of CBOR ends by itself, and its last octet may be one of padding; text never ends in one. */
static struct slice senml_content(struct slice file)
{
    struct reader r = reader_make(file.data, file.len);
    if (lwm2m_card_form(file) == LWM2M_CARD_CBOR) {
        cbor_skip(&r, SENML_DEPTH);
        struct slice rest = r.failed ? file : reader_take(&r, reader_left(&r));
        return r.failed || pkcs15_content(rest).len ? file : (struct slice){ file.data, file.len - rest.len };
    }
    while (file.len && (file.data[file.len - 1] == 0xFF || file.data[file.len - 1] == 0))
        file.len--;
    return file;
}

struct slice lwm2m_card_content(struct slice file)
{
    struct reader r = reader_make(file.data, file.len);
    if (pkcs15_content(file).len == 0)
        return (struct slice){ NULL, 0 };
    if (lwm2m_card_form(file) != LWM2M_CARD_TLV)
        return senml_content(file);
    (void)reader_u16(&r);
    size_t size = HEADER + (size_t)reader_u16(&r);
    return !r.failed && size <= file.len ? (struct slice){ file.data, size } : file;
}

enum error_code lwm2m_card_open(struct lwm2m_card *c, struct slice file, struct error *err)
{
    struct reader r = reader_make(file.data, file.len);
    *c = (struct lwm2m_card){ 0 };
    if (file.len > PKCS15_FILE_MAX) /* G.2: at most 32 KB */
        return error_set(err, ERROR_TOO_LARGE, "LwM2M card file: %zu octets", file.len);
    uint16_t objects = reader_u16(&r);
    uint16_t size = reader_u16(&r);
    c->in = reader_sub(&r, size);
    if (r.failed)
        return error_set(err, ERROR_TRUNCATED, "LwM2M card file: announces %u octets, %zu are there", size, file.len < HEADER ? 0 : file.len - HEADER);
    struct slice rest = reader_take(&r, reader_left(&r));
    if (pkcs15_content(rest).len)
        return error_set(err, ERROR_MALFORMED, "LwM2M card file: octets after its end");
    if (objects == 0 && size)
        return error_set(err, ERROR_MALFORMED, "LwM2M card file: %u octets, but no object", size);
    c->left = objects;
    return ERROR_NONE;
}

enum error_code lwm2m_card_next(struct lwm2m_card *c, struct lwm2m_card_object *o, struct error *err)
{
    *o = (struct lwm2m_card_object){ .major = 1 };
    o->id = reader_u16(&c->in);
    uint8_t version = reader_u8(&c->in); /* 00: not given; else major, and minor follows */
    if (version) {
        o->major = version;
        o->minor = reader_u8(&c->in);
    }
    o->instances = reader_take(&c->in, reader_u16(&c->in));
    c->left--;
    if (c->in.failed)
        return error_set(err, ERROR_TRUNCATED, "LwM2M card file: an object is longer than the file announces");
    if (c->left == 0 && reader_left(&c->in))
        return error_set(err, ERROR_MALFORMED, "LwM2M card file: %zu octets after the last object", reader_left(&c->in));
    return ERROR_NONE;
}
