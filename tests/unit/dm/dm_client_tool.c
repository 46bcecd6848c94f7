/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one DM session and prints what came of it, a line "key=value" each; for tests and for trying servers.
 *   dm_client_tool url=https://.. server-id=.. auth=basic|md5|hmac client-name=.. client-secret=.. client-nonce=BASE64 server-name=.. server-secret=..
 *     server-nonce=BASE64 given-nonce=BASE64 pin=HEX roots=FILE device-id=.. context=.. report=CODE result=N package=FILE delay=MS evidence=LEN trust-error=NAME
 *     address=IP dns=IP cancel=MS repeat=N
 * Exit status 0: the session ended well; 1: it failed; 2: it could not be started. */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/text.h"
#include "dm/dm.h"
#include "fake_trust.h"
#include "glue/loop_glib.h"

struct run {
    GMainLoop *main;
    struct loop loop;
    struct dm_account account;
    struct dm_session *session;
    int status;
};

static const char *arg(int argc, char **argv, const char *key, const char *fallback)
{
    size_t len = strlen(key);
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], key, len) == 0 && argv[i][len] == '=')
            return &argv[i][len + 1];
    return fallback;
}

static struct slice slice_of(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

static void print_octets(const char *key, const uint8_t *octets, size_t len)
{
    char hex[200];
    printf("%s=%s\n", key, text_hex(octets, len, hex));
}

static void on_done(void *user, const struct error *error, const struct dm_outcome *o)
{
    struct run *r = user;
    printf("error=%s\ntext=%s\n", error ? error_name(error->code) : "None", error ? error->text : "");
    printf("changed=%d\nmid-attempted=%d\nmid-result=%d\nmid=%s\n", o->credentials_changed, o->mid_attempted, (int)o->mid_result, o->mid.id);
    print_octets("client-nonce", o->account->client.nonce, o->account->client.nonce_len);
    print_octets("server-nonce", o->account->server.nonce, o->account->server.nonce_len);
    print_octets("given-nonce", o->account->given, o->account->given_len);
    printf("client-secret=%s\n", o->account->client.secret);
    for (size_t i = 0; i < o->lwm2ms; i++) {
        const struct lwm2m_account *a = &o->lwm2m[i];
        printf("lwm2m%zu=%s %u %s %s %u\n", i, a->uri, a->short_server_id, a->identity, a->endpoint, a->lifetime);
        print_octets("key", a->key, a->key_len);
    }
    r->account = *o->account;
    r->status = error ? 1 : 0;
    r->session = NULL;
    g_main_loop_quit(r->main);
}

static void on_cancel(void *user)
{
    struct run *r = user;
    dm_session_cancel(r->session);
    r->session = NULL;
    r->status = 3;
    g_main_loop_quit(r->main);
}

static void read_credential(struct dm_credential *c, const char *name, const char *secret, const char *nonce)
{
    (void)text_copy(c->name, sizeof c->name, name);
    (void)text_copy(c->secret, sizeof c->secret, secret);
    if (!text_base64_decode(slice_of(nonce), c->nonce, sizeof c->nonce, &c->nonce_len))
        exit(2);
}

static void read_account(struct dm_account *a, int argc, char **argv)
{
    const char *auth = arg(argc, argv, "auth", "md5"), *pin = arg(argc, argv, "pin", "");
    size_t len = 0;
    (void)text_copy(a->server_id, sizeof a->server_id, arg(argc, argv, "server-id", "com.example.dm"));
    (void)text_copy(a->uri, sizeof a->uri, arg(argc, argv, "url", ""));
    a->auth = strcmp(auth, "basic") == 0 ? DM_AUTH_BASIC : strcmp(auth, "hmac") == 0 ? DM_AUTH_HMAC : DM_AUTH_MD5;
    read_credential(&a->client, arg(argc, argv, "client-name", "client-user"), arg(argc, argv, "client-secret", "client-secret"),
                    arg(argc, argv, "client-nonce", "AAECAwQFBgcICQoLDA0ODw=="));
    read_credential(&a->server, arg(argc, argv, "server-name", ""), arg(argc, argv, "server-secret", "server-secret"),
                    arg(argc, argv, "server-nonce", "ICEiIyQlJicoKSorLC0uLw=="));
    if (!text_base64_decode(slice_of(arg(argc, argv, "given-nonce", "")), a->given, sizeof a->given, &a->given_len))
        a->given_len = 0;
    a->trust.has_pin = *pin && text_hex_decode(slice_of(pin), a->trust.pin, sizeof a->trust.pin, &len) && len == 32;
}

static void read_lease(struct lease *l, int argc, char **argv)
{
    l->bound = ip_address_parse(arg(argc, argv, "address", ""), &l->address[0]);
    l->addresses = l->bound;
    l->dns_count = ip_address_parse(arg(argc, argv, "dns", ""), &l->dns[0]);
}

static int run_one(struct run *r, struct https *https, struct trust *trust, const struct dm_job *job, const char *cancel)
{
    struct error err = { .code = ERROR_NONE };
    r->session = dm_session_start(&r->loop, https, trust, job, on_done, r, &err);
    if (!r->session) {
        printf("error=%s\ntext=%s\n", error_name(err.code), err.text);
        return 2;
    }
    if (*cancel)
        (void)loop_timer(&r->loop, (uint64_t)atoi(cancel), on_cancel, r);
    g_main_loop_run(r->main);
    return r->status;
}

int main(int argc, char **argv)
{
    static struct run r;
    static struct lease lease;
    const char *roots = arg(argc, argv, "roots", NULL), *report = arg(argc, argv, "report", NULL);
    char *pem = NULL;
    if (roots && !g_file_get_contents(roots, &pem, NULL, NULL))
        return 2;
    log_set(getenv("DM_DEBUG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING, LOG_TARGET_STDERR, "dm_client_tool");
    r.main = g_main_loop_new(NULL, FALSE);
    loop_glib_init(&r.loop);
    read_account(&r.account, argc, argv);
    read_lease(&lease, argc, argv);
    struct dm_device device = { .device_id = arg(argc, argv, "device-id", "urn:imei:490154203237518"), .manufacturer = "Example", .model = "GW1",
                                .serial = "1", .hardware_version = "1", .firmware_version = "1.0", .gateway_id = "gw-0001",
                                .network = arg(argc, argv, "network", "plmn=24008;access=lte;roaming=no") };
    struct fake_trust_setup setup = { .result = (enum mid_result)atoi(arg(argc, argv, "result", "0")),
                                      .error = error_from_name(arg(argc, argv, "trust-error", "None")),
                                      .delay_ms = (uint32_t)atoi(arg(argc, argv, "delay", "5")),
                                      .evidence_len = (size_t)atoi(arg(argc, argv, "evidence", "0")),
                                      .package_file = arg(argc, argv, "package", NULL) };
    struct trust *trust = fake_trust_new(&r.loop, &setup);
    struct https *https = https_new(&r.loop);
    int status = 0;
    for (int i = atoi(arg(argc, argv, "repeat", "1")); i > 0; i--) {
        struct dm_account account = r.account; /* with the nonces of the session before */
        struct dm_job job = { .account = &account, .context = arg(argc, argv, "context", "usim"), .device = &device, .lease = &lease, .roots_pem = pem,
                              .now = (uint64_t)time(NULL), .report = report != NULL, .report_code = report ? atoi(report) : 0 };
        status = run_one(&r, https, trust, &job, arg(argc, argv, "cancel", ""));
    }
    https_free(https);
    fake_trust_free(trust);
    loop_glib_done(&r.loop);
    g_main_loop_unref(r.main);
    g_free(pem);
    return status;
}
