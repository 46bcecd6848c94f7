/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of agent-modemd; layout words as in tre_wire.h. Only the user of agentd and root may ask. */
#ifndef MODEL_MODEMD_WIRE_H
#define MODEL_MODEMD_WIRE_H

/* X(symbol, number, smallest body, largest body) */
#define MODEMD_OPS(X) \
    X(STATUS, 1, 0, 0) \
    X(LINK_UP, 2, 12, 256) \
    X(LINK_DOWN, 3, 6, 32) \
    X(SMS_WATCH, 4, 3, 66) \
    X(SMS_UNWATCH, 5, 3, 66)

/* STATUS      -> u8 capability bits: 1 link, 2 qmi
 * LINK_UP     text port (must be in the allow-list of agent-modemd.conf), u32 routing table (1000..1999), u32 MTU (0: leave),
 *             u8 count of addresses (1..4), each: u8 family (4|6), u8 prefix length, 4|16 octets;
 *             u8 count of gateways (0..2), each: u8 family, 4|16 octets.
 *             Brings the port up with exactly these addresses, default routes in that table only, a rule "from address lookup table".
 *             DENIED (port not allowed), IO.
 * LINK_DOWN   text port, u32 table: removes addresses, rules, routes; port down. No error if nothing is there.
 * SMS_WATCH   text device name as ModemManager shows it, e.g. "cdc-wdm0". Events follow. NOT_SUPPORTED if it is no QMI device.
 *             Messages stored in the modem when the watch begins are delivered too.
 * SMS_UNWATCH text device name */
enum modemd_op {
#define X(symbol, number, min, max) MODEMD_OP_##symbol = (number),
    MODEMD_OPS(X)
#undef X
    MODEMD_EVENT_SMS = 100, /* text device, u8 stored (1) or transfer route (0), rest TPDU: SMS-DELIVER without SMSC (TS 23.040 9.2.2.1) */
    MODEMD_EVENT_LOST = 101, /* text device: the watch ended (modem gone); ask again when it is back */
};

#endif
