/* SPDX-License-Identifier: Apache-2.0 */
/* The packages, each by one table of states (the names are those of /9/x/7; in brackets what waits for the hook).
 *
 *   INITIAL --push, uri--> DOWNLOAD STARTED --whole--> DOWNLOADED [inspect] --good--> DELIVERED --install--> [install] --done--> INSTALLED <--done, failed--> [switch]
 *     ^----failed, drop-----------'-------------------------'                             |   ^----failed--------'                 |
 *     '<---drop---------------------------------------------------------------------------'                                        |
 *     '<---update (the software stays in its place), or [remove] --done------------------------------------------------------------'
 *
 * Every change is stored before anybody is told, and before the hook is asked; an order that a restart interrupted is given again. Never installs a file that is not the one
 * which was inspected, nor a package under the name of another. */
#include "lwm2m/software.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "lwm2m/identity.h"

enum { RETRY_MS = 5000 /* doubled each time */, RETRIES = 8 /* together longer than any hook may take */, LABEL = 24, REASON = 128, FIELDS = 12 };

enum stage { STAGE_NONE, STAGE_INITIAL, STAGE_LOADING, STAGE_INSPECTING, STAGE_DELIVERED, STAGE_INSTALLING, STAGE_INSTALLED, STAGE_SWITCHING, STAGE_REMOVING };
enum event {
    EVENT_BEGIN,  /* the first octets of a push */
    EVENT_URI,
    EVENT_WHOLE,  /* the file is there */
    EVENT_FAILED, /* p->cause: why */
    EVENT_DROP,   /* what was delivered, or is on its way, is not wanted */
    EVENT_DONE,   /* the hook has done it */
    EVENT_INSTALL, EVENT_REMOVE, EVENT_SWITCH,
    EVENT_UPDATE, /* another version is to come */
};

struct package {
    struct software *set;
    unsigned place;
    uint16_t id;
    enum stage stage; /* NONE: the place is free */
    enum software_result result, cause;
    bool placed;          /* a version of it is on the gateway */
    bool active, wanted;  /* its activation; as SWITCHING wants it */
    bool queued;          /* waits until the pull of another package is over */
    bool asked, stale;    /* an order is out; its outcome is nobody's any more */
    struct identity is; /* of what was delivered, else of what is in place */
    char placed_version[IDENTITY_TEXT + 1];
    char uri[DOWNLOAD_URI + 1], label[LABEL];
    char reason[REASON];  /* what the hook said of its last failure; "": nothing since */
    struct download file;
    unsigned tries;
    uint64_t retry; /* timer of the next one */
};

struct software {
    const struct loop *loop;
    struct software_host host;
    struct package package[SOFTWARE_MAX];
};

static const char *const stage_names[] = { "NONE", "INITIAL", "LOADING", "INSPECTING", "DELIVERED", "INSTALLING", "INSTALLED", "SWITCHING", "REMOVING" };
static const char *const event_names[] = { "begin", "uri", "whole", "failed", "drop", "done", "install", "remove", "switch", "update" };

static void post(struct package *p, enum event event);

/* ---- what outlives us ---- */

static const char *or_dash(const char *text)
{
    return text[0] ? text : "-";
}

static void undash(char *text)
{
    if (strcmp(text, "-") == 0)
        text[0] = '\0';
}

static bool save(const struct package *p)
{
    const struct software *s = p->set;
    char text[SOFTWARE_TEXT] = "";
    if (p->stage != STAGE_NONE)
        (void)snprintf(text, sizeof text, "%u %d %d %d %d %d %" PRIu64 " %s %s %s %s %s %s", p->id, p->stage, p->result, p->placed, p->active, p->wanted, p->file.file.size,
                       or_dash(p->file.file.digest), or_dash(p->is.name), or_dash(p->is.version), or_dash(p->placed_version), or_dash(p->uri), p->reason);
    return s->host.save(s->host.user, p->place, text);
}

