/* SPDX-License-Identifier: Apache-2.0 */
/* What the LwM2M client answers to a request and when it notifies, without a network. */
#include "harness.h"

/* ---- Read ---- */

static void test_read_formats(void)
{
    struct lwm2m_client *c = make();
    struct coap_answer a;
    clock_ms = 0;
    g_assert_cmpuint(get(c, "/1/0", CONTENT_SENML_JSON, &a), ==, CODE_CONTENT);
    expect_text(&a, "[{\"bn\":\"/1/0/\",\"n\":\"0\",\"v\":7},{\"n\":\"1\",\"v\":300},{\"n\":\"2\",\"v\":0},{\"n\":\"5\",\"v\":86400},{\"n\":\"6\",\"vb\":true},{\"n\":\"7\",\"vs\":\"U\"}]");
    g_assert_cmpuint(get(c, "/1/0", CONTENT_TLV, &a), ==, CODE_CONTENT);
    expect_hex(&a, "c10007" "c201012c" "c10200" "c40500015180" "c10601" "c10755");
    g_assert_cmpuint(get(c, "/1", CONTENT_TLV, &a), ==, CODE_CONTENT);
    expect_hex(&a, "080016" "c10007" "c201012c" "c10200" "c40500015180" "c10601" "c10755");
    g_assert_cmpuint(get(c, "/1/0/1", CONTENT_SENML_CBOR, &a), ==, CODE_CONTENT);
    expect_hex(&a, "81a221662f312f302f310219012c"); /* [{-2: "/1/0/1", 2: 300}] */
    g_assert_cmpuint(get(c, "/3/0/11", CONTENT_TLV, &a), ==, CODE_CONTENT);
    expect_hex(&a, "830b" "410000");
    g_assert_cmpuint(get(c, "/3/0/11/0", CONTENT_TLV, &a), ==, CODE_CONTENT);
    expect_hex(&a, "410000");
    g_assert_cmpuint(get(c, "/3/0/11/0", -1, &a), ==, CODE_CONTENT);
    expect_text(&a, "0");
    g_assert_cmpint(a.content_format, ==, CONTENT_TEXT);
    g_assert_cmpuint(get(c, "/3/0/11", CONTENT_SENML_CBOR, &a), ==, CODE_CONTENT);
    expect_hex(&a, "81a321682f332f302f31312f0061300200"); /* [{-2: "/3/0/11/", 0: "0", 2: 0}] */
    g_assert_cmpuint(get(c, "/3/0/0", CONTENT_SENML_JSON, &a), ==, CODE_CONTENT);
    expect_text(&a, "[{\"bn\":\"/3/0/0\",\"vs\":\"A \\\"B\\\"\"}]");
    g_assert_cmpuint(get(c, "/3/0/13", -1, &a), ==, CODE_CONTENT);
    expect_text(&a, "1700000000");
    g_assert_cmpuint(get(c, "/3/0", -1, &a), ==, CODE_CONTENT);
    g_assert_cmpint(a.content_format, ==, CONTENT_SENML_CBOR);
}

static void test_read_refusals(void)
{
    static const struct {
        const char *path;
        int accept;
        unsigned code;
    } cases[] = {
        { "/0", -1, CODE_UNAUTHORIZED },      { "/0/0/5", -1, CODE_UNAUTHORIZED },   { "/0/9", CONTENT_LINK, CODE_UNAUTHORIZED },
        { "/21", -1, CODE_UNAUTHORIZED },     { "/5", -1, CODE_NOT_FOUND },          { "/3/1", -1, CODE_NOT_FOUND },
        { "/3/0/99", -1, CODE_NOT_FOUND },    { "/3/0/0/0", -1, CODE_NOT_FOUND },    { "/3/0/11/1", -1, CODE_NOT_FOUND },
        { "/3/0/18", -1, CODE_NOT_FOUND },    { "/3/0/4", -1, CODE_METHOD_NOT_ALLOWED }, { "/", -1, CODE_METHOD_NOT_ALLOWED },
        { "/rd", -1, CODE_NOT_FOUND },        { "/03/0", -1, CODE_NOT_FOUND },       { "/65535", -1, CODE_NOT_FOUND },
        { "/3/0/0/0/0", -1, CODE_NOT_FOUND }, { "/3/0", CONTENT_TEXT, CODE_NOT_ACCEPTABLE }, { "/3/0", 11543, CODE_NOT_ACCEPTABLE },
        { "/3/0/0", CONTENT_OPAQUE, CODE_NOT_ACCEPTABLE }, { "/3/0/0", 99999, CODE_NOT_ACCEPTABLE }, { "/3/0/11/0", CONTENT_LINK, CODE_METHOD_NOT_ALLOWED },
        { "/3/0/11", CONTENT_TEXT, CODE_NOT_ACCEPTABLE },
    };
    struct lwm2m_client *c = make();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct coap_answer a;
        unsigned code = get(c, cases[i].path, cases[i].accept, &a);
        g_test_message("%s accept %d: %u.%02u", cases[i].path, cases[i].accept, code >> 5, code & 31);
        g_assert_cmpuint(code, ==, cases[i].code);
        g_assert_cmpint(a.content_format, ==, -1);
    }
}

/* ---- Write ---- */

