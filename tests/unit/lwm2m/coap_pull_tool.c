/* SPDX-License-Identifier: Apache-2.0 */
/* Pulls one file by CoAP. usage: coap_pull_tool URI ROOTS|- nosec|secure FILE. Prints the result (enum download_result), the octets and why. */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "glue/loop_glib.h"
#include "lwm2m/coap_pull.h"

static GMainLoop *main_loop;
static FILE *out;
static unsigned long octets;

static enum error_code on_octets(void *user, struct slice s)
{
    (void)user;
    octets += s.len;
    return fwrite(s.data, 1, s.len, out) == s.len ? ERROR_NONE : ERROR_NO_SPACE;
}

static void on_ended(void *user, enum download_result result, const struct error *error)
{
    (void)user;
    (void)printf("%d %lu %s\n", result, octets, result == DOWNLOAD_WHOLE ? "" : error->text);
    g_main_loop_quit(main_loop);
}

int main(int argc, char **argv)
{
    static const struct lease host;
    g_autofree char *roots = NULL;
    struct loop loop;
    struct error error = { 0 };
    enum download_result why;
    if (argc != 5 || !(out = fopen(argv[4], "w")))
        return 2;
    if (strcmp(argv[2], "-") != 0 && !g_file_get_contents(argv[2], &roots, NULL, NULL))
        return 2;
    setvbuf(out, NULL, _IONBF, 0);
    log_set(LOG_LEVEL_NOTICE, LOG_TARGET_STDERR, "coap_pull");
    loop_glib_init(&loop);
    main_loop = g_main_loop_new(NULL, FALSE);
    struct lwm2m_rules rules = { .nosec = strcmp(argv[3], "nosec") == 0, .roots_pem = roots };
    struct coap_pull_order order = { .uri = argv[1], .lease = &host, .rules = &rules, .sink = on_octets, .ended = on_ended };
    if (coap_pull_new(&loop, &order, &why, &error))
        g_main_loop_run(main_loop);
    else
        (void)printf("%d 0 %s\n", why, error.text);
    g_main_loop_unref(main_loop);
    loop_glib_done(&loop);
    return fclose(out) != 0;
}
