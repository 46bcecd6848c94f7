/* SPDX-License-Identifier: Apache-2.0 */
/* GBA of the MIDs: whenever a program wants a key that no Ks is there for, the BSF is asked for one (mid/ub.h), one MID at a time, with back-off.
 * Shows Mid.GbaState, GbaUntil, GbaError. */
#ifndef MID_GBA_H
#define MID_GBA_H

#include "mid/ub.h"
#include "model/tree.h"

struct gba;

struct gba_site { /* what it works with; roots_pem stays the owner's */
    const struct loop *loop;
    struct trust *trust;
    struct tree *tree;
    const struct clock_state *clock;
    const char *roots_pem;
    const char *bsf; /* URL, "": derived */
    void *user;      /* of the functions below */
    bool (*lease)(void *user, const char *context, struct lease *out); /* the way of that context ("": any); false: none now */
    void (*report)(void *user, const struct error *err); /* a failure that a person should see, once until it is another one */
};

struct gba *gba_new(const struct gba_site *site);
void gba_free(struct gba *g);
/* The TRE came or went: every Ks goes with it, what waits may go on. */
void gba_look(struct gba *g);
/* Ks of the MID is made anew by that BSF ("": the one for everybody). fn once from the loop, unless cancelled: err NULL when it is there. A failure is not
 * tried again for this. */
struct gba_ask;
typedef void gba_ask_fn(void *user, const struct error *err);
struct gba_ask *gba_ask(struct gba *g, const char *mid_id, const char *bsf, gba_ask_fn *fn, void *user);
void gba_ask_cancel(struct gba *g, struct gba_ask *ask); /* NULL is fine */
/* The administrator has changed something: what failed is tried again at once. bsf as in gba_site. */
void gba_retry(struct gba *g, const char *bsf);

#endif
