/* SPDX-License-Identifier: Apache-2.0 */
/* Another platform key in place of the former one (TR 33.812 R29: a new platform credential), from the request for its certificate to the end of the former. */
#ifndef TRED_SUCCESSOR_H
#define TRED_SUCCESSOR_H

#include "base/writer.h"
#include "tred/tre.h"

/* A COSE_Sign1 by the platform key over the certificate request (DER PKCS #10) of its successor, which that has signed itself. The successor is made at the first
 * request and stays the same until it is installed. program: the name that is asked for. STORAGE, NO_SPACE, INTERNAL, what the back end says. */
enum error_code successor_request(struct tre *t, const char *program, struct writer *out);
/* Whether key is that of the successor. */
bool successor_is(struct tre *t, const struct identity_spki *key);
/* Installs the successor under its certificate (DER, judged by the caller), and erases the former key. Once NONE or STORAGE was answered it is done, or
 * finished at the next start, or by successor_finish. */
enum error_code successor_install(struct tre *t, struct slice der);
/* Finishes what a power cut interrupted; nothing if there is nothing. */
enum error_code successor_finish(struct tre *t);

#endif
