/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of triggers: OMA DM Package #0 and the CoAP request of LwM2M, which has no proof. */
#include "codec/lwm2m_trigger.h"
#include "ctl/decode_proof.h"

static json_t *notification_item(const struct decode_input *in, const struct notification *n)
{
    json_t *document = item_new("notification", 0);
    (void)item_add_value(document, "digest", in->octets, n->digest);
    json_t *header = item_add(document, item_new("header", item_offset(in->octets, n->trigger)));
    item_set_text(header, "ui", notification_ui_name(n->ui));
    item_set_text(header, "initiator", n->by_server ? "server" : "client");
    item_set_number(header, "session", n->session_id);
    (void)item_add_value(document, "server", in->octets, n->server_id);
    if (n->vendor.len)
        (void)item_add_value(document, "vendor", in->octets, n->vendor);
    return document;
}

void decode_notification(const struct decode_input *in, struct decode_result *out)
{
    struct notification n;
    struct error err = { 0 }, unproved = { 0 };
    const char *nonce = NULL;
    enum error_code rc = notification_parse(in->octets, &n, &err);
    if (rc) {
        decode_finish(out, rc, &err, NULL);
        return;
    }
    json_t *document = notification_item(in, &n);
    enum push_mac mac = proof_of_notification(&n, &in->keys, &nonce, &unproved);
    if (nonce)
        item_set_text(document, "nonce", nonce);
    decode_finish(out, rc, &err, document);
    decode_finish_proof(out, "digest", mac, &unproved);
}

void decode_trigger(const struct decode_input *in, struct decode_result *out)
{
    struct lwm2m_trigger t;
    struct error err = { 0 };
    json_t *document = NULL;
    out->mac = PUSH_MAC_MISSING;
    enum error_code rc = lwm2m_trigger_parse(in->octets, &t, &err);
    if (rc == ERROR_NONE) {
        document = item_new("lwm2m-trigger", 0);
        item_set_text(document, "value", lwm2m_trigger_name(t.kind));
        item_set_number(document, "instance", t.instance);
        item_set_number(document, "message", t.message_id);
        item_set(document, "token", (struct slice){ t.token, t.token_len });
    }
    decode_finish(out, rc, &err, document);
}
