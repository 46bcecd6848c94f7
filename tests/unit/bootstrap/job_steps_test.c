/* SPDX-License-Identifier: Apache-2.0 */
/* What a step of a job has time for, seen on a clock of ours; the session behind it is real and never answered. */
#include <glib.h>

#include "base/text.h"
#include "bootstrap/job/room.h"
#include "../support/fake_loop.h"

enum { HOLD_OFF_S = 3600, FD_IDS = 1 << 20 };

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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/job-steps/hold-off", test_hold_off_is_no_delay_of_ours);
    return g_test_run();
}
