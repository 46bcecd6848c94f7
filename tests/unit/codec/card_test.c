/* SPDX-License-Identifier: Apache-2.0 */
/* Card files: the image and every malformed file of card-image.json, TLV forms that cards have and must not have, directories that lead astray, and the
 * LwM2M bootstrap file with each of its fields wrong once. */
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

static void accounts_of_the_vectors(void)
{
    static const char *const names[] = { "lwm2m_file", "lwm2m_file_version_1_1" };
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        struct octets o = octets_of_hex(vector_text(at(image, names[i]), "hex"));
        struct settings *s = settings_new();
        struct error err = { 0 };
        g_assert_cmpint(lwm2m_card_accounts(octets_slice(&o), s, &err), ==, ERROR_NONE);
        g_assert_cmpint(err.code, ==, ERROR_NONE);
        g_assert_cmpuint(s->lwm2ms, ==, 2);
        g_assert_cmpuint(s->lwm2m[0].short_server_id, ==, 0);
        g_assert_cmpstr(s->lwm2m[0].uri, ==, "coaps://bs.example.net:5684");
        g_assert_cmpuint(s->lwm2m[1].short_server_id, ==, 101);
        g_assert_cmpstr(s->lwm2m[1].uri, ==, "coaps://lwm2m.example.net:5684");
        g_assert_cmpstr(s->lwm2m[1].identity, ==, "dev-identity");
        g_assert_cmpuint(s->lwm2m[1].key_len, ==, 16);
        g_assert_cmpuint(s->lwm2m[1].key[0], ==, 0x20);
        g_assert_cmpuint(s->lwm2m[1].lifetime, ==, 86400);
        settings_free(s);
        octets_free(&o);
    }
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
        struct settings *s = settings_new();
        g_assert_cmpint(lwm2m_card_accounts(octets_slice(&cut), s, NULL), !=, ERROR_NONE);
        g_assert_cmpuint(s->lwm2ms, ==, 0);
        settings_free(s);
        octets_free(&cut);
    }
    octets_free(&o);
}

static void a_file_in_its_padding(void)
{
    struct octets o = file_of("ADF:PKCS15/6433");
    struct slice content = lwm2m_card_content(octets_slice(&o));
    g_assert_cmpuint(content.len, ==, 203);
    struct settings *s = settings_new();
    g_assert_cmpint(lwm2m_card_accounts(octets_slice(&o), s, NULL), ==, ERROR_NONE); /* padding is no fault either */
    settings_free(s);
    o.data[o.len - 1] = 0x01;
    s = settings_new();
    g_assert_cmpint(lwm2m_card_accounts(octets_slice(&o), s, NULL), ==, ERROR_MALFORMED);
    settings_free(s);
    octets_free(&o);
}

#define URI "C8 00 11 63 6F 61 70 73 3A 2F 2F 68 2E 65 78 61 6D 70 6C 65"
#define URI_TLS "C8 00 15 63 6F 61 70 73 2B 74 63 70 3A 2F 2F 68 2E 65 78 61 6D 70 6C 65"
#define IDENTITY "C1 03 69"
#define KEY "C8 05 10 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F"
/* One server, Short Server ID 7, lifetime 60; sizes are written by hand on purpose. */
#define SECURITY_7 URI "C1 01 00 C1 02 00" IDENTITY KEY "C1 0A 07"
#define SERVER_7 "C1 00 07 C1 01 3C C1 07 55"

