/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs; each takes the words behind its name and returns the exit status. */
#ifndef CTL_VERBS_H
#define CTL_VERBS_H

#include "ctl/ctl.h"

int verb_status(struct ctl *c, int argc, char **argv);
int verb_list(struct ctl *c, int argc, char **argv);
int verb_show(struct ctl *c, int argc, char **argv);
int verb_monitor(struct ctl *c, int argc, char **argv);
int verb_bootstrap(struct ctl *c, int argc, char **argv);
int verb_job(struct ctl *c, int argc, char **argv);
int verb_context(struct ctl *c, int argc, char **argv);
int verb_account(struct ctl *c, int argc, char **argv);
int verb_mid(struct ctl *c, int argc, char **argv);
int verb_device(struct ctl *c, int argc, char **argv);
int verb_sim(struct ctl *c, int argc, char **argv);
int verb_log_level(struct ctl *c, int argc, char **argv);
int verb_reload(struct ctl *c, int argc, char **argv);
int verb_factory_reset(struct ctl *c, int argc, char **argv);
int verb_get(struct ctl *c, int argc, char **argv);
int verb_set(struct ctl *c, int argc, char **argv);
int verb_call(struct ctl *c, int argc, char **argv);
int verb_factory(struct ctl *c, int argc, char **argv);
int verb_doctor(struct ctl *c, int argc, char **argv);
int verb_decode(struct ctl *c, int argc, char **argv);

/* After a call that starts a job: follows it, or prints its name without --wait. Exit status. */
int job_started(struct ctl *c, GVariant *answer);
/* Follows a job to its end: a bar on a terminal, a line a step elsewhere. Exit status of the job. */
int job_follow(struct ctl *c, const char *path);

#endif
