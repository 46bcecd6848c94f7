/* SPDX-License-Identifier: Apache-2.0 */
/* A MID as the registry of the TRE describes it (TR 33.812; MCIM in the final report). */
#ifndef MODEL_MID_H
#define MODEL_MID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reader.h"

/* Lifecycle; the arrows are in tred/lifecycle.c. Numbers go over the wire and to disk. */
enum tre_backend { TRE_BACKEND_SOFTWARE = 0, TRE_BACKEND_TPM2 = 1 }; /* what a MID can demand, and what a TRE is built on */
enum mid_state { MID_PROVISIONED = 1, MID_ACTIVE = 2, MID_SUSPENDED = 3, MID_BLOCKED = 4, MID_MIGRATING = 5, MID_ERASED = 6 };
/* What brought it to its state; on the wire and on disk like the state. */
enum mid_reason { MID_BY_PACKAGE = 0, MID_BY_REQUEST = 1, MID_BY_INTEGRITY = 2, MID_BY_ORDER = 3, MID_BY_MIGRATION = 4 };
enum mid_type { MID_USIM = 0, MID_ISIM = 1, MID_PCID = 2 }; /* PCID: a USIM for the way to the first MID only (TR 33.812) */
enum mid_algorithm { MID_MILENAGE = 0, MID_TUAK = 1 };

/* Result codes towards the DPF (doc mid-package, section 5). */
enum mid_result {
    MID_OK = 0, MID_BAD_SIGNATURE = 1, MID_WRONG_TARGET = 2, MID_BAD_BINDING = 3, MID_OLD_VERSION = 4, MID_BAD_POLICY = 5,
    MID_NO_SPACE = 6, MID_WEAK_BACKEND = 7, MID_SELFTEST = 8, MID_BUSY = 9, MID_INTERNAL = 10, MID_MALFORMED = 11,
    MID_UNKNOWN = 12, MID_DAMAGED = 13,
};

struct mid_entry {
    char id[65];
    enum mid_type type;
    uint32_t version;
    enum mid_state state;
    char issuer[65];
    enum mid_algorithm algorithm;
    uint64_t not_after; /* Unix seconds */
    char context[33];
    enum mid_reason reason;
};

const char *mid_state_name(enum mid_state s); /* "PROVISIONED", .. */
const char *mid_reason_name(enum mid_reason r); /* "package", "request", "integrity", "order", "migration" */
const char *mid_type_name(enum mid_type t);   /* "usim", "isim", "pcid" */
const char *mid_algorithm_name(enum mid_algorithm a);
/* One entry of MID_LIST (model/tre_wire.h); the reader fails if it is none. */
void mid_entry_take(struct reader *r, struct mid_entry *e);

#endif
