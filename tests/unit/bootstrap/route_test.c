/* SPDX-License-Identifier: Apache-2.0 */
/* Routing: every content type, written as a number and as text, with every application id: the table of the reference, row by row. */
#include <glib.h>
#include <string.h>

#include "base/writer.h"
#include "bootstrap/start/route.h"

struct type {
    uint8_t octet;
    const char *text;
};

struct application { /* octets of the header's value; NULL: no header */
    const char *value;
    size_t len;
};

static const struct type types[] = {
    { 0xB5, "text/vnd.wap.connectivity-xml" },    { 0xB6, "application/vnd.wap.connectivity-wbxml" }, { 0xC2, "application/vnd.syncml.dm+wbxml" },
    { 0xC3, "application/vnd.syncml.dm+xml" },    { 0xC4, "application/vnd.syncml.notification" },    { 0xCE, "application/vnd.syncml.ds.notification" },
    { 0xBE, "application/vnd.wap.mms-message" },  { 0xAE, "text/vnd.wap.si" },
};

enum { NONE, ANY, DM, DM_TEXT, LWM2M, LWM2M_TEXT, LWM2M_LONG, OTHER, OTHER_TEXT, APPLICATIONS };

static const struct application applications[APPLICATIONS] = {
    [NONE] = { NULL, 0 },
    [ANY] = { "\x80", 1 },
    [DM] = { "\x87", 1 },
    [DM_TEXT] = { "x-wap-application:syncml.dm", 28 },
    [LWM2M] = { "\x9a", 1 },
    [LWM2M_TEXT] = { "x-wap-application:lwm2m.dm", 27 },
    [LWM2M_LONG] = { "\x01\x9a", 2 },
    [OTHER] = { "\x82", 1 },
    [OTHER_TEXT] = { "x-wap-application:wml.ua", 25 },
};

/* What takes a message of type t (index) with application a; -1: nobody. */
static int expected(size_t t, size_t a)
{
    bool dm = a == DM || a == DM_TEXT, lwm2m = a == LWM2M || a == LWM2M_TEXT || a == LWM2M_LONG;
    switch (types[t].octet) {
    case 0xB5:
    case 0xB6:
        return TRIGGER_SETTINGS;
    case 0xC2:
        return dm || a == NONE ? TRIGGER_SETTINGS : -1;
    case 0xC4:
        return dm ? TRIGGER_NOTIFICATION : lwm2m ? TRIGGER_LWM2M : -1;
    default:
        return -1;
    }
}

static struct slice make(struct writer *w, const struct type *type, bool textual, const struct application *a)
{
    size_t len = (textual ? strlen(type->text) + 1 : 1) + (a->value ? 1 + a->len : 0);
    writer_u8(w, 1);
    writer_u8(w, 6);
    writer_u8(w, (uint8_t)len);
    if (textual)
        writer_put(w, type->text, strlen(type->text) + 1);
    else
        writer_u8(w, type->octet);
    if (a->value) {
        writer_u8(w, 0xAF);
        writer_put(w, a->value, a->len);
    }
    writer_u8(w, 3);
    return writer_slice(w);
}

static void the_table_is_that_of_the_reference(void)
{
    for (size_t t = 0; t < G_N_ELEMENTS(types); t++)
        for (size_t a = 0; a < APPLICATIONS; a++)
            for (int textual = 0; textual < 2; textual++) {
                uint8_t space[128];
                struct writer w = writer_make(space, sizeof space);
                struct wsp_push push;
                const struct route *route;
                struct error err = { 0 };
                enum error_code rc = route_find("sms-qmi", make(&w, &types[t], textual, &applications[a]), &push, &route, &err);
                g_test_message("%s, application %zu", types[t].text, a);
                int want = expected(t, a);
                g_assert_cmpint(rc, ==, want < 0 ? ERROR_NOT_FOR_US : ERROR_NONE);
                g_assert_cmpint(route ? (int)route->kind : -1, ==, want);
                if (rc)
                    continue;
                g_assert_cmpuint(push.body.len, ==, 1);
                bool document = want == TRIGGER_SETTINGS; /* never read before its MAC was verified */
                g_assert_cmpint(route->voucher, ==, document ? ROUTE_BY_SEC : ROUTE_BY_TAKER);
                g_assert_true(document == (route->read != NULL));
            }
}

static void a_bad_header_is_named(void)
{
    static const uint8_t reply[] = { 1, 4, 1, 0xB6, 3 }, cut[] = { 1, 6, 9, 0xB6 };
    struct wsp_push push;
    const struct route *route;
    struct error err = { 0 };
    g_assert_cmpint(route_find("file", (struct slice){ reply, sizeof reply }, &push, &route, &err), ==, ERROR_NOT_SUPPORTED);
    g_assert_cmpint(route_find("file", (struct slice){ cut, sizeof cut }, &push, &route, &err), ==, ERROR_TRUNCATED);
    g_assert_true(route == NULL && err.text[0]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/route/table", the_table_is_that_of_the_reference);
    g_test_add_func("/route/bad header", a_bad_header_is_named);
    return g_test_run();
}
