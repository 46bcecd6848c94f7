/* SPDX-License-Identifier: Apache-2.0 */
/* Serves the requests of model/sysd_wire.h, one hook at a time. */
#ifndef SYSD_SERVER_H
#define SYSD_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

struct server_setup {
    int listener, signals; /* a listening socket; a signalfd of SIGCHLD, SIGTERM and SIGINT */
    uid_t agentd;
    const char *hooks;     /* folder */
    unsigned limit;        /* seconds that no hook may exceed; 0: the table's own */
    bool on_demand;        /* ends by itself when nobody has asked for a while */
};

/* Exit status of the program: 0 told to end or idle, EX_PROTOCOL a malformed request came, EX_OSERR. A hook that still runs goes on. */
int server_run(const struct server_setup *setup);

#endif
