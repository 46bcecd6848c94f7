/* SPDX-License-Identifier: Apache-2.0 */
/* What a management server may have done to the gateway as a machine: restart, factory reset. Done by agent-sysd; here it is decided when, and told how it went. */
#ifndef BOOTSTRAP_UPKEEP_H
#define BOOTSTRAP_UPKEEP_H

#include "access/sysd.h"
#include "bootstrap/site.h"

struct upkeep;

struct upkeep *upkeep_new(struct site *site, struct sysd *sysd); /* aborts without memory; asks agent-sysd which hooks there are */
void upkeep_free(struct upkeep *u); /* NULL is fine */
void upkeep_look(struct upkeep *u); /* asks again which hooks there are */
/* Begins a restart or factory reset when the answer to the server that wants it is out. False: there is no hook for it, which is reported; the hooks are
 * looked at again then, so that one that was just installed is found by the next try. */
bool upkeep_begin(struct upkeep *u, enum sysd_op op);

#endif
