/* SPDX-License-Identifier: Apache-2.0 */
/* Bearer installers: the one table that a plug-in of kind "bearer" exports as `bearer_plugin`. */
#ifndef BEARER_PLUGIN_H
#define BEARER_PLUGIN_H

#include "base/error.h"
#include "base/loop.h"
#include "model/lease.h"
#include "model/settings.h"

enum { BEARER_PLUGIN_ABI = 1 };

/* status 0: lease holds what the network gave (bound, without table and bearer id). Otherwise text says why; DENIED, BEARER_REFUSED, NO_MODEM,
 * NOT_REGISTERED, TIMEOUT, BUSY. */
typedef void bearer_up_fn(void *user, enum error_code status, const char *text, const struct lease *lease);
typedef void bearer_down_fn(void *user);
typedef void bearer_lost_fn(void *user, const char *text); /* the network or the modem took it away */

struct bearer_plugin {
    unsigned abi;
    const char *name; /* modemmanager, uci, networkmanager */
    /* Opaque instance; modem is ModemManager's object path at the time of up. */
    void *(*open)(const struct loop *loop, struct error *err);
    void (*close)(void *self);
    /* Connects; one at a time an instance. lost may be called any time after up succeeded, until down. */
    void (*up)(void *self, const char *modem, const struct napdef *napdef, bearer_up_fn *fn, bearer_lost_fn *lost, void *user);
    /* Disconnects and removes; also ends an up under way (its fn is not called then). */
    void (*down)(void *self, bearer_down_fn *fn, void *user);
    /* Removes what an earlier life of the agent left at the back end. */
    void (*clean)(void *self, const char *modem);
};

extern const struct bearer_plugin bearer_plugin __attribute__((visibility("default")));

/* The table of plug-in `name`: bearer-NAME.so of dir, or the one that is linked in. Lives as long as the process. NULL with err: NOT_FOUND, NOT_SUPPORTED
 * (another ABI), DENIED (file or folder is not root's, or others may write to it). */
const struct bearer_plugin *bearer_plugin_load(const char *dir, const char *name, struct error *err);

#endif
