/* SPDX-License-Identifier: Apache-2.0 */
/* Every leaf of the tree with its rights, format, bounds and functions. The table is the document: etc/doc/management-objects.md and OMA DM
 * Standardized Objects 1.2 for DevInfo, DevDetail and DMAcc. Never gives out a secret, a nonce or a package. */
#include "dm/nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "config.h"

enum device_field { DEV_ID, DEV_MAN, DEV_MOD, DEV_FW, DEV_HW, DEV_NETWORK };
enum account_field { ACC_SERVER_ID, ACC_NAME, ACC_CONREF, ACC_ADDR, ACC_PORT, ACC_PREF, ACC_CLIENT_NAME, ACC_SERVER_NAME,
                     ACC_CLIENT_SECRET, ACC_SERVER_SECRET, ACC_CLIENT_NONCE, ACC_SERVER_NONCE };
enum constant_field { CONST_DMV, CONST_LANG, CONST_DEVTYP, CONST_SWV, CONST_TRUE, CONST_DEPTH, CONST_TOTLEN, CONST_SEGLEN, CONST_W7, CONST_URI,
                      CONST_CLCRED, CONST_SRVCRED };
enum mid_field { MIDF_RESULT, MIDF_ID, MIDF_VERSION, MIDF_STATE };
enum lwm2m_field { LW_URI, LW_SSID, LW_IDENTITY, LW_KEY, LW_ENDPOINT, LW_LIFETIME, LW_BINDING };

static int put_text(struct dm_value *out, const char *text)
{
    if (!text || !*text)
        return DM_NOT_FOUND;
    size_t len = strlen(text);
    out->len = len < DM_VALUE_MAX ? len : DM_VALUE_MAX;
    memcpy(out->octets, text, out->len);
    return DM_OK;
}

static int put_number(struct dm_value *out, unsigned long number)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%lu", number);
    return put_text(out, text);
}

static int constant_get(const struct dm_tree *t, const char *name, unsigned field, struct dm_value *out)
{
    static const char *const values[] = { "1.2", "en", "gateway", AGENT_VERSION, "true", "8", "127", "32", "w7", "URI", "CLCRED", "SRVCRED" };
    (void)t;
    (void)name;
    return put_text(out, values[field]);
}

static int device_get(const struct dm_tree *t, const char *name, unsigned field, struct dm_value *out)
{
    const struct dm_device *d = t->device;
    (void)name;
    switch ((enum device_field)field) {
    case DEV_ID:
        return put_text(out, d->device_id);
    case DEV_MAN:
        return put_text(out, d->manufacturer);
    case DEV_MOD:
        return put_text(out, d->model);
    case DEV_FW:
        return put_text(out, d->firmware_version);
    case DEV_HW:
        return put_text(out, d->hardware_version);
    case DEV_NETWORK:
        return put_text(out, d->network);
    }
    return DM_NOT_FOUND;
}

static const char *auth_word(enum dm_auth auth) /* AAuthType, OMA DM StdObj 1.2 */
{
    switch (auth) {
    case DM_AUTH_BASIC:
        return "BASIC";
    case DM_AUTH_MD5:
        return "DIGEST";
    case DM_AUTH_HMAC:
        return "HMAC";
    }
    return "DIGEST";
}

static int account_get(const struct dm_tree *t, const char *name, unsigned field, struct dm_value *out)
{
    const struct dm_account *a = t->account;
    char host[256];
    uint16_t port = 443;
    (void)name;
    switch ((enum account_field)field) {
    case ACC_SERVER_ID:
        return put_text(out, a->server_id);
    case ACC_NAME:
        return put_text(out, a->name);
    case ACC_CONREF:
        return put_text(out, a->napid[0]);
    case ACC_ADDR:
        return put_text(out, a->uri);
    case ACC_PORT:
        return uri_split(a->uri, "https", host, sizeof host, &port, NULL) ? DM_NOT_FOUND : put_number(out, port);
    case ACC_PREF:
        return put_text(out, auth_word(a->auth));
    case ACC_CLIENT_NAME:
        return put_text(out, a->client.name);
    case ACC_SERVER_NAME:
        return put_text(out, *a->server.name ? a->server.name : a->server_id);
    case ACC_CLIENT_SECRET:
    case ACC_SERVER_SECRET:
    case ACC_CLIENT_NONCE:
    case ACC_SERVER_NONCE:
        break; /* no Get (OMA DM StdObj 1.2) */
    }
    return DM_NOT_ALLOWED;
}

