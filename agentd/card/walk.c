/* SPDX-License-Identifier: Apache-2.0 */
/* Steps are a const table: what to ask for, who takes the answer. A take function says what comes next; every walk ends, because directories and entries are
 * counted. Card files hold keys: the memory is wiped. */
#include "card/walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/writer.h"
#include "codec/lwm2m_card.h"

enum { READ_MS = 60000, NAME_MAX_LEN = 64, BODY_MAX = 128, ICCID_OCTETS = 10, FILE_ICCID = 0x2FE2, FILE_DIR = 0x2F00 };

enum step { STEP_ICCID, STEP_DIR, STEP_ODF, STEP_DODF, STEP_FILE, STEP_END, STEPS };

struct walk {
    struct access *access;
    char card[NAME_MAX_LEN];
    const char *dm_oid;
    walk_fn *fn;
    void *user;
    enum step step;
    uint32_t call;
    struct pkcs15_path df;                              /* of the PKCS#15 application */
    struct pkcs15_path directory[PKCS15_DIRECTORIES];
    size_t directories, at_directory;
    struct pkcs15_path file[CARD_KINDS];
    size_t at_file;
    struct card_content content;
    size_t used;
    uint8_t space[CARD_CONTENT_MAX];
};

static void ask_step(struct walk *w);

static void finish(struct walk *w, const struct error *e)
{
    w->step = STEP_END;
    w->fn(w->user, e, &w->content); /* may free it */
}

static void go(struct walk *w, enum step step)
{
    w->step = step;
    if (step == STEP_END)
        finish(w, NULL);
    else
        ask_step(w);
}

static void give_up(struct walk *w, struct error *e)
{
    finish(w, e);
}

/* --- what is taken --- */

/* BCD, low nibble first, F at the end (TS 102 221 13.2). */
static void take_iccid(struct walk *w, struct slice octets, uint8_t record_length)
{
    struct reader r = reader_make(octets.data, octets.len);
    struct error e;
    char *out = w->content.iccid;
    (void)record_length;
    for (size_t i = 0; i < ICCID_OCTETS; i++) {
        uint8_t octet = reader_u8(&r);
        uint8_t digits[2] = { octet & 0x0f, octet >> 4 };
        for (size_t k = 0; k < 2; k++)
            if (digits[k] <= 9)
                *out++ = (char)('0' + digits[k]);
    }
    *out = '\0';
    if (r.failed || strlen(w->content.iccid) < 18) {
        w->content.iccid[0] = '\0';
        error_set(&e, ERROR_MALFORMED, "EF_ICCID holds no card number");
        give_up(w, &e);
        return;
    }
    go(w, STEP_DIR);
}

static void take_dir(struct walk *w, struct slice octets, uint8_t record_length)
{
    struct reader r = reader_make(octets.data, octets.len);
    struct error e = { 0 };
    while (record_length && reader_left(&r) >= record_length) {
        enum error_code rc = pkcs15_template(reader_take(&r, record_length), &w->df, &e);
        if (rc == ERROR_NONE) {
            go(w, STEP_ODF);
            return;
        }
        if (rc == ERROR_INCOMPLETE) { /* ours, without its path: the rest of the card cannot be believed */
            give_up(w, &e);
            return;
        }
    }
    go(w, STEP_END); /* no PKCS#15 application */
}

static void take_odf(struct walk *w, struct slice octets, uint8_t record_length)
{
    struct reader r = reader_make(octets.data, octets.len);
    struct error e = { 0 };
    enum error_code rc = ERROR_NONE;
    (void)record_length;
    while (w->directories < PKCS15_DIRECTORIES && !(rc = pkcs15_odf_next(&r, &w->directory[w->directories], &e)))
        w->directories++;
    if (rc && rc != ERROR_NOT_FOUND)
        give_up(w, &e);
    else
        go(w, w->directories ? STEP_DODF : STEP_END);
}

static bool has(const struct walk *w, enum pkcs15_object object)
{
    for (size_t i = 0; i < w->content.count; i++)
        if (w->content.entry[i].object == object)
            return true;
    return false;
}

static void take_dodf(struct walk *w, struct slice octets, uint8_t record_length)
{
    struct reader r = reader_make(octets.data, octets.len);
    struct pkcs15_entry entry;
    struct error e = { 0 };
    enum error_code rc = ERROR_NONE;
    (void)record_length;
    for (size_t n = 0; n < PKCS15_ENTRIES && !(rc = pkcs15_dodf_next(&r, &w->directory[w->at_directory], w->dm_oid, &entry, &e)); n++)
        if (entry.object != PKCS15_OTHER && !has(w, entry.object) && w->content.count < CARD_KINDS) {
            w->file[w->content.count] = entry.path;
            w->content.entry[w->content.count++].object = entry.object;
        }
    if (rc && rc != ERROR_NOT_FOUND) {
        give_up(w, &e);
        return;
    }
    w->at_directory++;
    go(w, w->at_directory < w->directories ? STEP_DODF : w->content.count ? STEP_FILE : STEP_END);
}

/* Erased files are as absent. */
static void drop_erased(struct card_content *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->count; i++)
        if (c->entry[i].octets.len)
            c->entry[kept++] = c->entry[i];
    c->count = kept;
}

