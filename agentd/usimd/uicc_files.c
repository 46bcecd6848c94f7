/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers, short identifiers and forms of the files (TS 31.102 section 4, TS 31.103 section 4, TS 102 221 section 13). Pure. Must never give a
 * file that the package does not carry, but for EF_DIR, which says which applications there are. */
#include "usimd/uicc_files.h"

#include <string.h>

#include "model/fields.h"

enum { EF_DIR = 0x2f00, DIR_LEN = 48, LIFE_ACTIVATED = 5, ACCESS_RULES = 0x2f06 };

static const struct {
    int where; /* UICC_MF, MID_USIM, MID_ISIM */
    uint16_t fid;
    uint8_t sfi;
    bool linear, free;
} known[] = {
    { UICC_MF, EF_DIR, 0x1e, true, true },        { UICC_MF, 0x2fe2, 0x02, false, true },       { UICC_MF, 0x2f05, 0x05, false, true },
    { UICC_MF, 0x2f06, 0x06, true, true },        { UICC_MF, 0x2f08, 0x08, false, true },       { MID_USIM, 0x6f07, 0x07, false, false },
    { MID_USIM, 0x6fad, 0x03, false, true },      { MID_USIM, 0x6f38, 0x04, false, false },     { MID_USIM, 0x6f05, 0x02, false, true },
    { MID_USIM, 0x6f06, 0x17, true, true },       { MID_USIM, 0x6f08, 0x08, false, false },     { MID_USIM, 0x6f09, 0x09, false, false },
    { MID_USIM, 0x6f31, 0x12, false, false },     { MID_USIM, 0x6f42, 0x00, true, false },      { MID_USIM, 0x6f5b, 0x0f, false, false },
    { MID_USIM, 0x6f5c, 0x10, false, false },     { MID_USIM, 0x6f73, 0x0c, false, false },     { MID_USIM, 0x6f78, 0x06, false, false },
    { MID_USIM, 0x6f7b, 0x0d, false, false },     { MID_USIM, 0x6f7e, 0x0b, false, false },     { MID_USIM, 0x6fb7, 0x01, true, true },
    { MID_USIM, 0x6fe3, 0x1e, false, false },     { MID_USIM, 0x6fe4, 0x18, true, false },      { MID_USIM, 0x6f56, 0x05, false, false },
    { MID_USIM, 0x6f40, 0x00, true, false },      { MID_USIM, 0x6f3c, 0x00, true, false },      { MID_USIM, 0x6fda, 0x00, true, false },
    { MID_ISIM, 0x6f02, 0x02, false, false },     { MID_ISIM, 0x6f03, 0x05, false, false },     { MID_ISIM, 0x6f04, 0x04, true, false },
    { MID_ISIM, 0x6fad, 0x03, false, true },      { MID_ISIM, 0x6f07, 0x07, false, false },     { MID_ISIM, 0x6f09, 0x00, true, false },
    { MID_ISIM, 0x6f06, 0x06, true, true },       { MID_ISIM, 0x6fd7, 0x00, true, false },
};

static size_t known_at(int where, uint16_t fid)
{
    size_t i = 0;
    while (i < sizeof known / sizeof *known && (known[i].where != where || known[i].fid != fid))
        i++;
    return i;
}

const uint8_t *uicc_aid(enum mid_type type)
{
    static const uint8_t aids[][UICC_AID] = {
        [MID_USIM] = { 0xa0, 0, 0, 0, 0x87, 0x10, 0x02, 0xff, 0xff, 0xff, 0xff, 0x89, 0x07, 0x09, 0, 0 },
        [MID_ISIM] = { 0xa0, 0, 0, 0, 0x87, 0x10, 0x04, 0xff, 0xff, 0xff, 0xff, 0x89, 0x07, 0x09, 0, 0 },
    };
    return aids[type];
}

/* Path of a package: [3F00] FID, or 7FFF FID. Deeper ones are not served. */
static bool path_take(struct slice path, bool *adf, uint16_t *fid)
{
    struct reader r = reader_make(path.data, path.len);
    uint16_t first = reader_u16(&r);
    *adf = first == UICC_ADF_FID;
    *fid = first == UICC_MF_FID || *adf ? reader_u16(&r) : first;
    return reader_done(&r);
}

bool uicc_app_take(struct uicc_app *a, struct slice body)
{
    struct reader r = reader_make(body.data, body.len);
    size_t count = reader_u16(&r);
    a->count = 0;
    for (size_t i = 0; i < count && i < UICC_FILES; i++) {
        struct slice path = fields_take(&r), content = fields_take(&r);
        bool adf;
        uint16_t fid;
        if (r.failed || !path_take(path, &adf, &fid))
            continue;
        a->files[a->count].adf = adf;
        a->files[a->count].fid = fid;
        a->files[a->count++].content = content;
    }
    return reader_done(&r);
}

static bool collect(const struct uicc_app *a, bool adf, uint16_t fid, struct uicc_file *out)
{
    size_t at = known_at(adf ? (int)a->type : UICC_MF, fid);
    bool listed = at < sizeof known / sizeof *known;
    out->fid = fid;
    out->count = out->record_len = 0;
    out->free = listed ? known[at].free : !adf;
    for (size_t i = 0; i < a->count; i++)
        if (a->files[i].adf == adf && a->files[i].fid == fid) {
            out->content[out->count++] = a->files[i].content;
            out->record_len = a->files[i].content.len > out->record_len ? a->files[i].content.len : out->record_len;
        }
    out->linear = listed ? known[at].linear : out->count > 1;
    return out->count > 0;
}