static void set_text(char *out, size_t cap, struct slice value)
{
    memset(out, 0, cap);
    memcpy(out, value.data, value.len);
}

static int account_set(struct dm_tree *t, const char *name, unsigned field, struct slice value)
{
    struct dm_account *a = t->account;
    (void)name;
    if (field == ACC_NAME)
        set_text(a->name, sizeof a->name, value);
    else if (field == ACC_CLIENT_SECRET || field == ACC_SERVER_SECRET) {
        struct dm_credential *c = field == ACC_CLIENT_SECRET ? &a->client : &a->server;
        set_text(c->secret, sizeof c->secret, value);
        c->hashed = false;
    } else if (field == ACC_CLIENT_NONCE || field == ACC_SERVER_NONCE) {
        struct dm_credential *c = field == ACC_CLIENT_NONCE ? &a->client : &a->server;
        memcpy(c->nonce, value.data, value.len);
        c->nonce_len = value.len;
    } else
        return DM_NOT_ALLOWED;
    return DM_OK;
}

static bool account_has(const struct dm_tree *t, const char *name, unsigned field)
{
    const struct dm_account *a = t->account;
    (void)name;
    if (field == ACC_CLIENT_SECRET || field == ACC_SERVER_SECRET)
        return *(field == ACC_CLIENT_SECRET ? a->client.secret : a->server.secret) != '\0';
    return (field == ACC_CLIENT_NONCE ? a->client.nonce_len : a->server.nonce_len) > 0;
}

static int nonce_set(struct dm_tree *t, const char *name, unsigned field, struct slice value)
{
    (void)name;
    (void)field;
    memcpy(t->vendor.nonce, value.data, value.len);
    t->vendor.nonce_len = value.len;
    return DM_OK;
}

static bool nonce_has(const struct dm_tree *t, const char *name, unsigned field)
{
    (void)name;
    (void)field;
    return t->vendor.nonce_len > 0;
}

static const char *const forms[] = { [TRE_FORM_SEMI_AUTONOMOUS] = "semi-autonomous", [TRE_FORM_AUTONOMOUS] = "autonomous", [TRE_FORM_REMOTE] = "remote" };

static int form_get(const struct dm_tree *t, const char *name, unsigned field, struct dm_value *out)
{
    (void)name;
    (void)field;
    return put_text(out, forms[t->vendor.form]);
}

static int form_set(struct dm_tree *t, const char *name, unsigned field, struct slice value)
{
    (void)name;
    (void)field;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (slice_is(value, forms[i])) {
            t->vendor.form = (enum tre_form)i;
            return DM_OK;
        }
    return DM_BAD_REQUEST;
}

static int certificate_set(struct dm_tree *t, const char *name, unsigned field, struct slice value)
{
    (void)name;
    (void)field;
    memcpy(t->vendor.certificate, value.data, value.len);
    t->vendor.certificate_len = value.len;
    return DM_OK;
}

static bool certificate_has(const struct dm_tree *t, const char *name, unsigned field)
{
    (void)name;
    (void)field;
    return t->vendor.certificate_len > 0;
}

static int order_set(struct dm_tree *t, const char *name, unsigned field, struct slice value)
{
    struct dm_order *o = &t->vendor.order;
    (void)name;
    (void)field;
    *o = (struct dm_order){ .len = value.len };
    memcpy(o->octets, value.data, value.len);
    return DM_OK;
}

static bool order_has(const struct dm_tree *t, const char *name, unsigned field)
{
    (void)name;
    (void)field;
    return t->vendor.order.len > 0;
}

static bool receipt_has(const struct dm_tree *t, const char *name, unsigned field)
{
    (void)name;
    (void)field;
    return t->vendor.order.receipt_len > 0;
}

static int order_get(const struct dm_tree *t, const char *name, unsigned field, struct dm_value *out)
{
    (void)name;
    (void)field;
    return t->vendor.order.attempted ? put_number(out, (unsigned long)t->vendor.order.result) : DM_NOT_FOUND;
}

static const struct dm_mid *mid_of(const struct dm_tree *t, const char *name)
{
    for (size_t i = 0; i < DM_INSTANCES; i++)
        if (*name && strcmp(t->vendor.mid[i].name, name) == 0)
            return &t->vendor.mid[i];
    return NULL;
}

