/* SPDX-License-Identifier: Apache-2.0 */
/* Object 11 as a server writes it: requests through the dispatch, a host that says what is tried and how it ends. */
#include "harness.h"
#include "lwm2m/profiles.h"

static struct tree *tree;
static struct node *node;
static struct profiles *profiles;
static uint64_t quiet_at; /* of the one timer of profiles; 0: none runs */
static loop_timer_fn *quiet_fn;
static void *quiet_user;
static unsigned begun, changes;
static bool allowed, openable;
static uint16_t asked_by, begun_by;
static char begun_for[PROFILE_ID];
static struct napdef installed, tried;
static profiles_outcome_fn *outcome;
static void *outcome_user;

static uint64_t now_ms(void *ctx)
{
    (void)ctx;
    return clock_ms;
}

static uint64_t add_timer(void *ctx, uint64_t delay, loop_timer_fn *fn, void *user)
{
    (void)ctx;
    g_assert_null(quiet_fn);
    quiet_at = clock_ms + delay;
    quiet_fn = fn;
    quiet_user = user;
    return 1;
}

static void cancel(void *ctx, uint64_t id)
{
    (void)ctx;
    (void)id;
    quiet_fn = NULL;
}

static const struct loop loop = { .now_ms = now_ms, .add_timer = add_timer, .cancel = cancel };

static void wait_ms(uint64_t ms)
{
    advance(ms);
    if (!quiet_fn || clock_ms < quiet_at)
        return;
    loop_timer_fn *fn = quiet_fn;
    quiet_fn = NULL;
    fn(quiet_user);
}

static bool may(void *user, uint16_t server, const char *bearer)
{
    (void)user;
    (void)bearer;
    asked_by = server;
    return allowed;
}

static bool open_installed(void *user, const char *bearer, struct napdef *out)
{
    (void)user;
    (void)bearer;
    *out = installed;
    return openable;
}

static void begin(void *user, uint16_t server, const char *bearer, const struct napdef *draft, profiles_outcome_fn *fn, void *fn_user)
{
    (void)user;
    begun++;
    begun_by = server;
    g_assert_true(text_copy(begun_for, sizeof begun_for, bearer));
    tried = *draft;
    outcome = fn;
    outcome_user = fn_user;
}

static uint64_t unix_time(void *user)
{
    (void)user;
    return 1800000000;
}

static void changed(void *user)
{
    (void)user;
    changes++;
}

static struct lwm2m_client *make_gateway(void)
{
    static const struct profiles_host host = { .may = may, .open = open_installed, .begin = begin, .time = unix_time, .changed = changed };
    struct lwm2m_client *c = make();
    profiles_free(profiles);
    tree_free(tree);
    tree = tree_new();
    node = tree_add(tree, TREE_BEARER, "usim-NAP1");
    node_set(node, "Name", "Operator");
    node_set(node, "Apn", "old.example");
    node_set(node, "Auth", "chap");
    node_set(node, "User", "gw");
    node_set(node, "IpType", "ipv4v6");
    node_set_flag(node, "Installed", true);
    installed = (struct napdef){ .napid = "NAP1", .name = "Operator", .apn = "old.example", .auth = NAPDEF_AUTH_CHAP, .user = "gw", .password = "hidden", .ip_type = NAPDEF_IPV4V6 };
    begun = changes = 0;
    allowed = openable = true;
    quiet_fn = NULL;
    profiles = profiles_new(&loop, &host);
    c->device.tree = tree;
    c->device.profiles = profiles;
    return c;
}

static unsigned write_text(struct lwm2m_client *c, const char *path, const char *text)
{
    return put(c, METHOD_PUT, path, CONTENT_TEXT, text, strlen(text));
}

static void expect_read(struct lwm2m_client *c, const char *path, const char *text)
{
    struct coap_answer a;
    g_test_message("%s", path);
    g_assert_cmpuint(get(c, path, CONTENT_TEXT, &a), ==, text ? CODE_CONTENT : CODE_NOT_FOUND);
    if (text)
        expect_text(&a, text);
}

