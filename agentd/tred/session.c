/* SPDX-License-Identifier: Apache-2.0 */
/* The table of sessions, in locked pages that exist while there is one. Must never give a session to another peer than its maker. */
#include "tred/session.h"

#include <string.h>

#include "base/secret.h"

struct session *session_new(struct tre *t, unsigned peers)
{
    if (!t->sessions)
        t->sessions = secret_pages_new(SESSION_MAX * sizeof *t->sessions);
    if (!t->sessions)
        return NULL;
    uint32_t number = ++t->last_session ? t->last_session : ++t->last_session;
    struct session *s = &t->sessions[0];
    for (size_t i = 0; i < SESSION_MAX && s->number; i++)
        if (!t->sessions[i].number || t->sessions[i].number < s->number)
            s = &t->sessions[i];
    session_end(s);
    s->number = number;
    s->peers = peers;
    s->born_ms = tre_now_ms();
    return s;
}

struct session *session_find(struct tre *t, unsigned peers, uint32_t number)
{
    for (size_t i = 0; number && t->sessions && i < SESSION_MAX; i++) {
        struct session *s = &t->sessions[i];
        if (s->number == number && (s->peers & peers) && tre_now_ms() - s->born_ms < SESSION_AGE_MS)
            return s;
    }
    return NULL;
}

void session_end(struct session *s)
{
    secret_zero(s, sizeof *s);
}

void session_sweep(struct tre *t, bool all)
{
    bool any = false;
    for (size_t i = 0; t->sessions && i < SESSION_MAX; i++) {
        struct session *s = &t->sessions[i];
        const struct mid_row *m = s->number ? registry_mid(&t->registry, s->mid) : NULL;
        if (all || !m || m->entry.state != MID_ACTIVE)
            session_end(s);
        any = any || s->number;
    }
    if (!any) {
        secret_pages_free(t->sessions, SESSION_MAX * sizeof *t->sessions);
        t->sessions = NULL;
    }
}
