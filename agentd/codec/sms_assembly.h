/* SPDX-License-Identifier: Apache-2.0 */
/* Reassembly of concatenated data messages (TS 23.040 9.2.3.24.1), parts in any order. Bounded: a few messages at a time, the oldest goes first.
 * Key: sender, reference and its width, number of parts, ports. */
#ifndef CODEC_SMS_ASSEMBLY_H
#define CODEC_SMS_ASSEMBLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reader.h"
#include "codec/sms.h"

enum { SMS_ASSEMBLIES = 8, SMS_PARTS = 255, SMS_PART_MAX = 140, SMS_ASSEMBLY_EXPIRY_MS = 600000 };

struct sms_assembly;

struct sms_assembly *sms_assembly_new(void); /* NULL without memory */
void sms_assembly_free(struct sms_assembly *a);
/* Takes one message or part in. True: a message is whole, *whole holds it until the next call. An unconcatenated one is whole at once. Parts that
 * are there already are ignored; a part of an old message (10 minutes) begins a new one. */
bool sms_assembly_add(struct sms_assembly *a, const struct sms_deliver *part, uint64_t now_ms, struct slice *whole);

#endif
