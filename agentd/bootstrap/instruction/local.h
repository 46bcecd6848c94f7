/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions that the gateway writes for itself, without envelope: from the factory data, and from a URL that the administrator gave. They take the same
 * way as all others. */
#ifndef BOOTSTRAP_INSTRUCTION_LOCAL_H
#define BOOTSTRAP_INSTRUCTION_LOCAL_H

#include "base/writer.h"
#include "bootstrap/site.h"

enum { INSTRUCTION_LOCAL_MAX = 1024 };

/* For account a, named id at the issuer; seq makes the octets differ where they must (a message is acted on once). */
void instruction_local(const struct site *s, const struct factory_account *a, const char *issuer, const char *id, uint64_t seq, struct writer *w);
/* "https://host/path" and perhaps, behind a space, the Base64 of the server's SHA-256 pin: a DM session by the device PIN in context usim. INVALID. */
enum error_code instruction_of_url(const struct site *s, struct slice line, struct writer *w, struct error *err);

#endif
