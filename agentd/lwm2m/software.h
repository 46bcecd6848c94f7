/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's software on the gateway, a package an instance (OMA-TS-LWM2M_SwMgmt 1.0, object 9 of the OMA registry), whichever server drives it: a table of states
 * for each, from the push or pull to what the administrator's hook of packages does with it. Everything survives a restart of the agent and of the machine. */
#ifndef LWM2M_SOFTWARE_H
#define LWM2M_SOFTWARE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/reader.h"
#include "lwm2m/download.h"

struct software;

enum software_state { SOFTWARE_INITIAL, SOFTWARE_DOWNLOAD_STARTED, SOFTWARE_DOWNLOADED, SOFTWARE_DELIVERED, SOFTWARE_INSTALLED }; /* /9/x/7 */
enum software_result { /* /9/x/9 */
    SOFTWARE_NOTHING = 0, SOFTWARE_DOWNLOADING = 1, SOFTWARE_IN_PLACE = 2, SOFTWARE_VERIFIED = 3, SOFTWARE_NO_SPACE = 50, SOFTWARE_NO_MEMORY = 51, SOFTWARE_LOST = 52,
    SOFTWARE_DAMAGED = 53, SOFTWARE_WRONG_TYPE = 54, SOFTWARE_INVALID_URI = 56, SOFTWARE_DEVICE = 57, SOFTWARE_NOT_INSTALLED = 58, SOFTWARE_NOT_REMOVED = 59,
};
enum { SOFTWARE_MAX = 8, SOFTWARE_TEXT = 1024 };

/* What the hook can do with one package. Each may be asked again for what it has done already. */
enum software_work { SOFTWARE_INSPECT, SOFTWARE_INSTALL, SOFTWARE_REMOVE, SOFTWARE_ACTIVATE, SOFTWARE_DEACTIVATE };
enum software_end { SOFTWARE_DONE, SOFTWARE_BAD_FILE, SOFTWARE_WRONG_KIND, SOFTWARE_NO_ROOM, SOFTWARE_FAILED, SOFTWARE_BUSY /* nobody there, or busy: ask again later */ };
struct software_order {
    enum software_work work;
    const char *name, *version; /* not of INSPECT */
    int file;                   /* of INSPECT and INSTALL; stays the caller's */
};
typedef void software_outcome_fn(void *user, enum software_end end, const char *text); /* text: the last line that the hook wrote */

/* What the agent around it can do. Functions are called from the loop; none calls back before it has returned. */
struct software_host {
    const char *folder; /* of the packages, for this program alone */
    bool (*can)(void *user);  /* the administrator has installed a hook */
    bool (*load)(void *user, unsigned place, char *text, size_t cap); /* place: 0 .. SOFTWARE_MAX - 1 */
    bool (*save)(void *user, unsigned place, const char *text);       /* "": nothing to keep; false: it is as it was, which the host reports */
    bool (*order)(void *user, const struct software_order *order, software_outcome_fn *outcome, void *outcome_user); /* outcome once, if true */
    void (*changed)(void *user); /* a value of object 9 did: observers are told */
    struct download_source source; /* of Package URI; each package asks when the one before has ended */
    void *user;
};

struct software *software_new(const struct loop *loop, const struct software_host *host); /* NULL without memory; takes up what was stored */
void software_free(struct software *s); /* NULL is fine */

/* ---- instances ---- */

bool software_present(const struct software *s); /* there is an object 9; NULL: no */
bool software_instance(const struct software *s, size_t index, uint16_t *id); /* ids ascend */
bool software_create(struct software *s, uint16_t id); /* stored then; false: SOFTWARE_MAX are there, or it was not saved */
bool software_delete(struct software *s, uint16_t id); /* stored then; false: its software is on the gateway, or it is at work, or that was not saved */

/* ---- resources of an instance that there is ---- */

enum software_state software_state(const struct software *s, uint16_t id);
enum software_result software_result(const struct software *s, uint16_t id);
const char *software_name(const struct software *s, uint16_t id);    /* as the hook tells it; "": not known */
const char *software_version(const struct software *s, uint16_t id); /* the same */
const char *software_reason(const struct software *s, uint16_t id);  /* of the hook's last failure, in its own words, ASCII; "": none */
bool software_active(const struct software *s, uint16_t id);
bool software_may_write(const struct software *s, uint16_t id); /* Package or Package URI, now? */
void software_write_package(struct software *s, uint16_t id, struct slice octets); /* whole; empty: nothing */
void software_write_uri(struct software *s, uint16_t id, struct slice uri);        /* the same; at most DOWNLOAD_URI octets */
/* A block of a package that is pushed: as download_block; METHOD_NOT_ALLOWED, NOT_FOUND besides. */
enum coap_code software_write_block(struct software *s, uint16_t id, const struct download_block *block);
/* False: not in this state. */
bool software_install(struct software *s, uint16_t id);
bool software_uninstall(struct software *s, uint16_t id, bool for_update);
bool software_switch(struct software *s, uint16_t id, bool active);

#endif
