/* SPDX-License-Identifier: Apache-2.0 */
/* What a step did to the disk, call by call, and the images that a power cut at any moment may leave of it: of what was not synced any part, in any
 * combination; names and contents apart. */
#ifndef FAULT_JOURNAL_H
#define FAULT_JOURNAL_H

#include "support.h"

struct journal;

/* Records the changing calls of *v, a table over m, until it is freed; m is copied as the disk of the beginning. */
struct journal *journal_new(struct mem *m, struct vfs *v);
void journal_free(struct journal *j);
size_t journal_length(const struct journal *j);
/* The disk after a cut before call `at` (0..length), by the dice; give back with g_free. */
struct mem *journal_image(const struct journal *j, size_t at, GRand *dice);

#endif
