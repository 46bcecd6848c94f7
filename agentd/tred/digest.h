/* SPDX-License-Identifier: Apache-2.0 */
/* The response of HTTP Digest AKA: AKAv1-MD5 (RFC 3310), AKAv2-MD5 (RFC 4169), over digest with MD5 (RFC 2617). */
#ifndef TRED_DIGEST_H
#define TRED_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reader.h"

enum { DIGEST_TEXT = 32, DIGEST_MD5 = 16 };
enum digest_qop { DIGEST_QOP_NONE, DIGEST_QOP_AUTH, DIGEST_QOP_AUTH_INT };

struct digest { /* borrowed */
    uint8_t version; /* 1 or 2 */
    struct slice username, realm, nonce, uri;
    struct slice method; /* empty: the response-auth of the server (RFC 2617 section 3.2.3) */
    enum digest_qop qop;
    uint32_t nc;
    struct slice cnonce;
    const uint8_t *body; /* MD5 of the body, for auth-int */
    struct slice res, ck, ik; /* all empty: the empty password that goes with AUTS */
};

/* 32 lower-case hex digits. False if libcrypto failed. */
bool digest_response(const struct digest *d, char out[DIGEST_TEXT]);

#endif
