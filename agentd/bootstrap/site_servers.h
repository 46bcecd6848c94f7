/* SPDX-License-Identifier: Apache-2.0 */
/* The LwM2M servers in service, as who fetches a file from one of them sees them: a table that the service fills, for it begins after them. */
#ifndef BOOTSTRAP_SITE_SERVERS_H
#define BOOTSTRAP_SITE_SERVERS_H

#include "lwm2m/endpoint.h"
#include "model/lease.h"

struct site_server { /* borrowed until the loop runs again */
    const struct endpoint *endpoint; /* NULL: it is none of ours */
    const struct lease *lease;       /* the way to it; NULL: its bearer is down */
};

struct site_servers { /* empty while there is no service */
    /* Whose server is the URI's authority (the same scheme, host and port)? False: that is not known yet, or its bearer is down; *out says which. */
    bool (*at)(void *user, const char *uri, struct site_server *out);
    void *user;
};

#endif
