/* SPDX-License-Identifier: Apache-2.0 */
/* The MIDs of the trusted environment as a management server sees them (object 504): by the ICCID among their files, which the TRE gives while a MID is ACTIVE and
 * its ACL names identity for agentd, and which is kept for when it is not. Only a server of the MID's own context may enable or disable it. */
#ifndef BOOTSTRAP_MID_PROFILES_H
#define BOOTSTRAP_MID_PROFILES_H

#include "lwm2m/rsp.h"

struct service;
struct mid_profiles;

struct mid_profiles *mid_profiles_new(struct service *s); /* aborts without memory: the agent restarts */
void mid_profiles_free(struct mid_profiles *m); /* NULL is fine */
struct rsp *mid_profiles_rsp(const struct mid_profiles *m); /* owned here */

#endif
