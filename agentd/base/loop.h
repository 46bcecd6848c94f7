/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop as rooms see it: a table. GLib stands behind it in agentd and agent-modemd, a fake clock in tests.
 * Callbacks run from the loop only, never from inside the call that registered them. An id is never reused and cancelling an
 * id that has fired or is 0 does nothing. */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

typedef void loop_timer_fn(void *user);
typedef void loop_fd_fn(void *user, int fd, bool readable, bool writable); /* hang-up and error count as readable */

struct loop {
    void *ctx;
    uint64_t (*now_ms)(void *ctx); /* CLOCK_BOOTTIME */
    uint64_t (*add_timer)(void *ctx, uint64_t delay_ms, loop_timer_fn *fn, void *user); /* one shot; 0 ms: next iteration */
    uint64_t (*add_fd)(void *ctx, int fd, bool readable, bool writable, loop_fd_fn *fn, void *user); /* until cancelled */
    void (*cancel)(void *ctx, uint64_t id);
};

static inline uint64_t loop_now(const struct loop *l)
{
    return l->now_ms(l->ctx);
}

static inline uint64_t loop_timer(const struct loop *l, uint64_t delay_ms, loop_timer_fn *fn, void *user)
{
    return l->add_timer(l->ctx, delay_ms, fn, user);
}

static inline uint64_t loop_fd(const struct loop *l, int fd, bool readable, bool writable, loop_fd_fn *fn, void *user)
{
    return l->add_fd(l->ctx, fd, readable, writable, fn, user);
}

static inline void loop_cancel(const struct loop *l, uint64_t *id)
{
    if (*id)
        l->cancel(l->ctx, *id);
    *id = 0;
}

#endif