static const struct {
    const char *name, *security, *server; /* content of /0/0 and of /1/0 (NULL: no such object) */
    enum error_code rc;
} files[] = {
    { "good", SECURITY_7, SERVER_7, ERROR_NONE },
    { "over TLS", URI_TLS "C1 01 00 C1 02 00" IDENTITY KEY "C1 0A 07", SERVER_7, ERROR_NONE },
    { "no lifetime: a day", SECURITY_7, "C1 00 07", ERROR_NONE },
    { "resources of others", SECURITY_7 "E1 10 00 2A C1 0B 00", SERVER_7 "C1 08 00", ERROR_NONE },
    { "server id of two octets", URI "C1 01 00 C1 02 00" IDENTITY KEY "C2 0A FF FE", "C2 00 FF FE", ERROR_NONE },
    { "no security", URI "C1 01 00 C1 02 03 C1 0A 07", SERVER_7, ERROR_POLICY },
    { "raw public key", URI "C1 01 00 C1 02 01" IDENTITY KEY "C1 0A 07", SERVER_7, ERROR_NOT_SUPPORTED },
    { "certificates", URI "C1 01 00 C1 02 02" IDENTITY KEY "C1 0A 07", SERVER_7, ERROR_NOT_SUPPORTED },
    { "no such mode", URI "C1 01 00 C1 02 05" IDENTITY KEY "C1 0A 07", SERVER_7, ERROR_INVALID },
    { "no mode", URI "C1 01 00" IDENTITY KEY "C1 0A 07", SERVER_7, ERROR_INVALID },
    { "no such boolean", URI "C1 01 02 C1 02 00" IDENTITY KEY "C1 0A 07", SERVER_7, ERROR_INVALID },
    { "coap without s", "C7 00 63 6F 61 70 3A 2F 2F C1 01 00 C1 02 00" IDENTITY KEY "C1 0A 07", SERVER_7, ERROR_INVALID },
    { "no URI", "C1 01 00 C1 02 00" IDENTITY KEY "C1 0A 07", SERVER_7, ERROR_INCOMPLETE },
    { "NUL in the identity", URI "C1 01 00 C1 02 00 C2 03 00 69" KEY "C1 0A 07", SERVER_7, ERROR_INCOMPLETE },
    { "lifetime of three octets", SECURITY_7, "C1 00 07 C3 01 00 00 3C", ERROR_INVALID },
    { "server id of three octets", URI "C1 01 00 C1 02 00" IDENTITY KEY "C3 0A 00 00 07", SERVER_7, ERROR_INVALID },
    { "no key", URI "C1 01 00 C1 02 00" IDENTITY "C1 0A 07", SERVER_7, ERROR_INVALID },
    { "key of 15 octets", URI "C1 01 00 C1 02 00" IDENTITY "C8 05 0F 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E C1 0A 07", SERVER_7, ERROR_INVALID },
    { "server id 0", URI "C1 01 00 C1 02 00" IDENTITY KEY "C1 0A 00", SERVER_7, ERROR_INVALID },
    { "server id 65535", URI "C1 01 00 C1 02 00" IDENTITY KEY "C2 0A FF FF", SERVER_7, ERROR_INVALID },
    { "no server id", URI "C1 01 00 C1 02 00" IDENTITY KEY, SERVER_7, ERROR_INVALID },
    { "another server", SECURITY_7, "C1 00 08 C1 01 3C", ERROR_INCOMPLETE },
    { "no object 1", SECURITY_7, NULL, ERROR_INCOMPLETE },
    { "no object 0", NULL, SERVER_7, ERROR_INCOMPLETE },
    { "lifetime 0", SECURITY_7, "C1 00 07 C1 01 00", ERROR_INVALID },
    { "negative lifetime", SECURITY_7, "C1 00 07 C1 01 FF", ERROR_INVALID },
    { "SMS binding", SECURITY_7, "C1 00 07 C1 07 53", ERROR_NOT_SUPPORTED },
    { "resource twice", SECURITY_7 "C1 0A 08", SERVER_7, ERROR_MALFORMED },
    { "instance in an instance", SECURITY_7 "00 00", SERVER_7, ERROR_MALFORMED },
    { "resource over the instance", SECURITY_7 "C8 06 10 00", SERVER_7, ERROR_MALFORMED },
    { "bootstrap server alone", URI "C1 01 01 C1 02 00" IDENTITY KEY, NULL, ERROR_NONE },
};

static void put_object(GByteArray *out, guint8 id, const char *instance)
{
    struct octets o = octets_of_hex(instance);
    guint8 head[] = { 0, id, 0, 0, (guint8)(o.len + 3), 0x08, 0, (guint8)o.len };
    g_assert_cmpuint(o.len, <, 250);
    g_byte_array_append(out, head, sizeof head);
    g_byte_array_append(out, o.data, (guint)o.len);
    octets_free(&o);
}

