/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters of WWW-Authenticate and Authentication-Info with HTTP Digest (RFC 2617 section 3.2; RFC 7235 section 2.1 for the form). */
#ifndef CODEC_HTTP_PARAMS_H
#define CODEC_HTTP_PARAMS_H

#include "base/error.h"
#include "base/reader.h"

enum { HTTP_PARAMS_MAX = 2048 };

struct http_params { /* borrowed from the text; empty: not there. Quotes are taken off */
    struct slice realm, nonce, opaque, algorithm, qop, stale, rspauth, cnonce, nc;
};

/* `text` is "Digest name=value, .." with scheme, else without one. Unknown parameters are passed over. MALFORMED: another scheme, a parameter that comes
 * twice, an escape in a quoted string, octets that are not printable ASCII; TOO_LARGE. */
enum error_code http_params_read(struct slice text, bool scheme, struct http_params *out, struct error *err);
/* One of the words of a list with commas, in any case: "auth,auth-int" has auth-int. */
bool http_params_has(struct slice list, const char *word);

#endif
