/* SPDX-License-Identifier: Apache-2.0 */
/* A bootstrap execution instruction and its envelope. Behind a wrong proof nothing is parsed. */
#include "ctl/decode_proof.h"

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

static json_t *envelope_item(const struct decode_input *in, const struct bei_envelope *e)
{
    static const char *const envelopes[] = { "COSE_Mac0", "COSE_Sign1", "bare" };
    json_t *document = item_new(envelopes[e->kind], 0);
    if (e->kid.len)
        (void)item_add_value(document, "kid", in->octets, e->kid);
    if (e->proof.len)
        (void)item_add_value(document, "proof", in->octets, e->proof);
    return document;
}

void decode_bei(const struct decode_input *in, struct decode_result *out)
{
    static const char *const proofs[] = { "MAC", "signature", NULL };
    struct bei_envelope e;
    struct bei *b = arena_get(in->arena, sizeof *b);
    struct error err = { 0 }, unproved = { 0 };
    enum error_code rc = bei_open(in->octets, &e, &err);
    if (rc) {
        decode_finish(out, rc, &err, NULL);
        return;
    }
    json_t *document = envelope_item(in, &e);
    enum push_mac mac = proof_of_instruction(&e, &in->keys, &unproved);
    if (mac != PUSH_MAC_BAD && (rc = bei_read(e.payload, b, &err)) == ERROR_NONE)
        add_payload(item_add(document, item_new("instruction", item_offset(in->octets, e.payload))), in->octets, b);
    decode_finish(out, rc, &err, document);
    decode_finish_proof(out, proofs[e.kind], mac, &unproved);
    out->recognised = !rc || e.kind != BEI_BARE;
}
