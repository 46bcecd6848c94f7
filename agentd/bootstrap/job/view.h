/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs and contexts as the tree shows them. Writes only; the conductor decides. */
#ifndef BOOTSTRAP_JOB_VIEW_H
#define BOOTSTRAP_JOB_VIEW_H

#include "bootstrap/job/table.h"
#include "bootstrap/site.h"

/* kind: bootstrap, or session (of management; its context stays as it is). */
void job_view_begin(struct site *s, const struct job_row *row, const char *kind, enum job_step step);
void job_view_step(struct site *s, const struct job_row *row, enum job_step from, const char *event, enum job_step to);
void job_view_note(struct site *s, const struct job_row *row, const char *text); /* what the job waits for */
void job_view_end(struct site *s, const struct job_row *row, enum job_step step); /* the node goes after 60 s */
void job_view_path(struct site *s, const struct job_row *row, char *out, size_t cap);
void job_view_context(struct site *s, const char *context); /* from the store */
void job_view_contexts(struct site *s);                     /* all of the factory data */

#endif
