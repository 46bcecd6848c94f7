/* SPDX-License-Identifier: Apache-2.0 */
/* An access point that a management server changed is tried in place of the installed one: connected, and that server's registration renewed over it. What holds
 * replaces the installed one; what does not, or what a crash cuts off, leaves it as it was. Only a server of the access point's own context may change it. */
#ifndef BOOTSTRAP_ACCESS_POINT_H
#define BOOTSTRAP_ACCESS_POINT_H

#include "lwm2m/profiles.h"

struct service;
struct access_point;

struct access_point *access_point_new(struct service *s); /* aborts without memory: the agent restarts */
void access_point_free(struct access_point *a); /* NULL is fine */
struct profiles *access_point_profiles(const struct access_point *a); /* what servers write; owned here */
void access_point_yield(struct access_point *a); /* a job wants the bearer: the trial ends as failed */

#endif
