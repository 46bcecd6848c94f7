/* SPDX-License-Identifier: Apache-2.0 */
/* The socket of the TRE: who is there, which packets come, what ends a connection or the process. */
#ifndef TRED_SERVER_H
#define TRED_SERVER_H

#include <sys/types.h>

#include "tred/tre.h"

struct server_users {
    uid_t agentd, usimd; /* (uid_t)-1: nobody */
};

/* Serves on the listening socket until something ends the process; returns its exit status: 1 after a malformed packet from agentd. */
int server_run(struct tre *t, int listener, const struct server_users *users);

#endif
