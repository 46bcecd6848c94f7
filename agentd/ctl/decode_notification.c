/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of triggers: OMA DM Package #0 and the CoAP request of LwM2M. Their digest is for whoever has the server's secret: it stays unchecked. */
#include "codec/lwm2m_trigger.h"
#include "codec/notification.h"
#include "ctl/decode_item.h"

void decode_notification(const struct decode_input *in, struct decode_result *out)
{
    struct notification n;
    struct error err = { 0 };
    json_t *document = NULL;
    out->mac = PUSH_MAC_UNCHECKED;
    enum error_code rc = notification_parse(in->octets, &n, &err);
    if (rc == ERROR_NONE) {
        document = item_new("notification", 0);
        (void)item_add_value(document, "digest", in->octets, n.digest);
        json_t *header = item_add(document, item_new("header", item_offset(in->octets, n.trigger)));
        item_set_text(header, "ui", notification_ui_name(n.ui));
        item_set_text(header, "initiator", n.by_server ? "server" : "client");
        item_set_number(header, "session", n.session_id);
        (void)item_add_value(document, "server", in->octets, n.server_id);
        if (n.vendor.len)
            (void)item_add_value(document, "vendor", in->octets, n.vendor);
    }
    decode_finish(out, rc, &err, document);
}

void decode_trigger(const struct decode_input *in, struct decode_result *out)
{
    struct lwm2m_trigger t;
    struct error err = { 0 };
    json_t *document = NULL;
    out->mac = PUSH_MAC_UNCHECKED;
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
