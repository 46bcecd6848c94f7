/* SPDX-License-Identifier: Apache-2.0 */
/* The history of the store as text for a server. */
#ifndef BOOTSTRAP_HISTORY_H
#define BOOTSTRAP_HISTORY_H

#include "store/history.h"

/* Lines "TIME EVENT TEXT" (UTC, "[jobN]" before the event of a job) of the events behind `after` up to `until`: the newest that fit, oldest first. Returns the length. */
size_t history_text(struct store *s, uint64_t after, uint64_t until, char *out, size_t cap);

#endif
