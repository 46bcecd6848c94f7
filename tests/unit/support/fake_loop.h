/* SPDX-License-Identifier: Apache-2.0 */
/* A loop whose clock the test turns. Owns its timers; descriptors are not its business. */
#ifndef TESTS_UNIT_SUPPORT_FAKE_LOOP_H
#define TESTS_UNIT_SUPPORT_FAKE_LOOP_H

#include <stdlib.h>

#include "base/loop.h"

enum { FAKE_TIMERS = 64 };

struct fake_loop {
    struct loop loop;
    uint64_t now, last_id;
    struct {
        uint64_t id, due;
        loop_timer_fn *fn;
        void *user;
    } timers[FAKE_TIMERS];
};

static uint64_t fake_now(void *ctx)
{
    return ((struct fake_loop *)ctx)->now;
}

static uint64_t fake_add_timer(void *ctx, uint64_t delay, loop_timer_fn *fn, void *user)
{
    struct fake_loop *l = ctx;
    for (size_t i = 0; i < FAKE_TIMERS; i++)
        if (!l->timers[i].id) {
            l->timers[i].id = ++l->last_id;
            l->timers[i].due = l->now + delay;
            l->timers[i].fn = fn;
            l->timers[i].user = user;
            return l->last_id;
        }
    abort();
}

static uint64_t fake_add_fd(void *ctx, int fd, bool readable, bool writable, loop_fd_fn *fn, void *user)
{
    (void)ctx, (void)fd, (void)readable, (void)writable, (void)fn, (void)user;
    abort();
}

static void fake_cancel(void *ctx, uint64_t id)
{
    struct fake_loop *l = ctx;
    for (size_t i = 0; i < FAKE_TIMERS; i++)
        if (l->timers[i].id == id)
            l->timers[i].id = 0;
}

static void fake_loop_init(struct fake_loop *l)
{
    *l = (struct fake_loop){ .now = 1000 };
    l->loop = (struct loop){ l, fake_now, fake_add_timer, fake_add_fd, fake_cancel };
}

/* Runs every timer that is due within ms, in order of time and age. */
static void fake_loop_run(struct fake_loop *l, uint64_t ms)
{
    uint64_t end = l->now + ms;
    for (;;) {
        size_t best = FAKE_TIMERS;
        for (size_t i = 0; i < FAKE_TIMERS; i++)
            if (l->timers[i].id && l->timers[i].due <= end &&
                (best == FAKE_TIMERS || l->timers[i].due < l->timers[best].due ||
                 (l->timers[i].due == l->timers[best].due && l->timers[i].id < l->timers[best].id)))
                best = i;
        if (best == FAKE_TIMERS)
            break;
        if (l->timers[best].due > l->now)
            l->now = l->timers[best].due;
        l->timers[best].id = 0;
        l->timers[best].fn(l->timers[best].user);
    }
    l->now = end;
}

static unsigned fake_loop_pending(const struct fake_loop *l)
{
    unsigned n = 0;
    for (size_t i = 0; i < FAKE_TIMERS; i++)
        n += l->timers[i].id != 0;
    return n;
}

#endif
