/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on several instances and several paths, formats beyond TLV and SenML, bodies in blocks, attributes of 1.2; without a network. */
#include "harness.h"

/* ---- Create, Delete, composite ---- */

static void test_create_delete(void)
{
    struct lwm2m_client *c = make();
    struct coap_answer a;
    static const char tlv[] = "\x86\x00\x41\x00""a" "\x41\x02""b"; /* /16/?/0/0 = a, /0/2 = b */
    struct ask create = { METHOD_POST, "/16", NULL, CONTENT_TLV, -1, -1, tlv, sizeof tlv - 1 };
    g_assert_cmpuint(send(c, &create, &a), ==, CODE_CREATED);
    g_assert_true(a.created[0] == 16 && a.created[1] == 0); /* the client chose the id and says so */
    g_assert_cmpuint(c->server.effects, ==, EFFECT_UPDATE | EFFECT_OBJECTS);
    g_assert_cmpuint(get(c, "/16/0/0/2", -1, &a), ==, CODE_CONTENT);
    expect_text(&a, "b");
    static const char named[] = "\x28\x00\x03\x06\x86\x00\x41\x00""a"; /* as instance 3, 16-bit id */
    create.payload = named;
    create.len = sizeof named - 1;
    g_assert_cmpuint(send(c, &create, &a), ==, CODE_BAD_REQUEST); /* the inner length is one short: nothing is made */
    static const char senml[] = "[{\"bn\":\"/16/2/\",\"n\":\"0/0\",\"vs\":\"z\"}]";
    create.payload = senml;
    create.len = sizeof senml - 1;
    create.format = CONTENT_SENML_JSON;
    g_assert_cmpuint(send(c, &create, &a), ==, CODE_CREATED);
    g_assert_true(a.created[0] == 0 && a.created[1] == 0); /* the server chose it */
    g_assert_cmpuint(send(c, &create, &a), ==, CODE_BAD_REQUEST); /* taken */
    g_assert_cmpuint(get(c, "/16", CONTENT_TLV, &a), ==, CODE_CONTENT);
    expect_hex(&a, "080008" "8600410061" "410262" "0502" "830041007a");
    uint8_t links[512];
    struct writer w = writer_make(links, sizeof links);
    discover_put_registration(c, &w);
    g_assert_true(slice_is(writer_slice(&w), "</>;rt=\"oma.lwm2m\";ct=\"0 42 60 110 112 11542 11544\",</1/0>,</3/0>,</4>;ver=1.3,</7>,</10>;ver=1.1,</11>;ver=1.1,</16/0>,</16/2>,</25>;ver=2.0"));
    create.payload = "[]"; /* a mandatory resource is missing */
    create.len = 2;
    g_assert_cmpuint(send(c, &create, &a), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(put(c, METHOD_POST, "/16", CONTENT_TEXT, "x", 1), ==, CODE_UNSUPPORTED_FORMAT);
    g_assert_cmpuint(put(c, METHOD_POST, "/3", CONTENT_TLV, "", 0), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(put(c, METHOD_POST, "/77", CONTENT_TLV, "", 0), ==, CODE_NOT_FOUND);
    g_assert_cmpuint(set_attributes(c, "/16/2/0", "pmin=5"), ==, CODE_CHANGED);
    g_assert_cmpuint(put(c, METHOD_DELETE, "/16", -1, "", 0), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(put(c, METHOD_DELETE, "/16/2/0", -1, "", 0), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(put(c, METHOD_DELETE, "/16/2", -1, "", 0), ==, CODE_DELETED);
    g_assert_cmpuint(put(c, METHOD_DELETE, "/16/2", -1, "", 0), ==, CODE_NOT_FOUND);
    g_assert_cmpuint(c->attributes.count, ==, 0); /* what was attached went with it */
    for (int i = 1; i < PORTFOLIOS; i++) {
        create = (struct ask){ METHOD_POST, "/16", NULL, CONTENT_TLV, -1, -1, tlv, sizeof tlv - 1 };
        g_assert_cmpuint(send(c, &create, &a), ==, CODE_CREATED);
        g_assert_cmpuint(a.created[1], ==, i);
    }
    g_assert_cmpuint(send(c, &create, &a), ==, CODE_INTERNAL); /* no room */
}

/* What 1.2 adds: some instances of a resource by POST, the default of notifications, an object that is closed, the client's choice of an id in LwM2M CBOR. */
static void test_1_2(void)
{
    struct lwm2m_client *c = make();
    struct coap_answer a;
    put(c, METHOD_POST, "/16", CONTENT_TLV, "\x86\x00\x41\x00""a" "\x41\x01""b", 8);
    g_assert_cmpuint(put(c, METHOD_POST, "/16/0/0", CONTENT_TLV, "\x83\x00\x41\x02""c", 5), ==, CODE_CHANGED);
    g_assert_cmpuint(get(c, "/16/0/0", CONTENT_SENML_JSON, &a), ==, CODE_CONTENT);
    expect_text(&a, "[{\"bn\":\"/16/0/0/\",\"n\":\"0\",\"vs\":\"a\"},{\"n\":\"1\",\"vs\":\"b\"},{\"n\":\"2\",\"vs\":\"c\"}]");
    g_assert_cmpuint(put(c, METHOD_POST, "/1/0/1", CONTENT_TEXT, "5", 1), ==, CODE_METHOD_NOT_ALLOWED); /* of one value it is an Execute */
    g_assert_cmpuint(put(c, METHOD_POST, "/3/0/11", CONTENT_TLV, "\x83\x0b\x41\x00\x01", 5), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(get(c, "/23/0", -1, &a), ==, CODE_UNAUTHORIZED);
    struct ask create = { METHOD_POST, "/16", NULL, CONTENT_LWM2M_CBOR, -1, -1, "\xa1\x84\x10\x19\xff\xff\x00\x00\x61""x", 10 };
    g_assert_cmpuint(send(c, &create, &a), ==, CODE_CREATED);
    g_assert_true(a.created[0] == 16 && a.created[1] == 1);
    g_assert_cmpuint(put(c, METHOD_PUT, "/16/0/0", CONTENT_LWM2M_CBOR, "\xa1\x84\x10\x19\xff\xff\x00\x00\x61""x", 10), !=, CODE_CHANGED);

    static const char paths[] = "[{\"n\":\"/16/0/0/2\"}]", values[] = "[{\"n\":\"/16/0/0/2\",\"vs\":\"C\"}]";
    g_assert_cmpuint(put(c, METHOD_IPATCH, "/", CONTENT_ETCH_JSON, values, sizeof values - 1), ==, CODE_CHANGED);
    g_assert_cmpuint(send(c, &(struct ask){ METHOD_FETCH, "/", NULL, CONTENT_ETCH_JSON, CONTENT_SENML_JSON, -1, paths, sizeof paths - 1 }, &a), ==, CODE_CONTENT);
    g_assert_nonnull(g_strstr_len((const char *)body, (gssize)a.body.len, "\"vs\":\"C\""));
    g_assert_cmpuint(get(c, "/1/0/26", -1, &a), ==, CODE_NOT_FOUND); /* of 1.2 */
    c->objects.model = c->records.model = &model_managed_1_2;
    g_assert_cmpuint(get(c, "/1/0/26", -1, &a), ==, CODE_NOT_FOUND); /* nothing was written */
    observe(c, "/1/0/6", 0);
    put(c, METHOD_PUT, "/1/0/6", CONTENT_TEXT, "0", 1);
    g_assert_true(notified == 1 && last_confirmable);
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/26", CONTENT_TEXT, "2", 1), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/26", CONTENT_TEXT, "0", 1), ==, CODE_CHANGED);
    put(c, METHOD_PUT, "/1/0/6", CONTENT_TEXT, "1", 1);
    g_assert_true(notified == 2 && !last_confirmable);
    g_assert_cmpuint(set_attributes(c, "/1/0/6", "con=1"), ==, CODE_CHANGED); /* which comes before it */
    put(c, METHOD_PUT, "/1/0/6", CONTENT_TEXT, "0", 1);
    g_assert_true(notified == 3 && last_confirmable);
}

static void test_multiple_resource(void)
{
    struct lwm2m_client *c = make();
    struct coap_answer a;
    put(c, METHOD_POST, "/16", CONTENT_TLV, "\x86\x00\x41\x00""a" "\x41\x01""b", 8);
    g_assert_cmpuint(put(c, METHOD_POST, "/16/0", CONTENT_TLV, "\x83\x00\x41\x02""c", 5), ==, CODE_CHANGED); /* adds */
    g_assert_cmpuint(get(c, "/16/0/0", CONTENT_SENML_JSON, &a), ==, CODE_CONTENT);
    expect_text(&a, "[{\"bn\":\"/16/0/0/\",\"n\":\"0\",\"vs\":\"a\"},{\"n\":\"1\",\"vs\":\"b\"},{\"n\":\"2\",\"vs\":\"c\"}]");
    g_assert_cmpuint(put(c, METHOD_PUT, "/16/0/0/1", CONTENT_TEXT, "B", 1), ==, CODE_CHANGED); /* one instance alone */
    g_assert_cmpuint(put(c, METHOD_PUT, "/16/0/0/3", CONTENT_TEXT, "d", 1), ==, CODE_NOT_FOUND);
    g_assert_cmpuint(put(c, METHOD_POST, "/16/0", CONTENT_TLV, "\x83\x00\x41\x04""c", 5), ==, CODE_BAD_REQUEST); /* no such place */
    g_assert_cmpuint(get(c, "/16/0/0", CONTENT_LWM2M_CBOR, &a), ==, CODE_CONTENT);
    expect_hex(&a, "a110a100a100a3" "006161" "016142" "026163"); /* {16: {0: {0: {0: "a", 1: "B", 2: "c"}}}} */
    g_assert_cmpuint(put(c, METHOD_PUT, "/16/0/0", CONTENT_LWM2M_CBOR, "\xa1\x83\x10\x00\x00\xa1\x03\x61""x", 9), ==, CODE_CHANGED); /* replaces all */
    g_assert_cmpuint(get(c, "/16/0/0", CONTENT_TLV, &a), ==, CODE_CONTENT);
    expect_hex(&a, "8300410378");
    g_assert_cmpuint(get(c, "/16/0", CONTENT_LINK, &a), ==, CODE_CONTENT);
    expect_text(&a, "</16/0>,</16/0/0>;dim=1");
    g_assert_cmpuint(send(c, &(struct ask){ METHOD_GET, "/16", "depth=3", -1, CONTENT_LINK, -1, NULL, 0 }, &a), ==, CODE_CONTENT);
    expect_text(&a, "</16>,</16/0>,</16/0/0>;dim=1,</16/0/0/3>");
    g_assert_cmpuint(send(c, &(struct ask){ METHOD_GET, "/16", "depth=0", -1, CONTENT_LINK, -1, NULL, 0 }, &a), ==, CODE_CONTENT);
    expect_text(&a, "</16>");
    g_assert_cmpuint(send(c, &(struct ask){ METHOD_GET, "/16", "depth=4", -1, CONTENT_LINK, -1, NULL, 0 }, &a), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(send(c, &(struct ask){ METHOD_GET, "/16", "pmin=4", -1, CONTENT_LINK, -1, NULL, 0 }, &a), ==, CODE_BAD_REQUEST);
}

static unsigned fetch(struct lwm2m_client *c, const char *paths, int observe_action, struct coap_answer *a)
{
    return send(c, &(struct ask){ METHOD_FETCH, "/", NULL, CONTENT_SENML_JSON, CONTENT_SENML_JSON, observe_action, paths, strlen(paths) }, a);
}

static void test_composite(void)
{
    struct lwm2m_client *c = make();
    struct coap_answer a;
    g_assert_cmpuint(fetch(c, "[{\"n\":\"/1/0/1\"},{\"n\":\"/3/0/1\"},{\"n\":\"/99/0\"},{\"n\":\"/1/0/1\"}]", -1, &a), ==, CODE_CONTENT);
    expect_text(&a, "[{\"bn\":\"/\",\"n\":\"1/0/1\",\"v\":300},{\"n\":\"3/0/1\",\"vs\":\"m\"}]");
    g_assert_cmpuint(fetch(c, "[{\"n\":\"/1/0/1\"},{\"n\":\"/1\"}]", -1, &a), ==, CODE_CONTENT); /* what is named twice comes once */
    expect_text(&a, "[{\"bn\":\"/\",\"n\":\"1/0/1\",\"v\":300},{\"n\":\"1/0/0\",\"v\":7},{\"n\":\"1/0/2\",\"v\":0},{\"n\":\"1/0/5\",\"v\":86400},{\"n\":\"1/0/6\",\"vb\":true},{\"n\":\"1/0/7\",\"vs\":\"U\"}]");
    g_assert_cmpuint(fetch(c, "[{\"n\":\"/99/0\"}]", -1, &a), ==, CODE_CONTENT);
    expect_text(&a, "[]");
    g_assert_cmpuint(fetch(c, "[{\"n\":\"/1/0/1\"},{\"n\":\"/0/0/5\"}]", -1, &a), ==, CODE_UNAUTHORIZED);
    g_assert_cmpuint(fetch(c, "[{\"n\":\"x\"}]", -1, &a), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(fetch(c, "[]", -1, &a), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(fetch(c, "[{\"n\":\"/1/0/1\",\"v\":1}]", -1, &a), ==, CODE_BAD_REQUEST); /* RFC 8790 clause 3.1: no values in a Fetch Pack */
    static const char cbor[] = "\x81\xa1\x00\x66/1/0/1";
    struct ask ask = { METHOD_FETCH, "/", NULL, CONTENT_ETCH_CBOR, -1, -1, cbor, sizeof cbor - 1 };
    g_assert_cmpuint(send(c, &ask, &a), ==, CODE_CONTENT);
    g_assert_cmpint(a.content_format, ==, CONTENT_SENML_CBOR);
    expect_hex(&a, "81a321612f0065" "312f302f31" "0219012c");
    ask.format = CONTENT_TLV;
    g_assert_cmpuint(send(c, &ask, &a), ==, CODE_UNSUPPORTED_FORMAT);
    ask = (struct ask){ METHOD_FETCH, "/", NULL, CONTENT_ETCH_CBOR, CONTENT_TLV, -1, cbor, sizeof cbor - 1 };
    g_assert_cmpuint(send(c, &ask, &a), ==, CODE_NOT_ACCEPTABLE);
}

static void test_composite_write(void)
{
    struct lwm2m_client *c = make();
    put(c, METHOD_POST, "/16", CONTENT_TLV, "\x83\x00\x41\x00""a", 5);
    static const char both[] = "[{\"n\":\"/1/0/1\",\"v\":90},{\"n\":\"/16/0/0/1\",\"vs\":\"n\"}]";
    g_assert_cmpuint(put(c, METHOD_IPATCH, "/", CONTENT_SENML_JSON, both, sizeof both - 1), ==, CODE_CHANGED);
    g_assert_cmpuint(c->server.lifetime, ==, 90);
    g_assert_cmpstr(c->objects.servers->portfolio[0].identity[1], ==, "n");
    static const struct {
        const char *payload;
        unsigned code;
    } cases[] = {
        { "[{\"n\":\"/1/0/1\",\"v\":60},{\"n\":\"/3/0/0\",\"vs\":\"x\"}]", CODE_METHOD_NOT_ALLOWED }, { "[{\"n\":\"/1/0/1\",\"v\":60},{\"n\":\"/0/0/0\",\"vs\":\"x\"}]", CODE_UNAUTHORIZED },
        { "[{\"n\":\"/1/0/1\",\"v\":60},{\"n\":\"/16/3/0/0\",\"vs\":\"x\"}]", CODE_NOT_FOUND }, { "[{\"n\":\"/1/0/1\",\"v\":60},{\"n\":\"/1/0/1\",\"v\":61}]", CODE_BAD_REQUEST },
        { "[{\"n\":\"/1/0/1\",\"v\":60},{\"n\":\"/1/0/3\",\"v\":-1}]", CODE_BAD_REQUEST },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        g_test_message("%s", cases[i].payload);
        g_assert_cmpuint(put(c, METHOD_IPATCH, "/", CONTENT_SENML_JSON, cases[i].payload, strlen(cases[i].payload)), ==, cases[i].code);
    }
    g_assert_cmpuint(c->server.lifetime, ==, 90); /* all or nothing */
    g_assert_cmpuint(put(c, METHOD_IPATCH, "/", CONTENT_TLV, "", 0), ==, CODE_UNSUPPORTED_FORMAT);
    g_assert_cmpuint(put(c, METHOD_IPATCH, "/", CONTENT_LWM2M_CBOR, "\xa1\x83\x01\x00\x01\x18\x46", 7), ==, CODE_CHANGED);
    g_assert_cmpuint(c->server.lifetime, ==, 70);
}

static void test_observe_composite(void)
{
    struct lwm2m_client *c = make();
    struct coap_answer a;
    static const char paths[] = "[{\"n\":\"/1/0/1\"},{\"n\":\"/1/0/6\"}]";
    g_assert_cmpuint(fetch(c, paths, 0, &a), ==, CODE_CONTENT);
    last_sequence = (uint32_t)a.observe;
    put(c, METHOD_PUT, "/1/0/3", CONTENT_TEXT, "0", 1);
    g_assert_cmpuint(notified, ==, 0);
    put(c, METHOD_PUT, "/1/0/6", CONTENT_TEXT, "0", 1);
    g_assert_cmpuint(notified, ==, 1);
    g_assert_cmpstr(last_body, ==, "[{\"bn\":\"/\",\"n\":\"1/0/1\",\"v\":300},{\"n\":\"1/0/6\",\"vb\":false}]");
    g_assert_cmpuint(fetch(c, "[{\"n\":\"/1/0/1\"}]", 1, &a), ==, CODE_BAD_REQUEST); /* another list is another observation */
    g_assert_cmpuint(set_attributes(c, "/1/0/1", "pmin=10"), ==, CODE_CHANGED);
    put(c, METHOD_PUT, "/1/0/6", CONTENT_TEXT, "1", 1);
    g_assert_cmpuint(notified, ==, 1);
    advance(10000);
    g_assert_cmpuint(notified, ==, 2);
    g_assert_cmpuint(fetch(c, paths, 1, &a), ==, CODE_CONTENT);
    put(c, METHOD_PUT, "/1/0/6", CONTENT_TEXT, "0", 1);
    advance(100000);
    g_assert_cmpuint(notified, ==, 2);
}

static void test_observe_attributes_1_2(void)
{
    struct lwm2m_client *c = make();
    struct coap_answer a;
    struct ask ask = { METHOD_GET, "/1/0/6", "edge=0&con=0", -1, CONTENT_TEXT, 0, NULL, 0 };
    g_assert_cmpuint(send(c, &ask, &a), ==, CODE_CONTENT);
    last_sequence = (uint32_t)a.observe;
    put(c, METHOD_PUT, "/1/0/6", CONTENT_TEXT, "0", 1);
    g_assert_cmpuint(notified, ==, 1);
    g_assert_false(last_confirmable);
    put(c, METHOD_PUT, "/1/0/6", CONTENT_TEXT, "1", 1); /* rising: not asked for */
    g_assert_cmpuint(notified, ==, 1);
    advance(24 * 3600 * 1000);
    put(c, METHOD_PUT, "/1/0/6", CONTENT_TEXT, "0", 1);
    /* the value last reported is the falling one: no news until it has been reported otherwise */
    ask = (struct ask){ METHOD_GET, "/1/0/6", "edge=2", -1, CONTENT_TEXT, 0, NULL, 0 };
    g_assert_cmpuint(send(c, &ask, &a), ==, CODE_BAD_REQUEST);
    ask = (struct ask){ METHOD_GET, "/1/0/1", "edge=1", -1, CONTENT_TEXT, 0, NULL, 0 };
    g_assert_cmpuint(send(c, &ask, &a), ==, CODE_BAD_REQUEST); /* no boolean */
    c = make();
    ask = (struct ask){ METHOD_GET, "/1/0/1", "con=0&pmax=100000", -1, CONTENT_TEXT, 0, NULL, 0 };
    g_assert_cmpuint(send(c, &ask, &a), ==, CODE_CONTENT);
    last_sequence = (uint32_t)a.observe;
    advance(100000 * 1000ull);
    g_assert_cmpuint(notified, ==, 1);
    g_assert_true(last_confirmable); /* once a day it must be confirmed */
    c = make();
    g_assert_cmpuint(set_attributes(c, "/1/0/1", "epmin=20&epmax=10"), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(set_attributes(c, "/1/0/1", "epmin=10&epmax=20"), ==, CODE_CHANGED);
    observe(c, "/1/0/1", 0);
    advance(1000);
    put(c, METHOD_PUT, "/1/0/1", CONTENT_TEXT, "61", 2);
    g_assert_cmpuint(notified, ==, 0); /* not looked at before epmin has passed */
    advance(9000);
    g_assert_cmpuint(notified, ==, 1);
    c->server.lifetime = 62; /* by nobody who tells */
    advance(19999);
    g_assert_cmpuint(notified, ==, 1);
    advance(1);
    g_assert_cmpuint(notified, ==, 2);
}

static void test_many_observations(void)
{
    struct lwm2m_client *c = make();
    for (uint32_t i = 0; i < 10000; i++) {
        struct wish wish = { .path = { .depth = PATH_RESOURCE, .id = { 1, 0, 1 } }, .format = CONTENT_TEXT };
        int64_t sequence;
        memcpy(wish.token.data, &i, sizeof i);
        wish.token.len = sizeof i;
        g_assert_true(reporting_observe(c, &wish, &sequence));
    }
    g_assert_cmpuint(c->observed, ==, 10000);
    struct coap_token t = { { 1, 0, 0, 0 }, 4 };
    g_assert_true(reporting_has(c, &t));
    reporting_cancel(c, &t);
    g_assert_false(reporting_has(c, &t));
    reporting_clear(c);
    g_assert_cmpuint(c->observed, ==, 0);
}

/* ---- formats of one value, and of 1.0 ---- */

static void test_other_formats(void)
{
    struct lwm2m_client *c = make();
    struct coap_answer a;
    g_assert_cmpuint(get(c, "/1/0/1", CONTENT_CBOR, &a), ==, CODE_CONTENT);
    expect_hex(&a, "19012c");
    g_assert_cmpuint(get(c, "/1/0", CONTENT_CBOR, &a), ==, CODE_NOT_ACCEPTABLE);
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/1", CONTENT_CBOR, "\x18\x3c", 2), ==, CODE_CHANGED);
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/6", CONTENT_CBOR, "\xf4", 1), ==, CODE_CHANGED);
    g_assert_false(server_value(&c->server, SERVER_STORING, true));
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/6", CONTENT_CBOR, "\xf6", 1), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/1", CONTENT_CBOR, "\x18\x3c\x00", 3), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(get(c, "/1/0/1", CONTENT_LWM2M_JSON, &a), ==, CODE_NOT_ACCEPTABLE);
    c->version = LWM2M_1_0;
    g_assert_cmpuint(get(c, "/1/0", CONTENT_LWM2M_JSON, &a), ==, CODE_CONTENT);
    expect_text(&a, "{\"bn\":\"/1/0/\",\"e\":[{\"n\":\"0\",\"v\":7},{\"n\":\"1\",\"v\":60},{\"n\":\"2\",\"v\":0},{\"n\":\"5\",\"v\":86400},{\"n\":\"6\",\"bv\":false},{\"n\":\"7\",\"sv\":\"U\"}]}");
    static const char json[] = "{\"bn\":\"/1/0/\",\"e\":[{\"n\":\"1\",\"v\":77},{\"n\":\"6\",\"bv\":true}]}";
    g_assert_cmpuint(put(c, METHOD_POST, "/1/0", 1543, json, sizeof json - 1), ==, CODE_CHANGED);
    g_assert_cmpuint(c->server.lifetime, ==, 77);
    static const char two[] = "{\"bn\":\"/1/0/\",\"e\":[{\"n\":\"1\",\"v\":78,\"sv\":\"x\"}]}";
    g_assert_cmpuint(put(c, METHOD_POST, "/1/0", CONTENT_LWM2M_JSON, two, sizeof two - 1), ==, CODE_BAD_REQUEST);
}

/* ---- bodies in blocks ---- */

static enum coap_code give_block(struct block1 *b, unsigned number, bool more, const char *payload, size_t len, uint64_t now, struct slice *whole)
{
    struct coap_request r = { .method = METHOD_PUT, .block1 = (int64_t)number << 4 | (more ? 8 : 0), .segments = 1, .segment = { text_slice("9") } };
    r.payload = (struct slice){ (const uint8_t *)payload, len };
    return block1_take(b, &r, now, whole);
}

static void test_block1(void)
{
    static const char a[16] = "0123456789abcdef";
    struct block1 b = { 0 };
    struct slice whole;
    g_assert_cmpuint(give_block(&b, 1, true, a, 16, 0, &whole), ==, CODE_INCOMPLETE); /* the first is missing */
    g_assert_cmpuint(give_block(&b, 0, true, a, 16, 0, &whole), ==, CODE_CONTINUE);
    g_assert_cmpuint(give_block(&b, 2, true, a, 16, 0, &whole), ==, CODE_INCOMPLETE);
    g_assert_cmpuint(give_block(&b, 1, true, a, 15, 0, &whole), ==, CODE_BAD_REQUEST); /* not full, though more follow */
    g_assert_cmpuint(give_block(&b, 1, false, a, 3, 0, &whole), ==, CODE_CHANGED);
    g_assert_true(slice_is(whole, "0123456789abcdef012"));
    block1_clear(&b);
    g_assert_cmpuint(give_block(&b, 0, true, a, 16, 0, &whole), ==, CODE_CONTINUE);
    g_assert_cmpuint(give_block(&b, 1, false, a, 1, EXCHANGE_LIFETIME_MS, &whole), ==, CODE_INCOMPLETE); /* too late */
    static const char big[1024];
    struct coap_request r = { .method = METHOD_PUT, .payload = { (const uint8_t *)big, sizeof big } };
    enum coap_code code = CODE_CONTINUE;
    for (unsigned n = 0; code == CODE_CONTINUE && n < 100; n++) {
        r.block1 = (int64_t)n << 4 | 8 | 6;
        code = block1_take(&b, &r, 0, &whole);
        g_assert_cmpuint(n, <=, BLOCK1_BODY_MAX / 1024);
    }
    g_assert_cmpuint(code, ==, CODE_TOO_LARGE);
    g_assert_null(b.body);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lwm2m/observe/composite", test_observe_composite);
    g_test_add_func("/lwm2m/observe/attributes", test_observe_attributes_1_2);
    g_test_add_func("/lwm2m/observe/many", test_many_observations);
    g_test_add_func("/lwm2m/create-delete", test_create_delete);
    g_test_add_func("/lwm2m/multiple", test_multiple_resource);
    g_test_add_func("/lwm2m/1.2", test_1_2);
    g_test_add_func("/lwm2m/composite/read", test_composite);
    g_test_add_func("/lwm2m/composite/write", test_composite_write);
    g_test_add_func("/lwm2m/formats", test_other_formats);
    g_test_add_func("/lwm2m/block1", test_block1);
    return g_test_run();
}
