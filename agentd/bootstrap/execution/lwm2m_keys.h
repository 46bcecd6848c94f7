/* SPDX-License-Identifier: Apache-2.0 */
/* Pre-shared keys of LwM2M accounts that the factory or an instruction names: the TRE derives, has or makes them. */
#ifndef BOOTSTRAP_EXECUTION_LWM2M_KEYS_H
#define BOOTSTRAP_EXECUTION_LWM2M_KEYS_H

#include "bootstrap/site.h"
#include "model/settings.h"

struct lwm2m_keys;

/* Completes the accounts of *settings, which is borrowed until fn: an endpoint (the gateway id), an identity (the endpoint), a key where key_from says so.
 * fn once from the loop; error NULL: all is there. NOT_READY (no derivation key), NOT_FOUND (no key of that name), PROTOCOL, and what
 * account_key_fill says. */
struct lwm2m_keys *lwm2m_keys_fill(struct site *site, struct settings *settings, void (*fn)(void *user, const struct error *error), void *user);
void lwm2m_keys_cancel(struct lwm2m_keys *k); /* fn is not called; NULL is fine. After fn it frees itself */

#endif
