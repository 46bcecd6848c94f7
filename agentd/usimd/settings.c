/* SPDX-License-Identifier: Apache-2.0 */
/* Reads agent-usimd.conf. Promises: what it does not understand it refuses; a group that is not there serves nobody. */
#include "usimd/settings.h"

#include <glib.h>
#include <string.h>

#include "base/text.h"
#include "glue/key_file.h"

enum { VPCD_PORT = 35963 };

struct row {
    const char *group, *key;
    size_t at; /* of the text in struct usimd_settings */
};

static const struct row texts[] = {
    { "wpa", "folder", offsetof(struct usimd_settings, wpa_folder) }, { "wpa", "mid", offsetof(struct usimd_settings, wpa_mid) },
    { "card", "host", offsetof(struct usimd_settings, card_host) },   { "card", "usim", offsetof(struct usimd_settings, card_usim) },
    { "card", "isim", offsetof(struct usimd_settings, card_isim) },   { "vici", "socket", offsetof(struct usimd_settings, vici_socket) },
};
static const char *const others[][2] = { { "card", "port" }, { "card", "inline" } };

static const char ike_prefix[] = "ike ", connection_suffix[] = " connection";
static const char *const ike_keys[] = { "naf", "ua", "peer", "identity", "mid" };

/* [ike NAME] takes its keys, [ike NAME connection] whatever strongSwan does. */
static bool known_ike(const char *group, const char *key)
{
    if (!key || g_str_has_suffix(group, connection_suffix))
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(ike_keys); i++)
        if (strcmp(ike_keys[i], key) == 0)
            return true;
    return false;
}

static bool known(const char *group, const char *key)
{
    if (g_str_has_prefix(group, ike_prefix))
        return known_ike(group, key);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        if (strcmp(texts[i].group, group) == 0 && (!key || strcmp(texts[i].key, key) == 0))
            return true;
    for (size_t i = 0; key && i < G_N_ELEMENTS(others); i++)
        if (strcmp(others[i][0], group) == 0 && strcmp(others[i][1], key) == 0)
            return true;
    return false;
}

static enum error_code take_card(GKeyFile *file, const char *path, struct usimd_settings *out, struct error *err)
{
    g_autoptr(GError) error = NULL;
    int port = VPCD_PORT;
    if (g_key_file_has_key(file, "card", "port", NULL))
        port = g_key_file_get_integer(file, "card", "port", &error);
    if (error || port < 1 || port > UINT16_MAX)
        return error_set(err, ERROR_INVALID, "%s: port in [card] is a number of 1..65535", path);
    if (g_key_file_has_key(file, "card", "inline", NULL))
        out->card_inline = g_key_file_get_boolean(file, "card", "inline", &error);
    if (error)
        return error_set(err, ERROR_INVALID, "%s: inline in [card] is true or false", path);
    out->card_port = (uint16_t)port;
    if (g_key_file_has_group(file, "card") && !out->card_host)
        out->card_host = g_strdup("127.0.0.1");
    return ERROR_NONE;
}

static bool take_ua(const char *hex, uint8_t out[SETTINGS_UA])
{
    static const uint8_t http[SETTINGS_UA] = { 1, 0, 0, 0, 2 };
    size_t len = 0;
    memcpy(out, http, sizeof http);
    return !hex || (text_hex_decode((struct slice){ (const uint8_t *)hex, strlen(hex) }, out, SETTINGS_UA, &len) && len == SETTINGS_UA);
}

static void take_connection(GKeyFile *file, struct ike_setting *s)
{
    g_autofree char *group = g_strconcat(ike_prefix, s->name, connection_suffix, NULL);
    gsize count = 0;
    s->keys = g_key_file_get_keys(file, group, &count, NULL);
    s->values = s->keys ? g_new0(char *, count + 1) : NULL;
    for (gsize i = 0; i < count; i++)
        s->values[i] = g_key_file_get_string(file, group, s->keys[i], NULL);
}

