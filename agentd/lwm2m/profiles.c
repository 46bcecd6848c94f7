/* SPDX-License-Identifier: Apache-2.0 */
/* The draft as a table of states. Owns it, in wiped pages.
 *
 *   NONE --written--> WRITTEN --quiet--> TRIED --accepted, rejected, shelved--> NONE
 *    |                 |  ^ |--written: the pause begins anew
 *    '--resumed--> KEPT|--' its server is there, or writes; KEPT <--held-- WRITTEN: no trial may begin
 *                   '--'--dropped--> NONE */
#include "lwm2m/profiles.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"

enum { QUIET_MS = 1000 /* the server has our answer by then; single Writes that follow each other are one change */ };

enum state { NONE, KEPT, WRITTEN, TRIED };
enum event { EVENT_WRITTEN, EVENT_RESUMED, EVENT_THERE, EVENT_QUIET, EVENT_HELD, EVENT_ACCEPTED, EVENT_REJECTED, EVENT_SHELVED, EVENT_DROPPED };
enum { ATTEMPTS = 16 };

struct draft {
    char bearer[PROFILE_ID];
    uint16_t server;
    bool created; /* nothing is installed yet */
    bool fresh;   /* it is not what is kept */
    bool kept;    /* something of it is: */
    struct napdef napdef, before;
};

struct attempt {
    char bearer[PROFILE_ID]; /* "": free */
    struct profile_attempt is;
};

struct profiles {
    const struct loop *loop;
    struct profiles_host host;
    enum state state;
    struct draft *draft; /* secret pages */
    bool unopened; /* something was written to what could not be opened */
    struct attempt attempt[ATTEMPTS]; /* the last one of each; the oldest give way */
    size_t next;
    uint64_t timer;
};

static const char *const state_names[] = { "NONE", "KEPT", "WRITTEN", "TRIED" };
static const char *const event_names[] = { "written", "resumed", "there", "quiet", "held", "accepted", "rejected", "shelved", "dropped" };

static void post(struct profiles *p, enum event event);

static void on_quiet(void *user)
{
    struct profiles *p = user;
    p->timer = 0;
    post(p, p->host.ready(p->host.user) ? EVENT_QUIET : EVENT_HELD);
}

static void do_wait(struct profiles *p)
{
    loop_cancel(p->loop, &p->timer);
    p->timer = loop_timer(p->loop, QUIET_MS, on_quiet, p);
}

static void on_outcome(void *user, enum profile_result result)
{
    static const enum event events[] = { EVENT_ACCEPTED, EVENT_REJECTED, EVENT_SHELVED };
    post(user, events[result]);
}

static void do_try(struct profiles *p)
{
    p->host.begin(p->host.user, p->draft->server, p->draft->bearer, &p->draft->napdef, on_outcome, p);
}

static size_t find_attempt(const struct profiles *p, const char *bearer)
{
    size_t i = 0;
    while (i < ATTEMPTS && strcmp(p->attempt[i].bearer, bearer) != 0)
        i++;
    return i;
}

static void note_attempt(struct profiles *p, enum profile_result result)
{
    size_t at = find_attempt(p, p->draft->bearer);
    if (at == ATTEMPTS)
        at = p->next++ % ATTEMPTS;
    (void)text_copy(p->attempt[at].bearer, sizeof p->attempt[at].bearer, p->draft->bearer);
    p->attempt[at].is = (struct profile_attempt){ p->host.time(p->host.user), result };
}

static void do_forget(struct profiles *p)
{
    loop_cancel(p->loop, &p->timer);
    secret_zero(p->draft, sizeof *p->draft);
}

static void do_nothing(struct profiles *p)
{
    (void)p;
}

/* Nothing was connected. */
static void do_shelve(struct profiles *p)
{
    do_forget(p);
    p->host.changed(p->host.user);
}

static void do_accept(struct profiles *p)
{
    note_attempt(p, PROFILE_ACCEPTED);
    do_shelve(p);
}

static void do_reject(struct profiles *p)
{
    note_attempt(p, PROFILE_REJECTED);
    do_shelve(p);
}

static const struct row {
    enum state from;
    enum event event;
    enum state to;
    void (*action)(struct profiles *p);
} table[] = {
    { NONE, EVENT_WRITTEN, WRITTEN, do_wait },
    { NONE, EVENT_RESUMED, KEPT, do_nothing },
    { KEPT, EVENT_THERE, WRITTEN, do_wait },
    { KEPT, EVENT_WRITTEN, WRITTEN, do_wait },
    { KEPT, EVENT_DROPPED, NONE, do_forget },
    { WRITTEN, EVENT_WRITTEN, WRITTEN, do_wait },
    { WRITTEN, EVENT_QUIET, TRIED, do_try },
    { WRITTEN, EVENT_HELD, KEPT, do_nothing },
    { WRITTEN, EVENT_DROPPED, NONE, do_forget },
    { TRIED, EVENT_ACCEPTED, NONE, do_accept },
    { TRIED, EVENT_REJECTED, NONE, do_reject },
    { TRIED, EVENT_SHELVED, NONE, do_shelve },
};

static void post(struct profiles *p, enum event event)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].from == p->state && table[i].event == event) {
            log_info(p->draft->bearer, "draft %s --%s--> %s", state_names[p->state], event_names[event], state_names[table[i].to]);
            p->state = table[i].to;
            table[i].action(p);
            return;
        }
    log_debug("profiles", "%s: event \"%s\" has no meaning here", state_names[p->state], event_names[event]);
}

