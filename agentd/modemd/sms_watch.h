/* SPDX-License-Identifier: Apache-2.0 */
/* Raw SMS of QMI modems, through qmi-proxy, next to ModemManager. Promises: deletes only what it is told to, and only if it still is the
 * message that is meant; never acknowledges a transfer-route message (ModemManager does), never changes routes. Reading marks a stored message as read, as ModemManager's own reading does. */
#ifndef MODEMD_SMS_WATCH_H
#define MODEMD_SMS_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"

struct sms_place { /* where a message lies */
    bool stored;     /* false: transfer route, it lies nowhere */
    uint8_t storage; /* QMI: 0 UIM, 1 NV */
    uint32_t index;
};

struct sms_watch_events { /* called from the loop only; any watch may be ended from inside */
    void (*started)(void *user, const char *device, enum error_code status);   /* once for each sms_watch_start */
    void (*message)(void *user, const char *device, const struct sms_place *place, struct slice tpdu); /* without SMSC */
    void (*room)(void *user, const char *device, uint8_t storage, uint32_t size, uint32_t left); /* left came to 0, or to more again */
    void (*deleted)(void *user, const char *device, enum error_code status);                     /* once for each sms_watch_delete */
    void (*lost)(void *user, const char *device);                              /* after a successful start; the watch has ended */
};

struct sms_watch;

/* path: the control port's file; device: its name, for the events. Never NULL; result comes by events->started, once: NOT_SUPPORTED (no QMI device),
 * NOT_READY (no qmi-proxy runs yet), IO. After a failed start free it. */
struct sms_watch *sms_watch_start(const char *path, const char *device, const struct sms_watch_events *events, void *user);
/* Ends it and releases the modem's client id; no event comes any more. */
void sms_watch_free(struct sms_watch *w);
/* Reads what lies there and deletes it if the SHA-256 of its TPDU is that one. BUSY at once if a deletion runs, NOT_READY before the watch runs; else
 * NONE, and events->deleted tells: NONE, NOT_FOUND (something else, or nothing, lies there), IO. */
enum error_code sms_watch_delete(struct sms_watch *w, const struct sms_place *place, const uint8_t sha256[32]);

#endif