static struct slice range_of(const struct pkcs15_path *p, struct slice octets)
{
    struct reader r = reader_make(octets.data, octets.len);
    if (!p->has_range)
        return octets;
    (void)reader_take(&r, p->index);
    return reader_take(&r, p->length);
}

static void take_file(struct walk *w, struct slice octets, uint8_t record_length)
{
    struct error e;
    enum pkcs15_object object = w->content.entry[w->at_file].object;
    struct slice part = range_of(&w->file[w->at_file], octets);
    (void)record_length;
    part = object == PKCS15_LWM2M ? lwm2m_card_content(part) : pkcs15_content(part);
    if (part.len > sizeof w->space - w->used) {
        error_set(&e, ERROR_TOO_LARGE, "the card's bootstrap files have more than %d octets", CARD_CONTENT_MAX);
        give_up(w, &e);
        return;
    }
    if (part.len)
        memcpy(&w->space[w->used], part.data, part.len);
    w->content.entry[w->at_file].octets = (struct slice){ &w->space[w->used], part.len };
    w->used += part.len;
    w->at_file++;
    if (w->at_file == w->content.count)
        drop_erased(&w->content);
    go(w, w->at_file >= w->content.count ? STEP_END : STEP_FILE);
}

/* --- what is asked --- */

static const struct {
    const char *name;
    bool records, in_application;
    uint16_t file; /* 0: path of a list */
    void (*take)(struct walk *w, struct slice octets, uint8_t record_length);
} steps[STEPS] = {
    [STEP_ICCID] = { "EF_ICCID", false, false, FILE_ICCID, take_iccid },
    [STEP_DIR] = { "EF_DIR", true, true, FILE_DIR, take_dir },
    [STEP_ODF] = { "the object directory", false, true, PKCS15_FILE_ODF, take_odf },
    [STEP_DODF] = { "a data object directory", false, true, 0, take_dodf },
    [STEP_FILE] = { "a bootstrap file", false, true, 0, take_file },
};

static void put_octets(struct writer *w, const void *data, size_t len)
{
    writer_u8(w, (uint8_t)len);
    writer_put(w, data, len);
}

static void put_path(struct writer *out, const struct walk *w)
{
    const struct pkcs15_path *p = w->step == STEP_DODF ? &w->directory[w->at_directory] : &w->file[w->at_file];
    switch (steps[w->step].file) {
    case 0:
        put_octets(out, p->octets, p->len);
        return;
    case PKCS15_FILE_ODF:
        writer_u8(out, 2);
        break;
    default: /* of the card itself */
        writer_u8(out, 4);
        writer_u16(out, 0x3F00);
        break;
    }
    writer_u16(out, steps[w->step].file);
}

/* Without the application a card has no bootstrap files; that is no fault. */
static void on_refused(struct walk *w, enum error_code status, uint16_t sw)
{
    struct error e;
    if (w->step == STEP_DIR && status == ERROR_NOT_FOUND) {
        go(w, STEP_END);
        return;
    }
    error_set(&e, status, "card: %s: %s%s", steps[w->step].name, error_text(status), status == ERROR_PIN_REQUIRED ? "; unlock the SIM, no PIN is tried here" : "");
    log_debug("card", "%s: %s, status word %04X", w->card, e.text, sw);
    give_up(w, &e);
}

static void on_answer(void *user, enum error_code status, struct slice body)
{
    struct walk *w = user;
    struct reader r = reader_make(body.data, body.len);
    w->call = 0;
    if (status) {
        on_refused(w, status, body.len >= 2 ? reader_u16(&r) : 0);
        return;
    }
    w->content.way = (enum card_way)reader_u8(&r);
    uint8_t record_length = reader_u8(&r);
    struct slice octets = reader_take(&r, reader_left(&r));
    steps[w->step].take(w, octets, record_length);
}

static void ask_step(struct walk *w)
{
    uint8_t space[BODY_MAX];
    struct writer out = writer_make(space, sizeof space);
    writer_u16(&out, (uint16_t)strlen(w->card));
    writer_text(&out, w->card);
    writer_u8(&out, steps[w->step].records);
    put_octets(&out, pkcs15_aid, steps[w->step].in_application ? sizeof pkcs15_aid : 0);
    put_octets(&out, w->df.octets, w->df.len);
    put_path(&out, w);
    w->call = access_ask(w->access, MODEMD_OP_CARD_READ, writer_slice(&out), READ_MS, on_answer, w);
}

struct walk *walk_start(struct access *access, const char *card, const char *dm_oid, walk_fn *fn, void *user)
{
    struct walk *w = secret_pages_new(sizeof *w);
    if (!w)
        abort();
    w->access = access;
    w->dm_oid = dm_oid;
    w->fn = fn;
    w->user = user;
    (void)strncpy(w->card, card, sizeof w->card - 1);
    go(w, STEP_ICCID);
    return w;
}

void walk_free(struct walk *w)
{
    if (!w)
        return;
    if (w->call)
        access_cancel(w->access, w->call);
    secret_pages_free(w, sizeof *w);
}
