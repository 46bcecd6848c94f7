/* SPDX-License-Identifier: Apache-2.0 */
/* MILENAGE (3GPP TS 35.206): f1, f1*, f2..f5, f5* under K and OPc. */
#ifndef TRED_MILENAGE_H
#define TRED_MILENAGE_H

#include <stdbool.h>
#include <stdint.h>

enum { MILENAGE_KEY = 16, MILENAGE_RAND = 16, MILENAGE_MAC = 8, MILENAGE_RES = 8, MILENAGE_AK = 6, MILENAGE_SQN = 6, MILENAGE_AMF = 2 };

struct milenage_keys { /* borrowed */
    const uint8_t *k, *opc; /* 16 octets each */
};

/* f1 and f1* (either may be NULL). False if the cipher failed, like below. */
bool milenage_f1(const struct milenage_keys *keys, const uint8_t rand[16], const uint8_t sqn[6], const uint8_t amf[2], uint8_t f1[8],
                 uint8_t f1star[8]);
struct milenage_out {
    uint8_t res[8], ck[16], ik[16], ak[6], akstar[6];
};
/* f2, f3, f4, f5, f5*. The caller zeroes out when done with it. */
bool milenage_f2345(const struct milenage_keys *keys, const uint8_t rand[16], struct milenage_out *out);

#endif
