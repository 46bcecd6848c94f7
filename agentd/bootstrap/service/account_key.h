/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that an account does not keep: the TRE makes them whenever a session is to begin. Ks_NAF of a LwM2M server that is a NAF (TS 33.220, TS 33.222), after a
 * bootstrapping if there is no Ks; the device certificate of one that knows the gateway by it, whose key signs inside the TRE. */
#ifndef BOOTSTRAP_ACCOUNT_KEY_H
#define BOOTSTRAP_ACCOUNT_KEY_H

#include "bootstrap/site.h"
#include "model/settings.h"

struct account_key;

typedef void account_key_fn(void *user, const struct error *error); /* error NULL: the account is complete */

bool account_key_is_made(const struct lwm2m_account *account); /* the store has no key of it */
/* Completes *account, which is borrowed until fn (once from the loop): identity, key, gba.ends_ms, or x509.certificate. fresh: the BSF is asked in any case. DENIED (the ACL of the MID),
 * NOT_FOUND (no such MID, or none that is ACTIVE), INCOMPLETE (several), NOT_READY, TOO_LARGE (B-TID), and what a bootstrapping says. */
struct account_key *account_key_fill(struct site *site, struct lwm2m_account *account, bool fresh, account_key_fn *fn, void *user);
void account_key_cancel(struct account_key *k); /* fn is not called; NULL is fine. After fn it frees itself */

#endif
