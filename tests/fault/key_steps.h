/* SPDX-License-Identifier: Apache-2.0 */
/* The two steps of another platform key (tred/successor.h), for steps.c: asked for, and certified. */
#ifndef FAULT_KEY_STEPS_H
#define FAULT_KEY_STEPS_H

#include "mid_bench.h"

extern struct mem key_steps_asked; /* mid_bench_active, with a successor that is asked for */

void key_steps_setup(void); /* behind mid_bench_setup, once */
bool key_steps_ask(struct tre *t);
bool key_steps_install(struct tre *t);
bool key_steps_is_asked(struct tre *t);
bool key_steps_is_installed(const struct tre *t);
/* What the platform key signs, its public half proves. */
void key_steps_check(struct tre *t);

#endif
