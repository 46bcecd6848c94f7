/* SPDX-License-Identifier: Apache-2.0 */
/* The draft as a table of states. Owns it, in wiped pages.
 *
 *   NONE --written--> WRITTEN --quiet--> TRIED --accepted, rejected--> NONE
 *                      '--written: the pause begins anew */
#include "lwm2m/profiles.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"

enum { QUIET_MS = 1000 /* the server has our answer by then; single Writes that follow each other are one change */ };

enum state { NONE, WRITTEN, TRIED };
enum event { EVENT_WRITTEN, EVENT_QUIET, EVENT_ACCEPTED, EVENT_REJECTED };

struct draft {
    char bearer[PROFILE_ID];
    uint16_t server;
    struct napdef napdef;
};

struct profiles {
    const struct loop *loop;
    struct profiles_host host;
    enum state state;
    struct draft *draft; /* secret pages */
    char tried[PROFILE_ID];
    struct profile_attempt attempt; /* of tried; "": none yet */
    uint64_t timer;
};

static const char *const state_names[] = { "NONE", "WRITTEN", "TRIED" };
static const char *const event_names[] = { "written", "quiet", "accepted", "rejected" };

static void post(struct profiles *p, enum event event);

static void on_quiet(void *user)
{
    struct profiles *p = user;
    p->timer = 0;
    post(p, EVENT_QUIET);
}

static void do_wait(struct profiles *p)
{
    loop_cancel(p->loop, &p->timer);
    p->timer = loop_timer(p->loop, QUIET_MS, on_quiet, p);
}

static void on_outcome(void *user, enum profile_result result)
{
    post(user, result == PROFILE_ACCEPTED ? EVENT_ACCEPTED : EVENT_REJECTED);
}

static void do_try(struct profiles *p)
{
    p->host.begin(p->host.user, p->draft->server, p->draft->bearer, &p->draft->napdef, on_outcome, p);
}

static void end(struct profiles *p, enum profile_result result)
{
    (void)text_copy(p->tried, sizeof p->tried, p->draft->bearer);
    p->attempt = (struct profile_attempt){ p->host.time(p->host.user), result };
    secret_zero(p->draft, sizeof *p->draft);
    p->host.changed(p->host.user);
}

static void do_accept(struct profiles *p)
{
    end(p, PROFILE_ACCEPTED);
}

static void do_reject(struct profiles *p)
{
    end(p, PROFILE_REJECTED);
}

static const struct row {
    enum state from;
    enum event event;
    enum state to;
    void (*action)(struct profiles *p);
} table[] = {
    { NONE, EVENT_WRITTEN, WRITTEN, do_wait },
    { WRITTEN, EVENT_WRITTEN, WRITTEN, do_wait },
    { WRITTEN, EVENT_QUIET, TRIED, do_try },
    { TRIED, EVENT_ACCEPTED, NONE, do_accept },
    { TRIED, EVENT_REJECTED, NONE, do_reject },
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

bool profiles_may(const struct profiles *p, uint16_t server, const char *bearer)
{
    bool mine = p->state == WRITTEN && p->draft->server == server && strcmp(p->draft->bearer, bearer) == 0;
    return (p->state == NONE || mine) && p->host.may(p->host.user, server, bearer);
}

struct napdef *profiles_edit(struct profiles *p, uint16_t server, const char *bearer)
{
    if (p->state == NONE && (!text_copy(p->draft->bearer, sizeof p->draft->bearer, bearer) || !p->host.open(p->host.user, bearer, &p->draft->napdef)))
        return NULL;
    p->draft->server = server;
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
    return p->tried[0] && strcmp(p->tried, bearer) == 0 ? &p->attempt : NULL;
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
