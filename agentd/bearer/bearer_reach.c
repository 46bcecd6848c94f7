/* SPDX-License-Identifier: Apache-2.0 */
/* One question at a time. Promises an end: each question has the time limit of net/resolve. */
#include "bearer/bearer_reach.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/log.h"
#include "net/https.h"

struct bearer_reach {
    const struct loop *loop;
    struct lease lease;
    struct reach *reach;
    void (*fn)(void *user);
    void *user;
    size_t host;
    struct resolve *resolve;
    uint64_t timer;
};

static void ask(void *user);

static void on_addresses(void *user, enum error_code status, const char *text, const struct ip_address *addresses, size_t count)
{
    struct bearer_reach *f = user;
    f->resolve = NULL;
    if (status)
        log_warning("bearer", "%s: %s", f->lease.bearer, text);
    for (size_t i = 0; !status && i < count; i++)
        reach_add(f->reach, f->host, &addresses[i]);
    ask(f);
}

static void ask(void *user)
{
    struct bearer_reach *f = user;
    f->timer = 0;
    f->host = reach_next_name(f->reach, f->host);
    if (f->host < REACH_HOSTS) {
        f->resolve = resolve_host(f->loop, &f->lease, f->reach->host[f->host], on_addresses, f);
        return;
    }
    void (*fn)(void *user) = f->fn;
    void *for_fn = f->user;
    free(f);
    fn(for_fn);
}

struct bearer_reach *bearer_reach_find(const struct loop *loop, const struct lease *lease, struct reach *reach, void (*fn)(void *user), void *user)
{
    struct bearer_reach *f = calloc(1, sizeof *f);
    if (!f)
        abort(); /* the agent restarts */
    *f = (struct bearer_reach){ .loop = loop, .lease = *lease, .reach = reach, .fn = fn, .user = user, .host = SIZE_MAX };
    f->lease.reach = NULL;
    f->timer = loop_timer(loop, 0, ask, f);
    return f;
}

void bearer_reach_cancel(struct bearer_reach *f)
{
    if (!f)
        return;
    loop_cancel(f->loop, &f->timer);
    resolve_cancel(f->resolve);
    free(f);
}
