/* SPDX-License-Identifier: Apache-2.0 */
/* Factory data: the good file is taken once, every bad one is refused whole with its key named. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "bootstrap/factory/factory.h"

#define ROOT "-----BEGIN CERTIFICATE-----\\n" CERT_LINES "-----END CERTIFICATE-----\\n"
#include "factory_certificate.h"

static char *dir, *path, *db;

static char *text_with(const char *key, const char *json)
{
    static const char *const keys[] = { "format", "gateway_id", "manufacturer", "model", "serial", "trust_roots" };
    static const char *const good[] = { "1", "\"GW-1\"", "\"M\"", "\"X\"", "\"1\"", "[\"" ROOT "\"]" };
    GString *out = g_string_new("{");
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        const char *value = strcmp(keys[i], key) == 0 ? json : good[i];
        if (value)
            g_string_append_printf(out, "%s\"%s\": %s", out->len > 1 ? ", " : "", keys[i], value);
    }
    g_string_append(out, "}");
    return g_string_free(out, FALSE);
}

static enum error_code load(const char *text, struct factory_data *out, struct error *err)
{
    struct store *store = NULL;
    if (text)
        g_assert_true(g_file_set_contents(path, text, -1, NULL));
    else
        g_unlink(path);
    g_assert_cmpint(store_open(db, &store, err), ==, ERROR_NONE);
    enum error_code rc = factory_load(store, path, out, err);
    store_close(store);
    return rc;
}

static void test_bad_files_name_their_key(void)
{
    static const struct {
        const char *key, *json;
    } rows[] = {
        { "format", "2" },          { "gateway_id", NULL },        { "gateway_id", "\"\"" },      { "gateway_id", "\"a b\"" },
        { "gateway_id", "7" },      { "manufacturer", NULL },      { "model", "\"\\u0007\"" },  { "serial", "\"12345678901234567890123456789012345678901234567890123456789012345\"" },
        { "trust_roots", "[]" },    { "trust_roots", "[\"x\"]" }, { "trust_roots", NULL },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = text_with(rows[i].key, rows[i].json);
        struct factory_data f;
        struct error err = { 0 };
        g_assert_cmpint(load(text, &f, &err), ==, ERROR_INVALID);
        g_assert_nonnull(strstr(err.text, rows[i].key));
        g_assert_false(f.present);
        g_assert_null(f.roots_pem);
    }
}

/* The good file with one more key. */
static char *text_and(const char *key, const char *json)
{
    g_autofree char *good = text_with("", NULL);
    good[strlen(good) - 1] = '\0';
    return g_strdup_printf("%s, \"%s\": %s}", good, key, json);
}

