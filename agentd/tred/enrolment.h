/* SPDX-License-Identifier: Apache-2.0 */
/* Which programs the certificate of the platform key was issued for, and another one after an update (TR 33.812: a new platform credential). */
#ifndef TRED_ENROLMENT_H
#define TRED_ENROLMENT_H

#include "base/writer.h"
#include "tred/tre.h"

/* Finishes what is half done, and looks at the stored certificate: t->enrolment_due if it names programs of the TRE and this one is none of them, if it is of another
 * key, or if it cannot be read. */
void enrolment_check(struct tre *t);
/* A certificate request (DER) of the platform key that names this program; successor: of another key in its place (successor.h). INTERNAL; what the back end says. */
enum error_code enrolment_request(struct tre *t, bool successor, struct writer *out);
/* Stores a certificate (DER) over the platform key, or over its successor, which then takes its place, which names this program and, where there is one already, has its issuer; else INVALID. Its signature is for the
 * PVA to check: whoever forges one takes the gateway's evidence nowhere. */
enum error_code enrolment_take(struct tre *t, struct slice der);

#endif
