/* SPDX-License-Identifier: Apache-2.0 */
/* What servers wrote, in a store that begins no transaction, for another one is open: that is told, nothing is half done, and the next start finds all there was. */
#include <glib.h>
#include <glib/gstdio.h>

#include "bootstrap/service/kept.h"
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

#define ADD(name, fn) g_test_add("/kept/" name, struct fixture, NULL, set_up, fn, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("rights", test_rights_of_a_bootstrap);
    ADD("written", test_what_servers_wrote);
    ADD("void", test_what_is_void);
    return g_test_run();
}
