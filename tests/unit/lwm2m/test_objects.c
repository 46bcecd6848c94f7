/* SPDX-License-Identifier: Apache-2.0 */
/* Objects whose values are the gateway's own: what the tree and the system's files say is what a server reads, and nothing else. */
#include <glib/gstdio.h>

#include "harness.h"
#include "lwm2m/rsp.h"

static char *root;
static struct tree *tree;

static void write_file(const char *path, const char *text)
{
    char *full = g_build_filename(root, path, NULL), *folder = g_path_get_dirname(full);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    g_assert_true(g_file_set_contents(full, text, -1, NULL));
    g_free(folder);
    g_free(full);
}

static struct lwm2m_client *make_gateway(void)
{
    struct lwm2m_client *c = make();
    tree_free(tree);
    tree = tree_new();
    c->device.tree = tree;
    c->device.root = root;
    return c;
}

static struct node *add_bearer(const char *id, const char *state, bool installed)
{
    static const char *const addresses[] = { "10.1.2.3/24", "2001:db8::7/64" }, *const dns[] = { "192.0.2.53", "192.0.2.54" };
    struct node *n = tree_add(tree, TREE_BEARER, id);
    node_set(n, "Name", "Operator");
    node_set(n, "Apn", "internet.example");
    node_set(n, "Auth", "chap");
    node_set(n, "User", "user");
    node_set(n, "IpType", "ipv4v6");
    node_set(n, "State", state);
    node_set(n, "Interface", "wwan0");
    node_set(n, "Gateway", "10.1.2.1");
    node_set_texts(n, "Addresses", addresses, 2);
    node_set_texts(n, "Dns", dns, 2);
    node_set_flag(n, "Installed", installed);
    return n;
}

static struct node *add_modem(const char *access, const char *operator_id)
{
    struct node *n = tree_add(tree, TREE_MODEM, "m");
    node_set(n, "AccessTechnology", access);
    node_set(n, "OperatorId", operator_id);
    return n;
}

static void expect_read(struct lwm2m_client *c, const char *path, const char *text)
{
    struct coap_answer a;
    g_test_message("%s", path);
    g_assert_cmpuint(get(c, path, CONTENT_TEXT, &a), ==, CODE_CONTENT);
    expect_text(&a, text);
}

static void expect_absent(struct lwm2m_client *c, const char *path)
{
    struct coap_answer a;
    g_test_message("%s", path);
    g_assert_cmpuint(get(c, path, CONTENT_TEXT, &a), ==, CODE_NOT_FOUND);
}

static void test_device(void)
{
    write_file("sys/class/power_supply/AC/type", "Mains\n");
    write_file("sys/class/power_supply/BAT0/type", "Battery\n");
    write_file("sys/class/power_supply/BAT0/voltage_now", "12345678\n");
    write_file("sys/class/power_supply/BAT0/current_now", "-250999\n");
    write_file("sys/class/power_supply/BAT0/capacity", "87\n");
    write_file("sys/class/power_supply/BAT0/status", "Discharging\n");
    write_file("sys/class/power_supply/mouse/type", "Battery\n");
    write_file("sys/class/power_supply/mouse/scope", "Device\n");
    write_file("etc/x", "");
    char *link = g_build_filename(root, "etc/localtime", NULL);
    g_unlink(link);
    g_assert_cmpint(symlink("../usr/share/zoneinfo/Europe/Helsinki", link), ==, 0);
    g_free(link);
    struct lwm2m_client *c = make_gateway();
    expect_read(c, "/3/0/6/0", "6");
    expect_read(c, "/3/0/6/1", "1");
    expect_absent(c, "/3/0/6/2"); /* the battery of a mouse */
    expect_read(c, "/3/0/7/1", "12345"); /* the same instance as its source */
    expect_absent(c, "/3/0/7/0");
    expect_read(c, "/3/0/8/1", "-250");
    expect_read(c, "/3/0/9", "87");
    expect_read(c, "/3/0/20", "0");
    expect_read(c, "/3/0/15", "Europe/Helsinki");
    struct coap_answer a;
    g_assert_cmpuint(get(c, "/3/0/21", CONTENT_TEXT, &a), ==, CODE_CONTENT);
    char *total = g_strndup((const char *)a.body.data, a.body.len);
    g_assert_cmpuint(get(c, "/3/0/10", CONTENT_TEXT, &a), ==, CODE_CONTENT);
    char *left = g_strndup((const char *)a.body.data, a.body.len);
    g_assert_cmpuint(g_ascii_strtoull(total, NULL, 10), >, 0);
    g_assert_cmpuint(g_ascii_strtoull(left, NULL, 10), <=, g_ascii_strtoull(total, NULL, 10));
    g_free(total);
    g_free(left);

    write_file("sys/class/power_supply/BAT0/capacity", "86\n");
    advance(9000);
    expect_read(c, "/3/0/9", "87"); /* read again every ten seconds, not at each Read */
    advance(1000);
    expect_read(c, "/3/0/9", "86");
    write_file("sys/class/power_supply/BAT0/capacity", "101\n");
    write_file("sys/class/power_supply/BAT0/status", "Charging\n");
    advance(10000);
    expect_absent(c, "/3/0/9"); /* no percentage */
    expect_read(c, "/3/0/20", "1");
}

