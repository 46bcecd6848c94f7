/* SPDX-License-Identifier: Apache-2.0 */
/* Card files: the image and every malformed file of card-image.json, TLV forms that cards have and must not have, directories that lead astray, and
 * the sizes of the LwM2M bootstrap file. What its objects say: tests/unit/lwm2m/test_card.c. */
#include <glib.h>
#include <string.h>

#include "codec/ber.h"
#include "codec/lwm2m_card.h"
#include "codec/pkcs15.h"
#include "support/vectors.h"

static json_t *image;

static const json_t *at(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    g_assert_nonnull(v);
    return v;
}

static const json_t *image_file(const char *path)
{
    return at(at(at(image, "image"), "files"), path);
}

static struct octets file_of(const char *path)
{
    return octets_of_hex(vector_text(image_file(path), "hex"));
}

/* --- BER --- */

static const struct {
    const char *name, *hex;
    enum error_code rc;
    size_t len;
} items[] = {
    { "short", "04 02 64 30", ERROR_NONE, 2 },
    { "empty", "04 00", ERROR_NONE, 0 },
    { "one length octet", "04 81 02 64 30", ERROR_NONE, 2 },
    { "three length octets", "04 83 00 00 02 64 30", ERROR_NONE, 2 },
    { "indefinite", "30 80 04 02 64 30 00 00", ERROR_MALFORMED, 0 },
    { "four length octets", "04 84 00 00 00 02 64 30", ERROR_MALFORMED, 0 },
    { "reserved length", "04 FF 64 30", ERROR_MALFORMED, 0 },
    { "tag of two octets", "5F 2D 01 00", ERROR_MALFORMED, 0 },
    { "value over the end", "04 03 64 30", ERROR_TRUNCATED, 0 },
    { "length over the end", "04 82 01", ERROR_TRUNCATED, 0 },
    { "no length", "04", ERROR_TRUNCATED, 0 },
    { "huge length", "04 83 FF FF FF 64", ERROR_TRUNCATED, 0 },
};

static void items_of_ber(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(items); i++) {
        struct octets o = octets_of_hex(items[i].hex);
        struct reader r = reader_make(o.data, o.len);
        struct ber_item item;
        struct error err = { 0 };
        g_test_message("%s", items[i].name);
        g_assert_cmpint(ber_next(&r, &item, &err), ==, items[i].rc);
        g_assert_cmpint(err.code, ==, items[i].rc);
        g_assert_cmpuint(item.value.len, ==, items[i].len);
        g_assert_cmpint(reader_done(&r), ==, items[i].rc == ERROR_NONE);
        octets_free(&o);
    }
}

static void numbers_of_ber(void)
{
    static const struct {
        const char *hex;
        gint64 value; /* -1: refused */
    } rows[] = { { "00", 0 },   { "7F", 127 },         { "80", -1 },  { "00 80", 128 }, { "16 A2", 0x16A2 }, { "00 FF FF FF FF", 0xFFFFFFFF },
                 { "", -1 },    { "01 00 00 00 00", -1 }, { "7F FF FF FF", 0x7FFFFFFF }, { "FF FF", -1 } };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct octets o = octets_of_hex(rows[i].hex);
        uint32_t v = 0;
        g_assert_cmpint(ber_unsigned(octets_slice(&o), &v), ==, rows[i].value >= 0);
        g_assert_true(rows[i].value < 0 || v == rows[i].value);
        octets_free(&o);
    }
}

/* --- directories --- */

static void path_is(const struct pkcs15_path *p, const char *hex)
{
    struct octets o = octets_of_hex(hex);
    g_assert_true(slice_equal((struct slice){ p->octets, p->len }, octets_slice(&o)));
    octets_free(&o);
}

static enum error_code template_of(const char *hex, struct pkcs15_path *p)
{
    struct octets o = octets_of_hex(hex);
    enum error_code rc = pkcs15_template(octets_slice(&o), p, NULL);
    octets_free(&o);
    return rc;
}

