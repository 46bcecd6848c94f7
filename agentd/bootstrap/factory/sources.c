/* SPDX-License-Identifier: Apache-2.0 */
/* Strict, like the rest of the factory data. Holds no secret: accounts name how their secrets are made inside the TRE. */
#include "bootstrap/factory/sources.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/text.h"
#include "bootstrap/factory/access.h"
#include "bootstrap/factory/lwm2m.h"
#include "codec/factory_credentials.h"

static enum error_code bad(struct error *err, const char *what, const char *rule)
{
    return error_set(err, ERROR_INVALID, "factory data: %s must be %s", what, rule);
}

/* --- instruction_keys --- */

static EVP_PKEY *key_of(const char *pem)
{
    BIO *in = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = in ? PEM_read_bio_PUBKEY(in, NULL, NULL, NULL) : NULL;
    BIO_free(in);
    if (key)
        return key;
    in = BIO_new_mem_buf(pem, -1);
    X509 *x = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
    key = x ? X509_get_pubkey(x) : NULL;
    X509_free(x);
    BIO_free(in);
    return key;
}

static bool take_key(const char *pem, struct instruction_key *out)
{
    EVP_PKEY *key = pem ? key_of(pem) : NULL;
    char group[32] = "";
    unsigned char *der = NULL;
    size_t n = 0;
    bool p256 = key && EVP_PKEY_get_group_name(key, group, sizeof group, &n) == 1 && strcmp(group, "prime256v1") == 0;
    int len = p256 ? i2d_PUBKEY(key, &der) : 0;
    bool ok = len > 0 && (size_t)len <= sizeof out->spki && EVP_Digest(der, (size_t)len, out->kid, NULL, EVP_sha256(), NULL) == 1;
    if (ok) {
        memcpy(out->spki, der, (size_t)len);
        out->spki_len = (size_t)len;
    }
    OPENSSL_free(der);
    EVP_PKEY_free(key);
    return ok;
}

static enum error_code take_keys(json_t *list, struct factory_data *out, struct error *err)
{
    if (!list)
        return ERROR_NONE;
    size_t count = json_is_array(list) ? json_array_size(list) : 0;
    if (count < 1 || count > FACTORY_KEYS)
        return bad(err, "\"instruction_keys\"", "a list of 1..4 PEM keys");
    for (size_t i = 0; i < count; i++)
        if (!take_key(json_string_value(json_array_get(list, i)), &out->instruction_key[i]))
            return bad(err, "each of \"instruction_keys\"", "a P-256 public key or certificate in PEM");
    out->instruction_keys = count;
    return ERROR_NONE;
}

/* --- objects --- */

static bool only_keys(json_t *object, const char *const *known, size_t count)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        size_t i = 0;
        while (i < count && strcmp(key, known[i]) != 0)
            i++;
        if (i == count || !json_is_string(value))
            return false;
    }
    return json_is_object(object);
}

bool factory_sources_uri(json_t *object, const char *schemes, char *out, size_t cap)
{
    const char *uri = json_string_value(json_object_get(object, "uri"));
    char host[256];
    uint16_t port;
    for (const char *p = uri; p && *p; p++)
        if (*p <= 0x20 || *p >= 0x7f)
            return false;
    return uri && uri_split_any(uri, schemes, host, sizeof host, &port, NULL) == ERROR_NONE && text_copy(out, cap, uri);
}

static bool take_pin(json_t *object, struct server_trust *out)
{
    const char *text = json_string_value(json_object_get(object, "server_pin"));
    size_t len = 0;
    if (!text)
        return true;
    out->has_pin = text_base64_decode((struct slice){ (const uint8_t *)text, strlen(text) }, out->pin, sizeof out->pin, &len) && len == sizeof out->pin;
    return out->has_pin;
}

bool factory_sources_context(json_t *object, const struct factory_data *f, char *out, size_t cap)
{
    const char *name = json_string_value(json_object_get(object, "context"));
    (void)text_copy(out, cap, name ? name : "usim");
    for (size_t i = 0; i < f->context_count; i++)
        if (strcmp(f->contexts[i], out) == 0)
            return true;
    return false;
}

static enum error_code take_briefing(json_t *object, struct factory_data *out, struct error *err)
{
    static const char *const known[] = { "uri", "server_pin" };
    if (!object)
        return ERROR_NONE;
    if (!only_keys(object, known, 2) || !factory_sources_uri(object, BRIEFING_SCHEMES, out->briefing.uri, sizeof out->briefing.uri) || !take_pin(object, &out->briefing.trust))
        return bad(err, "\"briefing\"", "{uri: https, coaps or coaps+tcp URL, server_pin: Base64 of a SHA-256, optional}");
    return ERROR_NONE;
}