static bool is_draft_of(const struct profiles *p, uint16_t server, const char *bearer)
{
    return (p->state == KEPT || p->state == WRITTEN) && p->draft->server == server && strcmp(p->draft->bearer, bearer) == 0;
}

/* One draft at a time. */
static bool is_free(const struct profiles *p, uint16_t server)
{
    if (p->state != NONE)
        log_warning("profiles", "server %u has to wait: %s of server %u is %s", (unsigned)server, p->draft->bearer, (unsigned)p->draft->server, state_names[p->state]);
    return p->state == NONE;
}

bool profiles_may(const struct profiles *p, uint16_t server, const char *bearer)
{
    bool mine = is_draft_of(p, server, bearer);
    return (mine && p->draft->created) || ((mine || is_free(p, server)) && p->host.may(p->host.user, server, bearer));
}

bool profiles_may_go(const struct profiles *p, uint16_t server, const char *bearer)
{
    return profiles_created(p, bearer) || p->host.may_go(p->host.user, server, bearer);
}

bool profiles_may_create(const struct profiles *p, uint16_t server)
{
    char bearer[PROFILE_ID];
    struct napdef napdef;
    return is_free(p, server) && p->host.may_create(p->host.user, server, bearer, &napdef);
}

const char *profiles_create(struct profiles *p, uint16_t server)
{
    if (p->state != NONE || !p->host.may_create(p->host.user, server, p->draft->bearer, &p->draft->napdef))
        return NULL;
    size_t former = find_attempt(p, p->draft->bearer); /* of one that had its name */
    if (former < ATTEMPTS)
        p->attempt[former] = (struct attempt){ .bearer = "" };
    p->draft->server = server;
    p->draft->created = p->draft->fresh = true;
    post(p, EVENT_WRITTEN);
    return p->draft->bearer;
}

bool profiles_keep(struct profiles *p)
{
    struct draft *d = p->draft;
    bool lost = p->unopened;
    p->unopened = false;
    if (p->state == NONE || !d->fresh)
        return !lost;
    d->fresh = false;
    bool kept = p->host.keep(p->host.user, d->server, d->bearer, d->created, &d->napdef);
    d->kept = d->kept || kept;
    if (kept)
        d->before = d->napdef;
    else if (d->kept)
        d->napdef = d->before;
    else
        post(p, EVENT_DROPPED);
    return kept;
}

void profiles_resume(struct profiles *p, uint16_t server, const char *bearer, bool created, const struct napdef *draft)
{
    if (p->state != NONE || !text_copy(p->draft->bearer, sizeof p->draft->bearer, bearer))
        return;
    p->draft->server = server;
    p->draft->created = created;
    p->draft->kept = true;
    p->draft->napdef = p->draft->before = *draft;
    post(p, EVENT_RESUMED);
}

void profiles_server_is_there(struct profiles *p, uint16_t server)
{
    if (p->state == KEPT && p->draft->server == server)
        post(p, EVENT_THERE);
}

void profiles_drop(struct profiles *p)
{
    post(p, EVENT_DROPPED);
}

bool profiles_created(const struct profiles *p, const char *bearer)
{
    return p->state != NONE && p->draft->created && strcmp(p->draft->bearer, bearer) == 0;
}

bool profiles_remove(struct profiles *p, uint16_t server, const char *bearer)
{
    if (!profiles_may(p, server, bearer))
        return false;
    bool gone = profiles_may_go(p, server, bearer) && p->host.remove(p->host.user, server, bearer);
    if (gone)
        post(p, EVENT_DROPPED); /* what it wrote, if it did */
    return gone;
}

static bool open_draft(struct profiles *p, const char *bearer)
{
    return text_copy(p->draft->bearer, sizeof p->draft->bearer, bearer) && p->host.open(p->host.user, bearer, &p->draft->napdef);
}

struct napdef *profiles_edit(struct profiles *p, uint16_t server, const char *bearer)
{
    p->unopened = p->state == NONE && !open_draft(p, bearer);
    if (p->unopened)
        return NULL;
    p->draft->server = server;
    p->draft->fresh = true;
    post(p, EVENT_WRITTEN);
    return &p->draft->napdef;
}

const struct napdef *profiles_draft(const struct profiles *p, const char *bearer)
{
    return p->state != NONE && strcmp(p->draft->bearer, bearer) == 0 ? &p->draft->napdef : NULL;
}

struct napdef *profiles_installed(const struct profiles *p, const char *bearer)
{
    struct napdef *installed = secret_pages_new(sizeof *installed);
    if (installed && p->host.open(p->host.user, bearer, installed))
        return installed;
    profiles_close(installed);
    return NULL;
}

void profiles_close(struct napdef *installed)
{
    secret_pages_free(installed, sizeof *installed);
}

const struct profile_attempt *profiles_attempt(const struct profiles *p, const char *bearer)
{
    size_t at = bearer[0] ? find_attempt(p, bearer) : ATTEMPTS;
    return at < ATTEMPTS ? &p->attempt[at].is : NULL;
}

struct profiles *profiles_new(const struct loop *loop, const struct profiles_host *host)
{
    struct profiles *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    *p = (struct profiles){ .loop = loop, .host = *host, .draft = secret_pages_new(sizeof *p->draft) };
    if (p->draft)
        return p;
    free(p);
    return NULL;
}

void profiles_free(struct profiles *p)
{
    if (!p)
        return;
    loop_cancel(p->loop, &p->timer);
    secret_pages_free(p->draft, sizeof *p->draft);
    free(p);
}
