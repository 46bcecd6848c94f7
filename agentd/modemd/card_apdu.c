/* SPDX-License-Identifier: Apache-2.0 */
/* Builders and the gate share the names of instructions and nothing else, so that a wrong builder is stopped by the gate. */
#include "modemd/card_apdu.h"

#include <string.h>

enum {
    INS_MANAGE_CHANNEL = 0x70, INS_SELECT = 0xA4, INS_READ_BINARY = 0xB0, INS_READ_RECORD = 0xB2, INS_GET_RESPONSE = 0xC0,
    P1_BY_ID = 0x00, P1_BY_AID = 0x04, P1_FROM_MF = 0x08, /* SELECT, 11.1.1.2 */
    P2_FCP = 0x04,
    P2_ABSOLUTE = 0x04, /* READ RECORD, 11.1.5.2 */
};

/* Interindustry class, no secure messaging (10.1.1): channels 0..3 in 0X, 4..19 in 4X. */
static uint8_t class_of(uint8_t channel)
{
    return channel < 4 ? channel : (uint8_t)(0x40 | (channel - 4));
}

static void header(struct writer *w, uint8_t channel, uint8_t ins, uint8_t p1, uint8_t p2)
{
    writer_u8(w, class_of(channel));
    writer_u8(w, ins);
    writer_u8(w, p1);
    writer_u8(w, p2);
}

static void data(struct writer *w, struct slice octets)
{
    writer_u8(w, (uint8_t)octets.len);
    writer_put(w, octets.data, octets.len);
}

void apdu_open_channel(struct writer *w)
{
    header(w, 0, INS_MANAGE_CHANNEL, 0x00, 0x00);
    writer_u8(w, 1);
}

void apdu_close_channel(struct writer *w, uint8_t channel)
{
    header(w, 0, INS_MANAGE_CHANNEL, 0x80, channel);
}

void apdu_select_aid(struct writer *w, uint8_t channel, struct slice aid)
{
    header(w, channel, INS_SELECT, P1_BY_AID, P2_FCP);
    data(w, aid);
}

void apdu_select_path(struct writer *w, uint8_t channel, struct slice path)
{
    struct reader r = reader_make(path.data, path.len);
    bool from_mf = path.len > 2;
    if (from_mf)
        (void)reader_u16(&r); /* 3F00 is implied */
    header(w, channel, INS_SELECT, from_mf ? P1_FROM_MF : P1_BY_ID, P2_FCP);
    data(w, reader_take(&r, reader_left(&r)));
}

void apdu_read_binary(struct writer *w, uint8_t channel, uint16_t offset, uint8_t length)
{
    header(w, channel, INS_READ_BINARY, (uint8_t)(offset >> 8 & 0x7f), (uint8_t)offset); /* bit 8 would be a short file id */
    writer_u8(w, length);
}

void apdu_read_record(struct writer *w, uint8_t channel, uint8_t record, uint8_t length)
{
    header(w, channel, INS_READ_RECORD, record, P2_ABSOLUTE);
    writer_u8(w, length);
}

void apdu_want_answer(struct writer *w)
{
    if (w->len > 1 && w->data[1] == INS_SELECT)
        writer_u8(w, 0);
}

void apdu_get_response(struct writer *w, uint8_t channel, uint8_t length)
{
    header(w, channel, INS_GET_RESPONSE, 0, 0);
    writer_u8(w, length);
}

static bool is_management(struct slice a)
{
    bool open = a.len == 5 && a.data[2] == 0x00 && a.data[3] == 0x00 && a.data[4] == 1;
    bool close = a.len == 4 && a.data[2] == 0x80 && a.data[3] >= 1 && a.data[3] <= APDU_CHANNEL_MAX;
    return a.data[0] == 0x00 && (open || close);
}

static bool is_selection(struct slice a)
{
    size_t lc = a.len > 5 ? a.data[4] : 0;
    if (a.data[3] != P2_FCP || lc < 2 || lc > 16)
        return false;
    bool whole = a.len == 5 + lc || (a.len == 6 + lc && a.data[5 + lc] == 0);
    bool form = (a.data[2] == P1_BY_AID && lc >= 5) || (a.data[2] == P1_BY_ID && lc == 2) || (a.data[2] == P1_FROM_MF && lc % 2 == 0);
    return whole && form;
}

static bool is_channel_class(uint8_t class)
{
    return (class >= 0x01 && class <= 0x03) || (class >= 0x40 && class <= 0x4F);
}

bool apdu_allowed(struct slice a)
{
    if (a.len < 4 || a.len > APDU_MAX)
        return false;
    if (a.data[1] == INS_MANAGE_CHANNEL)
        return is_management(a);
    if (!is_channel_class(a.data[0]))
        return false;
    switch (a.data[1]) {
    case INS_SELECT:
        return is_selection(a);
    case INS_READ_BINARY:
        return a.len == 5 && a.data[2] < 0x80;
    case INS_READ_RECORD:
        return a.len == 5 && a.data[2] >= 1 && a.data[2] <= 254 && a.data[3] == P2_ABSOLUTE;
    case INS_GET_RESPONSE:
        return a.len == 5 && a.data[2] == 0 && a.data[3] == 0;
    default:
        return false;
    }
}

uint16_t apdu_status(struct slice answer)
{
    return answer.len < 2 ? 0 : (uint16_t)(answer.data[answer.len - 2] << 8 | answer.data[answer.len - 1]);
}

enum error_code apdu_error(uint16_t status)
{
    switch (status >> 8) {
    case 0x90:
    case 0x91: /* and a proactive command waits: the modem's business */
    case 0x62: /* warnings */
    case 0x63:
        return ERROR_NONE;
    case 0x68: /* logical channels are not supported */
    case 0x6D:
    case 0x6E:
        return ERROR_NOT_SUPPORTED;
    default:
        break;
    }
    switch (status) {
    case 0x6A82: /* file or application not found */
    case 0x6A83: /* record not found */
    case 0x6A88:
        return ERROR_NOT_FOUND;
    case 0x6982: /* security status not satisfied */
        return ERROR_PIN_REQUIRED;
    case 0x6A81: /* function not supported: no channel left either (11.1.17.2) */
        return ERROR_NOT_SUPPORTED;
    default:
        return ERROR_IO;
    }
}
