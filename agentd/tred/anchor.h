/* SPDX-License-Identifier: Apache-2.0 */
/* How an old copy of the state is told from the newest: each write of a record is noted in the record "anchor" together with a number of the back end's
 * counter, which is then stepped. State that was put back knows a lower number than the counter. Without a counter there is nothing to tell. */
#ifndef TRED_ANCHOR_H
#define TRED_ANCHOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct backend;
struct store;

enum { ANCHOR_ROWS = 32, ANCHOR_NAME = 17 };

struct anchor {
    struct backend *backend;
    bool counted; /* the back end has a counter, and the record was read */
    bool missing; /* there was no record */
    bool unsure;  /* the answer to the last step was lost: it may or may not have happened */
    uint64_t value;
    struct {
        char name[ANCHOR_NAME];
        uint64_t counter;
    } rows[ANCHOR_ROWS];
};

/* Reads the record and holds it against the counter; finishes a step that a power cut interrupted. ROLLED_BACK; STORAGE if damaged; what the back end
 * says. Without a record *a is `missing` and starts at the counter: right for state that is being made only. */
enum error_code anchor_load(struct anchor *a, struct backend *b, const struct store *s);
/* The record `name` was written with that counter: from now on no older one is valid. The errors of a write, or of the back end. */
enum error_code anchor_note(struct anchor *a, const struct store *s, const char *name, uint64_t counter);
/* The lowest counter that a record of that name may have; 0: any. */
uint64_t anchor_floor(const struct anchor *a, const char *name);

#endif
