/* SPDX-License-Identifier: Apache-2.0 */
/* NAPDEF -> connected bearer -> lease: the plug-in connects it, agent-modemd sets up the link with a routing table of its own.
 * One bearer of ours is up at a time; another napdef means break before make. Writes the Bearer nodes of the tree.
 * While it is up and lost by the network, it is connected again with back-off 5 s .. 5 min if kept (bearer_keep). */
#ifndef BEARER_BEARER_H
#define BEARER_BEARER_H

#include <stdbool.h>

#include "access/access.h"
#include "base/error.h"
#include "base/loop.h"
#include "bearer/plugin.h"
#include "model/reach.h"
#include "model/settings.h"
#include "model/tree.h"

struct bearers;

typedef void bearer_lease_fn(void *user, enum error_code status, const char *text, const struct lease *lease);

struct bearer_events {
    void (*up)(void *user, const struct lease *lease); /* the kept bearer is (again) up */
    void (*down)(void *user, const char *text);        /* the kept bearer is lost; it is being tried again */
};

struct bearer_installed {
    const char *id; /* of the Bearer node */
    const struct napdef *napdef;
};

struct bearers *bearers_new(const struct loop *loop, const struct bearer_plugin *plugin, struct access *access, struct tree *tree,
                            const struct bearer_events *events, void *user);
void bearers_free(struct bearers *b);
/* modem: ModemManager's object path, "" if there is none now; call at each change. */
void bearers_set_modem(struct bearers *b, const char *modem);
/* Brings napdef up (id: the Bearer node, e.g. "NAP1"), taking down another one of ours first. The same napdef already up: its lease at once
 * (from the loop). fn is called once; time limit 60 s. A second call before the first ended: ERROR_BUSY. */
void bearers_connect(struct bearers *b, const char *id, const struct napdef *napdef, bearer_lease_fn *fn, void *user);
/* The same for these hosts alone, whatever asks: the table of its port leads to them and the bearer's name servers, and no other name is looked up over it. hosts is
 * borrowed until bearers_free. No names of hosts have an address: NAME_LOOKUP. */
void bearers_connect_limited(struct bearers *b, const char *id, const struct napdef *napdef, const struct reach *hosts, bearer_lease_fn *fn, void *user);
/* Takes it down again, unless a request waits. */
void bearers_leave_limited(struct bearers *b);
const struct lease *bearers_limited_lease(const struct bearers *b); /* while it is up, else NULL */
void bearers_disconnect(struct bearers *b, void (*fn)(void *user), void *user);
/* installed: keep this napdef up from now on (by itself after loss or start); napdef is copied, secrets in locked memory. NULL: keep none. */
void bearers_keep(struct bearers *b, const char *id, const struct napdef *napdef);
/* All that is installed, in use or not: each has a node, and nodes of what is not any more go. Borrowed for the call. */
void bearers_show_installed(struct bearers *b, const struct bearer_installed *list, size_t count);
/* Data may not be used now: nothing is started, a request is answered with why, and what is up goes down if end. NULL: it may (again). */
void bearers_bar(struct bearers *b, const struct error *why, bool end);
/* The kept napdef cannot be used here: it goes down and is not kept any more; its node says why. */
void bearers_drop(struct bearers *b, const struct error *why);
const struct lease *bearers_lease(const struct bearers *b); /* of what is up and leads anywhere; NULL if nothing is */

#endif
