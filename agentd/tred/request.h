/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate requests (PKCS #10, RFC 2986) for the keys of this TRE, signed where the key is. */
#ifndef TRED_REQUEST_H
#define TRED_REQUEST_H

#include <openssl/x509.h>

#include "tred/backend.h"

/* What signs a certificate request: a key in this process, or one that only the back end has. */
struct requester {
    EVP_PKEY *key; /* its public half is enough for the back end's */
    struct backend *backend; /* NULL: key signs */
    struct slice signer;
};

/* uri: of the subjectAltName that is asked for, NULL for none. NULL without memory or signature. Free with X509_REQ_free. */
X509_REQ *request_make(const char *cn, const char *uri, const struct requester *by);

#endif
