/* SPDX-License-Identifier: Apache-2.0 */
/* Two passes over one file: object 1 (Server) is looked up for each server of object 0 (Security). Objects of other ids are checked for their form and
 * left alone. */
#include "codec/lwm2m_card.h"

#include <string.h>

#include "codec/cbor.h"
#include "codec/lwm2m_tlv.h"
#include "codec/pkcs15.h"

enum {
    HEADER = 4,
    OBJECT_SECURITY = 0, OBJECT_SERVER = 1, OBJECT_ACCESS = 2,
    /* Security (LwM2M TS E.1) */
    SECURITY_URI = 0, SECURITY_BOOTSTRAP = 1, SECURITY_MODE = 2, SECURITY_IDENTITY = 3, SECURITY_KEY = 5, SECURITY_SERVER = 10,
    MODE_PSK = 0, MODE_NO_SEC = 3,
    /* Server (E.2) */
    SERVER_ID = 0, SERVER_LIFETIME = 1, SERVER_BINDING = 7,
    DEFAULT_LIFETIME = 86400,
    /* Access Control (E.3) */
    ACCESS_OBJECT = 0, ACCESS_INSTANCE = 1, ACCESS_ACL = 2, ACCESS_OWNER = 3,
    RESOURCES = 32, /* ids above are not ours */
    NO_ID = 65535, /* reserved (Core TS 1.1.1 clause 7.3) */
    SENML_DEPTH = 3, /* array, record, value */
};

