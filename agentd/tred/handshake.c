/* SPDX-License-Identifier: Apache-2.0 */
/* Judges before it signs. Must never sign a digest: whoever can have any digest signed can have evidence made (it begins with 84, a handshake with 01 or 20). */
#include "tred/handshake.h"

#include <string.h>

#include "base/log.h"
#include "tred/cose.h"

enum { CLIENT_HELLO = 1, CERTIFICATE_REQUEST = 13, CLIENT_KEY_EXCHANGE = 16, SPACES = 64, SHA256_LEN = 32, SHA384_LEN = 48 };

static size_t take_u24(struct reader *r)
{
    size_t high = reader_u8(r);
    return high << 16 | reader_u16(r);
}

/* Type, length, body (RFC 5246 clause 7.4). */
static unsigned take_message(struct reader *r)
{
    unsigned type = reader_u8(r);
    (void)reader_take(r, take_u24(r));
    return type;
}

/* The same of DTLS, unfragmented: type, length, message_seq, fragment_offset, fragment_length, body (RFC 6347 clause 4.2.2). */
static unsigned take_message_of_datagrams(struct reader *r)
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

static bool is_whole(struct slice messages, unsigned (*take)(struct reader *r))
{
    struct reader r = reader_make(messages.data, messages.len);
    bool asked = false;
    unsigned type = take(&r);
    if (r.failed || type != CLIENT_HELLO)
        return false;
    while (!r.failed && reader_left(&r)) {
        type = take(&r);
        asked = asked || type == CERTIFICATE_REQUEST;
    }
    return !r.failed && asked && type == CLIENT_KEY_EXCHANGE;
}

/* RFC 8446 clause 4.4.3: of the messages only a hash, behind words that keep it apart from all else that a key signs. */
static bool is_tls13(struct slice covered)
{
    static const char words[] = "TLS 1.3, client CertificateVerify"; /* and the octet 0 */
    struct reader r = reader_make(covered.data, covered.len);
    for (int i = 0; i < SPACES; i++)
        if (reader_u8(&r) != ' ')
            return false;
    struct slice said = reader_take(&r, sizeof words);
    return !r.failed && memcmp(said.data, words, sizeof words) == 0 && (reader_left(&r) == SHA256_LEN || reader_left(&r) == SHA384_LEN);
}

bool handshake_is_whole(struct slice messages)
{
    return is_whole(messages, take_message_of_datagrams) || is_whole(messages, take_message) || is_tls13(messages);
}

enum error_code handshake_sign(struct tre *t, struct reader *in, struct writer *out)
{
    uint8_t raw[BACKEND_SIGNATURE];
    struct slice messages = reader_take(in, reader_left(in));
    if (in->failed)
        return ERROR_MALFORMED;
    if (!handshake_is_whole(messages)) {
        log_warning("keys", "asked to sign what is no handshake of a client");
        return ERROR_INVALID;
    }
    enum error_code rc = cose_sign_octets(t, messages, raw);
    if (!rc)
        writer_put(out, raw, sizeof raw);
    log_info("keys", "the device key signs a handshake: %s", rc ? error_name(rc) : "ok");
    return rc;
}
