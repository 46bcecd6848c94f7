/* SPDX-License-Identifier: Apache-2.0 */
/* The Bearer nodes of the tree (dbus/org.gatewayagent.Agent1.Bearer.xml). Not for other rooms. */
#ifndef BEARER_BEARER_NODE_H
#define BEARER_BEARER_NODE_H

#include "bearer/bearer.h"
#include "bearer/bearer_plan.h"
#include "model/reach.h"
#include "model/tree.h"

/* Makes or updates the node of p: state idle, connecting, connected, failed; lease NULL: no addresses. LastError stays as it is. */
void bearer_node_show(struct tree *t, const struct plan *p, const char *backend, const char *state, const struct lease *lease);
/* The hosts that it is for alone. */
void bearer_node_hosts(struct tree *t, const struct plan *p, const struct reach *r);
/* LastError and LastErrorText of that node; ERROR_NONE clears them. */
void bearer_node_error(struct tree *t, const struct plan *p, enum error_code status, const char *text);
/* Installed is true of the list, which is all there is, and false of all others. Those that are neither kept nor now are waiting, or disabled. */
void bearer_node_install(struct tree *t, const struct bearer_installed *list, size_t count, const char *backend, const struct plan *kept, const struct plan *now);
/* The node of kept is Installed; of the others those that are idle are waiting from now on. */
void bearer_node_keep(struct tree *t, const struct plan *kept, const struct plan *now);
/* Another one is kept now: nodes of neither it nor now, that are not installed, go. Nothing happens while none is kept. */
void bearer_node_prune(struct tree *t, const struct plan *kept, const struct plan *now);

#endif
