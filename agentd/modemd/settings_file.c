/* SPDX-License-Identifier: Apache-2.0 */
/* Reads agent-modemd.conf. Promises: what it does not understand it refuses. Must never be reached by a request. */
#include "modemd/settings_file.h"

#include <fnmatch.h>
#include <glib.h>
#include <net/if.h>
#include <string.h>

#include "base/text.h"
#include "glue/key_file.h"

static const struct {
    const char *group, *key;
} known[] = { { "link", "ports" }, { "qmi", "device-directory" }, { "pcsc", "reader" } };

static bool is_known(const char *group, const char *key)
{
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(known[i].group, group) == 0 && (!key || strcmp(known[i].key, key) == 0))
            return true;
    return false;
}

static enum error_code take_ports(char *const *ports, const char *path, struct modemd_settings *out, struct error *err)
{
    size_t n = 0;
    for (; ports[n]; n++) {
        if (n == MODEMD_PATTERNS)
            return error_set(err, ERROR_TOO_LARGE, "%s: more than %d patterns in ports", path, (int)MODEMD_PATTERNS);
        out->port_patterns[n] = g_strdup(ports[n]);
    }
    return ERROR_NONE;
}

static enum error_code take_values(GKeyFile *file, const char *path, struct modemd_settings *out, struct error *err)
{
    g_auto(GStrv) ports = g_key_file_get_string_list(file, "link", "ports", NULL, NULL);
    if (!ports)
        ports = g_strsplit("wwan*;wwp*", ";", -1);
    out->device_directory = g_key_file_get_string(file, "qmi", "device-directory", NULL);
    if (!out->device_directory)
        out->device_directory = g_strdup("/dev");
    if (out->device_directory[0] != '/')
        return error_set(err, ERROR_INVALID, "%s: device-directory must be an absolute path", path);
    out->reader = g_key_file_get_string(file, "pcsc", "reader", NULL);
    return take_ports(ports, path, out, err);
}

enum error_code modemd_settings_read(const char *path, bool must_exist, struct modemd_settings *out, struct error *err)
{
    *out = (struct modemd_settings){ 0 };
    g_autoptr(GKeyFile) file = key_file_read(path, must_exist, is_known, err);
    enum error_code rc = file ? take_values(file, path, out, err) : ERROR_INVALID;
    if (rc)
        modemd_settings_clear(out);
    return rc;
}

void modemd_settings_clear(struct modemd_settings *s)
{
    for (size_t i = 0; i < MODEMD_PATTERNS; i++)
        g_free(s->port_patterns[i]);
    g_free(s->device_directory);
    g_free(s->reader);
    *s = (struct modemd_settings){ 0 };
}

bool modemd_port_allowed(const struct modemd_settings *s, const char *name)
{
    if (!text_is_name(name, "._-", IFNAMSIZ - 1) || name[0] == '.')
        return false;
    for (char *const *p = s->port_patterns; *p; p++)
        if (fnmatch(*p, name, FNM_PERIOD) == 0)
            return true;
    return false;
}

bool modemd_device_name_ok(const char *name)
{
    return text_is_name(name, "-_", 63);
}
