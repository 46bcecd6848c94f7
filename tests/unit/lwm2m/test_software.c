/* SPDX-License-Identifier: Apache-2.0 */
/* The packages without an agent around them: every arrow of their table, hooks that fail, are busy or say nonsense, several packages at once, and what a restart
 * finds. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "../support/fake_loop.h"
#include "lwm2m/software.h"

enum { ORDERS = 16 };

static struct fake_loop loop;
static char *folder;
static char stored[SOFTWARE_MAX][SOFTWARE_TEXT];
static bool can, takes;
static unsigned changes, orders, fetches, stops;
static struct {
    enum software_work work;
    char name[65], version[65], file[64];
    software_outcome_fn *outcome;
    void *user;
} order[ORDERS];
static enum download_result fetch_answer;
static char fetch_uri[DOWNLOAD_URI + 1];
static download_sink_fn *sink;
static download_outcome_fn *fetched;
static void *fetch_user;

static bool host_can(void *user)
{
    (void)user;
    return can;
}

static bool host_load(void *user, unsigned place, char *text, size_t cap)
{
    (void)user;
    return g_strlcpy(text, stored[place], cap) > 0;
}

static bool unstorable;

static bool host_save(void *user, unsigned place, const char *text)
{
    (void)user;
    if (unstorable)
        return false;
    g_assert_cmpuint(g_strlcpy(stored[place], text, sizeof stored[place]), <, sizeof stored[place]);
    return true;
}

static bool host_order(void *user, const struct software_order *o, software_outcome_fn *outcome, void *outcome_user)
{
    (void)user;
    g_assert_cmpuint(orders, <, ORDERS);
    g_assert_true((o->file >= 0) == (o->work == SOFTWARE_INSPECT || o->work == SOFTWARE_INSTALL));
    memset(&order[orders], 0, sizeof order[orders]);
    order[orders].work = o->work;
    g_strlcpy(order[orders].name, o->name, sizeof order[orders].name);
    g_strlcpy(order[orders].version, o->version, sizeof order[orders].version);
    if (o->file >= 0)
        g_assert_cmpint(read(o->file, order[orders].file, sizeof order[orders].file - 1), >, 0);
    order[orders].outcome = outcome;
    order[orders].user = outcome_user;
    orders += takes;
    return takes;
}

static enum download_result host_fetch(void *user, const char *uri, download_sink_fn *to, download_outcome_fn *outcome, void *outcome_user)
{
    (void)user;
    g_strlcpy(fetch_uri, uri, sizeof fetch_uri);
    sink = to;
    fetched = outcome;
    fetch_user = outcome_user;
    fetches++;
    return fetch_answer;
}

static void host_fetch_stop(void *user)
{
    (void)user;
    stops++;
}

static void host_changed(void *user)
{
    (void)user;
    changes++;
}

static struct software *again(void)
{
    struct software_host host = { .folder = folder, .can = host_can, .load = host_load, .save = host_save, .order = host_order, .changed = host_changed,
                                  .source = { .fetch = host_fetch, .fetch_stop = host_fetch_stop } };
    fake_loop_init(&loop);
    orders = 0;
    return software_new(&loop.loop, &host);
}

static struct software *fresh(void)
{
    memset(stored, 0, sizeof stored);
    can = takes = true;
    changes = fetches = stops = 0;
    fetch_answer = DOWNLOAD_WHOLE;
    struct software *s = again();
    g_assert_true(software_create(s, 3));
    return s;
}

static struct slice octets(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

#define expect(s, id, state, result) expect_at(s, id, state, result, __LINE__)

static void expect_at(const struct software *s, uint16_t id, enum software_state state, enum software_result result, int line)
{
    if (software_state(s, id) != state || software_result(s, id) != result)
        g_error("line %d: state %d, result %d", line, software_state(s, id), software_result(s, id));
}

static void expect_is(const struct software *s, uint16_t id, const char *name, const char *version)
{
    g_assert_cmpstr(software_name(s, id), ==, name);
    g_assert_cmpstr(software_version(s, id), ==, version);
}

/* The last order was for this, and ends so. */
static void hook(enum software_work work, enum software_end end, const char *text)
{
    g_assert_cmpuint(orders, >, 0);
    g_assert_cmpint(order[orders - 1].work, ==, work);
    order[orders - 1].outcome(order[orders - 1].user, end, text);
}

