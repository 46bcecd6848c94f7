/* SPDX-License-Identifier: Apache-2.0 */
/* Client end of one of our sockets (agent-tred, agent-modemd): connects by itself, again and again with back-off 0.1 .. 10 s, and turns
 * packets into calls with replies. A lost peer ends every open call with ERROR_PEER_LOST; nothing is sent twice. */
#ifndef BASE_PEER_H
#define BASE_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "base/reader.h"

struct peer;

/* status 0: body is the answer (borrowed for the call). Otherwise what went wrong; body may carry detail. */
typedef void peer_reply_fn(void *user, enum error_code status, struct slice body);

struct peer_events {
    void (*state)(void *user, bool connected);                 /* may be NULL, like event */
    void (*event)(void *user, uint16_t op, struct slice body); /* packets with seq 0 */
};

/* name is for the log. NULL without memory. The first attempt to connect happens from the loop. */
struct peer *peer_new(const struct loop *loop, const char *path, const char *name, const struct peer_events *events, void *user);
void peer_free(struct peer *p); /* open calls are dropped without a reply */
bool peer_connected(const struct peer *p);
/* Sends a request; fn is called exactly once from the loop (never from inside), unless cancelled. body <= WIRE_MAX; fd is not taken over
 * (-1: none). Returns an id > 0. While not connected the reply is ERROR_PEER_LOST. */
uint32_t peer_call(struct peer *p, uint16_t op, struct slice body, int fd, uint64_t timeout_ms, peer_reply_fn *fn, void *user);
void peer_cancel(struct peer *p, uint32_t id);

#endif
