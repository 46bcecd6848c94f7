/* SPDX-License-Identifier: Apache-2.0 */
/* The words of HTTP Digest AKA (RFC 3310), for Ub (TS 24.109 annex A) and for SIP (TS 24.229): what a server's challenge says, and our answer. Pure. */
#ifndef MID_AKA_DIGEST_H
#define MID_AKA_DIGEST_H

#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"

enum { AKA_DIGEST_TEXT = 511, AKA_DIGEST_HEADER = 3072, AKA_DIGEST_CNONCE = 32, AKA_DIGEST_HEX = 32, AKA_DIGEST_AUTS = 14 };
enum aka_qop { AKA_QOP_NONE, AKA_QOP_AUTH, AKA_QOP_AUTH_INT }; /* as the TRE counts them */

struct aka_challenge {
    uint8_t rand[16], autn[16], version; /* 1: AKAv1-MD5 */
    enum aka_qop qop; /* the strongest that is offered */
    char realm[AKA_DIGEST_TEXT + 1], nonce[AKA_DIGEST_TEXT + 1], opaque[AKA_DIGEST_TEXT + 1];
};

struct aka_answer { /* texts are borrowed */
    const char *username, *uri, *cnonce;
    const struct aka_challenge *challenge; /* its texts alone count when there is no response yet */
    uint32_t nc;
    const char *response; /* hex digits; NULL: the first question, without any */
    struct slice auts;    /* empty, or AKA_DIGEST_AUTS octets */
};

/* Value of WWW-Authenticate. NOT_SUPPORTED for another algorithm than AKAv1-MD5 and AKAv2-MD5; PROTOCOL, MALFORMED, TOO_LARGE with what is wrong. */
enum error_code aka_challenge_read(const char *header, struct aka_challenge *out, struct error *err);
/* Value of Authorization; false if it does not fit. */
bool aka_authorization(const struct aka_answer *a, char out[AKA_DIGEST_HEADER]);
/* rspauth of an Authentication-Info, for our cnonce and nc. SERVER_AUTH if there is none for it. */
enum error_code aka_rspauth_read(const char *header, const char *cnonce, uint32_t nc, char out[AKA_DIGEST_HEX + 1], struct error *err);
/* A text that may stand between quotes in a header: printable ASCII without quote and backslash, 1..AKA_DIGEST_TEXT characters. */
bool aka_digest_text(const char *text);

#endif
