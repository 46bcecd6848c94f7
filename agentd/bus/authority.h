/* SPDX-License-Identifier: Apache-2.0 */
/* May the caller of a method do that? Beyond the bus policy (dbus/org.gatewayagent.Agent1.conf), for what cannot be undone: polkit says so by an action of ours
 * (etc/polkit), and where there is no polkit root alone may. */
#ifndef BUS_AUTHORITY_H
#define BUS_AUTHORITY_H

#include <gio/gio.h>

#include "base/error.h"

/* code NONE: it may; else DENIED. */
typedef void authority_fn(void *user, const struct error *error);

/* fn once from the loop. The invocation is borrowed until then. */
void authority_ask(GDBusMethodInvocation *invocation, const char *action, authority_fn *fn, void *user);

#endif
