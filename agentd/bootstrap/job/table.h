/* SPDX-License-Identifier: Apache-2.0 */
/* States, events and arrows of a bootstrap job (DESIGN section 4). What is not an arrow here is refused and logged.
 *
 *   NEW -accepted-> AUTHORISED -go-> CONNECTING -leased-> BRIEFING -briefed-> EXECUTING -executed-> STAGED -staged-> PROVING
 *       -proved-> COMMITTED -reported-> REPORTED
 *   every state before COMMITTED -failed|cancelled|timeout-> ROLLING_BACK -rolled-back-> FAILED
 */
#ifndef BOOTSTRAP_JOB_TABLE_H
#define BOOTSTRAP_JOB_TABLE_H

#include <stdbool.h>
#include <stdint.h>

enum job_step {
    JOB_NEW, JOB_AUTHORISED, JOB_CONNECTING, JOB_BRIEFING, JOB_EXECUTING, JOB_STAGED, JOB_PROVING, JOB_COMMITTED, JOB_REPORTED,
    JOB_ROLLING_BACK, JOB_FAILED, JOB_STEPS
};

enum job_event {
    JOB_ACCEPTED, JOB_GO, JOB_LEASED, JOB_BRIEFED, JOB_EXECUTED, JOB_STAGED_ALL, JOB_PROVED, JOB_REPORT_TAKEN,
    JOB_ERROR, JOB_CANCELLED, JOB_TIMEOUT, JOB_ROLLED_BACK, JOB_EVENTS
};

struct job_step_row {
    const char *name;    /* as in Job.Step and in the store */
    const char *phase;   /* oneM2M: start, briefing, execution, done, failed */
    uint8_t progress;    /* percent */
    uint32_t timeout_ms; /* 0: none */
};

const struct job_step_row *job_step_row(enum job_step step);
const char *job_event_name(enum job_event event);
/* The state after event, or false if the table has no such arrow. */
bool job_next(enum job_step from, enum job_event event, enum job_step *to);
bool job_step_from_name(const char *name, enum job_step *step);
bool job_step_is_final(enum job_step step);

#endif
