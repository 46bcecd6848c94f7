/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the host itself leads anywhere. */
#ifndef NET_UPLINK_H
#define NET_UPLINK_H

#include <stdbool.h>

/* True if the host's routing has a way out, by IPv4 or IPv6. Nothing is sent. */
bool uplink_is_there(void);

#endif
