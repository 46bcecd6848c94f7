/* SPDX-License-Identifier: Apache-2.0 */
/* Files by path, texts out of their TLV, names made of digits. Promises that every text is one of printable ASCII without blanks: they go into headers. */
#include "codec/mid_identity.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "model/fields.h"

enum { MF = 0x3f00, EF_ICCID = 0x2fe2, ICCID_OCTETS = 10, ICCID_MIN = 18 };
enum { ADF = 0x7fff, EF_IMSI = 0x6f07, EF_AD = 0x6fad, EF_IMPI = 0x6f02, EF_DOMAIN = 0x6f03, EF_IMPU = 0x6f04, TAG_URI = 0x80 };
enum { IMSI_MAX = 15, IMSI_TYPE = 1, MCC_DIGITS = 3, FILES_MAX = 64 };

/* [3F00] FID is a file of the card, 7FFF FID one of its application. */
static bool is_path(struct slice path, uint16_t folder, uint16_t fid)
{
    struct reader p = reader_make(path.data, path.len);
    uint16_t first = reader_u16(&p);
    if (folder == MF && reader_done(&p))
        return first == fid;
    return first == folder && reader_u16(&p) == fid && reader_done(&p);
}

/* The n-th file of that identifier there; false if there is none. */
static bool find_in(struct slice files, uint16_t folder, uint16_t fid, size_t n, struct slice *content)
{
    struct reader r = reader_make(files.data, files.len);
    size_t count = reader_u16(&r);
    for (size_t i = 0; i < count && i < FILES_MAX; i++) {
        struct slice path = fields_take(&r);
        *content = fields_take(&r);
        if (!r.failed && is_path(path, folder, fid) && n-- == 0)
            return true;
    }
    return false;
}

static bool find(struct slice files, uint16_t fid, size_t n, struct slice *content)
{
    return find_in(files, ADF, fid, n, content);
}

/* Two digits an octet, the low half first, F behind the last one. */
static bool take_bcd(struct slice content, char *out, size_t most)
{
    size_t n = 0;
    bool over = false;
    for (size_t i = 0; i < 2 * content.len; i++) {
        uint8_t digit = i % 2 ? content.data[i / 2] >> 4 : content.data[i / 2] & 15;
        if (digit > 9 ? digit != 15 : over || n == most)
            return false;
        over = over || digit > 9;
        if (!over)
            out[n++] = (char)('0' + digit);
    }
    out[n] = '\0';
    return true;
}

bool mid_iccid_take(struct slice files, char out[MID_ICCID])
{
    struct slice content;
    bool good = find_in(files, MF, EF_ICCID, 0, &content) && content.len == ICCID_OCTETS && take_bcd(content, out, MID_ICCID - 1) && strlen(out) >= ICCID_MIN;
    if (!good)
        out[0] = '\0';
    return good;
}

/* 80 L text (TS 31.103 clauses 4.2.2 to 4.2.4), padded with FF; records that are all FF are empty ones. */
static bool take_text(struct slice content, char out[MID_IDENTITY_TEXT + 1])
{
    struct reader r = reader_make(content.data, content.len);
    out[0] = '\0';
    if (reader_peek(&r) == 0xff)
        return true;
    bool tag = reader_u8(&r) == TAG_URI;
    struct slice s = reader_take(&r, reader_u8(&r));
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] <= 0x20 || s.data[i] > 0x7e || s.data[i] == '"' || s.data[i] == '\\')
            return false;
    if (!tag || r.failed || s.len == 0)
        return false;
    memcpy(out, s.data, s.len);
    out[s.len] = '\0';
    return true;
}

static enum error_code need(struct slice files, uint16_t fid, const char *name, struct slice *content, struct error *err)
{
    return find(files, fid, 0, content) ? ERROR_NONE : error_set(err, ERROR_INCOMPLETE, "the MID has no file %s", name);
}

static enum error_code need_text(struct slice files, uint16_t fid, const char *name, char out[MID_IDENTITY_TEXT + 1], struct error *err)
{
    struct slice content;
    enum error_code rc = need(files, fid, name, &content, err);
    if (!rc && (!take_text(content, out) || !out[0]))
        rc = error_set(err, ERROR_MALFORMED, "the MID's file %s holds no text", name);
    return rc;
}

/* TS 31.102 clause 4.2.2: length, parity and type of identity, digits swapped. */
static bool take_digits(struct slice content, char out[IMSI_MAX + 1])
{
    struct reader r = reader_make(content.data, content.len);
    struct slice bcd = reader_take(&r, reader_u8(&r));
    size_t n = 0;
    if (bcd.len == 0 || bcd.len > (IMSI_MAX + 1) / 2 || (bcd.data[0] & 7) != IMSI_TYPE)
        return false;
    bool odd = bcd.data[0] >> 3 & 1;
    size_t digits = bcd.len * 2 - (odd ? 1 : 2);
    for (size_t i = 1; n < digits; i++) {
        uint8_t d = i % 2 ? bcd.data[i / 2] >> 4 : bcd.data[i / 2] & 15;
        if (d > 9)
            return false;
        out[n++] = (char)('0' + d);
    }
    out[n] = '\0';
    return true;
}