/* False: nothing usable was stored. */
static bool load(struct package *p, uint64_t *size, char digest[SPOOL_HEX])
{
    char text[SOFTWARE_TEXT];
    unsigned id, stage, result, placed, active, wanted;
    if (!p->set->host.load(p->set->host.user, p->place, text, sizeof text) ||
        sscanf(text, "%u %u %u %u %u %u %" SCNu64 " %64s %64s %64s %64s %255s %127[^\n]", &id, &stage, &result, &placed, &active, &wanted, size, digest, p->is.name, p->is.version,
               p->placed_version, p->uri, p->reason) < FIELDS ||
        id >= UINT16_MAX || stage < STAGE_INITIAL || stage > STAGE_REMOVING || result > SOFTWARE_NOT_REMOVED)
        return false;
    p->id = (uint16_t)id;
    p->stage = (enum stage)stage;
    p->result = (enum software_result)result;
    p->placed = placed != 0;
    p->active = active != 0;
    p->wanted = wanted != 0;
    undash(digest);
    undash(p->is.name);
    undash(p->is.version);
    undash(p->placed_version);
    undash(p->uri);
    return true;
}

/* ---- the hook ---- */

static void give_order(struct package *p);

static void on_retry(void *user)
{
    struct package *p = user;
    p->retry = 0;
    give_order(p);
}

static bool is_anothers(const struct package *p, const char *name)
{
    const struct package *all = p->set->package;
    for (size_t i = 0; i < SOFTWARE_MAX; i++)
        if (&all[i] != p && all[i].stage != STAGE_NONE && strcmp(all[i].is.name, name) == 0)
            return true;
    return false;
}

/* What was inspected says who it is; NOTHING: it may. */
static enum software_result identify(struct package *p, const char *text)
{
    struct identity found;
    if (!identity_read(text, &found)) {
        log_warning(p->label, "the hook does not tell name and version of the package: \"%s\"", text);
        return SOFTWARE_DEVICE;
    }
    if (p->placed && strcmp(found.name, p->is.name) != 0) {
        log_warning(p->label, "%s cannot be updated by package %s", p->is.name, found.name);
        return SOFTWARE_DAMAGED;
    }
    if (is_anothers(p, found.name)) {
        log_warning(p->label, "package %s has another instance", found.name);
        return SOFTWARE_DEVICE;
    }
    p->is = found;
    return SOFTWARE_NOTHING;
}

/* What a failure of the hook means in this stage. */
static enum software_result cause_of(enum stage stage, enum software_end end)
{
    if (stage == STAGE_REMOVING)
        return SOFTWARE_NOT_REMOVED;
    switch (end) {
    case SOFTWARE_BAD_FILE:
        return SOFTWARE_DAMAGED;
    case SOFTWARE_WRONG_KIND:
        return SOFTWARE_WRONG_TYPE;
    case SOFTWARE_NO_ROOM:
        return SOFTWARE_NO_SPACE;
    case SOFTWARE_DONE:
    case SOFTWARE_FAILED:
    case SOFTWARE_BUSY:
        break;
    }
    return stage == STAGE_INSTALLING ? SOFTWARE_NOT_INSTALLED : SOFTWARE_DEVICE;
}

/* One line of what can be shown. */
static void set_reason(struct package *p, const char *text)
{
    (void)text_copy(p->reason, sizeof p->reason, text);
    for (char *c = p->reason; *c; c++)
        if (*c < 0x20 || *c > 0x7e)
            *c = '?';
}

static void on_outcome(void *user, enum software_end end, const char *text)
{
    struct package *p = user;
    bool stale = p->stale;
    p->asked = p->stale = false;
    if (stale) {
        give_order(p); /* what is wanted now, if anything */
    } else if (end == SOFTWARE_BUSY && p->tries < RETRIES) {
        p->retry = loop_timer(p->set->loop, (uint64_t)RETRY_MS << p->tries++, on_retry, p);
    } else {
        p->cause = end == SOFTWARE_DONE && p->stage == STAGE_INSPECTING ? identify(p, text) : end == SOFTWARE_DONE ? SOFTWARE_NOTHING : cause_of(p->stage, end);
        set_reason(p, p->cause == SOFTWARE_NOTHING || !text ? "" : text);
        post(p, p->cause == SOFTWARE_NOTHING ? EVENT_DONE : EVENT_FAILED);
    }
}

