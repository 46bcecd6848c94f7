/* SPDX-License-Identifier: Apache-2.0 */
/* The software packages of object 9 on this gateway: kept in the store, pulled over the uplink, installed by the administrator's hook `package`. */
#ifndef BOOTSTRAP_PACKAGES_H
#define BOOTSTRAP_PACKAGES_H

#include "access/sysd.h"
#include "bootstrap/site.h"
#include "lwm2m/software.h"

struct packages;

/* Aborts without memory. spool: folder of files that wait to be installed. changed: a value that servers see did, perhaps inside one of their requests. */
struct packages *packages_new(struct site *site, struct sysd *sysd, const char *spool, void (*changed)(void *user), void *user);
void packages_free(struct packages *p); /* NULL is fine */
struct software *packages_software(const struct packages *p); /* owned here */

#endif
