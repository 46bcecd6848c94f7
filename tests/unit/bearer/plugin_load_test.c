/* SPDX-License-Identifier: Apache-2.0 */
/* What is loaded as a plug-in, and what is not. usage (root): plugin-load-test GOOD.so ODD.so */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bearer/plugin.h"

static unsigned failures;
static char *dir;

static void check(const char *what, bool good, const struct error *err)
{
    failures += !good;
    (void)printf("%s - %s%s%s\n", good ? "ok" : "not ok", what, good ? "" : ": ", good ? "" : err->text);
}

static void refuses(const char *what, const char *name, enum error_code wanted)
{
    struct error err = { 0 };
    check(what, !bearer_plugin_load(dir, name, &err) && err.code == wanted, &err);
}

static char *put(const char *from, const char *name)
{
    char *path = g_strdup_printf("%s/bearer-%s.so", dir, name), *data;
    gsize len;
    if (!g_file_get_contents(from, &data, &len, NULL) || !g_file_set_contents(path, data, (gssize)len, NULL))
        failures++;
    g_free(data);
    (void)chmod(path, 0644);
    return path;
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    dir = g_strdup("/tmp/plugins-XXXXXX");
    if (argc != 3 || geteuid() != 0 || !g_mkdtemp(dir) || chmod(dir, 0755) != 0)
        return 2;
    g_autofree char *odd = put(argv[2], "odd"), *other = put(argv[1], "other"), *good = put(argv[1], "modemmanager");
    refuses("a name that is not there", "uci", ERROR_NOT_FOUND);
    refuses("a name with a slash", "../odd", ERROR_INVALID);
    refuses("another ABI", "odd", ERROR_NOT_SUPPORTED);
    refuses("a table with another name", "other", ERROR_NOT_SUPPORTED);
    (void)chmod(good, 0664);
    refuses("a file that a group may write", "modemmanager", ERROR_DENIED);
    (void)chmod(good, 0644);
    (void)chmod(dir, 0777);
    refuses("a folder that others may write", "modemmanager", ERROR_DENIED);
    (void)chmod(dir, 0755);
    if (chown(good, 1, (gid_t)-1) == 0)
        refuses("a file of somebody else", "modemmanager", ERROR_DENIED);
    if (chown(good, 0, (gid_t)-1) != 0)
        failures++;
    const struct bearer_plugin *p = bearer_plugin_load(dir, "modemmanager", &err);
    check("the real one is taken", p && p->abi == BEARER_PLUGIN_ABI && strcmp(p->name, "modemmanager") == 0, &err);
    (void)g_unlink(odd);
    (void)g_unlink(other);
    (void)g_unlink(good);
    (void)g_rmdir(dir);
    g_free(dir);
    (void)printf("%u failed\n", failures);
    return failures != 0;
}
