/* SPDX-License-Identifier: Apache-2.0 */
/* A bootstrap execution instruction and its envelope. Behind a wrong proof nothing is parsed. */
#include "codec/cbor.h"
#include "ctl/decode_proof.h"

enum { PATH = 3, END = -1, NESTED = 4 };

struct place { /* of a value in the payload: map keys and places in arrays, from outside to inside */
    int step[PATH];
};
#define AT(...) ((struct place){ { __VA_ARGS__ } })

struct source {
    struct slice input, payload;
};

/* To the value of that key or place; false if the container has none. The payload has been read: its keys are numbers. */
static bool go_to(struct reader *r, int step)
{
    struct cbor_item container = cbor_take(r);
    bool map = container.major == CBOR_MAP;
    for (uint64_t i = 0; i < container.value && !r->failed; i++) {
        uint64_t here = map ? cbor_take(r).value : i;
        if (here == (uint64_t)step)
            return true;
        cbor_skip(r, NESTED);
    }
    return false;
}

/* Where its octets begin: those of a string behind its head. */
static json_int_t offset_of(const struct source *s, struct place place)
{
    struct reader r = reader_make(s->payload.data, s->payload.len);
    for (size_t i = 0; i < PATH && place.step[i] != END; i++)
        if (!go_to(&r, place.step[i]))
            return OFFSET_NONE;
    size_t before = r.pos;
    struct cbor_item item = cbor_take(&r);
    return item_offset(s->input, s->payload) + (json_int_t)(item.data.data ? r.pos - item.data.len : before);
}

static json_t *add_item(json_t *parent, const struct source *s, const char *element, struct place place)
{
    return item_add(parent, item_new(element, offset_of(s, place)));
}

static void add_text(json_t *parent, const struct source *s, const char *element, const char *value, struct place place)
{
    if (value[0])
        item_set_text(add_item(parent, s, element, place), "value", value);
}

static void add_number(json_t *parent, const struct source *s, const char *element, uint64_t value, struct place place)
{
    item_set_number(add_item(parent, s, element, place), "value", (json_int_t)value);
}

static void add_target(json_t *parent, const struct source *s, const struct bei_target *t)
{
    if (offset_of(s, AT(8, END)) == OFFSET_NONE)
        return;
    json_t *target = add_item(parent, s, "target", AT(8, END));
    add_text(target, s, "nid", t->nid, AT(8, 0, END));
    for (size_t i = 0; i < t->uris; i++)
        add_text(target, s, "uri", t->uri[i], AT(8, 1, (int)i));
    add_text(target, s, "naf", t->naf, AT(8, 2, END));
    add_text(target, s, "sni", t->sni, AT(8, 3, END));
    if (t->port)
        add_number(target, s, "port", t->port, AT(8, 4, END));
    if (t->server_id)
        add_number(target, s, "server", t->server_id, AT(8, 5, END));
}

static void add_payload(json_t *parent, const struct source *s, const struct bei *b)
{
    static const char *const trusts[] = { "", "pin", "certificate", "issuer" };
    add_text(parent, s, "id", b->id, AT(1, END));
    add_number(parent, s, "sequence", b->seq, AT(2, END));
    add_text(parent, s, "issuer", b->issuer, AT(3, END));
    add_text(parent, s, "subject", b->subject, AT(4, END));
    add_number(parent, s, "issued", b->issued, AT(5, END));
    add_number(parent, s, "expires", b->expires, AT(6, END));
    add_text(parent, s, "mechanism", bei_mechanism_name(b->mechanism), AT(7, END));
    add_target(parent, s, &b->target);
    add_text(parent, s, "bsf", b->bsf, AT(9, END));
    if (b->has_ua)
        item_set(add_item(parent, s, "ua", AT(10, END)), "value", (struct slice){ b->ua, sizeof b->ua });
    for (size_t i = 0; i < b->trusts; i++)
        (void)item_add_value(parent, trusts[b->trust[i].type], s->input, b->trust[i].value);
    add_text(parent, s, "credential", b->credential_ref, AT(12, 1, END));
    if (b->has_bearer) {
        json_t *bearer = add_item(parent, s, "bearer", AT(13, END));
        add_text(bearer, s, "apn", b->bearer.apn, AT(13, 0, END));
        add_text(bearer, s, "auth", napdef_auth_name(b->bearer.auth), AT(13, 1, END));
        add_text(bearer, s, "ip", napdef_ip_name(b->bearer.ip), AT(13, 2, END));
    }
    add_text(parent, s, "context", b->context, AT(14, END));
    add_text(parent, s, "next", b->next, AT(15, END));
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
        add_payload(item_add(document, item_new("instruction", item_offset(in->octets, e.payload))), &(struct source){ in->octets, e.payload }, b);
    decode_finish(out, rc, &err, document);
    decode_finish_proof(out, proofs[e.kind], mac, &unproved);
    out->recognised = !rc || e.kind != BEI_BARE;
}
