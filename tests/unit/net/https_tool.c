/* SPDX-License-Identifier: Apache-2.0 */
/* One or more HTTPS requests from the command line, for tests; prints "key=value" lines.
 *   https_tool url=.. roots=FILE pin=HEX now=UNIX max=OCTETS timeout=MS address=IP[,IP] dns=IP[,IP] body=TEXT repeat=N drop=1 cancel=MS resolve=HOST
 *   proxy=HOST port=N login=open|basic|digest user=NAME password=TEXT */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "glue/loop_glib.h"
#include "net/https.h"

static GMainLoop *main_loop;
static struct loop loop;
static struct https *https;

static const char *arg(int argc, char **argv, const char *key, const char *fallback)
{
    size_t len = strlen(key);
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], key, len) == 0 && argv[i][len] == '=')
            return &argv[i][len + 1];
    return fallback;
}

static void on_done(void *user, const struct error *error, const struct https_response *r)
{
    (void)user;
    printf("error=%s\ntext=%s\n", error ? error_name(error->code) : "None", error ? error->text : "");
    if (r) {
        const char *header = r->header(r, "X-Test");
        printf("status=%ld\ntype=%s\nheader=%s\nlen=%zu\nbody=%.*s\n", r->status, r->content_type, header ? header : "(none)", r->body.len,
               (int)(r->body.len < 200 ? r->body.len : 200), r->body.len ? (const char *)r->body.data : "");
    }
    g_main_loop_quit(main_loop);
}

static void on_cancel(void *user)
{
    (void)user;
    https_cancel(https);
    printf("error=cancelled\n");
    g_main_loop_quit(main_loop);
}

static void on_resolved(void *user, enum error_code status, const char *text, const struct ip_address *addresses, size_t count)
{
    char address[64];
    (void)user;
    printf("error=%s\ntext=%s\n", error_name(status), text);
    for (size_t i = 0; i < count; i++)
        printf("address%zu=%s\n", i, ip_address_text(&addresses[i], false, address, sizeof address));
    g_main_loop_quit(main_loop);
}

static size_t read_addresses(const char *text, struct ip_address *out, size_t cap)
{
    char **parts = g_strsplit(text, ",", 0);
    size_t n = 0;
    for (size_t i = 0; parts[i] && *parts[i] && n < cap; i++)
        if (!ip_address_parse(parts[i], &out[n++]))
            exit(2);
    g_strfreev(parts);
    return n;
}

static struct http_proxy proxy_of(int argc, char **argv)
{
    const char *login = arg(argc, argv, "login", "open");
    struct http_proxy p = { .port = (uint16_t)atoi(arg(argc, argv, "port", "0")),
                            .login = *login == 'o' ? HTTP_PROXY_OPEN : *login == 'b' ? HTTP_PROXY_BASIC : HTTP_PROXY_DIGEST };
    (void)text_copy(p.host, sizeof p.host, arg(argc, argv, "proxy", ""));
    (void)text_copy(p.user, sizeof p.user, arg(argc, argv, "user", ""));
    (void)text_copy(p.password, sizeof p.password, arg(argc, argv, "password", ""));
    return p;
}

static void request_one(int argc, char **argv, const struct lease *lease, const char *pem)
{
    static const char *const headers[] = { "X-One: 1", NULL };
    const char *body = arg(argc, argv, "body", "hello"), *pin = arg(argc, argv, "pin", ""), *cancel = arg(argc, argv, "cancel", "");
    struct server_trust trust = { .has_pin = false };
    struct http_proxy proxy = proxy_of(argc, argv);
    size_t len = 0;
    trust.has_pin = *pin && text_hex_decode((struct slice){ (const uint8_t *)pin, strlen(pin) }, trust.pin, 32, &len) && len == 32;
    struct https_request request = { .url = arg(argc, argv, "url", ""), .content_type = "text/x-test", .headers = headers,
                                     .body = { (const uint8_t *)body, strlen(body) }, .roots_pem = pem, .trust = &trust, .proxy = &proxy, .lease = lease,
                                     .max_response = (size_t)atoi(arg(argc, argv, "max", "1000")),
                                     .timeout_ms = (uint32_t)atoi(arg(argc, argv, "timeout", "5000")),
                                     .now = strtoull(arg(argc, argv, "now", "0"), NULL, 10) };
    struct error err = { .code = ERROR_NONE };
    if (https_post(https, &request, on_done, NULL, &err)) {
        printf("error=%s\ntext=%s\nrefused=1\n", error_name(err.code), err.text);
        return;
    }
    if (https_post(https, &request, on_done, NULL, NULL) != ERROR_BUSY)
        printf("error=second request taken\n");
    if (*cancel)
        (void)loop_timer(&loop, (uint64_t)atoi(cancel), on_cancel, NULL);
    g_main_loop_run(main_loop);
}

int main(int argc, char **argv)
{
    const char *roots = arg(argc, argv, "roots", NULL), *host = arg(argc, argv, "resolve", NULL);
    struct lease lease = { .bound = false };
    char *pem = NULL;
    if (roots && !g_file_get_contents(roots, &pem, NULL, NULL))
        return 2;
    main_loop = g_main_loop_new(NULL, FALSE);
    loop_glib_init(&loop);
    https = https_new(&loop);
    lease.addresses = read_addresses(arg(argc, argv, "address", ""), lease.address, LEASE_ADDRESSES);
    lease.dns_count = read_addresses(arg(argc, argv, "dns", ""), lease.dns, LEASE_DNS);
    lease.bound = lease.addresses > 0;
    if (host) {
        struct resolve *gone = resolve_host(&loop, &lease, host, on_resolved, NULL);
        resolve_cancel(gone);
        (void)resolve_host(&loop, &lease, host, on_resolved, NULL);
        g_main_loop_run(main_loop);
    }
    for (int i = host ? 0 : atoi(arg(argc, argv, "repeat", "1")); i > 0; i--) {
        request_one(argc, argv, &lease, pem);
        if (*arg(argc, argv, "drop", ""))
            https_drop_connections(https);
    }
    https_free(https);
    loop_glib_done(&loop);
    g_main_loop_unref(main_loop);
    g_free(pem);
    return 0;
}
