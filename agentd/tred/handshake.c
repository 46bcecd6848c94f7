/* SPDX-License-Identifier: Apache-2.0 */
/* Judges before it signs. Must never sign a digest: whoever can have any digest signed can have evidence made (it begins with 84, a handshake with 01). */
#include "tred/handshake.h"

#include "base/log.h"
#include "tred/cose.h"

enum { CLIENT_HELLO = 1, CERTIFICATE_REQUEST = 13, CLIENT_KEY_EXCHANGE = 16 };

static size_t take_u24(struct reader *r)
{
    size_t high = reader_u8(r);
    return high << 16 | reader_u16(r);
}

/* One message, unfragmented: type, length, message_seq, fragment_offset, fragment_length, body. */
static unsigned take_message(struct reader *r)
{
    unsigned type = reader_u8(r);
    size_t len = take_u24(r);
    (void)reader_u16(r);
    size_t offset = take_u24(r), fragment = take_u24(r);
    (void)reader_take(r, len);
    if (offset != 0 || fragment != len)
        reader_fail(r);
    return type;
}

bool handshake_is_whole(struct slice messages)
{
    struct reader r = reader_make(messages.data, messages.len);
    bool asked = false;
    unsigned type = take_message(&r);
    if (r.failed || type != CLIENT_HELLO)
        return false;
    while (!r.failed && reader_left(&r)) {
        type = take_message(&r);
        asked = asked || type == CERTIFICATE_REQUEST;
    }
    return !r.failed && asked && type == CLIENT_KEY_EXCHANGE;
}

enum error_code handshake_sign(struct tre *t, struct reader *in, struct writer *out)
{
    uint8_t raw[BACKEND_SIGNATURE];
    struct slice messages = reader_take(in, reader_left(in));
    if (in->failed)
        return ERROR_MALFORMED;
    if (!handshake_is_whole(messages)) {
        log_warning("keys", "asked to sign what is no handshake of a DTLS client");
        return ERROR_INVALID;
    }
    enum error_code rc = cose_sign_octets(t, messages, raw);
    if (!rc)
        writer_put(out, raw, sizeof raw);
    log_info("keys", "the device key signs a DTLS handshake: %s", rc ? error_name(rc) : "ok");
    return rc;
}
