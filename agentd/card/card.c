/* SPDX-License-Identifier: Apache-2.0 */
/* OFF --connected--> WATCHING --ok--> READY: each change leads to one walk after a short quiet; a failed or lost watch is asked for again with back-off, but
 * not where agent-modemd says that there is nothing (NOT_SUPPORTED). */
#include "card/card.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "base/writer.h"

enum { WATCH_MS = 60000, QUIET_MS = 300, RETRY_MIN_MS = 2000, RETRY_MAX_MS = 60000, PASSING_TRIES = 5, NAME_MAX_LEN = 64 };

struct card {
    const struct loop *loop;
    struct access *access;
    char name[NAME_MAX_LEN];
    const char *dm_oid;
    struct card_events events;
    void *user;
    bool watched;
    unsigned tries; /* of a walk that failed for a reason that passes */
    uint32_t call;
    uint64_t timer, delay_ms;
    struct walk *walk;
};

static void watch(void *user);
static void read_now(void *user);

static void stop_reading(struct card *c)
{
    loop_cancel(c->loop, &c->timer);
    walk_free(c->walk);
    c->walk = NULL;
}

static void read_later(struct card *c, uint64_t delay_ms)
{
    stop_reading(c);
    c->timer = loop_timer(c->loop, delay_ms, read_now, c);
}

static void watch_later(struct card *c)
{
    c->watched = false;
    stop_reading(c);
    c->timer = loop_timer(c->loop, c->delay_ms, watch, c);
    c->delay_ms = c->delay_ms * 2 < RETRY_MAX_MS ? c->delay_ms * 2 : RETRY_MAX_MS;
}

/* --- reading --- */

/* A card that has just appeared, or a modem that is busy with it. */
static bool is_passing(enum error_code code)
{
    return code == ERROR_NOT_READY || code == ERROR_BUSY || code == ERROR_IO || code == ERROR_TIMEOUT;
}

static void on_walked(void *user, const struct error *error, const struct card_content *content)
{
    struct card *c = user;
    struct walk *done = c->walk;
    c->walk = NULL;
    if (!error) {
        c->tries = 0;
        c->events.content(c->user, content);
    } else if (is_passing(error->code) && ++c->tries < PASSING_TRIES) {
        c->timer = loop_timer(c->loop, RETRY_MIN_MS, read_now, c);
    } else {
        c->events.failed(c->user, error, content->iccid);
    }
    walk_free(done);
}

static void read_now(void *user)
{
    struct card *c = user;
    c->timer = 0;
    if (!c->watched)
        return;
    c->events.reading(c->user);
    c->walk = walk_start(c->access, c->name, c->dm_oid, on_walked, c);
}

void card_read_again(struct card *c)
{
    c->tries = 0;
    if (c->watched)
        read_later(c, QUIET_MS);
}

/* --- watching --- */

static void on_watched(void *user, enum error_code status)
{
    struct card *c = user;
    c->call = 0;
    if (status == ERROR_NONE) {
        log_info("card", "%s is watched", c->name);
        c->watched = true;
        c->delay_ms = RETRY_MIN_MS;
        card_read_again(c);
    } else if (status != ERROR_NOT_SUPPORTED) {
        watch_later(c);
    } else {
        c->events.absent(c->user);
    }
}

static uint32_t ask_name(struct card *c, enum modemd_op op, access_answer_fn *fn)
{
    uint8_t space[NAME_MAX_LEN + 2];
    struct writer w = writer_make(space, sizeof space);
    writer_u16(&w, (uint16_t)strlen(c->name));
    writer_text(&w, c->name);
    return access_ask(c->access, op, writer_slice(&w), WATCH_MS, fn, c);
}

static void on_watch_answer(void *user, enum error_code status, struct slice body)
{
    (void)body;
    on_watched(user, status);
}

static void on_unwatched(void *user, enum error_code status, struct slice body)
{
    (void)user; /* gone by now */
    (void)status;
    (void)body;
}

static void watch(void *user)
{
    struct card *c = user;
    c->timer = 0;
    if (!c->call && access_connected(c->access))
        c->call = ask_name(c, MODEMD_OP_CARD_WATCH, on_watch_answer);
}

static void on_state(void *user, bool connected)
{
    struct card *c = user;
    c->delay_ms = RETRY_MIN_MS;
    c->watched = false;
    stop_reading(c);
    if (connected)
        watch(c);
    else
        c->events.absent(c->user);
}

static void on_changed(void *user, const char *card, enum card_change what)
{
    struct card *c = user;
    if (strcmp(card, c->name) != 0 || !c->watched)
        return;
    log_info("card", "%s: %s", c->name, what == CARD_ABSENT ? "no card" : what == CARD_REFRESHED ? "refreshed by its issuer" : "a card");
    if (what == CARD_ABSENT) {
        stop_reading(c);
        c->events.absent(c->user);
        return;
    }
    card_read_again(c);
}

static void on_lost(void *user, const char *card)
{
    struct card *c = user;
    if (strcmp(card, c->name) != 0)
        return;
    watch_later(c);
    c->events.absent(c->user);
}

struct card *card_new(const struct loop *loop, struct access *access, const char *name, const char *dm_oid, const struct card_events *events, void *user)
{
    static const struct access_card_events access_events = { .state = on_state, .changed = on_changed, .lost = on_lost };
    struct card *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    *c = (struct card){ .loop = loop, .access = access, .dm_oid = dm_oid, .events = *events, .user = user, .delay_ms = RETRY_MIN_MS };
    (void)text_copy(c->name, sizeof c->name, name);
    if (!access_listen_cards(access, &access_events, c)) {
        free(c);
        return NULL;
    }
    c->timer = loop_timer(loop, 0, watch, c);
    return c;
}

void card_free(struct card *c)
{
    if (!c)
        return;
    (void)access_listen_cards(c->access, NULL, c);
    stop_reading(c);
    if (c->call)
        access_cancel(c->access, c->call);
    if (access_connected(c->access))
        (void)ask_name(c, MODEMD_OP_CARD_UNWATCH, on_unwatched);
    free(c);
}

const char *card_name(const struct card *c)
{
    return c->name;
}
