/* SPDX-License-Identifier: Apache-2.0 */
/* One read is a walk through a const table:
 *
 *   OPENING --done--> SELECTING --done--> READING --done--> CLOSING --> ended
 *      |                  +---- failed ------+---- failed ---->|
 *      +--refused--> ATTRIBUTES --done--> PARTS --done--> ended        (failed: ended)
 *
 * SELECTING and READING handle 61xx by GET RESPONSE and 6Cxx by asking again with the right length (TS 102 221 7.3.1.1). */
#include "modemd/card_read.h"

#include <glib.h>
#include <string.h>

#include "base/log.h"
#include "base/writer.h"
#include "codec/pkcs15.h"
#include "modemd/card_apdu.h"

enum state { OPENING, SELECTING, READING, CLOSING, ATTRIBUTES, PARTS, ENDED, STATES };
enum event { DONE, FAILED, REFUSED };

struct card_read {
    const struct card_backend *backend;
    void *io;
    struct card_file file;
    card_read_fn *fn;
    void *user;
    enum state state;
    uint8_t channel;
    struct writer answer;  /* of the command at work, over all of its GET RESPONSEs */
    struct writer apdu;    /* the command at work */
    unsigned rounds;       /* of that command */
    uint32_t size;
    uint16_t record_length;
    uint8_t records;
    struct writer content; /* len is also the progress */
    enum error_code status;
    uint16_t status_word;
    enum card_way way;
    uint8_t apdu_space[APDU_MAX], answer_space[512], content_space[CARD_FILE_MAX];
};

enum { ROUNDS_MAX = 8 };

static void post(struct card_read *r, enum event event);
static void enter(struct card_read *r);
static void on_answer(void *user, enum error_code status, struct slice data);

static bool is_whole(const struct card_read *r)
{
    return r->file.records ? r->content.len >= (size_t)r->record_length * r->records : r->content.len >= r->size;
}

static void fail(struct card_read *r, enum error_code status, uint16_t status_word)
{
    if (!r->status) {
        r->status = status;
        r->status_word = status_word;
    }
    post(r, FAILED);
}

/* --- APDUs --- */

static void send_apdu(struct card_read *r)
{
    struct slice apdu = writer_slice(&r->apdu);
    if (!apdu_allowed(apdu) || r->rounds++ == ROUNDS_MAX) {
        log_error("card", "a command that must not be sent, or a card that never ends; given up");
        fail(r, ERROR_IO, 0);
        return;
    }
    struct card_ask ask = { .kind = CARD_ASK_APDU, .channel = r->channel, .data = apdu };
    r->backend->ask(r->io, &ask, on_answer, r);
}

static void begin_apdu(struct card_read *r)
{
    r->apdu = writer_make(r->apdu_space, sizeof r->apdu_space);
    r->answer = writer_make(r->answer_space, sizeof r->answer_space);
    r->rounds = 0;
}

static void read_more(struct card_read *r)
{
    if (is_whole(r)) {
        post(r, DONE);
        return;
    }
    begin_apdu(r);
    if (r->file.records) {
        apdu_read_record(&r->apdu, r->channel, (uint8_t)(r->content.len / r->record_length + 1), (uint8_t)r->record_length);
    } else {
        size_t left = r->size - r->content.len;
        apdu_read_binary(&r->apdu, r->channel, (uint16_t)r->content.len, (uint8_t)(left < APDU_PART ? left : APDU_PART));
    }
    send_apdu(r);
}

static bool take_size(struct card_read *r, uint32_t size, uint16_t record_length, uint8_t records)
{
    r->size = size;
    r->record_length = record_length;
    r->records = records;
    if (!r->file.records)
        return record_length == 0 && size <= CARD_FILE_MAX;
    return record_length > 0 && record_length <= 255 && (size_t)record_length * records <= CARD_FILE_MAX;
}

static void on_selected(struct card_read *r, struct slice fcp)
{
    uint32_t size;
    uint16_t record_length;
    uint8_t records;
    if (!fcp_read(fcp, &size, &record_length, &records) || !take_size(r, size, record_length, records))
        fail(r, ERROR_MALFORMED, 0);
    else
        post(r, DONE);
}