static void test_write_resource(void)
{
    struct lwm2m_client *c = make();
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/1", CONTENT_TEXT, "60", 2), ==, CODE_CHANGED);
    g_assert_cmpuint(c->server.lifetime, ==, 60);
    g_assert_cmpuint(c->server.effects, ==, EFFECT_UPDATE | EFFECT_LIFETIME);
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/1", CONTENT_TLV, "\xc2\x01\x01\x2c", 4), ==, CODE_CHANGED);
    g_assert_cmpuint(c->server.lifetime, ==, 300);
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/1", CONTENT_SENML_JSON, "[{\"bn\":\"/1/0/1\",\"v\":61}]", 24), ==, CODE_CHANGED);
    g_assert_cmpuint(c->server.lifetime, ==, 61);
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/1", CONTENT_SENML_CBOR, "\x81\xa2\x21\x66/1/0/1\x02\x19\x01\x2c", 14), ==, CODE_CHANGED);
    g_assert_cmpuint(c->server.lifetime, ==, 300);
    /* as Jackson writes it: indefinite array and map, 32-bit length forms, a double */
    static const char loose[] = "\x9f\xbf\x21\x66/1/0/1\x02\xfb\x40\x4e\x80\x00\x00\x00\x00\x00\xff\xff";
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/1", CONTENT_SENML_CBOR, loose, sizeof loose - 1), ==, CODE_CHANGED);
    g_assert_cmpuint(c->server.lifetime, ==, 61);
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/6", CONTENT_TEXT, "0", 1), ==, CODE_CHANGED);
    g_assert_false(server_value(&c->server, SERVER_STORING, true));
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/7", CONTENT_TEXT, "U", 1), ==, CODE_CHANGED);
}

/* Over TCP. */
static void test_binding_of_a_stream(void)
{
    struct lwm2m_client *c = make();
    struct coap_answer a;
    c->server.stream = true;
    g_assert_cmpuint(get(c, "/1/0/7", CONTENT_TEXT, &a), ==, CODE_CONTENT);
    expect_text(&a, "T");
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/7", CONTENT_TEXT, "U", 1), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/7", CONTENT_TEXT, "UQ", 2), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/7", CONTENT_TEXT, "T", 1), ==, CODE_CHANGED);
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/7", CONTENT_TEXT, "TQ", 2), ==, CODE_CHANGED);
    g_assert_cmpuint(get(c, "/1/0/7", CONTENT_TEXT, &a), ==, CODE_CONTENT);
    expect_text(&a, "TQ");
}

static void test_write_refusals(void)
{
    static const struct {
        enum coap_method method;
        const char *path;
        int format;
        const char *payload;
        unsigned code;
    } cases[] = {
        { METHOD_PUT, "/1/0/1", CONTENT_TEXT, "0", CODE_BAD_REQUEST },        { METHOD_PUT, "/1/0/1", CONTENT_TEXT, "-5", CODE_BAD_REQUEST },
        { METHOD_PUT, "/1/0/1", CONTENT_TEXT, "abc", CODE_BAD_REQUEST },      { METHOD_PUT, "/1/0/1", CONTENT_TEXT, "", CODE_BAD_REQUEST },
        { METHOD_PUT, "/1/0/1", CONTENT_TLV, "\xc2\x01\x01", CODE_BAD_REQUEST }, { METHOD_PUT, "/1/0/1", CONTENT_TLV, "", CODE_BAD_REQUEST },
        { METHOD_PUT, "/1/0/1", CONTENT_TLV, "\xc1\x02\x05", CODE_NOT_FOUND }, { METHOD_PUT, "/1/0/1", CONTENT_TLV, "\xc3\x01\x01\x02\x03", CODE_BAD_REQUEST },
        { METHOD_PUT, "/1/0/1", 11543, "60", CODE_BAD_REQUEST },       { METHOD_PUT, "/1/0/1", CONTENT_LINK, "60", CODE_UNSUPPORTED_FORMAT },
        { METHOD_PUT, "/1/0/0", CONTENT_TEXT, "1", CODE_METHOD_NOT_ALLOWED }, { METHOD_PUT, "/3/0/0", CONTENT_TEXT, "x", CODE_METHOD_NOT_ALLOWED },
        { METHOD_PUT, "/1/0/8", CONTENT_TEXT, "x", CODE_METHOD_NOT_ALLOWED }, { METHOD_PUT, "/1/0/99", CONTENT_TEXT, "1", CODE_NOT_FOUND },
        { METHOD_PUT, "/0/0/1", CONTENT_TEXT, "1", CODE_UNAUTHORIZED },       { METHOD_PUT, "/1", CONTENT_TLV, "\xc1\x01\x3c", CODE_METHOD_NOT_ALLOWED },
        { METHOD_POST, "/1/0", CONTENT_TEXT, "1", CODE_UNSUPPORTED_FORMAT },  { METHOD_POST, "/1", CONTENT_TLV, "\xc1\x01\x3c", CODE_METHOD_NOT_ALLOWED },
        { METHOD_PUT, "/1/0/7", CONTENT_TEXT, "T", CODE_BAD_REQUEST },        { METHOD_PUT, "/1/0/6", CONTENT_TEXT, "2", CODE_BAD_REQUEST },
        { METHOD_POST, "/1/0", CONTENT_TLV, "\xc1\x01\x3c\xc1\x01\x3d", CODE_BAD_REQUEST },
        { METHOD_POST, "/1/0", CONTENT_SENML_JSON, "[{\"bn\":\"/1/0/\",\"n\":\"1\",\"v\":60},{\"n\":\"0\",\"v\":1}]", CODE_METHOD_NOT_ALLOWED },
        { METHOD_POST, "/1/0", CONTENT_SENML_JSON, "[{\"bn\":\"/3/0/\",\"n\":\"1\",\"vs\":\"x\"}]", CODE_NOT_FOUND },
        { METHOD_POST, "/1/0", CONTENT_SENML_JSON, "[{\"bn\":\"/1/0/\",\"n\":\"1\",\"v\":60,\"x_\":1}]", CODE_BAD_REQUEST },
        { METHOD_POST, "/1/0", CONTENT_SENML_JSON, "[{\"bn\":\"/1/0/\",\"n\":\"1\"}]", CODE_BAD_REQUEST },
        { METHOD_POST, "/1/0", CONTENT_SENML_JSON, "{}", CODE_BAD_REQUEST },  { METHOD_POST, "/1/0", CONTENT_SENML_JSON, "[{\"n\":\"/1/0/1\",\"vs\":\"60\"}]", CODE_BAD_REQUEST },
        { METHOD_PUT, "/1/0/1", CONTENT_SENML_CBOR, "\x9f\xbf\x21\x66/1/0/1\x02\x18\x3c", CODE_BAD_REQUEST }, /* no break */
        { METHOD_PUT, "/1/0/1", CONTENT_SENML_CBOR, "\x9f\xbf\x21\x66/1/0/1\x02\x18\x3c\xff", CODE_BAD_REQUEST },
        { METHOD_PUT, "/1/0/1", CONTENT_SENML_CBOR, "\x82\xa2\x21\x66/1/0/1\x02\x18\x3c", CODE_BAD_REQUEST },
        { METHOD_PUT, "/1/0/1", CONTENT_SENML_CBOR, "\x81\xa2\x21\x66/1/0/1\x02\x18\x3c\x02", CODE_BAD_REQUEST }, /* more behind it */
        { METHOD_PUT, "/1/0/1", CONTENT_SENML_CBOR, "\x81\xa1\x21\x66/1/0/1", CODE_BAD_REQUEST },
        { METHOD_PUT, "/1/0", CONTENT_TLV, "\xc1\x01\x3c", CODE_BAD_REQUEST }, { METHOD_PUT, "/3/0", CONTENT_TLV, "", CODE_METHOD_NOT_ALLOWED },
        { METHOD_DELETE, "/1/0", -1, "", CODE_METHOD_NOT_ALLOWED },           { METHOD_DELETE, "/3/0", -1, "", CODE_METHOD_NOT_ALLOWED },
        { METHOD_DELETE, "/9/0", -1, "", CODE_NOT_FOUND },                    { METHOD_DELETE, "/0/0", -1, "", CODE_UNAUTHORIZED },
        { METHOD_FETCH, "/3", CONTENT_SENML_JSON, "[{\"n\":\"/3/0/0\"}]", CODE_METHOD_NOT_ALLOWED }, { METHOD_IPATCH, "/1/0", CONTENT_SENML_JSON, "[]", CODE_METHOD_NOT_ALLOWED },
    };
    struct lwm2m_client *c = make();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned code = put(c, cases[i].method, cases[i].path, cases[i].format, cases[i].payload, strlen(cases[i].payload));
        g_test_message("case %zu: %u %s: %u.%02u", i, cases[i].method, cases[i].path, code >> 5, code & 31);
        g_assert_cmpuint(code, ==, cases[i].code);
    }
    g_assert_cmpuint(c->server.lifetime, ==, 300); /* a refused Write changes nothing */
    g_assert_cmpuint(c->server.effects, ==, 0);
}

