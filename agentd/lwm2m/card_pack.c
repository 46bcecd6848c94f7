/* SPDX-License-Identifier: Apache-2.0 */
/* The desk of a bootstrap server, without a server: what the card says is one pack. Holds keys: lives in wiped pages. */
#include "lwm2m/card_pack.h"

#include <string.h>

#include "base/secret.h"
#include "codec/lwm2m_card.h"
#include "lwm2m/bootstrap_write.h"
#include "lwm2m/format/format.h"

struct card_desk {
    struct bootstrap_desk desk;
    struct lwm2m_account accounts[STAGED_MAX];
};

static bool has_server(const struct settings *s, uint16_t short_server_id)
{
    for (size_t i = 0; i < s->lwm2ms; i++)
        if (s->lwm2m[i].short_server_id == short_server_id)
            return true;
    return false;
}

/* All of them, or none. */
static enum error_code add_accounts(struct card_desk *d, struct settings *out, struct error *err)
{
    size_t count = bootstrap_accounts(&d->desk.staged, "", d->accounts, STAGED_MAX);
    if (count == 0)
        return error_set(err, ERROR_INCOMPLETE, "LwM2M card file: no instance of object 0 (Security)");
    if (out->lwm2ms + count > SETTINGS_LWM2M)
        return error_set(err, ERROR_TOO_LARGE, "LwM2M card file: more than %d servers", SETTINGS_LWM2M);
    for (size_t i = 0; i < count; i++)
        if (has_server(out, d->accounts[i].short_server_id))
            return error_set(err, ERROR_INVALID, "LwM2M card file: server %u stands twice", d->accounts[i].short_server_id);
    memcpy(&out->lwm2m[out->lwm2ms], d->accounts, count * sizeof d->accounts[0]);
    out->lwm2ms += count;
    bootstrap_rights(&d->desk.staged, settings_rights(out));
    return ERROR_NONE;
}

static enum error_code take(struct card_desk *d, const struct path *of, int content_format, struct slice body, struct error *err)
{
    struct error why = { 0 };
    enum coap_code code = bootstrap_take(&d->desk, of, content_format, body, &why);
    return code == CODE_CHANGED ? ERROR_NONE : error_set(err, why.code, "LwM2M card file: %.200s", why.text);
}

/* Objects that a bootstrap does not write are left alone: they are no accounts. */
static enum error_code take_object(struct card_desk *d, const struct lwm2m_card_object *o, struct error *err)
{
    const struct path of = { .depth = PATH_OBJECT, .id = { o->id } };
    const struct object *object = object_find(&model_bootstrap, o->id);
    uint16_t instance;
    if (!object)
        return ERROR_NONE;
    if (object_instance(&d->desk.objects, object, 0, &instance))
        return error_set(err, ERROR_MALFORMED, "LwM2M card file: object %u stands twice", o->id);
    return take(d, &of, CONTENT_TLV, o->instances, err);
}

static enum error_code take_objects(struct card_desk *d, struct slice file, struct error *err)
{
    struct lwm2m_card c;
    enum error_code rc = lwm2m_card_open(&c, file, err);
    while (!rc && c.left) {
        struct lwm2m_card_object o;
        rc = lwm2m_card_next(&c, &o, err);
        if (!rc)
            rc = take_object(d, &o, err);
    }
    return rc;
}

static enum error_code take_file(struct card_desk *d, struct slice file, struct error *err)
{
    const struct path all = { .depth = PATH_ROOT };
    switch (lwm2m_card_form(file)) {
    case LWM2M_CARD_TLV:
        break;
    case LWM2M_CARD_JSON:
        return take(d, &all, CONTENT_SENML_JSON, lwm2m_card_content(file), err);
    case LWM2M_CARD_CBOR:
        return take(d, &all, CONTENT_SENML_CBOR, lwm2m_card_content(file), err);
    }
    return take_objects(d, file, err);
}

static enum error_code read_file(struct card_desk *d, struct slice file, struct settings *out, struct error *err)
{
    struct error why = { 0 };
    bootstrap_desk_begin(&d->desk);
    enum error_code rc = take_file(d, file, err);
    if (rc)
        return rc;
    rc = bootstrap_fits(&d->desk, &why);
    return rc ? error_set(err, rc, "LwM2M card file: %.200s", why.text) : add_accounts(d, out, err);
}

enum error_code card_pack_accounts(struct slice file, struct settings *out, struct error *err)
{
    struct card_desk *d = secret_pages_new(sizeof *d);
    if (!d)
        return error_set(err, ERROR_NO_MEMORY, "LwM2M card file");
    enum error_code rc = read_file(d, file, out, err);
    secret_pages_free(d, sizeof *d);
    return rc;
}
