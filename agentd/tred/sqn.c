/* SPDX-License-Identifier: Apache-2.0 */
/* Freshness of sequence numbers. Pure arithmetic on 48 bits; must never be asked before the MAC was found right. */
#include "tred/sqn.h"

#include <stddef.h>

struct sqn_scheme sqn_default(void)
{
    return (struct sqn_scheme){ .ind_bits = SQN_BITS_MAX, .delta = UINT64_C(1) << 28, .limit = UINT64_MAX };
}

uint64_t sqn_seq(const struct sqn *s, uint64_t sqn)
{
    return sqn >> s->scheme.ind_bits;
}

unsigned sqn_ind(const struct sqn *s, uint64_t sqn)
{
    return (unsigned)(sqn & ((1u << s->scheme.ind_bits) - 1));
}

void sqn_start(struct sqn *s, const struct sqn_scheme *scheme, const uint8_t first[6])
{
    *s = (struct sqn){ .scheme = *scheme };
    sqn_accept(s, sqn_from(first));
}

static unsigned newest(const struct sqn *s)
{
    unsigned at = 0;
    for (unsigned i = 1; i < 1u << s->scheme.ind_bits; i++)
        if (s->seq[i] > s->seq[at])
            at = i;
    return at;
}

bool sqn_fresh(const struct sqn *s, uint64_t sqn)
{
    uint64_t seq = sqn_seq(s, sqn), highest = s->seq[newest(s)];
    if (seq <= s->seq[sqn_ind(s, sqn)])
        return false;
    return seq > highest ? seq - highest <= s->scheme.delta : highest - seq <= s->scheme.limit;
}

void sqn_accept(struct sqn *s, uint64_t sqn)
{
    s->seq[sqn_ind(s, sqn)] = sqn_seq(s, sqn);
}

uint64_t sqn_highest(const struct sqn *s)
{
    unsigned at = newest(s);
    return s->seq[at] << s->scheme.ind_bits | at;
}

uint64_t sqn_from(const uint8_t octets[6])
{
    uint64_t v = 0;
    for (size_t i = 0; i < SQN_OCTETS; i++)
        v = v << 8 | octets[i];
    return v;
}

void sqn_to(uint64_t sqn, uint8_t octets[6])
{
    for (size_t i = SQN_OCTETS; i-- > 0; sqn >>= 8)
        octets[i] = (uint8_t)sqn;
}
