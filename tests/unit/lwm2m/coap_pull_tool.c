/* SPDX-License-Identifier: Apache-2.0 */
/* Pulls one file by CoAP. usage: coap_pull_tool URI ROOTS|- nosec|secure FILE [pin=HEX] [format=NUMBER] [post=TEXT] [timeout=MS] [now=SECONDS] [psk=IDENTITY:HEX]. Prints the result (enum
 * download_result), the octets, class and detail of the last answer, its Max-Age, and why. */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
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

static void on_ended(void *user, const struct coap_pull_end *end)
{
    (void)user;
    (void)printf("%d %lu %u.%02u %u %s\n", end->result, octets, end->code >> 5, end->code & 31, end->max_age, end->result == DOWNLOAD_WHOLE ? "" : end->error->text);
    g_main_loop_quit(main_loop);
}

static struct server_trust trust;

/* As the LwM2M server of that account. */
static const struct endpoint *account_of(const char *uri, const char *value)
{
    static struct lwm2m_account account;
    struct error e = { 0 };
    g_auto(GStrv) parts = g_strsplit(value, ":", 2);
    if (g_strv_length(parts) != 2 || !text_copy(account.uri, sizeof account.uri, uri) || !text_copy(account.identity, sizeof account.identity, parts[0]) ||
        !text_hex_decode((struct slice){ (const uint8_t *)parts[1], strlen(parts[1]) }, account.key, sizeof account.key, &account.key_len))
        return NULL;
    char *authority = strstr(account.uri, "://") + 3;
    authority[strcspn(authority, "/")] = '\0';
    return endpoint_new(&account, NULL, &e);
}

/* One "name=value". */
static bool take(struct coap_pull_order *order, const char *word)
{
    const char *value = strchr(word, '=');
    size_t len = 0;
    if (!value++)
        return false;
    if (g_str_has_prefix(word, "pin=")) {
        trust.has_pin = text_hex_decode((struct slice){ (const uint8_t *)value, strlen(value) }, trust.pin, sizeof trust.pin, &len);
        order->file.trust = &trust;
        return trust.has_pin && len == sizeof trust.pin;
    }
    if (g_str_has_prefix(word, "psk="))
        return (order->server = account_of(order->file.uri, value)) != NULL && endpoint_is_at(order->server, order->file.uri);
    if (g_str_has_prefix(word, "post="))
        order->post = (struct slice){ (const uint8_t *)value, strlen(value) };
    else if (g_str_has_prefix(word, "format="))
        order->format = g_ascii_strtoll(value, NULL, 10) + 1;
    else if (g_str_has_prefix(word, "timeout="))
        order->timeout_ms = (uint32_t)g_ascii_strtoull(value, NULL, 10);
    else if (g_str_has_prefix(word, "now="))
        order->file.now = g_ascii_strtoull(value, NULL, 10);
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    static const struct lease host;
    g_autofree char *roots = NULL;
    struct loop loop;
    struct error error = { 0 };
    enum download_result why;
    if (argc < 5 || !(out = fopen(argv[4], "w")))
        return 2;
    if (strcmp(argv[2], "-") != 0 && !g_file_get_contents(argv[2], &roots, NULL, NULL))
        return 2;
    setvbuf(out, NULL, _IONBF, 0);
    log_set(LOG_LEVEL_NOTICE, LOG_TARGET_STDERR, "coap_pull");
    loop_glib_init(&loop);
    main_loop = g_main_loop_new(NULL, FALSE);
    struct lwm2m_rules rules = { .nosec = strcmp(argv[3], "nosec") == 0, .roots_pem = roots };
    struct coap_pull_order order = { .file = { .uri = argv[1] }, .lease = &host, .rules = &rules, .sink = on_octets, .ended = on_ended };
    for (int i = 5; i < argc; i++)
        if (!take(&order, argv[i]))
            return 2;
    if (coap_pull_new(&loop, &order, &why, &error))
        g_main_loop_run(main_loop);
    else
        (void)printf("%d 0 0.00 0 %s\n", why, error.text);
    g_main_loop_unref(main_loop);
    loop_glib_done(&loop);
    return fclose(out) != 0;
}
