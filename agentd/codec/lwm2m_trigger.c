/* SPDX-License-Identifier: Apache-2.0 */
/* The message is parsed by libcoap; here is only what a trigger may say. Without DTLS or TS 31.115 a SMS may carry a trigger and nothing else
 * (LwM2M 1.1 Transport clause 6.6), so every option but Uri-Path is refused, and a payload too. */
#include "codec/lwm2m_trigger.h"

#include <coap3/coap.h>
#include <string.h>

#include "base/text.h"

enum { SEGMENTS = 3, MESSAGE_MAX = 1152 }; /* RFC 7252 clause 4.6 */

/* "8", not "08": one spelling a number. */
static bool take_number(struct slice segment, uint64_t max, uint64_t *out)
{
    return segment.len > 0 && (segment.data[0] != '0' || segment.len == 1) && text_decimal(segment, max, out);
}

static bool take_path(const struct slice *segments, struct lwm2m_trigger *out)
{
    uint64_t object, instance, resource;
    if (!take_number(segments[0], UINT16_MAX, &object) || !take_number(segments[1], UINT16_MAX - 1, &instance) ||
        !take_number(segments[2], UINT16_MAX, &resource))
        return false;
    if (object != 1 || (resource != LWM2M_TRIGGER_UPDATE && resource != LWM2M_TRIGGER_BOOTSTRAP))
        return false;
    out->instance = (uint16_t)instance;
    out->kind = (enum lwm2m_trigger_kind)resource;
    return true;
}

static const char *judge_options(const coap_pdu_t *pdu, struct lwm2m_trigger *out)
{
    struct slice segments[SEGMENTS] = { { NULL, 0 } };
    size_t count = 0;
    coap_opt_iterator_t it;
    if (!coap_option_iterator_init(pdu, &it, COAP_OPT_ALL))
        return "without a path";
    for (const coap_opt_t *o; (o = coap_option_next(&it));) {
        if (it.number != COAP_OPTION_URI_PATH)
            return "with an option that a trigger has not";
        if (count == SEGMENTS)
            return "to another path";
        segments[count++] = (struct slice){ coap_opt_value(o), coap_opt_length(o) };
    }
    return count == SEGMENTS && take_path(segments, out) ? NULL : "to another path";
}

/* What it is instead of a trigger; NULL: it is one. */
static const char *judge(const coap_pdu_t *pdu, struct lwm2m_trigger *out)
{
    size_t len = 0;
    const uint8_t *payload = NULL;
    coap_bin_const_t token = coap_pdu_get_token(pdu);
    if (coap_pdu_get_type(pdu) != COAP_MESSAGE_CON || coap_pdu_get_code(pdu) != COAP_REQUEST_CODE_POST)
        return "that is no confirmable POST";
    if (coap_get_data(pdu, &len, &payload))
        return "with a payload";
    if (token.length > sizeof out->token)
        return "with a long token";
    out->message_id = (uint16_t)coap_pdu_get_mid(pdu);
    out->token_len = token.length;
    if (token.length)
        memcpy(out->token, token.s, token.length);
    return judge_options(pdu, out);
}

enum error_code lwm2m_trigger_parse(struct slice body, struct lwm2m_trigger *out, struct error *err)
{
    struct lwm2m_trigger t = { .kind = LWM2M_TRIGGER_UPDATE };
    if (body.len == 0 || body.len > MESSAGE_MAX)
        return error_set(err, ERROR_MALFORMED, "LwM2M trigger: %zu octets are no CoAP message", body.len);
    coap_pdu_t *pdu = coap_pdu_init(COAP_MESSAGE_CON, COAP_EMPTY_CODE, 0, body.len);
    if (!pdu)
        return error_set(err, ERROR_NO_MEMORY, "LwM2M trigger");
    coap_log_t level = coap_get_log_level();
    coap_set_log_level(LOG_EMERG); /* what is wrong goes to the caller, not to a log that strangers can fill */
    bool parsed = coap_pdu_parse(COAP_PROTO_UDP, body.data, body.len, pdu);
    coap_set_log_level(level);
    const char *instead = parsed ? judge(pdu, &t) : NULL;
    coap_delete_pdu(pdu);
    if (!parsed)
        return error_set(err, ERROR_MALFORMED, "LwM2M trigger: not a CoAP message");
    if (instead)
        return error_set(err, ERROR_DENIED, "LwM2M trigger: a CoAP message %s; a SMS carries triggers only", instead);
    *out = t;
    return ERROR_NONE;
}

const char *lwm2m_trigger_name(enum lwm2m_trigger_kind kind)
{
    return kind == LWM2M_TRIGGER_BOOTSTRAP ? "bootstrap" : "update";
}
