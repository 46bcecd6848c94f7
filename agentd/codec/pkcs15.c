/* SPDX-License-Identifier: Apache-2.0 */
/* Walks TLVs; what a choice of ISO/IEC 7816-15 that we do not use holds is passed over by its length, never guessed. */
#include "codec/pkcs15.h"

#include <stdlib.h>
#include <string.h>

#include "codec/ber.h"

enum {
    DIR_TEMPLATE = 0x61, DIR_AID = 0x4F, DIR_PATH = 0x51, /* ISO/IEC 7816-5 5.2 */
    ODF_DATA_OBJECTS = 0xA7,                              /* 7816-15 8.3: PKCS15Objects [7] dataObjects */
    FLAG_PRIVATE = 0x80,                                  /* CommonObjectFlags, bit 0 */
    FCP = 0x62, FCP_DESCRIPTOR = 0x82, FCP_SIZE = 0x80,   /* TS 102 221 11.1.1.3 */
    OID_MAX = 16,
};

const uint8_t pkcs15_aid[PKCS15_AID_LEN] = { 0xA0, 0x00, 0x00, 0x00, 0x63, 'P', 'K', 'C', 'S', '-', '1', '5' };

static const struct {
    enum pkcs15_object object;
    const char *name, *oid;
} objects[] = {
    { PKCS15_OTHER, "other", NULL },
    { PKCS15_CP, "cp", "2.23.43.5.1" },
    { PKCS15_CP_CONFIG1, "cp-config1", "2.23.43.5.2" },
    { PKCS15_CP_CONFIG2, "cp-config2", "2.23.43.5.3" },
    { PKCS15_DM, "dm", "2.23.43.7.1" },
    { PKCS15_LWM2M, "lwm2m", "2.23.43.9.1" },
};

/* Directories end with the last item or with padding (7816-15 8.1). */
static bool at_end(const struct reader *r)
{
    uint8_t next = reader_peek(r);
    return reader_left(r) == 0 || next == 0x00 || next == 0xFF;
}

static enum error_code fault(struct error *err, const char *what)
{
    return error_set(err, ERROR_MALFORMED, "PKCS#15: %s", what);
}

/* The item must have that tag. */
static enum error_code take(struct reader *r, uint8_t tag, const char *what, struct slice *value, struct error *err)
{
    struct ber_item item;
    if (reader_left(r) == 0)
        return error_set(err, ERROR_TRUNCATED, "PKCS#15: no %s", what);
    enum error_code rc = ber_next(r, &item, err);
    *value = item.value;
    return rc ? rc : item.tag == tag ? ERROR_NONE : error_set(err, ERROR_MALFORMED, "PKCS#15: %s expected, but tag %02X came", what, item.tag);
}

/* One file id, or several from the master file on. */
static enum error_code set_path(struct slice octets, struct pkcs15_path *out, struct error *err)
{
    *out = (struct pkcs15_path){ .len = octets.len };
    if (octets.len < 2 || octets.len > PKCS15_PATH_MAX || octets.len % 2)
        return error_set(err, ERROR_MALFORMED, "PKCS#15: path of %zu octets", octets.len);
    memcpy(out->octets, octets.data, octets.len);
    if (octets.len > 2 && (out->octets[0] != 0x3F || out->octets[1] != 0x00))
        return fault(err, "a path of several files must begin with 3F00");
    return ERROR_NONE;
}

/* Path ::= SEQUENCE { path OCTET STRING, index INTEGER OPTIONAL, length [0] INTEGER OPTIONAL }: both or neither (7816-15 8.2.5). */
static enum error_code read_path(struct slice sequence, struct pkcs15_path *out, struct error *err)
{
    struct reader r = reader_make(sequence.data, sequence.len);
    struct slice value;
    enum error_code rc = take(&r, BER_OCTET_STRING, "path", &value, err);
    if (!rc)
        rc = set_path(value, out, err);
    if (rc || reader_done(&r))
        return rc;
    rc = take(&r, BER_INTEGER, "index of a path", &value, err);
    if (rc || !ber_unsigned(value, &out->index))
        return rc ? rc : fault(err, "index of a path is no small number");
    rc = take(&r, BER_CONTEXT_0, "length of a path", &value, err);
    if (rc || !ber_unsigned(value, &out->length))
        return rc ? rc : fault(err, "length of a path is no small number");
    if (out->index > PKCS15_FILE_MAX || out->length > PKCS15_FILE_MAX)
        return error_set(err, ERROR_TOO_LARGE, "PKCS#15: a file over %d octets", PKCS15_FILE_MAX);
    out->has_range = true;
    return ERROR_NONE;
}