/* Single Writes are one change: tried a second after the last one, shown until then, with what was not written as it was. */
static void test_written(void)
{
    struct lwm2m_client *c = make_gateway();
    g_assert_cmpuint(write_text(c, "/11/0/1", "new.example"), ==, CODE_CHANGED);
    wait_ms(900);
    g_assert_cmpuint(write_text(c, "/11/0/4", "0"), ==, CODE_CHANGED);
    wait_ms(900);
    g_assert_cmpuint(begun, ==, 0);
    expect_read(c, "/11/0/1", "new.example");
    expect_read(c, "/11/0/4", "0");
    expect_read(c, "/11/0/5", "gw");
    expect_read(c, "/11/0/24", "3");
    wait_ms(100);
    g_assert_cmpuint(begun, ==, 1);
    g_assert_cmpuint(begun_by, ==, 7);
    g_assert_cmpstr(begun_for, ==, "usim-NAP1");
    g_assert_cmpstr(tried.apn, ==, "new.example");
    g_assert_cmpint(tried.auth, ==, NAPDEF_AUTH_PAP);
    g_assert_cmpstr(tried.password, ==, "hidden"); /* which nobody wrote */
    g_assert_cmpstr(tried.napid, ==, "NAP1");
    g_assert_cmpuint(write_text(c, "/11/0/1", "third.example"), ==, CODE_METHOD_NOT_ALLOWED); /* one at a time */
    expect_read(c, "/11/0/10/0", NULL);
    outcome(outcome_user, PROFILE_REJECTED);
    g_assert_cmpuint(changes, ==, 1);
    expect_read(c, "/11/0/1", "old.example");
    expect_read(c, "/11/0/4", "1");
    expect_read(c, "/11/0/9/0", "1800000000");
    expect_read(c, "/11/0/10/0", "1");
    g_assert_cmpuint(write_text(c, "/11/0/1", "new.example"), ==, CODE_CHANGED); /* the next one takes what is installed anew */
    wait_ms(1000);
    g_assert_cmpint(tried.auth, ==, NAPDEF_AUTH_CHAP);
    outcome(outcome_user, PROFILE_ACCEPTED);
    expect_read(c, "/11/0/10/0", "0");
    outcome(outcome_user, PROFILE_REJECTED); /* has no meaning any more */
    expect_read(c, "/11/0/10/0", "0");
    g_assert_cmpuint(changes, ==, 2);
}

/* A replacing Write of the whole profile: what it does not name is empty again, but the APN. */
static void test_replaced(void)
{
    struct lwm2m_client *c = make_gateway();
    static const char json[] = "[{\"bn\":\"/11/0/\",\"n\":\"0\",\"vs\":\"Second\"},{\"n\":\"4\",\"v\":3},{\"n\":\"24\",\"v\":2}]", half[] = "[{\"n\":\"/11/0/1\",\"vs\":\"x.example\"}]";
    g_assert_cmpuint(put(c, METHOD_PUT, "/11/0", CONTENT_SENML_JSON, half, sizeof half - 1), ==, CODE_BAD_REQUEST); /* not without what is mandatory */
    g_assert_cmpuint(put(c, METHOD_PUT, "/11/0", CONTENT_SENML_JSON, json, sizeof json - 1), ==, CODE_CHANGED);
    expect_read(c, "/11/0/5", NULL);
    wait_ms(1000);
    g_assert_cmpstr(tried.name, ==, "Second");
    g_assert_cmpstr(tried.apn, ==, "old.example");
    g_assert_cmpstr(tried.user, ==, "");
    g_assert_cmpstr(tried.password, ==, "");
    g_assert_cmpint(tried.auth, ==, NAPDEF_AUTH_NONE);
    g_assert_cmpint(tried.ip_type, ==, NAPDEF_IPV6);
}

static void expect_refused(struct lwm2m_client *c, const char *path, const char *text, unsigned code)
{
    g_test_message("%s = %s", path, text);
    g_assert_cmpuint(write_text(c, path, text), ==, code);
    wait_ms(2000);
    g_assert_cmpuint(begun, ==, 0);
}

