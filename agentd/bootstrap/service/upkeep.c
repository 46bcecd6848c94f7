/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the pause between an answer and what it promised, the firmware update, and the looks at agent-sysd that it needs. Never asks agent-sysd for what its last
 * look did not show. */
#include "bootstrap/service/upkeep.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "bootstrap/service/fetch.h"
#include "bootstrap/service/packages.h"
#include "lwm2m/objects/system.h"

enum { ANSWER_MS = 1000 /* the server has our answer by then, or had it twice */, LOOK_MIN_MS = 5000, LOOK_MAX_MS = 600000, LOOKS_AT_NOBODY = 6 };

static const char firmware_key[] = "firmware";

struct installation {
    firmware_outcome_fn *outcome; /* NULL: none runs */
    void *user;
};

struct inspection {
    firmware_inspected_fn *outcome; /* NULL: none runs */
    void *user;
};

struct order {
    enum sysd_op op;
    upkeep_order_fn *fn; /* NULL: none is open */
    void *user;
};

struct upkeep {
    struct site *site;
    struct sysd *sysd;
    enum sysd_op begun; /* SYSD_OP_STATUS: nothing */
    uint64_t timer, look_timer, told_timer;
    uint64_t look_ms; /* until the next look, doubled each time */
    unsigned in_vain; /* looks when agent-sysd was not there */
    struct firmware *firmware;
    struct packages *packages;
    struct fetch *fetch; /* of the firmware */
    struct installation installation;
    struct inspection inspection;
    struct order order;
    char version[FIRMWARE_VERSION];
    void (*changed)(void *user);
    void *user;
};

static const char *op_name(enum sysd_op op)
{
    return op == SYSD_OP_REBOOT ? "restart" : op == SYSD_OP_FACTORY_RESET ? "factory reset" : op == SYSD_OP_FIRMWARE_INSTALL ? "firmware update" : op == SYSD_OP_FIRMWARE_INSPECT ? "firmware" : "hook";
}

static void report(struct upkeep *u, enum error_code code, const char *what, const char *words)
{
    struct error e;
    error_set(&e, code, "%s: %.150s", what, words);
    site_report(u->site, "upkeep", 0, &e);
}

static void report_outcome(struct upkeep *u, const struct sysd_outcome *o)
{
    if (o->status)
        report(u, o->status, op_name(o->op), o->text[0] ? o->text : error_text(o->status));
}

/* ---- restart and factory reset ---- */

static void on_done(void *user, const struct sysd_outcome *o)
{
    struct upkeep *u = user;
    u->begun = SYSD_OP_STATUS;
    report_outcome(u, o);
}

static void begin(void *user)
{
    struct upkeep *u = user;
    struct sysd_question q = { .op = u->begun, .fd = -1 };
    u->timer = 0;
    log_notice("upkeep", "%s begins", op_name(u->begun));
    if (!sysd_ask(u->sysd, &q, on_done, u))
        on_done(u, &(struct sysd_outcome){ .op = q.op, .status = ERROR_BUSY });
}

bool upkeep_begin(struct upkeep *u, enum sysd_op op)
{
    if (u->begun != SYSD_OP_STATUS)
        return u->begun == op; /* it is on its way */
    if (!sysd_can(u->sysd, op)) {
        report(u, ERROR_NOT_SUPPORTED, op_name(op), "the administrator has installed no hook for it");
        upkeep_look(u);
        return false;
    }
    u->begun = op;
    u->timer = loop_timer(u->site->loop, ANSWER_MS, begin, u);
    return true;
}

/* ---- what servers see ---- */

static void tell(void *user)
{
    struct upkeep *u = user;
    u->told_timer = 0;
    if (u->changed)
        u->changed(u->user);
}

/* Not at once: the change may be made by a request that is not answered yet. */
static void values_changed(void *user)
{
    struct upkeep *u = user;
    if (!u->told_timer)
        u->told_timer = loop_timer(u->site->loop, 0, tell, u);
}

