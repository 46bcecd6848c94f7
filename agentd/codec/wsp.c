/* SPDX-License-Identifier: Apache-2.0 */
/* WSP (WAP-230) 8.2.4.1 and 8.4.2, as far as a push needs it. Bounded by the header length; SEC and MAC may stand once each. */
#include "codec/wsp.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

enum {
    PDU_PUSH = 0x06,          /* 8.2.4: Table 34; ConfirmedPush 07 belongs to sessions */
    PARAMETER_SEC = 0x11,     /* assigned by OMA-WAP-ProvBoot */
    PARAMETER_MAC = 0x12,
    HEADER_APPLICATION_ID = 0x2F,
    LWM2M_AS_REGISTERED = 0x9A,
    LENGTH_QUOTE = 31,        /* 8.4.1.2: a uintvar length follows */
    SHIFT = 0x7F,
    NO_CODE = -1,             /* of no integer, short or long */
};

static const struct {
    int64_t code;
    const char *text;
    enum wsp_media media;
} media_types[] = {
    { 0x35, "text/vnd.wap.connectivity-xml", WSP_MEDIA_CP_XML },
    { 0x36, "application/vnd.wap.connectivity-wbxml", WSP_MEDIA_CP_WBXML },
    { 0x42, "application/vnd.syncml.dm+wbxml", WSP_MEDIA_DM_WBXML },
    { 0x43, "application/vnd.syncml.dm+xml", WSP_MEDIA_DM_XML },
    { 0x44, "application/vnd.syncml.notification", WSP_MEDIA_DM_NOTIFICATION },
    { NO_CODE, "application/cose", WSP_MEDIA_COSE },
};

static const struct {
    uint32_t id;
    const char *text;
} applications[] = { /* OMNA; the rest stays nameless */
    { WSP_APPLICATION_ANY, "x-wap-application:*" },
    { WSP_APPLICATION_SYNCML_DM, "x-wap-application:syncml.dm" },
    { WSP_APPLICATION_LWM2M_DM, "x-wap-application:lwm2m.dm" },
};

const char *wsp_media_name(enum wsp_media m)
{
    for (size_t i = 0; i < sizeof media_types / sizeof *media_types; i++)
        if (media_types[i].media == m)
            return media_types[i].text;
    return "other";
}

#define LETTERS UINT64_C(0x4040404040404040)

static enum error_code fail(struct error *err, const struct reader *r, const char *what)
{
    return error_set(err, r->failed ? ERROR_TRUNCATED : ERROR_MALFORMED, "WSP header: %s at octet %zu", what, r->pos);
}

/* Value-length (8.4.2.2): 0..30, or 31 and a uintvar. */
static uint32_t value_length(struct reader *r)
{
    uint8_t first = reader_u8(r);
    if (first < LENGTH_QUOTE)
        return first;
    if (first == LENGTH_QUOTE)
        return reader_uintvar(r);
    reader_fail(r);
    return 0;
}

/* Skips one value of any class (8.4.1.2). */
static void skip_value(struct reader *r)
{
    uint8_t first = reader_peek(r);
    if (first & 0x80)
        (void)reader_u8(r);
    else if (first <= LENGTH_QUOTE)
        (void)reader_take(r, value_length(r));
    else
        (void)reader_text(r);
}

/* Text-string (8.4.2.1) without its quote. */
static struct slice text_value(struct reader *r)
{
    struct slice s = reader_text(r);
    if (s.len && s.data[0] == SHIFT) {
        struct reader inner = reader_make(s.data, s.len);
        (void)reader_u8(&inner);
        return reader_take(&inner, reader_left(&inner));
    }
    return s;
}

/* Integer-value (8.4.2.3): short, or long with at most four octets here. */
static bool integer_value(struct reader *r, uint32_t *out)
{
    uint8_t first = reader_u8(r);
    if (first & 0x80) {
        *out = first & 0x7f;
        return !r->failed;
    }
    if (first < 1 || first > 4)
        return false;
    for (*out = 0; first; first--)
        *out = *out << 8 | reader_u8(r);
    return !r->failed;
}

/* Names of media types and applications: equal but for the case of letters. */
static bool is_text(struct slice text, const char *name)
{
    return text.len == strlen(name) && strncasecmp((const char *)text.data, name, text.len) == 0;
}

static enum wsp_media media_of_text(struct slice text)
{
    for (size_t i = 0; i < sizeof media_types / sizeof *media_types; i++)
        if (is_text(text, media_types[i].text))
            return media_types[i].media;
    return WSP_MEDIA_OTHER;
}

static enum error_code read_media(struct reader *r, struct wsp_push *out, struct error *err)
{
    uint8_t first = reader_peek(r);
    if (first >= 0x20 && !(first & 0x80)) {
        out->media_text = reader_text(r); /* Extension-media: no quote before it */
        out->media = media_of_text(out->media_text);
        return r->failed ? fail(err, r, "content type without end") : ERROR_NONE;
    }
    uint32_t code;
    if (!integer_value(r, &code))
        return fail(err, r, "bad content type");
    for (size_t i = 0; i < sizeof media_types / sizeof *media_types; i++)
        if (media_types[i].code == code)
            out->media = media_types[i].media;
    return ERROR_NONE;
}

static enum error_code read_sec(struct reader *r, struct wsp_push *out, struct error *err)
{
    if (out->has_sec)
        return fail(err, r, "SEC stands twice");
    uint8_t sec = reader_u8(r); /* ProvBoot: short integer */
    if (!(sec & 0x80))
        return fail(err, r, "bad SEC value");
    out->has_sec = true;
    out->sec = sec & 0x7f;
    return ERROR_NONE;
}