static void test_the_initial_access_is_taken_or_refused_by_name(void)
{
#define HOSTS "\"hosts\": [\"dm.example\", \"203.0.113.7\", \"2001:db8::7\"]"
#define NINE "\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\", \"i\""
    static const struct {
        const char *json, *says; /* NULL: good */
    } rows[] = {
        { "{\"pcid\": \"24008\", \"apn\": \"ro.example\", " HOSTS ", \"ip\": \"ipv6\"}", NULL },
        { "{\"pcid\": \"card\", \"apn\": \"ro.example\", " HOSTS "}", NULL },
        { "[]", "another key" }, { "{\"pcid\": \"card\", \"apn\": \"a\", " HOSTS ", \"user\": \"u\"}", "another key" },
        { "{\"apn\": \"a\", " HOSTS "}", "pcid" }, { "{\"pcid\": \"2400\", \"apn\": \"a\", " HOSTS "}", "pcid" }, { "{\"pcid\": 24008, \"apn\": \"a\", " HOSTS "}", "pcid" },
        { "{\"pcid\": \"24008x\", \"apn\": \"a\", " HOSTS "}", "pcid" }, { "{\"pcid\": \"1234567890123456\", \"apn\": \"a\", " HOSTS "}", "pcid" },
        { "{\"pcid\": \"card\", " HOSTS "}", "apn" }, { "{\"pcid\": \"card\", \"apn\": \"a b\", " HOSTS "}", "apn" },
        { "{\"pcid\": \"card\", \"apn\": \"a\"}", "hosts" }, { "{\"pcid\": \"card\", \"apn\": \"a\", \"hosts\": []}", "hosts" },
        { "{\"pcid\": \"card\", \"apn\": \"a\", \"hosts\": [\"https://h\"]}", "hosts" }, { "{\"pcid\": \"card\", \"apn\": \"a\", \"hosts\": [7]}", "hosts" },
        { "{\"pcid\": \"card\", \"apn\": \"a\", \"hosts\": [\"h\", \"H\"]}", "hosts" }, { "{\"pcid\": \"card\", \"apn\": \"a\", \"hosts\": [" NINE "]}", "hosts" },
        { "{\"pcid\": \"card\", \"apn\": \"a\", " HOSTS ", \"ip\": \"ipv5\"}", "ip is" }, { "{\"pcid\": \"card\", \"apn\": \"a\", " HOSTS ", \"ip\": 4}", "ip is" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = text_and("initial_access", rows[i].json);
        struct factory_data f;
        struct error err = { 0 };
        g_unlink(db);
        g_assert_cmpint(load(text, &f, &err), ==, rows[i].says ? ERROR_INVALID : ERROR_NONE);
        if (rows[i].says) {
            g_assert_nonnull(strstr(err.text, "\"initial_access\""));
            g_assert_nonnull(strstr(err.text, rows[i].says));
            continue;
        }
        g_assert_cmpstr(f.initial.imsi, ==, i ? "" : "24008");
        g_assert_cmpint(f.initial.napdef.ip_type, ==, i ? NAPDEF_IPV4V6 : NAPDEF_IPV6);
        g_assert_cmpstr(f.initial.napdef.apn, ==, "ro.example");
        g_assert_true(reach_allows(&f.initial.hosts, "DM.example") && reach_allows(&f.initial.hosts, "2001:db8::7"));
        g_assert_false(reach_allows(&f.initial.hosts, "m.example") || reach_allows(&f.initial.hosts, "dm.example.org") || reach_allows(&f.initial.hosts, ""));
        factory_clear(&f);
    }
}

static void test_bad_lwm2m_accounts_name_entry_and_rule(void)
{
#define SERVER "{\"uri\": \"coaps://h.example\", \"server_id\": 1}"
    static const struct {
        const char *json, *says;
    } rows[] = {
        { "[]", "a list of" }, { "{}", "a list of" }, { "[7]", "entry 1" }, { "[" SERVER ", " SERVER "]", "entry 2: its context has an account" },
        { "[" SERVER ", " SERVER ", " SERVER ", " SERVER ", " SERVER "]", "a list of" },
        { "[{\"server_id\": 1}]", "\"uri\"" }, { "[{\"uri\": \"coap://h\"}]", "\"uri\"" }, { "[{\"uri\": \"coap+tcp://h\"}]", "\"uri\"" }, { "[{\"uri\": \"https://h\"}]", "\"uri\"" },
        { "[{\"uri\": \"coaps://h \"}]", "\"uri\"" }, { "[{\"uri\": 7}]", "\"uri\"" },
        { "[{\"uri\": \"coaps://h\", \"server_id\": 0}]", "\"server_id\"" }, { "[{\"uri\": \"coaps://h\", \"server_id\": 65535}]", "\"server_id\"" },
        { "[{\"uri\": \"coaps://h\", \"server_id\": \"1\"}]", "\"server_id\"" }, { "[{\"uri\": \"coaps://h\", \"server_id\": 1.5}]", "\"server_id\"" },
        { "[{\"uri\": \"coaps://h\", \"server_id\": 1, \"lifetime\": 59}]", "\"lifetime\"" }, { "[{\"uri\": \"coaps://h\", \"lifetime\": 300}]", "\"lifetime\"" },
        { "[{\"uri\": \"coaps://h\", \"context\": \"other\"}]", "\"context\"" }, { "[{\"uri\": \"coaps://h\", \"endpoint\": \"\"}]", "\"endpoint\"" },
        { "[{\"uri\": \"coaps://h\", \"identity\": \"a b\"}]", "\"identity\"" }, { "[{\"uri\": \"coaps://h\", \"psk\": \"00112233445566778899aabbccddeeff00\"}]", "\"psk\"" },
        { "[{\"uri\": \"coaps://h\", \"psk\": \"a\", \"server\": \"b\"}]", "not both" }, { "[{\"uri\": \"coaps://h\", \"key\": \"a\"}]", "nothing else" },
        { "[{\"uri\": \"coaps://h\"}, {\"uri\": \"coaps://g\"}]", "entry 2: its context has an account" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = text_and("lwm2m", rows[i].json);
        struct factory_data f;
        struct error err = { 0 };
        g_assert_cmpint(load(text, &f, &err), ==, ERROR_INVALID);
        g_assert_nonnull(strstr(err.text, "lwm2m"));
        g_assert_nonnull(strstr(err.text, rows[i].says));
        g_assert_false(f.present);
    }
    g_autofree char *both = text_and("provurl", "{\"uri\": \"https://h\"}, \"lwm2m\": [" SERVER "]");
    struct factory_data f;
    struct error err = { 0 };
    g_assert_cmpint(load(both, &f, &err), ==, ERROR_INVALID);
    g_assert_nonnull(strstr(err.text, "OMA DM account"));
}

/* Each in a store of its own: a good file is taken for ever. */
static void test_briefing_node_is_asked_with_security_alone(void)
{
    static const struct {
        const char *uri;
        bool good;
    } rows[] = {
        { "https://n.example", true }, { "coaps://n.example:5694", true }, { "coaps+tcp://[2001:db8::1]/", true }, { "coap://n.example", false }, { "coap+tcp://n.example", false },
        { "http://n.example", false }, { "coaps:n.example", false }, { "coaps+t://n.example", false }, { "coapsx://n.example", false }, { "coaps", false },
        { "https coaps://n.example", false }, { "coaps://n.example:0", false }, { "://n.example", false }, { "", false },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *json = g_strdup_printf("{\"uri\": \"%s\"}", rows[i].uri), *text = text_and("briefing", json);
        struct factory_data f;
        struct error err = { 0 };
        g_unlink(db);
        g_assert_cmpint(load(text, &f, &err), ==, rows[i].good ? ERROR_NONE : ERROR_INVALID);
        g_assert_true(rows[i].good ? strcmp(f.briefing.uri, rows[i].uri) == 0 : strstr(err.text, "briefing") != NULL);
        factory_clear(&f);
    }
    g_unlink(db);
}

static void test_access_point_is_public(void)
{
    static const struct {
        const char *json;
        bool good;
    } rows[] = {
        { "{\"apn\": \"m2m.example-1.net\"}", true }, { "{\"apn\": \"a\", \"ip\": \"ipv6\"}", true }, { "{\"apn\": \"\"}", false }, { "{}", false }, { "[]", false },
        { "{\"ip\": \"ipv4\"}", false }, { "{\"apn\": \"a b\"}", false }, { "{\"apn\": \"a\", \"ip\": \"ipv5\"}", false }, { "{\"apn\": \"a\", \"password\": \"p\"}", false },
        { "{\"apn\": 7}", false },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = text_and("access_point", rows[i].json);
        struct factory_data f;
        struct error err = { 0 };
        g_unlink(db);
        g_assert_cmpint(load(text, &f, &err), ==, rows[i].good ? ERROR_NONE : ERROR_INVALID);
        g_assert_true(rows[i].good || strstr(err.text, "access_point"));
        g_assert_cmpint(f.access_point.ip_type, ==, !rows[i].good ? NAPDEF_IPV4 : i == 0 ? NAPDEF_IPV4V6 : NAPDEF_IPV6);
        factory_clear(&f);
    }
    g_unlink(db);
}

static void test_unknown_key_and_broken_json(void)
{
    struct factory_data f;
    struct error err = { 0 };
    g_assert_cmpint(load("{\"format\": 1, \"colour\": 1}", &f, &err), ==, ERROR_INVALID);
    g_assert_nonnull(strstr(err.text, "colour"));
    g_assert_cmpint(load("{\"format\": 1,", &f, &err), ==, ERROR_INVALID);
    g_assert_nonnull(strstr(err.text, "line"));
    g_assert_cmpint(load("{\"format\": 1, \"format\": 1}", &f, &err), ==, ERROR_INVALID);
    g_assert_cmpint(load(NULL, &f, &err), ==, ERROR_NONE);
    g_assert_false(f.present);
}

static void test_taken_once_and_kept(void)
{
    struct factory_data f;
    struct error err = { 0 };
    g_autofree char *text = text_with("", NULL);
    g_assert_cmpint(load(text, &f, &err), ==, ERROR_NONE);
    g_assert_true(f.present);
    g_assert_cmpstr(f.gateway_id, ==, "GW-1");
    g_assert_cmpuint(f.context_count, ==, 2);
    g_assert_nonnull(strstr(f.roots_pem, "BEGIN CERTIFICATE"));
    factory_clear(&f);
    g_autofree char *other = text_with("gateway_id", "\"GW-2\"");
    g_assert_cmpint(load(other, &f, &err), ==, ERROR_NONE);
    g_assert_cmpstr(f.gateway_id, ==, "GW-1"); /* the file is not read again */
    factory_clear(&f);
    g_unlink(path);
    g_assert_cmpint(load(NULL, &f, &err), ==, ERROR_NONE);
    g_assert_true(f.present);
    factory_clear(&f);
}

/* In a store of its own: a good file is taken for ever. */
static void test_lwm2m_accounts(void)
{
    struct factory_data f;
    struct error err = { 0 };
    g_autofree char *text = text_and("lwm2m", "[" SERVER ", {\"uri\": \"coaps://boot.example:5684\", \"psk\": \"k\", \"identity\": \"i\", \"endpoint\": \"urn:nai:gw@example.org\"},"
                                              " {\"uri\": \"coaps+tcp://t.example\", \"server_id\": 1, \"context\": \"m2m\", \"lifetime\": 60}]");
    g_unlink(db);
    g_assert_cmpint(load(text, &f, &err), ==, ERROR_NONE);
    g_assert_cmpuint(f.lwm2ms, ==, 3);
    const struct lwm2m_account *server = &f.lwm2m[0].account, *boot = &f.lwm2m[1].account, *other = &f.lwm2m[2].account;
    g_assert_cmpstr(f.lwm2m[0].context, ==, "usim");
    g_assert_true(server->short_server_id == 1 && server->lifetime == 86400 && server->key_from == LWM2M_KEY_DERIVED && !server->key_len);
    g_assert_cmpstr(server->key_ref, ==, "h.example");
    g_assert_true(boot->short_server_id == 0 && boot->lifetime == 0 && boot->key_from == LWM2M_KEY_NAMED);
    g_assert_cmpstr(boot->key_ref, ==, "k");
    g_assert_cmpstr(boot->identity, ==, "i");
    g_assert_cmpstr(boot->endpoint, ==, "urn:nai:gw@example.org");
    g_assert_cmpstr(f.lwm2m[2].context, ==, "m2m");
    g_assert_cmpuint(other->lifetime, ==, 60);
    g_assert_cmpstr(other->key_ref, ==, "t.example");
    factory_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("factory-XXXXXX", NULL);
    path = g_build_filename(dir, "factory.json", NULL);
    db = g_build_filename(dir, "agent.db", NULL);
    g_test_add_func("/factory/bad-files-name-their-key", test_bad_files_name_their_key);
    g_test_add_func("/factory/the-initial-access-is-taken-or-refused-by-name", test_the_initial_access_is_taken_or_refused_by_name);
    g_test_add_func("/factory/bad-lwm2m-accounts-name-entry-and-rule", test_bad_lwm2m_accounts_name_entry_and_rule);
    g_test_add_func("/factory/briefing-node-is-asked-with-security-alone", test_briefing_node_is_asked_with_security_alone);
    g_test_add_func("/factory/access-point-is-public", test_access_point_is_public);
    g_test_add_func("/factory/unknown-key-and-broken-json", test_unknown_key_and_broken_json);
    g_test_add_func("/factory/taken-once-and-kept", test_taken_once_and_kept);
    g_test_add_func("/factory/lwm2m-accounts", test_lwm2m_accounts);
    int status = g_test_run();
    g_unlink(path);
    g_unlink(db);
    g_autofree char *journal = g_strconcat(db, "-journal", NULL);
    g_unlink(journal);
    g_rmdir(dir);
    return status;
}
