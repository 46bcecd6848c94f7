/* SPDX-License-Identifier: Apache-2.0 */
/* What provisioning made, sealed, of which only the platform key ever changes afterwards: identity, PIN, keys, roots of MID issuers. The public part stays in
 * memory; the secret part is opened for one use and closed at once. */
#ifndef TRED_IDENTITY_H
#define TRED_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "model/tre_wire.h"
#include "tred/policy.h"
#include "tred/registry.h"
#include "tred/store.h"

enum { IDENTITY_ISSUERS = 8, IDENTITY_SPKI_MAX = 128, IDENTITY_CERTIFICATE_MAX = 4096, IDENTITY_PIN_MAX = 16 };

struct identity_spki {
    uint8_t der[IDENTITY_SPKI_MAX];
    size_t len;
    uint8_t hash[HASH_LEN]; /* SHA-256 of der */
};

struct identity {
    char gateway_id[65];
    uint8_t tre_id[TRE_ID_LEN];
    struct identity_spki pfc, transport;
    unsigned denied; /* overall policy (R11): bits of tred/policy.h that no MID of this gateway gets */
};

struct identity_secrets { /* slices lie in plain */
    uint8_t *plain;
    size_t plain_len;
    struct slice pin, pfc_key, transport_key; /* keys: DER private keys */
    struct slice issuers[IDENTITY_ISSUERS];   /* DER certificates */
    size_t issuer_count;
};

/* What seal_load answered, but STORAGE where a key is missing that has sealed an identity: that is no empty state. */
enum error_code identity_key_state(const struct store *s, enum error_code loaded);
/* NOT_FOUND while not provisioned. */
enum error_code identity_load(struct identity *id, const struct store *s);
enum error_code identity_open(struct identity_secrets *secrets, const struct store *s);
void identity_close(struct identity_secrets *secrets);
/* Private key of DER octets; NULL if they are none. Free with EVP_PKEY_free. */
EVP_PKEY *identity_key(struct slice der);
/* Stores both parts; EXISTS if there is an identity already. secrets->plain is not used. */
enum error_code identity_create(const struct identity *id, const struct identity_secrets *secrets, const struct store *s);
/* Puts another platform key (DER SubjectPublicKeyInfo and the back end's signer) in place of the one of *id, and overwrites what held the former. Done again, it only
 * does the latter. *id follows what is stored. */
enum error_code identity_replace_key(struct identity *id, struct slice spki, struct slice signer, const struct store *s);
/* The DER certificate of the PfC key: *len 0 if there is none; *der from store_read. */
enum error_code identity_certificate(const struct store *s, uint8_t **der, size_t *len);
/* Stores it; INVALID if it is not a certificate over the PfC key. */
enum error_code identity_set_certificate(const struct identity *id, struct slice der, const struct store *s);
/* Public key of a DER certificate; false if it is none. */
bool identity_spki_of_certificate(struct slice der, struct identity_spki *spki);
/* Fills spki from the public half of key. */
bool identity_spki_of(const EVP_PKEY *key, struct identity_spki *spki);

#endif