static enum error_code read_mac(struct reader *r, struct wsp_push *out, struct error *err)
{
    if (out->has_mac)
        return fail(err, r, "MAC stands twice");
    out->mac_text = text_value(r);
    out->has_mac = true;
    return r->failed ? fail(err, r, "MAC without end") : ERROR_NONE;
}

/* Parameters of the content type (8.4.2.4), in any order. */
static enum error_code read_parameters(struct reader *r, struct wsp_push *out, struct error *err)
{
    while (reader_left(r)) {
        enum error_code rc = ERROR_NONE;
        uint32_t token = 0;
        bool named = reader_peek(r) >= 0x20 && !(reader_peek(r) & 0x80);
        if (named)
            (void)reader_text(r); /* untyped parameter */
        else if (!integer_value(r, &token))
            return fail(err, r, "bad parameter token");
        if (!named && token == PARAMETER_SEC)
            rc = read_sec(r, out, err);
        else if (!named && token == PARAMETER_MAC)
            rc = read_mac(r, out, err);
        else
            skip_value(r);
        if (rc)
            return rc;
    }
    return r->failed ? fail(err, r, "parameter ends too early") : ERROR_NONE;
}

static enum error_code read_content_type(struct reader *r, struct wsp_push *out, struct error *err)
{
    if (reader_peek(r) > LENGTH_QUOTE || !reader_left(r))
        return read_media(r, out, err); /* constrained media: no parameters */
    struct reader inner = reader_sub(r, value_length(r));
    if (inner.failed)
        return fail(err, r, "content type is longer than the header");
    enum error_code rc = read_media(&inner, out, err);
    return rc ? rc : read_parameters(&inner, out, err);
}

/* Application-id-value (8.4.2.54): number or text (a URN; its case does not matter, RFC 8141 3.1). */
static enum error_code read_application(struct reader *r, struct wsp_push *out, struct error *err)
{
    uint8_t first = reader_peek(r);
    if (out->has_application_id)
        return fail(err, r, "application id stands twice");
    if (first & 0x80 || first < 0x20) {
        out->has_application_id = integer_value(r, &out->application_id);
        if (out->application_id == LWM2M_AS_REGISTERED)
            out->application_id = WSP_APPLICATION_LWM2M_DM;
        return out->has_application_id ? ERROR_NONE : fail(err, r, "bad application id");
    }
    out->has_application_id = true;
    out->application_id = WSP_APPLICATION_OTHER;
    struct slice text = text_value(r);
    for (size_t i = 0; i < sizeof applications / sizeof *applications; i++)
        if (is_text(text, applications[i].text))
            out->application_id = applications[i].id;
    return ERROR_NONE;
}

static enum error_code read_headers(struct reader *r, struct wsp_push *out, struct error *err)
{
    while (reader_left(r)) {
        uint8_t first = reader_peek(r);
        if (first == (0x80 | HEADER_APPLICATION_ID)) {
            (void)reader_u8(r);
            enum error_code rc = read_application(r, out, err);
            if (rc)
                return rc;
        } else if (first & 0x80) {
            (void)reader_u8(r);
            skip_value(r);
        } else if (first == SHIFT) {
            (void)reader_take(r, 2); /* shift to a page: delimiter and page */
        } else if (first < 0x20) {
            (void)reader_u8(r); /* short-cut shift */
        } else {
            (void)reader_text(r); /* named header: name and text value */
            skip_value(r);
        }
    }
    return r->failed ? fail(err, r, "header ends too early") : ERROR_NONE;
}

enum error_code wsp_push_parse(struct slice pdu, struct wsp_push *out, struct error *err)
{
    struct reader r = reader_make(pdu.data, pdu.len);
    *out = (struct wsp_push){ .tid = reader_u8(&r) };
    uint8_t type = reader_u8(&r);
    if (!r.failed && type != PDU_PUSH)
        return error_set(err, ERROR_NOT_SUPPORTED, "WSP header: PDU type %02x is no push", type);
    struct reader headers = reader_sub(&r, reader_uintvar(&r));
    if (headers.failed)
        return fail(err, &r, "headers are longer than the message");
    enum error_code rc = read_content_type(&headers, out, err);
    if (!rc)
        rc = read_headers(&headers, out, err);
    if (rc)
        return rc;
    out->body = reader_take(&r, reader_left(&r));
    return out->body.len ? ERROR_NONE : error_set(err, ERROR_MALFORMED, "WSP push has no body");
}

/* Of hexadecimal digits, eight at a time: bit 6 is that of letters, bit 5 tells the small ones. len is a multiple of eight. */
static bool mixed_case(struct slice digits)
{
    uint64_t small = 0, large = 0, eight;
    for (size_t i = 0; i < digits.len; i += sizeof eight) {
        memcpy(&eight, &digits.data[i], sizeof eight);
        small |= eight & eight << 1;
        large |= eight & ~(eight << 1);
    }
    return small & LETTERS && large & LETTERS;
}

enum error_code wsp_mac_decode(const struct wsp_push *push, uint8_t mac[20], struct error *err)
{
    size_t len = 0;
    if (push->mac_text.len != 40 || !text_hex_decode(push->mac_text, mac, 20, &len) || mixed_case(push->mac_text))
        return error_set(err, ERROR_MALFORMED, "MAC parameter is not 40 hexadecimal digits of one case");
    return ERROR_NONE;
}
