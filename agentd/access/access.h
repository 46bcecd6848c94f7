/* SPDX-License-Identifier: Apache-2.0 */
/* Privileged modem access as agentd sees it: calls to agent-modemd (model/modemd_wire.h), SMS and card events from it. */
#ifndef ACCESS_ACCESS_H
#define ACCESS_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "base/reader.h"
#include "model/lease.h"
#include "model/modemd_wire.h"

enum { ACCESS_CARD_LISTENERS = 4 };

struct access;

typedef void access_done_fn(void *user, enum error_code status);

struct access_place { /* where a message lies in a modem */
    bool stored;        /* false: transfer route, it lies nowhere */
    uint8_t storage;
    uint32_t index;
};

struct access_events {
    void (*state)(void *user, bool connected); /* any may be NULL */
    void (*sms)(void *user, const char *device, const struct access_place *place, struct slice tpdu);
    void (*room)(void *user, const char *device, uint8_t storage, uint32_t size, uint32_t free); /* none is free, or some again */
    void (*lost)(void *user, const char *device);
};

/* Raw answer of a request that a room above encodes itself; body may carry detail of a failure. Borrowed for the call. */
typedef void access_answer_fn(void *user, enum error_code status, struct slice body);

struct access_card_events { /* any may be NULL */
    void (*state)(void *user, bool connected);
    void (*changed)(void *user, const char *card, enum card_change what);
    void (*lost)(void *user, const char *card);
};

struct access *access_new(const struct loop *loop, const char *socket_path);
void access_free(struct access *a);
void access_listen(struct access *a, const struct access_events *events, void *user); /* one listener: modem/ */
/* Listeners for cards: at most ACCESS_CARD_LISTENERS; events NULL: user listens no more. False if there is no room. */
bool access_listen_cards(struct access *a, const struct access_card_events *events, void *user);
bool access_connected(const struct access *a);
/* Brings the port of the lease up with its addresses, MTU, routing table. Replies like trust/. */
uint32_t access_link_up(struct access *a, const struct lease *lease, access_done_fn *fn, void *user);
uint32_t access_link_down(struct access *a, const char *interface, uint32_t table, access_done_fn *fn, void *user);
uint32_t access_sms_watch(struct access *a, const char *device, access_done_fn *fn, void *user);
uint32_t access_sms_unwatch(struct access *a, const char *device, access_done_fn *fn, void *user);
/* Deletes the message at place if its TPDU still has that SHA-256; NOT_FOUND: it is something else, or nothing. */
uint32_t access_sms_delete(struct access *a, const char *device, const struct access_place *place, const uint8_t sha256[32], access_done_fn *fn, void *user);
/* Any request; fn is called once, unless cancelled. */
uint32_t access_ask(struct access *a, enum modemd_op op, struct slice body, uint64_t timeout_ms, access_answer_fn *fn, void *user);
void access_cancel(struct access *a, uint32_t id);

#endif
