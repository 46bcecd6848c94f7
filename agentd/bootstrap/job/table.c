/* SPDX-License-Identifier: Apache-2.0 */
/* The table; const. */
#include "bootstrap/job/table.h"

#include <string.h>

static const struct job_step_row steps[JOB_STEPS] = {
    [JOB_NEW] = { "NEW", "start", 0, 30000 },
    [JOB_AUTHORISED] = { "AUTHORISED", "start", 10, 30000 },
    [JOB_CONNECTING] = { "CONNECTING", "start", 20, 180000 },
    [JOB_BRIEFING] = { "BRIEFING", "briefing", 35, 30000 },
    [JOB_EXECUTING] = { "EXECUTING", "execution", 45, 900000 }, /* includes the wait for network time */
    [JOB_STAGED] = { "STAGED", "execution", 70, 30000 },
    [JOB_PROVING] = { "PROVING", "execution", 75, 90000 },
    [JOB_COMMITTED] = { "COMMITTED", "execution", 90, 0 },
    [JOB_REPORTED] = { "REPORTED", "done", 100, 0 },
    [JOB_ROLLING_BACK] = { "ROLLING_BACK", "done", 90, 30000 },
    [JOB_FAILED] = { "FAILED", "failed", 100, 0 },
};

static const char *const events[JOB_EVENTS] = {
    [JOB_ACCEPTED] = "accepted",   [JOB_GO] = "go",         [JOB_LEASED] = "leased",         [JOB_BRIEFED] = "briefed",
    [JOB_EXECUTED] = "executed",   [JOB_STAGED_ALL] = "staged", [JOB_PROVED] = "proved",     [JOB_REPORT_TAKEN] = "reported",
    [JOB_ERROR] = "failed",        [JOB_CANCELLED] = "cancelled", [JOB_TIMEOUT] = "timeout", [JOB_ROLLED_BACK] = "rolled-back",
};

static const struct {
    enum job_step from;
    enum job_event event;
    enum job_step to;
} arrows[] = {
    { JOB_NEW, JOB_ACCEPTED, JOB_AUTHORISED },
    { JOB_AUTHORISED, JOB_GO, JOB_CONNECTING },
    { JOB_CONNECTING, JOB_LEASED, JOB_BRIEFING },
    { JOB_BRIEFING, JOB_BRIEFED, JOB_EXECUTING },
    { JOB_EXECUTING, JOB_EXECUTED, JOB_STAGED },
    { JOB_STAGED, JOB_STAGED_ALL, JOB_PROVING },
    { JOB_PROVING, JOB_PROVED, JOB_COMMITTED },
    { JOB_COMMITTED, JOB_REPORT_TAKEN, JOB_REPORTED },
    { JOB_ROLLING_BACK, JOB_ROLLED_BACK, JOB_FAILED },
    { JOB_ROLLING_BACK, JOB_ERROR, JOB_FAILED },
    { JOB_ROLLING_BACK, JOB_TIMEOUT, JOB_FAILED },
};

const struct job_step_row *job_step_row(enum job_step step)
{
    return &steps[step];
}

const char *job_event_name(enum job_event event)
{
    return events[event];
}

bool job_next(enum job_step from, enum job_event event, enum job_step *to)
{
    for (size_t i = 0; i < sizeof arrows / sizeof *arrows; i++)
        if (arrows[i].from == from && arrows[i].event == event) {
            *to = arrows[i].to;
            return true;
        }
    bool bad_end = event == JOB_ERROR || event == JOB_CANCELLED || event == JOB_TIMEOUT;
    *to = JOB_ROLLING_BACK;
    return bad_end && from < JOB_COMMITTED;
}

bool job_step_from_name(const char *name, enum job_step *step)
{
    for (int i = 0; i < JOB_STEPS; i++)
        if (strcmp(steps[i].name, name) == 0) {
            *step = (enum job_step)i;
            return true;
        }
    return false;
}

bool job_step_is_final(enum job_step step)
{
    return step == JOB_REPORTED || step == JOB_FAILED;
}
