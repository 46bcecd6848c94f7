/* SPDX-License-Identifier: Apache-2.0 */
/* Factory reset of the trusted environment, while the service is stopped: what the factory gave and what keeps old messages refused stays. */
#ifndef TRED_RESET_H
#define TRED_RESET_H

#include "tred/backend.h"

/* Erases the MIDs, but those that only their issuer may erase, and closes the registrations. Fills err: UNPROVISIONED, or why the state does not open or cannot
 * be written; a second run goes on. */
enum error_code reset_run(struct backend *b, const char *state, struct error *err);

#endif