static void templates_of_ef_dir(void)
{
    const json_t *records = at(image_file("3F00/2F00"), "records");
    struct pkcs15_path p;
    g_assert_cmpint(template_of(json_string_value(json_array_get(records, 0)), &p), ==, ERROR_NOT_FOUND);
    g_assert_cmpint(template_of(json_string_value(json_array_get(records, 1)), &p), ==, ERROR_NONE);
    path_is(&p, "3F007F50");
#define AID "A000000063504B43532D3135"
    g_assert_cmpint(template_of("FFFFFF", &p), ==, ERROR_NOT_FOUND);
    g_assert_cmpint(template_of("", &p), ==, ERROR_NOT_FOUND);
    g_assert_cmpint(template_of("610E4F0C" AID, &p), ==, ERROR_INCOMPLETE);
    g_assert_cmpint(template_of("610D4F0BA000000063504B43532D31", &p), ==, ERROR_NOT_FOUND); /* a shorter AID is another one */
    g_assert_cmpint(template_of("61144F0C" AID "51043F007F50", &p), ==, ERROR_NONE);
    g_assert_cmpint(template_of("61154F0C" AID "51043F007F50", &p), ==, ERROR_TRUNCATED);
    g_assert_cmpint(template_of("61804F0C" AID "51043F007F500000", &p), ==, ERROR_MALFORMED);
    g_assert_cmpint(template_of("61144F0C" AID "51047F507F50", &p), ==, ERROR_MALFORMED); /* does not begin at the master file */
    g_assert_cmpint(template_of("61134F0C" AID "51033F007F", &p), ==, ERROR_MALFORMED);
    g_assert_cmpint(template_of("30144F0C" AID "51043F007F50", &p), ==, ERROR_MALFORMED);
}

/* Paths of all directories, or the first fault; in hex, separated by blanks. */
static enum error_code odf_walk(struct slice odf, GString *paths)
{
    struct reader r = reader_make(odf.data, odf.len);
    for (;;) {
        struct pkcs15_path p;
        struct error err = { 0 };
        enum error_code rc = pkcs15_odf_next(&r, &p, &err);
        g_assert_cmpint(err.code, ==, rc);
        if (rc)
            return rc;
        g_string_append_printf(paths, "%02X%02X ", p.octets[p.len - 2], p.octets[p.len - 1]);
    }
}

static void odf_is(const char *hex, enum error_code rc, const char *expected)
{
    struct octets o = octets_of_hex(hex);
    GString *paths = g_string_new("");
    g_assert_cmpint(odf_walk(octets_slice(&o), paths), ==, rc);
    g_assert_cmpstr(paths->str, ==, expected);
    g_string_free(paths, TRUE);
    octets_free(&o);
}

static void object_directories(void)
{
    odf_is(vector_text(image_file("ADF:PKCS15/5031"), "hex"), ERROR_NOT_FOUND, "6430 ");
    odf_is("A7 06 30 04 04 02 64 30 A7 06 30 04 04 02 64 10", ERROR_NOT_FOUND, "6430 6410 "); /* in order of priority */
    odf_is("A8 06 30 04 04 02 44 01 A7 06 30 04 04 02 64 30", ERROR_NOT_FOUND, "6430 ");      /* authentication objects: not ours */
    odf_is("A7 06 30 04 04 02 64 30 00 00 A7 06 30 04 04 02 64 10", ERROR_NOT_FOUND, "6430 "); /* 00 ends it */
    odf_is("", ERROR_NOT_FOUND, "");
    odf_is("A7 06 30 04 04 03 64 30 00", ERROR_TRUNCATED, "");
    odf_is("A7 80 30 04 04 02 64 30 00 00", ERROR_MALFORMED, "");
    odf_is("A7 05 30 03 04 01 64", ERROR_MALFORMED, "");
    odf_is("A7 04 04 02 64 30", ERROR_MALFORMED, "");
    odf_is("A7 00", ERROR_TRUNCATED, "");
    odf_is("A7 0E 30 0C 04 0A 3F 00 7F 10 7F 50 64 30 64 31", ERROR_MALFORMED, ""); /* five files deep */
}

