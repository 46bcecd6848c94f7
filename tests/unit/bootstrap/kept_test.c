/* SPDX-License-Identifier: Apache-2.0 */
/* What servers wrote, in a store that begins no transaction, for another one is open: that is told, nothing is half done, and the next start finds all there was.
 * And in one that works: what was answered with a success is found by a next start, however soon it comes. */
#include <glib.h>
#include <glib/gstdio.h>

#include "../lwm2m/package_host.h"
#include "../support/fake_loop.h"
#include "bootstrap/service/kept.h"
#include "lwm2m/interfaces.h"
#include "lwm2m/rights.h"

#define ACCOUNT_KEY "lwm2m/usim-101"

struct fixture {
    struct site site;
    struct service service;
    char *folder, *path;
};

static void open_store(struct fixture *f)
{
    struct error e = { 0 };
    g_assert_cmpint(store_open(f->path, &f->site.store, &e), ==, ERROR_NONE);
}

static void begin(struct fixture *f)
{
    struct error e = { 0 };
    g_assert_cmpint(store_begin(f->site.store, &e), ==, ERROR_NONE);
}

static void commit(struct fixture *f)
{
    struct error e = { 0 };
    g_assert_cmpint(store_commit(f->site.store, &e), ==, ERROR_NONE);
}

/* As after a start. */
static void start(struct fixture *f)
{
    tree_free(f->site.tree);
    lwm2m_servers_free(f->service.servers);
    f->site.tree = tree_new();
    f->service = (struct service){ .site = &f->site, .servers = lwm2m_servers_new() };
}

static void restart(struct fixture *f)
{
    store_close(f->site.store); /* what was open is undone */
    open_store(f);
    start(f);
}

static void set_up(struct fixture *f, gconstpointer data)
{
    (void)data;
    f->folder = g_dir_make_tmp("kept-XXXXXX", NULL);
    f->path = g_build_filename(f->folder, "state.db", NULL);
    open_store(f);
    start(f);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
    g_autofree char *journal = g_strconcat(f->path, "-journal", NULL);
    (void)data;
    store_close(f->site.store);
    tree_free(f->site.tree);
    lwm2m_servers_free(f->service.servers);
    (void)g_unlink(journal);
    g_assert_cmpint(g_unlink(f->path), ==, 0);
    g_assert_cmpint(g_rmdir(f->folder), ==, 0);
    g_free(f->path);
    g_free(f->folder);
}

static void expect_told(const struct fixture *f, bool told)
{
    const struct node *m = tree_manager(f->site.tree);
    g_assert_cmpstr(node_text(m, "LastError"), ==, told ? "StorageFailed" : "");
    g_assert_true(!told || g_str_has_prefix(node_text(m, "LastErrorText"), "state store: begin: "));
}

static const struct access_row row = { .used = true, .object = 3, .owner = 101, .count = 1, .acl = { { 102, ACCESS_READ } } };

static bool has_row(const struct fixture *f)
{
    static uint8_t octets[LWM2M_KEPT_MAX];
    static struct access_rights now;
    struct writer w = writer_make(octets, sizeof octets);
    lwm2m_servers_write(f->service.servers, &w);
    now = (struct access_rights){ .written = false };
    g_assert_true(lwm2m_rights_of(writer_slice(&w), &now));
    return now.at[0].used && now.at[0].owner == row.owner;
}

/* Of a bootstrap: in force all the same, and taken by the next start. */
static void test_rights_of_a_bootstrap(struct fixture *f, gconstpointer data)
{
    static struct access_rights rights = { .written = true };
    (void)data;
    rights.at[0] = row;
    begin(f);
    service_write_rights(&f->site, &rights);
    commit(f);
    begin(f);
    kept_take_rights(&f->service);
    expect_told(f, true);
    g_assert_true(has_row(f));
    for (unsigned starts = 0; starts < 2; starts++) { /* taken by the first, and kept from then on */
        restart(f);
        g_assert_false(has_row(f));
        kept_load(&f->service);
        expect_told(f, false);
        g_assert_true(has_row(f));
    }
}

/* What a server wrote now: kept when the store can. */
static void test_what_servers_wrote(struct fixture *f, gconstpointer data)
{
    static struct access_rights rights = { .written = true };
    (void)data;
    rights.at[0] = row;
    lwm2m_servers_set_rights(f->service.servers, &rights);
    begin(f);
    kept_save(&f->service);
    expect_told(f, true);
    g_assert_true(has_row(f));
    restart(f);
    kept_load(&f->service);
    g_assert_false(has_row(f));
    lwm2m_servers_set_rights(f->service.servers, &rights);
    kept_save(&f->service);
    expect_told(f, false);
    restart(f);
    kept_load(&f->service);
    g_assert_true(has_row(f));
}

