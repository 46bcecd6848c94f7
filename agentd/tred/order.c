/* SPDX-License-Identifier: Apache-2.0 */
/* MidOrder (doc mid-package, section 4). Runs only over octets whose signature was verified; must never decide anything but form. */
#include "tred/order.h"

#include <openssl/asn1t.h>

enum { FORMAT = 1, TRE_ID = 16, HASH = 32, NONCE_MIN = 16, NONCE_MAX = 64 };

struct ord_target {
    ASN1_UTF8STRING *mid;
    ASN1_OCTET_STRING *package;
};
struct ord {
    ASN1_INTEGER *format;
    ASN1_ENUMERATED *command;
    ASN1_UTF8STRING *issuer;
    ASN1_OCTET_STRING *tre_id;
    ASN1_INTEGER *sequence;
    ASN1_OCTET_STRING *nonce;
    ASN1_GENERALIZEDTIME *not_after;
    struct ord_target *target;
};

ASN1_SEQUENCE(ord_target) = {
    ASN1_SIMPLE(struct ord_target, mid, ASN1_UTF8STRING),
    ASN1_SIMPLE(struct ord_target, package, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END_name(struct ord_target, ord_target)

ASN1_SEQUENCE(ord) = {
    ASN1_SIMPLE(struct ord, format, ASN1_INTEGER),
    ASN1_SIMPLE(struct ord, command, ASN1_ENUMERATED),
    ASN1_SIMPLE(struct ord, issuer, ASN1_UTF8STRING),
    ASN1_SIMPLE(struct ord, tre_id, ASN1_OCTET_STRING),
    ASN1_SIMPLE(struct ord, sequence, ASN1_INTEGER),
    ASN1_SIMPLE(struct ord, nonce, ASN1_OCTET_STRING),
    ASN1_SIMPLE(struct ord, not_after, ASN1_GENERALIZEDTIME),
    ASN1_OPT(struct ord, target, ord_target),
} static_ASN1_SEQUENCE_END_name(struct ord, ord)

/* Every command but discover is about one MID as it is installed. */
static bool target_take(const struct ord *p, struct order *o)
{
    if (!p->target || o->command == ORDER_DISCOVER)
        return !p->target && o->command == ORDER_DISCOVER;
    o->package = asn1_octets(p->target->package);
    return asn1_name(p->target->mid, "._-", o->mid) && o->package.len == HASH;
}

static bool values_take(const struct ord *p, struct order *o)
{
    uint32_t format, command;
    if (!asn1_number(p->format, FORMAT, FORMAT, &format) || !asn1_enumerated(p->command, ORDER_ERASE, &command) || !asn1_name(p->issuer, NULL, o->issuer) ||
        !asn1_within(p->tre_id, TRE_ID, TRE_ID) || ASN1_INTEGER_get_uint64(&o->sequence, p->sequence) != 1 || o->sequence == 0 ||
        o->sequence > INT64_MAX || !asn1_within(p->nonce, NONCE_MIN, NONCE_MAX) || !asn1_time(p->not_after, &o->not_after))
        return false;
    o->command = (enum order_command)command;
    o->tre_id = asn1_octets(p->tre_id);
    o->nonce = asn1_octets(p->nonce);
    return target_take(p, o);
}

bool order_parse(struct order *o, struct slice der)
{
    const unsigned char *at = der.data;
    *o = (struct order){ .parsed = NULL };
    struct ord *p = (struct ord *)ASN1_item_d2i(NULL, &at, (long)der.len, ASN1_ITEM_rptr(ord));
    o->parsed = p;
    if (p && asn1_is_der(p, ASN1_ITEM_rptr(ord), der) && values_take(p, o))
        return true;
    order_free(o);
    return false;
}

void order_free(struct order *o)
{
    ASN1_item_free(o->parsed, ASN1_ITEM_rptr(ord));
    *o = (struct order){ .parsed = NULL };
}
