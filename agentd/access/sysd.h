/* SPDX-License-Identifier: Apache-2.0 */
/* The administrator's hooks as agentd sees them: questions to agent-sysd (model/sysd_wire.h). A connection lives as long as its question, so that agent-sysd,
 * which is started by the first, can end. */
#ifndef ACCESS_SYSD_H
#define ACCESS_SYSD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "model/sysd_wire.h"

struct sysd;

struct sysd_outcome { /* of a hook */
    enum sysd_op op;        /* SYSD_OP_STATUS: of none */
    enum error_code status; /* PEER_LOST: agent-sysd is not there or went away, perhaps with the hook at work; PROTOCOL: it answers nonsense */
    uint8_t exit;           /* exit status of the hook */
    char text[SYSD_OUTPUT_MAX + 1]; /* the last that it said */
};

struct sysd_state {
    char boot[SYSD_BOOT_ID + 1]; /* another after each restart of the machine */
    enum error_code status;   /* of the question: as above; the rest counts if NONE */
    enum sysd_op running;     /* SYSD_OP_STATUS: none */
    struct sysd_outcome last; /* the last hook that ended */
};

typedef void sysd_done_fn(void *user, const struct sysd_outcome *outcome);
typedef void sysd_state_fn(void *user, const struct sysd_state *state);

struct sysd_question {
    enum sysd_op op;
    const char *name[2]; /* those that the operation has; copied */
    int fd;              /* the file, -1: none; stays the caller's */
};

struct sysd *sysd_new(const struct loop *loop, const char *socket_path); /* NULL without memory */
void sysd_free(struct sysd *s); /* open questions are dropped without an answer; NULL is fine */
/* fn is called once from the loop. Hooks that are asked for while one of ours is at work wait for its end, in order. False: SYSD_QUESTIONS are open already, a
 * name is none, or there is no descriptor left. */
bool sysd_ask(struct sysd *s, const struct sysd_question *q, sysd_done_fn *fn, void *user);
bool sysd_look(struct sysd *s, sysd_state_fn *fn, void *user); /* fn may be NULL: what sysd_can says is brought up to date */
/* Is there a hook, as of the last look; false before the first. */
bool sysd_can(const struct sysd *s, enum sysd_op op);
enum { SYSD_QUESTIONS = 16 };

#endif
