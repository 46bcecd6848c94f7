/* SPDX-License-Identifier: Apache-2.0 */
/* Values of libcrypto's ASN.1 templates within bounds, for the two documents of an issuer: manifest and order. */
#ifndef TRED_ASN1_FIELDS_H
#define TRED_ASN1_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/asn1.h>

#include "base/reader.h"

enum { ASN1_NAME_CAP = 65 };

struct slice asn1_octets(const ASN1_STRING *s); /* lies in s */
bool asn1_within(const ASN1_STRING *s, size_t min, size_t max);
/* A name of 1..64 octets: of letters, digits and `extra`; extra NULL: anything that may go to logs and D-Bus. */
bool asn1_name(const ASN1_STRING *s, const char *extra, char out[ASN1_NAME_CAP]);
bool asn1_number(const ASN1_INTEGER *n, int64_t min, int64_t max, uint32_t *out);
bool asn1_enumerated(const ASN1_ENUMERATED *n, int64_t max, uint32_t *out);
bool asn1_time(const ASN1_GENERALIZEDTIME *t, uint64_t *out); /* Unix seconds above 0 */
/* Whether encoding p again gives der: X.690 section 11, one encoding only, so that equal values are equal octets. */
bool asn1_is_der(const void *p, const ASN1_ITEM *item, struct slice der);

#endif
