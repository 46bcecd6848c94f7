/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of agent-modemd; layout words as in tre_wire.h. Only the user of agentd and root may ask. */
#ifndef MODEL_MODEMD_WIRE_H
#define MODEL_MODEMD_WIRE_H

/* X(symbol, number, smallest body, largest body) */
#define MODEMD_OPS(X) \
    X(STATUS, 1, 0, 0) \
    X(LINK_UP, 2, 12, 512) \
    X(LINK_DOWN, 3, 6, 32) \
    X(SMS_WATCH, 4, 3, 66) \
    X(SMS_UNWATCH, 5, 3, 66) \
    X(CARD_WATCH, 6, 3, 66) \
    X(CARD_UNWATCH, 7, 3, 66) \
    X(CARD_READ, 8, 8, 128) \
    X(SMS_DELETE, 9, 40, 103)

/* STATUS      -> u8 capability bits: 1 link, 2 qmi, 4 pcsc (agent-modemd.conf names a reader)
 * LINK_UP     text port (must be in the allow-list of agent-modemd.conf), u32 routing table (1000..1999), u32 MTU (0: leave),
 *             u8 count of addresses (1..4), each: u8 family (4|6), u8 prefix length, 4|16 octets;
 *             u8 count of gateways (0..2), each: u8 family, 4|16 octets;
 *             u8 1: it leads to these hosts alone, 0: anywhere; u8 count of hosts (0..20), each: u8 family, 4|16 octets.
 *             Brings the port up with exactly these addresses, routes in that table only (to the hosts, or by default), a rule "from address lookup table".
 *             DENIED (port not allowed), IO.
 * LINK_DOWN   text port, u32 table: removes addresses, rules, routes; port down. No error if nothing is there.
 * SMS_WATCH   text device name as ModemManager shows it, e.g. "cdc-wdm0". Events follow. NOT_SUPPORTED if it is no QMI device.
 *             Messages stored in the modem when the watch begins are delivered too.
 * SMS_UNWATCH text device name
 * CARD_WATCH  text card: a device name as for SMS_WATCH, or "pcsc". Events follow. NOT_SUPPORTED if it is no QMI device, or PC/SC is not set up.
 * CARD_UNWATCH text card
 * CARD_READ   text card (watched by this connection), u8 form (0 transparent, 1 records),
 *             u8 length and AID of the application in whose context the file is selected (0 or 5..16 octets),
 *             u8 length and path of that application (0, or 2..8 octets from 3F00), for modems that read by path only,
 *             u8 length and path of the file: 2 octets: below the application; 4..8 octets: from 3F00.
 *             -> u8 way (enum card_way), u8 record length (0: transparent), rest the file (whole records).
 *             One read at a time a card, else BUSY. NOT_READY: no card. NOT_FOUND, PIN_REQUIRED, NOT_SUPPORTED, IO: body u16 status word of the card, or 0.
 *             Only SELECT, READ BINARY, READ RECORD, GET RESPONSE and MANAGE CHANNEL are ever sent, the first four never on the basic channel.
 * SMS_DELETE  text device name (watched by this peer), u8 storage and u32 index as EVENT_SMS told them, 32 octets SHA-256 of its TPDU: deletes what lies
 *             there if it still is that message. NOT_FOUND if it is not, BUSY (one at a time), NOT_READY (no watch), IO. */
enum modemd_op {
#define X(symbol, number, min, max) MODEMD_OP_##symbol = (number),
    MODEMD_OPS(X)
#undef X
    MODEMD_EVENT_SMS = 100, /* text device, u8 stored (1) or transfer route (0), u8 storage, u32 index (both 0 if not stored), rest TPDU: SMS-DELIVER
                              * without SMSC (TS 23.040 9.2.2.1) */
    MODEMD_EVENT_LOST = 101, /* text device: the watch ended (modem gone); ask again when it is back */
    MODEMD_EVENT_CARD = 102, /* text card, u8 enum card_change */
    MODEMD_EVENT_CARD_LOST = 103, /* text card: as LOST */
    MODEMD_EVENT_ROOM = 104, /* text device, u8 storage, u32 messages it takes, u32 free: when the free ones came to none, or to some again */
};

enum card_way { CARD_WAY_NONE = 0, CARD_WAY_CHANNEL = 1 /* APDUs through a modem */, CARD_WAY_FILE = 2 /* files through a modem */, CARD_WAY_PCSC = 3 };
enum card_change { CARD_PRESENT = 1 /* or its state changed: read again */, CARD_ABSENT = 2, CARD_REFRESHED = 3 /* by its issuer (TS 31.111 REFRESH) */ };

#endif