static GByteArray *file_make(const char *security, const char *server)
{
    GByteArray *out = g_byte_array_new();
    guint8 head[4] = { 0, (guint8)((security ? 1 : 0) + (server ? 1 : 0)) };
    g_byte_array_append(out, head, sizeof head);
    if (server) /* the order of objects is free */
        put_object(out, 1, server);
    if (security)
        put_object(out, 0, security);
    out->data[2] = (guint8)((out->len - 4) >> 8);
    out->data[3] = (guint8)(out->len - 4);
    return out;
}

static void accounts_of_files(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        GByteArray *f = file_make(files[i].security, files[i].server);
        struct settings *s = settings_new();
        struct error err = { 0 };
        g_test_message("%s", files[i].name);
        g_assert_cmpint(lwm2m_card_accounts((struct slice){ f->data, f->len }, s, &err), ==, files[i].rc);
        g_assert_cmpint(err.code, ==, files[i].rc);
        g_assert_cmpuint(s->lwm2ms, ==, files[i].rc ? 0 : 1);
        if (files[i].rc) /* nothing of it stays */
            for (size_t k = 0; k < sizeof s->lwm2m; k++)
                g_assert_cmpuint(((const guint8 *)s->lwm2m)[k], ==, 0);
        settings_free(s);
        g_byte_array_unref(f);
    }
}

/* The numbers of the instances are the accounts' own; 65535 is none (Core TS 1.1.1 clause 7.3). */
static void instances_of_files(void)
{
    GByteArray *f = file_make(SECURITY_7, SERVER_7);
    struct settings *s = settings_new();
    guint8 *server = &f->data[4 + 6], *security = &server[2 + 9 + 6]; /* behind the heads of file, object and instance */
    g_assert_cmpuint(server[0], ==, 0);
    server[0] = 7;
    g_assert_cmpuint(security[0], ==, 0);
    security[0] = 12;
    g_assert_cmpint(lwm2m_card_accounts((struct slice){ f->data, f->len }, s, NULL), ==, ERROR_NONE);
    g_assert_true(s->lwm2m[0].security_instance.given && s->lwm2m[0].security_instance.id == 12);
    g_assert_true(s->lwm2m[0].server_instance.given && s->lwm2m[0].server_instance.id == 7);
    settings_free(s);
    g_byte_array_unref(f);
}

/* Object 2: who owns what, and who else may do what. */
static void rights_of_files(void)
{
    static const struct {
        const char *row;
        enum error_code rc;
    } rows[] = {
        { "C1 00 03 C1 01 00 86 02 41 00 01 41 07 0F C1 03 07", ERROR_NONE },
        { "C1 00 03 C1 01 00 C1 03 07", ERROR_NONE },                 /* nobody else */
        { "C1 00 03 C2 01 FF FF C2 03 FF FF", ERROR_NONE },           /* the whole object; a bootstrap's own */
        { "C1 00 03 C1 01 00 C1 03 08", ERROR_INVALID },              /* no server of the file owns it */
        { "C1 00 03 C1 01 00 83 02 41 08 01 C1 03 07", ERROR_INVALID }, /* nor is it named */
        { "C1 00 03 C1 01 00 83 02 41 07 20 C1 03 07", ERROR_INVALID }, /* no such right */
        { "C1 00 03 C1 01 00 C1 02 01 C1 03 07", ERROR_INVALID },     /* not a multiple resource */
        { "C1 00 00 C1 01 00 C1 03 07", ERROR_INVALID },              /* nobody has rights on keys */
        { "C1 00 03 C1 01 00", ERROR_INVALID },
        { "C1 00 03 C3 01 00 00 00 C1 03 07", ERROR_INVALID },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GByteArray *f = file_make(SECURITY_7, SERVER_7);
        struct settings *s = settings_new();
        struct error err = { 0 };
        f->data[1]++;
        put_object(f, 2, rows[i].row);
        f->data[3] = (guint8)(f->len - 4);
        g_test_message("%s", rows[i].row);
        g_assert_cmpint(lwm2m_card_accounts((struct slice){ f->data, f->len }, s, &err), ==, rows[i].rc);
        g_assert_true((err.code == ERROR_NONE) == (s->lwm2ms == 1) && (err.code == ERROR_NONE) == s->rights->written);
        if (i == 0)
            g_assert_true(s->rights->at[0].object == 3 && s->rights->at[0].owner == 7 && s->rights->at[0].count == 2 && s->rights->at[0].acl[1].short_server_id == 7 &&
                          s->rights->at[0].acl[1].rights == 15 && access_rights_names(s->rights, 7));
        settings_free(s);
        g_byte_array_unref(f);
    }
}