/* Octets of one command. A short answer without error would never end: it ends the file. */
static void on_part(struct card_read *r, struct slice octets)
{
    size_t most = r->file.records ? r->record_length : r->size - r->content.len;
    if (octets.len > most || (r->file.records && octets.len != r->record_length)) {
        fail(r, ERROR_MALFORMED, 0);
        return;
    }
    writer_put(&r->content, octets.data, octets.len);
    if (octets.len == 0)
        r->size = (uint32_t)r->content.len;
    enter(r); /* READING or PARTS once more: the next one */
}

static void on_apdu_answer(struct card_read *r, struct slice data)
{
    uint16_t sw = apdu_status(data);
    if (data.len < 2) {
        fail(r, ERROR_IO, 0);
        return;
    }
    writer_put(&r->answer, data.data, data.len - 2);
    switch (sw >> 8) {
    case 0x6C: /* wrong length; the right one is given */
        r->apdu_space[r->apdu.len - 1] = (uint8_t)sw;
        send_apdu(r);
        return;
    case 0x61: /* octets wait */
        r->apdu = writer_make(r->apdu_space, sizeof r->apdu_space);
        apdu_get_response(&r->apdu, r->channel, (uint8_t)sw);
        send_apdu(r);
        return;
    default:
        break;
    }
    enum error_code rc = sw == 0x6B00 && r->state == READING ? ERROR_NONE : apdu_error(sw); /* 6B00: offset past the end of the file */
    if (rc || r->answer.failed)
        fail(r, rc ? rc : ERROR_MALFORMED, sw);
    else if (r->state == SELECTING)
        on_selected(r, writer_slice(&r->answer));
    else
        on_part(r, writer_slice(&r->answer));
}

/* --- actions of the states --- */

static void act_open(struct card_read *r)
{
    struct card_ask ask = { .kind = CARD_ASK_OPEN, .data = { r->file.aid, r->file.aid_len } };
    r->backend->ask(r->io, &ask, on_answer, r);
}

static void act_select(struct card_read *r)
{
    r->way = r->backend->way;
    begin_apdu(r);
    apdu_select_path(&r->apdu, r->channel, (struct slice){ r->file.path, r->file.path_len });
    send_apdu(r);
}

static void act_close(struct card_read *r)
{
    struct card_ask ask = { .kind = CARD_ASK_CLOSE, .channel = r->channel };
    r->backend->ask(r->io, &ask, on_answer, r);
}

/* The path from 3F00: of the file itself, or the application's and the file's. */
static struct slice whole_path(const struct card_read *r, uint8_t out[2 * CARD_PATH_MAX])
{
    struct writer w = writer_make(out, 2 * CARD_PATH_MAX);
    if (r->file.path_len == 2)
        writer_put(&w, r->file.df, r->file.df_len);
    writer_put(&w, r->file.path, r->file.path_len);
    return writer_slice(&w);
}

static void ask_file(struct card_read *r, enum card_ask_kind kind, uint16_t at, uint16_t length)
{
    uint8_t space[2 * CARD_PATH_MAX];
    struct card_ask ask = { .kind = kind, .file = whole_path(r, space), .records = r->file.records, .at = at, .length = length };
    r->backend->ask(r->io, &ask, on_answer, r);
}

static void act_attributes(struct card_read *r)
{
    r->way = CARD_WAY_FILE;
    if (!r->backend->files || (r->file.path_len == 2 && r->file.df_len == 0))
        fail(r, ERROR_NOT_SUPPORTED, 0);
    else
        ask_file(r, CARD_ASK_ATTRIBUTES, 0, 0);
}

static void act_parts(struct card_read *r)
{
    if (is_whole(r))
        post(r, DONE);
    else if (r->file.records)
        ask_file(r, CARD_ASK_PART, (uint16_t)(r->content.len / r->record_length + 1), r->record_length);
    else
        ask_file(r, CARD_ASK_PART, (uint16_t)r->content.len, (uint16_t)(r->size - r->content.len < APDU_PART ? r->size - r->content.len : APDU_PART));
}

static void act_end(struct card_read *r)
{
    card_read_fn *fn = r->fn;
    if (fn)
        fn(r->user, r->status, r->status_word, r->way, (uint8_t)(r->file.records ? r->record_length : 0), writer_slice(&r->content));
    card_read_free(r);
}

