/* SPDX-License-Identifier: Apache-2.0 */
/* The firmware update as a table of states.
 *
 *   IDLE --push, uri--> DOWNLOADING --whole--> DOWNLOADED --update--> UPDATING --new version--> IDLE
 *     ^---failed, reset, cancel----'             |  ^                    |
 *     '----------reset, cancel, refused----------'  '------failed--------'
 *
 * Every change is stored before anybody is told. Never installs an image that is not the one which came: after a restart of the agent its digest must
 * be the stored one. */
#include "lwm2m/firmware.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "lwm2m/identity.h"

enum { RESTART_MS = 600000 /* a hook that has done its part restarts the machine by then */ };

enum event {
    EVENT_BEGIN,     /* the first octets of a push */
    EVENT_URI,
    EVENT_WHOLE,     /* the image is there */
    EVENT_FAILED,    /* f->cause: why */
    EVENT_RESET,     /* an empty package or URI */
    EVENT_CANCEL, EVENT_UPDATE,
    EVENT_INSTALLED, /* the new firmware runs */
    EVENT_REFUSED,   /* the hook does not take this image; f->cause */
};

struct firmware {
    const struct loop *loop;
    struct firmware_host host;
    enum firmware_state state;
    enum firmware_result result, cause;
    uint64_t changed_at;
    char uri[DOWNLOAD_URI + 1];
    char boot[FIRMWARE_BOOT + 1], now_boot[FIRMWARE_BOOT + 1]; /* of the machine: when the update began, and as last looked at; "": not known */
    char version[FIRMWARE_VERSION + 1];                        /* when the update began */
    struct download image;
    struct identity package;
    bool inspected, stale; /* the hook is asked what the image is; it is not this image any more */
    bool hook_done;
    bool asked; /* this very run has asked for the hook and waits for its end */
    uint64_t timer; /* of a restart that does not come */
};

static const char *const state_names[] = { "IDLE", "DOWNLOADING", "DOWNLOADED", "UPDATING" };
static const char *const event_names[] = { "begin", "uri", "whole", "failed", "reset", "cancel", "update", "installed", "refused" };

static void post(struct firmware *f, enum event event);

/* ---- what outlives us ---- */

static const char *or_dash(const char *text)
{
    return text[0] ? text : "-";
}

static void save(struct firmware *f)
{
    char text[FIRMWARE_TEXT];
    (void)snprintf(text, sizeof text, "%d %d %" PRIu64 " %" PRIu64 " %s %s %s %s %s %s", f->state, f->result, f->changed_at, f->image.file.size, or_dash(f->image.file.digest),
                   or_dash(f->boot), or_dash(f->version), or_dash(f->uri), or_dash(f->package.name), or_dash(f->package.version));
    f->host.save(f->host.user, text);
}

static void undash(char *text)
{
    if (strcmp(text, "-") == 0)
        text[0] = '\0';
}

/* False: nothing usable was stored. */
static bool load(struct firmware *f, uint64_t *size, char digest[SPOOL_HEX])
{
    char text[FIRMWARE_TEXT];
    int state, result;
    if (!f->host.load(f->host.user, text, sizeof text) ||
        sscanf(text, "%d %d %" SCNu64 " %" SCNu64 " %64s %40s %64s %255s %64s %64s", &state, &result, &f->changed_at, size, digest, f->boot, f->version, f->uri,
               f->package.name, f->package.version) != 10 ||
        state < FIRMWARE_IDLE || state > FIRMWARE_UPDATING || result < RESULT_INITIAL || result > RESULT_CANCELLED)
        return false;
    f->state = (enum firmware_state)state;
    f->result = (enum firmware_result)result;
    undash(digest);
    undash(f->boot);
    undash(f->version);
    undash(f->uri);
    undash(f->package.name);
    undash(f->package.version);
    return true;
}

/* ---- actions ---- */

/* What a download's end means for /5/0/5. */
static enum firmware_result result_of(enum download_result r)
{
    static const enum firmware_result of[] = {
        [DOWNLOAD_WHOLE] = RESULT_SUCCESS, [DOWNLOAD_NO_SPACE] = RESULT_NO_SPACE, [DOWNLOAD_NO_MEMORY] = RESULT_NO_MEMORY, [DOWNLOAD_LOST] = RESULT_CONNECTION_LOST,
        [DOWNLOAD_INVALID_URI] = RESULT_INVALID_URI, [DOWNLOAD_UNSUPPORTED_PROTOCOL] = RESULT_UNSUPPORTED_PROTOCOL,
    };
    return of[r];
}

