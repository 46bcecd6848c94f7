/* SPDX-License-Identifier: Apache-2.0 */
/* Reassembly of concatenated SMS (TS 23.040 9.2.3.24.1) from raw TPDUs. Bounded: a fixed number of open messages, the oldest gives way. Two
 * senders with one reference do not mix; parts may come in any order, twice, and again after the message was whole. */
#ifndef MODEM_PARTS_H
#define MODEM_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"
#include "codec/sms.h"

struct parts;

struct parts *parts_new(void);
void parts_free(struct parts *p);
/* Takes one message's fields. True when a message is whole: out is its user data, borrowed until the next call. now_ms orders and ages
 * open messages (10 minutes without a new part: dropped, logged once). */
bool parts_add(struct parts *p, const struct sms_deliver *sms, uint64_t now_ms, struct slice *out);
/* Forgets everything. */
void parts_reset(struct parts *p);

#endif
