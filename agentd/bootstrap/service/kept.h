/* SPDX-License-Identifier: Apache-2.0 */
/* Private to service.c and the files beside it: what of the LwM2M clients outlives a restart. */
#ifndef BOOTSTRAP_KEPT_H
#define BOOTSTRAP_KEPT_H

#include "bootstrap/service/room.h"

/* kept.c: what servers wrote, over a restart. Written only when it is not what the store has. */
void kept_load(struct service *s); /* rights and objects of the gateway; watches from now on */
void kept_take_rights(struct service *s); /* what the last bootstrap left of object 2, if that has not been taken yet */
void kept_join(struct entry *e);   /* the client with what its server wrote becomes one of the servers */
void kept_forget(struct service *s, const char *id);
void kept_change(struct service *s); /* something is to be written soon */
bool kept_save(struct service *s); /* now, in one transaction; false: the store has what it had, and that is reported */
enum error_code kept_commit(struct service *s, struct error *err); /* the same with what is in the open transaction, which ends. The store's errors, not reported */
void kept_end(struct service *s);  /* writes what is left, and watches no more */

/* kept_registration.c: registrations with their observations, over a restart; sealed, for their sessions are secrets. */
void kept_registration_join(struct entry *e);  /* the client has not begun: it gets what is kept, e->call meanwhile */
void kept_registration_save(struct entry *e);  /* if it is another one than the store has */
void kept_registration_end(struct entry *e);   /* nothing more of this entry is written; what is kept stays */
bool kept_registration_stands(const struct entry *e); /* the store has it as it is */
void kept_registration_forget(struct service *s, const char *id); /* in the open transaction of the store */

#endif
