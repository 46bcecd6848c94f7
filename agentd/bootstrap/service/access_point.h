/* SPDX-License-Identifier: Apache-2.0 */
/* An access point that a management server changed or added is tried in place of the one in use: connected, and that server's registration renewed over it. What
 * holds is installed and in use from then on; what does not leaves all as it was. What was written is stored before it is answered, and tried once more when a restart
 * cut its trial off; while a job runs it waits. What is disabled, or is valid in another network, is
 * installed beside the others and waits. The one in use is neither put aside nor removed. Only servers of the access points' own context may change them. */
#ifndef BOOTSTRAP_ACCESS_POINT_H
#define BOOTSTRAP_ACCESS_POINT_H

#include "lwm2m/profiles.h"

struct service;
struct access_point;

struct access_point *access_point_new(struct service *s); /* aborts without memory: the agent restarts */
void access_point_free(struct access_point *a); /* NULL is fine */
struct profiles *access_point_profiles(const struct access_point *a); /* what servers write; owned here */
void access_point_yield(struct access_point *a); /* a job wants the bearer: the trial ends as failed, and none begins */
void access_point_go_on(struct access_point *a); /* no job runs any more: what waited is tried */
void access_point_adopted(struct access_point *a, const char *context); /* a job installed others there: what a server of it wrote is void */
void access_point_load(struct access_point *a);   /* the TRE is ready: what a server wrote before a restart is opened, once */
bool access_point_known(const struct access_point *a); /* false until then */
void access_point_registered(struct access_point *a, uint16_t server); /* it is there: what waited for it goes on */
void access_point_forget(struct access_point *a, const char *account); /* is gone, or another one: what its server wrote is void */

#endif
