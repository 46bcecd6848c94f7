/* SPDX-License-Identifier: Apache-2.0 */
/* Reassembly of concatenated data messages (TS 23.040 9.2.3.24.1), parts in any order. Pure: all of its memory is the struct, time comes from the
 * caller. Bounded: some messages at a time and 32 KiB of parts in all; when room is needed, the oldest message of the sender with the most goes, so that
 * one who sends only first parts pushes out his own.
 * Key: sender, reference and its width, number of parts, ports. */
#ifndef CODEC_SMS_ASSEMBLY_H
#define CODEC_SMS_ASSEMBLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reader.h"
#include "codec/sms.h"

enum {
    SMS_ASSEMBLIES = 64,
    SMS_PART_MAX = 140, /* octets */
    SMS_PARTS = 234,    /* of all messages; 32 KiB */
    SMS_ASSEMBLY_SENDER_MAX = 12,
    SMS_ASSEMBLY_EXPIRY_MS = 600000,
};

struct sms_part {
    uint8_t seq, len;
    uint8_t next; /* of the same message, or of the free ones: its place + 1; 0: none */
    uint32_t place;
    uint8_t data[SMS_PART_MAX];
};

struct sms_open {
    bool used, wide, has_ports;
    uint64_t since; /* arrival of its first part */
    uint8_t sender[SMS_ASSEMBLY_SENDER_MAX];
    uint8_t sender_len, total, have;
    uint8_t first; /* the part with the lowest seq: its place + 1; 0: none */
    uint16_t ref, dst_port, src_port;
};

struct sms_assembly { /* all zero: empty */
    struct sms_open open[SMS_ASSEMBLIES];
    struct sms_part part[SMS_PARTS];
    uint8_t fresh, freed; /* parts that were ever used; the first of those given back: its place + 1 */
    uint8_t whole[SMS_PARTS * SMS_PART_MAX];
    uint32_t places[SMS_PARTS]; /* of the parts of *whole, in their order */
    size_t place_count;
};

/* Takes one message or part in. True: a message is whole, *whole holds it until the next call (a message of one part: as long as that part). Parts
 * that are there already are ignored; a part of a message begun 10 minutes ago begins a new one. False: more is needed, or the part is
 * over a bound and was dropped. */
bool sms_assembly_add(struct sms_assembly *a, const struct sms_deliver *part, uint64_t now_ms, struct slice *whole);

#endif
