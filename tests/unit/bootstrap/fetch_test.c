/* SPDX-License-Identifier: Apache-2.0 */
/* A download that begins before the accounts are open: what it waits for, for how long, what it takes then. No server is reached: what the end says shows who was to be asked,
 * and which way. */
#include <glib.h>
#include <string.h>

#include "base/text.h"
#include "bootstrap/service/fetch.h"
#include "../support/fake_loop.h"

enum { PATIENCE_MS = 180000, NO_OUTCOME = -1 };
#define SERVER "coaps://192.0.2.1:5684"

/* The accounts in service, as the test wants them. */
struct accounts {
    struct site_server server;
    bool known;
    unsigned asked;
};

struct fixture {
    struct fake_loop loop;
    struct site site;
    struct accounts accounts;
    struct fetch *fetch;
    struct download_source source;
    int outcome;
    unsigned outcomes;
};

static bool server_at(void *user, const char *uri, struct site_server *out)
{
    struct accounts *a = user;
    a->asked++;
    *out = g_str_has_prefix(uri, SERVER) ? a->server : (struct site_server){ NULL, NULL };
    return a->known;
}

static enum error_code on_octets(void *user, struct slice octets)
{
    (void)user, (void)octets;
    return ERROR_NONE;
}

static void on_outcome(void *user, enum download_result result)
{
    struct fixture *f = user;
    f->outcome = (int)result;
    f->outcomes++;
}

static void set_up(struct fixture *f, gconstpointer data)
{
    struct error e = { 0 };
    (void)data;
    fake_loop_init(&f->loop);
    f->site = (struct site){ .loop = &f->loop.loop, .tree = tree_new() };
    g_assert_cmpint(store_open(":memory:", &f->site.store, &e), ==, ERROR_NONE);
    f->fetch = fetch_new(&f->site, "test");
    f->source = fetch_source(f->fetch);
    f->outcome = NO_OUTCOME;
}

static void tear_down(struct fixture *f, gconstpointer data)
{
    (void)data;
    fetch_free(f->fetch);
    g_assert_cmpuint(fake_loop_pending(&f->loop), ==, 0);
    store_close(f->site.store);
    tree_free(f->site.tree);
}

/* The service comes after the objects that pull. */
static void serve(struct fixture *f)
{
    f->site.servers = (struct site_servers){ server_at, &f->accounts };
}

static enum download_result begin(struct fixture *f, const char *uri)
{
    return f->source.fetch(f->source.user, uri, on_octets, on_outcome, f);
}

static const char *why(const struct fixture *f)
{
    return node_text(tree_manager(f->site.tree), "LastErrorText");
}

static struct endpoint *account(void)
{
    struct lwm2m_account a = { .uri = SERVER, .identity = "gw", .key = { 1, 2, 3, 4 }, .key_len = 4 };
    struct error e = { 0 };
    struct endpoint *endpoint = endpoint_new(&a, NULL, &e);
    g_assert_nonnull(endpoint);
    return endpoint;
}

/* By its key, for there are no roots; over its bearer, for that has no address to reach it from. */
static void test_it_goes_on_when_the_account_is_open(struct fixture *f, gconstpointer data)
{
    static const struct lease bearer = { .bound = true };
    (void)data;
    g_assert_cmpint(begin(f, SERVER "/image"), ==, DOWNLOAD_WHOLE);
    fake_loop_run(&f->loop, 5000);
    serve(f);
    struct endpoint *endpoint = account();
    f->accounts.server.endpoint = endpoint;
    fake_loop_run(&f->loop, 5000);
    g_assert_cmpuint(f->accounts.asked, ==, 5);
    g_assert_cmpint(f->outcome, ==, NO_OUTCOME);
    f->accounts.server.lease = &bearer;
    f->accounts.known = true;
    fake_loop_run(&f->loop, 1000);
    endpoint_free(endpoint);
    g_assert_cmpuint(f->outcomes, ==, 1);
    g_assert_cmpint(f->outcome, ==, DOWNLOAD_LOST);
    g_assert_cmpstr(why(f), ==, "test download: 192.0.2.1: the bearer has no address of the server's family");
    fake_loop_run(&f->loop, 2 * PATIENCE_MS);
    g_assert_cmpuint(f->outcomes, ==, 1);
}

static void test_it_does_not_wait_when_all_are_open(struct fixture *f, gconstpointer data)
{
    (void)data;
    serve(f);
    f->accounts.known = true;
    g_assert_cmpint(begin(f, SERVER "/image"), ==, DOWNLOAD_UNSUPPORTED_PROTOCOL);
    g_assert_nonnull(strstr(why(f), "no factory roots"));
    g_assert_cmpuint(fake_loop_pending(&f->loop), ==, 0);
}

