/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets of an OMA DM account that come from the device PIN or from the factory, filled in for one session. */
#ifndef BOOTSTRAP_EXECUTION_CREDENTIALS_H
#define BOOTSTRAP_EXECUTION_CREDENTIALS_H

#include "bootstrap/site.h"
#include "model/settings.h"

struct credentials;

/* err NULL: *account is complete. */
typedef void credentials_done_fn(void *user, const struct error *err);

/* What the account's secrets are made by, from account->secrets and, of a stored account, its empty client secret. */
enum dm_secrets credentials_source(const struct dm_account *account);
/* Completes *account, which is borrowed until fn (once from the loop). NOT_READY (no derivation key), PIN_REQUIRED (no device PIN), POLICY (a published
 * algorithm that agentd.conf does not allow), INCOMPLETE (the factory data has no IMEI). The published ones are logged as weak. */
struct credentials *credentials_fill(struct site *site, struct dm_account *account, credentials_done_fn *fn, void *user);
void credentials_cancel(struct credentials *c); /* NULL is fine; after fn it frees itself */
/* After the session, source as before it: what the PIN gave goes out of *account again unless the server has set something else. POLICY if a
 * published algorithm's secrets are still there, or one of two secrets is still the PIN: the server must replace both. */
enum error_code credentials_settle(struct dm_account *account, enum dm_secrets source, const struct dm_account *before, struct error *err);

#endif