static bool is_kept(struct fixture *f)
{
    uint8_t octets[8];
    size_t len;
    return store_octets_get(f->site.store, ACCOUNT_KEY, octets, sizeof octets, &len);
}

/* Of an account that has gone. */
static void test_what_is_void(struct fixture *f, gconstpointer data)
{
    (void)data;
    begin(f);
    store_octets_put(f->site.store, ACCOUNT_KEY, (struct slice){ (const uint8_t *)"values", 6 });
    commit(f);
    begin(f);
    kept_forget(&f->service, "usim-101");
    expect_told(f, true);
    restart(f);
    g_assert_true(is_kept(f));
    kept_forget(&f->service, "usim-101");
    expect_told(f, false);
    g_assert_false(is_kept(f));
}

/* ---- requests of two servers ---- */

static struct fake_loop fake; /* whose time stands still: what is stored later is not stored */

static void on_state(void *user, const struct lwm2m_status *status)
{
    (void)user;
    (void)status;
}

static void leave(struct fixture *f)
{
    for (size_t i = 0; i < 2; i++)
        lwm2m_client_free(f->service.entry[i].client);
}

static struct software *software; /* NULL: none */

/* Alone, as on trial. */
static struct entry *make(struct fixture *f, unsigned i)
{
    static const struct lwm2m_rules rules = { .nosec = true };
    struct lwm2m_device device = { .rules = &rules, .software = software };
    struct entry *e = &f->service.entry[i];
    struct lwm2m_account account = { .mode = LWM2M_NOSEC, .uri = "coap://192.0.2.1", .endpoint = "gw", .lifetime = 300, .short_server_id = (uint16_t)(101 + i) };
    struct error err = { 0 };
    *e = (struct entry){ .service = &f->service, .used = true };
    (void)g_snprintf(e->id, sizeof e->id, "usim-%u", 101 + i);
    e->client = lwm2m_client_new(&fake.loop, &account, NULL, &device, on_state, e, &err);
    g_assert_nonnull(e->client);
    return e;
}

static void join(struct fixture *f)
{
    fake_loop_init(&fake);
    f->site.loop = &fake.loop;
    kept_load(&f->service);
    for (unsigned i = 0; i < 2; i++)
        kept_join(make(f, i));
}

static void killed(struct fixture *f)
{
    leave(f);
    restart(f);
    join(f);
}

struct change {
    const char *name, *path, *query; /* path "acl": of the rights on /3/0 */
    enum coap_method method;
    int format;
    const char *payload;
    unsigned code;
};

static unsigned ask(struct fixture *f, const struct change *what)
{
    static uint8_t body[COAP_ANSWER_MAX];
    struct coap_request r = { .method = what->method, .accept = -1, .content_format = what->format, .observe = -1, .block1 = -1 };
    struct coap_answer a = { .content_format = -1, .observe = -1, .body = writer_make(body, sizeof body) };
    g_auto(GStrv) segments = g_strsplit(&what->path[1], "/", 0);
    for (; segments[r.segments]; r.segments++)
        r.segment[r.segments] = (struct slice){ (const uint8_t *)segments[r.segments], strlen(segments[r.segments]) };
    r.queries = what->query != NULL;
    if (what->query)
        r.query[0] = (struct slice){ (const uint8_t *)what->query, strlen(what->query) };
    r.payload = (struct slice){ (const uint8_t *)what->payload, what->payload ? strlen(what->payload) : 0 };
    device_management_serve(f->service.entry[0].client, &r, &a);
    return (unsigned)a.code;
}

static GBytes *in_force(const struct fixture *f)
{
    static uint8_t octets[3 * LWM2M_KEPT_MAX];
    struct writer w = writer_make(octets, sizeof octets);
    lwm2m_servers_write(f->service.servers, &w);
    for (size_t i = 0; i < 2; i++)
        lwm2m_client_write(f->service.entry[i].client, &w);
    g_assert_false(w.failed);
    return g_bytes_new(octets, w.len);
}

