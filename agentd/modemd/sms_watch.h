/* SPDX-License-Identifier: Apache-2.0 */
/* Raw SMS of QMI modems, through qmi-proxy, next to ModemManager. Promises: reads only: never deletes, never acknowledges a transfer-route
 * message (ModemManager does), never changes routes. Reading marks a stored message as read, as ModemManager's own reading does. */
#ifndef MODEMD_SMS_WATCH_H
#define MODEMD_SMS_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"

struct sms_watch_events { /* called from the loop only; any watch may be ended from inside */
    void (*started)(void *user, const char *device, enum error_code status);   /* once for each sms_watch_start */
    void (*message)(void *user, const char *device, bool stored, struct slice tpdu); /* without SMSC */
    void (*lost)(void *user, const char *device);                              /* after a successful start; the watch has ended */
};

struct sms_watch;

/* path: the control port's file; device: its name, for the events. Never NULL; result comes by events->started, once: NOT_SUPPORTED (no QMI device),
 * NOT_READY (no qmi-proxy runs yet), IO. After a failed start free it. */
struct sms_watch *sms_watch_start(const char *path, const char *device, const struct sms_watch_events *events, void *user);
/* Ends it and releases the modem's client id; no event comes any more. */
void sms_watch_free(struct sms_watch *w);

#endif
