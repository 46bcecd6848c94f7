/* SPDX-License-Identifier: Apache-2.0 */
/* Headers, types and nonces of authentication. Owns no state. */
#include "dm/auth.h"

#include <openssl/rand.h>
#include <string.h>

#include "base/secret.h"

/* One "key=value" or key="value" up to the next comma; rest moves behind it. False at the end or if malformed. */
static bool next_field(const char **rest, struct slice *key, struct slice *value)
{
    const char *p = *rest + strspn(*rest, " \t,");
    size_t key_len = strcspn(p, "=,");
    if (p[key_len] != '=')
        return false;
    *key = (struct slice){ (const uint8_t *)p, key_len };
    const char *v = &p[key_len + 1];
    bool quoted = *v == '"';
    size_t len = strcspn(&v[quoted ? 1 : 0], quoted ? "\"" : ", \t"); /* an unquoted mac holds '=' and '/' */
    *value = (struct slice){ (const uint8_t *)&v[quoted ? 1 : 0], len };
    const char *end = &v[len + (quoted ? 1 : 0)];
    if (quoted && *end++ != '"')
        return false;
    *rest = end;
    return true;
}

static bool keep(struct slice s, char *out, size_t cap)
{
    if (s.len == 0 || s.len >= cap || *out) /* empty, too long, or given twice */
        return false;
    memcpy(out, s.data, s.len);
    out[s.len] = '\0';
    return true;
}

static bool is_key(struct slice key, const char *name)
{
    return key.len == strlen(name) && strncasecmp((const char *)key.data, name, key.len) == 0;
}

bool dm_hmac_parse(const char *value, char *name, size_t name_cap, char *mac, size_t mac_cap)
{
    struct slice key, field;
    *name = *mac = '\0';
    while (next_field(&value, &key, &field)) {
        bool ok = is_key(key, "algorithm") ? is_key(field, "MD5")
                : is_key(key, "username") ? keep(field, name, name_cap)
                : is_key(key, "mac") ? keep(field, mac, mac_cap) : false;
        if (!ok)
            return false;
    }
    return *name && *mac && value[strspn(value, " \t")] == '\0';
}

bool dm_nonce_make(uint8_t nonce[DM_NONCE_LEN])
{
    return RAND_bytes(nonce, DM_NONCE_LEN) == 1;
}

bool dm_text_equal(const char *a, const char *b)
{
    return secret_equal((struct slice){ (const uint8_t *)a, strlen(a) }, (struct slice){ (const uint8_t *)b, strlen(b) });
}

const char *dm_auth_type(enum dm_auth auth)
{
    switch (auth) {
    case DM_AUTH_BASIC:
        return "syncml:auth-basic";
    case DM_AUTH_MD5:
        return "syncml:auth-md5";
    case DM_AUTH_HMAC:
        return "syncml:auth-MAC";
    }
    return "syncml:auth-md5";
}

bool dm_auth_from_type(struct slice type, enum dm_auth *auth)
{
    static const enum dm_auth all[] = { DM_AUTH_BASIC, DM_AUTH_MD5, DM_AUTH_HMAC };
    for (size_t i = 0; i < 3; i++)
        if (is_key(type, dm_auth_type(all[i]))) {
            *auth = all[i];
            return true;
        }
    return false;
}