static bool file_there(unsigned place)
{
    char name[16];
    g_snprintf(name, sizeof name, "package.%u", place);
    char *path = g_build_filename(folder, name, NULL);
    bool there = g_file_test(path, G_FILE_TEST_EXISTS);
    g_free(path);
    return there;
}

static struct software *inspecting(void)
{
    struct software *s = fresh();
    software_write_package(s, 3, octets("file"));
    expect(s, 3, SOFTWARE_DOWNLOADED, SOFTWARE_DOWNLOADING);
    g_assert_cmpstr(order[orders - 1].file, ==, "file");
    return s;
}

static struct software *delivered(void)
{
    struct software *s = inspecting();
    hook(SOFTWARE_INSPECT, SOFTWARE_DONE, "operator-a 1.0");
    expect(s, 3, SOFTWARE_DELIVERED, SOFTWARE_VERIFIED);
    return s;
}

static struct software *installing(void)
{
    struct software *s = delivered();
    g_assert_true(software_install(s, 3));
    expect(s, 3, SOFTWARE_DELIVERED, SOFTWARE_VERIFIED);
    return s;
}

static struct software *installed(void)
{
    struct software *s = installing();
    hook(SOFTWARE_INSTALL, SOFTWARE_DONE, "");
    expect(s, 3, SOFTWARE_INSTALLED, SOFTWARE_IN_PLACE);
    return s;
}

static struct software *switching(void)
{
    struct software *s = installed();
    g_assert_true(software_switch(s, 3, true));
    return s;
}

static struct software *removing(void)
{
    struct software *s = installed();
    g_assert_true(software_uninstall(s, 3, false));
    return s;
}

/* What the state does not allow. */
static void expect_refused(struct software *s, bool write, bool install, bool uninstall, bool update, bool activate)
{
    g_assert_true(software_may_write(s, 3) == write);
    g_assert_true(install || !software_install(s, 3));
    g_assert_true(uninstall || !software_uninstall(s, 3, false));
    g_assert_true(update || !software_uninstall(s, 3, true));
    g_assert_true(activate || (!software_switch(s, 3, true) && !software_switch(s, 3, false)));
}

static void test_install(void)
{
    struct software *s = fresh();
    expect(s, 3, SOFTWARE_INITIAL, SOFTWARE_NOTHING);
    expect_is(s, 3, "", "");
    expect_refused(s, true, false, false, false, false);
    software_write_package(s, 3, octets(""));
    expect(s, 3, SOFTWARE_INITIAL, SOFTWARE_NOTHING);
    software_free(s);
    s = inspecting();
    expect_refused(s, false, false, true, false, false);
    software_write_package(s, 3, octets("other"));
    hook(SOFTWARE_INSPECT, SOFTWARE_DONE, "operator-a 1.0");
    expect(s, 3, SOFTWARE_DELIVERED, SOFTWARE_VERIFIED);
    expect_is(s, 3, "operator-a", "1.0");
    expect_refused(s, false, true, true, false, false);
    g_assert_true(software_install(s, 3));
    expect(s, 3, SOFTWARE_DELIVERED, SOFTWARE_VERIFIED);
    expect_refused(s, false, false, false, false, false);
    g_assert_cmpstr(order[orders - 1].name, ==, "operator-a");
    g_assert_cmpstr(order[orders - 1].version, ==, "1.0");
    g_assert_cmpstr(order[orders - 1].file, ==, "file");
    hook(SOFTWARE_INSTALL, SOFTWARE_DONE, "");
    expect(s, 3, SOFTWARE_INSTALLED, SOFTWARE_IN_PLACE);
    expect_refused(s, false, false, true, true, true);
    g_assert_false(file_there(0));
    g_assert_cmpuint(changes, >, 3);
    software_free(s);
}

