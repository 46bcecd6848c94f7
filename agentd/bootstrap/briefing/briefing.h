/* SPDX-License-Identifier: Apache-2.0 */
/* Briefing stage for OMA client provisioning: the authenticated document is the instruction itself: server, credentials, way. */
#ifndef BOOTSTRAP_BRIEFING_BRIEFING_H
#define BOOTSTRAP_BRIEFING_BRIEFING_H

#include "base/error.h"
#include "model/trigger.h"

/* The result borrows from s. INCOMPLETE if TO-NAPID names no NAPDEF of the document. */
enum error_code briefing_from_settings(const struct settings *s, struct briefing *out, struct error *err);

#endif