static void wrong_sizes_of_the_file(void)
{
    static const struct {
        const char *hex;
        enum error_code rc;
    } rows[] = {
        { "00 00 00 00", ERROR_INCOMPLETE },
        { "00 00 00 01 00", ERROR_MALFORMED },
        { "00 01 00 05 00 00 00 00 01", ERROR_TRUNCATED },            /* object over the announced end */
        { "00 02 00 05 00 00 00 00 00", ERROR_TRUNCATED },            /* one object, two announced */
        { "00 01 00 06 00 00 00 00 00 01", ERROR_MALFORMED },         /* octets after the last object */
        { "00 02 00 0A 00 00 00 00 00 00 00 00 00 00", ERROR_INCOMPLETE }, /* object 0 twice, and empty */
        { "00 01 00 09 00 00 00 00 04 08 00 01 00", ERROR_MALFORMED },
        { "00 01", ERROR_TRUNCATED },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct octets o = octets_of_hex(rows[i].hex);
        struct settings *s = settings_new();
        g_test_message("%s", rows[i].hex);
        g_assert_cmpint(lwm2m_card_accounts(octets_slice(&o), s, NULL), ==, rows[i].rc);
        settings_free(s);
        octets_free(&o);
    }
    g_autofree uint8_t *large = g_malloc0(PKCS15_FILE_MAX + 1);
    struct lwm2m_card c;
    g_assert_cmpint(lwm2m_card_open(&c, (struct slice){ large, PKCS15_FILE_MAX + 1 }, NULL), ==, ERROR_TOO_LARGE);
}

static void more_servers_than_fit(void)
{
    GByteArray *f = file_make(URI "C1 01 01 C1 02 00" IDENTITY KEY, NULL);
    struct settings *s = settings_new();
    s->lwm2ms = 1;
    s->lwm2m[0].short_server_id = 0;
    g_assert_cmpint(lwm2m_card_accounts((struct slice){ f->data, f->len }, s, NULL), ==, ERROR_INVALID); /* one bootstrap server */
    s->lwm2m[0].short_server_id = 9;
    s->lwm2ms = SETTINGS_LWM2M;
    g_assert_cmpint(lwm2m_card_accounts((struct slice){ f->data, f->len }, s, NULL), ==, ERROR_TOO_LARGE);
    g_assert_cmpuint(s->lwm2ms, ==, SETTINGS_LWM2M);
    settings_free(s);
    g_byte_array_unref(f);
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
    struct settings *s = settings_new();
    enum error_code rc = lwm2m_card_accounts(octets, s, NULL);
    settings_free(s);
    return verdict(rc, lwm2m_card_content(octets).len == 0, false);
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
    g_test_add_func("/card/accounts of the vectors", accounts_of_the_vectors);
    g_test_add_func("/card/versions of objects", versions_of_objects);
    g_test_add_func("/card/every truncation is refused", every_truncation_is_refused);
    g_test_add_func("/card/a file in its padding", a_file_in_its_padding);
    g_test_add_func("/card/accounts of files", accounts_of_files);
    g_test_add_func("/card/accounts of files with numbers", instances_of_files);
    g_test_add_func("/card/rights of files", rights_of_files);
    g_test_add_func("/card/wrong sizes of the file", wrong_sizes_of_the_file);
    g_test_add_func("/card/more servers than fit", more_servers_than_fit);
    g_test_add_func("/card/malformed files", malformed_files);
    int rc = g_test_run();
    json_decref(image);
    return rc;
}
