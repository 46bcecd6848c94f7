/* SPDX-License-Identifier: Apache-2.0 */
/* WSP push header: each rule of the format with an octet string that shows it, then the pushes of the vectors. */
#include <glib.h>
#include <string.h>

#include "codec/wsp.h"
#include "support/vectors.h"

#define TEXT_CP "6170706c69636174696f6e2f766e642e7761702e636f6e6e65637469766974792d7762786d6c00"

struct row {
    const char *name, *hex;
    enum error_code rc;
    enum wsp_media media;
    int sec;            /* -1: none */
    const char *mac;    /* NULL: none */
    int64_t application; /* -1: none */
};

static const struct row rows[] = {
    { "short type", "01 06 01 B6 03", ERROR_NONE, WSP_MEDIA_CP_WBXML, -1, NULL, -1 },
    { "xml type", "01 06 01 B5 3C", ERROR_NONE, WSP_MEDIA_CP_XML, -1, NULL, -1 },
    { "dm types", "01 06 01 C2 03", ERROR_NONE, WSP_MEDIA_DM_WBXML, -1, NULL, -1 },
    { "dm xml", "01 06 01 C3 03", ERROR_NONE, WSP_MEDIA_DM_XML, -1, NULL, -1 },
    { "other type", "01 06 01 83 03", ERROR_NONE, WSP_MEDIA_OTHER, -1, NULL, -1 },
    { "text type", "01 06 27 " TEXT_CP " 03", ERROR_NONE, WSP_MEDIA_CP_WBXML, -1, NULL, -1 },
    { "text type in a length", "01 06 2B 1F 29 " TEXT_CP " 91 80 03", ERROR_NONE, WSP_MEDIA_CP_WBXML, 0, NULL, -1 },
    { "text type with a quote", "01 06 28 7F " TEXT_CP " 03", ERROR_NONE, WSP_MEDIA_OTHER, -1, NULL, -1 },
    { "long integer type", "01 06 03 02 01 36 03", ERROR_NONE, WSP_MEDIA_CP_WBXML, -1, NULL, -1 },
    { "sec and mac", "07 06 08 07 B6 91 81 92 41 42 00 03", ERROR_NONE, WSP_MEDIA_CP_WBXML, 1, "AB", -1 },
    { "mac first", "07 06 08 07 B6 92 41 42 00 91 82 03", ERROR_NONE, WSP_MEDIA_CP_WBXML, 2, "AB", -1 },
    { "quoted mac", "07 06 09 08 B6 91 81 92 7F 41 42 00 03", ERROR_NONE, WSP_MEDIA_CP_WBXML, 1, "AB", -1 },
    { "charset between", "07 06 0A 09 B6 91 81 81 EA 92 41 42 00 03", ERROR_NONE, WSP_MEDIA_CP_WBXML, 1, "AB", -1 },
    { "named parameter", "07 06 0A 09 B6 41 00 42 00 91 80 82 80 03", ERROR_NONE, WSP_MEDIA_CP_WBXML, 0, NULL, -1 },
    { "sec twice", "07 06 06 05 B6 91 80 91 81 03", ERROR_MALFORMED, 0, -1, NULL, -1 },
    { "mac twice", "07 06 08 07 B6 92 41 00 92 41 00 03", ERROR_MALFORMED, 0, -1, NULL, -1 },
    { "sec no short integer", "07 06 06 05 B6 91 01 01 80 03", ERROR_MALFORMED, 0, -1, NULL, -1 },
    { "mac without end", "07 06 06 05 B6 92 41 42 43 03", ERROR_TRUNCATED, 0, -1, NULL, -1 },
    { "parameter without value", "07 06 03 02 B6 91 03", ERROR_TRUNCATED, 0, -1, NULL, -1 },
    { "application", "01 06 03 C4 AF 87 01", ERROR_NONE, WSP_MEDIA_DM_NOTIFICATION, -1, NULL, WSP_APPLICATION_SYNCML_DM },
    { "application lwm2m", "01 06 03 C4 AF 9A 01", ERROR_NONE, WSP_MEDIA_DM_NOTIFICATION, -1, NULL, WSP_APPLICATION_LWM2M_DM },
    { "application as long integer", "01 06 05 C4 AF 02 12 34 01", ERROR_NONE, WSP_MEDIA_DM_NOTIFICATION, -1, NULL, 0x1234 },
    { "application text", "01 06 1E C4 AF 782d7761702d6170706c69636174696f6e3a73796e636d6c2e646d00 01", ERROR_NONE, WSP_MEDIA_DM_NOTIFICATION, -1, NULL,
      WSP_APPLICATION_SYNCML_DM },
    { "application unknown text", "01 06 04 C4 AF 61 00 01", ERROR_NONE, WSP_MEDIA_DM_NOTIFICATION, -1, NULL, WSP_APPLICATION_OTHER },
    { "application text in capitals", "01 06 1E C4 AF 582d5741502d4150504c49434154494f4e3a53594e434d4c2e444d00 01", ERROR_NONE, WSP_MEDIA_DM_NOTIFICATION, -1,
      NULL, WSP_APPLICATION_SYNCML_DM },
    { "application text lwm2m", "01 06 1D C4 AF 782d7761702d6170706c69636174696f6e3a6c776d326d2e646d00 01", ERROR_NONE, WSP_MEDIA_DM_NOTIFICATION, -1, NULL,
      WSP_APPLICATION_LWM2M_DM },
    { "application lwm2m as long integer", "01 06 04 C4 AF 01 9A 01", ERROR_NONE, WSP_MEDIA_DM_NOTIFICATION, -1, NULL, WSP_APPLICATION_LWM2M_DM },
    { "application text twice", "01 06 06 C4 AF 61 00 AF 87 01", ERROR_MALFORMED, 0, -1, NULL, -1 },
    { "application twice", "01 06 05 C4 AF 87 AF 87 01", ERROR_MALFORMED, 0, -1, NULL, -1 },
    { "headers of every class", "01 06 0E B6 B4 80 B0 02 01 02 58 00 59 00 01 7F 02 03", ERROR_NONE, WSP_MEDIA_CP_WBXML, -1, NULL, -1 },
    { "header past the end", "01 06 04 B6 B0 05 01 03", ERROR_TRUNCATED, 0, -1, NULL, -1 },
    { "confirmed push", "01 07 01 B6 03", ERROR_NOT_SUPPORTED, 0, -1, NULL, -1 },
    { "no body", "01 06 01 B6", ERROR_MALFORMED, 0, -1, NULL, -1 },
    { "no content type", "01 06 00 03", ERROR_TRUNCATED, 0, -1, NULL, -1 },
    { "length over header", "01 06 03 05 B6 91 80 80", ERROR_TRUNCATED, 0, -1, NULL, -1 },
    { "uintvar too long", "01 06 80 80 80 80 80 01 B6 03", ERROR_TRUNCATED, 0, -1, NULL, -1 },
    { "uintvar over 32 bits", "01 06 9F FF FF FF 7F B6 03", ERROR_TRUNCATED, 0, -1, NULL, -1 },
    { "nothing", "", ERROR_TRUNCATED, 0, -1, NULL, -1 },
};

