/* SPDX-License-Identifier: Apache-2.0 */
/* The socket of agent-modemd: who may ask, what, and within which bounds (model/modemd_wire.h). */
#ifndef MODEMD_SERVER_H
#define MODEMD_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/loop.h"
#include "modemd/settings_file.h"

struct server;

struct server_limits {
    uid_t agentd;   /* the one user beside root that is served */
    bool link, qmi; /* what STATUS says; LINK_* without link is NOT_SUPPORTED */
};

/* Takes sock, a listening socket. broken is called when a permitted peer sent what is no request: the program ends then. */
struct server *server_new(const struct loop *loop, int sock, const struct modemd_settings *settings, const struct server_limits *limits,
                          void (*broken)(void *user), void *user);
/* Ends all watches and connections. Links stay as they are: their bearers do too. */
void server_free(struct server *s);

#endif
