/* SPDX-License-Identifier: Apache-2.0 */
/* The words of Ub (TS 24.109 annex A over RFC 3310): what the BSF's answers say, and the Authorization of ours. Pure. */
#ifndef MID_UB_TEXT_H
#define MID_UB_TEXT_H

#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"

enum { UB_TEXT = 511, UB_HEADER = 2560, UB_CNONCE = 32, UB_DIGEST = 32 };

struct ub_challenge {
    uint8_t rand[16], autn[16];
    char nonce[UB_TEXT + 1], opaque[UB_TEXT + 1];
};

struct ub_answer { /* of ours; texts are borrowed */
    const char *impi, *realm, *uri, *nonce, *opaque, *cnonce;
    uint32_t nc;
    const char *response;  /* UB_DIGEST hex digits; NULL: the first question, without any */
    struct slice auts;     /* empty, or 14 octets */
};

/* WWW-Authenticate of a 401: AKAv1-MD5 with auth-int in that realm. PROTOCOL, MALFORMED with what is wrong. */
enum error_code ub_challenge_read(const char *header, const char *realm, struct ub_challenge *out, struct error *err);
/* "Authorization: Digest .."; false if it does not fit. */
bool ub_authorization(const struct ub_answer *a, char out[UB_HEADER]);
/* rspauth of an Authentication-Info, UB_DIGEST hex digits, for our cnonce and nc. SERVER_AUTH if there is none for it. */
enum error_code ub_rspauth_read(const char *header, const char *cnonce, uint32_t nc, char out[UB_DIGEST + 1], struct error *err);

#endif
