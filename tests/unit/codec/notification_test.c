/* SPDX-License-Identifier: Apache-2.0 */
/* Package #0: each rule of the form with octets that show it, then the vectors, with their digests: no bit of an authentic one can be changed. */
#include <glib.h>
#include <string.h>

#include "base/text.h"
#include "codec/dm_digest.h"
#include "codec/notification.h"
#include "codec/wsp.h"
#include "support/vectors.h"

#define DIGEST "00112233445566778899AABBCCDDEEFF "

static const struct {
    const char *name, *hex;
    enum error_code rc;
    enum notification_ui ui;
    bool by_server;
    uint32_t future;
    uint16_t session;
    const char *server, *vendor;
} rows[] = {
    { "header of the specification", DIGEST "02 D0 00 00 00 12 34 01 61", ERROR_NONE, NOTIFICATION_BACKGROUND, false, 0, 0x1234, "a", "" },
    { "all fields", DIGEST "02 EF FF FF FF FF FE 02 61 62 76 77", ERROR_NONE, NOTIFICATION_INFORMATIVE, true, 0x7FFFFFF, 0xFFFE, "ab", "vw" },
    { "future without initiator", DIGEST "02 F4 00 00 01 00 00 01 61", ERROR_NONE, NOTIFICATION_INTERACTIVE, false, 0x4000001, 0, "a", "" },
    { "version 12", DIGEST "03 00 00 00 00 12 34 01 61", ERROR_NOT_SUPPORTED, 0, false, 0, 0, NULL, NULL },
    { "version 10", DIGEST "02 80 00 00 00 12 34 01 61", ERROR_NOT_SUPPORTED, 0, false, 0, 0, NULL, NULL },
    { "version with its top bit", DIGEST "82 C0 00 00 00 12 34 01 61", ERROR_NOT_SUPPORTED, 0, false, 0, 0, NULL, NULL },
    { "no server id", DIGEST "02 D0 00 00 00 12 34 00", ERROR_MALFORMED, 0, false, 0, 0, NULL, NULL },
    { "server id past the end", DIGEST "02 D0 00 00 00 12 34 02 61", ERROR_TRUNCATED, 0, false, 0, 0, NULL, NULL },
    { "control character", DIGEST "02 D0 00 00 00 12 34 02 61 0A", ERROR_MALFORMED, 0, false, 0, 0, NULL, NULL },
    { "delete character", DIGEST "02 D0 00 00 00 12 34 02 61 7F", ERROR_MALFORMED, 0, false, 0, 0, NULL, NULL },
    { "header cut", DIGEST "02 D0 00 00 00 12 34", ERROR_TRUNCATED, 0, false, 0, 0, NULL, NULL },
    { "digest cut", "00 11", ERROR_TRUNCATED, 0, false, 0, 0, NULL, NULL },
    { "nothing", "", ERROR_TRUNCATED, 0, false, 0, 0, NULL, NULL },
};

static void rules_of_the_form(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct octets body = octets_of_hex(rows[i].hex);
        struct notification n;
        struct error err = { 0 };
        g_test_message("%s", rows[i].name);
        g_assert_cmpint(notification_parse(octets_slice(&body), &n, &err), ==, rows[i].rc);
        g_assert_cmpint(err.code, ==, rows[i].rc);
        if (rows[i].rc == ERROR_NONE) {
            g_assert_cmpint(n.ui, ==, rows[i].ui);
            g_assert_cmpint(n.by_server, ==, rows[i].by_server);
            g_assert_cmpuint(n.future, ==, rows[i].future);
            g_assert_cmpuint(n.session_id, ==, rows[i].session);
            g_assert_true(slice_is(n.server_id, rows[i].server) && slice_is(n.vendor, rows[i].vendor));
            g_assert_cmpuint(n.trigger.len, ==, body.len - NOTIFICATION_DIGEST);
        }
        octets_free(&body);
    }
}