static unsigned measured;

static void measure(void *user)
{
    (void)user;
    measured++;
}

static void expect_radio(struct lwm2m_client *c, struct node *modem)
{
    measured = 0;
    c->device.measure = measure;
    static const char *const paths[] = { "/4/0/2", "/4/0/3", "/4/0/8", "/4/0/11", "/4/0/12" };
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
        expect_absent(c, paths[i]);
    node_set_number(modem, "SignalPercent", 0);
    expect_absent(c, "/4/0/2");
    node_set_number(modem, "SignalPercent", 85); /* all that is known: -113 .. -51 dBm */
    expect_read(c, "/4/0/2", "-61");
    node_set(modem, "SignalStrength", "");
    expect_read(c, "/4/0/2", "-61");
    node_set(modem, "SignalStrength", "-90");
    node_set(modem, "SignalQuality", "-11");
    node_set(modem, "SignalToNoise", "0");
    node_set_number(modem, "CellId", 0x0FFFFFFF);
    node_set_number(modem, "AreaCode", 0x31C5);
    expect_read(c, "/4/0/2", "-90");
    expect_read(c, "/4/0/3", "-11");
    expect_read(c, "/4/0/8", "268435455");
    expect_read(c, "/4/0/11", "0");
    expect_read(c, "/4/0/12", "12741");
    node_set(modem, "SignalToNoise", "-");
    expect_absent(c, "/4/0/11");
    node_set_number(modem, "CellId", 0);
    measured = 0;
    expect_absent(c, "/4/0/8");
    g_assert_cmpuint(measured, ==, 1); /* the next one may know it */
    expect_read(c, "/4/0/9", "26");
    g_assert_cmpuint(measured, ==, 1); /* the network is told by itself */
    c->device.measure = NULL;
}

static void test_connectivity(void)
{
    struct lwm2m_client *c = make_gateway();
    expect_absent(c, "/4/0/0"); /* no modem: no such object instance */
    struct node *modem = add_modem("lte", "310026");
    expect_absent(c, "/4/0/0"); /* no bearer is in use */
    expect_read(c, "/4/0/1/0", "6");
    expect_read(c, "/4/0/9", "26");
    expect_read(c, "/4/0/10", "310");
    expect_absent(c, "/4/0/2"); /* what nobody measured */
    expect_radio(c, modem);
    struct node *bearer = add_bearer("b", "connected", true);
    expect_read(c, "/4/0/0", "6");
    expect_read(c, "/4/0/4/0", "10.1.2.3");
    expect_read(c, "/4/0/4/1", "2001:db8::7");
    expect_absent(c, "/4/0/4/2");
    expect_read(c, "/4/0/5/0", "10.1.2.1");
    expect_read(c, "/4/0/7/0", "internet.example");
    node_set(modem, "AccessTechnology", "5gnr");
    expect_read(c, "/4/0/0", "8");
    node_set(modem, "AccessTechnology", "cdma2000-by-another-name"); /* has no number in this object */
    expect_absent(c, "/4/0/0");
    node_set(modem, "AccessTechnology", "lte");
    struct node *second = tree_add(tree, TREE_MODEM, "the second");
    node_set(second, "OperatorId", "24407");
    node_set_flag(second, "Primary", true);
    expect_read(c, "/4/0/10", "244"); /* of the one over which data goes */
    expect_read(c, "/4/0/9", "7");
    node_remove(second);
    node_set(modem, "OperatorId", "24491");
    expect_read(c, "/4/0/9", "91");
    node_set(modem, "OperatorId", "");
    expect_absent(c, "/4/0/9");
    node_set(bearer, "State", "failed");
    expect_absent(c, "/4/0/4/0");
}

