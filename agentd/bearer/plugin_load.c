/* SPDX-License-Identifier: Apache-2.0 */
/* Plug-ins as modules. Promises: code is loaded only from a file and a folder that belong to root and that nobody else may write to. */
#include <errno.h>
#include <gmodule.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "bearer/plugin.h"

static enum error_code check_owner(const char *path, mode_t kind, struct error *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return error_set(err, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s", path, strerror(errno));
    if ((st.st_mode & S_IFMT) != kind || st.st_uid != 0 || st.st_mode & (S_IWGRP | S_IWOTH))
        return error_set(err, ERROR_DENIED, "%s: must belong to root, writable for nobody else", path);
    return ERROR_NONE;
}

static const struct bearer_plugin *table_of(GModule *module, const char *name, struct error *err)
{
    gpointer symbol = NULL;
    if (!g_module_symbol(module, "bearer_plugin", &symbol) || !symbol) {
        (void)error_set(err, ERROR_NOT_SUPPORTED, "%s: no symbol bearer_plugin", g_module_name(module));
        return NULL;
    }
    const struct bearer_plugin *p = symbol;
    if (p->abi != BEARER_PLUGIN_ABI || strcmp(p->name, name) != 0) {
        (void)error_set(err, ERROR_NOT_SUPPORTED, "%s: made for another version of agentd, or another plug-in", g_module_name(module));
        return NULL;
    }
    return p;
}

const struct bearer_plugin *bearer_plugin_load(const char *dir, const char *name, struct error *err)
{
    if (!text_is_name(name, "-", 32)) {
        (void)error_set(err, ERROR_INVALID, "no name of a plug-in: %.32s", name);
        return NULL;
    }
    g_autofree char *path = g_strdup_printf("%s/bearer-%s.so", dir, name);
    if (check_owner(dir, S_IFDIR, err) || check_owner(path, S_IFREG, err))
        return NULL;
    GModule *module = g_module_open(path, G_MODULE_BIND_LOCAL);
    if (!module) {
        (void)error_set(err, ERROR_NOT_SUPPORTED, "%s", g_module_error());
        return NULL;
    }
    const struct bearer_plugin *p = table_of(module, name, err);
    if (p)
        g_module_make_resident(module);
    else
        (void)g_module_close(module);
    return p;
}
