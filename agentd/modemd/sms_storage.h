/* SPDX-License-Identifier: Apache-2.0 */
/* The storages of a modem's message service: how much room is left, and the deletion of one certain message. Promises: nothing is deleted that was not read
 * just before and found to be what is meant. Answers carry a number, never an address: whoever asked may be gone. */
#ifndef MODEMD_SMS_STORAGE_H
#define MODEMD_SMS_STORAGE_H

#include <libqmi-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"

/* Raw Read gives the SMSC address first (TS 23.005: a length octet and that many); the TPDU behind it, empty if there is none of 1..255 octets. */
struct slice sms_storage_tpdu(struct slice raw);

/* ok false: this modem does not tell. */
typedef void sms_storage_room_fn(gpointer number, uint8_t storage, bool ok, uint32_t size, uint32_t left);
/* WMS Get Store Max Size (0036), which libqmi does not know; fn is called once from the loop. */
void sms_storage_room(QmiClientWms *wms, uint8_t storage, sms_storage_room_fn *fn, gpointer number);

typedef void sms_storage_deleted_fn(gpointer number, enum error_code status);
/* NONE, NOT_FOUND (nothing lies there, or its TPDU has another SHA-256) or IO; fn is called once from the loop. */
void sms_storage_delete(QmiClientWms *wms, uint8_t storage, uint32_t index, const uint8_t sha256[32], sms_storage_deleted_fn *fn, gpointer number);

#endif
