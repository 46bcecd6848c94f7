/* SPDX-License-Identifier: Apache-2.0 */
/* Service notification (sd_notify(3) protocol): a datagram to $NOTIFY_SOCKET; nothing where that is not set. */
#ifndef GLUE_NOTIFY_H
#define GLUE_NOTIFY_H

#include "base/loop.h"

void notify_ready(void);                       /* READY=1 */
void notify_start(const struct loop *loop);    /* WATCHDOG=1 at half of $WATCHDOG_USEC from the loop, for ever */

#endif
