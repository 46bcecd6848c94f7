/* SPDX-License-Identifier: Apache-2.0 */
/* The firmware update without an agent around it: every arrow of its table, blocks that come wrong, storage that is full, and what a restart finds. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "../support/fake_loop.h"
#include "lwm2m/firmware.h"

static struct fake_loop loop;
static char *folder;
static char stored[FIRMWARE_TEXT];
static const char *version;
static bool can, takes;
static unsigned changes, installs, stops;
static char installed[64];
static size_t installed_len;
static enum download_result fetch_answer;
static download_sink_fn *sink;
static download_outcome_fn *fetched;
static firmware_outcome_fn *hook_ended;
static firmware_inspected_fn *inspected;
static unsigned inspections;
static bool tells; /* the hook can say what an image is */
static void *hook_user, *fetch_user;

static bool host_can(void *user)
{
    (void)user;
    return can;
}

static bool host_load(void *user, char *text, size_t cap)
{
    (void)user;
    return g_strlcpy(text, stored, cap) > 0;
}

static void host_save(void *user, const char *text)
{
    (void)user;
    g_strlcpy(stored, text, sizeof stored);
}

static bool host_install(void *user, int image, firmware_outcome_fn *outcome, void *outcome_user)
{
    (void)user;
    g_assert_nonnull(strstr(stored, "3 0 ")); /* the state is on the disk before the hook begins */
    ssize_t n = read(image, installed, sizeof installed);
    g_assert_cmpint(n, >=, 0);
    installed_len = (size_t)n;
    installs++;
    hook_ended = outcome;
    hook_user = outcome_user;
    return takes;
}

static bool host_inspect(void *user, int image, firmware_inspected_fn *outcome, void *outcome_user)
{
    (void)user;
    g_assert_cmpint(read(image, installed, 1), >=, 0);
    inspected = outcome;
    hook_user = outcome_user;
    inspections++;
    return tells;
}

static enum download_result host_fetch(void *user, const char *uri, download_sink_fn *to, download_outcome_fn *outcome, void *outcome_user)
{
    (void)user;
    g_assert_cmpstr(uri, ==, "https://x/y");
    sink = to;
    fetched = outcome;
    fetch_user = outcome_user;
    return fetch_answer;
}

static void host_fetch_stop(void *user)
{
    (void)user;
    stops++;
}

static uint64_t host_time(void *user)
{
    (void)user;
    return 1700000000 + loop.now / 1000;
}

static void host_changed(void *user)
{
    (void)user;
    changes++;
}

static const char *host_version(void *user)
{
    (void)user;
    return version;
}

static struct firmware *again(void)
{
    struct firmware_host host = { .folder = folder, .can = host_can, .load = host_load, .save = host_save, .install = host_install, .inspect = host_inspect,
                                  .time = host_time, .changed = host_changed, .version = host_version, .source = { .fetch = host_fetch, .fetch_stop = host_fetch_stop } };
    fake_loop_init(&loop);
    return firmware_new(&loop.loop, &host);
}

static struct firmware *fresh(void)
{
    stored[0] = '\0';
    version = "1";
    can = takes = true;
    tells = false;
    changes = installs = stops = inspections = 0;
    fetch_answer = DOWNLOAD_WHOLE;
    struct firmware *f = again();
    firmware_look(f, &(struct firmware_sight){ .boot = "b1" });
    return f;
}

