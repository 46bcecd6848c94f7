/* SPDX-License-Identifier: Apache-2.0 */
/* Reads agent-usimd.conf. Promises: what it does not understand it refuses; a group that is not there serves nobody. */
#include "usimd/settings.h"

#include <glib.h>
#include <string.h>

enum { VPCD_PORT = 35963 };

struct row {
    const char *group, *key;
    size_t at; /* of the text in struct settings */
};

static const struct row texts[] = {
    { "wpa", "folder", offsetof(struct settings, wpa_folder) }, { "wpa", "mid", offsetof(struct settings, wpa_mid) },
    { "card", "host", offsetof(struct settings, card_host) },   { "card", "usim", offsetof(struct settings, card_usim) },
    { "card", "isim", offsetof(struct settings, card_isim) },
};
static const char *const others[][2] = { { "card", "port" }, { "card", "inline" } };

static bool known(const char *group, const char *key)
{
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        if (strcmp(texts[i].group, group) == 0 && (!key || strcmp(texts[i].key, key) == 0))
            return true;
    for (size_t i = 0; key && i < G_N_ELEMENTS(others); i++)
        if (strcmp(others[i][0], group) == 0 && strcmp(others[i][1], key) == 0)
            return true;
    return false;
}

static enum error_code check_known(GKeyFile *file, const char *path, struct error *err)
{
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    for (size_t g = 0; groups[g]; g++) {
        g_auto(GStrv) keys = g_key_file_get_keys(file, groups[g], NULL, NULL);
        if (!known(groups[g], NULL))
            return error_set(err, ERROR_INVALID, "%s: unknown group [%s]", path, groups[g]);
        for (size_t k = 0; keys && keys[k]; k++)
            if (!known(groups[g], keys[k]))
                return error_set(err, ERROR_INVALID, "%s: unknown key %s in [%s]", path, keys[k], groups[g]);
    }
    return ERROR_NONE;
}

static enum error_code take_card(GKeyFile *file, const char *path, struct settings *out, struct error *err)
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

static enum error_code take_values(GKeyFile *file, const char *path, struct settings *out, struct error *err)
{
    enum error_code rc = check_known(file, path, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        *(char **)(void *)((char *)out + texts[i].at) = g_key_file_get_string(file, texts[i].group, texts[i].key, NULL);
    if (g_key_file_has_group(file, "wpa") && !out->wpa_folder)
        out->wpa_folder = g_strdup("/run/wpa_supplicant");
    if (out->wpa_folder && out->wpa_folder[0] != '/')
        return error_set(err, ERROR_INVALID, "%s: folder in [wpa] must be an absolute path", path);
    return take_card(file, path, out, err);
}

enum error_code settings_read(const char *path, bool must_exist, struct settings *out, struct error *err)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) problem = NULL;
    *out = (struct settings){ 0 };
    if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &problem) &&
        (must_exist || !g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT)))
        return error_set(err, ERROR_INVALID, "%s: %s", path, problem->message);
    enum error_code rc = take_values(file, path, out, err);
    if (rc)
        settings_clear(out);
    return rc;
}

void settings_clear(struct settings *s)
{
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(*(char **)(void *)((char *)s + texts[i].at));
    *s = (struct settings){ 0 };
}
