/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of the hosts that a limited bearer is for, asked of its own name servers. Not for other rooms. */
#ifndef BEARER_BEARER_REACH_H
#define BEARER_BEARER_REACH_H

#include "base/loop.h"
#include "model/reach.h"

struct bearer_reach;

/* Looks up each name of reach, one after another, over lease (copied; not limited itself), and adds what is found; a name without address is logged. fn once from
 * the loop; frees itself before. reach must live until then. */
struct bearer_reach *bearer_reach_find(const struct loop *loop, const struct lease *lease, struct reach *reach, void (*fn)(void *user), void *user);
void bearer_reach_cancel(struct bearer_reach *f); /* fn is not called; NULL is fine */

#endif
