/* SPDX-License-Identifier: Apache-2.0 */
/* A registration over a restart: where it is, its observations, its DTLS session. As octets a secret, for who keeps them. */
#ifndef LWM2M_RESUME_H
#define LWM2M_RESUME_H

#include "lwm2m/lwm2m.h"

enum { LWM2M_REGISTRATION_MAX = 32768 };
/* fn: what was written or read is void from now on (from inside a request: it must not call the client); it may be written again soon. */
void lwm2m_client_watch(struct lwm2m_client *c, void (*fn)(void *user), void *user);
/* False: there is none that could be taken up, or it does not fit. */
bool lwm2m_client_write_registration(const struct lwm2m_client *c, struct writer *w);
/* Before the client has a lease. False: not of this account, or not readable, so there will be a Register. */
bool lwm2m_client_read_registration(struct lwm2m_client *c, struct slice in);
void lwm2m_client_leave_be(struct lwm2m_client *c); /* as lwm2m_client_free, and the session is not closed: another process may take it up */

#endif
