/* SPDX-License-Identifier: Apache-2.0 */
/* Reader of factory-secret.conf (doc factory-data, secret part). */
#ifndef TRED_FACTORY_H
#define TRED_FACTORY_H

#include <stddef.h>

#include "base/error.h"
#include "base/secret.h"
#include "base/writer.h"
#include "tred/identity.h"

enum { FACTORY_PSKS = 4, FACTORY_PSK_MIN = 16, FACTORY_PSK_MAX = 64, FACTORY_PSK_NAME = 32 };

struct factory {
    char gateway_id[65];
    struct secret *pin, *derivation_key; /* the key empty if there is none */
    uint8_t *psk_pages;                  /* wiped */
    struct writer psks;                  /* in them: fields name, key, name, key .. (model/fields.h) */
    size_t psk_count;
    uint8_t *issuers[IDENTITY_ISSUERS]; /* DER, from OPENSSL_malloc */
    size_t issuer_len[IDENTITY_ISSUERS];
    size_t issuer_count;
    unsigned denied; /* overall policy: bits of tred/policy.h */
    uint8_t authority[IDENTITY_SPKI_MAX]; /* DER SubjectPublicKeyInfo of who approves platforms; authority_len 0 if there is none */
    size_t authority_len;
    char certificate[512]; /* path of the PfC certificate, "" if none */
};

/* Reads and validates the whole file; on error nothing is left in f but what factory_free takes. err says key or line. */
enum error_code factory_read(struct factory *f, const char *path, struct error *err);
void factory_free(struct factory *f);

#endif