/* SQLite's file change counter: one more with each transaction that wrote. */
static unsigned transactions(const struct fixture *f)
{
    g_autofree char *octets = NULL;
    gsize len;
    g_assert_true(g_file_get_contents(f->path, &octets, &len, NULL));
    g_assert_cmpuint(len, >, 28);
    return GUINT32_FROM_BE(*(const guint32 *)(const void *)&octets[24]);
}

static const struct change portfolio = { "", "/16", NULL, METHOD_POST, CONTENT_SENML_JSON, "[{\"n\":\"/16/0/0/0\",\"vs\":\"host\"}]", CODE_CREATED };

static const struct change changes[] = {
    { "lifetime", "/1/0/1", NULL, METHOD_PUT, CONTENT_TEXT, "60", CODE_CHANGED },
    { "account", "/1/0", NULL, METHOD_PUT, CONTENT_SENML_JSON, "[{\"bn\":\"/1/0/\",\"n\":\"1\",\"v\":61},{\"n\":\"6\",\"vb\":false},{\"n\":\"7\",\"vs\":\"UQ\"}]", CODE_CHANGED },
    { "rights", "acl", NULL, METHOD_PUT, CONTENT_SENML_JSON, "[{\"n\":\"102\",\"v\":5}]", CODE_CHANGED },
    { "portfolio", "/16/0/0/0", NULL, METHOD_PUT, CONTENT_TEXT, "other", CODE_CHANGED },
    { "two-objects", "/", NULL, METHOD_IPATCH, CONTENT_SENML_JSON, "[{\"n\":\"/1/0/1\",\"v\":62},{\"n\":\"/16/0/0/1\",\"vs\":\"c\"}]", CODE_CHANGED },
    { "attributes", "/3/0", "pmin=5", METHOD_PUT, -1, NULL, CODE_CHANGED },
    { "create", "/16", NULL, METHOD_POST, CONTENT_SENML_JSON, "[{\"n\":\"/16/2/0/0\",\"vs\":\"second\"}]", CODE_CREATED },
    { "delete", "/16/0", NULL, METHOD_DELETE, -1, NULL, CODE_DELETED },
};

/* The instance of object 2 that is about /3/0, with its entries as they are to be written. */
static struct change with_row(const struct fixture *f, const struct change *what, char path[16], char payload[64])
{
    struct change out = *what;
    size_t at = 0;
    if (strcmp(what->path, "acl") != 0)
        return out;
    while (f->service.servers->access[at].object != 3)
        at++;
    (void)g_snprintf(path, 16, "/2/%zu/2", at);
    (void)g_snprintf(payload, 64, "[{\"n\":\"%s/102\",\"v\":5}]", path);
    out.path = path;
    out.payload = payload;
    return out;
}

static void test_answered(struct fixture *f, gconstpointer data)
{
    char path[16], payload[64];
    join(f);
    g_assert_cmpuint(ask(f, &portfolio), ==, CODE_CREATED);
    g_autoptr(GBytes) before = in_force(f);
    struct change what = with_row(f, data, path, payload);

    begin(f);
    g_assert_cmpuint(ask(f, &what), ==, CODE_INTERNAL);
    expect_told(f, true);
    g_autoptr(GBytes) refused = in_force(f);
    g_assert_true(g_bytes_equal(refused, before));
    killed(f);
    g_autoptr(GBytes) former = in_force(f);
    g_assert_true(g_bytes_equal(former, before));

    unsigned count = transactions(f);
    g_assert_cmpuint(ask(f, &what), ==, what.code);
    expect_told(f, false);
    g_assert_cmpuint(transactions(f), ==, count + 1); /* however many values it is */
    g_autoptr(GBytes) accepted = in_force(f);
    g_assert_false(g_bytes_equal(accepted, before));
    killed(f);
    g_autoptr(GBytes) found = in_force(f);
    g_assert_true(g_bytes_equal(found, accepted));
    leave(f);
}

/* A server that writes what is there wears no flash. */
static void test_again(struct fixture *f, gconstpointer data)
{
    (void)data;
    join(f);
    g_assert_cmpuint(ask(f, &changes[0]), ==, CODE_CHANGED);
    unsigned count = transactions(f);
    g_assert_cmpuint(ask(f, &changes[0]), ==, CODE_CHANGED);
    g_assert_cmpuint(transactions(f), ==, count);
    leave(f);
}

static void tell(void)
{
}

