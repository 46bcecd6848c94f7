/* SPDX-License-Identifier: Apache-2.0 */
/* Looks once an hour: the clock may be set meanwhile. */
#include "bootstrap/service/purge.h"

enum { LOOK_S = 3600 };

static void look(void *user)
{
    struct purge *p = user;
    uint64_t now = site_wall_clock(p->site);
    p->timer = 0;
    if (now >= p->at) {
        p->fn(p->user);
        return;
    }
    uint64_t left = p->at - now;
    p->timer = loop_timer(p->site->loop, (left > LOOK_S ? LOOK_S : left) * 1000, look, p);
}

void purge_start(struct purge *p, struct site *site, uint64_t at, void (*fn)(void *user), void *user)
{
    *p = (struct purge){ .site = site, .at = at, .fn = fn, .user = user };
    if (at)
        p->timer = loop_timer(site->loop, 0, look, p);
}

void purge_stop(struct purge *p)
{
    if (p->site)
        loop_cancel(p->site->loop, &p->timer);
}
