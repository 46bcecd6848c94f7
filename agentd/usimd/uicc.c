/* SPDX-License-Identifier: Apache-2.0 */
/* The command interpreter of the card. A table of instructions; each works on the channel of its class octet. Promises that a malformed command
 * changes nothing and that a file or key behind PIN1 is not given before it. Answers to a command without Le are fetched (61xx), as T=0 wants it;
 * with Le they come at once. */
#include "usimd/uicc.h"

#include <string.h>

#include "base/secret.h"

enum sw {
    SW_OK = 0x9000, SW_PIN_TRIES = 0x63c0, SW_LENGTH = 0x6700, SW_CHANNEL = 0x6881, SW_WRONG_TYPE = 0x6981, SW_SECURITY = 0x6982,
    SW_PIN_BLOCKED = 0x6983, SW_CONDITIONS = 0x6985, SW_NO_EF = 0x6986, SW_NO_CHANNEL = 0x6a81, SW_NOT_FOUND = 0x6a82, SW_NO_RECORD = 0x6a83,
    SW_P1P2 = 0x6a86, SW_NO_DATA = 0x6a88, SW_OFFSET = 0x6b00, SW_LE = 0x6c00, SW_INS = 0x6d00, SW_CLA = 0x6e00, SW_MORE = 0x6100, SW_MEMORY = 0x6f00,
    SW_AUTH_MAC = 0x9862, SW_AUTH_CONTEXT = 0x9864,
};
enum { PIN_ID = 1, KC_SERVICE = 27, EF_UST = 0x6f38, TAG_OK = 0xdb, TAG_AUTS = 0xdc };

struct command {
    uint8_t cla, ins, p1, p2;
    struct slice data;
    bool has_le;
    size_t le; /* 1..256 */
    struct uicc_channel *channel;
};

typedef enum sw run_fn(struct uicc *u, const struct command *c, struct writer *data, struct uicc_ask *ask);

void uicc_reset(struct uicc *u)
{
    for (size_t i = 0; i < UICC_CHANNELS; i++) {
        u->channels[i].open = i == 0;
        u->channels[i].df = UICC_MF;
        u->channels[i].ef.count = 0;
        u->channels[i].record = 0;
    }
    memset(u->verified, 0, sizeof u->verified);
    secret_zero(u->waiting, sizeof u->waiting);
    u->waiting_len = 0;
    u->open.kind = UICC_ASK_NOTHING;
}

struct slice uicc_atr(void)
{
    static const uint8_t atr[] = { 0x3b, 0x9f, 0x96, 0x80, 0x1f, 0xc7, 0x80, 0x31, 0xa0, 0x73, 0xbe,
                                   0x21, 0x13, 0x67, 0x43, 0x20, 0x07, 0x18, 0x00, 0x00, 0x01, 0xa5 };
    return (struct slice){ atr, sizeof atr };
}

/* TS 102 221 section 10.1.1: channels 0..3 in 0X and 8X, 4..19 in 4X..7X and CX..FX. */
static bool class_take(uint8_t cla, size_t *channel)
{
    if (cla & 0x40)
        *channel = 4 + (cla & 0x0fu);
    else
        *channel = cla & 3u;
    return *channel < UICC_CHANNELS && ((cla & 0x40) ? (cla & 0x20) == 0 : (cla & 0x7c) == 0);
}

/* The four cases of ISO 7816-3, short lengths. */
static bool command_take(struct slice in, struct command *c)
{
    struct reader r = reader_make(in.data, in.len);
    *c = (struct command){ .cla = reader_u8(&r), .ins = reader_u8(&r), .p1 = reader_u8(&r), .p2 = reader_u8(&r) };
    if (r.failed || !reader_left(&r))
        return !r.failed;
    size_t p3 = reader_u8(&r);
    if (reader_left(&r)) {
        c->data = reader_take(&r, p3);
        c->has_le = reader_left(&r) > 0;
        p3 = c->has_le ? reader_u8(&r) : 0;
    } else {
        c->has_le = true;
    }
    c->le = p3 ? p3 : 256;
    return reader_done(&r);
}

static bool may_read(const struct uicc *u, const struct uicc_channel *ch)
{
    return ch->ef.free || ch->df == UICC_MF || !u->apps[ch->df].pin_enabled || u->verified[ch->df];
}

static enum sw put_fcp(const struct uicc *u, const struct uicc_channel *ch, const struct uicc_file *f, uint8_t p2, struct writer *data)
{
    if ((p2 & 0x0c) != 0x0c)
        uicc_fcp(u->apps, u->count, ch->df, f, data);
    return SW_OK;
}

