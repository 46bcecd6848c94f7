/* SPDX-License-Identifier: Apache-2.0 */
/* Names of MID values, and their form on the wire. */
#include "model/mid.h"

#include "model/fields.h"

const char *mid_state_name(enum mid_state s)
{
    switch (s) {
    case MID_PROVISIONED:
        return "PROVISIONED";
    case MID_ACTIVE:
        return "ACTIVE";
    case MID_SUSPENDED:
        return "SUSPENDED";
    case MID_BLOCKED:
        return "BLOCKED";
    case MID_MIGRATING:
        return "MIGRATING";
    case MID_ERASED:
        return "ERASED";
    }
    return "unknown";
}

const char *mid_reason_name(enum mid_reason r)
{
    switch (r) {
    case MID_BY_PACKAGE:
        return "package";
    case MID_BY_REQUEST:
        return "request";
    case MID_BY_INTEGRITY:
        return "integrity";
    case MID_BY_ORDER:
        return "order";
    case MID_BY_MIGRATION:
        return "migration";
    }
    return "unknown";
}

const char *mid_type_name(enum mid_type t)
{
    switch (t) {
    case MID_USIM:
        return "usim";
    case MID_ISIM:
        return "isim";
    case MID_PCID:
        return "pcid";
    }
    return "unknown";
}

const char *mid_algorithm_name(enum mid_algorithm a)
{
    return a == MID_TUAK ? "tuak" : "milenage";
}

void mid_entry_take(struct reader *r, struct mid_entry *e)
{
    fields_take_text(r, e->id, sizeof e->id);
    uint8_t type = reader_u8(r);
    e->version = reader_u32(r);
    uint8_t state = reader_u8(r);
    fields_take_text(r, e->issuer, sizeof e->issuer);
    uint8_t algorithm = reader_u8(r);
    e->not_after = reader_u64(r);
    fields_take_text(r, e->context, sizeof e->context);
    uint8_t reason = reader_u8(r);
    if (!e->id[0] || type > MID_PCID || state < MID_PROVISIONED || state > MID_ERASED || algorithm > MID_TUAK ||
        reason > MID_BY_MIGRATION)
        reader_fail(r);
    e->type = (enum mid_type)type;
    e->state = (enum mid_state)state;
    e->algorithm = (enum mid_algorithm)algorithm;
    e->reason = (enum mid_reason)reason;
}