void upkeep_listen(struct upkeep *u, void (*fn)(void *user), void *user)
{
    u->changed = fn;
    u->user = user;
}

struct firmware *upkeep_firmware(const struct upkeep *u)
{
    return u->firmware;
}

struct software *upkeep_software(const struct upkeep *u)
{
    return packages_software(u->packages);
}

const char *upkeep_version(struct upkeep *u)
{
    if (!system_release("", u->version, sizeof u->version))
        u->version[0] = '\0';
    for (char *at = u->version; *at; at++)
        *at = *at > ' ' && *at <= '~' ? *at : '_'; /* one word, as it is stored */
    return u->version;
}

/* ---- firmware: storage ---- */

static bool firmware_can(void *user)
{
    return sysd_can(((struct upkeep *)user)->sysd, SYSD_OP_FIRMWARE_INSTALL);
}

static bool firmware_load(void *user, char *text, size_t cap)
{
    return store_value_get(((struct upkeep *)user)->site->store, firmware_key, text, cap);
}

static void firmware_save(void *user, const char *text)
{
    site_keep(((struct upkeep *)user)->site, firmware_key, text);
}

static uint64_t firmware_time(void *user)
{
    return site_wall_clock(((struct upkeep *)user)->site);
}

static const char *firmware_version(void *user)
{
    return upkeep_version(user);
}

/* ---- firmware: the hook ---- */

/* What a hook's end means; INITIAL: nobody knows. */
static enum firmware_result result_of(const struct sysd_outcome *o)
{
    static const struct {
        uint8_t exit;
        enum firmware_result result;
    } rows[] = { { SYSD_EXIT_BAD_FILE, RESULT_INTEGRITY }, { SYSD_EXIT_WRONG_KIND, RESULT_UNSUPPORTED_TYPE }, { SYSD_EXIT_NO_ROOM, RESULT_NO_SPACE } };
    for (size_t i = 0; o->status == ERROR_HOOK && i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].exit == o->exit)
            return rows[i].result;
    if (o->status == ERROR_PEER_LOST || o->status == ERROR_PROTOCOL)
        return RESULT_INITIAL;
    return o->status ? RESULT_FAILED : RESULT_SUCCESS;
}

static void look_later(struct upkeep *u);

static void on_installed(void *user, const struct sysd_outcome *o)
{
    struct upkeep *u = user;
    struct installation i = u->installation;
    u->installation = (struct installation){ 0 };
    report_outcome(u, o);
    i.outcome(i.user, result_of(o));
    u->look_ms = LOOK_MIN_MS;
    look_later(u);
}

static bool firmware_install(void *user, int image, firmware_outcome_fn *outcome, void *outcome_user)
{
    struct upkeep *u = user;
    struct sysd_question q = { .op = SYSD_OP_FIRMWARE_INSTALL, .fd = image };
    u->installation = (struct installation){ outcome, outcome_user };
    return sysd_ask(u->sysd, &q, on_installed, u);
}

static void on_inspected(void *user, const struct sysd_outcome *o)
{
    struct upkeep *u = user;
    struct inspection i = u->inspection;
    u->inspection = (struct inspection){ .outcome = NULL };
    if (o->exit != SYSD_EXIT_USAGE) /* a hook that does not know how */
        report_outcome(u, o);
    i.outcome(i.user, result_of(o), o->text);
}

static bool firmware_inspect(void *user, int image, firmware_inspected_fn *outcome, void *outcome_user)
{
    struct upkeep *u = user;
    struct sysd_question q = { .op = SYSD_OP_FIRMWARE_INSPECT, .fd = image };
    u->inspection = (struct inspection){ outcome, outcome_user };
    return sysd_ask(u->sysd, &q, on_inspected, u);
}

