/* SPDX-License-Identifier: Apache-2.0 */
/* The time of a bootstrap server's account (LwM2M Core appendix E.1, resource 12), over restarts and changes of the clock. */
#ifndef BOOTSTRAP_PURGE_H
#define BOOTSTRAP_PURGE_H

#include "bootstrap/site.h"

struct purge { /* part of its owner */
    struct site *site;
    uint64_t at, timer;
    void (*fn)(void *user);
    void *user;
};

/* fn once, from the loop, when the wall clock is at `at` (Unix seconds; 0: never). */
void purge_start(struct purge *p, struct site *site, uint64_t at, void (*fn)(void *user), void *user);
void purge_stop(struct purge *p); /* fn is not called; fine if it never started */

#endif