static const struct {
    const char *name;
    void (*enter)(struct card_read *r);
} states[STATES] = {
    [OPENING] = { "OPENING", act_open },          [SELECTING] = { "SELECTING", act_select }, [READING] = { "READING", read_more },
    [CLOSING] = { "CLOSING", act_close },         [ATTRIBUTES] = { "ATTRIBUTES", act_attributes }, [PARTS] = { "PARTS", act_parts },
    [ENDED] = { "ENDED", act_end },
};

static const struct {
    enum state from;
    enum event event;
    enum state to;
} arrows[] = {
    { OPENING, DONE, SELECTING },   { OPENING, REFUSED, ATTRIBUTES }, { OPENING, FAILED, ENDED },
    { SELECTING, DONE, READING },   { SELECTING, FAILED, CLOSING },
    { READING, DONE, CLOSING },     { READING, FAILED, CLOSING },
    { CLOSING, DONE, ENDED },       { CLOSING, FAILED, ENDED },
    { ATTRIBUTES, DONE, PARTS },    { ATTRIBUTES, FAILED, ENDED },
    { PARTS, DONE, ENDED },         { PARTS, FAILED, ENDED },
};

static void enter(struct card_read *r)
{
    states[r->state].enter(r);
}

/* Always the last statement: ENDED frees the read. */
static void post(struct card_read *r, enum event event)
{
    for (size_t i = 0; i < G_N_ELEMENTS(arrows); i++)
        if (arrows[i].from == r->state && arrows[i].event == event) {
            r->state = arrows[i].to;
            enter(r);
            return;
        }
    log_error("card", "read: %s has no arrow for event %d", states[r->state].name, event);
    r->status = ERROR_INTERNAL;
    r->state = ENDED;
    act_end(r);
}

/* --- answers of the back end --- */

static void on_file_attributes(struct card_read *r, struct slice data)
{
    struct reader in = reader_make(data.data, data.len);
    uint32_t size = reader_u32(&in);
    uint16_t record_length = reader_u16(&in);
    uint8_t records = reader_u8(&in);
    if (!reader_done(&in) || !take_size(r, size, record_length, records))
        fail(r, ERROR_MALFORMED, 0);
    else
        post(r, DONE);
}

static void on_success(struct card_read *r, struct slice data)
{
    switch (r->state) {
    case OPENING:
        r->channel = data.len == 1 ? data.data[0] : 0;
        if (r->channel < 1 || r->channel > APDU_CHANNEL_MAX)
            fail(r, ERROR_IO, 0); /* the basic channel is never used */
        else
            post(r, DONE);
        return;
    case SELECTING:
    case READING:
        on_apdu_answer(r, data);
        return;
    case ATTRIBUTES:
        on_file_attributes(r, data);
        return;
    case PARTS:
        on_part(r, data);
        return;
    case CLOSING:
        post(r, DONE);
        return;
    case ENDED:
    case STATES:
        return;
    }
}

static void on_answer(void *user, enum error_code status, struct slice data)
{
    struct card_read *r = user;
    if (!status) {
        on_success(r, data);
        return;
    }
    if (r->state == OPENING && status == ERROR_NOT_SUPPORTED && r->backend->files) {
        post(r, REFUSED);
        return;
    }
    if (r->state == CLOSING) { /* the file is read, or its own failure is known */
        log_warning("card", "channel %u could not be closed: %s", r->channel, error_text(status));
        post(r, FAILED);
        return;
    }
    fail(r, status, apdu_status(data));
}

struct card_read *card_read_start(const struct card_backend *backend, void *io, const struct card_file *file, card_read_fn *fn, void *user)
{
    struct card_read *r = g_new0(struct card_read, 1);
    r->backend = backend;
    r->io = io;
    r->file = *file;
    r->fn = fn;
    r->user = user;
    r->content = writer_make(r->content_space, sizeof r->content_space);
    r->state = OPENING;
    act_open(r);
    return r;
}

void card_read_free(struct card_read *r)
{
    if (!r)
        return;
    explicit_bzero(r, sizeof *r); /* card files hold keys */
    g_free(r);
}
