/* SPDX-License-Identifier: Apache-2.0 */
/* The sequence numbers of a USIM (TS 33.102 annex C.2): SQN = SEQ | IND, one SEQ_MS for each IND. */
#ifndef TRED_SQN_H
#define TRED_SQN_H

#include <stdbool.h>
#include <stdint.h>

enum { SQN_BITS_MAX = 5, SQN_SLOTS = 1 << SQN_BITS_MAX, SQN_OCTETS = 6 };

struct sqn_scheme {
    uint8_t ind_bits; /* 0..5; 5 in annex C.3 */
    uint64_t delta;   /* C.2.1: how far SEQ may jump ahead of the highest; 2^28 in annex C.3 */
    uint64_t limit;   /* C.2.2, L: how old SEQ may be; UINT64_MAX: any */
};

struct sqn {
    struct sqn_scheme scheme;
    uint64_t seq[SQN_SLOTS];
};

/* The default of annex C.3 without L. */
struct sqn_scheme sqn_default(void);
/* All SEQ_MS are 0 but that of `first`. */
void sqn_start(struct sqn *s, const struct sqn_scheme *scheme, const uint8_t first[6]);
/* Whether SQN is acceptable: higher than its SEQ_MS, not too far ahead, not too old. */
bool sqn_fresh(const struct sqn *s, uint64_t sqn);
uint64_t sqn_seq(const struct sqn *s, uint64_t sqn);
unsigned sqn_ind(const struct sqn *s, uint64_t sqn);
void sqn_accept(struct sqn *s, uint64_t sqn);
/* SQN_MS: the highest, which AUTS tells. */
uint64_t sqn_highest(const struct sqn *s);
uint64_t sqn_from(const uint8_t octets[6]);
void sqn_to(uint64_t sqn, uint8_t octets[6]);

#endif