enum error_code mid_imsi_take(struct slice imsi, struct slice ad, struct mid_imsi *out, struct error *err)
{
    *out = (struct mid_imsi){ .mnc = 0 };
    if (!take_digits(imsi, out->digits))
        return error_set(err, ERROR_MALFORMED, "the MID's file EF_IMSI holds no IMSI");
    struct reader r = reader_make(ad.data, ad.len);
    (void)reader_take(&r, 3);
    out->mnc = reader_u8(&r) & 15; /* clause 4.2.18: 2 or 3 digits */
    if (r.failed || (out->mnc != 2 && out->mnc != 3) || strlen(out->digits) <= MCC_DIGITS + out->mnc)
        return error_set(err, ERROR_MALFORMED, "the MID's file EF_AD tells no length of the MNC, or the IMSI ends with it");
    return ERROR_NONE;
}

/* TS 23.003 clause 16.2: "bsf." before the domain; in 3gppnetwork.org also "pub" before its last two labels. */
static bool name_bsf(const char *domain, char out[MID_IDENTITY_TEXT + 1])
{
    static const char network[] = ".3gppnetwork.org";
    size_t len = strlen(domain), tail = sizeof network - 1;
    bool ours = len > tail && strcmp(&domain[len - tail], network) == 0;
    int n = snprintf(out, MID_IDENTITY_TEXT + 1, "bsf.%.*s%s", (int)(ours ? len - tail : len), domain, ours ? ".pub.3gppnetwork.org" : "");
    return n > 0 && n <= MID_IDENTITY_TEXT;
}

static enum error_code take_usim(struct slice files, struct mid_identity *out, struct error *err)
{
    struct slice imsi, ad;
    struct mid_imsi m = { .mnc = 0 };
    enum error_code rc = need(files, EF_IMSI, "EF_IMSI", &imsi, err);
    if (!rc)
        rc = need(files, EF_AD, "EF_AD", &ad, err);
    if (!rc)
        rc = mid_imsi_take(imsi, ad, &m, err);
    if (rc)
        return rc;
    char home[48]; /* TS 23.003 clauses 13.2, 13.3 and, for the BSF without an ISIM, 16.2 */
    (void)snprintf(home, sizeof home, "mnc%s%.*s.mcc%.3s.3gppnetwork.org", m.mnc == 2 ? "0" : "", (int)m.mnc, &m.digits[MCC_DIGITS], m.digits);
    (void)snprintf(out->domain, sizeof out->domain, "ims.%s", home);
    (void)snprintf(out->impi, sizeof out->impi, "%s@ims.%s", m.digits, home);
    return name_bsf(home, out->bsf) ? ERROR_NONE : ERROR_INTERNAL;
}

static enum error_code take_impus(struct slice files, struct mid_identity *out, struct error *err)
{
    struct slice content;
    for (size_t i = 0; find(files, EF_IMPU, i, &content); i++) {
        if (out->impus == MID_IDENTITY_IMPUS)
            return error_set(err, ERROR_TOO_LARGE, "the MID has more than %d IMPUs", MID_IDENTITY_IMPUS);
        if (!take_text(content, out->impu[out->impus]))
            return error_set(err, ERROR_MALFORMED, "the MID's file EF_IMPU, record %zu, holds no text", i + 1);
        out->impus += out->impu[out->impus][0] != '\0';
    }
    return ERROR_NONE;
}

static enum error_code take_isim(struct slice files, struct mid_identity *out, struct error *err)
{
    enum error_code rc = need_text(files, EF_IMPI, "EF_IMPI", out->impi, err);
    if (!rc)
        rc = need_text(files, EF_DOMAIN, "EF_DOMAIN", out->domain, err);
    if (!rc)
        rc = take_impus(files, out, err);
    if (rc)
        return rc;
    const char *at = strchr(out->impi, '@');
    if (!at || !at[1] || !name_bsf(&at[1], out->bsf))
        return error_set(err, ERROR_MALFORMED, "the MID's IMPI names no domain");
    return ERROR_NONE;
}

enum error_code mid_identity_take(enum mid_type type, struct slice files, struct mid_identity *out, struct error *err)
{
    *out = (struct mid_identity){ .impus = 0 };
    enum error_code rc = type == MID_ISIM ? take_isim(files, out, err) : take_usim(files, out, err);
    if (rc)
        *out = (struct mid_identity){ .impus = 0 };
    return rc;
}
