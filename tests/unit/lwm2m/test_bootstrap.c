/* SPDX-License-Identifier: Apache-2.0 */
/* What a bootstrap server's requests do to accounts that are being written, without a network. */
#include <glib.h>
#include <string.h>

#include "lwm2m/bootstrap_write.h"
#include "lwm2m/format/format.h"

static struct bootstrap_desk desk;
static uint8_t body[COAP_ANSWER_MAX];
static struct coap_answer answer;
static bool finished;
static struct error refused;

static const struct lwm2m_account server = { .short_server_id = 0, .uri = "coaps://bs.example", .identity = "bs", .key = "0123456789abcdef", .key_len = 16 };
static const struct lwm2m_account old = { .short_server_id = 101, .uri = "coaps://old.example", .identity = "old", .key = "fedcba9876543210", .key_len = 16, .lifetime = 300 };

static struct slice text_slice(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

static unsigned ask(enum coap_method method, const char *path, int format, int accept, const char *payload)
{
    struct coap_request r = { .method = method, .content_format = format, .accept = accept, .observe = -1, .block1 = -1, .payload = text_slice(payload) };
    g_auto(GStrv) segments = g_strsplit(path[1] ? &path[1] : "", "/", 0);
    for (; segments[r.segments]; r.segments++)
        r.segment[r.segments] = text_slice(segments[r.segments]);
    answer = (struct coap_answer){ .content_format = -1, .body = writer_make(body, sizeof body) };
    bootstrap_serve(&desk, &r, &answer, &finished, &refused);
    return (unsigned)answer.code;
}

static unsigned put(const char *path, const char *json)
{
    return ask(METHOD_PUT, path, CONTENT_SENML_JSON, -1, json);
}

static void expect(const char *text)
{
    g_assert_cmpint(answer.code, ==, CODE_CONTENT);
    g_autofree char *got = g_strndup((const char *)body, answer.body.len);
    g_assert_cmpstr(got, ==, text);
}

static const char security[] = "[{\"bn\":\"/0/1/\",\"n\":\"0\",\"vs\":\"coaps://new.example:5684\"},{\"n\":\"1\",\"vb\":false},{\"n\":\"2\",\"v\":0},{\"n\":\"3\",\"vd\":\"bmV3\"},"
                               "{\"n\":\"4\",\"vd\":\"\"},{\"n\":\"5\",\"vd\":\"MDEyMzQ1Njc4OWFiY2RlZg\"},{\"n\":\"10\",\"v\":102}]";
static const char account[] = "[{\"bn\":\"/1/0/\",\"n\":\"0\",\"v\":102},{\"n\":\"1\",\"v\":600},{\"n\":\"6\",\"vb\":true},{\"n\":\"7\",\"vs\":\"U\"}]";

static void test_whole(void)
{
    bootstrap_desk_open(&desk, &server, &old, 1);
    g_assert_cmpuint(ask(METHOD_GET, "/", -1, CONTENT_LINK, ""), ==, CODE_CONTENT);
    expect("</>;lwm2m=1.1,</0/0>,</0/1>;ssid=101;uri=\"coaps://old.example\",</1/0>;ssid=101,</2>,</3/0>");
    g_assert_cmpuint(ask(METHOD_GET, "/1", -1, CONTENT_SENML_JSON, ""), ==, CODE_CONTENT);
    expect("[{\"bn\":\"/1/\",\"n\":\"0/0\",\"v\":101},{\"n\":\"0/1\",\"v\":300},{\"n\":\"0/6\",\"vb\":true},{\"n\":\"0/7\",\"vs\":\"U\"}]");
    g_assert_cmpuint(ask(METHOD_DELETE, "/", -1, -1, ""), ==, CODE_DELETED);
    g_assert_cmpuint(ask(METHOD_GET, "/", -1, CONTENT_LINK, ""), ==, CODE_CONTENT);
    expect("</>;lwm2m=1.1,</0/0>,</1>,</2>,</3/0>"); /* its own account stays */
    desk.version = LWM2M_1_2;
    g_assert_cmpuint(ask(METHOD_GET, "/3", -1, CONTENT_LINK, ""), ==, CODE_CONTENT);
    expect("</>;lwm2m=1.2,</3/0>");
    g_assert_cmpuint(ask(METHOD_POST, "/bs", -1, -1, ""), ==, CODE_NOT_ACCEPTABLE);
    g_assert_false(finished);
    g_assert_cmpuint(put("/0/1", security), ==, CODE_CHANGED);
    g_assert_cmpuint(ask(METHOD_POST, "/bs", -1, -1, ""), ==, CODE_NOT_ACCEPTABLE); /* half an account; the server may mend it */
    g_assert_cmpuint(put("/1/0", account), ==, CODE_CHANGED);
    g_assert_cmpuint(ask(METHOD_POST, "/bs", -1, -1, ""), ==, CODE_CHANGED);
    g_assert_true(finished);
    struct lwm2m_account out[3];
    g_assert_cmpuint(bootstrap_accounts(&desk.staged, "GW", out, 3), ==, 2);
    g_assert_true(out[1].short_server_id == 0 && strcmp(out[1].uri, server.uri) == 0 && memcmp(out[1].key, server.key, 16) == 0); /* its own, last */
    g_assert_true(out[0].short_server_id == 102 && out[0].lifetime == 600 && out[0].key_len == 16 && memcmp(out[0].key, "0123456789abcdef", 16) == 0);
    g_assert_cmpstr(out[0].uri, ==, "coaps://new.example:5684");
    g_assert_cmpstr(out[0].identity, ==, "new");
    g_assert_cmpstr(out[0].endpoint, ==, "GW");
}

/* The answer has only a code: what is wrong, and where, is for the log and the bus. */
static void test_refused(void)
{
    static const struct {
        const char *path, *json, *why;
        enum coap_code code;
        enum error_code error;
    } rows[] = {
        { "/1/0", "[{\"n\":\"/1/0/1\",\"v\":0}]", "/1/0/1: it has no such value", CODE_BAD_REQUEST, ERROR_INVALID },
        { "/1/0", "[{\"n\":\"/1/0/1\",\"v\":60},{\"n\":\"/1/0/1\",\"v\":60}]", "/1/0/1: stands twice", CODE_BAD_REQUEST, ERROR_MALFORMED },
        { "/1/0", "[{\"n\":\"/1/0/1\"", "/1/0: what follows is not readable", CODE_BAD_REQUEST, ERROR_MALFORMED },
        { "/3/0", "[]", "/3/0: no object that a bootstrap writes here", CODE_NOT_FOUND, ERROR_NOT_SUPPORTED },
        { "/21/0", "[]", "/21/0: the linked CoAP library has no OSCORE", CODE_NOT_FOUND, ERROR_NOT_SUPPORTED },
        { "/1/4/1", "[]", "/1/4/1: its instance is not there", CODE_NOT_FOUND, ERROR_INCOMPLETE },
        { "/", "[]", "/: no object, instance or resource", CODE_METHOD_NOT_ALLOWED, ERROR_NOT_SUPPORTED },
    };
    bootstrap_desk_open(&desk, &server, &old, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmpuint(put(rows[i].path, rows[i].json), ==, rows[i].code);
        g_assert_cmpstr(refused.text, ==, rows[i].why);
        g_assert_cmpint(refused.code, ==, rows[i].error);
    }
    g_assert_cmpuint(ask(METHOD_PUT, "/1/0", 99, -1, ""), ==, CODE_UNSUPPORTED_FORMAT);
    g_assert_cmpstr(refused.text, ==, "/1/0: its format is not known");
    g_assert_cmpuint(put("/1/0", "[{\"n\":\"/1/0/1\",\"v\":60}]"), ==, CODE_CHANGED);
    g_assert_cmpint(refused.code, ==, ERROR_NONE);
    g_assert_cmpuint(ask(METHOD_POST, "/bs", -1, -1, ""), ==, CODE_NOT_ACCEPTABLE);
    g_assert_cmpstr(refused.text, ==, "/0/1: no instance of object 1 has its short server id 101");
}

static void test_object_write(void)
{
    bootstrap_desk_open(&desk, &server, NULL, 0);
    /* two instances of object 1 in one TLV */
    struct coap_request r = { .method = METHOD_PUT, .content_format = CONTENT_TLV, .accept = -1, .observe = -1, .block1 = -1, .segments = 1, .segment = { text_slice("1") } };
    static const uint8_t instance[] = { 0x08, 0x00, 0x0c, 0xc1, 0x00, 0x65, 0xc1, 0x01, 0x3c, 0xc1, 0x06, 0x01, 0xc1, 0x07, 0x55 };
    uint8_t both[2 * sizeof instance];
    memcpy(both, instance, sizeof instance);
    memcpy(both + sizeof instance, instance, sizeof instance);
    both[sizeof instance + 1] = 1;
    both[sizeof instance + 5] = 0x66;
    r.payload = (struct slice){ both, sizeof both };
    answer = (struct coap_answer){ .content_format = -1, .body = writer_make(body, sizeof body) };
    bootstrap_serve(&desk, &r, &answer, &finished, &refused);
    g_assert_cmpint(answer.code, ==, CODE_CHANGED);
    g_assert_cmpuint(ask(METHOD_GET, "/1", -1, CONTENT_LINK, ""), ==, CODE_CONTENT);
    expect("</>;lwm2m=1.1,</1/0>;ssid=101,</1/1>;ssid=102");
    g_assert_cmpuint(ask(METHOD_PUT, "/1/1/1", CONTENT_TEXT, -1, "90"), ==, CODE_CHANGED); /* one resource */
    g_assert_cmpuint(ask(METHOD_GET, "/1/1", -1, CONTENT_SENML_JSON, ""), ==, CODE_CONTENT);
    expect("[{\"bn\":\"/1/1/\",\"n\":\"0\",\"v\":102},{\"n\":\"1\",\"v\":90},{\"n\":\"6\",\"vb\":true},{\"n\":\"7\",\"vs\":\"U\"}]");
    /* an instance written as a whole has nothing of what it was */
    g_assert_cmpuint(put("/1/1", "[{\"bn\":\"/1/1/\",\"n\":\"0\",\"v\":103}]"), ==, CODE_CHANGED);
    g_assert_cmpuint(ask(METHOD_GET, "/1/1", -1, CONTENT_SENML_JSON, ""), ==, CODE_CONTENT);
    expect("[{\"bn\":\"/1/1/\",\"n\":\"0\",\"v\":103},{\"n\":\"1\",\"v\":0},{\"n\":\"6\",\"vb\":true},{\"n\":\"7\",\"vs\":\"\"}]");
}

/* Two accounts with numbers of their own beside one that has none, as a store from before has it. */
static void test_numbers(void)
{
    struct lwm2m_account out[4], given[] = { old, old, old };
    bootstrap_desk_open(&desk, &server, NULL, 0);
    g_assert_cmpuint(put("/0/1", security), ==, CODE_CHANGED);
    g_assert_cmpuint(put("/1/65534", "[{\"bn\":\"/1/65534/\",\"n\":\"0\",\"v\":102},{\"n\":\"1\",\"v\":600},{\"n\":\"7\",\"vs\":\"U\"}]"), ==, CODE_CHANGED);
    g_assert_cmpuint(bootstrap_accounts(&desk.staged, "GW", out, 3), ==, 2);
    g_assert_true(out[0].security_instance.given && out[0].security_instance.id == 1 && out[0].server_instance.given && out[0].server_instance.id == 65534);
    g_assert_true(out[1].security_instance.given && out[1].security_instance.id == 0 && !out[1].server_instance.given);
    given[1] = out[0];
    given[2].short_server_id = 103;
    given[2].security_instance = (struct lwm2m_number){ true, 0 };
    given[2].server_instance = (struct lwm2m_number){ true, 0 };
    bootstrap_desk_open(&desk, &server, given, 3);
    g_assert_cmpuint(ask(METHOD_GET, "/", -1, CONTENT_LINK, ""), ==, CODE_CONTENT);
    expect("</>;lwm2m=1.1,</0/0>;ssid=103;uri=\"coaps://old.example\",</0/1>;ssid=102;uri=\"coaps://new.example:5684\",</0/2>,</0/3>;ssid=101;uri=\"coaps://old.example\","
           "</1/0>;ssid=103,</1/1>;ssid=101,</1/65534>;ssid=102,</2>,</3/0>");
}

static enum error_code finish(struct error *err)
{
    *err = (struct error){ 0 };
    unsigned code = ask(METHOD_POST, "/bs", -1, -1, "");
    g_assert_cmpuint(code, ==, bootstrap_check(&desk, err) ? CODE_NOT_ACCEPTABLE : CODE_CHANGED);
    return err->code;
}

/* Object 2 with accounts: instances as they were written, their owners and those that they name are servers of the bootstrap. */
static void test_rights(void)
{
    static const char row[] = "[{\"bn\":\"/2/7/\",\"n\":\"0\",\"v\":3},{\"n\":\"1\",\"v\":0},{\"n\":\"2/0\",\"v\":1},{\"n\":\"2/101\",\"v\":15},{\"n\":\"3\",\"v\":102}]";
    static struct access_rights rights, before;
    struct error err;
    bootstrap_desk_open(&desk, &server, &old, 1);
    g_assert_cmpuint(put("/0/2", "[{\"bn\":\"/0/2/\",\"n\":\"0\",\"vs\":\"coaps://new.example:5684\"},{\"n\":\"2\",\"v\":0},{\"n\":\"3\",\"vd\":\"bmV3\"},"
                                 "{\"n\":\"5\",\"vd\":\"MDEyMzQ1Njc4OWFiY2RlZg\"},{\"n\":\"10\",\"v\":102}]"), ==, CODE_CHANGED);
    g_assert_cmpuint(put("/1/3", "[{\"bn\":\"/1/3/\",\"n\":\"0\",\"v\":102},{\"n\":\"1\",\"v\":600},{\"n\":\"7\",\"vs\":\"U\"}]"), ==, CODE_CHANGED);
    g_assert_cmpint(finish(&err), ==, ERROR_NONE);
    bootstrap_rights(&desk.staged, &rights);
    g_assert_false(rights.written); /* nothing was said */
    g_assert_cmpuint(put("/2/7", row), ==, CODE_CHANGED);
    g_assert_cmpuint(ask(METHOD_GET, "/2", -1, CONTENT_LINK, ""), ==, CODE_CONTENT);
    expect("</>;lwm2m=1.1,</2/7>");
    g_assert_cmpuint(ask(METHOD_GET, "/2/7", -1, CONTENT_SENML_JSON, ""), ==, CODE_CONTENT);
    expect("[{\"bn\":\"/2/7/\",\"n\":\"0\",\"v\":3},{\"n\":\"1\",\"v\":0},{\"n\":\"2/0\",\"v\":1},{\"n\":\"2/101\",\"v\":15},{\"n\":\"3\",\"v\":102}]");
    g_assert_cmpint(finish(&err), ==, ERROR_NONE);
    g_assert_cmpuint(put("/2/7/2", "[{\"n\":\"/2/7/2/102\",\"v\":1}]"), ==, CODE_CHANGED); /* in place of both */
    bootstrap_rights(&desk.staged, &rights);
    g_assert_true(rights.written && rights.servers == 2 && access_rights_names(&rights, 101) && access_rights_names(&rights, 102));
    g_assert_true(rights.at[7].used && rights.at[7].owner == 102 && rights.at[7].count == 1 && rights.at[7].acl[0].short_server_id == 102 && rights.at[7].acl[0].rights == 1);

    static const struct {
        const char *path, *json, *why;
    } wrong[] = {
        { "/2/7/3", "[{\"n\":\"/2/7/3\",\"v\":103}]", "owner 103" },
        { "/2/7/3", "[{\"n\":\"/2/7/3\",\"v\":0}]", NULL },
        { "/2/7/2", "[{\"n\":\"/2/7/2/103\",\"v\":1}]", "names 103" },
        { "/2/7/2", "[{\"n\":\"/2/7/2/101\",\"v\":32}]", NULL },
        { "/2/7/0", "[{\"n\":\"/2/7/0\",\"v\":0}]", "object 0" },
        { "/2/7/0", "[{\"n\":\"/2/7/0\",\"v\":65535}]", "object 65535" },
        { "/2/7/0", "[{\"n\":\"/2/7/0\",\"v\":65536}]", NULL },
        { "/2/9", "[{\"bn\":\"/2/9/\",\"n\":\"0\",\"v\":3},{\"n\":\"1\",\"v\":0},{\"n\":\"3\",\"v\":101}]", "both of /3/0" },
        { "/2/9", "[{\"bn\":\"/2/9/\",\"n\":\"0\",\"v\":3},{\"n\":\"1\",\"v\":1}]", "owner 0" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        struct staged whole = desk.staged;
        g_test_message("%s", wrong[i].json);
        g_assert_cmpuint(put(wrong[i].path, wrong[i].json), ==, wrong[i].why ? CODE_CHANGED : CODE_BAD_REQUEST);
        g_assert_cmpint(finish(&err), ==, wrong[i].why ? ERROR_INVALID : ERROR_NONE);
        g_assert_true(!wrong[i].why || strstr(err.text, wrong[i].why));
        desk.staged = whole;
    }
    g_assert_cmpuint(put("/2/7/3", "[{\"n\":\"/2/7/3\",\"v\":65535}]"), ==, CODE_CHANGED); /* nobody's but a bootstrap's */
    g_assert_cmpint(finish(&err), ==, ERROR_NONE);
    g_assert_cmpuint(put("/2/128", "[{\"n\":\"/2/128/0\",\"v\":3}]"), ==, CODE_INTERNAL); /* numbers end before */
    g_autoptr(GString) many = g_string_new("[{\"bn\":\"/2/7/2/\",\"n\":\"0\",\"v\":1}");
    for (int i = 1; i <= ACCESS_ENTRIES; i++)
        g_string_append_printf(many, ",{\"n\":\"%d\",\"v\":1}", i);
    g_string_append(many, "]");
    g_assert_cmpuint(put("/2/7/2", many->str), ==, CODE_BAD_REQUEST); /* more than there are servers */

    /* the next bootstrap sees the rows of its own servers, and may delete them */
    bootstrap_rights(&desk.staged, &before);
    before.at[1] = (struct access_row){ .used = true, .object = 4, .owner = 101 };
    before.at[2] = (struct access_row){ .used = true, .object = 5, .owner = 999 };
    before.written = before.at[7].fresh = false;
    bootstrap_desk_open(&desk, &server, &old, 1);
    bootstrap_desk_rights(&desk, &before, &old, 1);
    g_assert_cmpuint(ask(METHOD_GET, "/2", -1, CONTENT_LINK, ""), ==, CODE_CONTENT);
    expect("</>;lwm2m=1.1,</2/1>,</2/7>");
    bootstrap_rights(&desk.staged, &rights);
    g_assert_false(rights.written);
    g_assert_cmpuint(put("/2/3", "[{\"bn\":\"/2/3/\",\"n\":\"0\",\"v\":4},{\"n\":\"1\",\"v\":0},{\"n\":\"3\",\"v\":101}]"), ==, CODE_CHANGED);
    g_assert_cmpint(bootstrap_fits(&desk, &err), ==, ERROR_NONE); /* it will be in the place of the row of before */
    g_assert_cmpuint(ask(METHOD_DELETE, "/2/1", -1, -1, ""), ==, CODE_DELETED);
    bootstrap_rights(&desk.staged, &rights);
    g_assert_true(rights.written && !rights.at[1].used && rights.at[7].used);
    g_assert_cmpuint(ask(METHOD_DELETE, "/2/1", -1, -1, ""), ==, CODE_NOT_FOUND);
    g_assert_cmpuint(ask(METHOD_DELETE, "/", -1, -1, ""), ==, CODE_DELETED);
    bootstrap_rights(&desk.staged, &rights);
    g_assert_true(rights.written && !rights.at[7].used && access_rights_names(&rights, 101)); /* whose rows go */
}

/* A pack replaces the objects that it has instances of, and no other (1.2 clause 6.1.7.7); the bootstrap server's own account stays. */
static enum coap_code take_pack(const char *json)
{
    const struct path all = { .depth = PATH_ROOT };
    struct error err = { 0 };
    enum coap_code code = bootstrap_take(&desk, &all, CONTENT_SENML_JSON, text_slice(json), &err);
    g_assert_true((code == CODE_CHANGED) == (err.text[0] == '\0'));
    return code;
}

/* What no server wrote is what the URI says. */
static void test_binding(void)
{
    struct lwm2m_account stream = old;
    (void)g_strlcpy(stream.uri, "coaps+tcp://old.example", sizeof stream.uri);
    bootstrap_desk_open(&desk, &server, &stream, 1);
    g_assert_cmpuint(ask(METHOD_GET, "/1", -1, CONTENT_SENML_JSON, ""), ==, CODE_CONTENT);
    expect("[{\"bn\":\"/1/\",\"n\":\"0/0\",\"v\":101},{\"n\":\"0/1\",\"v\":300},{\"n\":\"0/6\",\"vb\":true},{\"n\":\"0/7\",\"vs\":\"T\"}]");
}

static void test_pack(void)
{
    g_autofree char *pack = g_strdup_printf("[%.*s,%s", (int)(sizeof security - 3), &security[1], &account[1]);
    static const char servers[] = "[{\"bn\":\"/1/0/\",\"n\":\"0\",\"v\":101},{\"n\":\"1\",\"v\":77},{\"n\":\"7\",\"vs\":\"U\"}]";
    struct lwm2m_account two[] = { old, old };
    two[1].short_server_id = 103;
    bootstrap_desk_open(&desk, &server, two, 2);
    g_assert_cmpuint(take_pack(servers), ==, CODE_CHANGED);
    g_assert_cmpuint(ask(METHOD_GET, "/", -1, CONTENT_LINK, ""), ==, CODE_CONTENT);
    expect("</>;lwm2m=1.1,</0/0>,</0/1>;ssid=101;uri=\"coaps://old.example\",</0/2>;ssid=103;uri=\"coaps://old.example\",</1/0>;ssid=101,</2>,</3/0>");
    g_assert_cmpuint(take_pack("[{\"n\":\"/1/0/1\",\"v\":0}]"), ==, CODE_BAD_REQUEST); /* which changes nothing */
    g_assert_cmpuint(take_pack(pack), ==, CODE_CHANGED);
    g_assert_cmpuint(ask(METHOD_GET, "/", -1, CONTENT_LINK, ""), ==, CODE_CONTENT);
    expect("</>;lwm2m=1.1,</0/0>,</0/1>;ssid=102;uri=\"coaps://new.example:5684\",</1/0>;ssid=102,</2>,</3/0>");
}

static void test_refusals(void)
{
    bootstrap_desk_open(&desk, &server, &old, 1);
    g_assert_cmpuint(ask(METHOD_DELETE, "/0/0", -1, -1, ""), ==, CODE_METHOD_NOT_ALLOWED); /* its own */
    g_assert_cmpuint(ask(METHOD_DELETE, "/3/0", -1, -1, ""), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(ask(METHOD_DELETE, "/0/7", -1, -1, ""), ==, CODE_NOT_FOUND);
    g_assert_cmpuint(ask(METHOD_DELETE, "/1/0/0", -1, -1, ""), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(ask(METHOD_GET, "/0", -1, CONTENT_SENML_JSON, ""), ==, CODE_METHOD_NOT_ALLOWED); /* keys are never read */
    g_assert_cmpuint(ask(METHOD_GET, "/0/1", -1, CONTENT_TLV, ""), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(ask(METHOD_GET, "/1/0/1", -1, -1, ""), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(ask(METHOD_GET, "/9", -1, CONTENT_LINK, ""), ==, CODE_NOT_FOUND);
    g_assert_cmpuint(put("/9/0", "[]"), ==, CODE_NOT_FOUND);
    g_assert_cmpuint(put("/21/0", "[{\"n\":\"/21/0/0\",\"vd\":\"AA\"}]"), ==, CODE_NOT_FOUND); /* no OSCORE: its keys are not even taken */
    g_assert_cmpuint(ask(METHOD_GET, "/21", -1, CONTENT_LINK, ""), ==, CODE_NOT_FOUND);
    g_assert_cmpuint(put("/", "[]"), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(put("/0/5/0", "[{\"n\":\"/0/5/0\",\"vs\":\"x\"}]"), ==, CODE_NOT_FOUND);
    g_assert_cmpuint(put("/1/0", "[{\"bn\":\"/1/0/\",\"n\":\"1\",\"v\":0}]"), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(put("/1/0", "[{\"bn\":\"/0/1/\",\"n\":\"10\",\"v\":5}]"), ==, CODE_NOT_FOUND); /* outside of what the path names */
    g_assert_cmpuint(put("/1/0/99", "[{\"n\":\"/1/0/99\",\"v\":0}]"), ==, CODE_NOT_FOUND); /* alone; among others it is ignored: */
    g_assert_cmpuint(put("/1/0", "[{\"bn\":\"/1/0/\",\"n\":\"0\",\"v\":101},{\"n\":\"99\",\"v\":0},{\"n\":\"98/1\",\"vs\":\"x\"},{\"n\":\"1\",\"v\":300},{\"n\":\"7\",\"vs\":\"U\"}]"), ==, CODE_CHANGED);
    g_assert_cmpuint(put("/1/0", "[{\"bn\":\"/1/0/\",\"n\":\"0\",\"v\":101},{\"n\":\"0\",\"v\":102}]"), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(ask(METHOD_PUT, "/1/1", CONTENT_TLV, -1, "\xc1\x01\x3c\x08\x01\x03\xc1\x02\x05"), ==, CODE_BAD_REQUEST); /* the instance is around a part alone */
    g_assert_cmpuint(ask(METHOD_PUT, "/1/1", CONTENT_TLV, -1, "\x08\x01\x03\xc1\x02\x05\xc1\x01\x3c"), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(ask(METHOD_PUT, "/1", CONTENT_TLV, -1, "\x08\x01\x06\x08\x01\x03\xc1\x01\x3c"), ==, CODE_BAD_REQUEST); /* around it twice */
    g_assert_cmpuint(ask(METHOD_PUT, "/0/1", 9999, -1, ""), ==, CODE_UNSUPPORTED_FORMAT);
    g_assert_cmpuint(ask(METHOD_POST, "/1/0", CONTENT_TLV, -1, ""), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(ask(METHOD_GET, "/", -1, CONTENT_LINK, ""), ==, CODE_CONTENT);
    expect("</>;lwm2m=1.1,</0/0>,</0/1>;ssid=101;uri=\"coaps://old.example\",</1/0>;ssid=101,</2>,</3/0>"); /* as it was */
    for (int i = 2; i < STAGED_MAX + 2; i++) {
        g_autofree char *path = g_strdup_printf("/1/%d", i), *json = g_strdup_printf("[{\"n\":\"/1/%d/0\",\"v\":%d}]", i, i);
        g_assert_cmpuint(put(path, json), ==, i <= STAGED_MAX ? CODE_CHANGED : CODE_INTERNAL);
    }
}

static void test_consistency(void)
{
    static const struct {
        const char *path, *json;
        enum error_code code;
    } cases[] = {
        { "/0/1/2", "[{\"n\":\"/0/1/2\",\"v\":1}]", ERROR_NOT_SUPPORTED },            { "/0/1/0", "[{\"n\":\"/0/1/0\",\"vs\":\"coap://x\"}]", ERROR_INVALID },
        { "/0/1/10", "[{\"n\":\"/0/1/10\",\"v\":103}]", ERROR_INCOMPLETE },           { "/0/1/5", "[{\"n\":\"/0/1/5\",\"vd\":\"\"}]", ERROR_INCOMPLETE },
        { "/0/1/3", "[{\"n\":\"/0/1/3\",\"vd\":\"\"}]", ERROR_INCOMPLETE },           { "/1/0/0", "[{\"n\":\"/1/0/0\",\"v\":9}]", ERROR_INCOMPLETE },
        { "/1/5", "[{\"n\":\"/1/5/0\",\"v\":9}]", ERROR_INCOMPLETE },                 { "/0/1/1", "[{\"n\":\"/0/1/1\",\"vb\":true}]", ERROR_INCOMPLETE },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct error err = { 0 };
        bootstrap_desk_open(&desk, &server, &old, 1);
        g_assert_cmpint(bootstrap_check(&desk, &err), ==, ERROR_NONE);
        g_assert_cmpuint(put(cases[i].path, cases[i].json), ==, CODE_CHANGED);
        enum error_code code = bootstrap_check(&desk, &err);
        g_test_message("%s: %s", cases[i].json, err.text);
        g_assert_cmpint(code, ==, cases[i].code);
        g_assert_true(err.text[0]);
    }
    struct error err = { 0 };
    bootstrap_desk_open(&desk, &server, &old, 1);
    g_assert_cmpuint(put("/0/2", "[{\"bn\":\"/0/2/\",\"n\":\"0\",\"vs\":\"coaps://x\"},{\"n\":\"2\",\"v\":0},{\"n\":\"3\",\"vd\":\"eA\"},{\"n\":\"5\",\"vd\":\"eA\"},{\"n\":\"10\",\"v\":101}]"), ==,
                     CODE_CHANGED);
    g_assert_cmpint(bootstrap_check(&desk, &err), ==, ERROR_INVALID); /* two for one short server id */
}

/* Accounts whose key is made for each session stay so over a bootstrap, until the server writes a key of their own. */
static void test_made_keys(void)
{
    static const struct {
        const char *path, *json;
        bool naf, device, selector; /* afterwards: the bootstrap server's account, and that of 101 */
    } cases[] = {
        { "/0/0/0", "[{\"n\":\"/0/0/0\",\"vs\":\"coaps://bs2.example\"}]", true, true, true },
        { "/0/0/3", "[{\"n\":\"/0/0/3\",\"vd\":\"bmV3\"}]", false, true, true },
        { "/0/0/5", "[{\"n\":\"/0/0/5\",\"vd\":\"bmV3\"}]", false, true, true },
        { "/0/1/2", "[{\"n\":\"/0/1/2\",\"v\":0}]", true, false, true },
        { "/0/1/2", "[{\"n\":\"/0/1/2\",\"v\":2}]", true, false, true },
        { "/0/1/3", "[{\"n\":\"/0/1/3\",\"vd\":\"bmV3\"}]", true, false, true },
        { "/0/1/4", "[{\"n\":\"/0/1/4\",\"vd\":\"bmV3\"}]", true, true, false },
        { "/0/0", "[{\"bn\":\"/0/0/\",\"n\":\"0\",\"vs\":\"coaps://bs\"},{\"n\":\"1\",\"vb\":true}]", false, true, true },
    };
    struct lwm2m_account naf = server, device = old, out[3];
    naf.key_from = LWM2M_KEY_NAF;
    naf.gba = (struct lwm2m_gba){ .mid = "usim", .naf = "bs.example", .ua = { 1, 0, 1, 0xc0, 0xa8 } };
    device.mode = LWM2M_X509;
    device.x509.device = true;
    device.x509.selector = 1;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        bootstrap_desk_open(&desk, &naf, &device, 1);
        g_assert_cmpuint(put(cases[i].path, cases[i].json), ==, CODE_CHANGED);
        g_assert_cmpuint(bootstrap_accounts(&desk.staged, "GW", out, 3), ==, 2);
        g_assert_cmpint(out[1].key_from, ==, cases[i].naf ? LWM2M_KEY_NAF : LWM2M_KEY_OWN);
        g_assert_cmpstr(out[1].gba.naf, ==, "bs.example");
        g_assert_cmpint(out[0].x509.device, ==, cases[i].device && out[0].mode == LWM2M_X509);
        g_assert_cmpint(out[0].x509.selector, ==, cases[i].selector && out[0].mode == LWM2M_X509);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lwm2m/bootstrap/whole", test_whole);
    g_test_add_func("/lwm2m/bootstrap/object", test_object_write);
    g_test_add_func("/lwm2m/bootstrap/what is refused is told", test_refused);
    g_test_add_func("/lwm2m/bootstrap/numbers", test_numbers);
    g_test_add_func("/lwm2m/bootstrap/rights", test_rights);
    g_test_add_func("/lwm2m/bootstrap/pack", test_pack);
    g_test_add_func("/lwm2m/bootstrap/binding", test_binding);
    g_test_add_func("/lwm2m/bootstrap/refusals", test_refusals);
    g_test_add_func("/lwm2m/bootstrap/consistency", test_consistency);
    g_test_add_func("/lwm2m/bootstrap/made keys", test_made_keys);
    return g_test_run();
}
