/* SPDX-License-Identifier: Apache-2.0 */
/* Method handlers: validate, call the table, reply with a result or with org.gatewayagent.Agent1.Error.<Name>. */
#ifndef BUS_METHODS_H
#define BUS_METHODS_H

#include "bus/bus.h"
#include "bus/mirror.h"

/* A mirror_attach_fn; user is a const struct bus_calls * that outlives the skeletons. */
void methods_attach(void *user, enum tree_kind kind, GDBusInterfaceSkeleton *skeleton, const char *node_id);

#endif
