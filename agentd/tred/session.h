/* SPDX-License-Identifier: Apache-2.0 */
/* What an AUTHENTICATE left in the TRE for later requests: RES, CK and IK of one RAND, by a number. */
#ifndef TRED_SESSION_H
#define TRED_SESSION_H

#include "tred/aka.h"
#include "tred/tre.h"

enum { SESSION_MAX = 8, SESSION_AGE_MS = 24 * 3600 * 1000 };

struct session {
    uint32_t number; /* 0: free */
    unsigned peers;  /* whose it is */
    unsigned rights; /* enum manifest_right, at the time of AUTHENTICATE */
    char mid[65];
    uint64_t born_ms;
    bool gba;
    bool sync; /* out of step: no keys, the empty password */
    uint8_t rand[16], autn[16], res[AKA_RES_MAX], ck[16], ik[16];
    size_t res_len;
};

/* A session of these peers; the oldest one gives way. NULL without memory. */
struct session *session_new(struct tre *t, unsigned peers);
/* NULL if there is none, it is another peer's, or it is older than a day. */
struct session *session_find(struct tre *t, unsigned peers, uint32_t number);
void session_end(struct session *s); /* zeroes */
/* Those of MIDs that are no longer ACTIVE; all if all. */
void session_sweep(struct tre *t, bool all);

#endif