static void test_switch(void)
{
    struct software *s = switching();
    g_assert_false(software_active(s, 3));
    expect(s, 3, SOFTWARE_INSTALLED, SOFTWARE_IN_PLACE);
    expect_refused(s, false, false, false, false, false);
    g_assert_cmpstr(order[orders - 1].name, ==, "operator-a");
    hook(SOFTWARE_ACTIVATE, SOFTWARE_DONE, "");
    g_assert_true(software_active(s, 3));
    g_assert_true(software_switch(s, 3, false));
    g_assert_true(software_active(s, 3));
    hook(SOFTWARE_DEACTIVATE, SOFTWARE_FAILED, "no");
    g_assert_true(software_active(s, 3));
    expect(s, 3, SOFTWARE_INSTALLED, SOFTWARE_IN_PLACE);
    g_assert_true(software_switch(s, 3, false));
    hook(SOFTWARE_DEACTIVATE, SOFTWARE_DONE, "");
    g_assert_false(software_active(s, 3));
    software_free(s);
}

static void test_uninstall(void)
{
    struct software *s = removing();
    g_assert_false(software_delete(s, 3));
    expect(s, 3, SOFTWARE_INSTALLED, SOFTWARE_IN_PLACE);
    expect_refused(s, false, false, false, false, false);
    hook(SOFTWARE_REMOVE, SOFTWARE_FAILED, "in use");
    expect(s, 3, SOFTWARE_INSTALLED, SOFTWARE_NOT_REMOVED);
    g_assert_true(software_uninstall(s, 3, false));
    g_assert_cmpstr(order[orders - 1].name, ==, "operator-a");
    hook(SOFTWARE_REMOVE, SOFTWARE_DONE, "");
    expect(s, 3, SOFTWARE_INITIAL, SOFTWARE_NOTHING);
    expect_is(s, 3, "", "");
    g_assert_true(software_delete(s, 3));
    software_free(s);
    s = switching();
    hook(SOFTWARE_ACTIVATE, SOFTWARE_DONE, "");
    g_assert_true(software_uninstall(s, 3, false));
    hook(SOFTWARE_REMOVE, SOFTWARE_DONE, "");
    software_write_package(s, 3, octets("again"));
    hook(SOFTWARE_INSPECT, SOFTWARE_DONE, "operator-a 1.0");
    g_assert_true(software_install(s, 3));
    hook(SOFTWARE_INSTALL, SOFTWARE_DONE, "");
    g_assert_false(software_active(s, 3));
    software_free(s);
    s = delivered(); /* nothing is in place */
    unsigned before = orders;
    g_assert_true(software_uninstall(s, 3, false));
    expect(s, 3, SOFTWARE_INITIAL, SOFTWARE_NOTHING);
    g_assert_cmpuint(orders, ==, before);
    g_assert_false(file_there(0));
    software_free(s);
}

/* "ForUpdate": the old version stays until the new one is in its place. */
static void test_update(void)
{
    struct software *s = switching();
    hook(SOFTWARE_ACTIVATE, SOFTWARE_DONE, "");
    g_assert_true(software_uninstall(s, 3, true));
    expect(s, 3, SOFTWARE_INITIAL, SOFTWARE_NOTHING);
    expect_is(s, 3, "operator-a", "1.0");
    g_assert_false(software_active(s, 3)); /* as the state says */
    g_assert_false(software_delete(s, 3));
    software_write_package(s, 3, octets("new"));
    hook(SOFTWARE_INSPECT, SOFTWARE_DONE, "operator-b 2.0"); /* another one */
    expect(s, 3, SOFTWARE_INITIAL, SOFTWARE_DAMAGED);
    expect_is(s, 3, "operator-a", "1.0");
    software_write_package(s, 3, octets("new"));
    hook(SOFTWARE_INSPECT, SOFTWARE_DONE, "operator-a 2.0");
    expect_is(s, 3, "operator-a", "2.0");
    g_assert_true(software_install(s, 3));
    hook(SOFTWARE_INSTALL, SOFTWARE_DONE, "");
    expect(s, 3, SOFTWARE_INSTALLED, SOFTWARE_IN_PLACE);
    expect_is(s, 3, "operator-a", "2.0");
    g_assert_true(software_active(s, 3));
    g_assert_true(software_uninstall(s, 3, true));
    software_write_package(s, 3, octets("new"));
    hook(SOFTWARE_INSPECT, SOFTWARE_DONE, "operator-a 3.0");
    g_assert_true(software_uninstall(s, 3, false)); /* both go */
    expect_is(s, 3, "operator-a", "2.0");
    g_assert_false(file_there(0));
    hook(SOFTWARE_REMOVE, SOFTWARE_DONE, "");
    expect_is(s, 3, "", "");
    software_free(s);
    s = installed();
    g_assert_true(software_uninstall(s, 3, true));
    g_assert_true(software_uninstall(s, 3, false)); /* it does not come after all */
    hook(SOFTWARE_REMOVE, SOFTWARE_DONE, "");
    expect(s, 3, SOFTWARE_INITIAL, SOFTWARE_NOTHING);
    software_free(s);
}