static void test_accounts_that_never_open_end_it(struct fixture *f, gconstpointer data)
{
    (void)data;
    serve(f);
    g_assert_cmpint(begin(f, SERVER "/image"), ==, DOWNLOAD_WHOLE);
    fake_loop_run(&f->loop, PATIENCE_MS - 1);
    g_assert_cmpint(f->outcome, ==, NO_OUTCOME);
    fake_loop_run(&f->loop, 1);
    g_assert_cmpint(f->outcome, ==, DOWNLOAD_UNSUPPORTED_PROTOCOL);
    g_assert_nonnull(strstr(why(f), "no factory roots"));
    fake_loop_run(&f->loop, 2 * PATIENCE_MS);
    g_assert_cmpuint(f->outcomes, ==, 1);
}

/* Not over another uplink. */
static void test_a_bearer_that_never_comes_ends_it(struct fixture *f, gconstpointer data)
{
    (void)data;
    serve(f);
    struct endpoint *endpoint = account();
    f->accounts.server.endpoint = endpoint;
    g_assert_cmpint(begin(f, SERVER "/image"), ==, DOWNLOAD_WHOLE);
    fake_loop_run(&f->loop, PATIENCE_MS);
    endpoint_free(endpoint);
    g_assert_cmpint(f->outcome, ==, DOWNLOAD_LOST);
    g_assert_cmpstr(why(f), ==, "test download: the bearer of the server's account is down");
}

static void test_it_is_cancelled_while_it_waits(struct fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(begin(f, SERVER "/image"), ==, DOWNLOAD_WHOLE);
    f->source.fetch_stop(f->source.user);
    g_assert_cmpuint(fake_loop_pending(&f->loop), ==, 0);
    g_assert_cmpint(begin(f, SERVER "/image"), ==, DOWNLOAD_WHOLE); /* and again: its own time */
    fake_loop_run(&f->loop, PATIENCE_MS);
    g_assert_cmpuint(f->outcomes, ==, 1);
    g_assert_cmpint(begin(f, SERVER "/image"), ==, DOWNLOAD_WHOLE); /* tear_down ends it */
}

static void test_what_is_no_download_is_refused_at_once(struct fixture *f, gconstpointer data)
{
    char text[DOWNLOAD_URI + 2];
    (void)data;
    g_assert_cmpint(begin(f, "ftp://192.0.2.1/image"), ==, DOWNLOAD_UNSUPPORTED_PROTOCOL);
    g_assert_cmpint(begin(f, "image"), ==, DOWNLOAD_INVALID_URI);
    memset(text, 'a', sizeof text);
    memcpy(text, SERVER "/", strlen(SERVER "/"));
    text[sizeof text - 1] = '\0';
    g_assert_cmpint(begin(f, text), ==, DOWNLOAD_INVALID_URI);
}

/* /5/0/8: 1 CoAPS, 3 HTTPS, 4 CoAP over TCP, 5 over TLS, 0 CoAP. */
static void test_protocols_are_those_that_the_rules_allow(struct fixture *f, gconstpointer data)
{
    static const struct {
        unsigned protocols;
        bool roots, nosec;
    } rows[] = {
        { 1u << 3, false, false },
        { 1u << 3 | 1u << 1 | 1u << 5, true, false },
        { 1u << 3 | 1u << 0 | 1u << 4, false, true },
        { 1u << 3 | 1u << 1 | 1u << 5 | 1u << 0 | 1u << 4, true, true },
    };
    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        f->site.factory.roots_pem = rows[i].roots ? (char *)"roots" : NULL;
        f->site.lwm2m_nosec = rows[i].nosec;
        g_assert_cmpuint(f->source.protocols(f->source.user), ==, rows[i].protocols);
    }
}

#define ADD(name, fn) g_test_add("/fetch/" name, struct fixture, NULL, set_up, fn, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("goes-on", test_it_goes_on_when_the_account_is_open);
    ADD("at-once", test_it_does_not_wait_when_all_are_open);
    ADD("never-open", test_accounts_that_never_open_end_it);
    ADD("never-leased", test_a_bearer_that_never_comes_ends_it);
    ADD("cancelled", test_it_is_cancelled_while_it_waits);
    ADD("refused", test_what_is_no_download_is_refused_at_once);
    ADD("protocols", test_protocols_are_those_that_the_rules_allow);
    return g_test_run();
}
