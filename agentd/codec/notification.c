/* SPDX-License-Identifier: Apache-2.0 */
/* OMA DM Notification Initiated Session 1.2, clause 6: digest(16 octets) version(10 bits) ui(2) initiator(1) future(27) sessionid(16) length(8). */
#include "codec/notification.h"

enum { VERSION_SHIFT = 30, UI_SHIFT = 28, INITIATOR_SHIFT = 27, FUTURE_MASK = 0x7FFFFFF };

/* The 40 bits in front of the session id (clause 6.2.2). */
static uint64_t read_bits(struct reader *r)
{
    uint64_t high = reader_u8(r);
    return high << 32 | reader_u32(r);
}

static bool is_server_id(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < 0x20 || s.data[i] == 0x7f)
            return false;
    return s.len > 0;
}

enum error_code notification_parse(struct slice body, struct notification *out, struct error *err)
{
    struct reader r = reader_make(body.data, body.len);
    *out = (struct notification){ .digest = reader_take(&r, NOTIFICATION_DIGEST) };
    struct reader whole = r;
    out->trigger = reader_take(&whole, reader_left(&whole));
    uint64_t bits = read_bits(&r);
    out->session_id = reader_u16(&r);
    size_t len = reader_u8(&r);
    if (r.failed)
        return error_set(err, ERROR_TRUNCATED, "notification: %zu octets, digest and header alone are %d", body.len,
                         NOTIFICATION_DIGEST + NOTIFICATION_HEADER);
    unsigned version = (unsigned)(bits >> VERSION_SHIFT);
    if (version != NOTIFICATION_VERSION) /* clause 6.2.2.1 */
        return error_set(err, ERROR_NOT_SUPPORTED, "notification: version %u.%u, DM 1.2 has 1.1", version / 10, version % 10);
    out->ui = (enum notification_ui)(bits >> UI_SHIFT & 3);
    out->by_server = bits >> INITIATOR_SHIFT & 1;
    out->future = (uint32_t)(bits & FUTURE_MASK);
    out->server_id = reader_take(&r, len);
    if (r.failed)
        return error_set(err, ERROR_TRUNCATED, "notification: a server id of %zu octets goes past the end", len);
    if (!is_server_id(out->server_id))
        return error_set(err, ERROR_MALFORMED, "notification: no server id, or control characters in it");
    out->vendor = reader_take(&r, reader_left(&r));
    return ERROR_NONE;
}

bool notification_write(const struct notification *n, struct writer *out)
{
    if (n->digest.len != NOTIFICATION_DIGEST || n->server_id.len == 0 || n->server_id.len > NOTIFICATION_SERVER_MAX || n->future > FUTURE_MASK)
        return false;
    uint64_t bits = (uint64_t)NOTIFICATION_VERSION << VERSION_SHIFT | (uint64_t)n->ui << UI_SHIFT | (uint64_t)n->by_server << INITIATOR_SHIFT | n->future;
    writer_put(out, n->digest.data, n->digest.len);
    writer_u8(out, (uint8_t)(bits >> 32));
    writer_u32(out, (uint32_t)bits);
    writer_u16(out, n->session_id);
    writer_u8(out, (uint8_t)n->server_id.len);
    writer_put(out, n->server_id.data, n->server_id.len);
    writer_put(out, n->vendor.data, n->vendor.len);
    return !out->failed;
}

const char *notification_ui_name(enum notification_ui ui)
{
    static const char *const names[] = { "unspecified", "background", "informative", "interactive" };
    return names[ui]; /* two bits */
}
