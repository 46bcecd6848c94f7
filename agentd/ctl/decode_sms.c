/* SPDX-License-Identifier: Apache-2.0 */
/* SMS-DELIVER TPDUs, with or without the SMSC's address in front: one as octets, or a line of hex each. Parts are joined; what they carry is a push. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "codec/sms.h"
#include "codec/sms_assembly.h"
#include "ctl/decode_item.h"

struct joining {
    struct sms_assembly *assembly;
    struct decode_result *out;
    const struct decode_input *in;
    struct slice whole;
    enum error_code rc;
};

/* Modems put the SMSC's address in front (length octet, type and digits, or 00). */
static enum error_code parse(struct slice pdu, struct sms_deliver *s, struct error *err)
{
    struct error first = { 0 }, second = { 0 };
    struct reader r = reader_make(pdu.data, pdu.len);
    if (sms_deliver_parse(pdu, s, &first) == ERROR_NONE && s->binary)
        return ERROR_NONE;
    size_t address = reader_u8(&r);
    (void)reader_take(&r, address);
    struct slice rest = reader_take(&r, reader_left(&r));
    if (rest.len && sms_deliver_parse(rest, s, &second) == ERROR_NONE && s->binary)
        return ERROR_NONE;
    *err = first;
    return first.code ? first.code : error_set(err, ERROR_NOT_SUPPORTED, "the SMS carries no 8-bit data");
}

static void describe(const struct joining *j, struct slice pdu, const struct sms_deliver *s)
{
    json_t *item = item_new("SMS-DELIVER", OFFSET_NONE);
    (void)item_add_value(item, "sender", pdu, s->sender);
    item_set_number(item, "pid", s->pid);
    item_set_number(item, "dcs", s->dcs);
    if (s->has_ports) {
        item_set_number(item, "destination", s->dst_port);
        item_set_number(item, "source", s->src_port);
    }
    if (s->concatenated) {
        item_set_number(item, "reference", s->ref);
        item_set_number(item, "part", s->seq);
        item_set_number(item, "of", s->total);
    }
    (void)item_add_value(item, "data", pdu, s->data);
    (void)json_array_append_new(j->out->parts, item);
}

static bool take(struct joining *j, struct slice pdu)
{
    struct sms_deliver s;
    struct slice whole = { NULL, 0 };
    j->rc = parse(pdu, &s, &j->out->error);
    if (j->rc)
        return false;
    describe(j, pdu, &s);
    if (sms_assembly_add(j->assembly, &s, 0, &whole)) {
        uint8_t *copy = arena_get(j->in->arena, whole.len); /* outlives the next part */
        if (copy && whole.len)
            memcpy(copy, whole.data, whole.len);
        j->whole = (struct slice){ copy, copy ? whole.len : 0 };
    }
    return true;
}

/* Each line of hex is a TPDU; false if the file is something else, or has one line only. */
static bool take_lines(struct joining *j)
{
    struct reader r = reader_make(j->in->file.data, j->in->file.len);
    size_t lines = 0;
    bool more = true;
    while (more && reader_left(&r)) {
        uint8_t line[512];
        size_t n = 0, len = 0;
        for (uint8_t c = 0; reader_left(&r) && (c = reader_u8(&r)) != '\n';)
            if (!isspace(c) && n < sizeof line)
                line[n++] = c;
        if (n == 0)
            continue;
        if (!text_hex_decode((struct slice){ line, n }, line, sizeof line, &len))
            return false;
        uint8_t *copy = arena_get(j->in->arena, len);
        if (copy && len)
            memcpy(copy, line, len);
        lines++;
        more = copy && take(j, (struct slice){ copy, len });
    }
    return lines > 1;
}

void decode_sms(const struct decode_input *in, struct decode_result *out)
{
    struct joining j = { .assembly = calloc(1, sizeof *j.assembly), .out = out, .in = in };
    struct decode_result push = { .mac = PUSH_MAC_UNCHECKED };
    out->mac = PUSH_MAC_UNCHECKED;
    out->parts = json_array();
    if (!j.assembly)
        abort();
    if (!take_lines(&j)) {
        (void)json_array_clear(out->parts);
        error_clear(&out->error);
        memset(j.assembly, 0, sizeof *j.assembly);
        (void)take(&j, in->octets);
    }
    free(j.assembly);
    if (j.rc)
        return;
    if (!j.whole.len) {
        error_set(&out->error, ERROR_INCOMPLETE, "a part of the message is missing");
        return;
    }
    struct decode_input whole = { .octets = j.whole, .file = j.whole, .keys = in->keys, .arena = in->arena };
    decode_push(&whole, &push);
    push.parts = out->parts;
    *out = push;
}
