/* SPDX-License-Identifier: Apache-2.0 */
/* One run of one of the administrator's hooks: found, judged, started, watched, ended in time. */
#ifndef SYSD_HOOK_H
#define SYSD_HOOK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "model/sysd_wire.h"

enum { HOOK_NAMES = 2 };

struct hook_order { /* borrowed for the call */
    const char *file, *verb;
    const char *name[HOOK_NAMES]; /* further arguments, NULL: none (any more) */
    int input;                    /* standard input; -1: /dev/null */
    unsigned seconds;             /* how long it may take */
};

struct hook {
    pid_t pid;                        /* 0: none runs */
    int output;                       /* read end of its standard output and error */
    uint64_t deadline;                /* ms of CLOCK_BOOTTIME */
    bool late;                        /* it was told to end */
    char line[SYSD_OUTPUT_MAX + 1];   /* what it prints, so far */
    size_t len;
    char last[SYSD_OUTPUT_MAX + 1];   /* last whole line, printable */
};

/* NOT_SUPPORTED: not there. DENIED: it or its folder is not root's alone to write, is no plain file, or cannot be executed; err says which. */
enum error_code hook_look(const char *folder, const char *file, struct error *err);
/* Starts it in a session of its own. NONE, what hook_look says, or IO. */
enum error_code hook_start(struct hook *h, const char *folder, const struct hook_order *order, struct error *err);
void hook_read(struct hook *h);   /* takes what it printed; each line goes to the log */
/* True if it has ended; *status: its exit status, SYSD_EXIT_SIGNAL if a signal ended it. */
bool hook_reap(struct hook *h, int *status);
/* Milliseconds until hook_tick wants to be called, -1: none runs. */
int hook_wait_ms(const struct hook *h);
void hook_tick(struct hook *h);   /* past its time: SIGTERM to all of its session's group, five seconds later SIGKILL */

#endif