static struct slice octets(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

static void expect(const struct firmware *f, enum firmware_state state, enum firmware_result result)
{
    g_assert_cmpint(firmware_state(f), ==, state);
    g_assert_cmpint(firmware_result(f), ==, result);
}

static void expect_installed(const char *text)
{
    g_assert_cmpuint(installed_len, ==, strlen(text));
    g_assert_true(memcmp(installed, text, installed_len) == 0);
}

static bool image_there(void)
{
    char *path = g_build_filename(folder, "firmware.image", NULL);
    bool there = g_file_test(path, G_FILE_TEST_EXISTS);
    g_free(path);
    return there;
}

static struct firmware *downloaded(void)
{
    struct firmware *f = fresh();
    firmware_write_package(f, octets("image"));
    expect(f, FIRMWARE_DOWNLOADED, RESULT_INITIAL);
    return f;
}

static struct firmware *updating(void)
{
    struct firmware *f = downloaded();
    g_assert_true(firmware_update(f));
    expect(f, FIRMWARE_UPDATING, RESULT_INITIAL);
    expect_installed("image");
    return f;
}

static void test_push(void)
{
    struct firmware *f = fresh();
    expect(f, FIRMWARE_IDLE, RESULT_INITIAL);
    g_assert_cmpuint(firmware_changed_at(f), ==, 0);
    g_assert_false(firmware_update(f));
    g_assert_false(firmware_cancel(f));
    firmware_write_package(f, octets("image"));
    expect(f, FIRMWARE_DOWNLOADED, RESULT_INITIAL);
    g_assert_cmpuint(firmware_changed_at(f), >=, 1700000000);
    g_assert_cmpuint(changes, >, 0);
    g_assert_false(firmware_may_write(f, octets("other")));
    g_assert_true(firmware_may_write(f, octets("")));
    g_assert_true(firmware_may_write(f, (struct slice){ (const uint8_t *)"\0", 1 }));
    g_assert_false(firmware_may_write(f, (struct slice){ (const uint8_t *)"\0\0", 2 }));
    firmware_write_package(f, (struct slice){ (const uint8_t *)"\0", 1 });
    expect(f, FIRMWARE_IDLE, RESULT_INITIAL);
    g_assert_false(image_there());
    firmware_write_package(f, octets("image"));
    g_assert_true(firmware_cancel(f));
    expect(f, FIRMWARE_IDLE, RESULT_CANCELLED);
    g_assert_false(image_there());
    firmware_free(f);
}

static enum coap_code give(struct firmware *f, uint64_t offset, const char *text, bool more)
{
    return firmware_write_block(f, &(struct download_block){ .offset = offset, .more = more, .octets = octets(text) });
}

static void test_blocks(void)
{
    struct firmware *f = fresh();
    g_assert_cmpuint(give(f, 16, "bbbbbbbbbbbbbbbb", true), ==, CODE_INCOMPLETE);
    g_assert_cmpuint(give(f, 0, "aaaaaaaaaaaaaaaa", true), ==, CODE_CONTINUE);
    expect(f, FIRMWARE_DOWNLOADING, RESULT_INITIAL);
    g_assert_cmpuint(give(f, 32, "c", false), ==, CODE_INCOMPLETE); /* one is missing */
    g_assert_cmpuint(give(f, 0, "AAAAAAAAAAAAAAAA", true), ==, CODE_CONTINUE); /* anew */
    g_assert_cmpuint(give(f, 16, "bbbbbbbbbbbbbbbb", true), ==, CODE_CONTINUE);
    g_assert_cmpuint(give(f, 16, "bbbbbbbbbbbbbbbb", true), ==, CODE_INCOMPLETE); /* twice */
    g_assert_cmpuint(give(f, 32, "c", false), ==, CODE_CHANGED);
    expect(f, FIRMWARE_DOWNLOADED, RESULT_INITIAL);
    g_assert_cmpuint(give(f, 0, "aaaaaaaaaaaaaaaa", true), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_true(firmware_update(f));
    expect_installed("AAAAAAAAAAAAAAAAbbbbbbbbbbbbbbbbc");
    g_assert_cmpuint(give(f, 0, "", false), ==, CODE_METHOD_NOT_ALLOWED);
    firmware_free(f);
    f = fresh();
    g_assert_cmpuint(give(f, 0, "aaaaaaaaaaaaaaaa", true), ==, CODE_CONTINUE);
    fake_loop_run(&loop, 246000);
    g_assert_cmpuint(give(f, 16, "bbbbbbbbbbbbbbbb", true), ==, CODE_CONTINUE);
    fake_loop_run(&loop, 246000);
    expect(f, FIRMWARE_DOWNLOADING, RESULT_INITIAL);
    fake_loop_run(&loop, 1000);
    expect(f, FIRMWARE_IDLE, RESULT_CONNECTION_LOST);
    g_assert_false(image_there());
    g_assert_cmpuint(give(f, 0, "one", false), ==, CODE_CHANGED);
    expect(f, FIRMWARE_DOWNLOADED, RESULT_INITIAL);
    g_assert_cmpuint(give(f, 0, "", false), ==, CODE_CHANGED);
    expect(f, FIRMWARE_IDLE, RESULT_INITIAL);
    g_assert_cmpuint(fake_loop_pending(&loop), ==, 0);
    firmware_free(f);
}

static void test_full(void)
{
    struct firmware *f = fresh();
    struct download_block b = { .expected = UINT64_MAX / 2, .more = true, .octets = octets("aaaaaaaaaaaaaaaa") };
    g_assert_cmpuint(firmware_write_block(f, &b), ==, CODE_TOO_LARGE);
    expect(f, FIRMWARE_IDLE, RESULT_NO_SPACE);
    firmware_free(f);
}

static void test_pull(void)
{
    struct firmware *f = fresh();
    firmware_write_uri(f, octets("https://x/y"));
    expect(f, FIRMWARE_DOWNLOADING, RESULT_INITIAL);
    g_assert_cmpuint(give(f, 0, "aaaaaaaaaaaaaaaa", true), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(give(f, 16, "aaaaaaaaaaaaaaaa", true), ==, CODE_INCOMPLETE);
    g_assert_cmpint(sink(fetch_user, octets("ima")), ==, ERROR_NONE);
    g_assert_cmpint(sink(fetch_user, octets("ge")), ==, ERROR_NONE);
    fetched(fetch_user, DOWNLOAD_WHOLE);
    expect(f, FIRMWARE_DOWNLOADED, RESULT_INITIAL);
    g_assert_cmpstr(firmware_uri(f), ==, "https://x/y");
    g_assert_true(firmware_update(f));
    expect_installed("image");
    firmware_free(f);
    f = fresh();
    firmware_write_uri(f, octets("https://x/y"));
    fetched(fetch_user, DOWNLOAD_LOST);
    expect(f, FIRMWARE_IDLE, RESULT_CONNECTION_LOST);
    g_assert_cmpstr(firmware_uri(f), ==, "");
    firmware_write_uri(f, octets("https://x/y"));
    g_assert_true(firmware_cancel(f));
    g_assert_cmpuint(stops, ==, 1);
    expect(f, FIRMWARE_IDLE, RESULT_CANCELLED);
    firmware_write_uri(f, octets("https://x/y"));
    firmware_write_uri(f, octets(""));
    g_assert_cmpuint(stops, ==, 2);
    expect(f, FIRMWARE_IDLE, RESULT_INITIAL);
    fetch_answer = DOWNLOAD_UNSUPPORTED_PROTOCOL;
    firmware_write_uri(f, octets("https://x/y"));
    expect(f, FIRMWARE_IDLE, RESULT_UNSUPPORTED_PROTOCOL);
    firmware_write_uri(f, octets("https://x/y z"));
    expect(f, FIRMWARE_IDLE, RESULT_INVALID_URI);
    firmware_free(f);
}

static void test_update(void)
{
    struct firmware *f = updating();
    g_assert_false(firmware_may_write(f, octets("")));
    g_assert_false(firmware_cancel(f));
    g_assert_false(firmware_update(f));
    firmware_look(f, &(struct firmware_sight){ .boot = "b1" }); /* the hook is asked, and may not have begun */
    expect(f, FIRMWARE_UPDATING, RESULT_INITIAL);
    g_assert_false(firmware_waits(f));
    hook_ended(hook_user, RESULT_FAILED);
    expect(f, FIRMWARE_DOWNLOADED, RESULT_FAILED);
    g_assert_true(firmware_update(f));
    hook_ended(hook_user, RESULT_INTEGRITY);
    expect(f, FIRMWARE_IDLE, RESULT_INTEGRITY);
    g_assert_false(image_there());
    firmware_free(f);
    f = updating();
    hook_ended(hook_user, RESULT_SUCCESS);
    fake_loop_run(&loop, 599000);
    expect(f, FIRMWARE_UPDATING, RESULT_INITIAL);
    fake_loop_run(&loop, 1000); /* no restart, the same version */
    expect(f, FIRMWARE_DOWNLOADED, RESULT_FAILED);
    firmware_free(f);
    f = updating();
    hook_ended(hook_user, RESULT_SUCCESS);
    version = "2";
    fake_loop_run(&loop, 600000);
    expect(f, FIRMWARE_IDLE, RESULT_SUCCESS);
    firmware_free(f);
    f = downloaded();
    takes = false;
    g_assert_true(firmware_update(f));
    expect(f, FIRMWARE_DOWNLOADED, RESULT_FAILED);
    firmware_free(f);
    f = updating();
    hook_ended(hook_user, RESULT_INITIAL); /* nobody knows: a look tells */
    expect(f, FIRMWARE_UPDATING, RESULT_INITIAL);
    g_assert_true(firmware_waits(f));
    firmware_look(f, &(struct firmware_sight){ .boot = "b1", .running = true });
    expect(f, FIRMWARE_UPDATING, RESULT_INITIAL);
    firmware_look(f, &(struct firmware_sight){ .boot = "b1", .ended = RESULT_UNSUPPORTED_TYPE });
    expect(f, FIRMWARE_IDLE, RESULT_UNSUPPORTED_TYPE);
    firmware_free(f);
}

/* The agent starts again in the state that `begin` made; `spoil` the image meanwhile. */
static struct firmware *restarted(struct firmware *(*begin)(void), bool spoil)
{
    firmware_free(begin());
    if (spoil) {
        char *path = g_build_filename(folder, "firmware.image", NULL);
        g_assert_true(g_file_set_contents(path, "imagf", 5, NULL));
        g_free(path);
    }
    return again();
}

static struct firmware *pushing(void)
{
    struct firmware *f = fresh();
    (void)give(f, 0, "aaaaaaaaaaaaaaaa", true);
    return f;
}

static struct firmware *pulling(void)
{
    struct firmware *f = fresh();
    firmware_write_uri(f, octets("https://x/y"));
    return f;
}

static void test_restart(void)
{
    struct firmware *f = restarted(downloaded, false);
    expect(f, FIRMWARE_DOWNLOADED, RESULT_INITIAL);
    g_assert_true(firmware_update(f));
    expect_installed("image");
    firmware_free(f);
    f = restarted(downloaded, true);
    expect(f, FIRMWARE_IDLE, RESULT_INTEGRITY);
    firmware_free(f);
    f = restarted(pushing, false);
    expect(f, FIRMWARE_IDLE, RESULT_CONNECTION_LOST);
    g_assert_false(image_there());
    firmware_free(f);
    f = restarted(pulling, false);
    expect(f, FIRMWARE_DOWNLOADING, RESULT_INITIAL);
    fetched(fetch_user, DOWNLOAD_WHOLE);
    expect(f, FIRMWARE_DOWNLOADED, RESULT_INITIAL);
    firmware_free(f);
    stored[0] = 'x';
    f = again();
    expect(f, FIRMWARE_IDLE, RESULT_INITIAL);
    firmware_free(f);
}

/* The machine starts again while the hook was at work. */
static void test_boot(void)
{
    struct firmware *f = restarted(updating, false);
    g_assert_true(firmware_waits(f));
    firmware_look(f, &(struct firmware_sight){ .boot = "b1", .running = true });
    expect(f, FIRMWARE_UPDATING, RESULT_INITIAL);
    version = "2"; /* written, not yet started */
    firmware_look(f, &(struct firmware_sight){ .boot = "b1", .ended = RESULT_SUCCESS });
    expect(f, FIRMWARE_UPDATING, RESULT_INITIAL);
    firmware_free(f);
    f = again();
    firmware_look(f, &(struct firmware_sight){ .boot = "b2" });
    expect(f, FIRMWARE_IDLE, RESULT_SUCCESS);
    g_assert_cmpuint(installs, ==, 1);
    firmware_free(f);
    f = again(); /* what was told stays told */
    expect(f, FIRMWARE_IDLE, RESULT_SUCCESS);
    firmware_free(f);
    f = restarted(updating, false);
    firmware_look(f, &(struct firmware_sight){ .boot = "b2" });
    expect(f, FIRMWARE_DOWNLOADED, RESULT_FAILED);
    firmware_free(f);
    f = restarted(updating, true);
    firmware_look(f, &(struct firmware_sight){ .boot = "b2" });
    expect(f, FIRMWARE_IDLE, RESULT_FAILED);
    firmware_free(f);
    f = restarted(updating, false);
    firmware_look(f, &(struct firmware_sight){ .boot = "b1" }); /* the hook never began */
    expect(f, FIRMWARE_DOWNLOADED, RESULT_FAILED);
    firmware_free(f);
}

static struct firmware *inspecting(void)
{
    struct firmware *f = fresh();
    tells = true;
    firmware_write_package(f, octets("image"));
    expect(f, FIRMWARE_DOWNLOADED, RESULT_INITIAL);
    return f;
}

static void expect_is(const struct firmware *f, const char *name, const char *package_version)
{
    g_assert_cmpstr(firmware_package_name(f), ==, name);
    g_assert_cmpstr(firmware_package_version(f), ==, package_version);
}

/* Who the image is, the hook tells. */
static void test_identity(void)
{
    struct firmware *f = inspecting();
    expect_is(f, "", "");
    unsigned before = changes;
    inspected(hook_user, RESULT_SUCCESS, "gateway-os 2.0");
    expect_is(f, "gateway-os", "2.0");
    g_assert_cmpuint(changes, >, before);
    firmware_free(f);
    f = again();
    expect_is(f, "gateway-os", "2.0");
    g_assert_cmpuint(inspections, ==, 1);
    firmware_write_package(f, octets(""));
    expect_is(f, "", "");
    firmware_free(f);
    f = restarted(inspecting, false); /* asked again */
    g_assert_cmpuint(inspections, ==, 2);
    inspected(hook_user, RESULT_SUCCESS, "two words more");
    expect_is(f, "", "");
    expect(f, FIRMWARE_DOWNLOADED, RESULT_INITIAL);
    firmware_free(f);
    static const struct {
        enum firmware_result result;
        enum firmware_state state;
    } rows[] = { { RESULT_INTEGRITY, FIRMWARE_IDLE }, { RESULT_UNSUPPORTED_TYPE, FIRMWARE_IDLE }, { RESULT_NO_SPACE, FIRMWARE_IDLE }, { RESULT_FAILED, FIRMWARE_DOWNLOADED },
                 { RESULT_INITIAL, FIRMWARE_DOWNLOADED } };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        f = inspecting();
        inspected(hook_user, rows[i].result, "x 1");
        expect(f, rows[i].state, rows[i].state == FIRMWARE_IDLE ? rows[i].result : RESULT_INITIAL);
        expect_is(f, "", "");
        firmware_free(f);
    }
    f = inspecting(); /* another image has come meanwhile */
    firmware_write_package(f, octets(""));
    firmware_write_package(f, octets("second"));
    g_assert_cmpuint(inspections, ==, 1);
    inspected(hook_user, RESULT_INTEGRITY, "");
    expect(f, FIRMWARE_DOWNLOADED, RESULT_INITIAL);
    g_assert_cmpuint(inspections, ==, 2);
    inspected(hook_user, RESULT_SUCCESS, "gateway-os 3");
    expect_is(f, "gateway-os", "3");
    firmware_free(f);
    f = inspecting(); /* it is being installed: the hook's own judgement counts */
    g_assert_true(firmware_update(f));
    inspected(f, RESULT_INTEGRITY, "");
    expect(f, FIRMWARE_UPDATING, RESULT_INITIAL);
    firmware_free(f);
}

static void test_present(void)
{
    struct firmware *f = downloaded();
    can = false;
    g_assert_true(firmware_present(f)); /* a server can end what it began */
    firmware_write_package(f, octets(""));
    g_assert_false(firmware_present(f));
    g_assert_false(firmware_present(NULL));
    firmware_free(f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("firmware-XXXXXX", NULL);
    g_test_add_func("/lwm2m/firmware/push", test_push);
    g_test_add_func("/lwm2m/firmware/blocks", test_blocks);
    g_test_add_func("/lwm2m/firmware/full", test_full);
    g_test_add_func("/lwm2m/firmware/pull", test_pull);
    g_test_add_func("/lwm2m/firmware/update", test_update);
    g_test_add_func("/lwm2m/firmware/restart", test_restart);
    g_test_add_func("/lwm2m/firmware/boot", test_boot);
    g_test_add_func("/lwm2m/firmware/identity", test_identity);
    g_test_add_func("/lwm2m/firmware/present", test_present);
    int failed = g_test_run();
    char *path = g_build_filename(folder, "firmware.image", NULL);
    (void)g_unlink(path);
    g_free(path);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    g_free(folder);
    return failed;
}
