/* SPDX-License-Identifier: Apache-2.0 */
/* What a management server, or the administrator, may have done to the gateway as a machine: restart, factory reset, a new firmware, software packages. Done by agent-sysd; here
 * it is decided when, and told how it went. */
#ifndef BOOTSTRAP_UPKEEP_H
#define BOOTSTRAP_UPKEEP_H

#include "access/sysd.h"
#include "bootstrap/site.h"
#include "lwm2m/firmware.h"
#include "lwm2m/software.h"

struct upkeep;

/* Aborts without memory. Asks agent-sysd which hooks there are. spool: folder of files that wait to be installed. */
struct upkeep *upkeep_new(struct site *site, struct sysd *sysd, const char *spool);
void upkeep_free(struct upkeep *u); /* NULL is fine */
void upkeep_look(struct upkeep *u); /* asks again which hooks there are */
/* Begins a restart or factory reset when the answer to the server that wants it is out. False: there is no hook for it, which is reported; the hooks are
 * looked at again then, so that one that was just installed is found by the next try. */
bool upkeep_begin(struct upkeep *u, enum sysd_op op);
/* The same for the administrator: looks at the hooks first, and says what it comes to. fn once from the loop; code NONE: it begins. NOT_SUPPORTED (no hook), PEER_LOST, BUSY. */
typedef void upkeep_order_fn(void *user, const struct error *error);
void upkeep_order(struct upkeep *u, enum sysd_op op, upkeep_order_fn *fn, void *user);

void upkeep_listen(struct upkeep *u, void (*fn)(void *user), void *user); /* a value that servers see has changed; from the loop */
struct firmware *upkeep_firmware(const struct upkeep *u); /* the one update of the gateway; owned here */
struct software *upkeep_software(const struct upkeep *u); /* the packages; owned here */
const char *upkeep_version(struct upkeep *u); /* of the firmware that runs, "": not known; good until the next call */

#endif