static void check_row(gconstpointer data)
{
    const struct row *row = data;
    struct octets pdu = octets_of_hex(row->hex);
    struct wsp_push push;
    struct error err = { 0 };
    g_assert_cmpint(wsp_push_parse(octets_slice(&pdu), &push, &err), ==, row->rc);
    g_assert_cmpint(err.code, ==, row->rc);
    if (row->rc == ERROR_NONE) {
        g_assert_cmpint(push.media, ==, row->media);
        g_assert_cmpint(push.has_sec ? push.sec : -1, ==, row->sec);
        g_assert_cmpint(push.has_mac, ==, row->mac != NULL);
        g_assert_true(!row->mac || slice_is(push.mac_text, row->mac));
        g_assert_cmpint(push.has_application_id ? (int64_t)push.application_id : -1, ==, row->application);
        g_assert_cmpuint(push.tid, ==, pdu.data[0]);
        g_assert_cmpuint(push.body.len, ==, 1);
    } else {
        g_assert_cmpstr(err.text, !=, "");
    }
    octets_free(&pdu);
}

static void mac_is_forty_digits_of_one_case(void)
{
    static const struct {
        const char *text;
        bool good;
    } macs[] = {
        { "D537A74BE8B5F209689EDE0022D5ADC5B17D8F02", true },  { "d537a74be8b5f209689ede0022d5adc5b17d8f02", true },
        { "0123456789012345678901234567890123456789", true },  { "d537A74BE8B5F209689EDE0022D5ADC5B17D8F02", false },
        { "D537A74BE8B5F209689EDE0022D5ADC5B17D8F", false },   { "D537A74BE8B5F209689EDE0022D5ADC5B17D8F0202", false },
        { "G537A74BE8B5F209689EDE0022D5ADC5B17D8F02", false }, { "", false },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(macs); i++) {
        uint8_t mac[20] = { 0 };
        struct error err = { 0 };
        struct wsp_push push = { .mac_text = { (const uint8_t *)macs[i].text, strlen(macs[i].text) } };
        g_assert_cmpint(wsp_mac_decode(&push, mac, &err) == ERROR_NONE, ==, macs[i].good);
        g_assert_cmpint(err.code == ERROR_NONE, ==, macs[i].good);
    }
    for (size_t small = 0; small < 40; small++) /* two letters of two cases, wherever they stand */
        for (size_t large = 0; large < 40; large++) {
            uint8_t text[40], out[20];
            memset(text, '0', sizeof text);
            text[small] = 'a';
            text[large] = 'F';
            struct wsp_push mixed = { .mac_text = { text, sizeof text } };
            g_assert_cmpint(wsp_mac_decode(&mixed, out, NULL), ==, small == large ? ERROR_NONE : ERROR_MALFORMED);
        }
    uint8_t mac[20];
    struct wsp_push push = { .mac_text = { (const uint8_t *)macs[0].text, 40 } };
    g_assert_cmpint(wsp_mac_decode(&push, mac, NULL), ==, ERROR_NONE);
    g_assert_cmpuint(mac[0], ==, 0xD5);
    g_assert_cmpuint(mac[19], ==, 0x02);
}

