/* SPDX-License-Identifier: Apache-2.0 */
/* What a step of a job has time for, and what an ended job leaves, seen on a clock of ours; the session behind it is real and never answered. */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "bootstrap/job/room.h"
#include "../support/fake_loop.h"

enum { HOLD_OFF_S = 3600, FD_IDS = 1 << 20, KEEP_MS = 60000, PIECES = 32768, PIECE = 512, MUCH_KIB = PIECES / 1024 * PIECE / 2 };

/* Descriptors have ids that no timer has; nobody reads them. */
static uint64_t add_deaf_fd(void *ctx, int fd, bool readable, bool writable, loop_fd_fn *fn, void *user)
{
    (void)ctx, (void)readable, (void)writable, (void)fn, (void)user;
    return FD_IDS + (uint64_t)fd;
}

static uint64_t due(const struct fake_loop *l, uint64_t id)
{
    for (size_t i = 0; id && i < FAKE_TIMERS; i++)
        if (l->timers[i].id == id)
            return l->timers[i].due;
    return 0;
}

static struct settings *bootstrap_server(void)
{
    struct settings *s = settings_new();
    g_assert_nonnull(s);
    struct lwm2m_account *a = &s->lwm2m[s->lwm2ms++];
    *a = (struct lwm2m_account){ .mode = LWM2M_PSK, .key_len = 16, .key_from = LWM2M_KEY_OWN, .hold_off = HOLD_OFF_S };
    (void)text_copy(a->uri, sizeof a->uri, "coaps://127.0.0.1:9");
    (void)text_copy(a->identity, sizeof a->identity, "gateway");
    return s;
}

/* LwM2M Core 1.1 clause 6.1.4, /0/x/11: the server may begin unasked for so long; EXECUTING has its own time after that. */
static void test_hold_off_is_no_delay_of_ours(void)
{
    struct fake_loop l;
    fake_loop_init(&l);
    l.loop.add_fd = add_deaf_fd;
    struct site site = { .loop = &l.loop };
    struct conductor c = { .site = &site, .step = JOB_EXECUTING, .briefing.mechanism = MECHANISM_LWM2M, .trigger.settings = bootstrap_server() };
    (void)text_copy(site.factory.gateway_id, sizeof site.factory.gateway_id, "GW-0001");
    uint64_t own = job_step_row(JOB_EXECUTING)->timeout_ms, begun = loop_now(&l.loop);
    c.state_timer = loop_timer(&l.loop, own, NULL, NULL);
    job_execute(&c);
    fake_loop_run(&l, 0);
    g_assert_nonnull(c.lwm2m);
    g_assert_cmpuint(due(&l, c.state_timer), ==, begun + own + HOLD_OFF_S * 1000);
    lwm2m_execution_cancel(c.lwm2m);
    g_assert_cmpuint(fake_loop_pending(&l), ==, 1);
    settings_free(c.trigger.settings);
}

static unsigned long anonymous_kib(void)
{
    char *text;
    unsigned long kib = 0;
    g_assert_true(g_file_get_contents("/proc/self/smaps_rollup", &text, NULL, NULL));
    g_assert_cmpint(sscanf(strstr(text, "\nAnonymous:"), "\nAnonymous: %lu", &kib), ==, 1);
    g_free(text);
    return kib;
}

/* Some megabytes that were needed and are free now, below something that is not. */
static void *need_much(void)
{
    static void *piece[PIECES];
    for (size_t i = 0; i < PIECES; i++)
        piece[i] = memset(malloc(PIECE), 1, PIECE);
    for (size_t i = 0; i + 1 < PIECES; i++)
        free(piece[i]);
    return piece[PIECES - 1];
}

/* The node of an ended job stays for a minute; then the system has the memory back. */
static void test_an_ended_job_leaves(void)
{
    struct fake_loop l;
    struct error e = { 0 };
    fake_loop_init(&l);
    struct site site = { .loop = &l.loop, .tree = tree_new() };
    g_assert_cmpint(store_open(":memory:", &site.store, &e), ==, ERROR_NONE);
    struct job_row row = { .id = 7, .context = "usim" };
    job_view_begin(&site, &row, "bootstrap", JOB_NEW);
    unsigned long before = anonymous_kib();
    void *above = need_much();
    job_view_end(&site, &row, JOB_REPORTED);
    fake_loop_run(&l, KEEP_MS - 1);
    g_assert_nonnull(tree_find(site.tree, TREE_JOB, "7"));
    g_assert_cmpuint(anonymous_kib(), >, before + MUCH_KIB);
    fake_loop_run(&l, 1);
    g_assert_null(tree_find(site.tree, TREE_JOB, "7"));
    g_assert_cmpuint(anonymous_kib(), <, before + MUCH_KIB);
    free(above);
    store_close(site.store);
    tree_free(site.tree);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/job-steps/hold-off", test_hold_off_is_no_delay_of_ours);
    g_test_add_func("/job-steps/leaves", test_an_ended_job_leaves);
    return g_test_run();
}