static enum error_code dodf_next(struct reader *r, struct pkcs15_entry *e)
{
    static const struct pkcs15_path self = { .octets = { 0x64, 0x30 }, .len = 2 };
    struct error err = { 0 };
    enum error_code rc = pkcs15_dodf_next(r, &self, NULL, e, &err);
    g_assert_cmpint(err.code, ==, rc);
    return rc;
}

static void the_directory_of_the_image(void)
{
    struct octets o = file_of("ADF:PKCS15/6430");
    struct reader r = reader_make(o.data, o.len);
    struct pkcs15_entry e;
    g_assert_cmpint(dodf_next(&r, &e), ==, ERROR_NONE);
    g_assert_cmpint(e.object, ==, PKCS15_LWM2M);
    g_assert_true(slice_is(e.label, "LwM2M bootstrap") && !e.is_private && !e.path.has_range);
    path_is(&e.path, "6433");
    g_assert_cmpint(dodf_next(&r, &e), ==, ERROR_NONE);
    g_assert_cmpint(e.object, ==, PKCS15_DM);
    g_assert_true(e.is_private && e.path.has_range && e.path.index == 0 && e.path.length == 5794);
    path_is(&e.path, "3F007F506432");
    g_assert_cmpint(dodf_next(&r, &e), ==, ERROR_NONE);
    g_assert_cmpint(e.object, ==, PKCS15_CP);
    path_is(&e.path, "6431");
    g_assert_cmpint(dodf_next(&r, &e), ==, ERROR_NOT_FOUND);
    octets_free(&o);
}

#define LABEL "30 06 0C 01 78 03 01 00"
#define LWM2M_OID "30 06 06 04 67 2B 09 01"

