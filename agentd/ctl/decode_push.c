/* SPDX-License-Identifier: Apache-2.0 */
/* A WAP push: authenticate, then parse. OMA CP and the DM profile by SEC and MAC of the push; notification and instruction by a proof of their own, a LwM2M trigger by none. */
#include "codec/push_kind.h"
#include "ctl/decode_item.h"

static void decode_body(const struct wsp_push *push, const struct decode_input *in, decode_fn *run, struct decode_result *out)
{
    run(&(struct decode_input){ .octets = push->body, .file = push->body, .keys = in->keys, .arena = in->arena }, out);
}

/* The push has nothing to say about it. */
static void take_body(const struct wsp_push *push, const struct decode_input *in, decode_fn *run, struct decode_result *out)
{
    struct decode_result body = { .mac = PUSH_MAC_UNCHECKED };
    decode_body(push, in, run, &body);
    body.check = out->check;
    body.sec = out->sec;
    *out = body;
}

static void take_bootstrap(const struct decode_input *in, struct decode_result *out)
{
    struct decode_result body = { .mac = PUSH_MAC_UNCHECKED };
    if (out->mac == PUSH_MAC_BAD)
        return;
    decode_body(&out->check->push, in, decode_tnds, &body);
    out->document = body.document;
    out->accepted = body.accepted && out->mac == PUSH_MAC_OK;
    out->error = body.accepted ? out->check->auth_error : body.error;
}

void decode_push(const struct decode_input *in, struct decode_result *out)
{
    struct push_check *check = arena_get(in->arena, sizeof *check);
    push_check_run(in->octets, in->keys.imsi, in->keys.pin, in->arena, check);
    *out = (struct decode_result){ .accepted = check->accepted, .error = check->error, .mac = check->mac, .check = check,
                                   .sec = check->has_header ? push_sec_name(&check->push) : NULL };
    if (!check->has_header)
        return;
    switch (push_kind(&check->push)) {
    case PUSH_CP_WBXML:
    case PUSH_CP_XML:
        break;
    case PUSH_DM_BOOTSTRAP:
        take_bootstrap(in, out);
        break;
    case PUSH_DM_NOTIFICATION:
        take_body(&check->push, in, decode_notification, out);
        break;
    case PUSH_LWM2M_TRIGGER:
        take_body(&check->push, in, decode_trigger, out);
        break;
    case PUSH_INSTRUCTION:
        take_body(&check->push, in, decode_bei, out);
        break;
    case PUSH_FOREIGN:
        out->accepted = false;
        error_set(&out->error, ERROR_NOT_FOR_US, "content type %s%s is not for a gateway", wsp_media_name(check->push.media),
                  check->push.has_application_id ? " with its application id" : "");
        break;
    }
}
