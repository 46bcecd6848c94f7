/* SPDX-License-Identifier: Apache-2.0 */
/* LwM2M triggers: the vectors, and every CoAP message that is none. */
#include <glib.h>
#include <string.h>

#include "codec/lwm2m_trigger.h"
#include "support/vectors.h"

static const struct {
    const char *name, *hex;
    enum error_code rc;
    enum lwm2m_trigger_kind kind;
    uint16_t instance;
} rows[] = {
    { "update", "44 02 B60B 2161FB63 B131 0130 0138", ERROR_NONE, LWM2M_TRIGGER_UPDATE, 0 },
    { "bootstrap", "44 02 7D34 01020304 B131 0130 0139", ERROR_NONE, LWM2M_TRIGGER_BOOTSTRAP, 0 },
    { "without token, large instance", "40 02 0001 B131 05 3635353334 0138", ERROR_NONE, LWM2M_TRIGGER_UPDATE, 65534 },
    { "instance 65535", "40 02 0001 B131 05 3635353335 0138", ERROR_DENIED, 0, 0 },
    { "two spellings of a number", "40 02 0001 B131 0130 02 3038", ERROR_DENIED, 0, 0 },
    { "non-confirmable", "50 02 0001 B131 0130 0138", ERROR_DENIED, 0, 0 },
    { "acknowledgement", "60 02 0001 B131 0130 0138", ERROR_DENIED, 0, 0 },
    { "GET", "40 01 0001 B131 0130 0138", ERROR_DENIED, 0, 0 },
    { "PUT", "40 03 0001 B131 0130 0138", ERROR_DENIED, 0, 0 },
    { "response", "40 44 0001 B131 0130 0138", ERROR_DENIED, 0, 0 },
    { "another object", "40 02 0001 B133 0130 0138", ERROR_DENIED, 0, 0 },
    { "reboot", "40 02 0001 B133 0130 0134", ERROR_DENIED, 0, 0 },
    { "another resource", "40 02 0001 B131 0130 0137", ERROR_DENIED, 0, 0 },
    { "a path too short", "40 02 0001 B131 0130", ERROR_DENIED, 0, 0 },
    { "a path too long", "40 02 0001 B131 0130 0138 0130", ERROR_DENIED, 0, 0 },
    { "no path", "40 02 0001", ERROR_DENIED, 0, 0 },
    { "empty segment", "40 02 0001 B131 00 0138", ERROR_DENIED, 0, 0 },
    { "a query", "40 02 0001 B131 0130 0138 41 61", ERROR_DENIED, 0, 0 },
    { "a host", "40 02 0001 31 61 8131 0130 0138", ERROR_DENIED, 0, 0 },
    { "a host in the place of a segment", "40 02 0001 31 31 81 30 01 38", ERROR_DENIED, 0, 0 },
    { "a query in the place of a segment", "40 02 0001 B1 31 01 30 41 38", ERROR_DENIED, 0, 0 },
    { "a payload", "40 02 0001 B131 0130 0138 FF 30", ERROR_DENIED, 0, 0 },
    { "payload marker without payload", "40 02 0001 B131 0130 0138 FF", ERROR_MALFORMED, 0, 0 },
    { "empty message", "40 00 0001", ERROR_DENIED, 0, 0 },
    { "version 0", "04 02 B60B 2161FB63 B131 0130 0138", ERROR_MALFORMED, 0, 0 },
    { "token of nine octets", "49 02 0001 010203040506070809 B131 0130 0138", ERROR_MALFORMED, 0, 0 },
    { "option past the end", "40 02 0001 B131 0130 0538", ERROR_MALFORMED, 0, 0 },
    { "cut header", "40 02 00", ERROR_MALFORMED, 0, 0 },
    { "nothing", "", ERROR_MALFORMED, 0, 0 },
};

static void rules(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct octets body = octets_of_hex(rows[i].hex);
        struct lwm2m_trigger t = { .instance = 7 };
        struct error err = { 0 };
        g_test_message("%s", rows[i].name);
        g_assert_cmpint(lwm2m_trigger_parse(octets_slice(&body), &t, &err), ==, rows[i].rc);
        g_assert_cmpint(err.code, ==, rows[i].rc);
        if (rows[i].rc == ERROR_NONE) {
            g_assert_cmpint(t.kind, ==, rows[i].kind);
            g_assert_cmpuint(t.instance, ==, rows[i].instance);
        } else {
            g_assert_cmpuint(t.instance, ==, 7);
        }
        octets_free(&body);
    }
    g_assert_cmpint(lwm2m_trigger_parse((struct slice){ (const uint8_t *)"", 0 }, &(struct lwm2m_trigger){ 0 }, NULL), ==, ERROR_MALFORMED);
}

static void vectors(void)
{
    json_t *index = vectors_index("index-dm.json"), *v;
    size_t i;
    json_array_foreach(json_object_get(index, "lwm2m_trigger"), i, v) {
        struct octets body = octets_of_hex(vector_text(v, "coap_hex"));
        struct lwm2m_trigger t;
        struct error err = { 0 };
        g_assert_cmpint(lwm2m_trigger_parse(octets_slice(&body), &t, &err), ==, ERROR_NONE);
        g_autofree char *path = g_strdup_printf("/1/%u/%d", t.instance, (int)t.kind);
        g_assert_cmpstr(path, ==, vector_text(v, "path"));
        g_assert_cmpuint(t.message_id, ==, body.data[2] << 8 | body.data[3]);
        g_assert_cmpuint(t.token_len, ==, 4);
        g_assert_cmpint(memcmp(t.token, &body.data[4], 4), ==, 0);
        g_assert_cmpstr(lwm2m_trigger_name(t.kind), ==, t.kind == LWM2M_TRIGGER_UPDATE ? "update" : "bootstrap");
        octets_free(&body);
    }
    g_assert_cmpuint(i, >=, 2);
    json_decref(index);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lwm2m-trigger/rules", rules);
    g_test_add_func("/lwm2m-trigger/vectors", vectors);
    return g_test_run();
}
