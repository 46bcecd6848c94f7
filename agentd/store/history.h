/* SPDX-License-Identifier: Apache-2.0 */
/* The history of the store, to read: what store_history_add wrote, as far as it is still kept. */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include "store/store.h"

struct history_row { /* borrowed for the call */
    uint64_t seq, at, job; /* at: Unix seconds; job 0: of none */
    const char *event, *text;
};
/* Events behind `after` up to `until` (numbers that only grow), newest first, until fn says false. */
void store_history_each(struct store *s, uint64_t after, uint64_t until, bool (*fn)(void *user, const struct history_row *row), void *user);
uint64_t store_history_last(struct store *s); /* number of the newest, 0: none */

#endif