static void what_is_written_is_read(void)
{
    uint8_t out[600], digest[NOTIFICATION_DIGEST] = { 1, 2, 3 }, long_id[256];
    memset(long_id, 'x', sizeof long_id);
    struct notification n = { .digest = { digest, sizeof digest }, .ui = NOTIFICATION_INFORMATIVE, .by_server = true, .future = 5, .session_id = 0xBEEF,
                              .server_id = { long_id, 255 }, .vendor = { (const uint8_t *)"v", 1 } };
    struct writer w = writer_make(out, sizeof out);
    g_assert_true(notification_write(&n, &w));
    struct notification again;
    g_assert_cmpint(notification_parse(writer_slice(&w), &again, NULL), ==, ERROR_NONE);
    g_assert_true(again.ui == n.ui && again.by_server && again.future == 5 && again.session_id == 0xBEEF && again.server_id.len == 255 && again.vendor.len == 1);
    n.server_id.len = 256;
    g_assert_false(notification_write(&n, &w));
    n.server_id.len = 0;
    g_assert_false(notification_write(&n, &w));
    n.server_id.len = 1;
    n.future = 0x8000000;
    g_assert_false(notification_write(&n, &w));
    n.future = 0;
    n.digest.len = 15;
    g_assert_false(notification_write(&n, &w));
    w = writer_make(out, 25);
    n.digest.len = 16;
    g_assert_false(notification_write(&n, &w));
}

/* Form, server and digest, as the receiver of the vector judges them with the nonce of the vector. */
static bool accepted(struct slice body, const json_t *v)
{
    struct notification n;
    char server[256] = "", want[DM_DIGEST_CAP], have[32];
    if (notification_parse(body, &n, NULL))
        return false;
    memcpy(server, n.server_id.data, n.server_id.len);
    struct octets nonce = octets_of_hex(vector_text(v, "nonce_hex"));
    g_assert_true(dm_digest_hmac(server, vector_text(v, "server_password"), octets_slice(&nonce), n.trigger, want));
    g_assert_true(text_base64_encode(n.digest, have, sizeof have));
    octets_free(&nonce);
    return strcmp(server, vector_text(v, "server_id")) == 0 && strcmp(want, have) == 0;
}

static void check_fields(struct slice body, const json_t *v)
{
    const json_t *f = json_object_get(v, "fields");
    struct notification n;
    uint8_t out[256];
    struct writer w = writer_make(out, sizeof out);
    g_assert_cmpint(notification_parse(body, &n, NULL), ==, ERROR_NONE);
    g_assert_cmpint(n.ui, ==, json_integer_value(json_object_get(f, "ui_mode")));
    g_assert_cmpint(n.by_server, ==, json_integer_value(json_object_get(f, "initiator")));
    g_assert_cmpint(n.session_id, ==, json_integer_value(json_object_get(f, "session_id")));
    g_assert_true(notification_write(&n, &w));
    g_assert_true(slice_equal(writer_slice(&w), body));
}

static void no_changed_bit_is_accepted(struct octets *body, const json_t *v)
{
    for (size_t len = 0; len < body->len; len++)
        g_assert_false(accepted((struct slice){ body->data, len }, v));
    for (size_t bit = 0; bit < body->len * 8; bit++) {
        body->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        g_assert_false(accepted(octets_slice(body), v));
        body->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void vectors(void)
{
    json_t *index = vectors_index("index-dm.json"), *v;
    size_t i, good = 0;
    json_array_foreach(json_object_get(index, "package0"), i, v) {
        const char *name = vector_text(v, "name");
        struct octets pdu = vectors_file(vector_text(v, "pdu_file"));
        struct wsp_push push;
        g_test_message("%s", name);
        g_assert_cmpint(wsp_push_parse(octets_slice(&pdu), &push, NULL), ==, ERROR_NONE);
        struct octets body = octets_copy(push.body.data, push.body.len);
        /* of these two the form and the digest are right: that server is not installed, that nonce is not the default one */
        bool by_context = strcmp(name, "pkg0_bad_unknown_server") == 0 || strcmp(name, "pkg0_v11_server_defnonce_ascii") == 0;
        bool accept = strcmp(vector_text(v, "verdict"), "accept") == 0;
        g_assert_cmpint(accepted(push.body, v), ==, accept || by_context);
        if (accept) {
            check_fields(push.body, v);
            no_changed_bit_is_accepted(&body, v);
            good++;
        }
        octets_free(&body);
        octets_free(&pdu);
    }
    g_assert_cmpuint(good, >=, 4);
    json_decref(index);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/notification/rules of the form", rules_of_the_form);
    g_test_add_func("/notification/what is written is read", what_is_written_is_read);
    g_test_add_func("/notification/vectors", vectors);
    return g_test_run();
}
