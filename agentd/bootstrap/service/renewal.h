/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the LwM2M bootstrap server of a committed context again (Core TS 1.1.1 clause 6.1.3.4: Bootstrap-Request Trigger): gathers what the context has, out
 * of the store and the TRE, and gives it to the inbox as a message of its own. */
#ifndef BOOTSTRAP_RENEWAL_H
#define BOOTSTRAP_RENEWAL_H

#include "bootstrap/site.h"

struct renewal;

/* message (see renewal_message.h) is borrowed and wiped after the call. */
typedef void renewal_fn(void *user, struct slice message);

struct renewal *renewal_new(struct site *site);
void renewal_free(struct renewal *r);
void renewal_to(struct renewal *r, renewal_fn *fn, void *user);
/* BUSY: one is being gathered; NOT_READY: the TRE is away, or there is no memory. The rest goes to the log and D-Bus. */
enum error_code renewal_begin(struct renewal *r, const char *context, struct error *err);

#endif