struct instance { /* resources by id; data NULL: absent */
    uint16_t id;
    struct slice resource[RESOURCES];
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

static enum error_code fault(struct error *err, const char *what)
{
    return error_set(err, ERROR_MALFORMED, "LwM2M card file: %s", what);
}

/* Instances and resources of one object; the resources of instance number `wanted` go to out. NOT_FOUND if there are fewer. */
static enum error_code read_instance(struct slice instances, size_t wanted, struct instance *out, struct error *err)
{
    struct reader r = reader_make(instances.data, instances.len);
    struct tlv_item item;
    bool found = false;
    for (size_t n = 0; reader_left(&r); n++) {
        uint32_t seen = 0;
        if (tlv_next(&r, &item) || item.kind != TLV_OBJECT_INSTANCE || item.id == NO_ID)
            return fault(err, "no object instance where one must be");
        if (n == wanted)
            out->id = item.id;
        struct reader inner = reader_make(item.value.data, item.value.len);
        while (reader_left(&inner)) {
            if (tlv_next(&inner, &item) || (item.kind != TLV_RESOURCE && item.kind != TLV_MULTIPLE_RESOURCE))
                return fault(err, "no resource where one must be");
            if (item.id >= RESOURCES)
                continue;
            if (seen & 1u << item.id)
                return fault(err, "a resource stands twice");
            seen |= 1u << item.id;
            if (n == wanted && item.kind == TLV_RESOURCE)
                out->resource[item.id] = item.value;
        }
        found = found || n == wanted;
    }
    return found ? ERROR_NONE : ERROR_NOT_FOUND;
}

/* An integer within 0..max, or `absent` if there is none; -1 if it is none. */
static int64_t number(const struct instance *i, unsigned id, int64_t max, int64_t absent)
{
    int64_t v;
    if (!i->resource[id].data)
        return absent;
    return tlv_integer(i->resource[id], &v) && v >= 0 && v <= max ? v : -1;
}

static bool copy_text(struct slice s, char *out, size_t cap)
{
    if (s.len == 0 || s.len >= cap || memchr(s.data, 0, s.len))
        return false;
    memcpy(out, s.data, s.len);
    out[s.len] = '\0';
    return true;
}

/* The Short Server ID is unsigned, and some write it in two octets with the top bit set. */
static bool server_id(struct slice value, uint16_t *out)
{
    struct reader r = reader_make(value.data, value.len);
    if (value.len < 1 || value.len > 2)
        return false;
    *out = value.len == 1 ? reader_u8(&r) : reader_u16(&r);
    return *out >= 1 && *out <= 65534;
}

static enum error_code read_security(const struct instance *i, struct lwm2m_account *a, struct error *err)
{
    char host[256];
    uint16_t port;
    int64_t bootstrap = number(i, SECURITY_BOOTSTRAP, 1, 0), mode = number(i, SECURITY_MODE, 4, -1);
    *a = (struct lwm2m_account){ .lifetime = DEFAULT_LIFETIME, .security_instance = { true, i->id } };
    if (bootstrap < 0 || mode < 0)
        return error_set(err, ERROR_INVALID, "LwM2M card file: /0/x/%d has no such value", bootstrap < 0 ? SECURITY_BOOTSTRAP : SECURITY_MODE);
    if (mode == MODE_NO_SEC)
        return error_set(err, ERROR_POLICY, "LwM2M card file: a server without security (NoSec)");
    if (mode != MODE_PSK)
        return error_set(err, ERROR_NOT_SUPPORTED, "LwM2M card file: security mode %d; pre-shared keys (0) are supported", (int)mode);
    if (!copy_text(i->resource[SECURITY_URI], a->uri, sizeof a->uri))
        return error_set(err, ERROR_INCOMPLETE, "LwM2M card file: a server without URI (/0/x/0)");
    if (uri_split_any(a->uri, LWM2M_SECURE_SCHEMES, host, sizeof host, &port, err))
        return error_set(err, ERROR_INVALID, "LwM2M card file: /0/x/0 is no coaps:// or coaps+tcp:// URI");
    if (!copy_text(i->resource[SECURITY_IDENTITY], a->identity, sizeof a->identity))
        return error_set(err, ERROR_INCOMPLETE, "LwM2M card file: a server without PSK identity (/0/x/3)");
    struct slice key = i->resource[SECURITY_KEY];
    if (key.len < 16 || key.len > sizeof a->key)
        return error_set(err, ERROR_INVALID, "LwM2M card file: a PSK (/0/x/5) of %zu octets, allowed are 16..%zu", key.len, sizeof a->key);
    memcpy(a->key, key.data, key.len);
    a->key_len = key.len;
    if (bootstrap == 0 && !server_id(i->resource[SECURITY_SERVER], &a->short_server_id))
        return error_set(err, ERROR_INVALID, "LwM2M card file: /0/x/10 is no Short Server ID (1..65534)");
    return ERROR_NONE;
}

static enum error_code find_object(struct slice file, uint16_t id, struct slice *instances, struct error *err)
{
    struct lwm2m_card c;
    enum error_code rc = lwm2m_card_open(&c, file, err);
    *instances = (struct slice){ NULL, 0 };
    while (!rc && c.left) {
        struct lwm2m_card_object o;
        struct instance unused;
        rc = lwm2m_card_next(&c, &o, err);
        if (!rc && read_instance(o.instances, SIZE_MAX, &unused, err) == ERROR_MALFORMED)
            rc = ERROR_MALFORMED;
        if (!rc && o.id == id && instances->data)
            rc = fault(err, "an object stands twice");
        if (!rc && o.id == id)
            *instances = o.instances;
    }
    return rc;
}

/* What object 1 says of that server. */
static enum error_code read_server(struct slice servers, struct lwm2m_account *a, struct error *err)
{
    for (size_t n = 0;; n++) {
        struct instance i = { 0 };
        uint16_t id = 0;
        if (read_instance(servers, n, &i, err))
            return error_set(err, ERROR_INCOMPLETE, "LwM2M card file: server %u is not in object 1", a->short_server_id);
        if (!server_id(i.resource[SERVER_ID], &id) || id != a->short_server_id)
            continue;
        int64_t lifetime = number(&i, SERVER_LIFETIME, UINT32_MAX, DEFAULT_LIFETIME);
        struct slice binding = i.resource[SERVER_BINDING];
        if (lifetime <= 0)
            return error_set(err, ERROR_INVALID, "LwM2M card file: /1/x/1 is no lifetime");
        if (binding.data && !memchr(binding.data, 'U', binding.len))
            return error_set(err, ERROR_NOT_SUPPORTED, "LwM2M card file: server %u is not reached over UDP (/1/x/7)", id);
        a->lifetime = (uint32_t)lifetime;
        a->server_instance = (struct lwm2m_number){ true, i.id };
        return ERROR_NONE;
    }
}

static bool is_known(const struct settings *s, uint16_t id)
{
    for (size_t i = 0; i < s->lwm2ms; i++)
        if (s->lwm2m[i].short_server_id == id)
            return true;
    return false;
}

static enum error_code add_accounts(struct slice security, struct slice servers, struct settings *out, struct error *err)
{
    for (size_t n = 0;; n++) {
        struct instance i = { 0 };
        if (read_instance(security, n, &i, err))
            return ERROR_NONE; /* all are read */
        if (out->lwm2ms == SETTINGS_LWM2M)
            return error_set(err, ERROR_TOO_LARGE, "LwM2M card file: more than %d servers", SETTINGS_LWM2M);
        struct lwm2m_account *a = &out->lwm2m[out->lwm2ms];
        enum error_code rc = read_security(&i, a, err);
        if (!rc && a->short_server_id)
            rc = read_server(servers, a, err);
        if (!rc && is_known(out, a->short_server_id))
            rc = error_set(err, ERROR_INVALID, "LwM2M card file: server %u stands twice", a->short_server_id);
        if (rc)
            return rc;
        out->lwm2ms++;
    }
}

/* ---- object 2 ---- */

/* As the Short Server ID: some write numbers of two octets with the top bit set. */
static bool read_unsigned(struct slice value, uint16_t *out)
{
    struct reader r = reader_make(value.data, value.len);
    bool fits = value.len == 1 || value.len == 2 || (value.len == 4 && reader_u16(&r) == 0);
    *out = value.len == 1 ? reader_u8(&r) : reader_u16(&r);
    return fits;
}

static bool read_entries(struct slice entries, struct access_row *row)
{
    struct reader r = reader_make(entries.data, entries.len);
    struct tlv_item item;
    uint16_t rights;
    for (row->count = 0; reader_left(&r); row->count++) {
        if (row->count == ACCESS_ENTRIES || tlv_next(&r, &item) || item.kind != TLV_RESOURCE_INSTANCE || !read_unsigned(item.value, &rights) || rights > ACCESS_ALL)
            return false;
        row->acl[row->count] = (struct access_entry){ item.id, (uint8_t)rights };
    }
    return true;
}

static bool read_row(struct slice resources, struct access_row *row)
{
    struct reader r = reader_make(resources.data, resources.len);
    struct tlv_item item;
    uint16_t *const number[] = { [ACCESS_OBJECT] = &row->object, [ACCESS_INSTANCE] = &row->instance, [ACCESS_OWNER] = &row->owner };
    bool fine = true;
    *row = (struct access_row){ .used = true, .fresh = true };
    while (fine && reader_left(&r)) {
        fine = !tlv_next(&r, &item);
        if (fine && item.id == ACCESS_ACL)
            fine = item.kind == TLV_MULTIPLE_RESOURCE && read_entries(item.value, row);
        else if (fine && item.id <= ACCESS_OWNER)
            fine = item.kind == TLV_RESOURCE && read_unsigned(item.value, number[item.id]);
    }
    return fine;
}

static enum error_code add_rights(struct slice rows, struct settings *out, struct error *err)
{
    struct reader r = reader_make(rows.data, rows.len);
    struct access_rights *rights = settings_rights(out);
    struct tlv_item item;
    uint16_t servers[SETTINGS_LWM2M];
    for (size_t i = 0; i < out->lwm2ms; i++) {
        servers[i] = out->lwm2m[i].short_server_id;
        access_rights_name(rights, servers[i]);
    }
    while (reader_left(&r)) {
        if (tlv_next(&r, &item) || item.id >= ACCESS_ROWS || !read_row(item.value, &rights->at[item.id]))
            return error_set(err, ERROR_INVALID, "LwM2M card file: /2 has no such values, or an instance of %d or more", ACCESS_ROWS);
        rights->written = true;
    }
    return access_rights_check(rights, servers, out->lwm2ms, err);
}

enum error_code lwm2m_card_accounts(struct slice file, struct settings *out, struct error *err)
{
    struct slice security, servers, rows;
    size_t before = out->lwm2ms;
    enum error_code rc = find_object(file, OBJECT_SECURITY, &security, err);
    if (!rc)
        rc = find_object(file, OBJECT_SERVER, &servers, err);
    if (!rc)
        rc = find_object(file, OBJECT_ACCESS, &rows, err);
    if (!rc && !security.len)
        rc = error_set(err, ERROR_INCOMPLETE, "LwM2M card file: no instance of object 0 (Security)");
    if (!rc)
        rc = add_accounts(security, servers, out, err);
    if (!rc && rows.len)
        rc = add_rights(rows, out, err);
    if (rc && out->rights)
        *out->rights = (struct access_rights){ .written = false };
    if (rc) {
        out->lwm2ms = before;
        explicit_bzero(&out->lwm2m[before], sizeof out->lwm2m - before * sizeof out->lwm2m[0]);
    }
    return rc;
}