static void test_write_instance(void)
{
    struct lwm2m_client *c = make();
    c->server.set.written |= 1u << SERVER_PMIN;
    c->server.set.value[SERVER_PMIN] = 5;
    static const char partial[] = "[{\"bn\":\"/1/0/\",\"n\":\"1\",\"v\":90},{\"n\":\"3\",\"v\":40}]";
    g_assert_cmpuint(put(c, METHOD_POST, "/1/0", CONTENT_SENML_JSON, partial, sizeof partial - 1), ==, CODE_CHANGED);
    g_assert_cmpuint(c->server.lifetime, ==, 90);
    g_assert_cmpuint(server_value(&c->server, SERVER_PMAX, 0), ==, 40);
    g_assert_cmpuint(server_value(&c->server, SERVER_PMIN, 0), ==, 5);
    /* a replacing Write: what it leaves out goes back to its default */
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0", CONTENT_TLV, "\xc1\x01\x3c\xc1\x06\x00\xc1\x07U", 9), ==, CODE_CHANGED);
    g_assert_cmpuint(c->server.lifetime, ==, 60);
    g_assert_cmpuint(server_value(&c->server, SERVER_PMAX, 0), ==, 0);
    g_assert_cmpuint(server_value(&c->server, SERVER_PMIN, 0), ==, 0);
    g_assert_false(server_value(&c->server, SERVER_STORING, true));
    /* wrapped in the instance that the path names */
    g_assert_cmpuint(put(c, METHOD_POST, "/1/0", CONTENT_TLV, "\x03\x00\xc1\x01\x3d", 5), ==, CODE_CHANGED);
    g_assert_cmpuint(c->server.lifetime, ==, 61);
    g_assert_cmpuint(put(c, METHOD_POST, "/1/0", CONTENT_TLV, "\x03\x01\xc1\x01\x3d", 5), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(put(c, METHOD_POST, "/1/0", CONTENT_TLV, "\x05\x00\x03\x00\xc1\x01\x3d", 7), ==, CODE_BAD_REQUEST); /* once: no sender chooses how deep we go */
}

/* ---- Execute ---- */

static void test_execute(void)
{
    struct lwm2m_client *c = make();
    g_assert_cmpuint(put(c, METHOD_POST, "/1/0/8", -1, "", 0), ==, CODE_CHANGED);
    g_assert_cmpuint(c->server.effects, ==, EFFECT_UPDATE);
    reboots = 0;
    g_assert_cmpuint(put(c, METHOD_POST, "/3/0/4", CONTENT_TEXT, "0='a',1", 7), ==, CODE_CHANGED);
    g_assert_cmpuint(reboots, ==, 1);
    static const char *const bad[] = { "a", "0='x", "0,", ",0", "0,1,0", "0=x", "00", "0='a'b" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        g_assert_cmpuint(put(c, METHOD_POST, "/3/0/4", CONTENT_TEXT, bad[i], strlen(bad[i])), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(reboots, ==, 1);
    c->device.reboot = NULL;
    g_assert_cmpuint(put(c, METHOD_POST, "/3/0/4", -1, "", 0), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(put(c, METHOD_POST, "/3/0/0", -1, "", 0), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(put(c, METHOD_POST, "/3/0/99", -1, "", 0), ==, CODE_NOT_FOUND);
    g_assert_cmpuint(put(c, METHOD_POST, "/3/0/4", CONTENT_TLV, "", 0), ==, CODE_UNSUPPORTED_FORMAT);
}

/* ---- Discover, attributes ---- */

static void test_discover(void)
{
    struct lwm2m_client *c = make();
    struct coap_answer a;
    g_assert_cmpuint(set_attributes(c, "/1", "pmin=5"), ==, CODE_CHANGED);
    g_assert_cmpuint(set_attributes(c, "/1/0/1", "gt=42.5&st=0.1"), ==, CODE_CHANGED);
    g_assert_cmpuint(get(c, "/1", CONTENT_LINK, &a), ==, CODE_CONTENT);
    expect_text(&a, "</1>;pmin=5,</1/0>,</1/0/0>,</1/0/1>;gt=42.5;st=0.1,</1/0/2>,</1/0/4>,</1/0/5>,</1/0/6>,</1/0/7>,</1/0/8>,</1/0/9>");
    g_assert_cmpuint(get(c, "/1/0/1", CONTENT_LINK, &a), ==, CODE_CONTENT);
    expect_text(&a, "</1/0/1>;pmin=5;gt=42.5;st=0.1"); /* with what it inherits */
    g_assert_cmpuint(get(c, "/3/0/11", CONTENT_LINK, &a), ==, CODE_CONTENT);
    expect_text(&a, "</3/0/11>;dim=1");
    uint8_t links[512];
    struct writer w = writer_make(links, sizeof links);
    discover_put_registration(c, &w);
    static const char expected[] = "</>;rt=\"oma.lwm2m\";ct=\"0 42 60 110 112 11542 11544\",</1/0>,</3/0>,</4>;ver=1.3,</7>,</10>;ver=1.1,</11>;ver=1.1,</16>,</25>;ver=2.0";
    g_assert_true(slice_is(writer_slice(&w), expected));
}

static void test_attributes(void)
{
    static const struct {
        const char *path, *query;
        unsigned code;
    } cases[] = {
        { "/1/0/1", "pmin=10&pmax=60", CODE_CHANGED },  { "/1/0/1", "pmin=-1", CODE_BAD_REQUEST },    { "/1/0/1", "pmin=x", CODE_BAD_REQUEST },
        { "/1/0/1", "pmin=", CODE_BAD_REQUEST },        { "/1/0/1", "foo=1", CODE_BAD_REQUEST },      { "/1/0/1", "dim=1", CODE_BAD_REQUEST },
        { "/1/0/1", "lt=10&gt=20", CODE_CHANGED },      { "/1/0/1", "st=5", CODE_BAD_REQUEST },       { "/1/0/1", "st=4.9", CODE_CHANGED },
        { "/1/0/1", "lt=20", CODE_BAD_REQUEST },        { "/1/0/1", "gt", CODE_CHANGED },             { "/1/0/1", "st=-1", CODE_BAD_REQUEST },
        { "/1/0", "gt=5", CODE_BAD_REQUEST },           { "/1", "pmax=5", CODE_CHANGED },             { "/1/0/7", "gt=5", CODE_BAD_REQUEST },
        { "/1/0/7", "pmin=1", CODE_CHANGED },           { "/9", "pmin=1", CODE_NOT_FOUND },           { "/0/0", "pmin=1", CODE_UNAUTHORIZED },
        { "/3/0/11", "gt=1", CODE_BAD_REQUEST },        { "/3/0/11/0", "gt=1", CODE_CHANGED },        { "/", "pmin=1", CODE_METHOD_NOT_ALLOWED },
        { "/1/0/1", "pmin=1&pmin=bad", CODE_BAD_REQUEST },
    };
    struct lwm2m_client *c = make();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned code = set_attributes(c, cases[i].path, cases[i].query);
        g_test_message("%s?%s: %u.%02u", cases[i].path, cases[i].query, code >> 5, code & 31);
        g_assert_cmpuint(code, ==, cases[i].code);
    }
    struct path p = { .depth = PATH_RESOURCE, .id = { 1, 0, 1 } };
    struct attributes a = attributes_effective(&c->attributes, &p);
    g_assert_cmpuint(a.set, ==, 1u << ATTRIBUTE_PMIN | 1u << ATTRIBUTE_PMAX | 1u << ATTRIBUTE_LT | 1u << ATTRIBUTE_STEP);
    g_assert_cmpfloat(attribute_value(&a, ATTRIBUTE_PMIN, 0), ==, 10); /* a refused request changed nothing */
    g_assert_cmpfloat(attribute_value(&a, ATTRIBUTE_PMAX, 0), ==, 60); /* the resource before the object */
    p.id[2] = 2;
    a = attributes_effective(&c->attributes, &p);
    g_assert_cmpfloat(attribute_value(&a, ATTRIBUTE_PMAX, 0), ==, 5);
}

/* ---- Observe ---- */

static void test_observe_change(void)
{
    struct lwm2m_client *c = make();
    g_assert_cmpuint(observe(c, "/1/0/1", 0), ==, CODE_CONTENT);
    advance(3600000);
    g_assert_cmpuint(notified, ==, 0);
    g_assert_null(timer_fn); /* nothing wakes the gateway while nothing can change */
    put(c, METHOD_PUT, "/1/0/1", CONTENT_TEXT, "60", 2);
    g_assert_cmpuint(notified, ==, 1);
    g_assert_cmpstr(last_body, ==, "60");
    put(c, METHOD_PUT, "/1/0/1", CONTENT_TEXT, "60", 2); /* no change */
    g_assert_cmpuint(notified, ==, 1);
    put(c, METHOD_PUT, "/1/0/2", CONTENT_TEXT, "10", 2); /* default pmin; another resource */
    put(c, METHOD_PUT, "/1/0/1", CONTENT_TEXT, "70", 2);
    g_assert_cmpuint(notified, ==, 1); /* inside pmin */
    advance(9999);
    g_assert_cmpuint(notified, ==, 1);
    advance(1);
    g_assert_cmpuint(notified, ==, 2);
    g_assert_cmpstr(last_body, ==, "70");
    g_assert_cmpuint(observe(c, "/1/0/1", 1), ==, CODE_CONTENT);
    advance(20000);
    put(c, METHOD_PUT, "/1/0/1", CONTENT_TEXT, "80", 2);
    g_assert_cmpuint(notified, ==, 2);
    g_assert_null(timer_fn);
}

static void test_observe_periods(void)
{
    struct lwm2m_client *c = make();
    observe(c, "/3/0/13", 0);
    advance(59999);
    g_assert_cmpuint(notified, ==, 0); /* a clock is no news every second */
    advance(1);
    g_assert_cmpuint(notified, ==, 1);
    set_attributes(c, "/3/0/13", "pmin=2&pmax=5");
    advance(5000);
    g_assert_cmpuint(notified, ==, 2);
    advance(5000);
    g_assert_cmpuint(notified, ==, 3);
    set_attributes(c, "/3/0/13", "pmin=10"); /* pmax < pmin: ignored */
    advance(59000);
    g_assert_cmpuint(notified, ==, 3);
    advance(1000);
    g_assert_cmpuint(notified, ==, 4);
    c = make();
    observe(c, "/3/0", 0); /* the clock inside an instance wakes nobody */
    advance(86400000);
    g_assert_cmpuint(notified, ==, 0);
}

static void test_observe_limits(void)
{
    struct lwm2m_client *c = make();
    g_assert_cmpuint(set_attributes(c, "/1/0/1", "gt=400&lt=100&st=1000"), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(set_attributes(c, "/1/0/1", "gt=400&lt=100"), ==, CODE_CHANGED);
    observe(c, "/1/0/1", 0);
    put(c, METHOD_PUT, "/1/0/1", CONTENT_TEXT, "350", 3);
    g_assert_cmpuint(notified, ==, 0);
    put(c, METHOD_PUT, "/1/0/1", CONTENT_TEXT, "401", 3);
    g_assert_cmpuint(notified, ==, 1);
    put(c, METHOD_PUT, "/1/0/1", CONTENT_TEXT, "399", 3); /* and back */
    g_assert_cmpuint(notified, ==, 2);
    put(c, METHOD_PUT, "/1/0/1", CONTENT_TEXT, "99", 2);
    g_assert_cmpuint(notified, ==, 3);
    set_attributes(c, "/1/0/1", "gt&lt&st=50");
    put(c, METHOD_PUT, "/1/0/1", CONTENT_TEXT, "148", 3);
    g_assert_cmpuint(notified, ==, 3);
    put(c, METHOD_PUT, "/1/0/1", CONTENT_TEXT, "149", 3);
    g_assert_cmpuint(notified, ==, 4);
}

static void test_observe_failed(void)
{
    struct lwm2m_client *c = make();
    struct coap_answer a;
    g_assert_cmpuint(send(c, &(struct ask){ METHOD_GET, "/3/0", NULL, -1, 11543, 0, NULL, 0 }, &a), ==, CODE_NOT_ACCEPTABLE);
    g_assert_cmpint(a.observe, ==, -1);
    g_assert_false(reporting_has(c, &(struct coap_token){ { 1, 2, 3 }, 3 })); /* a failed Observe leaves nothing behind */
    g_assert_cmpuint(observe(c, "/1/0/1", 0), ==, CODE_CONTENT);
    reporting_cancel(c, &(struct coap_token){ { 1, 2, 3 }, 3 }); /* as by RST */
    put(c, METHOD_PUT, "/1/0/1", CONTENT_TEXT, "99", 2);
    g_assert_cmpuint(notified, ==, 0);
}

/* ---- codecs ---- */

static void test_tlv(void)
{
    uint8_t octets[600];
    struct writer w = writer_make(octets, sizeof octets);
    uint8_t long_value[300] = { 0 };
    tlv_put_integer(&w, TLV_RESOURCE, 300, -129);
    tlv_put(&w, TLV_RESOURCE, 1, "123456789", 9);
    tlv_put(&w, TLV_RESOURCE_INSTANCE, 2, long_value, sizeof long_value);
    tlv_put_float(&w, TLV_RESOURCE, 3, 0.5);
    tlv_put_float(&w, TLV_RESOURCE, 4, 31.83);
    char hex[1300];
    text_hex(octets, 12, hex);
    g_assert_cmpstr(hex, ==, "e2012cff7fc8010931323334"); /* 11 1 00 010, 16-bit id; 11 0 01 000, 8-bit length */
    struct reader r = reader_make(octets, w.len);
    struct tlv_item item;
    int64_t v;
    double f;
    g_assert_cmpint(tlv_next(&r, &item), ==, ERROR_NONE);
    g_assert_true(item.id == 300 && item.kind == TLV_RESOURCE && tlv_integer(item.value, &v) && v == -129);
    g_assert_cmpint(tlv_next(&r, &item), ==, ERROR_NONE);
    g_assert_true(slice_is(item.value, "123456789"));
    g_assert_cmpint(tlv_next(&r, &item), ==, ERROR_NONE);
    g_assert_true(item.kind == TLV_RESOURCE_INSTANCE && item.value.len == 300);
    g_assert_cmpint(tlv_next(&r, &item), ==, ERROR_NONE);
    g_assert_true(item.value.len == 4 && tlv_float(item.value, &f) && f == 0.5);
    g_assert_cmpint(tlv_next(&r, &item), ==, ERROR_NONE);
    g_assert_true(item.value.len == 8 && tlv_float(item.value, &f) && f == 31.83);
    g_assert_true(reader_done(&r));
    for (size_t cut = 1; cut < w.len; cut++) { /* no cut of the input is read past its end */
        struct reader part = reader_make(octets, cut);
        while (reader_left(&part) && tlv_next(&part, &item) == ERROR_NONE)
            g_assert_true(item.value.data + item.value.len <= octets + cut);
    }
    w = writer_make(octets, 4);
    tlv_put(&w, TLV_RESOURCE, 1, "123", 3);
    g_assert_true(w.failed);
}

/* Each width of an integer at its last value, and of a length at its first. */
static void test_tlv_widths(void)
{
    static const struct {
        int64_t value;
        size_t len;
    } integers[] = { { INT8_MIN, 1 }, { INT8_MAX, 1 }, { INT8_MIN - 1, 2 }, { INT16_MAX, 2 }, { INT16_MIN - 1, 4 }, { INT16_MAX + 1, 4 }, { INT32_MIN, 4 },
                     { INT32_MAX, 4 }, { (int64_t)INT32_MIN - 1, 8 }, { (int64_t)INT32_MAX + 1, 8 }, { INT64_MIN, 8 } };
    static const size_t lengths[] = { 7, 8, 0xff, 0x100, 0xffff, 0x10000, 70000 };
    static uint8_t octets[70016], value[70000];
    struct tlv_item item;
    for (size_t i = 0; i < G_N_ELEMENTS(integers); i++) {
        struct writer w = writer_make(octets, sizeof octets);
        int64_t v;
        tlv_put_integer(&w, TLV_RESOURCE, 1, integers[i].value);
        struct reader r = reader_make(octets, w.len);
        g_assert_cmpint(tlv_next(&r, &item), ==, ERROR_NONE);
        g_assert_true(item.value.len == integers[i].len && tlv_integer(item.value, &v) && v == integers[i].value);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        struct writer put = writer_make(octets, sizeof octets);
        tlv_put(&put, TLV_OBJECT_INSTANCE, 1, value, lengths[i]);
        struct reader r = reader_make(octets, put.len);
        g_assert_true(tlv_next(&r, &item) == ERROR_NONE && item.value.len == lengths[i] && reader_done(&r));
        struct writer wrapped = writer_make(&octets[0], sizeof octets);
        writer_put(&wrapped, value, lengths[i]);
        tlv_wrap(&wrapped, 0, TLV_OBJECT_INSTANCE, 1);
        g_assert_true(!wrapped.failed && wrapped.len == put.len);
    }
    struct writer w = writer_make(octets, sizeof octets);
    tlv_put(&w, TLV_RESOURCE, 1, value, TLV_VALUE_MAX + 1);
    g_assert_true(w.failed);
    tlv_wrap(&w, 0, TLV_RESOURCE, 1); /* what failed stays failed */
    w = writer_make(octets, 8);
    writer_u64(&w, 1);
    tlv_wrap(&w, 0, TLV_RESOURCE, 1); /* no room for a header */
    g_assert_true(w.failed);
}

static void expect_real(double v, const char *text)
{
    char out[40] = "";
    struct writer w = writer_make(out, sizeof out);
    real_put(&w, v);
    g_assert_cmpstr(out, ==, text);
}

static void expect_integer(int64_t v, const char *text)
{
    char octets[24];
    struct writer w = writer_make(octets, sizeof octets);
    integer_put(&w, v);
    g_assert_true(slice_is(writer_slice(&w), text));
}

/* RFC 8428 table 6 and Core TS 1.1.1 table 7.4.4-2: a label for each type; a name of each length. */
static void test_senml_cbor(void)
{
    static struct records records;
    static const struct path base = { .depth = PATH_OBJECT, .id = { 7 } };
    static const struct {
        uint16_t id;
        struct value value;
    } rows[] = {
        { 9, { .type = VALUE_STRING, .octets = { (const uint8_t *)"s", 1 } } },
        { 10, { .type = VALUE_INTEGER, .integer = -2 } },
        { 99, { .type = VALUE_UNSIGNED, .integer = 24 } },
        { 100, { .type = VALUE_FLOAT, .real = 0.5 } },
        { 999, { .type = VALUE_BOOLEAN, .integer = 1 } },
        { 1000, { .type = VALUE_OPAQUE, .octets = { (const uint8_t *)"o", 1 } } },
        { 9999, { .type = VALUE_TIME, .integer = 1 } },
        { 10000, { .type = VALUE_OBJLNK, .integer = 3 << 16 | 65534 } },
        { 65534, { .type = VALUE_CORELNK, .octets = { (const uint8_t *)"<>", 2 } } },
        { 1, { .type = VALUE_NONE } },
    };
    records.count = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        records.at[records.count++] = (struct record){ .path = { .depth = PATH_RESOURCE, .id = { 7, i ? 0 : 65534, rows[i].id } }, .value = rows[i].value };
    struct coap_answer a = { .body = writer_make(body, sizeof body) };
    g_assert_true(format_senml_cbor.put(&a.body, &base, &records));
    expect_hex(&a, "8a"
                   "a3" "21" "632f372f" "00" "6736353533342f39" "03" "6173"
                   "a2" "00" "64302f3130" "02" "21"
                   "a2" "00" "64302f3939" "02" "1818"
                   "a2" "00" "65302f313030" "02" "fa3f000000"
                   "a2" "00" "65302f393939" "04" "f5"
                   "a2" "00" "66302f31303030" "08" "416f"
                   "a2" "00" "66302f39393939" "02" "01"
                   "a2" "00" "67302f3130303030" "63766c6f" "67333a3635353334"
                   "a2" "00" "67302f3635353334" "03" "623c3e"
                   "a2" "00" "63302f31");
}

/* A multiple resource without an instance is no record; the time of a kept notification is in the first that is one. */
static void test_senml_time(void)
{
    static const struct path base = { .depth = PATH_INSTANCE, .id = { 7 } };
    static struct records records = { .count = 2, .time = 1000 };
    records.at[0] = (struct record){ .path = { .depth = PATH_RESOURCE, .id = { 7, 0, 6 } }, .multiple = true, .value.type = VALUE_INTEGER };
    records.at[1] = (struct record){ .path = { .depth = PATH_RESOURCE, .id = { 7, 0, 9 } }, .value = value_text("s") };
    struct coap_answer a = { .body = writer_make(body, sizeof body) };
    g_assert_true(format_senml_cbor.put(&a.body, &base, &records));
    expect_hex(&a, "81" "a4" "21" "652f372f302f" "22" "1903e8" "00" "6139" "03" "6173");
    a.body = writer_make(body, sizeof body);
    g_assert_true(format_senml_json.put(&a.body, &base, &records));
    expect_text(&a, "[{\"bn\":\"/7/0/\",\"bt\":1000,\"n\":\"9\",\"vs\":\"s\"}]");
    a.body = writer_make(body, sizeof body);
    g_assert_true(format_lwm2m_json.put(&a.body, &base, &records));
    expect_text(&a, "{\"bn\":\"/7/0/\",\"e\":[{\"n\":\"9\",\"sv\":\"s\"}]}");
}

static size_t many; /* resource instances */

static bool read_many(struct spot *s, struct value *v)
{
    s->id = (uint16_t)s->index;
    *v = value_integer(VALUE_INTEGER, (int64_t)s->index);
    return s->index < many;
}

/* As many records as there is room for, and no more; a multiple resource without an instance is one by itself. */
static void test_read_full(void)
{
    static const struct resource resources[] = { { 5, VALUE_INTEGER, OPERATION_READ, .multiple = true, .read = read_many } };
    static const struct object object = { .id = 7, .resources = resources, .count = 1 };
    static const struct object *const objects[] = { &object };
    static const struct model model = { objects, 1 };
    static const struct path whole = { .depth = PATH_INSTANCE, .id = { 7 } }, one = { .depth = PATH_RESOURCE_INSTANCE, .id = { 7, 0, 5, 191 } };
    static const struct path other = { .depth = PATH_OBJECT, .id = { 8 } };
    static struct records records;
    struct lwm2m_client *c = make();
    c->objects.model = &model;
    g_assert_true(objects_read(&c->objects, &other, &records));
    g_assert_cmpuint(records.count, ==, 0);
    many = RECORDS_MAX;
    g_assert_true(objects_read(&c->objects, &whole, &records));
    g_assert_cmpuint(records.count, ==, RECORDS_MAX);
    g_assert_cmpint(records.at[191].value.integer, ==, 191);
    g_assert_true(objects_read(&c->objects, &one, &records));
    g_assert_true(records.count == 1 && records.at[0].multiple && records.at[0].path.id[3] == 191 && records.at[0].value.integer == 191);
    many = RECORDS_MAX + 1;
    g_assert_false(objects_read(&c->objects, &whole, &records));
    many = 0;
    g_assert_true(objects_read(&c->objects, &whole, &records));
    g_assert_true(records.count == 1 && records.at[0].multiple && records.at[0].path.depth == PATH_RESOURCE && records.at[0].value.type == VALUE_INTEGER);
}

static bool read_none(struct spot *s, struct value *v)
{
    (void)s;
    (void)v;
    return false;
}

/* Each multiple resource of an instance from its first; what has none has a type all the same. */
static void test_read_each(void)
{
    static const struct resource resources[] = { { 5, VALUE_INTEGER, OPERATION_READ, .multiple = true, .read = read_many },
                                                 { 6, VALUE_INTEGER, OPERATION_READ, .multiple = true, .read = read_many },
                                                 { 8, VALUE_TIME, OPERATION_READ, .multiple = true, .read = read_none } };
    static const struct object object = { .id = 7, .resources = resources, .count = G_N_ELEMENTS(resources) };
    static const struct object *const objects[] = { &object };
    static const struct model model = { objects, 1 };
    static const struct path whole = { .depth = PATH_INSTANCE, .id = { 7 } };
    static struct records records;
    struct lwm2m_client *c = make();
    c->objects.model = &model;
    many = 2;
    g_assert_true(objects_read(&c->objects, &whole, &records));
    g_assert_cmpuint(records.count, ==, 5);
    g_assert_true(record_is_empty(&records.at[4]) && records.at[4].value.type == VALUE_TIME);
    for (uint16_t i = 0; i < 4; i++)
        g_assert_true(path_equal(&records.at[i].path, &(struct path){ .depth = PATH_RESOURCE_INSTANCE, .id = { 7, 0, i < 2 ? 5 : 6, i % 2 } }));
}

static uint64_t wall_clock;

static uint64_t current_time(void *user)
{
    (void)user;
    return wall_clock;
}

/* The offset follows summer time with the second in which it begins. */
static void test_read_zone(void)
{
    struct coap_answer a;
    struct lwm2m_client *c = make();
    c->device.current_time = current_time;
    g_setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", TRUE);
    tzset();
    wall_clock = 1774745999; /* 2026-03-29 00:59:59 UTC */
    g_assert_cmpuint(get(c, "/3/0/14", CONTENT_TEXT, &a), ==, CODE_CONTENT);
    expect_text(&a, "+01:00");
    wall_clock++;
    g_assert_cmpuint(get(c, "/3/0/14", CONTENT_TEXT, &a), ==, CODE_CONTENT);
    expect_text(&a, "+02:00");
    g_unsetenv("TZ");
    tzset();
}

static uint64_t moving_clock(void *user)
{
    (void)user;
    return wall_clock++;
}

/* A Read of an instance asks the clock once: what ends meanwhile is in all of its values or in none. */
static void test_read_moment(void)
{
    static const struct path device = { .depth = PATH_INSTANCE, .id = { 3 } };
    static struct records records;
    struct lwm2m_client *c = make();
    c->device.current_time = moving_clock;
    for (wall_clock = 1774745999; wall_clock < 1774746003;) {
        int64_t begun = (int64_t)wall_clock;
        g_assert_true(objects_read(&c->objects, &device, &records));
        g_assert_cmpuint(wall_clock, ==, (uint64_t)begun + 1);
        for (size_t i = 0; i < records.count; i++)
            if (records.at[i].path.id[2] == 13)
                g_assert_cmpint(records.at[i].value.integer, ==, begun);
    }
}

static void test_numbers(void)
{
    expect_integer(0, "0");
    expect_integer(-10, "-10");
    expect_integer(INT64_MIN, "-9223372036854775808");
    expect_integer(INT64_MAX, "9223372036854775807");
    expect_real(31.83, "31.83");
    expect_real(0.1, "0.1");
    expect_real(-2.5, "-2.5");
    expect_real(100, "100");
    expect_real(1e20, "1e+20");
    double v;
    g_assert_true(real_parse(text_slice("-1.5e3"), &v) && v == -1500);
    g_assert_false(real_parse(text_slice("0x10"), &v));
    g_assert_false(real_parse(text_slice("nan"), &v));
    g_assert_false(real_parse(text_slice("1.5 "), &v));
    g_assert_false(real_parse(text_slice("1e999"), &v));
    struct path p;
    g_assert_true(path_parse(text_slice("/3/0/11/0"), &p) && p.depth == 4 && p.id[2] == 11);
    g_assert_false(path_parse(text_slice("3/0"), &p));
    g_assert_false(path_parse(text_slice("/3/0/"), &p));
    g_assert_false(path_parse(text_slice("/3//0"), &p));
    g_assert_false(path_parse(text_slice("/65535"), &p));
    g_assert_false(path_parse(text_slice("/1/2/3/4/5"), &p));
}

static void test_dedup(void)
{
    struct dedup d = { 0 };
    static const struct coap_answer changed = { .code = CODE_CHANGED, .observe = -1 };
    struct coap_token t = { { 1 }, 1 }, other = { { 2 }, 1 };
    g_assert_null(dedup_find(&d, 5, &t, 1000));
    dedup_add(&d, 5, &t, 1000, &changed);
    g_assert_nonnull(dedup_find(&d, 5, &t, 1000 + EXCHANGE_LIFETIME_MS - 1));
    g_assert_null(dedup_find(&d, 5, &t, 1000 + EXCHANGE_LIFETIME_MS));
    g_assert_null(dedup_find(&d, 5, &other, 1001));
    g_assert_null(dedup_find(&d, 6, &t, 1001));
    for (uint16_t mid = 100; mid < 100 + DEDUP_MAX - 1; mid++)
        dedup_add(&d, mid, &t, 1000, &changed);
    g_assert_nonnull(dedup_find(&d, 5, &t, 1001)); /* all that came in that time */
    g_assert_cmpuint(d.room, ==, DEDUP_MAX);
    dedup_add(&d, 99, &t, 1000, &changed);
    g_assert_null(dedup_find(&d, 5, &t, 1001)); /* bounded */
    g_assert_nonnull(dedup_find(&d, 100, &t, 1001));
    dedup_add(&d, 98, &t, 1000 + EXCHANGE_LIFETIME_MS, &changed);
    g_assert_cmpuint(d.room, ==, DEDUP_MAX);
    dedup_clear(&d);
    for (uint16_t mid = 0; mid < 2 * DEDUP_MIN; mid++)
        dedup_add(&d, mid, &t, 1000 + (uint64_t)mid * EXCHANGE_LIFETIME_MS, &changed);
    g_assert_cmpuint(d.room, ==, DEDUP_MIN); /* what is over makes room */
    dedup_clear(&d);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lwm2m/read/formats", test_read_formats);
    g_test_add_func("/lwm2m/read/refusals", test_read_refusals);
    g_test_add_func("/lwm2m/write/resource", test_write_resource);
    g_test_add_func("/lwm2m/write/binding of a stream", test_binding_of_a_stream);
    g_test_add_func("/lwm2m/write/refusals", test_write_refusals);
    g_test_add_func("/lwm2m/write/instance", test_write_instance);
    g_test_add_func("/lwm2m/execute", test_execute);
    g_test_add_func("/lwm2m/discover", test_discover);
    g_test_add_func("/lwm2m/attributes", test_attributes);
    g_test_add_func("/lwm2m/observe/change", test_observe_change);
    g_test_add_func("/lwm2m/observe/periods", test_observe_periods);
    g_test_add_func("/lwm2m/observe/limits", test_observe_limits);
    g_test_add_func("/lwm2m/observe/failed", test_observe_failed);
    g_test_add_func("/lwm2m/codec/tlv", test_tlv);
    g_test_add_func("/lwm2m/codec/tlv widths", test_tlv_widths);
    g_test_add_func("/lwm2m/codec/senml cbor", test_senml_cbor);
    g_test_add_func("/lwm2m/codec/senml time", test_senml_time);
    g_test_add_func("/lwm2m/read/full", test_read_full);
    g_test_add_func("/lwm2m/read/each", test_read_each);
    g_test_add_func("/lwm2m/read/zone", test_read_zone);
    g_test_add_func("/lwm2m/read/moment", test_read_moment);
    g_test_add_func("/lwm2m/numbers", test_numbers);
    g_test_add_func("/lwm2m/dedup", test_dedup);
    return g_test_run();
}
