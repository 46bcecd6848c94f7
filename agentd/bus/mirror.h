/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of facts as D-Bus objects, generically: property names are those of the XML. */
#ifndef BUS_MIRROR_H
#define BUS_MIRROR_H

#include <gio/gio.h>

#include "model/tree.h"

#define BUS_ROOT "/org/gatewayagent/Agent1"
#define BUS_PREFIX "org.gatewayagent.Agent1"

struct mirror;

/* attach: called for each new interface skeleton, so that methods can be connected. */
typedef void mirror_attach_fn(void *user, enum tree_kind kind, GDBusInterfaceSkeleton *skeleton, const char *node_id);

struct mirror *mirror_new(GDBusConnection *connection, struct tree *tree, mirror_attach_fn *attach, void *user);
void mirror_free(struct mirror *m);

#endif