struct dm_mid *dm_tree_mid(struct dm_tree *t, const char *name)
{
    return (struct dm_mid *)(uintptr_t)mid_of(t, name);
}

static int package_set(struct dm_tree *t, const char *name, unsigned field, struct slice value)
{
    struct dm_mid *m = dm_tree_mid(t, name);
    uint8_t *copy = malloc(value.len + 1);
    (void)field;
    if (!copy || !m) {
        free(copy);
        return DM_FULL;
    }
    memcpy(copy, value.data, value.len);
    free(m->package);
    m->package = copy;
    m->package_len = value.len;
    return DM_OK;
}

static bool package_has(const struct dm_tree *t, const char *name, unsigned field)
{
    const struct dm_mid *m = mid_of(t, name);
    (void)field;
    return m && m->package;
}

static int mid_get(const struct dm_tree *t, const char *name, unsigned field, struct dm_value *out)
{
    const struct dm_mid *m = mid_of(t, name);
    if (!m || !m->attempted || (field != MIDF_RESULT && m->result != MID_OK))
        return DM_NOT_FOUND;
    switch ((enum mid_field)field) {
    case MIDF_RESULT:
        return put_number(out, (unsigned long)m->result);
    case MIDF_ID:
        return put_text(out, m->entry.id);
    case MIDF_VERSION:
        return put_number(out, m->entry.version);
    case MIDF_STATE:
        return put_text(out, mid_state_name(m->entry.state));
    }
    return DM_NOT_FOUND;
}

static const struct dm_lwm2m *lwm2m_of(const struct dm_tree *t, const char *name)
{
    for (size_t i = 0; i < DM_INSTANCES; i++)
        if (*name && strcmp(t->vendor.lwm2m[i].name, name) == 0)
            return &t->vendor.lwm2m[i];
    return NULL;
}

static bool lwm2m_has(const struct dm_tree *t, const char *name, unsigned field)
{
    const struct dm_lwm2m *l = lwm2m_of(t, name);
    return l && (l->has & 1U << field);
}

static int lwm2m_get(const struct dm_tree *t, const char *name, unsigned field, struct dm_value *out)
{
    const struct dm_lwm2m *l = lwm2m_of(t, name);
    if (!l || !lwm2m_has(t, name, field))
        return DM_NOT_FOUND;
    switch ((enum lwm2m_field)field) {
    case LW_URI:
        return put_text(out, l->account.uri);
    case LW_SSID:
        return put_number(out, l->account.short_server_id);
    case LW_IDENTITY:
        return put_text(out, l->account.identity);
    case LW_ENDPOINT:
        return put_text(out, l->account.endpoint);
    case LW_LIFETIME:
        return put_number(out, l->account.lifetime);
    case LW_BINDING:
        return put_text(out, l->account.server.binding);
    case LW_KEY:
        break;
    }
    return DM_NOT_ALLOWED;
}

static int lwm2m_write(struct lwm2m_account *a, enum lwm2m_field field, struct slice value)
{
    char host[256];
    uint16_t port;
    uint64_t number = 0;
    switch (field) {
    case LW_URI:
        set_text(a->uri, sizeof a->uri, value);
        return uri_split_any(a->uri, LWM2M_SECURE_SCHEMES, host, sizeof host, &port, NULL) ? DM_BAD_REQUEST : DM_OK;
    case LW_IDENTITY:
        set_text(a->identity, sizeof a->identity, value);
        return DM_OK;
    case LW_ENDPOINT:
        set_text(a->endpoint, sizeof a->endpoint, value);
        return DM_OK;
    case LW_KEY:
        memcpy(a->key, value.data, value.len);
        a->key_len = value.len;
        return DM_OK;
    case LW_SSID:
        (void)text_decimal(value, 65534, &number);
        a->short_server_id = (uint16_t)number;
        return DM_OK;
    case LW_LIFETIME:
        (void)text_decimal(value, UINT32_MAX, &number);
        a->lifetime = (uint32_t)number;
        return DM_OK;
    case LW_BINDING:
        set_text(a->server.binding, sizeof a->server.binding, value);
        return slice_is(value, "U") || slice_is(value, "T") ? DM_OK : DM_BAD_REQUEST;
    }
    return DM_NOT_ALLOWED;
}