static void entries_of_a_directory(void)
{
    static const struct {
        const char *name, *hex;
        enum error_code rc;
        enum pkcs15_object object;
    } rows[] = {
        { "plain", "30 18" LABEL LWM2M_OID "A1 06 30 04 04 02 64 33", ERROR_NONE, PKCS15_LWM2M },
        { "OID in an OID", "30 1A" LABEL "30 08 06 06 06 04 67 2B 09 01 A1 06 30 04 04 02 64 33", ERROR_NONE, PKCS15_LWM2M },
        { "nothing of common attributes", "30 12 30 00" LWM2M_OID "A1 06 30 04 04 02 64 33", ERROR_NONE, PKCS15_LWM2M },
        { "name before the OID", "30 1B" LABEL "30 09 0C 01 79 06 04 67 2B 05 01 A1 06 30 04 04 02 64 33", ERROR_NONE, PKCS15_CP },
        { "name and no OID", "30 0D" LABEL "30 03 0C 01 79", ERROR_NONE, PKCS15_OTHER },
        { "foreign OID, odd path", "30 12" LABEL "30 06 06 04 67 2B 09 02 04 00", ERROR_NONE, PKCS15_OTHER },
        { "longer OID", "30 19" LABEL "30 07 06 05 67 2B 09 01 01 A1 06 30 04 04 02 64 33", ERROR_NONE, PKCS15_OTHER },
        { "external object", "A0 04 30 02 04 00", ERROR_NONE, PKCS15_OTHER },
        { "itself by its absolute path", "30 1C" LABEL LWM2M_OID "A1 0A 30 08 04 06 3F 00 7F 50 64 30", ERROR_INVALID, PKCS15_LWM2M },
        { "no path", "30 10" LABEL LWM2M_OID, ERROR_TRUNCATED, PKCS15_LWM2M },
        { "index without length", "30 1B" LABEL LWM2M_OID "A1 09 30 07 04 02 64 33 02 01 00", ERROR_TRUNCATED, PKCS15_LWM2M },
        { "negative length", "30 1E" LABEL LWM2M_OID "A1 0C 30 0A 04 02 64 33 02 01 00 80 01 FF", ERROR_MALFORMED, PKCS15_LWM2M },
        { "length over 32 KiB", "30 20" LABEL LWM2M_OID "A1 0E 30 0C 04 02 64 33 02 01 00 80 03 00 80 01", ERROR_TOO_LARGE, PKCS15_LWM2M },
        { "index over 32 KiB", "30 20" LABEL LWM2M_OID "A1 0E 30 0C 04 02 64 33 02 03 00 80 01 80 01 00", ERROR_TOO_LARGE, PKCS15_LWM2M },
        { "the same name in another folder", "30 1C" LABEL LWM2M_OID "A1 0A 30 08 04 06 3F 00 7F 50 64 31", ERROR_NONE, PKCS15_LWM2M },
        { "OID that begins as one", "30 17" LABEL "30 05 06 03 06 01 67", ERROR_TRUNCATED, PKCS15_OTHER },
        { "entry over its end", "30 19" LABEL LWM2M_OID "A1 06 30 04 04 02 64 33", ERROR_TRUNCATED, PKCS15_OTHER },
        { "path over its container", "30 18" LABEL LWM2M_OID "A1 06 30 06 04 02 64 33", ERROR_TRUNCATED, PKCS15_LWM2M },
        { "indefinite entry", "30 80" LABEL LWM2M_OID "A1 06 30 04 04 02 64 33 00 00", ERROR_MALFORMED, PKCS15_OTHER },
        { "indefinite path", "30 1A" LABEL LWM2M_OID "A1 08 30 80 04 02 64 33 00 00", ERROR_MALFORMED, PKCS15_LWM2M },
        { "path of no file", "30 16" LABEL LWM2M_OID "A1 04 30 02 04 00", ERROR_MALFORMED, PKCS15_LWM2M },
        { "padding", "FF FF", ERROR_NOT_FOUND, PKCS15_OTHER },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct octets o = octets_of_hex(rows[i].hex);
        struct reader r = reader_make(o.data, o.len);
        struct pkcs15_entry e;
        g_test_message("%s", rows[i].name);
        g_assert_cmpint(dodf_next(&r, &e), ==, rows[i].rc);
        g_assert_cmpint(e.object, ==, rows[i].object);
        octets_free(&o);
    }
}

static void the_oid_of_dm_can_be_set(void)
{
    static const struct pkcs15_path self = { .octets = { 0x64, 0x30 }, .len = 2 };
    static const struct {
        const char *dm_oid;
        enum pkcs15_object object;
    } rows[] = { { NULL, PKCS15_DM }, { "2.23.43.7.1", PKCS15_DM }, { "2.23.43.7.2", PKCS15_OTHER }, { "1.2.840.113549", PKCS15_OTHER }, { "nonsense", PKCS15_OTHER },
                 { "2.23.43.7.1x", PKCS15_OTHER }, { "1.2.4294967295.4294967295.4294967295.4294967295", PKCS15_OTHER } };
    struct octets o = octets_of_hex("30 18" LABEL "30 06 06 04 67 2B 07 01 A1 06 30 04 04 02 64 33");
    struct octets rsa = octets_of_hex("30 1A" LABEL "30 08 06 06 2A 86 48 86 F7 0D A1 06 30 04 04 02 64 33");
    struct pkcs15_entry e;
    struct reader r;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        r = reader_make(o.data, o.len);
        g_assert_cmpint(pkcs15_dodf_next(&r, &self, rows[i].dm_oid, &e, NULL), ==, ERROR_NONE);
        g_assert_cmpint(e.object, ==, rows[i].object);
    }
    r = reader_make(rsa.data, rsa.len);
    g_assert_cmpint(pkcs15_dodf_next(&r, &self, "1.2.840.113549", &e, NULL), ==, ERROR_NONE);
    g_assert_cmpint(e.object, ==, PKCS15_DM);
    octets_free(&rsa);
    octets_free(&o);
}

