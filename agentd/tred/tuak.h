/* SPDX-License-Identifier: Apache-2.0 */
/* TUAK (3GPP TS 35.231): TOPc, f1, f1*, f2..f5, f5* under K (16 or 32 octets) and TOPc. */
#ifndef TRED_TUAK_H
#define TRED_TUAK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reader.h"
#include "model/mid.h"

enum { TUAK_TOP = 32, TUAK_LONG = 32, TUAK_ITERATIONS_MAX = 16 };

struct tuak {
    void *digest; /* of libcrypto; NULL: not open */
    uint8_t top[TUAK_TOP], k[TUAK_LONG];
    size_t k_len;
    uint8_t iterations;
};

struct tuak_out { /* lengths are given: RES 4, 8, 16, 32; CK and IK 16, 32 */
    size_t res_len, ck_len, ik_len;
    uint8_t res[TUAK_LONG], ck[TUAK_LONG], ik[TUAK_LONG], ak[6];
};

/* top: TOPc (or TOP, for tuak_topc). False if a length or the count of iterations (1..16) does not fit, or libcrypto refused. */
bool tuak_open(struct tuak *t, struct slice k, struct slice top, uint8_t iterations);
void tuak_close(struct tuak *t);
bool tuak_topc(const struct tuak *t, uint8_t topc[TUAK_TOP]);
/* mac_len 8, 16 or 32. */
bool tuak_f1(const struct tuak *t, const uint8_t rand[16], const uint8_t sqn[6], const uint8_t amf[2], bool star, size_t mac_len, uint8_t *mac);
bool tuak_f2345(const struct tuak *t, const uint8_t rand[16], struct tuak_out *out);
bool tuak_f5star(const struct tuak *t, const uint8_t rand[16], uint8_t akstar[6]);

#endif
