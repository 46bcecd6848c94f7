/* SPDX-License-Identifier: Apache-2.0 */
/* Routing of messages: one const table from a source, or a kind of push (codec/push_kind.h: content type and X-Wap-Application-Id), to what the message means, who vouches for it and
 * who reads it. A new kind of message is a row. Looks at the WSP header only; the body is read after who vouches for it was asked. */
#ifndef BOOTSTRAP_START_ROUTE_H
#define BOOTSTRAP_START_ROUTE_H

#include "codec/push_kind.h"
#include "model/trigger.h"

/* Who vouches for a message. */
enum route_voucher {
    ROUTE_BY_SEC,    /* SEC and MAC, verified by the TRE over the body before one octet of it is read */
    ROUTE_BY_SOURCE, /* the source itself (a smart card, the factory data, the administrator's call): nothing to verify */
    ROUTE_BY_PROOF,  /* COSE envelope: a MAC by the device PIN, verified by the TRE, or a signature by a key of the factory data */
    ROUTE_BY_SIGNATURE, /* the signature alone: who brings it may be anybody, and shall not use up the PIN's tries */
    ROUTE_BY_TAKER,  /* who takes the trigger: its digest, signature, or bounded harm. A SEC parameter is ignored */
};

/* Reads push->body into *t, whose kind, hash and source are set and whose settings are empty (SETTINGS, CARD, BEI) or NULL. Pure: no I/O; errors name where. */
typedef enum error_code route_read_fn(const struct wsp_push *push, struct trigger *t, struct error *err);

struct route {
    const char *source;    /* NULL: a WSP push, from anywhere; else bare octets (no WSP header) of that source */
    enum push_kind push;   /* of a push; never PUSH_FOREIGN */
    enum trigger_kind kind;
    enum route_voucher voucher;
    route_read_fn *read;   /* NULL: the body goes on as it is */
};

/* Reads the header of a message of that source; *push borrows from it (for bare octets: the body alone) and *out is its row. TRUNCATED or MALFORMED for a
 * bad header; NOT_FOR_US for a content type or application that no row takes. */
enum error_code route_find(const char *source, struct slice message, struct wsp_push *push, const struct route **out, struct error *err);

#endif
