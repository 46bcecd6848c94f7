/* SPDX-License-Identifier: Apache-2.0 */
/* The job table: the way of a good job, the way out of every state, and nothing else. */
#include <glib.h>

#include "bootstrap/fallback.h"
#include "bootstrap/job_table.h"

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
static void test_fallback(void)
{
    struct fallback f = { 0 };
    uint64_t now = 5, wait = FALLBACK_FIRST_MS;
    g_assert_cmpuint(fallback_left(&f, now), ==, 0);
    for (int i = 0; i < 12; i++) {
        fallback_asked(&f, now);
        g_assert_cmpuint(fallback_left(&f, now), ==, wait);
        g_assert_cmpuint(fallback_left(&f, now + wait - 1), ==, 1);
        now += wait;
        g_assert_cmpuint(fallback_left(&f, now), ==, 0);
        wait = 2 * wait < FALLBACK_LIMIT_MS ? 2 * wait : FALLBACK_LIMIT_MS;
    }
    fallback_asked(&f, now + FALLBACK_LIMIT_MS + 1);
    g_assert_cmpuint(fallback_left(&f, now + FALLBACK_LIMIT_MS + 1), ==, FALLBACK_FIRST_MS);
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
    return g_test_run();
}