/* A value that is refused leaves the old one. */
static int lwm2m_set(struct dm_tree *t, const char *name, unsigned field, struct slice value)
{
    struct dm_lwm2m *l = (struct dm_lwm2m *)(uintptr_t)lwm2m_of(t, name);
    if (!l)
        return DM_NOT_FOUND;
    struct lwm2m_account changed = l->account;
    int status = lwm2m_write(&changed, (enum lwm2m_field)field, value);
    if (status == DM_OK) {
        l->account = changed;
        l->has |= 1U << field;
    }
    secret_zero(&changed, sizeof changed);
    return status;
}

#define WRITE (DM_ADD | DM_REPLACE)
#define MID "GatewayAgent/Mid/*"
#define LWM2M "GatewayAgent/LwM2M/*"
#define ORDER "GatewayAgent/Order/"
#define PLATFORM "GatewayAgent/Platform/"

const struct dm_row dm_rows[] = {
    { .path = "DevInfo/DevId", .access = DM_GET, .format = DM_CHR, .get = device_get, .field = DEV_ID },
    { .path = "DevInfo/Man", .access = DM_GET, .format = DM_CHR, .get = device_get, .field = DEV_MAN },
    { .path = "DevInfo/Mod", .access = DM_GET, .format = DM_CHR, .get = device_get, .field = DEV_MOD },
    { .path = "DevInfo/DmV", .access = DM_GET, .format = DM_CHR, .get = constant_get, .field = CONST_DMV },
    { .path = "DevInfo/Lang", .access = DM_GET, .format = DM_CHR, .get = constant_get, .field = CONST_LANG },
    { .path = "DevDetail/DevTyp", .access = DM_GET, .format = DM_CHR, .get = constant_get, .field = CONST_DEVTYP },
    { .path = "DevDetail/OEM", .access = DM_GET, .format = DM_CHR, .get = device_get, .field = DEV_MAN },
    { .path = "DevDetail/FwV", .access = DM_GET, .format = DM_CHR, .get = device_get, .field = DEV_FW },
    { .path = "DevDetail/SwV", .access = DM_GET, .format = DM_CHR, .get = constant_get, .field = CONST_SWV },
    { .path = "DevDetail/HwV", .access = DM_GET, .format = DM_CHR, .get = device_get, .field = DEV_HW },
    { .path = "DevDetail/LrgObj", .access = DM_GET, .format = DM_BOOL, .get = constant_get, .field = CONST_TRUE },
    { .path = "DevDetail/URI/MaxDepth", .access = DM_GET, .format = DM_CHR, .get = constant_get, .field = CONST_DEPTH },
    { .path = "DevDetail/URI/MaxTotLen", .access = DM_GET, .format = DM_CHR, .get = constant_get, .field = CONST_TOTLEN },
    { .path = "DevDetail/URI/MaxSegLen", .access = DM_GET, .format = DM_CHR, .get = constant_get, .field = CONST_SEGLEN },
    { .path = "DMAcc/1/AppID", .access = DM_GET, .format = DM_CHR, .get = constant_get, .field = CONST_W7 },
    { .path = "DMAcc/1/ServerID", .access = DM_GET, .format = DM_CHR, .get = account_get, .field = ACC_SERVER_ID },
    { .path = "DMAcc/1/Name", .access = DM_GET | DM_REPLACE, .format = DM_CHR, .min = 1, .max = 63, .get = account_get, .set = account_set,
      .field = ACC_NAME },
    { .path = "DMAcc/1/PrefConRef", .access = DM_GET, .format = DM_CHR, .get = account_get, .field = ACC_CONREF },
    { .path = "DMAcc/1/AppAddr/1/Addr", .access = DM_GET, .format = DM_CHR, .get = account_get, .field = ACC_ADDR },
    { .path = "DMAcc/1/AppAddr/1/AddrType", .access = DM_GET, .format = DM_CHR, .get = constant_get, .field = CONST_URI },
    { .path = "DMAcc/1/AppAddr/1/Port/1/PortNbr", .access = DM_GET, .format = DM_CHR, .get = account_get, .field = ACC_PORT },
    { .path = "DMAcc/1/AAuthPref", .access = DM_GET, .format = DM_CHR, .get = account_get, .field = ACC_PREF },
    { .path = "DMAcc/1/AppAuth/1/AAuthLevel", .access = DM_GET, .format = DM_CHR, .get = constant_get, .field = CONST_CLCRED },
    { .path = "DMAcc/1/AppAuth/1/AAuthType", .access = DM_GET, .format = DM_CHR, .get = account_get, .field = ACC_PREF },
    { .path = "DMAcc/1/AppAuth/1/AAuthName", .access = DM_GET, .format = DM_CHR, .get = account_get, .field = ACC_CLIENT_NAME },
    { .path = "DMAcc/1/AppAuth/1/AAuthSecret", .access = DM_REPLACE, .format = DM_CHR, .min = 8, .max = 127, .set = account_set,
      .has = account_has, .field = ACC_CLIENT_SECRET },
    { .path = "DMAcc/1/AppAuth/1/AAuthData", .access = DM_REPLACE, .format = DM_BIN, .min = 1, .max = 64, .set = account_set,
      .has = account_has, .field = ACC_CLIENT_NONCE },
    { .path = "DMAcc/1/AppAuth/2/AAuthLevel", .access = DM_GET, .format = DM_CHR, .get = constant_get, .field = CONST_SRVCRED },
    { .path = "DMAcc/1/AppAuth/2/AAuthType", .access = DM_GET, .format = DM_CHR, .get = account_get, .field = ACC_PREF },
    { .path = "DMAcc/1/AppAuth/2/AAuthName", .access = DM_GET, .format = DM_CHR, .get = account_get, .field = ACC_SERVER_NAME },
    { .path = "DMAcc/1/AppAuth/2/AAuthSecret", .access = DM_REPLACE, .format = DM_CHR, .min = 8, .max = 127, .set = account_set,
      .has = account_has, .field = ACC_SERVER_SECRET },
    { .path = "DMAcc/1/AppAuth/2/AAuthData", .access = DM_REPLACE, .format = DM_BIN, .min = 1, .max = 64, .set = account_set,
      .has = account_has, .field = ACC_SERVER_NONCE },
    { .path = PLATFORM "Nonce", .access = WRITE, .format = DM_BIN, .min = 16, .max = 64, .set = nonce_set, .has = nonce_has },
    { .path = PLATFORM "Form", .access = DM_REPLACE | DM_GET, .format = DM_CHR, .min = 1, .max = 15, .get = form_get, .set = form_set },
    { .path = PLATFORM "Evidence", .access = DM_GET, .format = DM_BIN, .ask = DM_ASK_EVIDENCE },
    { .path = PLATFORM "Certificate", .access = DM_GET, .format = DM_BIN, .ask = DM_ASK_CERTIFICATE },
    { .path = PLATFORM "Request", .access = DM_GET, .format = DM_BIN, .ask = DM_ASK_REQUEST },
    { .path = PLATFORM "KeyRequest", .access = DM_GET, .format = DM_BIN, .ask = DM_ASK_KEY_REQUEST },
    { .path = PLATFORM "NewCertificate", .access = WRITE, .format = DM_BIN, .min = DM_CERTIFICATE_MIN, .max = DM_CERTIFICATE_MAX, .set = certificate_set,
      .has = certificate_has },
    { .path = PLATFORM "Enrol", .access = DM_EXEC, .format = DM_NULL, .ask = DM_ASK_ENROL },
    { .path = PLATFORM "PublicKey", .access = DM_GET, .format = DM_BIN, .ask = DM_ASK_PUBLIC_KEY },
    { .path = PLATFORM "TransportKey", .access = DM_GET, .format = DM_BIN, .ask = DM_ASK_TRANSPORT_KEY },
    { .path = PLATFORM "Token", .access = DM_GET, .format = DM_BIN, .ask = DM_ASK_TOKEN },
    { .path = PLATFORM "Network", .access = DM_GET, .format = DM_CHR, .get = device_get, .field = DEV_NETWORK },
    { .path = ORDER "Octets", .access = WRITE, .format = DM_BIN, .min = 1, .max = DM_ORDER_MAX, .set = order_set, .has = order_has },
    { .path = ORDER "Apply", .access = DM_EXEC, .format = DM_NULL, .ask = DM_ASK_APPLY },
    { .path = ORDER "Result", .access = DM_GET, .format = DM_INT, .get = order_get },
    { .path = ORDER "Receipt", .access = DM_GET, .format = DM_BIN, .has = receipt_has, .ask = DM_ASK_RECEIPT },
    { .path = MID, .access = DM_ADD | DM_GET | DM_DELETE, .format = DM_NODE },
    { .path = MID "/Package", .access = WRITE, .format = DM_BIN, .min = 1, .max = DM_PACKAGE_MAX, .set = package_set, .has = package_has },
    { .path = MID "/Install", .access = DM_EXEC, .format = DM_NULL, .ask = DM_ASK_INSTALL },
    { .path = MID "/Result", .access = DM_GET, .format = DM_INT, .get = mid_get, .field = MIDF_RESULT },
    { .path = MID "/MidId", .access = DM_GET, .format = DM_CHR, .get = mid_get, .field = MIDF_ID },
    { .path = MID "/Version", .access = DM_GET, .format = DM_INT, .get = mid_get, .field = MIDF_VERSION },
    { .path = MID "/State", .access = DM_GET, .format = DM_CHR, .get = mid_get, .field = MIDF_STATE },
    { .path = LWM2M, .access = DM_ADD | DM_GET | DM_DELETE, .format = DM_NODE },
    { .path = LWM2M "/Uri", .access = WRITE | DM_GET, .format = DM_CHR, .min = 1, .max = 255, .get = lwm2m_get, .set = lwm2m_set, .field = LW_URI },
    { .path = LWM2M "/ShortServerId", .access = WRITE | DM_GET, .format = DM_INT, .min = 1, .max = 65534, .get = lwm2m_get, .set = lwm2m_set,
      .field = LW_SSID },
    { .path = LWM2M "/Identity", .access = WRITE | DM_GET, .format = DM_CHR, .min = 1, .max = 128, .get = lwm2m_get, .set = lwm2m_set,
      .field = LW_IDENTITY },
    { .path = LWM2M "/Key", .access = WRITE, .format = DM_BIN, .min = 16, .max = 64, .set = lwm2m_set, .has = lwm2m_has, .field = LW_KEY },
    { .path = LWM2M "/Endpoint", .access = WRITE | DM_GET, .format = DM_CHR, .min = 1, .max = 128, .get = lwm2m_get, .set = lwm2m_set,
      .field = LW_ENDPOINT },
    { .path = LWM2M "/Lifetime", .access = WRITE | DM_GET, .format = DM_INT, .min = 20, .max = 2592000, .get = lwm2m_get, .set = lwm2m_set,
      .field = LW_LIFETIME },
    { .path = LWM2M "/Binding", .access = WRITE | DM_GET, .format = DM_CHR, .min = 1, .max = 1, .get = lwm2m_get, .set = lwm2m_set,
      .field = LW_BINDING },
};
const size_t dm_row_count = sizeof dm_rows / sizeof dm_rows[0];

