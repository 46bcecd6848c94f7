/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the conductor, for job*.c only: the running job, and how its parts call each other. A part posts an event as its last act and never changes
 * the state itself. */
#ifndef BOOTSTRAP_JOB_ROOM_H
#define BOOTSTRAP_JOB_ROOM_H

#include "bootstrap/apply.h"
#include "bootstrap/execution/lwm2m.h"
#include "bootstrap/execution/lwm2m_keys.h"
#include "bootstrap/execution/omadm.h"
#include "bootstrap/job/job.h"
#include "bootstrap/job/table.h"
#include "bootstrap/job/view.h"

enum { JOB_POLL_MS = 1000 };

struct taker {
    conductor_take_fn *fn; /* NULL: nobody */
    void *user;
};

struct conductor {
    struct site *site;
    struct service *service;
    struct inbox *inbox;
    struct taker taker[TRIGGER_KINDS];
    bool held;                 /* a management session runs: no job begins */
    bool recovered, reopening; /* reopening: the job of before the restart waits for its message */

    /* the job; row.id 0: none */
    struct job_row row;
    enum job_step step;
    struct trigger trigger; /* settings NULL while only reporting */
    struct briefing briefing;
    struct lease lease;
    struct error error;
    bool busy_connecting, session_confirmed;
    uint32_t refused;          /* NAPDEFs of the document that the network refused to this job, a bit each */
    bool touched_bearer; /* there is something to roll back */
    uint64_t entered_ms;
    uint64_t timer, state_timer, post_timer;
    enum job_event posted;
    struct omadm *omadm;
    struct lwm2m_keys *keys;
    struct lwm2m_execution *lwm2m;
    struct apply *apply;
    uint32_t tre_call;
    uint64_t report_delay_ms;

    void (*ended)(void *user, bool succeeded);
    void *ended_user;
    conductor_reply_fn *reply; /* of the offer by hand that is on its way */
    void *reply_user;
};

/* job.c: the next event (the first of two posts wins), the failure event with its cause, a note of what is waited for. */
void job_post(struct conductor *c, enum job_event event);
void job_fail(struct conductor *c, const struct error *e);
void job_allow(struct conductor *c, uint64_t more_ms); /* the step at work, beyond what its row says, from now on */
void job_wait_note(void *user, const char *text); /* user is the conductor */
void job_drop_values(struct conductor *c); /* settings and what was sealed of them */

/* Entry actions. job/steps.c: */
void job_authorise(struct conductor *c);
void job_brief(struct conductor *c);
void job_connect(void *user); /* also from a timer; user is the conductor, like below */
void job_execute(struct conductor *c);
void job_prove(struct conductor *c);
/* job/end.c: */
void job_adopt(struct conductor *c);
void job_roll_back(struct conductor *c);
/* The MID of this job's context in that state ("ACTIVE"), other than the job's own: the one that was in service before. NULL if none. */
const char *job_other_mid(struct conductor *c, const char *state);

#endif