/* Every message of a part of index-dm.json: type, application and body are what the index says. */
static void check_part(const json_t *index, const char *part, const char *body_key, enum wsp_media media, int64_t application)
{
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(index, part), i, v) {
        struct octets pdu = vectors_file(vector_text(v, "pdu_file"));
        const char *body_file = vector_text(v, "wbxml_file");
        struct octets body = body_key ? octets_of_hex(vector_text(v, body_key)) : vectors_file(body_file);
        struct wsp_push push;
        struct error err = { 0 };
        g_test_message("%s", vector_text(v, "name"));
        g_assert_cmpint(wsp_push_parse(octets_slice(&pdu), &push, &err), ==, ERROR_NONE);
        g_assert_cmpint(push.media, ==, media);
        g_assert_cmpint(push.has_application_id ? (int64_t)push.application_id : -1, ==, application);
        g_assert_true(slice_equal(push.body, octets_slice(&body)));
        octets_free(&pdu);
        octets_free(&body);
    }
    g_assert_cmpuint(i, >, 0);
}

static void pushes_of_device_management(void)
{
    json_t *index = vectors_index("index-dm.json");
    check_part(index, "package0", "package0_hex", WSP_MEDIA_DM_NOTIFICATION, WSP_APPLICATION_SYNCML_DM);
    check_part(index, "lwm2m_trigger", "coap_hex", WSP_MEDIA_DM_NOTIFICATION, WSP_APPLICATION_LWM2M_DM);
    check_part(index, "bootstrap", NULL, WSP_MEDIA_DM_WBXML, WSP_APPLICATION_SYNCML_DM);
    json_decref(index);
}

static void names_of_media(void)
{
    g_assert_cmpstr(wsp_media_name(WSP_MEDIA_CP_WBXML), ==, "application/vnd.wap.connectivity-wbxml");
    g_assert_cmpstr(wsp_media_name(WSP_MEDIA_OTHER), ==, "other");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/wsp/%s", rows[i].name);
        g_test_add_data_func(path, &rows[i], check_row);
    }
    g_test_add_func("/wsp/mac is 40 digits of one case", mac_is_forty_digits_of_one_case);
    g_test_add_func("/wsp/pushes of device management", pushes_of_device_management);
    g_test_add_func("/wsp/names of media", names_of_media);
    return g_test_run();
}
