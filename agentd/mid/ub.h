/* SPDX-License-Identifier: Apache-2.0 */
/* One bootstrapping of GBA: the client of Ub (TS 33.220 clause 4.5.2, TS 24.109 clause 4), from the MID's files to Ks in the TRE. */
#ifndef MID_UB_H
#define MID_UB_H

#include "base/clock.h"
#include "base/loop.h"
#include "model/lease.h"
#include "model/mid.h"
#include "net/https.h"
#include "trust/trust_aka.h"

struct ub;

struct ub_request { /* copied; pointers must live as long as the run */
    const struct loop *loop;
    struct trust *trust;
    struct https *https; /* for this run alone */
    const struct clock_state *clock;
    const char *roots_pem;
    const char *url; /* of the BSF; "": derived from the identity */
    char mid_id[65];
    enum mid_type type;
    struct lease lease;
};

/* err NULL: Ks is in the TRE until `ends` (Unix seconds). fn may end or start runs. */
typedef void ub_done_fn(void *user, const struct error *err, const char *btid, int64_t ends);

/* fn once from the loop. */
struct ub *ub_start(const struct ub_request *request, ub_done_fn *fn, void *user);
void ub_cancel(struct ub *u); /* fn is not called; NULL is fine */

#endif
