/* SPDX-License-Identifier: Apache-2.0 */
/* Object 9 for a client that has no agent around it: a hook that takes every file for operator-meter 1.0 and does all that it is asked. */
#ifndef TEST_LWM2M_PACKAGE_HOST_H
#define TEST_LWM2M_PACKAGE_HOST_H

#include "lwm2m/software.h"

/* folder: where packages wait. changed: a value of object 9 did, from the loop. One for the process; nothing is kept over its end. */
struct software *package_host_new(const struct loop *loop, const char *folder, void (*changed)(void));

#endif