static void on_ended(void *user, enum download_result result)
{
    struct firmware *f = user;
    f->cause = result_of(result);
    post(f, result == DOWNLOAD_WHOLE ? EVENT_WHOLE : EVENT_FAILED);
}

static void do_push(struct firmware *f)
{
    f->result = RESULT_INITIAL;
}

static void do_pull(struct firmware *f)
{
    f->result = RESULT_INITIAL;
    enum download_result result = download_pull(&f->image, f->uri);
    if (result != DOWNLOAD_WHOLE)
        on_ended(f, result);
}

static void do_keep(struct firmware *f)
{
    f->result = RESULT_INITIAL;
}

static void forget_image(struct firmware *f)
{
    loop_cancel(f->loop, &f->timer);
    download_drop(&f->image);
    f->uri[0] = '\0';
    f->package = (struct identity){ .name = "" };
    f->stale = f->inspected;
}

static void do_fail(struct firmware *f)
{
    forget_image(f);
    f->result = f->cause;
}

static void do_reset(struct firmware *f)
{
    forget_image(f);
    f->result = RESULT_INITIAL;
}

static void do_cancel(struct firmware *f)
{
    do_reset(f);
    f->result = RESULT_CANCELLED;
}

/* The new firmware runs if it calls itself otherwise than the old one did. */
static void judge(struct firmware *f)
{
    bool other = strcmp(f->version, f->host.version(f->host.user)) != 0;
    log_notice("firmware", "version %s before the update, %s now", or_dash(f->version), or_dash(f->host.version(f->host.user)));
    f->cause = RESULT_FAILED;
    post(f, other ? EVENT_INSTALLED : EVENT_FAILED);
}

static void on_no_restart(void *user)
{
    struct firmware *f = user;
    f->timer = 0;
    log_warning("firmware", "the hook has done its part, but no restart followed");
    judge(f);
}

/* A wrong image goes; after another failure Update may be executed again. */
static void on_hook_ended(void *user, enum firmware_result result)
{
    struct firmware *f = user;
    f->asked = false;
    if (f->state != FIRMWARE_UPDATING || f->hook_done || result == RESULT_INITIAL)
        return; /* not known: firmware_look will tell */
    f->cause = result;
    f->hook_done = result == RESULT_SUCCESS;
    if (f->hook_done)
        f->timer = loop_timer(f->loop, RESTART_MS, on_no_restart, f);
    else
        post(f, result == RESULT_FAILED ? EVENT_FAILED : EVENT_REFUSED);
}

static void do_install(struct firmware *f)
{
    (void)text_copy(f->boot, sizeof f->boot, f->now_boot);
    (void)text_copy(f->version, sizeof f->version, f->host.version(f->host.user));
    f->result = RESULT_INITIAL;
    f->hook_done = false;
}

/* After the state is on the disk: the hook may end this machine's run at once. */
static void start_hook(struct firmware *f)
{
    int image = spool_open(&f->image.file);
    bool begun = image >= 0 && f->host.install(f->host.user, image, on_hook_ended, f);
    if (image >= 0)
        close(image);
    f->cause = RESULT_FAILED;
    f->asked = begun;
    if (!begun)
        post(f, EVENT_FAILED);
}

static void inspect(struct firmware *f);

static void on_inspected(void *user, enum firmware_result result, const char *text)
{
    struct firmware *f = user;
    bool stale = f->stale, bad = result == RESULT_INTEGRITY || result == RESULT_UNSUPPORTED_TYPE || result == RESULT_NO_SPACE;
    f->inspected = f->stale = false;
    if (stale) {
        inspect(f);
    } else if (bad && f->state == FIRMWARE_DOWNLOADED) {
        f->cause = result;
        post(f, EVENT_REFUSED);
    } else if (result == RESULT_SUCCESS && identity_read(text, &f->package)) {
        save(f);
        f->host.changed(f->host.user);
    }
}

/* What is it that came? */
static void inspect(struct firmware *f)
{
    if (f->inspected || f->state != FIRMWARE_DOWNLOADED)
        return;
    int image = spool_open(&f->image.file);
    f->inspected = image >= 0 && f->host.inspect(f->host.user, image, on_inspected, f);
    if (image >= 0)
        close(image);
}

static void do_stay(struct firmware *f)
{
    f->result = f->cause;
    f->hook_done = false;
    loop_cancel(f->loop, &f->timer);
    if (!f->image.file.digest[0])
        post(f, EVENT_FAILED); /* there is nothing to try again with */
}

static void do_succeed(struct firmware *f)
{
    do_reset(f);
    f->result = RESULT_SUCCESS;
}