static enum error_code take_ike(GKeyFile *file, const char *path, const char *group, struct ike_setting *s, struct error *err)
{
    g_autofree char *ua = g_key_file_get_string(file, group, "ua", NULL);
    s->name = g_strdup(&group[sizeof ike_prefix - 1]);
    s->naf = g_key_file_get_string(file, group, "naf", NULL);
    s->peer = g_key_file_get_string(file, group, "peer", NULL);
    s->identity = g_key_file_get_string(file, group, "identity", NULL);
    s->mid = g_key_file_get_string(file, group, "mid", NULL);
    if (!text_is_name(s->name, "-_.", 64))
        return error_set(err, ERROR_INVALID, "%s: the name in [%s] is one of letters, digits, - _ .", path, group);
    if (!s->naf || !text_is_name(s->naf, "-.", 253))
        return error_set(err, ERROR_INVALID, "%s: naf in [%s] must be a host name", path, group);
    if (!take_ua(ua, s->ua))
        return error_set(err, ERROR_INVALID, "%s: ua in [%s] is ten hexadecimal digits", path, group);
    if (!s->peer)
        s->peer = g_strdup(s->naf);
    take_connection(file, s);
    return ERROR_NONE;
}

static enum error_code take_ikes(GKeyFile *file, const char *path, struct usimd_settings *out, struct error *err)
{
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    for (char **group = groups; *group; group++) {
        if (!g_str_has_prefix(*group, ike_prefix) || g_str_has_suffix(*group, connection_suffix))
            continue;
        if (out->ikes == SETTINGS_IKE)
            return error_set(err, ERROR_INVALID, "%s: more than %d groups [ike ..]", path, SETTINGS_IKE);
        enum error_code rc = take_ike(file, path, *group, &out->ike[out->ikes++], err);
        if (rc)
            return rc;
    }
    for (char **group = groups; *group; group++) {
        bool owned = !g_str_has_suffix(*group, connection_suffix);
        for (size_t i = 0; i < out->ikes && !owned; i++)
            owned = g_str_has_prefix(&(*group)[sizeof ike_prefix - 1], out->ike[i].name) &&
                    strlen(*group) == sizeof ike_prefix - 1 + strlen(out->ike[i].name) + sizeof connection_suffix - 1;
        if (!owned)
            return error_set(err, ERROR_INVALID, "%s: [%s] without its [ike ..]", path, *group);
    }
    if (out->ikes && !out->vici_socket)
        out->vici_socket = g_strdup("/run/charon.vici");
    return ERROR_NONE;
}

static enum error_code take_values(GKeyFile *file, const char *path, struct usimd_settings *out, struct error *err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        *(char **)(void *)((char *)out + texts[i].at) = g_key_file_get_string(file, texts[i].group, texts[i].key, NULL);
    if (g_key_file_has_group(file, "wpa") && !out->wpa_folder)
        out->wpa_folder = g_strdup("/run/wpa_supplicant");
    if (out->wpa_folder && out->wpa_folder[0] != '/')
        return error_set(err, ERROR_INVALID, "%s: folder in [wpa] must be an absolute path", path);
    enum error_code rc = take_ikes(file, path, out, err);
    if (!rc && out->vici_socket && out->vici_socket[0] != '/')
        rc = error_set(err, ERROR_INVALID, "%s: socket in [vici] must be an absolute path", path);
    return rc ? rc : take_card(file, path, out, err);
}

enum error_code usimd_settings_read(const char *path, bool must_exist, struct usimd_settings *out, struct error *err)
{
    g_autoptr(GKeyFile) file = key_file_read(path, must_exist, known, err);
    *out = (struct usimd_settings){ 0 };
    enum error_code rc = file ? take_values(file, path, out, err) : ERROR_INVALID;
    if (rc)
        usimd_settings_clear(out);
    return rc;
}

void usimd_settings_clear(struct usimd_settings *s)
{
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(*(char **)(void *)((char *)s + texts[i].at));
    for (size_t i = 0; i < s->ikes; i++) {
        g_free(s->ike[i].name);
        g_free(s->ike[i].naf);
        g_free(s->ike[i].peer);
        g_free(s->ike[i].identity);
        g_free(s->ike[i].mid);
        g_strfreev(s->ike[i].keys);
        g_strfreev(s->ike[i].values);
    }
    *s = (struct usimd_settings){ 0 };
}