/* Object 11: of the interface over which it is connected. */
static void test_profile_counters(void)
{
    struct lwm2m_client *c = make_gateway();
    struct node *bearer = add_bearer("b", "idle", true);
    expect_read(c, "/11/0/16/1", "64");
    expect_absent(c, "/11/0/16/0"); /* of IPv4 */
    expect_absent(c, "/11/0/16/2");
    write_file("sys/class/net/wwan0/statistics/tx_bytes", "123456789\n");
    write_file("sys/class/net/wwan0/statistics/rx_bytes", "5000000000\n");
    write_file("sys/class/net/wwan0/statistics/tx_packets", "4321\n");
    expect_absent(c, "/11/0/13");
    node_set(bearer, "State", "connected");
    expect_read(c, "/11/0/13", "123456789");
    expect_read(c, "/11/0/14", "5000000000");
    expect_read(c, "/11/0/23", "4321");
    expect_absent(c, "/11/0/8/0"); /* nobody says where it is valid */
    node_set(bearer, "Interface", "wwan1");
    expect_absent(c, "/11/0/23");
}

static void test_statistics(void)
{
    struct lwm2m_client *c = make_gateway();
    add_modem("lte", "");
    g_assert_cmpuint(put(c, METHOD_POST, "/7/0/6", -1, "", 0), ==, CODE_METHOD_NOT_ALLOWED); /* no bearer to count */
    add_bearer("b", "connected", true);
    write_file("sys/class/net/wwan0/statistics/tx_bytes", "5000\n");
    write_file("sys/class/net/wwan0/statistics/rx_bytes", "70000\n");
    expect_absent(c, "/7/0/2"); /* not started */
    g_assert_cmpuint(put(c, METHOD_POST, "/7/0/6", -1, "", 0), ==, CODE_CHANGED);
    expect_read(c, "/7/0/2", "0");
    write_file("sys/class/net/wwan0/statistics/tx_bytes", "8000\n");
    write_file("sys/class/net/wwan0/statistics/rx_bytes", "71500\n");
    expect_read(c, "/7/0/2", "3");
    expect_read(c, "/7/0/3", "1");
    write_file("sys/class/net/wwan0/statistics/tx_bytes", "2000\n"); /* the interface was made anew */
    expect_read(c, "/7/0/2", "5");
    g_assert_cmpuint(put(c, METHOD_POST, "/7/0/7", -1, "", 0), ==, CODE_CHANGED);
    write_file("sys/class/net/wwan0/statistics/tx_bytes", "9000\n");
    expect_read(c, "/7/0/2", "5");
    g_assert_cmpuint(put(c, METHOD_POST, "/7/0/6", -1, "", 0), ==, CODE_CHANGED);
    expect_read(c, "/7/0/2", "0"); /* Start begins anew */
}