/* ---- the table ---- */

struct row {
    enum firmware_state from;
    enum event event;
    enum firmware_state to;
    void (*action)(struct firmware *f);
    void (*after)(struct firmware *f); /* once it is stored; NULL: nothing */
};

static const struct row table[] = {
    { FIRMWARE_IDLE, EVENT_BEGIN, FIRMWARE_DOWNLOADING, do_push, NULL },
    { FIRMWARE_IDLE, EVENT_URI, FIRMWARE_DOWNLOADING, do_pull, NULL },
    { FIRMWARE_IDLE, EVENT_FAILED, FIRMWARE_IDLE, do_fail, NULL },
    { FIRMWARE_IDLE, EVENT_RESET, FIRMWARE_IDLE, do_reset, NULL },
    { FIRMWARE_DOWNLOADING, EVENT_BEGIN, FIRMWARE_DOWNLOADING, do_push, NULL }, /* the server begins anew */
    { FIRMWARE_DOWNLOADING, EVENT_WHOLE, FIRMWARE_DOWNLOADED, do_keep, inspect },
    { FIRMWARE_DOWNLOADING, EVENT_FAILED, FIRMWARE_IDLE, do_fail, NULL },
    { FIRMWARE_DOWNLOADING, EVENT_RESET, FIRMWARE_IDLE, do_reset, NULL },
    { FIRMWARE_DOWNLOADING, EVENT_CANCEL, FIRMWARE_IDLE, do_cancel, NULL },
    { FIRMWARE_DOWNLOADED, EVENT_RESET, FIRMWARE_IDLE, do_reset, NULL },
    { FIRMWARE_DOWNLOADED, EVENT_CANCEL, FIRMWARE_IDLE, do_cancel, NULL },
    { FIRMWARE_DOWNLOADED, EVENT_FAILED, FIRMWARE_IDLE, do_fail, NULL }, /* it is not what came */
    { FIRMWARE_DOWNLOADED, EVENT_REFUSED, FIRMWARE_IDLE, do_fail, NULL }, /* nor what the hook installs */
    { FIRMWARE_DOWNLOADED, EVENT_UPDATE, FIRMWARE_UPDATING, do_install, start_hook },
    { FIRMWARE_UPDATING, EVENT_INSTALLED, FIRMWARE_IDLE, do_succeed, NULL },
    { FIRMWARE_UPDATING, EVENT_FAILED, FIRMWARE_DOWNLOADED, do_stay, NULL },
    { FIRMWARE_UPDATING, EVENT_REFUSED, FIRMWARE_IDLE, do_fail, NULL },
};

static const struct row *find(enum firmware_state from, enum event event)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].from == from && table[i].event == event)
            return &table[i];
    return NULL;
}

static void post(struct firmware *f, enum event event)
{
    const struct row *row = find(f->state, event);
    if (!row) {
        log_debug("firmware", "%s: event \"%s\" has no meaning here", state_names[f->state], event_names[event]);
        return;
    }
    log_notice("firmware", "%s --%s--> %s", state_names[row->from], event_names[event], state_names[row->to]);
    f->state = row->to;
    f->changed_at = f->host.time(f->host.user);
    row->action(f); /* may post the next event, which then has the last word */
    if (f->state != row->to)
        return;
    save(f);
    f->host.changed(f->host.user);
    if (row->after)
        row->after(f);
}

/* ---- requests ---- */

static bool is_reset(struct slice octets)
{
    return octets.len == 0 || (octets.len == 1 && octets.data[0] == 0); /* appendix E.6, Package: a NUL */
}

bool firmware_may_write(const struct firmware *f, struct slice octets)
{
    return f->state == FIRMWARE_IDLE || (is_reset(octets) && f->state != FIRMWARE_UPDATING);
}

void firmware_write_package(struct firmware *f, struct slice octets)
{
    if (is_reset(octets)) {
        post(f, EVENT_RESET);
        return;
    }
    enum error_code rc = download_put(&f->image, octets);
    post(f, EVENT_BEGIN);
    on_ended(f, rc ? DOWNLOAD_NO_SPACE : DOWNLOAD_WHOLE);
}