/* The file is public: an access point with a password is not for it. */
static enum error_code take_access_point(json_t *object, struct factory_data *out, struct error *err)
{
    static const char *const known[] = { "apn", "ip" };
    struct factory_access_point *a = &out->access_point;
    if (!object)
        return ERROR_NONE;
    const char *apn = json_string_value(json_object_get(object, "apn")), *ip = json_string_value(json_object_get(object, "ip"));
    if (!only_keys(object, known, 2) || !apn || !text_is_name(apn, ".-", sizeof a->apn - 1) || !napdef_ip_from_name(ip ? ip : "ipv4v6", &a->ip_type))
        return bad(err, "\"access_point\"", "{apn: 1..100 letters, digits, hyphens and dots; ip: ipv4, ipv6 or ipv4v6, optional}");
    (void)text_copy(a->apn, sizeof a->apn, apn);
    return ERROR_NONE;
}

/* A DM session by the device PIN: an account whose server is the host of the URL. */
static enum error_code take_provurl(json_t *object, struct factory_data *out, struct error *err)
{
    static const char *const known[] = { "uri", "server_pin", "context" };
    struct factory_account *a = &out->account[out->accounts];
    uint16_t port;
    if (!object)
        return ERROR_NONE;
    *a = (struct factory_account){ .secrets = DM_SECRETS_PIN };
    if (!only_keys(object, known, 3) || !factory_sources_uri(object, "https", a->uri, sizeof a->uri) || !take_pin(object, &a->trust) ||
        !factory_sources_context(object, out, a->context, sizeof a->context))
        return bad(err, "\"provurl\"", "{uri: https URL, server_pin: optional, context: one of contexts, optional}");
    out->accounts++;
    return uri_split(a->uri, "https", a->server_id, sizeof a->server_id, &port, err);
}

static bool take_method(json_t *object, enum dm_secrets *out)
{
    static const enum dm_secrets secrets[] = { [FACTORY_KEYED] = DM_SECRETS_KEYED, [FACTORY_FCS11384] = DM_SECRETS_FCS11384,
                                               [FACTORY_FCS14345] = DM_SECRETS_FCS14345 };
    const char *name = json_string_value(json_object_get(object, "credentials"));
    enum factory_method m;
    if (name && !factory_method_from_name(name, &m))
        return false;
    *out = name ? secrets[m] : DM_SECRETS_KEYED;
    return true;
}

static bool take_account(json_t *object, const struct factory_data *f, struct factory_account *a)
{
    static const char *const known[] = { "context", "server_id", "uri", "server_pin", "credentials" };
    const char *id = json_string_value(json_object_get(object, "server_id"));
    *a = (struct factory_account){ .secrets = DM_SECRETS_KEYED };
    return only_keys(object, known, 5) && id && text_is_name(id, "._:-", 128) && text_copy(a->server_id, sizeof a->server_id, id) &&
           factory_sources_uri(object, "https", a->uri, sizeof a->uri) && take_pin(object, &a->trust) && factory_sources_context(object, f, a->context, sizeof a->context) &&
           take_method(object, &a->secrets);
}

static enum error_code take_accounts(json_t *list, struct factory_data *out, struct error *err)
{
    if (!list)
        return ERROR_NONE;
    size_t count = json_is_array(list) ? json_array_size(list) : 0;
    if (count < 1 || out->accounts + count > FACTORY_ACCOUNTS)
        return bad(err, "\"accounts\"", "a list of 1..4 accounts, with provurl");
    for (size_t i = 0; i < count; i++)
        if (!take_account(json_array_get(list, i), out, &out->account[out->accounts++]))
            return bad(err, "each of \"accounts\"", "{server_id, uri; context, server_pin, credentials: keyed, fcs11384 or fcs14345}");
    return out->imei[0] ? ERROR_NONE : bad(err, "\"imei\"", "there for \"accounts\"");
}

static enum error_code take_imei(json_t *value, struct factory_data *out, struct error *err)
{
    const char *text = json_string_value(value);
    if (!value)
        return ERROR_NONE;
    return text && factory_imei_valid(text) && text_copy(out->imei, sizeof out->imei, text) ? ERROR_NONE
                                                                                            : bad(err, "\"imei\"", "15 digits with a right check digit");
}

enum error_code factory_sources_take(json_t *root, struct factory_data *out, struct error *err)
{
    enum error_code rc = take_imei(json_object_get(root, "imei"), out, err);
    if (!rc)
        rc = take_keys(json_object_get(root, "instruction_keys"), out, err);
    if (!rc)
        rc = take_briefing(json_object_get(root, "briefing"), out, err);
    if (!rc)
        rc = take_access_point(json_object_get(root, "access_point"), out, err);
    if (!rc)
        rc = take_provurl(json_object_get(root, "provurl"), out, err);
    if (!rc)
        rc = take_accounts(json_object_get(root, "accounts"), out, err);
    if (!rc)
        rc = factory_access_take(json_object_get(root, "initial_access"), out, err);
    return rc ? rc : factory_lwm2m_take(json_object_get(root, "lwm2m"), out, err);
}

bool factory_sources_key(const char *key)
{
    static const char *const keys[] = { "imei", "instruction_keys", "briefing", "access_point", "provurl", "accounts", "lwm2m", "initial_access" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return false;
}