static void answers_to_select(void)
{
    static const struct {
        const char *hex;
        bool good;
        uint32_t size;
        uint16_t record;
        uint8_t records;
    } rows[] = {
        { "621682024121830264338A01058B032F0601800200DF8800", true, 223, 0, 0 },
        { "62 0B 82 05 42 21 00 26 02 80 02 00 4C", true, 76, 38, 2 },
        { "62 04 80 02 80 00", true, 32768, 0, 0 },
        { "62 03 80 01 C8", true, 200, 0, 0 },
        { "62 02 80 00", false, 0, 0, 0 },
        { "62 07 80 05 01 00 00 00 00", false, 0, 0, 0 },
        { "6F 04 80 02 00 10", false, 0, 0, 0 },
        { "62 05 80 02 00 10", false, 0, 0, 0 },
        { "62 80 80 02 00 10 00 00", false, 0, 0, 0 },
        { "62 04 82 02 78 21", false, 0, 0, 0 },
        { "", false, 0, 0, 0 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct octets o = octets_of_hex(rows[i].hex);
        uint32_t size;
        uint16_t record;
        uint8_t records;
        g_test_message("%s", rows[i].hex);
        g_assert_cmpint(fcp_read(octets_slice(&o), &size, &record, &records), ==, rows[i].good);
        g_assert_true(!rows[i].good || (size == rows[i].size && record == rows[i].record && records == rows[i].records));
        octets_free(&o);
    }
}

static void padding_is_no_content(void)
{
    static const struct {
        const char *hex;
        size_t len;
    } rows[] = { { "03 0B 6A 01 FF FF", 4 }, { "FF FF FF", 0 }, { "00 00 00", 0 }, { "", 0 }, { "00 01 FF", 2 }, { "00 00 FF FF", 0 } };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct octets o = octets_of_hex(rows[i].hex);
        g_assert_cmpuint(pkcs15_content(octets_slice(&o)).len, ==, rows[i].len);
        octets_free(&o);
    }
}

/* --- the LwM2M file --- */

/* All objects, or the first fault. */
static enum error_code walk_objects(struct slice file)
{
    struct lwm2m_card c;
    struct lwm2m_card_object o;
    struct error err = { 0 };
    enum error_code rc = lwm2m_card_open(&c, file, &err);
    while (!rc && c.left)
        rc = lwm2m_card_next(&c, &o, &err);
    g_assert_cmpint(err.code, ==, rc);
    return rc;
}

static void versions_of_objects(void)
{
    struct octets o = octets_of_hex(vector_text(at(image, "lwm2m_file_version_1_1"), "hex"));
    struct lwm2m_card c;
    struct lwm2m_card_object object;
    g_assert_cmpint(lwm2m_card_open(&c, octets_slice(&o), NULL), ==, ERROR_NONE);
    g_assert_cmpuint(c.left, ==, 2);
    for (uint16_t id = 0; id < 2; id++) {
        g_assert_cmpint(lwm2m_card_next(&c, &object, NULL), ==, ERROR_NONE);
        g_assert_true(object.id == id && object.major == 1 && object.minor == 1);
    }
    g_assert_cmpuint(c.left, ==, 0);
    octets_free(&o);
}

static void every_truncation_is_refused(void)
{
    struct octets o = octets_of_hex(vector_text(at(image, "lwm2m_file"), "hex"));
    for (size_t len = 0; len < o.len; len++) {
        struct octets cut = octets_copy(o.data, len);
        g_assert_cmpint(walk_objects(octets_slice(&cut)), ==, ERROR_TRUNCATED);
        octets_free(&cut);
    }
    octets_free(&o);
}

static void a_file_in_its_padding(void)
{
    struct octets o = file_of("ADF:PKCS15/6433");
    struct slice content = lwm2m_card_content(octets_slice(&o));
    g_assert_cmpuint(content.len, ==, 203);
    g_assert_cmpint(walk_objects(octets_slice(&o)), ==, ERROR_NONE); /* padding is no fault either */
    o.data[o.len - 1] = 0x01;
    g_assert_cmpint(walk_objects(octets_slice(&o)), ==, ERROR_MALFORMED);
    octets_free(&o);
}