enum coap_code firmware_write_block(struct firmware *f, const struct download_block *b)
{
    if (b->offset == 0 && !b->more) { /* one block is the whole */
        if (!firmware_may_write(f, b->octets))
            return CODE_METHOD_NOT_ALLOWED;
        firmware_write_package(f, b->octets);
        return f->state == FIRMWARE_IDLE && f->result != RESULT_INITIAL ? CODE_TOO_LARGE : CODE_CHANGED;
    }
    if (b->offset == 0 && f->state != FIRMWARE_IDLE && (f->state != FIRMWARE_DOWNLOADING || f->image.pulling))
        return CODE_METHOD_NOT_ALLOWED;
    if (b->offset == 0)
        post(f, EVENT_BEGIN);
    enum coap_code code = download_block(&f->image, b);
    if (code == CODE_TOO_LARGE || code == CODE_CHANGED)
        on_ended(f, code == CODE_CHANGED ? DOWNLOAD_WHOLE : DOWNLOAD_NO_SPACE);
    return code;
}

void firmware_write_uri(struct firmware *f, struct slice uri)
{
    if (uri.len == 0) {
        post(f, EVENT_RESET);
        return;
    }
    memcpy(f->uri, uri.data, uri.len);
    f->uri[uri.len] = '\0';
    post(f, EVENT_URI);
}

bool firmware_update(struct firmware *f)
{
    if (f->state != FIRMWARE_DOWNLOADED)
        return false;
    post(f, EVENT_UPDATE);
    return true;
}

bool firmware_cancel(struct firmware *f)
{
    if (f->state != FIRMWARE_DOWNLOADING && f->state != FIRMWARE_DOWNLOADED)
        return false;
    post(f, EVENT_CANCEL);
    return true;
}

bool firmware_present(const struct firmware *f)
{
    return f && (f->state != FIRMWARE_IDLE || f->result != RESULT_INITIAL || f->host.can(f->host.user));
}

enum firmware_state firmware_state(const struct firmware *f)
{
    return f->state;
}

enum firmware_result firmware_result(const struct firmware *f)
{
    return f->result;
}

const char *firmware_uri(const struct firmware *f)
{
    return f->uri;
}

const char *firmware_package_name(const struct firmware *f)
{
    return f->package.name;
}

const char *firmware_package_version(const struct firmware *f)
{
    return f->package.version;
}

unsigned firmware_protocols(const struct firmware *f)
{
    return f->host.source.protocols(f->host.source.user);
}

uint64_t firmware_changed_at(const struct firmware *f)
{
    return f->changed_at;
}

/* ---- life ---- */

/* What the last run of the agent left behind. A push cannot go on, a pull begins anew. */
static void resume(struct firmware *f)
{
    char digest[SPOOL_HEX];
    uint64_t size = 0;
    if (!load(f, &size, digest)) {
        f->state = FIRMWARE_IDLE;
        f->result = RESULT_INITIAL;
        f->uri[0] = '\0';
        f->package = (struct identity){ .name = "" };
        return;
    }
    bool whole = f->state == FIRMWARE_DOWNLOADED || f->state == FIRMWARE_UPDATING;
    bool same = whole && spool_resume(&f->image.file, size, digest);
    if (f->state == FIRMWARE_DOWNLOADING && f->uri[0]) {
        do_pull(f);
    } else if (f->state == FIRMWARE_DOWNLOADING) {
        f->cause = RESULT_CONNECTION_LOST;
        post(f, EVENT_FAILED);
    } else if (f->state == FIRMWARE_DOWNLOADED && !same) {
        f->cause = RESULT_INTEGRITY;
        post(f, EVENT_FAILED);
    } else if (!f->package.name[0]) {
        inspect(f);
    }
}

bool firmware_waits(const struct firmware *f)
{
    return f->state == FIRMWARE_UPDATING && !f->asked && !f->timer;
}

void firmware_look(struct firmware *f, const struct firmware_sight *sight)
{
    bool restarted = f->boot[0] && strcmp(sight->boot, f->boot) != 0;
    (void)text_copy(f->now_boot, sizeof f->now_boot, sight->boot);
    if (f->state != FIRMWARE_UPDATING || f->asked || f->timer)
        return;
    if (restarted)
        judge(f);
    else if (!sight->running)
        on_hook_ended(f, sight->ended == RESULT_INITIAL ? RESULT_FAILED : sight->ended); /* INITIAL: it never began */
}

struct firmware *firmware_new(const struct loop *loop, const struct firmware_host *host)
{
    struct firmware *f = calloc(1, sizeof *f);
    if (!f || !download_place(&f->image, loop, &host->source, host->folder, "firmware.image")) {
        free(f);
        return NULL;
    }
    f->loop = loop;
    f->host = *host;
    f->image.ended = on_ended;
    f->image.user = f;
    resume(f);
    return f;
}

void firmware_free(struct firmware *f)
{
    if (!f)
        return;
    loop_cancel(f->loop, &f->timer);
    download_close(&f->image);
    free(f);
}
