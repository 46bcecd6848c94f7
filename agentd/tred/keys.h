/* SPDX-License-Identifier: Apache-2.0 */
/* Keys made of CK and IK: EAP-AKA (RFC 4187), EAP-AKA' (RFC 9048), GBA (TS 33.220). */
#ifndef TRED_KEYS_H
#define TRED_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reader.h"

enum { KEYS_EAP_AKA = 160, KEYS_EAP_AKA_PRIME = 208, KEYS_KS_NAF = 32, KEYS_PRIME_NAME = 255 };

/* All: false if libcrypto failed or a length does not fit; the caller zeroes out. ck and ik: 16 octets. */
/* K_encr 16 | K_aut 16 | MSK 64 | EMSK 64 (RFC 4187 section 7). */
bool keys_eap_aka(struct slice identity, const uint8_t *ck, const uint8_t *ik, uint8_t out[KEYS_EAP_AKA]);
/* K_encr 16 | K_aut 32 | K_re 32 | MSK 64 | EMSK 64 (RFC 9048 section 3.3). sqn_ak: the first 6 octets of AUTN. name: 1..255 octets. */
bool keys_eap_aka_prime(struct slice identity, struct slice name, const uint8_t sqn_ak[6], const uint8_t *ck, const uint8_t *ik,
                        uint8_t out[KEYS_EAP_AKA_PRIME]);
/* CK' | IK' (section 3.3). */
bool keys_prime(struct slice name, const uint8_t sqn_ak[6], const uint8_t *ck, const uint8_t *ik, uint8_t out[32]);
/* Ks_NAF of GBA_ME, which is also Ks_ext_NAF (TS 33.220 annex B.3). impi and naf_id: 1..512 octets. */
bool keys_ks_naf(const uint8_t rand[16], struct slice impi, struct slice naf_id, const uint8_t *ck, const uint8_t *ik, uint8_t out[KEYS_KS_NAF]);
/* The generator of FIPS 186-2 change notice 1 with SHA-1, len a multiple of 40. */
void keys_fips186(const uint8_t mk[20], uint8_t *out, size_t len);

#endif