static bool order_of(const struct package *p, enum software_work *work)
{
    switch (p->stage) {
    case STAGE_INSPECTING:
        *work = SOFTWARE_INSPECT;
        return true;
    case STAGE_INSTALLING:
        *work = SOFTWARE_INSTALL;
        return true;
    case STAGE_REMOVING:
        *work = SOFTWARE_REMOVE;
        return true;
    case STAGE_SWITCHING:
        *work = p->wanted ? SOFTWARE_ACTIVATE : SOFTWARE_DEACTIVATE;
        return true;
    case STAGE_NONE:
    case STAGE_INITIAL:
    case STAGE_LOADING:
    case STAGE_DELIVERED:
    case STAGE_INSTALLED:
        break;
    }
    return false;
}

/* The order of this stage, if it has one; once the one that is out has ended. */
static void give_order(struct package *p)
{
    const struct software_host *host = &p->set->host;
    struct software_order order = { .name = p->is.name, .version = p->is.version, .file = -1 };
    if (p->asked || !order_of(p, &order.work))
        return;
    bool needs_file = order.work == SOFTWARE_INSPECT || order.work == SOFTWARE_INSTALL;
    if (needs_file)
        order.file = spool_open(&p->file.file);
    p->asked = (!needs_file || order.file >= 0) && host->order(host->user, &order, on_outcome, p);
    if (order.file >= 0)
        close(order.file);
    p->cause = cause_of(p->stage, SOFTWARE_FAILED);
    if (!p->asked)
        post(p, EVENT_FAILED);
}

static void begin_order(struct package *p)
{
    p->tries = 0;
    give_order(p);
}

/* ---- downloads: one after the other ---- */

static void pull_next(struct software *s);

/* What a download's end means for /9/x/9; the object has no result for a protocol. */
static void on_ended(void *user, enum download_result result)
{
    static const enum software_result of[] = {
        [DOWNLOAD_WHOLE] = SOFTWARE_NOTHING, [DOWNLOAD_NO_SPACE] = SOFTWARE_NO_SPACE, [DOWNLOAD_NO_MEMORY] = SOFTWARE_NO_MEMORY, [DOWNLOAD_LOST] = SOFTWARE_LOST,
        [DOWNLOAD_INVALID_URI] = SOFTWARE_INVALID_URI, [DOWNLOAD_UNSUPPORTED_PROTOCOL] = SOFTWARE_INVALID_URI,
    };
    struct package *p = user;
    p->cause = of[result];
    post(p, result == DOWNLOAD_WHOLE ? EVENT_WHOLE : EVENT_FAILED);
    pull_next(p->set);
}

static bool is_pulling(const struct software *s)
{
    for (size_t i = 0; i < SOFTWARE_MAX; i++)
        if (s->package[i].file.pulling)
            return true;
    return false;
}

static void pull_next(struct software *s)
{
    struct package *p = s->package;
    for (size_t i = 0; i < SOFTWARE_MAX && !is_pulling(s); i++)
        if (p[i].queued) {
            p[i].queued = false;
            enum download_result result = download_pull(&p[i].file, p[i].uri);
            if (result != DOWNLOAD_WHOLE)
                on_ended(&p[i], result);
        }
}

/* ---- actions ---- */

static void forget_file(struct package *p)
{
    p->queued = false;
    p->stale = p->asked;
    loop_cancel(p->set->loop, &p->retry);
    download_drop(&p->file);
    p->uri[0] = '\0';
    if (!p->placed)
        p->is.name[0] = '\0';
    (void)text_copy(p->is.version, sizeof p->is.version, p->placed_version);
}

static void do_begin(struct package *p)
{
    p->reason[0] = '\0';
    p->result = SOFTWARE_DOWNLOADING;
}

static void do_pull(struct package *p)
{
    p->reason[0] = '\0';
    p->result = SOFTWARE_DOWNLOADING;
    p->queued = true;
}

static void after_pull(struct package *p)
{
    pull_next(p->set);
}

static void do_stay(struct package *p)
{
    p->result = p->cause;
}

static void do_keep(struct package *p)
{
    (void)p;
}

static void do_deliver(struct package *p)
{
    p->result = SOFTWARE_VERIFIED;
}

static void do_fail(struct package *p)
{
    forget_file(p);
    p->result = p->cause;
}

static void do_drop(struct package *p)
{
    forget_file(p);
    p->result = SOFTWARE_NOTHING;
}

