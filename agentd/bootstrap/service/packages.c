/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what lwm2m/software.h needs of the agent around it. Never asks the hook for two packages at a time: access/sysd.h lets them wait. */
#include "bootstrap/service/packages.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "bootstrap/service/fetch.h"

enum { KEY_MAX = 16 };

struct open_order {
    struct packages *packages;
    software_outcome_fn *outcome; /* NULL: free */
    void *user;
};

struct packages {
    struct site *site;
    struct sysd *sysd;
    struct fetch *fetch;
    struct software *software;
    struct open_order open[SOFTWARE_MAX];
    void (*changed)(void *user);
    void *user;
};

static bool can(void *user)
{
    return sysd_can(((struct packages *)user)->sysd, SYSD_OP_PACKAGE_INSPECT);
}

static const char *key_of(unsigned place, char key[KEY_MAX])
{
    (void)snprintf(key, KEY_MAX, "package.%u", place);
    return key;
}

static bool load(void *user, unsigned place, char *text, size_t cap)
{
    char key[KEY_MAX];
    return store_value_get(((struct packages *)user)->site->store, key_of(place, key), text, cap);
}

static bool save(void *user, unsigned place, const char *text)
{
    char key[KEY_MAX];
    return site_keep(((struct packages *)user)->site, key_of(place, key), text);
}

static void changed(void *user)
{
    struct packages *p = user;
    p->changed(p->user);
}

/* ---- the hook ---- */

static enum software_end end_of(const struct sysd_outcome *o)
{
    static const struct {
        uint8_t exit;
        enum software_end end;
    } rows[] = { { SYSD_EXIT_BAD_FILE, SOFTWARE_BAD_FILE }, { SYSD_EXIT_WRONG_KIND, SOFTWARE_WRONG_KIND }, { SYSD_EXIT_NO_ROOM, SOFTWARE_NO_ROOM } };
    for (size_t i = 0; o->status == ERROR_HOOK && i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].exit == o->exit)
            return rows[i].end;
    if (o->status == ERROR_PEER_LOST || o->status == ERROR_BUSY)
        return SOFTWARE_BUSY;
    return o->status ? SOFTWARE_FAILED : SOFTWARE_DONE;
}

static void on_ended(void *user, const struct sysd_outcome *o)
{
    struct open_order *open = user, was = *open;
    enum software_end end = end_of(o);
    open->outcome = NULL;
    if (end == SOFTWARE_BUSY) {
        log_info("packages", "%s: asked again later", error_text(o->status));
    } else if (end != SOFTWARE_DONE) {
        struct error e;
        error_set(&e, o->status, "package: %.150s", o->text[0] ? o->text : error_text(o->status));
        site_report(was.packages->site, "packages", 0, &e);
    }
    was.outcome(was.user, end, o->text);
}

static bool order(void *user, const struct software_order *order, software_outcome_fn *outcome, void *outcome_user)
{
    static const enum sysd_op ops[] = {
        [SOFTWARE_INSPECT] = SYSD_OP_PACKAGE_INSPECT,   [SOFTWARE_INSTALL] = SYSD_OP_PACKAGE_INSTALL,       [SOFTWARE_REMOVE] = SYSD_OP_PACKAGE_REMOVE,
        [SOFTWARE_ACTIVATE] = SYSD_OP_PACKAGE_ACTIVATE, [SOFTWARE_DEACTIVATE] = SYSD_OP_PACKAGE_DEACTIVATE,
    };
    struct packages *p = user;
    struct sysd_question q = { .op = ops[order->work], .fd = order->file };
    if (order->work != SOFTWARE_INSPECT)
        q.name[0] = order->name;
    if (order->work == SOFTWARE_INSTALL)
        q.name[1] = order->version;
    for (size_t i = 0; i < SOFTWARE_MAX; i++)
        if (!p->open[i].outcome) {
            p->open[i] = (struct open_order){ p, outcome, outcome_user };
            bool asked = sysd_ask(p->sysd, &q, on_ended, &p->open[i]);
            p->open[i].outcome = asked ? outcome : NULL;
            return asked;
        }
    return false;
}

/* ---- life ---- */

struct software *packages_software(const struct packages *p)
{
    return p->software;
}

struct packages *packages_new(struct site *site, struct sysd *sysd, const char *spool, void (*changed_fn)(void *user), void *user)
{
    struct packages *p = calloc(1, sizeof *p);
    if (!p)
        abort(); /* the agent restarts */
    *p = (struct packages){ .site = site, .sysd = sysd, .fetch = fetch_new(site, "package"), .changed = changed_fn, .user = user };
    if (!p->fetch)
        abort(); /* as above */
    struct software_host host = { .folder = spool, .can = can, .load = load, .save = save, .order = order, .changed = changed, .source = fetch_source(p->fetch), .user = p };
    p->software = software_new(site->loop, &host);
    if (!p->software)
        abort(); /* as above */
    return p;
}

void packages_free(struct packages *p)
{
    if (!p)
        return;
    software_free(p->software);
    fetch_free(p->fetch);
    free(p);
}
