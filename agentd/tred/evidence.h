/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence for the PVA (doc management-objects, section 2): COSE_Sign1 (RFC 9052) over a CBOR map, ES256 by the PfC key. */
#ifndef TRED_EVIDENCE_H
#define TRED_EVIDENCE_H

#include "base/writer.h"
#include "tred/tre.h"

enum { EVIDENCE_NONCE_MIN = 16, EVIDENCE_HOST_MAX = 256, EVIDENCE_MAX = 2048 };

struct evidence_request {
    const char *context;
    struct slice nonce;
    const char *host; /* printable ASCII */
    uint64_t now;     /* Unix seconds; 0: not trusted */
    enum tre_form form;
};

/* Writes the COSE_Sign1; the nonce is stored with the registration first. ENROLMENT while the platform needs another certificate, NOT_READY without an open token, INVALID for a nonce or host
 * text out of bounds or an unknown form, NOT_SUPPORTED for one that the back end cannot give; what the back end says. */
enum error_code evidence_make(struct tre *t, const struct evidence_request *q, struct writer *out);

#endif
