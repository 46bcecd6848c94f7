/* SPDX-License-Identifier: Apache-2.0 */
/* Object 11 as a server writes it: requests through the dispatch, a host that says what is tried and how it ends. */
#include "harness.h"
#include "lwm2m/profiles.h"

static struct tree *tree;
static struct profiles *profiles;
static uint64_t quiet_at; /* of the one timer of profiles; 0: none runs */
static loop_timer_fn *quiet_fn;
static void *quiet_user;
static unsigned begun, changes;
static bool allowed, openable, spare, keepable, ready;
static unsigned kept; /* times */
static bool kept_as_created;
static struct napdef stored;
static char removed[PROFILE_ID];
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

static bool may_go(void *user, uint16_t server, const char *bearer)
{
    (void)user;
    (void)server;
    (void)bearer;
    return spare;
}

static bool may_create(void *user, uint16_t server, char bearer[PROFILE_ID], struct napdef *out)
{
    (void)user;
    asked_by = server;
    *out = (struct napdef){ .napid = "lwm2m-1", .ip_type = NAPDEF_IPV4V6 };
    return text_copy(bearer, PROFILE_ID, "usim-lwm2m-1") && allowed;
}

static bool keep(void *user, uint16_t server, const char *bearer, bool created, const struct napdef *draft)
{
    (void)user;
    (void)bearer;
    asked_by = server;
    if (!keepable)
        return false;
    kept++;
    kept_as_created = created;
    stored = *draft;
    return true;
}

static bool take_away(void *user, uint16_t server, const char *bearer)
{
    struct node *n = tree_find(tree, TREE_BEARER, bearer);
    (void)user;
    (void)server;
    if (n)
        node_set_flag(n, "Installed", false);
    return text_copy(removed, sizeof removed, bearer);
}

