/* SPDX-License-Identifier: Apache-2.0 */
/* SMS-DELIVER TPDU (TS 23.040 9.2.2.1), as far as a data message needs it: addresses are not believed, text alphabets are not decoded. */
#ifndef CODEC_SMS_H
#define CODEC_SMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"

struct sms_deliver {
    struct slice sender;   /* address octets: type of address and semi-octets; key of reassembly only */
    uint8_t pid, dcs;
    bool binary;           /* the DCS says 8-bit data (TS 23.038) */
    bool has_ports;        /* UDH element 05 (or 04: 8-bit ports) */
    uint16_t dst_port, src_port;
    bool concatenated;     /* UDH element 00 or 08 */
    bool wide_ref;         /* 16-bit reference (element 08) */
    uint16_t ref;
    uint8_t total, seq;    /* 1..255, seq <= total */
    struct slice data;     /* user data after the UDH; borrowed */
    uint32_t place;        /* the caller's, 0 after parsing: carried through reassembly */
};

/* tpdu: without SMSC address. ERROR_TRUNCATED or ERROR_MALFORMED with the octet offset; a message type other than DELIVER is NOT_SUPPORTED. */
enum error_code sms_deliver_parse(struct slice tpdu, struct sms_deliver *out, struct error *err);

#endif