static void do_place(struct package *p)
{
    p->placed = true;
    (void)text_copy(p->placed_version, sizeof p->placed_version, p->is.version);
    forget_file(p);
    p->result = SOFTWARE_IN_PLACE;
}

static void do_update(struct package *p)
{
    p->result = SOFTWARE_NOTHING;
}

static void do_switch(struct package *p)
{
    p->active = p->wanted;
}

static void do_remove(struct package *p)
{
    p->placed = p->active = false;
    p->placed_version[0] = '\0';
    do_drop(p);
}

static void report_switch(struct package *p)
{
    log_warning(p->label, "%s could not be %sactivated", p->is.name, p->wanted ? "" : "de");
}

/* ---- the table ---- */

struct row {
    enum stage from;
    enum event event;
    enum stage to;
    void (*action)(struct package *p);
    void (*after)(struct package *p); /* once it is stored; NULL: nothing */
};

static const struct row table[] = {
    { STAGE_INITIAL, EVENT_BEGIN, STAGE_LOADING, do_begin, NULL },
    { STAGE_INITIAL, EVENT_URI, STAGE_LOADING, do_pull, after_pull },
    { STAGE_INITIAL, EVENT_REMOVE, STAGE_REMOVING, do_drop, begin_order }, /* an update that did not come */
    { STAGE_LOADING, EVENT_BEGIN, STAGE_LOADING, do_begin, NULL }, /* the server begins anew */
    { STAGE_LOADING, EVENT_WHOLE, STAGE_INSPECTING, do_keep, begin_order },
    { STAGE_LOADING, EVENT_FAILED, STAGE_INITIAL, do_fail, NULL },
    { STAGE_LOADING, EVENT_DROP, STAGE_INITIAL, do_drop, after_pull },
    { STAGE_INSPECTING, EVENT_DONE, STAGE_DELIVERED, do_deliver, NULL },
    { STAGE_INSPECTING, EVENT_FAILED, STAGE_INITIAL, do_fail, NULL },
    { STAGE_INSPECTING, EVENT_DROP, STAGE_INITIAL, do_drop, NULL },
    { STAGE_DELIVERED, EVENT_INSTALL, STAGE_INSTALLING, do_keep, begin_order },
    { STAGE_DELIVERED, EVENT_DROP, STAGE_INITIAL, do_drop, NULL },
    { STAGE_DELIVERED, EVENT_REMOVE, STAGE_REMOVING, do_drop, begin_order },
    { STAGE_DELIVERED, EVENT_FAILED, STAGE_INITIAL, do_fail, NULL }, /* it is not what came */
    { STAGE_INSTALLING, EVENT_DONE, STAGE_INSTALLED, do_place, NULL },
    { STAGE_INSTALLING, EVENT_FAILED, STAGE_DELIVERED, do_stay, NULL },
    { STAGE_INSTALLED, EVENT_UPDATE, STAGE_INITIAL, do_update, NULL },
    { STAGE_INSTALLED, EVENT_REMOVE, STAGE_REMOVING, do_keep, begin_order },
    { STAGE_INSTALLED, EVENT_SWITCH, STAGE_SWITCHING, do_keep, begin_order },
    { STAGE_SWITCHING, EVENT_DONE, STAGE_INSTALLED, do_switch, NULL },
    { STAGE_SWITCHING, EVENT_FAILED, STAGE_INSTALLED, report_switch, NULL },
    { STAGE_REMOVING, EVENT_DONE, STAGE_INITIAL, do_remove, NULL },
    { STAGE_REMOVING, EVENT_FAILED, STAGE_INSTALLED, do_stay, NULL },
};

static const struct row *find(enum stage from, enum event event)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].from == from && table[i].event == event)
            return &table[i];
    return NULL;
}

static void post(struct package *p, enum event event)
{
    const struct row *row = find(p->stage, event);
    if (!row) {
        log_debug(p->label, "%s: event \"%s\" has no meaning here", stage_names[p->stage], event_names[event]);
        return;
    }
    log_notice(p->label, "%s --%s--> %s", stage_names[row->from], event_names[event], stage_names[row->to]);
    p->stage = row->to;
    row->action(p);
    (void)save(p);
    p->set->host.changed(p->set->host.user);
    if (row->after)
        row->after(p);
}

/* ---- requests ---- */