bool dm_row_present(const struct dm_row *row, const struct dm_tree *t, const char *name)
{
    struct dm_value value;
    if (row->has)
        return row->has(t, name, row->field);
    return !row->get || row->get(t, name, row->field, &value) != DM_NOT_FOUND;
}

static bool is_mid(const char *path)
{
    return strncmp(path, MID, strlen(MID)) == 0;
}

const char *dm_instance_name(const struct dm_tree *t, const char *path, size_t i)
{
    return is_mid(path) ? t->vendor.mid[i].name : t->vendor.lwm2m[i].name;
}

bool dm_instance_exists(const struct dm_tree *t, const char *path, const char *name)
{
    return is_mid(path) ? mid_of(t, name) != NULL : lwm2m_of(t, name) != NULL;
}

int dm_instance_make(struct dm_tree *t, const char *path, const char *name)
{
    for (size_t i = 0; i < DM_INSTANCES; i++) {
        if (*dm_instance_name(t, path, i))
            continue;
        char *slot = is_mid(path) ? t->vendor.mid[i].name : t->vendor.lwm2m[i].name;
        if (!is_mid(path))
            t->vendor.lwm2m[i].account.lifetime = 86400; /* doc management-objects: default */
        return text_copy(slot, DM_NAME_CAP, name) ? DM_OK : DM_BAD_REQUEST;
    }
    return DM_FULL;
}

void dm_instance_drop(struct dm_tree *t, const char *path, const char *name)
{
    for (size_t i = 0; i < DM_INSTANCES; i++) {
        if (strcmp(dm_instance_name(t, path, i), name) != 0)
            continue;
        if (is_mid(path)) {
            free(t->vendor.mid[i].package);
            t->vendor.mid[i] = (struct dm_mid){ 0 };
        } else {
            secret_zero(&t->vendor.lwm2m[i], sizeof t->vendor.lwm2m[i]);
        }
    }
}
