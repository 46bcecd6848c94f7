/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest of a MID package (doc mid-package, section 2): DER, by templates of libcrypto, then bounds. */
#ifndef TRED_MANIFEST_H
#define TRED_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reader.h"
#include "model/mid.h"
#include "tred/aka.h"
#include "tred/policy.h"
#include "tred/sqn.h"

enum { MANIFEST_FILES = 64, MANIFEST_FILE_MAX = 8192, MANIFEST_ACL = 16, MANIFEST_PIN = 8 };

struct manifest { /* slices lie in the parsed structure */
    char id[65], issuer[65];
    enum mid_type type;
    uint32_t version;
    struct slice tre_id, pfc_thumbprint, token_hash, nonce;
    uint64_t not_before, not_after; /* Unix seconds */
    enum mid_algorithm algorithm;
    uint8_t min_backend; /* 0 software, 1 tpm2 */
    bool share_mide, session_check, order_only;
    struct slice k, op, amf, sqn;
    struct slice rand, autn, res;
    uint8_t iterations; /* of Keccak, 1 if absent */
    struct sqn_scheme scheme;
    struct slice pin; /* PIN1, 4..8 digits; empty: none */
    void *parsed; /* what owns them */
};

/* False unless der is one manifest in DER, with nothing behind it and every field in bounds; then m needs no free. */
bool manifest_parse(struct manifest *m, struct slice der);
/* The rights that the ACL gives to a subject: bits of enum manifest_right. */
unsigned manifest_rights(const struct manifest *m, const char *subject);
size_t manifest_file_count(const struct manifest *m);
void manifest_file(const struct manifest *m, size_t i, struct slice *path, struct slice *content);
struct aka_profile manifest_profile(const struct manifest *m);
/* Zeroes the secrets and frees. */
void manifest_free(struct manifest *m);

#endif
