/* SPDX-License-Identifier: Apache-2.0 */
/* The plug-in that is linked in, for small images; chosen by meson instead of plugin_load.c. */
#include <string.h>

#include "bearer/plugin.h"

const struct bearer_plugin *bearer_plugin_load(const char *dir, const char *name, struct error *err)
{
    (void)dir;
    if (strcmp(name, bearer_plugin.name) == 0)
        return &bearer_plugin;
    (void)error_set(err, ERROR_NOT_FOUND, "plug-in %.32s is not part of this build", name);
    return NULL;
}
