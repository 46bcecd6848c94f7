/* SPDX-License-Identifier: Apache-2.0 */
/* The job table: the way of a good job, the way out of every state, and nothing else. */
#include <glib.h>

#include "bootstrap/delay.h"
#include "bootstrap/job/table.h"
#include "bootstrap/service/fallback.h"

static const enum job_event good_way[] = { JOB_ACCEPTED, JOB_GO, JOB_LEASED, JOB_BRIEFED, JOB_EXECUTED, JOB_STAGED_ALL, JOB_PROVED, JOB_REPORT_TAKEN };
static const enum job_step good_steps[] = { JOB_NEW, JOB_AUTHORISED, JOB_CONNECTING, JOB_BRIEFING, JOB_EXECUTING, JOB_STAGED, JOB_PROVING,
                                            JOB_COMMITTED, JOB_REPORTED };

static void test_good_way(void)
{
    enum job_step step = JOB_NEW;
    for (size_t i = 0; i < G_N_ELEMENTS(good_way); i++) {
        g_assert_true(job_next(step, good_way[i], &step));
        g_assert_cmpint(step, ==, good_steps[i + 1]);
        g_assert_cmpint(job_step_row(step)->progress, >, job_step_row(good_steps[i])->progress);
    }
    g_assert_true(job_step_is_final(step));
}

/* Before COMMITTED a failure, a cancel and a time-out roll back; from COMMITTED on nothing does. */
static void test_way_out(void)
{
    static const enum job_event bad[] = { JOB_ERROR, JOB_CANCELLED, JOB_TIMEOUT };
    for (int s = 0; s < JOB_STEPS; s++)
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
            enum job_step to;
            bool arrow = job_next((enum job_step)s, bad[i], &to);
            if (s < JOB_COMMITTED) {
                g_assert_true(arrow);
                g_assert_cmpint(to, ==, JOB_ROLLING_BACK);
            } else if (s == JOB_ROLLING_BACK && bad[i] != JOB_CANCELLED) {
                g_assert_true(arrow);
                g_assert_cmpint(to, ==, JOB_FAILED);
            } else {
                g_assert_false(arrow);
            }
        }
}

static void test_no_other_arrow(void)
{
    size_t arrows = 0;
    for (int s = 0; s < JOB_STEPS; s++)
        for (int e = 0; e < JOB_EVENTS; e++) {
            enum job_step to;
            arrows += job_next((enum job_step)s, (enum job_event)e, &to);
        }
    g_assert_cmpuint(arrows, ==, G_N_ELEMENTS(good_way) + 3 * 7 /* out of seven states */ + 3 /* end of a roll-back */);
    g_assert_true(job_step_is_final(JOB_FAILED));
    g_assert_false(job_step_is_final(JOB_COMMITTED));
}

static void test_names(void)
{
    for (int s = 0; s < JOB_STEPS; s++) {
        enum job_step back;
        g_assert_true(job_step_from_name(job_step_row((enum job_step)s)->name, &back));
        g_assert_cmpint((int)back, ==, s);
    }
    enum job_step step;
    g_assert_false(job_step_from_name("DONE", &step));
    for (int e = 0; e < JOB_EVENTS; e++)
        g_assert_nonnull(job_event_name((enum job_event)e));
}

/* Every state that waits for something has a time limit. */
static void test_limits(void)
{
    for (int s = 0; s < JOB_COMMITTED; s++)
        g_assert_cmpuint(job_step_row((enum job_step)s)->timeout_ms, >, 0);
    g_assert_cmpuint(job_step_row(JOB_ROLLING_BACK)->timeout_ms, >, 0);
}

/* Bootstrap on registration failure: once at once, then 15, 30 .. minutes apart, a day at most; a day of peace forgets. */
static struct fallback_time after(struct fallback_time t, uint64_t ms)
{
    t.loop_ms += ms;
    return t;
}