enum error_code pkcs15_template(struct slice record, struct pkcs15_path *df, struct error *err)
{
    struct reader r = reader_make(record.data, record.len);
    struct slice body, aid, path;
    if (at_end(&r))
        return error_set(err, ERROR_NOT_FOUND, "EF_DIR: empty record");
    enum error_code rc = take(&r, DIR_TEMPLATE, "application template", &body, err);
    if (rc)
        return rc;
    if (!ber_find(body, DIR_AID, &aid) || !slice_equal(aid, (struct slice){ pkcs15_aid, sizeof pkcs15_aid }))
        return error_set(err, ERROR_NOT_FOUND, "EF_DIR: another application");
    if (!ber_find(body, DIR_PATH, &path)) /* appendix G.1: AID and path shall be present */
        return error_set(err, ERROR_INCOMPLETE, "EF_DIR: the PKCS#15 template has no path");
    return set_path(path, df, err);
}

enum error_code pkcs15_odf_next(struct reader *odf, struct pkcs15_path *path, struct error *err)
{
    while (!at_end(odf)) {
        struct ber_item item;
        struct slice sequence;
        enum error_code rc = ber_next(odf, &item, err);
        if (rc)
            return rc;
        if (item.tag != ODF_DATA_OBJECTS)
            continue;
        struct reader inner = reader_make(item.value.data, item.value.len);
        rc = take(&inner, BER_SEQUENCE, "path of a directory", &sequence, err); /* other choices hold the objects themselves */
        return rc ? rc : read_path(sequence, path, err);
    }
    return error_set(err, ERROR_NOT_FOUND, "PKCS#15: no further directory");
}

/* Content octets of an OID (X.690 8.19) of dotted text; 0 if it does not fit. */
static size_t oid_encode(const char *text, uint8_t out[OID_MAX])
{
    size_t len = 0;
    unsigned long first = 0;
    for (size_t n = 0; *text; n++) {
        char *end;
        unsigned long arc = strtoul(text, &end, 10);
        if (end == text || (*end != '.' && *end != '\0'))
            return 0;
        text = *end ? end + 1 : end;
        if (n == 0) {
            first = arc;
            continue;
        }
        arc += n == 1 ? first * 40 : 0;
        unsigned shift = 0;
        while (shift < 28 && arc >> (shift + 7))
            shift += 7;
        for (;; shift -= 7) {
            if (len == OID_MAX)
                return 0;
            out[len++] = (uint8_t)((arc >> shift & 0x7f) | (shift ? 0x80 : 0));
            if (!shift)
                break;
        }
    }
    return len;
}

static bool oid_is(struct slice oid, const char *text)
{
    uint8_t octets[OID_MAX];
    size_t len = oid_encode(text, octets);
    return len && slice_equal(oid, (struct slice){ octets, len });
}

/* Some cards hold an encoded OID inside of the OID. */
static enum pkcs15_object object_of(struct slice oid, const char *dm_oid)
{
    struct slice inner;
    if (oid.len > 2 && oid.data[0] == BER_OID && ber_find(oid, BER_OID, &inner))
        oid = inner;
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        const char *text = objects[i].object == PKCS15_DM && dm_oid ? dm_oid : objects[i].oid;
        if (text && oid_is(oid, text))
            return objects[i].object;
    }
    return PKCS15_OTHER;
}

/* CommonObjectAttributes ::= SEQUENCE { label UTF8String OPTIONAL, flags BIT STRING OPTIONAL, .. } */
static void read_common(struct slice sequence, struct pkcs15_entry *entry)
{
    struct slice flags;
    (void)ber_find(sequence, BER_UTF8, &entry->label);
    if (ber_find(sequence, BER_BIT_STRING, &flags) && flags.len >= 2) /* the first octet counts unused bits */
        entry->is_private = flags.data[1] & FLAG_PRIVATE;
}

