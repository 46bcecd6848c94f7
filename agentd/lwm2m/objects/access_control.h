/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what (Core TS 1.1.1 clause 8). With one server everything, and object 2 has no instance. With several each object instance has a row: its owner
 * may everything, others what the row says. What no server created belongs to the first server, the others may read it; an account (object 1) is its own
 * server's alone. */
#ifndef LWM2M_OBJECTS_ACCESS_CONTROL_H
#define LWM2M_OBJECTS_ACCESS_CONTROL_H

#include "lwm2m/objects/state.h"
#include "model/access_rights.h"

/* May the server at work do that to the object instance (ACCESS_WHOLE_OBJECT: Create)? Always where there are no several servers. */
bool access_may(const struct objects *o, uint16_t object, uint16_t instance, enum access_right right);
/* True if the server at work may read an instance of the object, or there is none. */
bool access_may_read_some(struct objects *o, uint16_t object);
/* Rows for what is there, none for what is not: after servers came or went, and instances too. */
void access_sync(struct objects *o);
void access_forget(struct servers *s, uint16_t object, uint16_t instance); /* what is said of it, unless a bootstrap said it for the account that comes; access_sync says it anew */
void access_created(struct objects *o, uint16_t object, uint16_t instance); /* by the server at work, who owns it */
void access_deleted(struct servers *s, uint16_t object, uint16_t instance);
/* The server has gone: its entries go; what it owned passes to the server with most rights to write and delete there (clause 8.1), else to the first one. */
void access_server_gone(struct servers *s, uint16_t short_server_id);
/* The rows that there are; and those that a bootstrap leaves, in place of all that its servers own. */
void access_take(const struct servers *s, struct access_rights *out);
void access_put(struct servers *s, const struct access_rights *r);

#endif
