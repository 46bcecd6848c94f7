/* SPDX-License-Identifier: Apache-2.0 */
/* Client-initiated bootstrap (Core TS 1.1.1 clauses 6.1.3.3, 6.1.6): one session with the bootstrap server, which writes accounts beside those in service.
 * The result is whole and consistent, or there is none. */
#ifndef LWM2M_BOOTSTRAP_H
#define LWM2M_BOOTSTRAP_H

#include "base/error.h"
#include "base/loop.h"
#include "model/lease.h"
#include "model/settings.h"

struct lwm2m_bootstrap;

struct lwm2m_bootstrap_task { /* copied */
    const struct lwm2m_account *server;    /* short_server_id 0 */
    const struct lwm2m_account *installed; /* what the server may see, change and delete */
    size_t installed_count;
    const struct lease *lease;
    const char *endpoint;
};

/* Once from the loop: error NULL and the accounts that the gateway has from now on (borrowed, wiped after the call), or what is wrong (accounts NULL).
 * CLIENT_AUTH, NAME_LOOKUP, CONNECT, TIMEOUT (no Finish within 247 s of the last request), SERVER_STATUS, PROTOCOL. */
typedef void lwm2m_bootstrap_fn(void *user, const struct error *error, const struct lwm2m_account *accounts, size_t count);

/* NULL: the account cannot be used, or no memory; err says which. */
struct lwm2m_bootstrap *lwm2m_bootstrap_new(const struct loop *loop, const struct lwm2m_bootstrap_task *task, lwm2m_bootstrap_fn *fn, void *user, struct error *err);
void lwm2m_bootstrap_free(struct lwm2m_bootstrap *b); /* at once, also from fn; NULL is fine */

#endif
