/* SPDX-License-Identifier: Apache-2.0 */
/* MILENAGE (3GPP TS 35.206): f1, f1*, f2..f5, f5* under K and OPc, blocks of one RAND together. */
#ifndef TRED_MILENAGE_H
#define TRED_MILENAGE_H

#include <stdbool.h>
#include <stdint.h>

enum { MILENAGE_BLOCK = 16, MILENAGE_RES = 8 };

struct milenage {
    void *cipher; /* of libcrypto, with the key schedule; NULL: not open */
    uint8_t opc[MILENAGE_BLOCK];
};

/* False if libcrypto refused; then closed. All below: false if the cipher failed. The caller zeroes what it is given. */
bool milenage_open(struct milenage *m, const uint8_t k[16], const uint8_t opc[16]);
void milenage_close(struct milenage *m);
/* TEMP of section 4.1, which all others of that RAND start from. */
bool milenage_temp(const struct milenage *m, const uint8_t rand[16], uint8_t temp[16]);
bool milenage_f2345(const struct milenage *m, const uint8_t temp[16], uint8_t res[8], uint8_t ck[16], uint8_t ik[16], uint8_t ak[6],
                    uint8_t akstar[6]);
/* f1 and f1*; either may be NULL. */
bool milenage_f1(const struct milenage *m, const uint8_t temp[16], const uint8_t sqn[6], const uint8_t amf[2], uint8_t f1[8], uint8_t f1star[8]);

#endif
