/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's one firmware update (Core TS 1.1.1 appendix E.6), whichever server drives it: a table of states over an image that is pushed or pulled, then
 * installed by the host's hook. State and result survive a restart of the agent and of the machine. */
#ifndef LWM2M_FIRMWARE_H
#define LWM2M_FIRMWARE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "base/reader.h"
#include "lwm2m/download.h"

struct firmware;

enum firmware_state { FIRMWARE_IDLE, FIRMWARE_DOWNLOADING, FIRMWARE_DOWNLOADED, FIRMWARE_UPDATING }; /* /5/0/3 */
enum firmware_result { /* /5/0/5 */
    RESULT_INITIAL, RESULT_SUCCESS, RESULT_NO_SPACE, RESULT_NO_MEMORY, RESULT_CONNECTION_LOST, RESULT_INTEGRITY, RESULT_UNSUPPORTED_TYPE, RESULT_INVALID_URI,
    RESULT_FAILED, RESULT_UNSUPPORTED_PROTOCOL, RESULT_CANCELLED,
};
enum { FIRMWARE_TEXT = 768, FIRMWARE_BOOT = 40, FIRMWARE_VERSION = 64 };

typedef void firmware_outcome_fn(void *user, enum firmware_result result);
typedef void firmware_inspected_fn(void *user, enum firmware_result result, const char *text);

/* What the agent around it can do. Functions are called from the loop; none calls back before it has returned. */
struct firmware_host {
    const char *folder; /* of the image, for this program alone */
    bool (*can)(void *user);  /* the administrator has installed a hook */
    bool (*load)(void *user, char *text, size_t cap);
    void (*save)(void *user, const char *text);
    /* Starts the hook; outcome once: SUCCESS (it has done its part, a restart may follow), FAILED, INTEGRITY, UNSUPPORTED_TYPE, NO_SPACE, or INITIAL: not
     * known, a look will tell. */
    bool (*install)(void *user, int image, firmware_outcome_fn *outcome, void *outcome_user);
    /* Asks the hook what the image is; outcome once: SUCCESS with "NAME VERSION", INTEGRITY, UNSUPPORTED_TYPE, NO_SPACE; any other: it does not say. False: nobody is
     * asked. An install that is asked for meanwhile comes after it. */
    bool (*inspect)(void *user, int image, firmware_inspected_fn *outcome, void *outcome_user);
    uint64_t (*time)(void *user);   /* Unix seconds */
    void (*changed)(void *user);    /* a value of object 5 did: observers are told */
    const char *(*version)(void *user); /* of the firmware that runs */
    struct download_source source;      /* of Package URI */
    void *user;
};

struct firmware *firmware_new(const struct loop *loop, const struct firmware_host *host); /* NULL without memory; takes up what was stored */
void firmware_free(struct firmware *f); /* NULL is fine */
/* What is known of the machine, told after the start of the agent and again while firmware_waits. boot differs after each restart of the
 * machine; running: the hook is at work; ended: how it ended, if it did since then, else INITIAL. */
struct firmware_sight {
    const char *boot;
    bool running;
    enum firmware_result ended;
};
void firmware_look(struct firmware *f, const struct firmware_sight *sight);
bool firmware_waits(const struct firmware *f); /* a hook runs or ran unseen: a look is needed to go on */

/* ---- the resources ---- */

bool firmware_present(const struct firmware *f); /* there is an object 5 */
enum firmware_state firmware_state(const struct firmware *f);
enum firmware_result firmware_result(const struct firmware *f);
const char *firmware_uri(const struct firmware *f);
const char *firmware_package_name(const struct firmware *f);    /* of the image that waits, as the hook tells it; "": not known */
const char *firmware_package_version(const struct firmware *f); /* the same */
unsigned firmware_protocols(const struct firmware *f); /* of Package URI: a bit 1 << number of /5/0/8 */
uint64_t firmware_changed_at(const struct firmware *f); /* Unix seconds, 0: never */
/* May a Write of Package or Package URI with these octets be taken now? An empty one always may, unless an update is running. */
bool firmware_may_write(const struct firmware *f, struct slice octets);
void firmware_write_package(struct firmware *f, struct slice octets); /* whole; empty, or one NUL: back to IDLE */
void firmware_write_uri(struct firmware *f, struct slice uri);        /* empty: back to IDLE */
bool firmware_update(struct firmware *f); /* false: not in this state */
bool firmware_cancel(struct firmware *f); /* the same */
/* A block of an image that is pushed: as download_block; METHOD_NOT_ALLOWED besides. */
enum coap_code firmware_write_block(struct firmware *f, const struct download_block *block);

#endif
