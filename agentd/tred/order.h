/* SPDX-License-Identifier: Apache-2.0 */
/* What an issuer orders about its MIDs (doc mid-package, section 4): DER, by a template of libcrypto, then bounds. */
#ifndef TRED_ORDER_H
#define TRED_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reader.h"
#include "tred/asn1_fields.h"

enum order_command { ORDER_DISCOVER = 0, ORDER_BLOCK = 1, ORDER_UNBLOCK = 2, ORDER_MIGRATE = 3, ORDER_ERASE = 4 };

struct order { /* slices lie in the parsed structure */
    enum order_command command;
    char issuer[ASN1_NAME_CAP];
    struct slice tre_id; /* 16 octets */
    uint64_t sequence;   /* 1..2^63-1 */
    struct slice nonce;  /* 16..64 octets */
    uint64_t not_after;  /* Unix seconds */
    char mid[ASN1_NAME_CAP]; /* "" for discover only */
    struct slice package;    /* SHA-256 of the installed package, empty for discover only */
    void *parsed;
};

/* False unless der is one order in DER, with nothing behind it and every field in bounds; then o needs no free. */
bool order_parse(struct order *o, struct slice der);
void order_free(struct order *o);

#endif