static struct package *package_find(const struct software *s, uint16_t id)
{
    for (size_t i = 0; i < SOFTWARE_MAX; i++)
        if (s->package[i].stage != STAGE_NONE && s->package[i].id == id)
            return (struct package *)&s->package[i];
    return NULL;
}

/* Of an instance that there is: the object tables ask for no other. */
static struct package *package_at(const struct software *s, uint16_t id)
{
    struct package *p = package_find(s, id);
    if (!p)
        abort();
    return p;
}

bool software_may_write(const struct software *s, uint16_t id)
{
    return package_at(s, id)->stage == STAGE_INITIAL;
}

void software_write_package(struct software *s, uint16_t id, struct slice octets)
{
    struct package *p = package_at(s, id);
    if (octets.len == 0 || p->stage != STAGE_INITIAL)
        return;
    post(p, EVENT_BEGIN);
    on_ended(p, download_put(&p->file, octets) ? DOWNLOAD_NO_SPACE : DOWNLOAD_WHOLE);
}

void software_write_uri(struct software *s, uint16_t id, struct slice uri)
{
    struct package *p = package_at(s, id);
    if (uri.len == 0 || p->stage != STAGE_INITIAL)
        return;
    memcpy(p->uri, uri.data, uri.len);
    p->uri[uri.len] = '\0';
    post(p, EVENT_URI);
}

enum coap_code software_write_block(struct software *s, uint16_t id, const struct download_block *b)
{
    struct package *p = package_find(s, id);
    if (!p)
        return CODE_NOT_FOUND;
    bool begins = b->offset == 0;
    if (begins && p->stage != STAGE_INITIAL && (p->stage != STAGE_LOADING || p->file.pulling || p->queued))
        return CODE_METHOD_NOT_ALLOWED;
    if (begins)
        post(p, EVENT_BEGIN);
    enum coap_code code = download_block(&p->file, b);
    if (code == CODE_TOO_LARGE || code == CODE_CHANGED)
        on_ended(p, code == CODE_CHANGED ? DOWNLOAD_WHOLE : DOWNLOAD_NO_SPACE);
    return code;
}

/* False: the event has no row, nothing happened. */
static bool try_event(struct package *p, enum event event)
{
    bool good = find(p->stage, event) != NULL;
    if (good)
        post(p, event);
    return good;
}

bool software_install(struct software *s, uint16_t id)
{
    return try_event(package_at(s, id), EVENT_INSTALL);
}

bool software_uninstall(struct software *s, uint16_t id, bool for_update)
{
    struct package *p = package_at(s, id);
    bool on_its_way = p->stage == STAGE_LOADING || p->stage == STAGE_INSPECTING || (p->stage == STAGE_DELIVERED && !p->placed);
    if (for_update)
        return try_event(p, EVENT_UPDATE);
    return (on_its_way || p->placed) && try_event(p, on_its_way ? EVENT_DROP : EVENT_REMOVE);
}

bool software_switch(struct software *s, uint16_t id, bool active)
{
    struct package *p = package_at(s, id);
    if (p->stage != STAGE_INSTALLED)
        return false;
    p->wanted = active;
    post(p, EVENT_SWITCH);
    return true;
}

/* ---- instances ---- */

bool software_present(const struct software *s)
{
    uint16_t id;
    return s && (s->host.can(s->host.user) || software_instance(s, 0, &id));
}

bool software_instance(const struct software *s, size_t index, uint16_t *id)
{
    const struct package *best = NULL;
    for (size_t n = 0; n <= index; n++) {
        const struct package *next = NULL;
        for (size_t i = 0; i < SOFTWARE_MAX; i++) {
            const struct package *p = &s->package[i];
            if (p->stage != STAGE_NONE && (!best || p->id > best->id) && (!next || p->id < next->id))
                next = p;
        }
        if (!next)
            return false;
        best = next;
    }
    *id = best->id;
    return true;
}

bool software_create(struct software *s, uint16_t id)
{
    for (size_t i = 0; i < SOFTWARE_MAX; i++) {
        struct package *p = &s->package[i];
        if (p->stage != STAGE_NONE)
            continue;
        p->stage = STAGE_INITIAL;
        p->id = id;
        p->result = SOFTWARE_NOTHING;
        (void)snprintf(p->label, sizeof p->label, "package %u", id);
        bool saved = save(p);
        if (!saved)
            p->stage = STAGE_NONE;
        return saved;
    }
    log_warning("software", "no more than %d packages", SOFTWARE_MAX);
    return false;
}