static enum sw select_df(const struct uicc *u, struct uicc_channel *ch, int df, uint8_t p2, struct writer *data)
{
    ch->df = df;
    ch->ef.count = 0;
    ch->record = 0;
    return put_fcp(u, ch, NULL, p2, data);
}

static enum sw select_aid(const struct uicc *u, const struct command *c, struct writer *data)
{
    for (size_t i = 0; i < u->count; i++)
        if (c->data.len >= 5 && c->data.len <= UICC_AID && memcmp(uicc_aid(u->apps[i].type), c->data.data, c->data.len) == 0)
            return select_df(u, c->channel, (int)i, c->p2, data);
    return SW_NOT_FOUND;
}

static enum sw select_ef(struct uicc *u, const struct command *c, int df, uint16_t fid, struct writer *data)
{
    struct uicc_file found;
    if (!uicc_file_find(u->apps, u->count, df, fid, &found))
        return SW_NOT_FOUND;
    c->channel->df = df;
    c->channel->record = 0;
    (void)uicc_file_find(u->apps, u->count, df, fid, &c->channel->ef); /* in its place: it may point into itself */
    return put_fcp(u, c->channel, &c->channel->ef, c->p2, data);
}

/* A path of two-octet identifiers from df; 7FFF is the application that was last selected on the channel, or else the first. */
static enum sw select_path(struct uicc *u, const struct command *c, int df, struct writer *data)
{
    struct reader r = reader_make(c->data.data, c->data.len);
    if (c->data.len < 2 || c->data.len % 2)
        return SW_LENGTH;
    for (;;) {
        uint16_t fid = reader_u16(&r);
        bool last = !reader_left(&r);
        if (fid == UICC_MF_FID)
            df = UICC_MF;
        else if (fid == UICC_ADF_FID && u->count)
            df = c->channel->df != UICC_MF ? c->channel->df : 0;
        else
            return last ? select_ef(u, c, df, fid, data) : SW_NOT_FOUND;
        if (last)
            return select_df(u, c->channel, df, c->p2, data);
    }
}

static enum sw do_select(struct uicc *u, const struct command *c, struct writer *data, struct uicc_ask *ask)
{
    (void)ask;
    switch (c->p1) {
    case 0x00:
        return c->data.len == 2 || c->data.len == 0 ? c->data.len ? select_path(u, c, c->channel->df, data) : select_df(u, c->channel, UICC_MF, c->p2, data)
                                                    : SW_LENGTH;
    case 0x03:
        return select_df(u, c->channel, UICC_MF, c->p2, data);
    case 0x04:
        return select_aid(u, c, data);
    case 0x08:
        return select_path(u, c, UICC_MF, data);
    case 0x09:
        return select_path(u, c, c->channel->df, data);
    }
    return SW_P1P2;
}

/* The EF that the command means: by SFI it becomes the current one. */
static enum sw file_for(struct uicc *u, const struct command *c, bool by_sfi, uint8_t sfi, bool linear)
{
    struct uicc_channel *ch = c->channel;
    if (by_sfi) {
        uint16_t fid = uicc_file_by_sfi(u->apps, ch->df, sfi);
        struct uicc_file found;
        if (!fid || !uicc_file_find(u->apps, u->count, ch->df, fid, &found))
            return SW_NOT_FOUND;
        (void)uicc_file_find(u->apps, u->count, ch->df, fid, &ch->ef);
        ch->record = 0;
    }
    if (!ch->ef.count)
        return SW_NO_EF;
    if (ch->ef.linear != linear)
        return SW_WRONG_TYPE;
    return may_read(u, ch) ? SW_OK : SW_SECURITY;
}

static enum sw do_read_binary(struct uicc *u, const struct command *c, struct writer *data, struct uicc_ask *ask)
{
    bool by_sfi = c->p1 & 0x80;
    (void)ask;
    enum sw sw = file_for(u, c, by_sfi, c->p1 & 0x1f, false);
    if (sw != SW_OK)
        return sw;
    struct slice content = c->channel->ef.content[0];
    size_t offset = by_sfi ? c->p2 : (size_t)c->p1 << 8 | c->p2;
    if (offset >= content.len)
        return SW_OFFSET;
    size_t left = content.len - offset;
    if (c->le > left && c->le < 256)
        return (enum sw)(SW_LE | left); /* less than 256 is left then */
    writer_put(data, &content.data[offset], c->le < left ? c->le : left);
    return SW_OK;
}