static void test_inspection(void)
{
    static const struct {
        enum software_end end;
        const char *text;
        enum software_result result;
    } rows[] = {
        { SOFTWARE_BAD_FILE, "", SOFTWARE_DAMAGED },   { SOFTWARE_WRONG_KIND, "", SOFTWARE_WRONG_TYPE }, { SOFTWARE_NO_ROOM, "", SOFTWARE_NO_SPACE },
        { SOFTWARE_FAILED, "", SOFTWARE_DEVICE },      { SOFTWARE_DONE, "", SOFTWARE_DEVICE },           { SOFTWARE_DONE, "a b c", SOFTWARE_DEVICE },
        { SOFTWARE_DONE, "-a 1", SOFTWARE_DEVICE },    { SOFTWARE_DONE, "a -1", SOFTWARE_DEVICE },       { SOFTWARE_DONE, "a/b 1", SOFTWARE_DEVICE },
        { SOFTWARE_DONE, "a $(x)", SOFTWARE_DEVICE },
        { SOFTWARE_DONE, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1", SOFTWARE_DEVICE },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct software *s = inspecting();
        hook(SOFTWARE_INSPECT, rows[i].end, rows[i].text);
        expect(s, 3, SOFTWARE_INITIAL, rows[i].result);
        expect_is(s, 3, "", "");
        g_assert_false(file_there(0));
        software_free(s);
    }
    struct software *s = inspecting();
    hook(SOFTWARE_INSPECT, SOFTWARE_DONE, "operator-a");
    expect_is(s, 3, "operator-a", "");
    software_free(s);
    s = fresh();
    takes = false; /* the hook cannot even be asked */
    software_write_package(s, 3, octets("file"));
    expect(s, 3, SOFTWARE_INITIAL, SOFTWARE_DEVICE);
    software_free(s);
}

static void test_failed_install(void)
{
    struct software *s = installing();
    g_assert_false(software_delete(s, 3));
    g_assert_cmpstr(software_reason(s, 3), ==, "");
    hook(SOFTWARE_INSTALL, SOFTWARE_FAILED, "dpkg failed:\n\x80 no");
    expect(s, 3, SOFTWARE_DELIVERED, SOFTWARE_NOT_INSTALLED);
    g_assert_cmpstr(software_reason(s, 3), ==, "dpkg failed:?? no");
    software_free(s);
    s = again(); /* over a restart */
    g_assert_cmpstr(software_reason(s, 3), ==, "dpkg failed:?? no");
    expect(s, 3, SOFTWARE_DELIVERED, SOFTWARE_NOT_INSTALLED);
    g_assert_true(software_install(s, 3)); /* it may be tried again */
    hook(SOFTWARE_INSTALL, SOFTWARE_NO_ROOM, "");
    expect(s, 3, SOFTWARE_DELIVERED, SOFTWARE_NO_SPACE);
    g_assert_cmpstr(software_reason(s, 3), ==, "");
    g_assert_true(software_install(s, 3));
    hook(SOFTWARE_INSTALL, SOFTWARE_FAILED, "once more");
    g_assert_true(software_install(s, 3));
    hook(SOFTWARE_INSTALL, SOFTWARE_DONE, "");
    expect(s, 3, SOFTWARE_INSTALLED, SOFTWARE_IN_PLACE);
    g_assert_cmpstr(software_reason(s, 3), ==, "");
    software_free(s);
}

static void test_busy(void)
{
    struct software *s = installing();
    unsigned before = orders;
    hook(SOFTWARE_INSTALL, SOFTWARE_BUSY, "");
    expect(s, 3, SOFTWARE_DELIVERED, SOFTWARE_VERIFIED);
    fake_loop_run(&loop, 4999);
    g_assert_cmpuint(orders, ==, before);
    fake_loop_run(&loop, 1);
    g_assert_cmpuint(orders, ==, before + 1);
    for (unsigned i = 1; i < 8; i++) {
        hook(SOFTWARE_INSTALL, SOFTWARE_BUSY, "");
        expect(s, 3, SOFTWARE_DELIVERED, SOFTWARE_VERIFIED);
        fake_loop_run(&loop, 5000u << i);
    }
    hook(SOFTWARE_INSTALL, SOFTWARE_BUSY, ""); /* once too often */
    expect(s, 3, SOFTWARE_DELIVERED, SOFTWARE_NOT_INSTALLED);
    g_assert_cmpuint(fake_loop_pending(&loop), ==, 0);
    g_assert_true(software_install(s, 3)); /* with all its tries again */
    hook(SOFTWARE_INSTALL, SOFTWARE_BUSY, "");
    g_assert_cmpuint(fake_loop_pending(&loop), ==, 1);
    software_free(s);
}

/* What was inspected is dropped meanwhile, and another one comes. */
static void test_overtaken(void)
{
    struct software *s = inspecting();
    g_assert_true(software_uninstall(s, 3, false));
    software_write_package(s, 3, octets("second"));
    g_assert_cmpuint(orders, ==, 1); /* one at a time */
    hook(SOFTWARE_INSPECT, SOFTWARE_DONE, "operator-a 1.0");
    expect(s, 3, SOFTWARE_DOWNLOADED, SOFTWARE_DOWNLOADING);
    expect_is(s, 3, "", "");
    g_assert_cmpuint(orders, ==, 2);
    g_assert_cmpstr(order[1].file, ==, "second");
    hook(SOFTWARE_INSPECT, SOFTWARE_DONE, "operator-b 2.0");
    expect_is(s, 3, "operator-b", "2.0");
    software_free(s);
    s = inspecting();
    g_assert_true(software_delete(s, 3));
    g_assert_true(software_create(s, 4));
    hook(SOFTWARE_INSPECT, SOFTWARE_DONE, "operator-a 1.0");
    expect(s, 4, SOFTWARE_INITIAL, SOFTWARE_NOTHING);
    expect_is(s, 4, "", "");
    software_free(s);
}

static enum coap_code give(struct software *s, uint64_t offset, const char *text, bool more)
{
    return software_write_block(s, 3, &(struct download_block){ .offset = offset, .more = more, .octets = octets(text) });
}

static void test_blocks(void)
{
    struct software *s = fresh();
    g_assert_cmpuint(software_write_block(s, 4, &(struct download_block){ .octets = octets("x") }), ==, CODE_NOT_FOUND);
    g_assert_cmpuint(give(s, 16, "bbbbbbbbbbbbbbbb", true), ==, CODE_INCOMPLETE);
    g_assert_cmpuint(give(s, 0, "aaaaaaaaaaaaaaaa", true), ==, CODE_CONTINUE);
    expect(s, 3, SOFTWARE_DOWNLOAD_STARTED, SOFTWARE_DOWNLOADING);
    expect_refused(s, false, false, true, false, false);
    g_assert_true(software_uninstall(s, 3, false));
    expect(s, 3, SOFTWARE_INITIAL, SOFTWARE_NOTHING);
    g_assert_cmpuint(give(s, 16, "b", false), ==, CODE_INCOMPLETE); /* what was under way was dropped */
    g_assert_cmpuint(give(s, 0, "aaaaaaaaaaaaaaaa", true), ==, CODE_CONTINUE);
    g_assert_cmpuint(give(s, 32, "b", false), ==, CODE_INCOMPLETE); /* one is missing */
    fake_loop_run(&loop, 246000);
    g_assert_cmpuint(give(s, 0, "AAAAAAAAAAAAAAAA", true), ==, CODE_CONTINUE);
    fake_loop_run(&loop, 246000);
    g_assert_cmpuint(give(s, 16, "b", false), ==, CODE_CHANGED);
    expect(s, 3, SOFTWARE_DOWNLOADED, SOFTWARE_DOWNLOADING);
    g_assert_cmpstr(order[orders - 1].file, ==, "AAAAAAAAAAAAAAAAb");
    g_assert_cmpuint(give(s, 0, "x", false), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(give(s, 17, "x", false), ==, CODE_INCOMPLETE);
    software_free(s);
    s = fresh();
    g_assert_cmpuint(give(s, 0, "one", false), ==, CODE_CHANGED);
    g_assert_cmpstr(order[orders - 1].file, ==, "one");
    software_free(s);
    s = fresh();
    g_assert_cmpuint(give(s, 0, "aaaaaaaaaaaaaaaa", true), ==, CODE_CONTINUE);
    fake_loop_run(&loop, 247000);
    expect(s, 3, SOFTWARE_INITIAL, SOFTWARE_LOST);
    struct download_block full = { .expected = UINT64_MAX / 2, .more = true, .octets = octets("aaaaaaaaaaaaaaaa") };
    g_assert_cmpuint(software_write_block(s, 3, &full), ==, CODE_TOO_LARGE);
    expect(s, 3, SOFTWARE_INITIAL, SOFTWARE_NO_SPACE);
    software_free(s);
}

static void test_pull(void)
{
    struct software *s = fresh();
    software_write_uri(s, 3, octets(""));
    expect(s, 3, SOFTWARE_INITIAL, SOFTWARE_NOTHING);
    software_write_uri(s, 3, octets("https://x/3"));
    expect(s, 3, SOFTWARE_DOWNLOAD_STARTED, SOFTWARE_DOWNLOADING);
    g_assert_cmpuint(give(s, 0, "aaaaaaaaaaaaaaaa", true), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_true(software_create(s, 1));
    software_write_uri(s, 1, octets("https://x/1")); /* waits */
    g_assert_cmpuint(fetches, ==, 1);
    expect(s, 1, SOFTWARE_DOWNLOAD_STARTED, SOFTWARE_DOWNLOADING);
    g_assert_cmpuint(software_write_block(s, 1, &(struct download_block){ .octets = octets("x") }), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpint(sink(fetch_user, octets("fi")), ==, ERROR_NONE);
    g_assert_cmpint(sink(fetch_user, octets("le")), ==, ERROR_NONE);
    fetched(fetch_user, DOWNLOAD_WHOLE);
    expect(s, 3, SOFTWARE_DOWNLOADED, SOFTWARE_DOWNLOADING);
    g_assert_cmpstr(order[orders - 1].file, ==, "file");
    hook(SOFTWARE_INSPECT, SOFTWARE_DONE, "operator-a 1.0");
    g_assert_cmpstr(fetch_uri, ==, "https://x/1");
    g_assert_cmpint(sink(fetch_user, octets("file1")), ==, ERROR_NONE);
    fetched(fetch_user, DOWNLOAD_WHOLE);
    hook(SOFTWARE_INSPECT, SOFTWARE_DONE, "operator-a 2.0"); /* that one has an instance */
    expect(s, 1, SOFTWARE_INITIAL, SOFTWARE_DEVICE);
    software_write_uri(s, 1, octets("https://x/2"));
    g_assert_true(software_uninstall(s, 1, false)); /* not wanted any more */
    g_assert_cmpuint(stops, ==, 1);
    expect(s, 1, SOFTWARE_INITIAL, SOFTWARE_NOTHING);
    software_free(s);
    static const struct {
        enum download_result download;
        enum software_result result;
    } rows[] = {
        { DOWNLOAD_NO_SPACE, SOFTWARE_NO_SPACE }, { DOWNLOAD_NO_MEMORY, SOFTWARE_NO_MEMORY }, { DOWNLOAD_LOST, SOFTWARE_LOST }, { DOWNLOAD_INVALID_URI, SOFTWARE_INVALID_URI },
        { DOWNLOAD_UNSUPPORTED_PROTOCOL, SOFTWARE_INVALID_URI },
    };
    s = fresh();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        software_write_uri(s, 3, octets("https://x/3"));
        fetched(fetch_user, rows[i].download);
        expect(s, 3, SOFTWARE_INITIAL, rows[i].result);
        fetch_answer = rows[i].download;
        software_write_uri(s, 3, octets("https://x/3"));
        expect(s, 3, SOFTWARE_INITIAL, rows[i].result);
        fetch_answer = DOWNLOAD_WHOLE;
    }
    software_write_uri(s, 3, octets("https://x/y z"));
    expect(s, 3, SOFTWARE_INITIAL, SOFTWARE_INVALID_URI);
    software_free(s);
    s = fresh(); /* the one that is pulled is not wanted any more, or deleted: the next begins */
    g_assert_true(software_create(s, 1) && software_create(s, 2));
    software_write_uri(s, 1, octets("https://x/1"));
    software_write_uri(s, 2, octets("https://x/2"));
    g_assert_true(software_uninstall(s, 1, false));
    g_assert_cmpstr(fetch_uri, ==, "https://x/2");
    fetched(fetch_user, DOWNLOAD_LOST);
    software_write_uri(s, 3, octets("https://x/3"));
    software_write_uri(s, 1, octets("https://x/1"));
    g_assert_true(software_delete(s, 3));
    g_assert_cmpstr(fetch_uri, ==, "https://x/1");
    software_free(s);
}

static void test_instances(void)
{
    uint16_t id;
    struct software *s = fresh();
    g_assert_true(software_create(s, 60000) && software_create(s, 0));
    static const uint16_t wanted[] = { 0, 3, 60000 };
    for (size_t i = 0; i < 3; i++)
        g_assert_true(software_instance(s, i, &id) && id == wanted[i]);
    g_assert_false(software_instance(s, 3, &id));
    for (uint16_t i = 10; i < 15; i++)
        g_assert_true(software_create(s, i));
    g_assert_false(software_create(s, 20));
    g_assert_true(software_delete(s, 60000));
    g_assert_true(software_create(s, 20));
    g_assert_true(software_present(s));
    can = false;
    g_assert_true(software_present(s)); /* a server can end what it began */
    g_assert_false(software_present(NULL));
    software_free(s);
    memset(stored, 0, sizeof stored);
    s = again();
    g_assert_false(software_present(s));
    can = true;
    g_assert_true(software_present(s));
    software_free(s);
}

/* What cannot be stored is not done; what is stored as gone leaves no file, however soon the agent ends. */
static void test_unstorable(void)
{
    uint16_t id;
    struct software *s = delivered();
    unstorable = true;
    g_assert_false(software_create(s, 4));
    g_assert_false(software_delete(s, 3));
    expect(s, 3, SOFTWARE_DELIVERED, SOFTWARE_VERIFIED);
    g_assert_true(file_there(0));
    unstorable = false;
    g_assert_false(software_instance(s, 1, &id));
    g_assert_true(software_create(s, 4));
    software_free(s);
    memset(stored, 0, sizeof stored);
    s = again();
    g_assert_false(file_there(0));
    software_free(s);
}

/* The agent starts again in the state that `begin` made; `spoil` the file meanwhile. */
static struct software *restarted(struct software *(*begin)(void), bool spoil)
{
    software_free(begin());
    if (spoil) {
        char *path = g_build_filename(folder, "package.0", NULL);
        g_assert_true(g_file_set_contents(path, "fil3", 4, NULL));
        g_free(path);
    }
    return again();
}

static struct software *pushing(void)
{
    struct software *s = fresh();
    (void)give(s, 0, "aaaaaaaaaaaaaaaa", true);
    return s;
}

static struct software *pulling(void)
{
    struct software *s = fresh();
    software_write_uri(s, 3, octets("https://x/3"));
    return s;
}

static void test_restart(void)
{
    struct software *s = restarted(delivered, false);
    expect(s, 3, SOFTWARE_DELIVERED, SOFTWARE_VERIFIED);
    expect_is(s, 3, "operator-a", "1.0");
    g_assert_cmpuint(orders, ==, 0);
    software_free(s);
    s = restarted(inspecting, false); /* asked again */
    hook(SOFTWARE_INSPECT, SOFTWARE_DONE, "operator-a 1.0");
    expect(s, 3, SOFTWARE_DELIVERED, SOFTWARE_VERIFIED);
    software_free(s);
    s = restarted(installing, false);
    g_assert_cmpstr(order[0].file, ==, "file");
    hook(SOFTWARE_INSTALL, SOFTWARE_DONE, "");
    expect(s, 3, SOFTWARE_INSTALLED, SOFTWARE_IN_PLACE);
    software_free(s);
    s = restarted(switching, false);
    hook(SOFTWARE_ACTIVATE, SOFTWARE_DONE, "");
    g_assert_true(software_active(s, 3));
    software_free(s);
    s = again();
    g_assert_true(software_active(s, 3));
    expect_is(s, 3, "operator-a", "1.0");
    g_assert_cmpuint(orders, ==, 0);
    software_free(s);
    s = restarted(removing, false);
    g_assert_cmpstr(order[0].name, ==, "operator-a");
    hook(SOFTWARE_REMOVE, SOFTWARE_DONE, "");
    expect(s, 3, SOFTWARE_INITIAL, SOFTWARE_NOTHING);
    software_free(s);
    struct software *(*const with_file[])(void) = { inspecting, delivered, installing };
    for (size_t i = 0; i < G_N_ELEMENTS(with_file); i++) {
        s = restarted(with_file[i], true);
        expect(s, 3, SOFTWARE_INITIAL, SOFTWARE_DAMAGED);
        g_assert_cmpuint(orders, ==, 0);
        software_free(s);
    }
    s = restarted(pushing, false);
    expect(s, 3, SOFTWARE_INITIAL, SOFTWARE_LOST);
    g_assert_false(file_there(0));
    software_free(s);
    s = restarted(pulling, false);
    expect(s, 3, SOFTWARE_DOWNLOAD_STARTED, SOFTWARE_DOWNLOADING);
    g_assert_cmpuint(fetches, ==, 2);
    g_assert_cmpstr(fetch_uri, ==, "https://x/3");
    g_assert_cmpint(sink(fetch_user, octets("file")), ==, ERROR_NONE);
    fetched(fetch_user, DOWNLOAD_WHOLE);
    software_free(s);
    s = again();
    expect(s, 3, SOFTWARE_DOWNLOADED, SOFTWARE_DOWNLOADING);
    software_free(s);
    g_strlcpy(stored[0], "x", sizeof stored[0]);
    s = again();
    uint16_t id;
    g_assert_false(software_instance(s, 0, &id));
    software_free(s);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("software-XXXXXX", NULL);
    g_test_add_func("/lwm2m/software/install", test_install);
    g_test_add_func("/lwm2m/software/switch", test_switch);
    g_test_add_func("/lwm2m/software/uninstall", test_uninstall);
    g_test_add_func("/lwm2m/software/update", test_update);
    g_test_add_func("/lwm2m/software/inspection", test_inspection);
    g_test_add_func("/lwm2m/software/failed-install", test_failed_install);
    g_test_add_func("/lwm2m/software/busy", test_busy);
    g_test_add_func("/lwm2m/software/overtaken", test_overtaken);
    g_test_add_func("/lwm2m/software/blocks", test_blocks);
    g_test_add_func("/lwm2m/software/pull", test_pull);
    g_test_add_func("/lwm2m/software/instances", test_instances);
    g_test_add_func("/lwm2m/software/unstorable", test_unstorable);
    g_test_add_func("/lwm2m/software/restart", test_restart);
    int failed = g_test_run();
    for (unsigned i = 0; i < SOFTWARE_MAX; i++) {
        char name[16];
        g_snprintf(name, sizeof name, "package.%u", i);
        char *path = g_build_filename(folder, name, NULL);
        (void)g_unlink(path);
        g_free(path);
    }
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    g_free(folder);
    return failed;
}
