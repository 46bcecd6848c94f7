/* SPDX-License-Identifier: Apache-2.0 */
/* Pulls a file for the LwM2M objects that have a Package URI, over the bearer that is kept, else over the host's own uplink. The server is judged by the
 * factory roots, or by its account, and reached as it says, where it is a LwM2M server of ours; one without any security is asked only where the gateway allows such
 * (lwm2m-nosec). What begins before the accounts are open, or while the account's bearer is down, waits for them, but not for ever. */
#ifndef BOOTSTRAP_FETCH_H
#define BOOTSTRAP_FETCH_H

#include "bootstrap/site.h"
#include "lwm2m/download.h"

struct fetch;

/* One download at a time. what: in front of what is reported. NULL without memory. */
struct fetch *fetch_new(struct site *site, const char *what);
void fetch_free(struct fetch *f); /* NULL is fine */
struct download_source fetch_source(struct fetch *f);

#endif
