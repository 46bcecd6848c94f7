/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to the IMS on behalf of a device: HTTP Digest AKA of its MID (TS 24.229 clause 5.1.1.5, RFC 3310), made in the TRE. */
#ifndef PN_AUTHORIZE_H
#define PN_AUTHORIZE_H

#include "model/tree.h"
#include "trust/trust_aka.h"

/* error->code NONE: authorization is the value of the header. */
typedef void authorize_fn(void *user, const struct error *error, const char *authorization);

struct authorize_request { /* texts are borrowed for the call */
    const char *method, *uri, *challenge; /* challenge: value of WWW-Authenticate */
};

/* For the device of that node. fn once, at once or from the loop. */
void authorize(struct trust *trust, struct tree *tree, const char *device, const struct authorize_request *request, authorize_fn *fn, void *user);

#endif