/* TS 102 221 section 11.1.5: mode 4 absolute (P1 0: the current one), 2 next, 3 previous. */
static enum sw record_number(struct uicc_channel *ch, uint8_t p1, uint8_t mode, size_t *out)
{
    switch (mode) {
    case 2:
        *out = ch->record + 1;
        break;
    case 3:
        *out = ch->record ? ch->record - 1 : ch->ef.count;
        break;
    case 4:
        *out = p1 ? p1 : ch->record;
        break;
    default:
        return SW_P1P2;
    }
    if (*out < 1 || *out > ch->ef.count)
        return SW_NO_RECORD;
    if (mode != 4)
        ch->record = *out;
    return SW_OK;
}

static void put_record(const struct uicc_file *f, size_t number, struct writer *data)
{
    struct slice record = f->content[number - 1];
    writer_put(data, record.data, record.len);
    for (size_t i = record.len; i < f->record_len; i++)
        writer_u8(data, 0xff);
}

static enum sw do_read_record(struct uicc *u, const struct command *c, struct writer *data, struct uicc_ask *ask)
{
    size_t number;
    (void)ask;
    enum sw sw = file_for(u, c, c->p2 >> 3, c->p2 >> 3, true);
    if (sw == SW_OK)
        sw = record_number(c->channel, c->p1, c->p2 & 7, &number);
    if (sw != SW_OK)
        return sw;
    size_t len = c->channel->ef.record_len;
    if (c->le != len && !(c->le == 256 && u->inline_data))
        return (enum sw)(SW_LE | (len & 0xff));
    put_record(&c->channel->ef, number, data);
    return SW_OK;
}

static enum sw do_status(struct uicc *u, const struct command *c, struct writer *data, struct uicc_ask *ask)
{
    const struct uicc_channel *ch = c->channel;
    (void)ask;
    if (c->p2 == 0x0c)
        return SW_OK;
    if (c->p2 == 0x00)
        return put_fcp(u, ch, NULL, 0, data);
    if (c->p2 != 0x01)
        return SW_P1P2;
    writer_u8(data, 0x84);
    writer_u8(data, ch->df == UICC_MF ? 0 : UICC_AID);
    if (ch->df != UICC_MF)
        writer_put(data, uicc_aid(u->apps[ch->df].type), UICC_AID);
    return SW_OK;
}

/* TS 102 221 section 11.1.17. */
static enum sw do_manage_channel(struct uicc *u, const struct command *c, struct writer *data, struct uicc_ask *ask)
{
    (void)ask;
    if (c->p1 == 0x80) {
        if (c->p2 == 0 || c->p2 >= UICC_CHANNELS || !u->channels[c->p2].open)
            return SW_P1P2;
        u->channels[c->p2].open = false;
        return SW_OK;
    }
    if (c->p1 != 0 || c->p2 >= UICC_CHANNELS)
        return SW_P1P2;
    size_t i = c->p2 ? c->p2 : 1;
    while (!c->p2 && i < UICC_CHANNELS && u->channels[i].open)
        i++;
    if (i == UICC_CHANNELS || u->channels[i].open)
        return SW_NO_CHANNEL;
    u->channels[i].open = true;
    u->channels[i].df = UICC_MF;
    u->channels[i].ef.count = 0;
    if (!c->p2)
        writer_u8(data, (uint8_t)i);
    return SW_OK;
}

static enum sw tries(uint8_t left)
{
    return left ? (enum sw)(SW_PIN_TRIES | left) : SW_PIN_BLOCKED;
}

/* At the MF PIN1 is that of the first application. */
static enum sw do_verify(struct uicc *u, const struct command *c, struct writer *data, struct uicc_ask *ask)
{
    size_t app = c->channel->df == UICC_MF ? 0 : (size_t)c->channel->df;
    (void)data;
    if (c->p1 || c->p2 != PIN_ID || !u->count)
        return SW_NO_DATA;
    if (!c->data.len && (u->verified[app] || !u->apps[app].pin_enabled))
        return SW_OK;
    if (c->data.len && c->data.len != UICC_PIN)
        return SW_LENGTH;
    *ask = (struct uicc_ask){ .kind = UICC_ASK_PIN, .mid = u->apps[app].mid };
    while (ask->pin_len < c->data.len && c->data.data[ask->pin_len] != 0xff) {
        ask->pin[ask->pin_len] = c->data.data[ask->pin_len];
        ask->pin_len++;
    }
    if (c->data.len && !ask->pin_len)
        return SW_LENGTH;
    u->open.app = app;
    u->open.asks_only = ask->pin_len == 0;
    return SW_OK;
}

