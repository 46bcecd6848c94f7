/* SPDX-License-Identifier: Apache-2.0 */
/* A WAP push: authenticate, then parse. OMA CP and the DM profile by SEC and MAC; notification and LwM2M trigger have no MAC of the push. */
#include <string.h>

#include "ctl/decode_item.h"

void decode_body(const struct wsp_push *push, const struct decode_input *in, struct decode_result *out)
{
    struct decode_input body = { .octets = push->body, .file = push->body, .keys = in->keys, .arena = in->arena };
    if (push->media == WSP_MEDIA_DM_NOTIFICATION && push->has_application_id && push->application_id == WSP_APPLICATION_LWM2M_DM)
        decode_trigger(&body, out);
    else if (push->media == WSP_MEDIA_DM_NOTIFICATION)
        decode_notification(&body, out);
    else
        decode_tnds(&body, out);
}

static bool is_provisioning(const struct wsp_push *push)
{
    return push->media == WSP_MEDIA_CP_WBXML || push->media == WSP_MEDIA_CP_XML || push->media == WSP_MEDIA_OTHER;
}

void decode_push(const struct decode_input *in, struct decode_result *out)
{
    struct push_check *check = arena_get(in->arena, sizeof *check);
    push_check_run(in->octets, in->keys.imsi, in->keys.pin, in->arena, check);
    *out = (struct decode_result){ .accepted = check->accepted, .error = check->error, .mac = check->mac, .check = check,
                                   .sec = check->has_header ? push_sec_name(&check->push) : NULL };
    if (!check->has_header || is_provisioning(&check->push) || check->mac == PUSH_MAC_BAD)
        return;
    bool vouched = check->push.media == WSP_MEDIA_DM_NOTIFICATION || check->mac == PUSH_MAC_OK;
    struct decode_result body = { .mac = PUSH_MAC_UNCHECKED };
    decode_body(&check->push, in, &body);
    out->document = body.document;
    out->accepted = body.accepted && vouched;
    if (!body.accepted)
        out->error = body.error;
    else if (vouched)
        error_clear(&out->error);
    else
        out->error = check->auth_error;
}