static void test_profiles(void)
{
    struct lwm2m_client *c = make_gateway();
    struct coap_answer a;
    add_modem("lte", "24491");
    struct node *first = add_bearer("first", "idle", true);
    add_bearer("second", "connected", true);
    add_bearer("trial", "connected", false);
    expect_read(c, "/11/0/0", "Operator");
    expect_read(c, "/11/0/1", "internet.example");
    expect_read(c, "/11/0/4", "1");
    expect_read(c, "/11/0/5", "user");
    expect_read(c, "/11/0/24", "3");
    expect_read(c, "/11/0/15/1", "2001:db8::7");
    expect_read(c, "/11/0/19/0", "192.0.2.53");
    expect_read(c, "/11/0/20/0", "192.0.2.54");
    g_assert_cmpuint(get(c, "/11/0/6", CONTENT_TEXT, &a), ==, CODE_METHOD_NOT_ALLOWED); /* the secret */
    node_set_flag(first, "Installed", false);
    expect_absent(c, "/11/0/0");
    node_set_flag(first, "Installed", true);
    expect_absent(c, "/11/2/0"); /* what is only being proved is nobody's profile yet */
    g_assert_cmpuint(put(c, METHOD_PUT, "/11/0/1", CONTENT_TEXT, "x", 1), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(put(c, METHOD_DELETE, "/11/0", -1, "", 0), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(get(c, "/10/0/11", CONTENT_SENML_JSON, &a), ==, CODE_CONTENT);
    expect_text(&a, "[{\"bn\":\"/10/0/11/\",\"n\":\"1\",\"vlo\":\"11:1\"}]");
    node_remove(first);
    expect_absent(c, "/11/0/0");
    expect_read(c, "/11/1/0", "Operator"); /* keeps its number */
    add_bearer("third", "idle", true);
    expect_read(c, "/11/2/0", "Operator"); /* and nobody gets an old one while there are others */
    for (unsigned i = 0; i < PLACES - 2; i++) {
        char id[8];
        g_snprintf(id, sizeof id, "more%u", i);
        add_bearer(id, "idle", true);
    }
    expect_read(c, "/11/0/0", "Operator");
    expect_read(c, "/11/15/0", "Operator");
    g_assert_cmpuint(get(c, "/25", -1, &a), ==, CODE_CONTENT); /* no device */
    expect_absent(c, "/25/0/0");
}

static char preferred[8];

static void prefer(void *user, const char *mode)
{
    (void)user;
    (void)g_strlcpy(preferred, mode, sizeof preferred);
}

static bool keep_nothing(void *user)
{
    (void)user;
    g_assert_cmpstr(preferred, ==, ""); /* first things are stored, then they begin */
    return false;
}

/* What the primary modem prefers and could; one preference, and no other resource. */
static void test_bearer_selection(void)
{
    static const char *const able[] = { "none", "3g", "5g" };
    static const char two[] = "[{\"bn\":\"/13/0/0/\",\"n\":\"0\",\"v\":3},{\"n\":\"1\",\"v\":16}]", one[] = "[{\"n\":\"/13/0/0/0\",\"v\":16}]";
    struct lwm2m_client *c = make_gateway();
    struct node *other = tree_add(tree, TREE_MODEM, "a"), *n = add_modem("lte", "24491");
    node_set(other, "PreferredMode", "2g");
    node_set_flag(other, "Primary", false);
    node_set_flag(n, "Primary", true);
    node_set_texts(n, "PreferableModes", able, 3);
    node_set(n, "PreferredMode", "4g");
    expect_absent(c, "/13/0/0/0"); /* nobody to ask */
    c->device.prefer = prefer;
    node_set(n, "PreferredMode", "");
    expect_absent(c, "/13/0/0/0"); /* the modem does not tell */
    node_set(n, "PreferredMode", "4g");
    expect_read(c, "/13/0/0/0", "4");
    expect_absent(c, "/13/0/0/1");
    preferred[0] = '\0';
    static const char *const never[] = { "1", "5", "6", "7", "15", "17", "101", "-1" };
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        g_assert_cmpuint(put(c, METHOD_PUT, "/13/0/0/0", CONTENT_TEXT, never[i], strlen(never[i])), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(put(c, METHOD_PUT, "/13/0/0/0", CONTENT_TEXT, "2", 1), ==, CODE_METHOD_NOT_ALLOWED); /* not this modem */
    g_assert_cmpuint(put(c, METHOD_PUT, "/13/0/0", CONTENT_SENML_JSON, two, sizeof two - 1), ==, CODE_BAD_REQUEST);
    g_assert_cmpstr(preferred, ==, "");
    g_assert_cmpuint(put(c, METHOD_PUT, "/13/0/0/0", CONTENT_TEXT, "3", 1), ==, CODE_CHANGED);
    g_assert_cmpstr(preferred, ==, "3g");
    g_assert_cmpuint(put(c, METHOD_PUT, "/13/0/0", CONTENT_SENML_JSON, one, sizeof one - 1), ==, CODE_CHANGED);
    g_assert_cmpstr(preferred, ==, "5g");
    g_assert_cmpuint(put(c, METHOD_PUT, "/13/0/0/0", CONTENT_TEXT, "0", 1), ==, CODE_CHANGED);
    g_assert_cmpstr(preferred, ==, "none");
    static const char both[] = "[{\"n\":\"/13/0/0/0\",\"v\":3},{\"n\":\"/1/0/1\",\"v\":60}]";
    preferred[0] = '\0';
    c->objects.servers->keep = keep_nothing;
    g_assert_cmpuint(put(c, METHOD_IPATCH, "/", CONTENT_SENML_JSON, both, sizeof both - 1), ==, CODE_INTERNAL);
    g_assert_cmpstr(preferred, ==, "");
    c->objects.servers->keep = NULL;
    g_assert_cmpuint(put(c, METHOD_IPATCH, "/", CONTENT_SENML_JSON, both, sizeof both - 1), ==, CODE_CHANGED);
    g_assert_cmpstr(preferred, ==, "3g");
    node_set_flag(n, "Primary", false);
    expect_absent(c, "/13/0/0/0");
}

/* The Register fits a datagram with all that can be there. */
static void test_links(void)
{
    struct lwm2m_client *c = make_gateway();
    char links[LINKS_MAX];
    add_modem("lte", "24491");
    for (unsigned i = 0; i < PLACES; i++) {
        char id[8];
        g_snprintf(id, sizeof id, "b%u", i);
        add_bearer(id, "idle", true);
    }
    for (size_t i = 0; i < PORTFOLIOS; i++)
        c->objects.servers->portfolio[i].used = true;
    struct writer w = writer_make(links, sizeof links);
    discover_put_registration(c, &w);
    g_assert_false(w.failed);
    char *text = g_strndup(links, w.len);
    g_assert_nonnull(strstr(text, ",</1/0>,</3/0>,</4>;ver=1.3,</4/0>,</7/0>,</10>;ver=1.1,</10/0>,</11>;ver=1.1,</11/0>,"));
    g_assert_nonnull(strstr(text, "</25>;ver=2.0"));
    g_free(text);
}

/* A server that watches an address learns of a new one; a list of objects that changed asks for an Update. */
static void test_observed(void)
{
    struct lwm2m_client *c = make_gateway();
    add_modem("lte", "");
    struct node *bearer = add_bearer("b", "connected", true);
    g_assert_cmpuint(observe(c, "/4/0/7/0", 0), ==, CODE_CONTENT);
    advance(0);
    node_set(bearer, "Apn", "other.example");
    reporting_changed(c);
    advance(0);
    g_assert_cmpuint(notified, ==, 1);
    g_assert_cmpstr(last_body, ==, "other.example");
}

/* What a server of LwM2M 1.0 gets. */
static void test_version_1_0(void)
{
    struct lwm2m_client *c = make_gateway();
    struct coap_answer a;
    static const char paths[] = "[{\"n\":\"/1/0/1\"}]";
    c->version = LWM2M_1_0;
    g_assert_cmpuint(get(c, "/1/0", -1, &a), ==, CODE_CONTENT);
    g_assert_cmpint(a.content_format, ==, CONTENT_TLV);
    g_assert_cmpuint(get(c, "/1/0/1", -1, &a), ==, CODE_CONTENT);
    g_assert_cmpint(a.content_format, ==, CONTENT_TEXT);
    g_assert_cmpuint(get(c, "/1/0/1", 11543, &a), ==, CODE_CONTENT);
    g_assert_cmpuint(send(c, &(struct ask){ METHOD_FETCH, "/", NULL, CONTENT_SENML_JSON, -1, -1, paths, sizeof paths - 1 }, &a), ==, CODE_METHOD_NOT_ALLOWED);
}

static void test_disable(void)
{
    struct lwm2m_client *c = make_gateway();
    expect_read(c, "/1/0/5", "86400");
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/5", CONTENT_TEXT, "60", 2), ==, CODE_CHANGED);
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/5", CONTENT_TEXT, "-1", 2), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(server_value(&c->server, SERVER_DISABLE_TIMEOUT, 0), ==, 60);
    g_assert_cmpuint(c->server.effects & EFFECT_DISABLE, ==, 0);
    g_assert_cmpuint(put(c, METHOD_POST, "/1/0/4", -1, "", 0), ==, CODE_CHANGED);
    g_assert_cmpuint(c->server.effects & EFFECT_DISABLE, ==, EFFECT_DISABLE);
}

static uint64_t newest;

static size_t history(void *user, uint64_t after, uint64_t until, char *out, size_t cap)
{
    (void)user;
    return (size_t)g_snprintf(out, cap, "%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, after, until == UINT64_MAX ? 0 : until);
}

static uint64_t history_last(void *user)
{
    (void)user;
    return newest;
}

static void expect_log(struct lwm2m_client *c, const char *text)
{
    struct coap_answer a;
    g_assert_cmpuint(get(c, "/20/0/4014", CONTENT_OPAQUE, &a), ==, CODE_CONTENT);
    expect_text(&a, text);
}

static void test_event_log(void)
{
    struct lwm2m_client *c = make_gateway();
    struct coap_answer a;
    g_assert_cmpuint(get(c, "/20", CONTENT_SENML_JSON, &a), ==, CODE_NOT_FOUND);
    c->device.history = history;
    c->device.history_last = history_last;
    newest = 5;
    expect_log(c, "0-0");
    expect_read(c, "/20/0/4013", "1");
    g_assert_cmpuint(put(c, METHOD_POST, "/20/0/4011", -1, "", 0), ==, CODE_CHANGED);
    newest = 9;
    expect_log(c, "5-0");
    expect_read(c, "/20/0/4013", "0");
    g_assert_cmpuint(put(c, METHOD_POST, "/20/0/4012", -1, "", 0), ==, CODE_CHANGED);
    newest = 11;
    expect_log(c, "5-9");
    expect_read(c, "/20/0/4013", "1");
    g_assert_cmpuint(put(c, METHOD_POST, "/20/0/4011", -1, "0", 1), ==, CODE_CHANGED); /* goes on */
    expect_log(c, "5-0");
    g_assert_cmpuint(put(c, METHOD_POST, "/20/0/4012", -1, "0", 1), ==, CODE_CHANGED); /* emptied */
    expect_log(c, "11-11");
    g_assert_cmpuint(put(c, METHOD_PUT, "/20/0/4010", CONTENT_TEXT, "0", 1), ==, CODE_CHANGED);
    g_assert_cmpuint(put(c, METHOD_PUT, "/20/0/4010", CONTENT_TEXT, "2", 1), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(put(c, METHOD_PUT, "/20/0/4015", CONTENT_TEXT, "1", 1), ==, CODE_BAD_REQUEST);
}

/* ---- an object with many instances, of this test's own ---- */

enum { MANY = 10000, GAP = 3, MANY_OBJECT = 26241, STEPS = 17 /* halvings of 65536, and one */ };

static unsigned asked; /* how often an instance was asked for */
static size_t many_count, many_gap;

static bool many_instance(struct objects *o, size_t index, uint16_t *id)
{
    (void)o;
    asked++;
    *id = (uint16_t)(index * many_gap);
    return index < many_count;
}

static bool many_read(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, s->instance);
    return true;
}

/* What a request costs does not grow with the instances that its object has: an instance is found without a walk. */
static void test_many(void)
{
    static const struct resource row = { 0, VALUE_INTEGER, OPERATION_READ, .read = many_read };
    static const struct object many = { .id = MANY_OBJECT, .resources = &row, .count = 1, .instance = many_instance }, *const list[] = { &many };
    static const struct model model = { list, 1 };
    struct lwm2m_client *c = make_gateway();
    c->objects.model = c->records.model = &model;
    many_count = MANY;
    many_gap = GAP;
    for (unsigned id = 0; id <= LWM2M_NO_ID; id++) {
        asked = 0;
        g_assert_cmpint(object_has_instance(&c->objects, &many, (uint16_t)id), ==, id % GAP == 0 && id / GAP < MANY);
        g_assert_cmpuint(asked, <=, STEPS);
    }
    g_assert_cmpuint(object_free_instance(&c->objects, &many), ==, 1);
    asked = 0;
    expect_read(c, "/26241/29997/0", "29997");
    expect_absent(c, "/26241/29998/0");
    g_assert_cmpuint(asked, <=, 2 * STEPS);
    many_gap = 1;
    asked = 0;
    expect_read(c, "/26241/9999/0", "9999");
    g_assert_cmpuint(asked, ==, 1); /* without gaps it stands where it is looked for first */
    g_assert_cmpuint(object_free_instance(&c->objects, &many), ==, MANY);
    many_count = 0;
    g_assert_cmpuint(object_free_instance(&c->objects, &many), ==, 0);
    many_count = LWM2M_NO_ID;
    g_assert_cmpuint(object_free_instance(&c->objects, &many), ==, LWM2M_NO_ID);
}

/* A value that may change at any time, and does not: it is looked at once a minute, not all the time. */
static void test_still(void)
{
    struct lwm2m_client *c = make_gateway();
    write_file("sys/class/power_supply/A0/type", "Battery\n");
    write_file("sys/class/power_supply/A0/capacity", "50\n");
    g_assert_cmpuint(observe(c, "/3/0/9", 0), ==, CODE_CONTENT);
    clock_reads = 0;
    advance(600000);
    g_assert_cmpuint(clock_reads, <=, 40);
    g_assert_cmpuint(notified, ==, 0);
    write_file("sys/class/power_supply/A0/capacity", "49\n");
    advance(60000);
    g_assert_cmpuint(notified, ==, 1);
    g_assert_cmpuint(set_attributes(c, "/3/0/9", "lt=20"), ==, CODE_CHANGED); /* from here on only what the server asks for */
    write_file("sys/class/power_supply/A0/capacity", "30\n");
    advance(120000);
    g_assert_cmpuint(notified, ==, 1);
    write_file("sys/class/power_supply/A0/capacity", "10\n");
    advance(61000);
    g_assert_cmpuint(notified, ==, 2);
    g_assert_cmpstr(last_body, ==, "10");
}

/* ---- the place; identities as profiles ---- */

static struct place here;

static void read_place(void *user, struct place *out)
{
    (void)user;
    *out = here;
}

static void expect_velocity(struct lwm2m_client *c, const char octets[4])
{
    struct coap_answer a;
    g_assert_cmpuint(get(c, "/6/0/4", CONTENT_OPAQUE, &a), ==, CODE_CONTENT);
    g_assert_true(slice_equal(writer_slice(&a.body), (struct slice){ (const uint8_t *)octets, 4 }));
}

static void test_location(void)
{
    struct lwm2m_client *c = make_gateway();
    struct coap_answer a;
    here = (struct place){ .known = false };
    g_assert_cmpuint(get(c, "/6/0/0", CONTENT_TEXT, &a), ==, CODE_NOT_FOUND);
    c->device.place = read_place;
    g_assert_cmpuint(get(c, "/6/0/0", CONTENT_TEXT, &a), ==, CODE_NOT_FOUND);
    here = (struct place){ .known = true, .latitude = -43.5723, .longitude = 153.2176, .time = 1700000000 };
    expect_read(c, "/6/0/0", "-43.5723");
    expect_read(c, "/6/0/1", "153.2176");
    expect_read(c, "/6/0/5", "1700000000");
    g_assert_cmpuint(get(c, "/6/0/2", CONTENT_TEXT, &a), ==, CODE_NOT_FOUND);
    g_assert_cmpuint(get(c, "/6/0/3", CONTENT_TEXT, &a), ==, CODE_NOT_FOUND);
    here.has_altitude = here.has_radius = true;
    here.altitude = 30.5;
    expect_read(c, "/6/0/2", "30.5");
    expect_read(c, "/6/0/3", "0");
    expect_absent(c, "/6/0/4");
    expect_absent(c, "/6/0/6");
    here.has_speed = true;
    here.speed = 1.25;
    expect_read(c, "/6/0/6", "1.25");
    expect_absent(c, "/6/0/4"); /* a velocity has a direction */
    here.has_course = true;
    here.course = 359.4;
    expect_velocity(c, "\x01\x67\x00\x05"); /* 359 degrees, 4.5 km/h */
    here.course = 359.6;
    expect_velocity(c, "\x00\x00\x00\x05");
    here.speed = 30000;
    expect_velocity(c, "\x00\x00\xff\xff");
    here.known = false;
    expect_absent(c, "/6/0/4");
    expect_absent(c, "/6/0/6");
}

static struct rsp_profile profile[2];
static size_t profile_count;
static bool allowed, told_enable;
static unsigned acts, changes_told;
static char acted[RSP_ID];
static rsp_outcome_fn *act_ended;
static void *act_user;

static size_t list_profiles(void *user, struct rsp_profile out[RSP_PROFILES])
{
    (void)user;
    memcpy(out, profile, profile_count * sizeof *out);
    return profile_count;
}

static bool may_act(void *user, uint16_t server, const struct rsp_profile *p, bool enable)
{
    (void)user, (void)p, (void)enable;
    g_assert_cmpuint(server, ==, 7);
    return allowed;
}

static void enable_profile(void *user, const char *id, bool enable, rsp_outcome_fn *outcome, void *outcome_user)
{
    (void)user;
    g_strlcpy(acted, id, sizeof acted);
    told_enable = enable;
    act_ended = outcome;
    act_user = outcome_user;
    acts++;
}

static void count_change(void *user)
{
    (void)user;
    changes_told++;
}

static void expect_act(struct lwm2m_client *c, const char *arguments, unsigned code)
{
    unsigned before = acts;
    g_test_message("\"%s\"", arguments);
    g_assert_cmpuint(put(c, METHOD_POST, "/504/0/4", CONTENT_TEXT, arguments, strlen(arguments)), ==, code);
    g_assert_cmpuint(acts - before, ==, code == CODE_CHANGED);
}

static void test_remote_sim(void)
{
    static const char *const others[] = { "", "0", "3", "4", "1,2", "2,1", "1='x'" };
    struct lwm2m_client *c = make_gateway();
    struct rsp_host host = { .profiles = list_profiles, .may = may_act, .enable = enable_profile, .changed = count_change };
    struct coap_answer a;
    g_assert_cmpuint(get(c, "/504/0/0", CONTENT_TEXT, &a), ==, CODE_NOT_FOUND);
    c->device.rsp = rsp_new(&host);
    g_assert_cmpuint(get(c, "/504/0/0", CONTENT_TEXT, &a), ==, CODE_NOT_FOUND);
    profile[0] = (struct rsp_profile){ .id = "a", .iccid = "894600000000000001", .issuer = "sho.example", .active = true };
    profile[1] = (struct rsp_profile){ .id = "b", .iccid = "894600000000000002", .issuer = "other.example" };
    profile_count = 2;
    allowed = true;
    expect_read(c, "/504/0/0", "3");
    expect_read(c, "/504/0/1/0", "3");
    expect_read(c, "/504/0/2", "sho.example");
    expect_read(c, "/504/0/11/0", "894600000000000001");
    expect_read(c, "/504/0/11/1", "894600000000000002");
    g_assert_cmpuint(get(c, "/504/0/11/2", CONTENT_TEXT, &a), ==, CODE_NOT_FOUND);
    expect_read(c, "/504/0/13", "0");
    expect_act(c, "2", CODE_METHOD_NOT_ALLOWED); /* what? */
    g_assert_cmpuint(put(c, METHOD_PUT, "/504/0/14", CONTENT_TEXT, "894600000000000003", 18), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(put(c, METHOD_PUT, "/504/0/14", CONTENT_TEXT, "894600000000000002", 18), ==, CODE_CHANGED);
    expect_read(c, "/504/0/14", "894600000000000002");
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        expect_act(c, others[i], CODE_METHOD_NOT_ALLOWED);
    allowed = false;
    expect_act(c, "1", CODE_METHOD_NOT_ALLOWED);
    allowed = true;
    expect_act(c, "1", CODE_CHANGED);
    g_assert_cmpstr(acted, ==, "b");
    g_assert_true(told_enable);
    expect_read(c, "/504/0/5", "5");
    expect_act(c, "1", CODE_METHOD_NOT_ALLOWED); /* one at a time */
    act_ended(act_user, false);
    expect_read(c, "/504/0/5", "0");
    expect_read(c, "/504/0/6", "13");
    g_assert_cmpuint(changes_told, ==, 1);
    expect_act(c, "2", CODE_CHANGED);
    g_assert_false(told_enable);
    expect_read(c, "/504/0/5", "6");
    expect_read(c, "/504/0/6", "0");
    act_ended(act_user, false);
    expect_read(c, "/504/0/6", "14");
    expect_act(c, "2", CODE_CHANGED);
    act_ended(act_user, true);
    expect_read(c, "/504/0/6", "1");
    profile_count = 1; /* its issuer has erased it */
    expect_act(c, "1", CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(put(c, METHOD_PUT, "/504/0/14", CONTENT_TEXT, "", 0), ==, CODE_CHANGED);
    profile[0].active = false;
    g_assert_cmpuint(get(c, "/504/0/2", CONTENT_TEXT, &a), ==, CODE_NOT_FOUND);
    rsp_free(c->device.rsp);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    root = g_dir_make_tmp("objects-XXXXXX", NULL);
    g_test_add_func("/lwm2m/objects/device", test_device);
    g_test_add_func("/lwm2m/objects/connectivity", test_connectivity);
    g_test_add_func("/lwm2m/objects/profile-counters", test_profile_counters);
    g_test_add_func("/lwm2m/objects/statistics", test_statistics);
    g_test_add_func("/lwm2m/objects/profiles", test_profiles);
    g_test_add_func("/lwm2m/objects/bearer-selection", test_bearer_selection);
    g_test_add_func("/lwm2m/objects/location", test_location);
    g_test_add_func("/lwm2m/objects/remote-sim", test_remote_sim);
    g_test_add_func("/lwm2m/objects/links", test_links);
    g_test_add_func("/lwm2m/objects/observed", test_observed);
    g_test_add_func("/lwm2m/objects/version-1.0", test_version_1_0);
    g_test_add_func("/lwm2m/objects/disable", test_disable);
    g_test_add_func("/lwm2m/objects/event-log", test_event_log);
    g_test_add_func("/lwm2m/objects/many", test_many);
    g_test_add_func("/lwm2m/objects/still", test_still); /* the last: the files stay */
    int failed = g_test_run();
    tree_free(tree);
    char *argument[] = { (char *)"rm", (char *)"-r", root, NULL };
    g_spawn_sync(NULL, argument, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
    g_free(root);
    return failed;
}