bool software_delete(struct software *s, uint16_t id)
{
    struct package *p = package_at(s, id);
    if (p->placed || p->stage == STAGE_INSTALLING)
        return false;
    enum stage former = p->stage;
    p->stage = STAGE_NONE;
    if (!save(p)) {
        p->stage = former;
        return false;
    }
    forget_file(p);
    pull_next(s);
    return true;
}

/* ---- values ---- */

enum software_state software_state(const struct software *s, uint16_t id)
{
    static const enum software_state of[] = {
        [STAGE_NONE] = SOFTWARE_INITIAL,          [STAGE_INITIAL] = SOFTWARE_INITIAL,     [STAGE_LOADING] = SOFTWARE_DOWNLOAD_STARTED, [STAGE_INSPECTING] = SOFTWARE_DOWNLOADED,
        [STAGE_DELIVERED] = SOFTWARE_DELIVERED,   [STAGE_INSTALLING] = SOFTWARE_DELIVERED, [STAGE_INSTALLED] = SOFTWARE_INSTALLED,
        [STAGE_SWITCHING] = SOFTWARE_INSTALLED,   [STAGE_REMOVING] = SOFTWARE_INSTALLED,
    };
    return of[package_at(s, id)->stage];
}

enum software_result software_result(const struct software *s, uint16_t id)
{
    return package_at(s, id)->result;
}

const char *software_name(const struct software *s, uint16_t id)
{
    return package_at(s, id)->is.name;
}

const char *software_version(const struct software *s, uint16_t id)
{
    return package_at(s, id)->is.version;
}

const char *software_reason(const struct software *s, uint16_t id)
{
    return package_at(s, id)->reason;
}

bool software_active(const struct software *s, uint16_t id)
{
    return software_state(s, id) == SOFTWARE_INSTALLED && package_at(s, id)->active;
}

/* ---- life ---- */

/* What the last run of the agent left behind. A push cannot go on, a pull begins anew, an order is given again. */
static void resume(struct package *p)
{
    char digest[SPOOL_HEX];
    uint64_t size = 0;
    if (!load(p, &size, digest)) {
        download_drop(&p->file); /* of one that was just deleted */
        p->stage = STAGE_NONE;
        p->placed = false;
        p->is.name[0] = p->is.version[0] = p->placed_version[0] = p->uri[0] = '\0';
        return;
    }
    (void)snprintf(p->label, sizeof p->label, "package %u", p->id);
    bool needs_file = p->stage == STAGE_INSPECTING || p->stage == STAGE_DELIVERED || p->stage == STAGE_INSTALLING;
    p->cause = SOFTWARE_LOST;
    if (p->stage == STAGE_LOADING && p->uri[0]) {
        p->queued = true;
    } else if (p->stage == STAGE_LOADING) {
        post(p, EVENT_FAILED);
    } else if (needs_file && !spool_resume(&p->file.file, size, digest)) {
        p->stage = STAGE_DELIVERED;
        p->cause = SOFTWARE_DAMAGED;
        post(p, EVENT_FAILED);
    } else {
        begin_order(p);
    }
}

static bool place(struct package *p, struct software *s, unsigned place)
{
    char name[LABEL];
    (void)snprintf(name, sizeof name, "package.%u", place);
    p->set = s;
    p->place = place;
    bool good = download_place(&p->file, s->loop, &s->host.source, s->host.folder, name);
    p->file.ended = on_ended;
    p->file.user = p;
    return good;
}

struct software *software_new(const struct loop *loop, const struct software_host *host)
{
    struct software *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->loop = loop;
    s->host = *host;
    for (unsigned i = 0; i < SOFTWARE_MAX; i++)
        if (!place(&s->package[i], s, i)) {
            free(s);
            return NULL;
        }
    for (size_t i = 0; i < SOFTWARE_MAX; i++)
        resume(&s->package[i]);
    pull_next(s);
    return s;
}

void software_free(struct software *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < SOFTWARE_MAX; i++) {
        loop_cancel(s->loop, &s->package[i].retry);
        download_close(&s->package[i].file);
    }
    free(s);
}
