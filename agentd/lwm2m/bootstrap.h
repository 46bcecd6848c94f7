/* SPDX-License-Identifier: Apache-2.0 */
/* Bootstrap (Core TS 1.1.1 clauses 6.1.3, 6.1.6): a session with the bootstrap server, which writes accounts beside those in service. It may write
 * unasked for the hold-off time of its account (the server-initiated manner of LwM2M 1.0); then it is asked. The result is whole and consistent, or there is none. */
#ifndef LWM2M_BOOTSTRAP_H
#define LWM2M_BOOTSTRAP_H

#include "base/error.h"
#include "base/loop.h"
#include "lwm2m/endpoint.h"
#include "model/lease.h"
#include "lwm2m/version.h"
#include "model/access_rights.h"
#include "model/settings.h"

struct lwm2m_bootstrap;

struct lwm2m_bootstrap_task { /* copied */
    const struct lwm2m_account *server;    /* short_server_id 0 */
    const struct lwm2m_account *installed; /* what the server may see, change and delete */
    size_t installed_count;
    const struct access_rights *rights;    /* the rows of object 2 that there are; NULL: none */
    const struct lease *lease;
    const char *endpoint;
    const struct lwm2m_rules *rules; /* NULL: nothing allowed, nothing trusted; the roots are copied, as all */
    enum lwm2m_version version; /* that Bootstrap-Discover tells */
    bool pack;            /* a Bootstrap-Pack is asked for first (1.2 clause 6.1.7.7) */
    uint32_t patience_ms; /* a server that goes silent is tried anew for so long, but for one whose last Write or Finish was refused; 0: once */
    void (*note)(void *user, const char *text); /* told at once what is refused, with the user of fn; NULL: nobody is */
};

/* Once from the loop: error NULL and the accounts that the gateway has from now on (borrowed, wiped after the call; the last is the bootstrap server's own, as
 * it left it) and what it left of object 2, or what is wrong (accounts and rights NULL). CLIENT_AUTH, KEY_UNANSWERED, TLS_UNTRUSTED, NAME_LOOKUP, CONNECT, TIMEOUT (no
 * Finish), SERVER_STATUS, PROTOCOL, or why what it wrote was refused. */
typedef void lwm2m_bootstrap_fn(void *user, const struct error *error, const struct lwm2m_account *accounts, size_t count, const struct access_rights *rights);

enum { HOLD_OFF_MAX_S = 86400 /* nothing else is provisioned meanwhile */ };
uint64_t lwm2m_bootstrap_hold_off_ms(const struct lwm2m_account *server); /* how long it may begin unasked (/0/x/11) */
/* NULL: the account cannot be used, or no memory; err says which. */
struct lwm2m_bootstrap *lwm2m_bootstrap_new(const struct loop *loop, const struct lwm2m_bootstrap_task *task, lwm2m_bootstrap_fn *fn, void *user, struct error *err);
void lwm2m_bootstrap_free(struct lwm2m_bootstrap *b); /* at once, also from fn; NULL is fine */

#endif