/* TS 31.102 section 7.1.2.1: 10 RAND 10 AUTN (context 81), 10 RAND (80, with service 27); TS 31.103 section 7.1.2.1 has the first. */
static bool take_challenge(struct slice data, bool gsm, struct uicc_ask *ask)
{
    struct reader r = reader_make(data.data, data.len);
    bool good = reader_u8(&r) == 16;
    struct slice rand = reader_take(&r, 16), autn = { NULL, 0 };
    if (!gsm) {
        good = good && reader_u8(&r) == 16;
        autn = reader_take(&r, 16);
    }
    if (!good || !reader_done(&r))
        return false;
    memcpy(ask->rand, rand.data, rand.len);
    if (autn.len)
        memcpy(ask->autn, autn.data, autn.len);
    return true;
}

static enum sw do_authenticate(struct uicc *u, const struct command *c, struct writer *data, struct uicc_ask *ask)
{
    int df = c->channel->df;
    (void)data;
    if (df == UICC_MF)
        return SW_CONDITIONS;
    if (c->p1 || !(c->p2 & 0x80))
        return SW_P1P2;
    if (u->apps[df].pin_enabled && !u->verified[df])
        return SW_SECURITY;
    bool gsm = c->p2 == 0x80 && u->apps[df].type == MID_USIM && uicc_flag(&u->apps[df], EF_UST, KC_SERVICE);
    if (c->p2 != 0x81 && !gsm)
        return SW_AUTH_CONTEXT;
    struct uicc_ask wanted = { .mid = u->apps[df].mid, .purpose = gsm ? TRE_FOR_GSM : u->apps[df].type == MID_ISIM ? TRE_FOR_ISIM : TRE_FOR_USIM };
    if (!take_challenge(c->data, gsm, &wanted))
        return SW_LENGTH;
    *ask = wanted;
    ask->kind = UICC_ASK_AKA;
    u->open.app = (size_t)df;
    u->open.gsm = gsm;
    return SW_OK;
}

static enum sw do_nothing(struct uicc *u, const struct command *c, struct writer *data, struct uicc_ask *ask)
{
    (void)u, (void)c, (void)data, (void)ask;
    return SW_OK;
}

static enum sw do_no_data(struct uicc *u, const struct command *c, struct writer *data, struct uicc_ask *ask)
{
    (void)u, (void)c, (void)data, (void)ask;
    return SW_NO_DATA;
}

/* What would change a file or a PIN: the MID belongs to its issuer. */
static enum sw do_refuse(struct uicc *u, const struct command *c, struct writer *data, struct uicc_ask *ask)
{
    (void)u, (void)c, (void)data, (void)ask;
    return SW_SECURITY;
}

static const struct {
    uint8_t ins;
    run_fn *run;
} instructions[] = {
    { 0xa4, do_select },      { 0xb0, do_read_binary }, { 0xb2, do_read_record }, { 0xf2, do_status },  { 0x70, do_manage_channel },
    { 0x20, do_verify },      { 0x88, do_authenticate }, { 0x10, do_nothing },     { 0xca, do_no_data }, { 0xd6, do_refuse },
    { 0xdc, do_refuse },      { 0x24, do_refuse },       { 0x26, do_refuse },      { 0x28, do_refuse },  { 0x2c, do_refuse },
};

static void put_sw(struct writer *out, enum sw sw)
{
    writer_u16(out, (uint16_t)sw);
}

/* Data and its status, at once or to be fetched. */
static void deliver(struct uicc *u, bool at_once, enum sw sw, struct slice data, struct writer *out)
{
    bool ok = sw == SW_OK && data.len <= 256;
    if (!ok || at_once || u->inline_data || !data.len) {
        writer_put(out, data.data, ok ? data.len : 0);
        put_sw(out, sw == SW_OK && !ok ? SW_MEMORY : sw);
        return;
    }
    memcpy(u->waiting, data.data, data.len);
    u->waiting_len = data.len;
    put_sw(out, (enum sw)(SW_MORE | (data.len & 0xff)));
}

static void get_response(struct uicc *u, const struct command *c, struct writer *out)
{
    if (!u->waiting_len) {
        put_sw(out, SW_CONDITIONS);
        return;
    }
    if (c->le > u->waiting_len && c->le < 256) {
        put_sw(out, (enum sw)(SW_LE | u->waiting_len));
        return;
    }
    writer_put(out, u->waiting, c->le < u->waiting_len ? c->le : u->waiting_len);
    put_sw(out, SW_OK);
    secret_zero(u->waiting, sizeof u->waiting);
    u->waiting_len = 0;
}

