/* SPDX-License-Identifier: Apache-2.0 */
/* OMA DM 1.2 client (WBXML over HTTPS): one session at a time, management tree with DevInfo, DevDetail, DMAcc and ./GatewayAgent (doc
 * management-objects). The server is authenticated before any of its commands is carried out. What a server writes is collected in a struct
 * dm_outcome and handed over at the end of a good session; nothing is installed here, except that Exec Install hands the package to the TRE. */
#ifndef DM_DM_H
#define DM_DM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "model/lease.h"
#include "model/mid.h"
#include "model/settings.h"
#include "net/https.h"
#include "trust/trust.h"

struct dm_session;

struct dm_device { /* DevInfo and DevDetail; copied, but its texts are borrowed for the session */
    const char *device_id; /* DevId URN: urn:imei:... or urn:gateway:<id> */
    const char *manufacturer, *model, *serial, *hardware_version, *firmware_version;
    const char *gateway_id;
    const char *network;   /* host facts, as in ./GatewayAgent/Platform/Network */
};

struct dm_outcome { /* valid during the done call */
    bool mid_attempted;
    enum mid_result mid_result;
    struct mid_entry mid;                    /* if mid_attempted and result MID_OK */
    struct lwm2m_account lwm2m[SETTINGS_LWM2M]; /* complete ones */
    size_t lwm2ms;
    bool credentials_changed;                /* nonces (or secrets) of the account moved on: store account again */
    const struct dm_account *account;        /* with the new nonces */
};

/* error NULL: the session ended well. Otherwise cause; outcome is still given (e.g. nonces, MID result). */
typedef void dm_done_fn(void *user, const struct error *error, const struct dm_outcome *outcome);

struct dm_job {
    const struct dm_account *account; /* copied */
    const char *url;                  /* where the session goes; NULL: account->uri */
    const char *context;              /* bootstrap context for TRE calls */
    const struct dm_device *device;
    const struct lease *lease;
    const char *roots_pem;
    uint64_t now;                     /* Unix seconds, 0 while untrusted */
    bool report;                      /* send the generic alert bootstrap.result with report_code */
    int report_code;
    bool management;                  /* of what is in service: MIDs and LwM2M accounts are not provisioned in it */
    bool by_server;                   /* asked for by Package #0: Alert 1200, and its session id */
    uint16_t session_id;
};

/* Starts a session; fn once from the loop, time limit 120 s a session and 30 s a message. */
struct dm_session *dm_session_start(const struct loop *loop, struct https *https, struct trust *trust, const struct dm_job *job,
                                    dm_done_fn *fn, void *user, struct error *err);
void dm_session_cancel(struct dm_session *s); /* frees; fn is not called. After fn the session frees itself */
void dm_session_stop(struct dm_session *s, const struct error *why); /* the session failed so: fn is called at once, with the nonces that it came to */

#endif
