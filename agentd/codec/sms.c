/* SPDX-License-Identifier: Apache-2.0 */
/* SMS-DELIVER (TS 23.040 9.2.2.1): first octet, originating address, PID, DCS, SCTS, user data length, user data with its header (9.2.3.24). */
#include "codec/sms.h"

enum {
    MTI_MASK = 0x03, /* 9.2.3.1: 0 is DELIVER */
    UDHI = 0x40,     /* 9.2.3.23 */
    SCTS_OCTETS = 7,
    USER_DATA_MAX = 140, /* 9.2.3.16 */
    IEI_CONCAT_8 = 0x00, IEI_PORTS_8 = 0x04, IEI_PORTS_16 = 0x05, IEI_CONCAT_16 = 0x08,
};

static enum error_code fail(struct error *err, const struct reader *r, const char *what)
{
    return error_set(err, r->failed ? ERROR_TRUNCATED : ERROR_MALFORMED, "SMS: %s at octet %zu", what, r->pos);
}

/* TS 23.038 clause 4: general data coding 00xx and automatic deletion 01xx: bits 3..2 = 01, and not compressed (bit 5); message class 1111: bit 2. */
static bool is_binary(uint8_t dcs)
{
    if ((dcs & 0x80) == 0)
        return (dcs & 0x2c) == 0x04;
    return (dcs & 0xf0) == 0xf0 && (dcs & 0x04);
}

static bool take_concatenation(struct reader *r, bool wide, struct sms_deliver *out)
{
    out->concatenated = true;
    out->wide_ref = wide;
    out->ref = wide ? reader_u16(r) : reader_u8(r);
    out->total = reader_u8(r);
    out->seq = reader_u8(r);
    return reader_done(r) && out->total >= 1 && out->seq >= 1 && out->seq <= out->total;
}

static bool take_ports(struct reader *r, bool wide, struct sms_deliver *out)
{
    out->has_ports = true;
    out->dst_port = wide ? reader_u16(r) : reader_u8(r);
    out->src_port = wide ? reader_u16(r) : reader_u8(r);
    return reader_done(r);
}

/* One information element; unknown ones are skipped (9.2.3.24). */
static bool take_element(uint8_t id, struct reader *r, struct sms_deliver *out)
{
    switch (id) {
    case IEI_CONCAT_8:
    case IEI_CONCAT_16:
        return take_concatenation(r, id == IEI_CONCAT_16, out);
    case IEI_PORTS_8:
    case IEI_PORTS_16:
        return take_ports(r, id == IEI_PORTS_16, out);
    default:
        return true;
    }
}

static enum error_code take_header(struct reader *data, struct sms_deliver *out, struct error *err)
{
    struct reader header = reader_sub(data, reader_u8(data));
    while (reader_left(&header)) {
        uint8_t id = reader_u8(&header);
        struct reader element = reader_sub(&header, reader_u8(&header));
        if (element.failed || !take_element(id, &element, out))
            return fail(err, &header, "bad user data header element");
    }
    return header.failed ? fail(err, data, "user data header is longer than the message") : ERROR_NONE;
}

enum error_code sms_deliver_parse(struct slice tpdu, struct sms_deliver *out, struct error *err)
{
    struct reader r = reader_make(tpdu.data, tpdu.len);
    *out = (struct sms_deliver){ 0 };
    uint8_t first = reader_u8(&r);
    if (!r.failed && (first & MTI_MASK) != 0)
        return error_set(err, ERROR_NOT_SUPPORTED, "SMS: message type %u is not DELIVER", first & MTI_MASK);
    size_t digits = reader_u8(&r);
    if (digits > 20)
        return fail(err, &r, "originating address over 20 digits");
    out->sender = reader_take(&r, 1 + (digits + 1) / 2);
    out->pid = reader_u8(&r);
    out->dcs = reader_u8(&r);
    out->binary = is_binary(out->dcs);
    (void)reader_take(&r, SCTS_OCTETS);
    size_t length = reader_u8(&r); /* octets for 8-bit data, septets for the default alphabet */
    if (r.failed)
        return fail(err, &r, "message ends in its fixed part");
    if (!out->binary) {
        out->data = reader_take(&r, reader_left(&r));
        return ERROR_NONE;
    }
    if (length > USER_DATA_MAX)
        return fail(err, &r, "user data over 140 octets");
    struct reader data = reader_sub(&r, length);
    if (data.failed)
        return fail(err, &r, "user data is shorter than its length");
    enum error_code rc = first & UDHI ? take_header(&data, out, err) : ERROR_NONE;
    if (!rc)
        out->data = reader_take(&data, reader_left(&data));
    return rc;
}