/* Of an object that has its instances elsewhere: none is left whose owner is not stored; one that is gone is gone, and what was said of it too. */
static void test_packages(struct fixture *f, gconstpointer data)
{
    static const struct change create = { "", "/9", NULL, METHOD_POST, CONTENT_TLV, NULL, CODE_CREATED };
    static const struct change remove = { "", "/9/0", NULL, METHOD_DELETE, -1, NULL, CODE_DELETED };
    static const struct change attach = { "", "/9/0", "pmin=5", METHOD_PUT, -1, NULL, CODE_CHANGED };
    uint16_t id;
    (void)data;
    fake_loop_init(&fake);
    software = package_host_new(&fake.loop, f->folder, tell);
    join(f);
    lwm2m_servers_hold(f->service.servers, false);
    g_autoptr(GBytes) before = in_force(f);
    begin(f);
    g_assert_cmpuint(ask(f, &create), ==, CODE_INTERNAL);
    g_assert_false(software_instance(software, 0, &id));
    commit(f);
    g_assert_cmpuint(ask(f, &create), ==, CODE_CREATED);
    g_assert_cmpuint(ask(f, &attach), ==, CODE_CHANGED);
    begin(f);
    g_assert_cmpuint(ask(f, &remove), ==, CODE_DELETED);
    commit(f);
    g_assert_false(software_instance(software, 0, &id));
    g_autoptr(GBytes) after = in_force(f);
    g_assert_true(g_bytes_equal(after, before));
    leave(f);
    software_free(software);
    software = NULL;
}

/* What no server wrote. */
static void test_by_itself(struct fixture *f, gconstpointer data)
{
    (void)data;
    join(f);
    fake_loop_run(&fake, 1000);
    size_t pending = fake_loop_pending(&fake);
    g_assert_true(places_put(&f->service.servers->profiles, 5, "usim-NAP1"));
    for (unsigned i = 0; i < 2; i++)
        f->service.servers->changed(f->service.servers->user);
    g_assert_cmpuint(fake_loop_pending(&fake), ==, pending + 1);
    unsigned count = transactions(f);
    fake_loop_run(&fake, 1000);
    g_assert_cmpuint(transactions(f), ==, count + 1);
    killed(f);
    g_assert_true(places_has(&f->service.servers->profiles, "usim-NAP1"));
    leave(f);
}

/* Of an account on trial: with its adoption. */
static void test_on_trial(struct fixture *f, gconstpointer data)
{
    (void)data;
    join(f);
    lwm2m_client_free(f->service.entry[0].client);
    struct entry *e = make(f, 0);
    g_assert_cmpuint(ask(f, &changes[0]), ==, CODE_CHANGED);
    g_assert_cmpuint(ask(f, &portfolio), ==, CODE_CREATED);
    kept_forget(&f->service, e->id);
    kept_join(e);
    killed(f);
    g_assert_cmpuint(e->client->server.lifetime, ==, 60);
    g_assert_true(f->service.servers->portfolio[0].used);
    leave(f);
}

/* What an object stores itself is one transaction with it. */
static void test_with_another(struct fixture *f, gconstpointer data)
{
    static struct access_rights rights = { .written = true };
    struct error e;
    (void)data;
    rights.at[0] = row;
    unsigned count = transactions(f);
    lwm2m_servers_set_rights(f->service.servers, &rights);
    begin(f);
    store_octets_put(f->site.store, ACCOUNT_KEY, (struct slice){ (const uint8_t *)"values", 6 });
    g_assert_cmpint(kept_commit(&f->service, &e), ==, ERROR_NONE);
    g_assert_cmpuint(transactions(f), ==, count + 1);
    g_assert_true(kept_save(&f->service));
    g_assert_cmpuint(transactions(f), ==, count + 1);
    restart(f);
    kept_load(&f->service);
    g_assert_true(has_row(f) && is_kept(f));
}

#define ADD(name, fn) g_test_add("/kept/" name, struct fixture, NULL, set_up, fn, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("rights", test_rights_of_a_bootstrap);
    ADD("written", test_what_servers_wrote);
    ADD("void", test_what_is_void);
    ADD("again", test_again);
    ADD("packages", test_packages);
    ADD("by-itself", test_by_itself);
    ADD("on-trial", test_on_trial);
    ADD("with-another", test_with_another);
    for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autofree char *name = g_strdup_printf("/kept/answered/%s", changes[i].name);
        g_test_add(name, struct fixture, &changes[i], set_up, test_answered, tear_down);
    }
    return g_test_run();
}
