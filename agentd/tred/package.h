/* SPDX-License-Identifier: Apache-2.0 */
/* The CMS layers of a MID package (doc mid-package, section 1): AuthEnvelopedData to the transport key, SignedData by the issuer. */
#ifndef TRED_PACKAGE_H
#define TRED_PACKAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "tred/identity.h"

enum { PACKAGE_MAX = 48 * 1024 };

struct package { /* an opened one */
    uint8_t *manifest; /* DER of the manifest; zeroed by package_close */
    size_t manifest_len;
    char signer[65]; /* common name of the signer's certificate */
};

/* False if it cannot be decrypted, or the signature or chain is not good. now: Unix seconds for the validity of certificates, 0: not
 * checked. Trust: only the issuers of the identity, purpose signing, keyUsage digitalSignature. */
bool package_open(struct package *p, struct slice octets, const struct identity_secrets *secrets, uint64_t now);
/* The SignedData alone: the content goes to p->manifest. False, and trust, as above. */
bool package_verify(struct package *p, struct slice octets, const struct identity_secrets *secrets, uint64_t now);
void package_close(struct package *p);

#endif
