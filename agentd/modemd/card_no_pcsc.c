/* SPDX-License-Identifier: Apache-2.0 */
/* The PC/SC back end of a build without it (-Dpcsc=false): says so, and is asked nothing. */
#include <glib.h>

#include "modemd/card_io.h"

struct absent {
    guint idle;
    struct card_events events;
    void *user;
};

static gboolean on_idle(gpointer data)
{
    struct absent *a = data;
    a->idle = 0;
    a->events.started(a->user, ERROR_NOT_SUPPORTED);
    return G_SOURCE_REMOVE;
}

static void *absent_start(const char *place, const char *name, const struct card_events *events, void *user)
{
    struct absent *a = g_new0(struct absent, 1);
    (void)place;
    (void)name;
    *a = (struct absent){ .events = *events, .user = user };
    a->idle = g_idle_add(on_idle, a);
    return a;
}

static void absent_ask(void *io, const struct card_ask *ask, card_answer_fn *fn, void *user)
{
    (void)io;
    (void)ask;
    (void)fn;
    (void)user;
}

static void absent_stop(void *io)
{
    struct absent *a = io;
    if (a->idle)
        g_source_remove(a->idle);
    g_free(a);
}

const struct card_backend card_pcsc = { .name = "pcsc", .way = CARD_WAY_PCSC, .files = false, .start = absent_start, .ask = absent_ask, .stop = absent_stop };
