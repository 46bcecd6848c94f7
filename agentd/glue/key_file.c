/* SPDX-License-Identifier: Apache-2.0 */
#include "glue/key_file.h"

static bool check_known(GKeyFile *file, const char *path, key_file_known_fn *known, struct error *err)
{
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    for (char **group = groups; *group; group++) {
        g_auto(GStrv) keys = g_key_file_get_keys(file, *group, NULL, NULL);
        if (!known(*group, NULL)) {
            error_set(err, ERROR_INVALID, "%s: unknown group [%.40s]", path, *group);
            return false;
        }
        for (char **key = keys; key && *key; key++)
            if (!known(*group, *key)) {
                error_set(err, ERROR_INVALID, "%s: unknown key %.40s in [%.40s]", path, *key, *group);
                return false;
            }
    }
    return true;
}

GKeyFile *key_file_read(const char *path, bool must_exist, key_file_known_fn *known, struct error *err)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) problem = NULL;
    if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &problem) &&
        (must_exist || !g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))) {
        error_set(err, ERROR_INVALID, "%s: %s", path, problem->message);
        return NULL;
    }
    return !known || check_known(file, path, known, err) ? g_steal_pointer(&file) : NULL;
}
