/* SPDX-License-Identifier: Apache-2.0 */
/* When a server that cannot be reached is tried again (Core TS 1.1.1 clause 6.2.1.1, resources 17 to 20 of object 1). Pure. */
#ifndef LWM2M_RETRY_H
#define LWM2M_RETRY_H

#include "lwm2m/objects/servers.h"

struct retry {
    uint64_t delay_s;
    bool sequence_over; /* the servers behind it in the order may have their turn */
    bool all_over;      /* bootstrap, if resource 16 wants it */
};

/* After so many failures in a row (1..). Where the bootstrap server wrote none of the resources the attempts go on for ever, an hour apart at most: a gateway
 * that stays away for a day after half an hour without its server helps nobody. */
struct retry retry_after(const struct server_values *v, unsigned failures);

#endif
