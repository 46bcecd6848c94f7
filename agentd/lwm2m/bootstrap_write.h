/* SPDX-License-Identifier: Apache-2.0 */
/* The bootstrap interface (Core TS 1.1.1 clause 6.1.7) as one function of a request: Write, Delete, Discover, Read and Finish on accounts that are being
 * written beside those in service. No session, no store: a bootstrap that fails leaves nothing. */
#ifndef LWM2M_BOOTSTRAP_WRITE_H
#define LWM2M_BOOTSTRAP_WRITE_H

#include "base/error.h"
#include "lwm2m/coap.h"
#include "lwm2m/objects/objects.h"
#include "lwm2m/objects/staged.h"
#include "lwm2m/version.h"
#include "model/account.h"

struct bootstrap_desk { /* holds keys: wiped memory */
    struct objects objects;
    struct records records; /* scratch of one request */
    struct staged staged;
    struct lwm2m_rules rules;
    enum lwm2m_version version; /* that a management server would be told */
};

/* A desk without accounts in zeroed memory, of which no more is touched than must be. */
void bootstrap_desk_begin(struct bootstrap_desk *d);
/* The desk with the account of the bootstrap server (its short_server_id is 0; NULL: none) and those that are installed. */
void bootstrap_desk_open(struct bootstrap_desk *d, const struct lwm2m_account *server, const struct lwm2m_account *installed, size_t count);
/* Then the rows of object 2 that there are: the bootstrap server sees those of the installed accounts' servers. */
void bootstrap_desk_rights(struct bootstrap_desk *d, const struct access_rights *rights, const struct lwm2m_account *installed, size_t count);
/* All instances of the object that `of` names, in one body; of the root (of all objects) it is a Bootstrap-Pack (1.2 clause 6.1.7.7). An answer as to a Bootstrap-Write;
 * if it is not CHANGED err says what is wrong and where: TOO_LARGE (then some may be written), else nothing has changed: MALFORMED, INVALID, NOT_SUPPORTED (format). */
enum coap_code bootstrap_take(struct bootstrap_desk *d, const struct path *of, int content_format, struct slice body, struct error *err);
/* Serves one request; *finished: it was a Bootstrap-Finish and the accounts fit together; *refused: why a Write or a Finish was refused, and where (else NONE). */
void bootstrap_serve(struct bootstrap_desk *d, const struct coap_request *r, struct coap_answer *a, bool *finished, struct error *refused);
/* Do the accounts there, if any, fit together? Errors as of the next one. */
enum error_code bootstrap_fits(const struct bootstrap_desk *d, struct error *err);
/* Can the accounts be installed (clause 6.1.6)? INCOMPLETE, INVALID, POLICY or NOT_SUPPORTED with the instance and what is wrong. */
enum error_code bootstrap_check(const struct bootstrap_desk *d, struct error *err);
/* The accounts of management servers and, last, of the bootstrap server, at most cap; s has passed the check. endpoint: the client's name at all of them. */
size_t bootstrap_accounts(const struct staged *s, const char *endpoint, struct lwm2m_account *out, size_t cap);
/* What it left of object 2; s has passed the check. */
void bootstrap_rights(const struct staged *s, struct access_rights *out);

#endif
