/* SPDX-License-Identifier: Apache-2.0 */
/* The steps that faults are put into, of a MID and of the platform key: what each does, from what, and what may be seen before and after it. mid-1 is in row 1 of the registry. */
#ifndef FAULT_STEPS_H
#define FAULT_STEPS_H

#include "mid_bench.h"

enum step { STEP_INSTALL, STEP_UPDATE, STEP_ACTIVATE, STEP_SUSPEND, STEP_UNBLOCK, STEP_MIGRATE, STEP_ERASE, STEP_ORDERED_ERASE, STEP_ASK_KEY, STEP_REPLACE_KEY, STEPS };

const char *step_name(enum step s);
/* A copy of the disk that it starts from; give back with g_free. */
struct mem *step_disk(enum step s);
bool step_do(struct tre *t, enum step s);
int step_before(enum step s); /* as step_seen gives it */
int step_after(enum step s);
/* Where the step stands: of the steps of a MID as mid_bench_seen, of those of the platform key mid-1's beside hundreds. */
int step_seen(struct tre *t, enum step s);
/* After a fault: the TRE is ready, mid-1 is as before or after (as after if it was done) and whole, mid-2 is untouched; the platform
 * key proves what it signs. */
void step_check(struct tre *t, enum step s, bool done);
/* After a start or a step that was done: mid-1 has one record, or none if it holds no keys; nothing half is left, no former key. */
void step_check_files(struct tre *t);

#endif