static void wrong_sizes_of_the_file(void)
{
    static const struct {
        const char *hex;
        enum error_code rc;
    } rows[] = {
        { "00 00 00 00", ERROR_NONE },
        { "00 00 00 01 00", ERROR_MALFORMED },
        { "00 01 00 05 00 00 00 00 01", ERROR_TRUNCATED },            /* object over the announced end */
        { "00 02 00 05 00 00 00 00 00", ERROR_TRUNCATED },            /* one object, two announced */
        { "00 01 00 06 00 00 00 00 00 01", ERROR_MALFORMED },         /* octets after the last object */
        { "00 02 00 0A 00 00 00 00 00 00 00 00 00 00", ERROR_NONE },
        { "00 01", ERROR_TRUNCATED },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct octets o = octets_of_hex(rows[i].hex);
        g_test_message("%s", rows[i].hex);
        g_assert_cmpint(walk_objects(octets_slice(&o)), ==, rows[i].rc);
        octets_free(&o);
    }
    g_autofree uint8_t *large = g_malloc0(PKCS15_FILE_MAX + 1);
    g_assert_cmpint(walk_objects((struct slice){ large, PKCS15_FILE_MAX + 1 }), ==, ERROR_TOO_LARGE);
}

/* --- malformed vectors --- */

static const char *verdict(enum error_code rc, bool absent, bool foreign)
{
    return absent ? "absent" : foreign ? "skip-entry" : rc ? "reject" : "accept";
}

static const char *judge(const char *file, struct slice octets)
{
    struct pkcs15_entry e = { .object = PKCS15_LWM2M };
    struct pkcs15_path p;
    struct reader r = reader_make(octets.data, octets.len);
    if (strcmp(file, "ODF") == 0)
        return verdict(pkcs15_odf_next(&r, &p, NULL), false, false);
    if (strcmp(file, "DODF") == 0) {
        enum error_code rc = dodf_next(&r, &e);
        return verdict(rc, false, e.object == PKCS15_OTHER && !rc);
    }
    return verdict(walk_objects(octets), lwm2m_card_content(octets).len == 0, false);
}

static void malformed_files(void)
{
    const json_t *v;
    size_t i;
    json_array_foreach(at(image, "malformed"), i, v) {
        struct octets o = octets_of_hex(vector_text(v, "hex"));
        g_test_message("%s", vector_text(v, "name"));
        g_assert_cmpstr(judge(vector_text(v, "file"), octets_slice(&o)), ==, vector_text(v, "verdict"));
        octets_free(&o);
    }
    g_assert_cmpuint(i, >=, 5);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    image = vectors_index("card-image.json");
    g_test_add_func("/card/items of BER", items_of_ber);
    g_test_add_func("/card/numbers of BER", numbers_of_ber);
    g_test_add_func("/card/templates of EF_DIR", templates_of_ef_dir);
    g_test_add_func("/card/object directories", object_directories);
    g_test_add_func("/card/the directory of the image", the_directory_of_the_image);
    g_test_add_func("/card/entries of a directory", entries_of_a_directory);
    g_test_add_func("/card/the OID of DM can be set", the_oid_of_dm_can_be_set);
    g_test_add_func("/card/answers to SELECT", answers_to_select);
    g_test_add_func("/card/padding is no content", padding_is_no_content);
    g_test_add_func("/card/versions of objects", versions_of_objects);
    g_test_add_func("/card/every truncation is refused", every_truncation_is_refused);
    g_test_add_func("/card/a file in its padding", a_file_in_its_padding);
    g_test_add_func("/card/wrong sizes of the file", wrong_sizes_of_the_file);
    g_test_add_func("/card/malformed files", malformed_files);
    int rc = g_test_run();
    json_decref(image);
    return rc;
}