/* 61 L { 4F 10 AID, 50 n label }, filled with FF (TS 102 221 section 13.1). */
static void dir_make(const struct uicc_app *apps, size_t count, struct uicc_file *out)
{
    *out = (struct uicc_file){ .fid = EF_DIR, .linear = true, .free = true, .record_len = DIR_LEN };
    memset(out->made, 0xff, sizeof out->made);
    for (size_t i = 0; i < count; i++) {
        struct writer w = writer_make(&out->made[i * DIR_LEN], DIR_LEN);
        writer_u8(&w, 0x61);
        writer_u8(&w, 2 + UICC_AID + 2 + 4);
        writer_u8(&w, 0x4f);
        writer_u8(&w, UICC_AID);
        writer_put(&w, uicc_aid(apps[i].type), UICC_AID);
        writer_u8(&w, 0x50);
        writer_u8(&w, 4);
        writer_text(&w, apps[i].type == MID_ISIM ? "ISIM" : "USIM");
        out->content[out->count++] = (struct slice){ &out->made[i * DIR_LEN], DIR_LEN };
    }
}

static bool find_in_mf(const struct uicc_app *apps, size_t count, uint16_t fid, struct uicc_file *out)
{
    if (fid == EF_DIR) {
        dir_make(apps, count, out);
        return true;
    }
    for (size_t i = 0; i < count; i++)
        if (collect(&apps[i], false, fid, out))
            return true;
    return false;
}

bool uicc_file_find(const struct uicc_app *apps, size_t count, int df, uint16_t fid, struct uicc_file *out)
{
    return (df != UICC_MF && collect(&apps[df], true, fid, out)) || find_in_mf(apps, count, fid, out);
}

uint16_t uicc_file_by_sfi(const struct uicc_app *apps, int df, uint8_t sfi)
{
    int where = df == UICC_MF ? UICC_MF : (int)apps[df].type;
    for (size_t i = 0; sfi && i < sizeof known / sizeof *known; i++)
        if (known[i].where == where && known[i].sfi == sfi)
            return known[i].fid;
    return 0;
}

bool uicc_flag(const struct uicc_app *a, uint16_t table, unsigned service)
{
    struct uicc_file f;
    size_t octet = (service - 1) / 8;
    return collect(a, true, table, &f) && octet < f.content[0].len && (f.content[0].data[octet] >> ((service - 1) % 8) & 1);
}

static void put_file(const struct uicc_file *f, uint8_t sfi, struct writer *w)
{
    writer_u8(w, 0x82);
    writer_u8(w, f->linear ? 5 : 2);
    writer_u16(w, f->linear ? 0x4221 : 0x4121);
    if (f->linear) {
        writer_u16(w, (uint16_t)f->record_len);
        writer_u8(w, (uint8_t)f->count);
    }
    writer_u8(w, 0x83);
    writer_u8(w, 2);
    writer_u16(w, f->fid);
    writer_u16(w, 0x8a01);
    writer_u8(w, LIFE_ACTIVATED);
    writer_u16(w, 0x8b03);
    writer_u16(w, ACCESS_RULES);
    writer_u8(w, f->free ? 1 : 2);
    writer_u16(w, 0x8002);
    writer_u16(w, (uint16_t)(f->linear ? f->record_len * f->count : f->content[0].len));
    writer_u16(w, sfi ? 0x8801 : 0x8800);
    if (sfi)
        writer_u8(w, (uint8_t)(sfi << 3));
}

static void put_df(const struct uicc_app *apps, size_t count, int df, struct writer *w)
{
    const struct uicc_app *pin = df == UICC_MF ? (count ? &apps[0] : NULL) : &apps[df];
    writer_u16(w, 0x8202);
    writer_u16(w, 0x7821);
    if (df == UICC_MF) {
        writer_u16(w, 0x8302);
        writer_u16(w, UICC_MF_FID);
    } else {
        writer_u8(w, 0x84);
        writer_u8(w, UICC_AID);
        writer_put(w, uicc_aid(apps[df].type), UICC_AID);
    }
    writer_u16(w, 0xa503);
    writer_u16(w, 0x8001);
    writer_u8(w, 0x71);
    writer_u16(w, 0x8a01);
    writer_u8(w, LIFE_ACTIVATED);
    writer_u16(w, 0x8b03);
    writer_u16(w, ACCESS_RULES);
    writer_u8(w, 1);
    writer_u16(w, 0xc606); /* PIN status: the first bit says that PIN1 is asked for */
    writer_u16(w, 0x9001);
    writer_u8(w, pin && pin->pin_enabled ? 0x80 : 0);
    writer_u16(w, 0x8301);
    writer_u8(w, 1);
}

void uicc_fcp(const struct uicc_app *apps, size_t count, int df, const struct uicc_file *f, struct writer *out)
{
    uint8_t octets[128];
    struct writer w = writer_make(octets, sizeof octets);
    int where = df == UICC_MF ? UICC_MF : (int)apps[df].type;
    size_t at = f ? known_at(where, f->fid) : 0;
    if (f)
        put_file(f, at < sizeof known / sizeof *known ? known[at].sfi : 0, &w);
    else
        put_df(apps, count, df, &w);
    writer_u8(out, 0x62);
    writer_u8(out, (uint8_t)w.len);
    writer_put(out, octets, w.len);
}