static bool is_ready(void *user)
{
    (void)user;
    return ready;
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

static struct node *add_bearer(const char *id, const char *apn)
{
    struct node *n = tree_add(tree, TREE_BEARER, id);
    node_set(n, "Name", "Operator");
    node_set(n, "Apn", apn);
    node_set(n, "Auth", "chap");
    node_set(n, "User", "gw");
    node_set(n, "IpType", "ipv4v6");
    node_set_flag(n, "Installed", true);
    return n;
}

static struct lwm2m_client *make_gateway(void)
{
    static const struct profiles_host host = { .may = may, .may_go = may_go, .may_create = may_create, .keep = keep, .remove = take_away, .ready = is_ready, .open = open_installed,
                                               .begin = begin, .time = unix_time, .changed = changed };
    struct lwm2m_client *c = make();
    profiles_free(profiles);
    tree_free(tree);
    tree = tree_new();
    (void)add_bearer("usim-NAP1", "old.example");
    installed = (struct napdef){ .napid = "NAP1", .name = "Operator", .apn = "old.example", .auth = NAPDEF_AUTH_CHAP, .user = "gw", .password = "hidden", .ip_type = NAPDEF_IPV4V6 };
    begun = changes = kept = 0;
    allowed = openable = spare = keepable = ready = true;
    removed[0] = '\0';
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
    spare = false;
    expect_refused(c, "/11/0/3", "0", CODE_METHOD_NOT_ALLOWED); /* the last bearer */
    expect_refused(c, "/11/0/15/0", "192.0.2.1", CODE_METHOD_NOT_ALLOWED); /* an address is the network's */
    expect_refused(c, "/11/1/1", "a.example", CODE_NOT_FOUND);
    g_assert_cmpuint(get(c, "/11/0/6", CONTENT_TEXT, &a), ==, CODE_METHOD_NOT_ALLOWED);
    allowed = false;
    expect_refused(c, "/11/0/1", "a.example", CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(asked_by, ==, 7);
    allowed = true;
    openable = false; /* the trusted environment went away between the question and the Write */
    expect_refused(c, "/11/0/1", "a.example", CODE_INTERNAL);
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

static const char whole[] = "[{\"n\":\"0\",\"vs\":\"Second\"},{\"n\":\"1\",\"vs\":\"second.example\"},{\"n\":\"4\",\"v\":0},{\"n\":\"5\",\"vs\":\"me\"},{\"n\":\"6\",\"vs\":\"s3cret\"}]";

/* The records of `whole`, or some of them, as a new instance of that id. */
static unsigned create_of(struct lwm2m_client *c, uint16_t id, const char *records)
{
    g_autofree char *json = g_strdup_printf("[{\"bn\":\"/11/%u/\",%s", id, records + 2);
    return put(c, METHOD_POST, "/11", CONTENT_SENML_JSON, json, strlen(json));
}

/* It is there at once, and installed or gone when it was tried. */
static void test_created(void)
{
    struct lwm2m_client *c = make_gateway();
    struct coap_answer a;
    g_assert_cmpuint(create_of(c, 3, whole), ==, CODE_CREATED);
    expect_read(c, "/11/3/0", "Second");
    expect_read(c, "/11/3/1", "second.example");
    expect_read(c, "/11/3/3", "1");
    expect_read(c, "/11/3/5", "me");
    expect_read(c, "/11/0/1", "old.example");
    g_assert_cmpuint(get(c, "/11/3/6", CONTENT_TEXT, &a), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(create_of(c, 4, whole), ==, CODE_METHOD_NOT_ALLOWED); /* one at a time */
    g_assert_cmpuint(write_text(c, "/11/0/1", "x.example"), ==, CODE_METHOD_NOT_ALLOWED);
    wait_ms(900);
    allowed = false; /* the host knows nothing of it yet */
    g_assert_cmpuint(write_text(c, "/11/3/24", "1"), ==, CODE_CHANGED); /* of the same change */
    allowed = true;
    wait_ms(1000);
    g_assert_cmpuint(begun, ==, 1);
    g_assert_cmpstr(begun_for, ==, "usim-lwm2m-1");
    g_assert_cmpstr(tried.napid, ==, "lwm2m-1");
    g_assert_cmpstr(tried.apn, ==, "second.example");
    g_assert_cmpstr(tried.password, ==, "s3cret");
    g_assert_cmpint(tried.auth, ==, NAPDEF_AUTH_PAP);
    g_assert_cmpint(tried.ip_type, ==, NAPDEF_IPV4);
    g_assert_false(tried.disabled);
    expect_read(c, "/11/3/1", "second.example");
    g_assert_cmpuint(put(c, METHOD_DELETE, "/11/3", -1, "", 0), ==, CODE_METHOD_NOT_ALLOWED); /* not while it is tried */
    outcome(outcome_user, PROFILE_REJECTED);
    expect_read(c, "/11/3/1", NULL);
    expect_read(c, "/11/0/1", "old.example");
    g_assert_cmpuint(create_of(c, 3, whole), ==, CODE_CREATED);
    expect_read(c, "/11/3/10/0", NULL); /* what was tried was another one */
    wait_ms(1000);
    (void)add_bearer("usim-lwm2m-1", "second.example");
    outcome(outcome_user, PROFILE_ACCEPTED);
    expect_read(c, "/11/3/1", "second.example");
    expect_read(c, "/11/3/10/0", "0");
    g_assert_cmpuint(changes, ==, 2);
}

static void test_not_created(void)
{
    struct lwm2m_client *c = make_gateway();
    static const char *const lacking[] = {
        "[{\"n\":\"0\",\"vs\":\"Second\"},{\"n\":\"4\",\"v\":0}]", /* without an APN there is nothing to connect to */
        "[{\"n\":\"1\",\"vs\":\"second.example\"},{\"n\":\"4\",\"v\":0}]",
        "[{\"n\":\"0\",\"vs\":\"Second\"},{\"n\":\"1\",\"vs\":\"second.example\"}]",
        "[{\"n\":\"0\",\"vs\":\"Second\"},{\"n\":\"1\",\"vs\":\"two words\"},{\"n\":\"4\",\"v\":0}]",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(lacking); i++)
        g_assert_cmpuint(create_of(c, 1, lacking[i]), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(create_of(c, 0, whole), ==, CODE_BAD_REQUEST); /* that one is taken */
    allowed = false;
    g_assert_cmpuint(create_of(c, 1, whole), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(asked_by, ==, 7);
    allowed = true;
    c->device.profiles = NULL;
    g_assert_cmpuint(create_of(c, 1, whole), ==, CODE_METHOD_NOT_ALLOWED);
    c->device.profiles = profiles;
    wait_ms(5000);
    g_assert_cmpuint(begun, ==, 0);
    expect_read(c, "/11/1/1", NULL);
}

/* One to be put aside carries that; what is a draft still goes as it came; what is in use stays. */
static void test_removed(void)
{
    struct lwm2m_client *c = make_gateway();
    static const char tlv[] = "\xc6\x00Second" "\xc8\x01\x0esecond.example" "\xc1\x04\x00";
    struct ask create = { METHOD_POST, "/11", NULL, CONTENT_TLV, -1, -1, tlv, sizeof tlv - 1 };
    struct coap_answer a;
    g_assert_cmpuint(send(c, &create, &a), ==, CODE_CREATED); /* the client chooses the id */
    g_assert_cmpuint(a.created[0], ==, 11);
    g_assert_cmpuint(a.created[1], ==, 1);
    g_assert_cmpuint(write_text(c, "/11/1/3", "0"), ==, CODE_CHANGED);
    expect_read(c, "/11/1/3", "0");
    g_assert_cmpuint(put(c, METHOD_DELETE, "/11/1", -1, "", 0), ==, CODE_DELETED);
    wait_ms(5000);
    g_assert_cmpuint(begun, ==, 0);
    g_assert_cmpstr(removed, ==, "usim-lwm2m-1"); /* what is kept of it */
    removed[0] = '\0';
    expect_read(c, "/11/1/1", NULL);
    (void)add_bearer("usim-NAP2", "second.example");
    expect_read(c, "/11/2/1", "second.example");
    g_assert_cmpuint(write_text(c, "/11/2/3", "0"), ==, CODE_CHANGED);
    wait_ms(1000);
    g_assert_true(tried.disabled);
    outcome(outcome_user, PROFILE_WAITS);
    expect_read(c, "/11/2/10/0", NULL); /* nothing was connected */
    g_assert_cmpuint(changes, ==, 1);
    spare = false;
    g_assert_cmpuint(put(c, METHOD_DELETE, "/11/2", -1, "", 0), ==, CODE_METHOD_NOT_ALLOWED);
    g_assert_cmpuint(write_text(c, "/11/0/3", "0"), ==, CODE_METHOD_NOT_ALLOWED);
    spare = true;
    allowed = false;
    g_assert_cmpuint(put(c, METHOD_DELETE, "/11/2", -1, "", 0), ==, CODE_METHOD_NOT_ALLOWED);
    allowed = true;
    g_assert_cmpstr(removed, ==, "");
    g_assert_cmpuint(write_text(c, "/11/2/1", "third.example"), ==, CODE_CHANGED); /* goes with it */
    g_assert_cmpuint(put(c, METHOD_DELETE, "/11/2", -1, "", 0), ==, CODE_DELETED);
    g_assert_cmpstr(removed, ==, "usim-NAP2");
    wait_ms(5000);
    g_assert_cmpuint(begun, ==, 1);
    expect_read(c, "/11/2/1", NULL);
    expect_read(c, "/11/0/1", "old.example");
    g_assert_cmpuint(create_of(c, 2, whole), ==, CODE_CREATED); /* the number is free again: for another one, for good */
    (void)add_bearer("usim-NAP2", "third.example");
    expect_read(c, "/11/2/1", "second.example");
    expect_read(c, "/11/1/1", "third.example");
}

/* What was answered with a success is stored; what cannot be stored is refused, and all is as it was. */
static void test_kept(void)
{
    struct lwm2m_client *c = make_gateway();
    static const char two[] = "[{\"bn\":\"/11/0/\",\"n\":\"1\",\"vs\":\"new.example\"},{\"n\":\"5\",\"vs\":\"me\"}]";
    keepable = false;
    g_assert_cmpuint(write_text(c, "/11/0/1", "new.example"), ==, CODE_INTERNAL);
    expect_read(c, "/11/0/1", "old.example");
    g_assert_cmpuint(create_of(c, 3, whole), ==, CODE_INTERNAL);
    expect_read(c, "/11/3/1", NULL);
    wait_ms(5000);
    g_assert_cmpuint(begun, ==, 0);
    keepable = true;
    g_assert_cmpuint(put(c, METHOD_POST, "/11/0", CONTENT_SENML_JSON, two, sizeof two - 1), ==, CODE_CHANGED);
    g_assert_cmpuint(kept, ==, 1);
    g_assert_false(kept_as_created);
    g_assert_cmpuint(asked_by, ==, 7);
    g_assert_cmpstr(stored.apn, ==, "new.example");
    g_assert_cmpstr(stored.user, ==, "me");
    g_assert_cmpstr(stored.password, ==, "hidden");
    keepable = false;
    g_assert_cmpuint(write_text(c, "/11/0/1", "third.example"), ==, CODE_INTERNAL);
    expect_read(c, "/11/0/1", "new.example"); /* which is kept */
    wait_ms(1000);
    g_assert_cmpmem(&tried, sizeof tried, &stored, sizeof stored);
    outcome(outcome_user, PROFILE_REJECTED);
    g_assert_cmpuint(write_text(c, "/11/0/1", "third.example"), ==, CODE_INTERNAL);
    expect_read(c, "/11/0/1", "old.example");
    keepable = true;
    g_assert_cmpuint(write_text(c, "/11/0/1", ""), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(kept, ==, 1);
    g_assert_cmpuint(create_of(c, 3, whole), ==, CODE_CREATED);
    g_assert_cmpuint(kept, ==, 2);
    g_assert_true(kept_as_created);
    g_assert_cmpstr(stored.password, ==, "s3cret");
}

/* What is kept waits, over a restart, for the server that wrote it. */
static void test_resumed(void)
{
    struct lwm2m_client *c = make_gateway();
    const struct napdef draft = { .napid = "lwm2m-1", .name = "Second", .apn = "second.example", .auth = NAPDEF_AUTH_NONE, .ip_type = NAPDEF_IPV4V6 };
    g_assert_true(places_put(&c->objects.servers->profiles, 40, "usim-lwm2m-1"));
    profiles_resume(profiles, 7, "usim-lwm2m-1", true, &draft);
    profiles_resume(profiles, 8, "usim-NAP1", false, &installed); /* there is one */
    expect_read(c, "/11/40/1", "second.example");
    expect_read(c, "/11/0/1", "old.example");
    g_assert_false(profiles_may(profiles, 8, "usim-NAP1"));
    profiles_server_is_there(profiles, 8);
    wait_ms(5000);
    g_assert_cmpuint(begun, ==, 0);
    profiles_server_is_there(profiles, 7);
    wait_ms(900);
    g_assert_cmpuint(begun, ==, 0);
    wait_ms(100);
    g_assert_cmpuint(begun, ==, 1);
    g_assert_cmpuint(begun_by, ==, 7);
    g_assert_cmpstr(begun_for, ==, "usim-lwm2m-1");
    g_assert_cmpmem(&tried, sizeof tried, &draft, sizeof draft);
    profiles_server_is_there(profiles, 7); /* as it says during the trial */
    outcome(outcome_user, PROFILE_REJECTED);
    expect_read(c, "/11/40/1", NULL);
    g_assert_cmpuint(kept, ==, 0);

    profiles_resume(profiles, 7, "usim-NAP1", false, &draft);
    keepable = false;
    g_assert_cmpuint(write_text(c, "/11/0/5", "me"), ==, CODE_INTERNAL);
    expect_read(c, "/11/0/1", "second.example");
    wait_ms(1000);
    g_assert_cmpuint(begun, ==, 2); /* it was heard */
    outcome(outcome_user, PROFILE_ACCEPTED);

    profiles_resume(profiles, 7, "usim-lwm2m-1", true, &draft);
    g_assert_cmpuint(put(c, METHOD_DELETE, "/11/40", -1, "", 0), ==, CODE_DELETED);
    g_assert_cmpstr(removed, ==, "usim-lwm2m-1");
    profiles_resume(profiles, 7, "usim-lwm2m-1", true, &draft);
    profiles_drop(profiles);
    expect_read(c, "/11/40/1", NULL);
    profiles_server_is_there(profiles, 7);
    wait_ms(5000);
    g_assert_cmpuint(begun, ==, 2);
}

/* The host may try none now: it stays a draft, which its server may go on writing, until the host says that its server is there; then there is one trial. */
static void test_held(void)
{
    struct lwm2m_client *c = make_gateway();
    ready = false;
    g_assert_cmpuint(write_text(c, "/11/0/1", "new.example"), ==, CODE_CHANGED);
    wait_ms(1000);
    profiles_server_is_there(profiles, 7); /* too early */
    wait_ms(1000);
    g_assert_cmpuint(write_text(c, "/11/0/4", "0"), ==, CODE_CHANGED);
    wait_ms(1000);
    wait_ms(60000);
    g_assert_cmpuint(begun, ==, 0);
    expect_read(c, "/11/0/1", "new.example");
    ready = true;
    profiles_server_is_there(profiles, 8);
    wait_ms(1000);
    g_assert_cmpuint(begun, ==, 0); /* it is another one's */
    profiles_server_is_there(profiles, 7);
    wait_ms(1000);
    g_assert_cmpuint(begun, ==, 1);
    g_assert_true(strcmp(tried.apn, "new.example") == 0 && tried.auth == NAPDEF_AUTH_PAP);
    outcome(outcome_user, PROFILE_ACCEPTED);
    profiles_server_is_there(profiles, 7);
    wait_ms(1000);
    g_assert_cmpuint(begun, ==, 1);
}

/* The numbers outlive a restart, whatever order the nodes come in then; what is gone gives its number away last. */
static void test_numbers(void)
{
    struct lwm2m_client *c = make_gateway();
    static uint8_t octets[LWM2M_KEPT_MAX];
    static struct servers after;
    struct writer w = writer_make(octets, sizeof octets);
    g_assert_cmpuint(create_of(c, 40000, whole), ==, CODE_CREATED);
    wait_ms(1000);
    (void)add_bearer("usim-lwm2m-1", "second.example");
    outcome(outcome_user, PROFILE_ACCEPTED);
    (void)add_bearer("usim-NAP0", "zero.example"); /* before the others in the tree */
    expect_read(c, "/11/0/1", "old.example");
    expect_read(c, "/11/1/1", "zero.example");
    expect_read(c, "/11/40000/1", "second.example");
    lwm2m_servers_write(c->objects.servers, &w);
    after = (struct servers){ .count = 0 };
    g_assert_true(lwm2m_servers_read(&after, writer_slice(&w)));
    g_assert_cmpmem(&after.profiles, sizeof after.profiles, &c->objects.servers->profiles, sizeof after.profiles);
    for (size_t len = 0; len < w.len; len++)
        g_assert_false(lwm2m_servers_read(&after, (struct slice){ octets, len }));
    size_t places = 1, firmware = 1 + 4;
    for (size_t i = 0; i < after.profiles.count; i++)
        places += 3 + strlen(after.profiles.at[i].name);
    size_t former[] = { w.len - firmware, w.len - firmware - places }; /* what versions 2 and 1 wrote */
    for (uint8_t i = 0; i < G_N_ELEMENTS(former); i++) {
        octets[0] = 2 - i;
        g_assert_false(lwm2m_servers_read(&after, writer_slice(&w)));
        g_assert_true(lwm2m_servers_read(&after, (struct slice){ octets, former[i] }));
        g_assert_true(after.severity == 0 && after.defer == 0);
    }
    g_assert_cmpuint(after.profiles.count, ==, 0);
    for (unsigned i = 0; i < 2 * PLACES; i++) { /* others come and go: these stay */
        g_autofree char *id = g_strdup_printf("usim-other-%u", i);
        struct node *n = add_bearer(id, "other.example");
        expect_read(c, "/11/0/1", "old.example");
        node_set_flag(n, "Installed", false);
    }
    expect_read(c, "/11/1/1", "zero.example");
    expect_read(c, "/11/40000/1", "second.example");
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
    g_test_add_func("/lwm2m/profiles/created", test_created);
    g_test_add_func("/lwm2m/profiles/not-created", test_not_created);
    g_test_add_func("/lwm2m/profiles/removed", test_removed);
    g_test_add_func("/lwm2m/profiles/kept", test_kept);
    g_test_add_func("/lwm2m/profiles/resumed", test_resumed);
    g_test_add_func("/lwm2m/profiles/held", test_held);
    g_test_add_func("/lwm2m/profiles/numbers", test_numbers);
    int failed = g_test_run();
    profiles_free(profiles);
    tree_free(tree);
    return failed;
}
