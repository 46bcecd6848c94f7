/* SPDX-License-Identifier: Apache-2.0 */
/* f1..f5* of one subscriber key (TS 33.102 section 6.3), MILENAGE or TUAK alike, with the key schedule kept between calls. */
#ifndef TRED_AKA_H
#define TRED_AKA_H

#include <stdbool.h>

#include "tred/milenage.h"
#include "tred/tuak.h"

enum { AKA_RAND = 16, AKA_SQN = 6, AKA_AMF = 2, AKA_MAC = 8, AKA_AUTN = 16, AKA_AUTS = 14, AKA_KEY = 16, AKA_RES_MAX = 16, AKA_SRES = 4, AKA_KC = 8 };

struct aka_profile { /* what the issuer chose; slices borrowed */
    enum mid_algorithm algorithm;
    uint8_t iterations; /* TUAK: of Keccak; MILENAGE: 1 */
    size_t res_len;     /* MILENAGE: 4..8, RES is cut; TUAK: 4, 8 or 16 */
    struct slice k, op; /* op: OPc or TOPc */
};

struct aka {
    enum mid_algorithm algorithm;
    size_t res_len;
    struct milenage milenage;
    struct tuak tuak;
};

struct aka_out { /* of one RAND; the caller zeroes it */
    uint8_t rand[16], res[AKA_RES_MAX], ck[16], ik[16], ak[6], akstar[6];
    size_t res_len;
    uint8_t temp[16]; /* MILENAGE: E_K(RAND xor OPc), which f1 needs again */
};

/* False if lengths do not fit the algorithm, or libcrypto refused. libcrypto objects are those of the heap scope in force. */
bool aka_open(struct aka *a, const struct aka_profile *p);
void aka_close(struct aka *a); /* zeroes; a zeroed *a is fine */
bool aka_f2345(const struct aka *a, const uint8_t rand[16], struct aka_out *out);
/* f1 and f1* (either may be NULL) for the RAND of out. */
bool aka_f1(const struct aka *a, const struct aka_out *out, const uint8_t sqn[6], const uint8_t amf[2], uint8_t f1[8], uint8_t f1star[8]);

/* Conversion functions c2 and c3 (TS 33.102 section 6.8.1.2): what a 2G network expects for the same RAND. */
void aka_gsm(const struct aka_out *out, uint8_t sres[AKA_SRES], uint8_t kc[AKA_KC]);

enum aka_verdict { AKA_OK, AKA_SYNC, AKA_MAC_FAILED };
/* SQN out of AUTN, and whether its MAC-A is right (TS 33.102 section 6.3.3); in constant time. False if libcrypto failed. */
bool aka_check(const struct aka *a, const struct aka_out *out, const uint8_t autn[16], uint8_t sqn[6], bool *good);
/* AUTS for the highest SQN of the array (section 6.3.3; AMF* = 0000, section 6.3.5). */
bool aka_resync(const struct aka *a, const struct aka_out *out, const uint8_t sqn_ms[6], uint8_t auts[14]);

#endif