static void test_fallback(void)
{
    struct fallback f = { 0 };
    struct fallback_time now = { 5, 0 };
    uint64_t wait = FALLBACK_FIRST_MS;
    g_assert_cmpuint(fallback_left(&f, now), ==, 0);
    for (int i = 0; i < 12; i++) {
        fallback_asked(&f, now);
        g_assert_cmpuint(fallback_left(&f, now), ==, wait);
        g_assert_cmpuint(fallback_left(&f, after(now, wait - 1)), ==, 1);
        now = after(now, wait);
        g_assert_cmpuint(fallback_left(&f, now), ==, 0);
        wait = 2 * wait < FALLBACK_LIMIT_MS ? 2 * wait : FALLBACK_LIMIT_MS;
    }
    fallback_asked(&f, after(now, FALLBACK_LIMIT_MS + 1));
    g_assert_cmpuint(fallback_left(&f, after(now, FALLBACK_LIMIT_MS + 1)), ==, FALLBACK_FIRST_MS);
}

/* Over a restart by the wall clock, if it is to be believed; else the wait begins again, and never is there less of it. */
static void test_fallback_kept(void)
{
    struct fallback f = { 0 }, again;
    char text[FALLBACK_TEXT];
    const uint64_t day = 1800000000, begun = 77;
    fallback_asked(&f, (struct fallback_time){ 1000, day });
    fallback_asked(&f, (struct fallback_time){ 2000, day });
    fallback_put(&f, text);
    static const struct {
        uint64_t loop_ms, wall, left;
    } rows[] = {
        { 77, 1800000000, 1800000 },     { 77, 1800000000 + 800, 1000000 },  { 77, 1800000000 + 1800, 0 },   { 77, 0, 1800000 },
        { 77 + 1000, 0, 1799000 },       { 77, 1700000000, 1800000 },        { 77 + 1800000, 0, 0 },         { 77 + 5000, 1800000000 + 2, 1795000 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_true(fallback_get(&again, text, begun));
        g_assert_cmpuint(fallback_left(&again, (struct fallback_time){ rows[i].loop_ms, rows[i].wall }), ==, rows[i].left);
    }
    fallback_asked(&again, (struct fallback_time){ begun, day + FALLBACK_LIMIT_MS / 1000 });
    g_assert_cmpuint(again.wait_ms, ==, 4 * FALLBACK_FIRST_MS);
    g_assert_true(fallback_get(&again, text, begun));
    fallback_asked(&again, (struct fallback_time){ begun, day + FALLBACK_LIMIT_MS / 1000 + 1 }); /* a day without asking */
    g_assert_cmpuint(again.wait_ms, ==, FALLBACK_FIRST_MS);
    fallback_asked(&f, (struct fallback_time){ 3000, 0 }); /* in 1970 */
    fallback_put(&f, text);
    g_assert_true(fallback_get(&again, text, begun));
    g_assert_cmpuint(fallback_left(&again, (struct fallback_time){ begun, day }), ==, 4 * FALLBACK_FIRST_MS);
    g_assert_false(fallback_get(&again, "1", begun));
    g_assert_false(fallback_get(&again, "1 86400001", begun));
}

/* Of 2000 delays none is out of bounds, and both tenths at the ends are met: a fleet spreads over all of it. */
static void test_tre_R33_gateways_that_were_refused_at_once_come_back_apart(void)
{
    enum { DRAWS = 2000, SECONDS = 64 };
    uint64_t least = UINT64_MAX, most = 0;
    for (int i = 0; i < DRAWS; i++) {
        uint64_t ms = delay_ms(SECONDS);
        least = MIN(least, ms);
        most = MAX(most, ms);
    }
    g_assert_cmpuint(least, >=, SECONDS * 750);
    g_assert_cmpuint(most, <=, SECONDS * 1250);
    g_assert_cmpuint(least, <, SECONDS * 800);
    g_assert_cmpuint(most, >, SECONDS * 1200);
    g_assert_cmpuint(delay_ms(0), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/job-table/good-way", test_good_way);
    g_test_add_func("/job-table/way-out", test_way_out);
    g_test_add_func("/job-table/no-other-arrow", test_no_other_arrow);
    g_test_add_func("/job-table/names", test_names);
    g_test_add_func("/job-table/limits", test_limits);
    g_test_add_func("/fallback", test_fallback);
    g_test_add_func("/fallback/kept", test_fallback_kept);
    g_test_add_func("/delays", test_tre_R33_gateways_that_were_refused_at_once_come_back_apart);
    return g_test_run();
}
