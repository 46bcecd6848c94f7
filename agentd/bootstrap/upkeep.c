/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the pause between an answer and what it promised. Never asks agent-sysd for what its last look did not show. */
#include "bootstrap/upkeep.h"

#include <stdlib.h>

#include "base/log.h"

enum { ANSWER_MS = 1000 }; /* the server has our answer by then, or had it twice */

struct upkeep {
    struct site *site;
    struct sysd *sysd;
    enum sysd_op begun; /* SYSD_OP_STATUS: nothing */
    uint64_t timer;
};

static const char *op_name(enum sysd_op op)
{
    return op == SYSD_OP_REBOOT ? "restart" : op == SYSD_OP_FACTORY_RESET ? "factory reset" : "hook";
}

static void report(struct upkeep *u, enum error_code code, enum sysd_op op, const char *words)
{
    struct error e;
    error_set(&e, code, "%s: %.150s", op_name(op), words);
    site_report(u->site, "upkeep", 0, &e);
}

static void on_done(void *user, const struct sysd_outcome *o)
{
    struct upkeep *u = user;
    u->begun = SYSD_OP_STATUS;
    if (o->status)
        report(u, o->status, o->op, o->text[0] ? o->text : error_text(o->status));
}

static void begin(void *user)
{
    struct upkeep *u = user;
    struct sysd_question q = { .op = u->begun, .fd = -1 };
    u->timer = 0;
    log_notice("upkeep", "%s begins, as a management server wants it", op_name(u->begun));
    if (!sysd_ask(u->sysd, &q, on_done, u))
        on_done(u, &(struct sysd_outcome){ .op = q.op, .status = ERROR_BUSY });
}

bool upkeep_begin(struct upkeep *u, enum sysd_op op)
{
    if (u->begun != SYSD_OP_STATUS)
        return u->begun == op; /* it is on its way */
    if (!sysd_can(u->sysd, op)) {
        report(u, ERROR_NOT_SUPPORTED, op, "the administrator has installed no hook for it");
        upkeep_look(u);
        return false;
    }
    u->begun = op;
    u->timer = loop_timer(u->site->loop, ANSWER_MS, begin, u);
    return true;
}

void upkeep_look(struct upkeep *u)
{
    (void)sysd_look(u->sysd, NULL, NULL);
}

struct upkeep *upkeep_new(struct site *site, struct sysd *sysd)
{
    struct upkeep *u = calloc(1, sizeof *u);
    if (!u)
        abort(); /* the agent restarts */
    *u = (struct upkeep){ .site = site, .sysd = sysd, .begun = SYSD_OP_STATUS };
    upkeep_look(u);
    return u;
}

void upkeep_free(struct upkeep *u)
{
    if (!u)
        return;
    loop_cancel(u->site->loop, &u->timer);
    free(u);
}