static void on_look(void *user, const struct sysd_state *state)
{
    struct upkeep *u = user;
    bool ended = state->last.op == SYSD_OP_FIRMWARE_INSTALL;
    if (!state->status)
        firmware_look(u->firmware, &(struct firmware_sight){ .boot = state->boot, .running = state->running == SYSD_OP_FIRMWARE_INSTALL,
                                                             .ended = ended ? result_of(&state->last) : RESULT_INITIAL });
    u->in_vain = state->status ? u->in_vain + 1 : 0;
    values_changed(u); /* hooks may have come or gone, and object 5 with them */
    look_later(u);
}

static void look(void *user)
{
    struct upkeep *u = user;
    u->look_timer = 0;
    upkeep_look(u);
}

/* While a hook is at work that nobody waits for; and a few times after the start, for an agent-sysd that starts beside us. */
static void look_later(struct upkeep *u)
{
    bool starting = u->in_vain > 0 && u->in_vain < LOOKS_AT_NOBODY;
    if (u->look_timer || (!starting && !firmware_waits(u->firmware)))
        return;
    u->look_timer = loop_timer(u->site->loop, u->look_ms, look, u);
    u->look_ms = u->look_ms * 2 < LOOK_MAX_MS ? u->look_ms * 2 : LOOK_MAX_MS;
}

static void on_look_of_order(void *user, const struct sysd_state *state)
{
    struct upkeep *u = user;
    struct order order = u->order;
    struct error e = { 0 };
    u->order.fn = NULL;
    on_look(u, state);
    if (state->status)
        error_set(&e, state->status, "%s: agent-sysd, which runs the administrator's hooks, does not answer", op_name(order.op));
    else if (!upkeep_begin(u, order.op))
        error_set(&e, ERROR_NOT_SUPPORTED, "%s: the administrator has installed no hook for it", op_name(order.op));
    else
        log_notice("upkeep", "%s by the administrator's order", op_name(order.op));
    order.fn(order.user, &e);
}

void upkeep_order(struct upkeep *u, enum sysd_op op, upkeep_order_fn *fn, void *user)
{
    struct error e;
    bool free = !u->order.fn && (u->begun == SYSD_OP_STATUS || u->begun == op);
    if (free && sysd_look(u->sysd, on_look_of_order, u)) {
        u->order = (struct order){ op, fn, user };
        return;
    }
    error_set(&e, ERROR_BUSY, "%s: another one is asked for already", op_name(op));
    fn(user, &e);
}

void upkeep_look(struct upkeep *u)
{
    (void)sysd_look(u->sysd, on_look, u);
}

/* ---- life ---- */

struct upkeep *upkeep_new(struct site *site, struct sysd *sysd, const char *spool)
{
    struct upkeep *u = calloc(1, sizeof *u);
    if (!u)
        abort(); /* the agent restarts */
    *u = (struct upkeep){ .site = site, .sysd = sysd, .begun = SYSD_OP_STATUS, .look_ms = LOOK_MIN_MS, .fetch = fetch_new(site, "firmware") };
    if (!u->fetch)
        abort(); /* as above */
    struct firmware_host host = { .folder = spool, .can = firmware_can, .load = firmware_load, .save = firmware_save, .install = firmware_install, .inspect = firmware_inspect,
                                  .time = firmware_time, .changed = values_changed, .version = firmware_version, .source = fetch_source(u->fetch), .user = u };
    u->firmware = firmware_new(site->loop, &host);
    if (!u->firmware)
        abort(); /* as above */
    u->packages = packages_new(site, sysd, spool, values_changed, u);
    upkeep_look(u);
    return u;
}

void upkeep_free(struct upkeep *u)
{
    if (!u)
        return;
    loop_cancel(u->site->loop, &u->timer);
    loop_cancel(u->site->loop, &u->look_timer);
    loop_cancel(u->site->loop, &u->told_timer);
    firmware_free(u->firmware);
    packages_free(u->packages);
    fetch_free(u->fetch);
    free(u);
}
