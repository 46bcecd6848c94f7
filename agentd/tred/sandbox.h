/* SPDX-License-Identifier: Apache-2.0 */
/* What the process gives up. */
#ifndef TRED_SANDBOX_H
#define TRED_SANDBOX_H

#include <stdbool.h>

/* For every way of running: no core file, no ptrace, no new privileges, writing to a closed pipe or full file is an error. */
bool sandbox_harden(void);
/* For serving: locked memory (best effort), files outside state_dir closed (Landlock, where the kernel has it; those of keys_dir, which may be NULL, can be read),
 * system calls by an allow-list; anything else kills the process. False if the filter cannot be set: the caller must not serve. */
bool sandbox_enter(const char *state_dir, const char *keys_dir);

#endif