static void test_refused(void)
{
    struct lwm2m_client *c = make_gateway();
    char apn[128], secret[160];
    struct coap_answer a;
    memset(apn, 'a', sizeof apn);
    memset(secret, 's', sizeof secret);
    apn[101] = '\0';
    secret[128] = '\0';
    expect_refused(c, "/11/0/0", "", CODE_BAD_REQUEST);
    expect_refused(c, "/11/0/1", "", CODE_BAD_REQUEST);
    expect_refused(c, "/11/0/1", "two words", CODE_BAD_REQUEST);
    expect_refused(c, "/11/0/1", "a;b", CODE_BAD_REQUEST);
    expect_refused(c, "/11/0/1", apn, CODE_BAD_REQUEST);
    expect_refused(c, "/11/0/5", secret, CODE_BAD_REQUEST);
    expect_refused(c, "/11/0/6", secret, CODE_BAD_REQUEST);
    expect_refused(c, "/11/0/4", "2", CODE_BAD_REQUEST);
    expect_refused(c, "/11/0/4", "4", CODE_BAD_REQUEST);
    expect_refused(c, "/11/0/24", "0", CODE_BAD_REQUEST);
    expect_refused(c, "/11/0/24", "4", CODE_BAD_REQUEST);
    expect_refused(c, "/11/0/3", "0", CODE_METHOD_NOT_ALLOWED); /* the last bearer */
    expect_refused(c, "/11/0/15/0", "192.0.2.1", CODE_METHOD_NOT_ALLOWED); /* an address is the network's */
    expect_refused(c, "/11/1/1", "a.example", CODE_NOT_FOUND);
    g_assert_cmpuint(get(c, "/11/0/6", CONTENT_TEXT, &a), ==, CODE_METHOD_NOT_ALLOWED);
    allowed = false;
    expect_refused(c, "/11/0/1", "a.example", CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(asked_by, ==, 7);
    allowed = true;
    openable = false; /* the trusted environment went away between the question and the Write */
    expect_refused(c, "/11/0/1", "a.example", CODE_CHANGED);
    openable = true;
    c->device.profiles = NULL;
    expect_refused(c, "/11/0/1", "a.example", CODE_METHOD_NOT_ALLOWED);
    c->device.profiles = profiles;
    apn[100] = secret[127] = '\0';
    g_assert_cmpuint(write_text(c, "/11/0/1", apn), ==, CODE_CHANGED);
    g_assert_cmpuint(write_text(c, "/11/0/6", secret), ==, CODE_CHANGED);
    wait_ms(1000);
    g_assert_cmpstr(tried.apn, ==, apn);
    g_assert_cmpstr(tried.password, ==, secret);
}

/* Enable: tried again as it is. */
static void test_enabled(void)
{
    struct lwm2m_client *c = make_gateway();
    expect_read(c, "/11/0/3", "1");
    g_assert_cmpuint(write_text(c, "/11/0/3", "1"), ==, CODE_CHANGED);
    wait_ms(1000);
    g_assert_cmpuint(begun, ==, 1);
    g_assert_cmpmem(&tried, sizeof tried, &installed, sizeof installed);
}

/* A draft is its server's; another one has to wait. */
static void test_other_server(void)
{
    struct lwm2m_client *c = make_gateway();
    g_assert_true(profiles_may(profiles, 7, "usim-NAP1"));
    g_assert_cmpuint(write_text(c, "/11/0/1", "new.example"), ==, CODE_CHANGED);
    g_assert_true(profiles_may(profiles, 7, "usim-NAP1"));
    g_assert_false(profiles_may(profiles, 8, "usim-NAP1"));
    g_assert_false(profiles_may(profiles, 7, "usim-NAP2"));
    g_assert_null(profiles_draft(profiles, "usim-NAP2"));
    g_assert_null(profiles_attempt(profiles, "usim-NAP1"));
}

/* VALIDITY: networks as MCC and MNC; what else a bootstrap may have named is kept until a server writes, and not shown. */
static void test_validity(void)
{
    struct lwm2m_client *c = make_gateway();
    static const char two[] = "[{\"bn\":\"/11/0/8/\",\"n\":\"0\",\"vs\":\"240,08\"},{\"n\":\"1\",\"vs\":\"310,026\"}]", fifth[] = "[{\"n\":\"/11/0/8/4\",\"vs\":\"240,08\"}]";
    expect_read(c, "/11/0/8/0", NULL);
    installed.validities = 3;
    (void)strcpy(installed.validity[0].country, "SE");
    (void)strcpy(installed.validity[1].network, "24007");
    (void)strcpy(installed.validity[2].network, "310026");
    expect_read(c, "/11/0/8/0", NULL);
    expect_read(c, "/11/0/8/1", "240,07");
    expect_read(c, "/11/0/8/2", "310,026");
    expect_read(c, "/11/0/8/3", NULL);
    static const char *const bad[] = { "", "240", "24008", "240,8", "240,0800", "24,008", "240;08", "240,0x", "a40,08", "240,08," };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        expect_refused(c, "/11/0/8/1", bad[i], CODE_BAD_REQUEST);
    g_assert_cmpuint(put(c, METHOD_PUT, "/11/0/8", CONTENT_SENML_JSON, fifth, sizeof fifth - 1), !=, CODE_CHANGED);
    g_assert_cmpuint(put(c, METHOD_PUT, "/11/0/8", CONTENT_SENML_JSON, two, sizeof two - 1), ==, CODE_CHANGED);
    expect_read(c, "/11/0/8/0", "240,08");
    expect_read(c, "/11/0/8/1", "310,026");
    struct coap_answer a;
    g_assert_cmpuint(get(c, "/11/0/8", CONTENT_SENML_JSON, &a), ==, CODE_CONTENT);
    expect_text(&a, "[{\"bn\":\"/11/0/8/\",\"n\":\"0\",\"vs\":\"240,08\"},{\"n\":\"1\",\"vs\":\"310,026\"}]");
    g_assert_cmpuint(write_text(c, "/11/0/8/1", "244,91"), ==, CODE_CHANGED);
    wait_ms(1000);
    g_assert_cmpuint(tried.validities, ==, 2);
    g_assert_cmpstr(tried.validity[0].network, ==, "24008");
    g_assert_cmpstr(tried.validity[0].country, ==, "");
    g_assert_cmpstr(tried.validity[1].network, ==, "24491");
    outcome(outcome_user, PROFILE_REJECTED);
    openable = false;
    expect_read(c, "/11/0/8/1", NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lwm2m/profiles/written", test_written);
    g_test_add_func("/lwm2m/profiles/replaced", test_replaced);
    g_test_add_func("/lwm2m/profiles/refused", test_refused);
    g_test_add_func("/lwm2m/profiles/enabled", test_enabled);
    g_test_add_func("/lwm2m/profiles/other-server", test_other_server);
    g_test_add_func("/lwm2m/profiles/validity", test_validity);
    int failed = g_test_run();
    profiles_free(profiles);
    tree_free(tree);
    return failed;
}
