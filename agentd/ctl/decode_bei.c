/* SPDX-License-Identifier: Apache-2.0 */
/* A bootstrap execution instruction and its envelope. MAC or signature stay unchecked: the keys are in the TRE, or in the factory data. */
#include "codec/bei.h"
#include "ctl/decode_item.h"

static void add_text(json_t *parent, const char *element, const char *value)
{
    if (value[0])
        item_set_text(item_add(parent, item_new(element, OFFSET_NONE)), "value", value);
}

static void add_number(json_t *parent, const char *element, uint64_t value)
{
    item_set_number(item_add(parent, item_new(element, OFFSET_NONE)), "value", (json_int_t)value);
}

static void add_payload(json_t *parent, struct slice input, const struct bei *b)
{
    static const char *const trusts[] = { "", "pin", "certificate", "issuer" };
    add_text(parent, "id", b->id);
    add_number(parent, "sequence", b->seq);
    add_text(parent, "issuer", b->issuer);
    add_text(parent, "subject", b->subject);
    add_number(parent, "issued", b->issued);
    add_number(parent, "expires", b->expires);
    add_text(parent, "mechanism", bei_mechanism_name(b->mechanism));
    json_t *target = item_add(parent, item_new("target", OFFSET_NONE));
    add_text(target, "nid", b->target.nid);
    for (size_t i = 0; i < b->target.uris; i++)
        add_text(target, "uri", b->target.uri[i]);
    add_text(target, "naf", b->target.naf);
    add_text(target, "sni", b->target.sni);
    if (b->target.server_id)
        add_number(target, "server", b->target.server_id);
    add_text(parent, "bsf", b->bsf);
    for (size_t i = 0; i < b->trusts; i++)
        (void)item_add_value(parent, trusts[b->trust[i].type], input, b->trust[i].value);
    add_text(parent, "credential", b->credential_ref);
    if (b->has_bearer) {
        json_t *bearer = item_add(parent, item_new("bearer", OFFSET_NONE));
        add_text(bearer, "apn", b->bearer.apn);
        add_text(bearer, "auth", napdef_auth_name(b->bearer.auth));
        add_text(bearer, "ip", napdef_ip_name(b->bearer.ip));
    }
    add_text(parent, "context", b->context);
    add_text(parent, "next", b->next);
}

void decode_bei(const struct decode_input *in, struct decode_result *out)
{
    static const char *const envelopes[] = { "COSE_Mac0", "COSE_Sign1", "bare" };
    struct bei_envelope e;
    struct bei *b = arena_get(in->arena, sizeof *b);
    struct error err = { 0 };
    json_t *document = NULL;
    out->mac = PUSH_MAC_UNCHECKED;
    enum error_code rc = bei_open(in->octets, &e, &err);
    if (rc == ERROR_NONE) {
        document = item_new(envelopes[e.kind], 0);
        if (e.kind == BEI_BARE)
            out->mac = PUSH_MAC_MISSING;
        if (e.kid.len)
            (void)item_add_value(document, "kid", in->octets, e.kid);
        json_t *payload = item_add(document, item_new("instruction", item_offset(in->octets, e.payload)));
        rc = bei_read(e.payload, b, &err);
        if (rc == ERROR_NONE)
            add_payload(payload, in->octets, b);
        if (e.proof.len)
            (void)item_add_value(document, "proof", in->octets, e.proof);
    }
    decode_finish(out, rc, &err, document);
}