static bool run(struct uicc *u, const struct command *c, struct writer *out, struct uicc_ask *ask)
{
    uint8_t octets[256];
    struct writer data = writer_make(octets, sizeof octets);
    size_t i = 0;
    while (i < sizeof instructions / sizeof *instructions && instructions[i].ins != c->ins)
        i++;
    enum sw sw = i < sizeof instructions / sizeof *instructions ? instructions[i].run(u, c, &data, ask) : SW_INS;
    if (sw == SW_OK && ask->kind != UICC_ASK_NOTHING) {
        u->open.kind = ask->kind;
        u->open.want_data = c->has_le;
        return false;
    }
    deliver(u, c->has_le, sw, sw == SW_OK ? writer_slice(&data) : (struct slice){ NULL, 0 }, out);
    return true;
}

bool uicc_command(struct uicc *u, struct slice command, struct writer *out, struct uicc_ask *ask)
{
    struct command c;
    size_t channel;
    *ask = (struct uicc_ask){ .kind = UICC_ASK_NOTHING };
    if (!command_take(command, &c)) {
        put_sw(out, SW_LENGTH);
        return true;
    }
    if (!class_take(c.cla, &channel)) {
        put_sw(out, SW_CLA);
        return true;
    }
    if (!u->channels[channel].open) {
        put_sw(out, SW_CHANNEL);
        return true;
    }
    c.channel = &u->channels[channel];
    if (c.ins == 0xc0) {
        get_response(u, &c, out);
        return true;
    }
    u->waiting_len = 0;
    return run(u, &c, out, ask);
}

static void put_field(struct writer *w, struct slice s)
{
    writer_u8(w, (uint8_t)s.len);
    writer_put(w, s.data, s.len);
}

/* Conversion function c3 of TS 33.102 section 6.8.1.2. */
static void put_kc(struct writer *w, const struct tre_aka *a)
{
    writer_u8(w, 8);
    for (size_t i = 0; i < 8; i++)
        writer_u8(w, (uint8_t)(a->ck.data[i] ^ a->ck.data[i + 8] ^ a->ik.data[i] ^ a->ik.data[i + 8]));
}

/* 04 SRES 08 Kc. */
static enum sw put_gsm(const struct tre_aka *a, struct writer *w)
{
    if (a->res.len != 4 || a->ck.len != 8)
        return SW_SECURITY; /* the ACL keeps Kc */
    put_field(w, a->res);
    put_field(w, a->ck);
    return SW_OK;
}

static enum sw put_aka(const struct uicc_app *app, const struct tre_aka *a, struct writer *w)
{
    switch (a->verdict) {
    case TRE_AKA_MAC:
        return SW_AUTH_MAC;
    case TRE_AKA_SYNC:
        writer_u8(w, TAG_AUTS);
        put_field(w, a->auts);
        return SW_OK;
    case TRE_AKA_OK:
        break;
    }
    if (a->ck.len != 16 || a->ik.len != 16)
        return SW_SECURITY; /* the ACL keeps them */
    writer_u8(w, TAG_OK);
    put_field(w, a->res);
    put_field(w, a->ck);
    put_field(w, a->ik);
    if (app->type == MID_USIM && uicc_flag(app, EF_UST, KC_SERVICE))
        put_kc(w, a);
    return SW_OK;
}

void uicc_take_aka(struct uicc *u, enum error_code status, const struct tre_aka *aka, struct writer *out)
{
    uint8_t octets[128];
    struct writer w = writer_make(octets, sizeof octets);
    enum sw refused = status == ERROR_DENIED ? SW_SECURITY : SW_CONDITIONS;
    enum sw sw = status ? refused : u->open.gsm ? put_gsm(aka, &w) : put_aka(&u->apps[u->open.app], aka, &w);
    u->open.kind = UICC_ASK_NOTHING;
    deliver(u, u->open.want_data, sw, writer_slice(&w), out);
    secret_zero(octets, sizeof octets);
}

void uicc_take_pin(struct uicc *u, enum error_code status, bool enabled, uint8_t left, struct writer *out)
{
    struct uicc_app *app = &u->apps[u->open.app];
    bool told = status == ERROR_NONE || status == ERROR_MAC_MISMATCH || status == ERROR_DENIED;
    u->open.kind = UICC_ASK_NOTHING;
    if (!told) {
        put_sw(out, SW_CONDITIONS);
        return;
    }
    app->pin_enabled = enabled;
    app->pin_left = left;
    bool good = status == ERROR_NONE && !u->open.asks_only;
    if (good || status == ERROR_MAC_MISMATCH)
        u->verified[u->open.app] = good;
    put_sw(out, good ? SW_OK : tries(left));
}