/* DataObject ::= SEQUENCE { commonObjectAttributes, classAttributes, [1] { Path } } (7816-15 8.9) */
static enum error_code read_entry(struct slice body, const char *dm_oid, struct pkcs15_entry *entry, struct error *err)
{
    struct reader r = reader_make(body.data, body.len);
    struct slice value, oid;
    enum error_code rc = take(&r, BER_SEQUENCE, "common attributes", &value, err);
    if (rc)
        return rc;
    read_common(value, entry);
    rc = take(&r, BER_SEQUENCE, "data object attributes", &value, err);
    if (rc)
        return rc;
    if (!ber_find(value, BER_OID, &oid))
        return ERROR_NONE; /* it has a name only: not one of ours */
    entry->object = object_of(oid, dm_oid);
    if (entry->object == PKCS15_OTHER)
        return ERROR_NONE;
    rc = take(&r, BER_CONTEXT_1_CONSTRUCTED, "type attributes", &value, err);
    if (rc)
        return rc;
    r = reader_make(value.data, value.len);
    rc = take(&r, BER_SEQUENCE, "path of an object", &value, err);
    return rc ? rc : read_path(value, &entry->path, err);
}

static bool is_same_file(const struct pkcs15_path *a, const struct pkcs15_path *b)
{
    return a->octets[a->len - 2] == b->octets[b->len - 2] && a->octets[a->len - 1] == b->octets[b->len - 1] &&
           (a->len == 2 || b->len == 2 || a->len == b->len);
}

enum error_code pkcs15_dodf_next(struct reader *dodf, const struct pkcs15_path *self, const char *dm_oid, struct pkcs15_entry *entry, struct error *err)
{
    struct ber_item item;
    *entry = (struct pkcs15_entry){ .object = PKCS15_OTHER };
    if (at_end(dodf))
        return error_set(err, ERROR_NOT_FOUND, "PKCS#15: no further entry");
    enum error_code rc = ber_next(dodf, &item, err);
    if (rc || item.tag != BER_SEQUENCE) /* [0] external and [1] oidDO are not ours */
        return rc;
    rc = read_entry(item.value, dm_oid, entry, err);
    if (!rc && entry->object != PKCS15_OTHER && is_same_file(&entry->path, self))
        return error_set(err, ERROR_INVALID, "PKCS#15: the path of an entry leads to its own directory");
    return rc;
}

const char *pkcs15_object_name(enum pkcs15_object o)
{
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
        if (objects[i].object == o)
            return objects[i].name;
    return "other";
}

struct slice pkcs15_content(struct slice file)
{
    bool zeros = true;
    while (file.len && file.data[file.len - 1] == 0xFF)
        file.len--;
    for (size_t i = 0; zeros && i < file.len; i++)
        zeros = file.data[i] == 0;
    return zeros ? (struct slice){ NULL, 0 } : file;
}

/* A size of 1..4 octets without sign. */
static bool size_of(struct slice value, uint32_t *out)
{
    struct reader r = reader_make(value.data, value.len);
    *out = 0;
    while (value.len <= sizeof *out && reader_left(&r))
        *out = *out << 8 | reader_u8(&r);
    return value.len >= 1 && reader_done(&r);
}

bool fcp_read(struct slice answer, uint32_t *size, uint16_t *record_length, uint8_t *records)
{
    struct slice fcp, value;
    *size = 0;
    *record_length = 0;
    *records = 0;
    if (!ber_find(answer, FCP, &fcp) || !ber_find(fcp, FCP_SIZE, &value) || !size_of(value, size))
        return false;
    if (ber_find(fcp, FCP_DESCRIPTOR, &value) && value.len == 5) { /* file descriptor octet, data coding octet, record length, number of records */
        struct reader r = reader_make(value.data, value.len);
        (void)reader_u16(&r);
        *record_length = reader_u16(&r);
        *records = reader_u8(&r);
    }
    return true;
}
