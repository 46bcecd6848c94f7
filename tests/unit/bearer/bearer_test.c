/* SPDX-License-Identifier: Apache-2.0 */
/* bearer/ with a clock that the test turns, a plug-in and an agent-modemd that the test plays. Each case writes what happened as a trace and
 * compares it, so that order counts: break before make, link before bearer. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bearer/bearer.h"
#include "net/https.h"
#include "../support/fake_loop.h"

static struct fake_loop fake;
static struct tree *tree;
static struct bearers *bearers;
static char trace[2048];
static unsigned failures;

static struct {
    bearer_up_fn *up;
    bearer_lost_fn *lost;
    bearer_down_fn *down;
    void *user;
    bool hold_down; /* the back end takes its time to disconnect */
} plugin;

static struct {
    access_done_fn *fn;
    void *user;
} link;

__attribute__((format(printf, 1, 2))) static void mark(const char *format, ...)
{
    size_t at = strlen(trace);
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(&trace[at], sizeof trace - at, format, ap);
    va_end(ap);
    (void)strncat(trace, "; ", sizeof trace - strlen(trace) - 1);
}

static void expect(const char *what, const char *wanted)
{
    if (strcmp(trace, wanted) != 0) {
        failures++;
        (void)printf("not ok - %s\n  wanted %s\n  got    %s\n", what, wanted, trace);
    } else {
        (void)printf("ok - %s\n", what);
    }
    trace[0] = '\0';
}

static void expect_text(const char *what, const char *wanted, const char *got)
{
    (void)snprintf(trace, sizeof trace, "%s", got);
    expect(what, wanted);
}

static void *play_open(const struct loop *loop, struct error *err)
{
    (void)loop, (void)err;
    return &plugin;
}

static void play_close(void *self)
{
    (void)self;
}

static void play_up(void *self, const char *modem, const struct napdef *napdef, bearer_up_fn *fn, bearer_lost_fn *lost, void *user)
{
    (void)self;
    mark("up %s %s/%s", modem, napdef->apn, napdef->password);
    plugin.up = fn;
    plugin.lost = lost;
    plugin.user = user;
}

static void play_down_end(void *user)
{
    (void)user;
    bearer_down_fn *fn = plugin.down;
    plugin.down = NULL;
    fn(plugin.user);
}

static void play_down(void *self, bearer_down_fn *fn, void *user)
{
    (void)self;
    mark("down");
    plugin.down = fn;
    plugin.user = user;
    if (!plugin.hold_down)
        (void)loop_timer(&fake.loop, 0, play_down_end, NULL);
}

static void play_clean(void *self, const char *modem)
{
    (void)self;
    mark("clean %s", modem);
}

static const struct bearer_plugin table = { BEARER_PLUGIN_ABI, "play", play_open, play_close, play_up, play_down, play_clean };

static void answer_link(void *user)
{
    (void)user;
    access_done_fn *fn = link.fn;
    link.fn = NULL;
    if (fn)
        fn(link.user, ERROR_NONE);
}

uint32_t access_link_up(struct access *a, const struct lease *lease, access_done_fn *fn, void *user)
{
    (void)a;
    mark("link up %s %u", lease->interface, (unsigned)lease->table);
    if (lease->reach)
        mark("for %zu addresses", lease->reach->addresses);
    link.fn = fn;
    link.user = user;
    return 1;
}

uint32_t access_link_down(struct access *a, const char *interface, uint32_t table_number, access_done_fn *fn, void *user)
{
    (void)a;
    mark("link down %s %u", interface, (unsigned)table_number);
    link.fn = fn;
    link.user = user;
    (void)loop_timer(&fake.loop, 0, answer_link, NULL);
    return 2;
}

void access_cancel(struct access *a, uint32_t id)
{
    (void)a;
    mark("cancel %u", (unsigned)id);
    link.fn = NULL;
}

static struct { /* net/resolve */
    resolve_fn *fn;
    void *user;
    bool limited;
} lookup;

struct resolve *resolve_host(const struct loop *loop, const struct lease *lease, const char *host, resolve_fn *fn, void *user)
{
    (void)loop;
    mark("lookup %s", host);
    lookup.fn = fn;
    lookup.user = user;
    lookup.limited = lease->reach != NULL;
    return (struct resolve *)&lookup;
}

void resolve_cancel(struct resolve *r)
{
    if (r)
        mark("lookup cancelled");
}

static void found(const char *address)
{
    struct ip_address a;
    bool good = ip_address_parse(address, &a);
    lookup.fn(lookup.user, good ? ERROR_NONE : ERROR_NAME_LOOKUP, good ? "" : "no addresses", &a, good);
}

static void on_lease(void *user, enum error_code status, const char *text, const struct lease *lease)
{
    (void)text;
    mark("%s %s%s", (const char *)user, error_name(status), lease ? " lease" : "");
}

static void on_up(void *user, const struct lease *lease)
{
    (void)user;
    mark("event up %s", lease->bearer);
}

static void on_down(void *user, const char *text)
{
    (void)user;
    mark("event down: %s", text);
}

static void on_stopped(void *user)
{
    mark("%s", (const char *)user);
}

static struct napdef napdef(const char *apn)
{
    struct napdef d = { .auth = NAPDEF_AUTH_CHAP, .ip_type = NAPDEF_IPV4 };
    (void)snprintf(d.apn, sizeof d.apn, "%s", apn);
    (void)snprintf(d.user, sizeof d.user, "u");
    (void)snprintf(d.password, sizeof d.password, "secret");
    return d;
}

static struct lease given(void)
{
    struct lease l = { .bound = true, .interface = "wwan0", .addresses = 1, .mtu = 1420 };
    (void)ip_address_parse("192.0.2.10", &l.address[0]);
    l.address[0].prefix = 24;
    return l;
}

static void connect(const char *name, const char *id, const char *apn)
{
    struct napdef d = napdef(apn);
    bearers_connect(bearers, id, &d, on_lease, (void *)(uintptr_t)name);
}

static void keep(const char *id, const char *apn)
{
    struct napdef d = napdef(apn);
    bearers_keep(bearers, id, &d);
}

static void give(void)
{
    struct lease l = given();
    plugin.up(plugin.user, ERROR_NONE, "", &l);
}

static void begin(void)
{
    static const struct bearer_events events = { on_up, on_down };
    fake_loop_init(&fake);
    tree = tree_new();
    bearers = bearers_new(&fake.loop, &table, (struct access *)&link, tree, &events, NULL);
    plugin.hold_down = false;
    bearers_set_modem(bearers, "/m/0");
    trace[0] = '\0';
}

static void end(const char *what)
{
    bearers_free(bearers);
    tree_free(tree);
    if (fake_loop_pending(&fake)) {
        failures++;
        (void)printf("not ok - %s leaves %u timers\n", what, fake_loop_pending(&fake));
    }
    trace[0] = '\0';
}

/* Brings id up as a request. */
static void up(const char *id, const char *apn)
{
    connect("c", id, apn);
    fake_loop_run(&fake, 0);
    give();
    answer_link(NULL);
    trace[0] = '\0';
}

static const char *text(const char *id, const char *property)
{
    struct node *n = tree_find(tree, TREE_BEARER, id);
    return n ? node_text(n, property) : "no node";
}

static const char *flag(const char *id, const char *property)
{
    struct node *n = tree_find(tree, TREE_BEARER, id);
    return n && node_get(n, property)->flag ? "1" : "0";
}

static void test_connect(void)
{
    begin();
    connect("c", "NAP1", "one");
    expect("a request is not answered from inside", "");
    fake_loop_run(&fake, 0);
    expect("the plug-in gets APN and password", "up /m/0 one/secret; ");
    give();
    expect("the link follows the lease", "link up wwan0 1000; ");
    expect_text("state while linking", "connecting", text("NAP1", "State"));
    answer_link(NULL);
    expect("the lease is told", "c None lease; ");
    expect_text("state", "connected", text("NAP1", "State"));
    expect_text("lease names its bearer", "NAP1", bearers_lease(bearers)->bearer);
    connect("again", "NAP1", "one");
    fake_loop_run(&fake, 0);
    expect("the same again is the lease at once", "again None lease; ");
    fake_loop_run(&fake, 100000);
    expect("nothing happens afterwards", "");
    end("connect");
}

static void test_refused(void)
{
    begin();
    connect("c", "NAP1", "one");
    fake_loop_run(&fake, 0);
    plugin.up(plugin.user, ERROR_BEARER_REFUSED, "unknown APN", NULL);
    expect("a refusal is told", "up /m/0 one/secret; c BearerRefused; ");
    expect_text("node says failed", "failed", text("NAP1", "State"));
    expect_text("and why", "unknown APN", text("NAP1", "LastErrorText"));
    fake_loop_run(&fake, 1000000);
    expect("what is not kept is not tried again", "");
    connect("c", "NAP1", "one");
    connect("busy", "NAP2", "two");
    fake_loop_run(&fake, 0);
    expect("one request at a time", "up /m/0 one/secret; busy Busy; ");
    end("refused");
}

static void test_timeout(void)
{
    begin();
    connect("c", "NAP1", "one");
    fake_loop_run(&fake, 59999);
    expect("the back end has a minute", "up /m/0 one/secret; ");
    fake_loop_run(&fake, 1);
    expect("then it is ended", "down; c Timeout; ");
    fake_loop_run(&fake, 0);
    connect("c", "NAP1", "one");
    fake_loop_run(&fake, 0);
    give();
    fake_loop_run(&fake, 60000);
    expect("so is a link that does not come", "up /m/0 one/secret; link up wwan0 1000; cancel 1; link down wwan0 1000; c Timeout; down; ");
    end("timeout");
}

static void test_link_failed(void)
{
    begin();
    connect("c", "NAP1", "one");
    fake_loop_run(&fake, 0);
    give();
    link.fn(link.user, ERROR_DENIED);
    fake_loop_run(&fake, 0);
    expect("a port that cannot be set up takes the bearer down",
           "up /m/0 one/secret; link up wwan0 1000; link down wwan0 1000; c LinkFailed; down; ");
    connect("c", "NAP1", "one");
    fake_loop_run(&fake, 0);
    struct lease l = given();
    l.address[0].prefix = 33;
    plugin.up(plugin.user, ERROR_NONE, "", &l);
    fake_loop_run(&fake, 0);
    expect("a lease without sense never reaches the port", "up /m/0 one/secret; down; c Protocol; ");
    end("link failed");
}

static const struct reach two_names = { .host = { "dm.example", "203.0.113.7", "bbn.example" }, .hosts = 3 };
static const struct reach one_name = { .host = { "dm.example" }, .hosts = 1 };
static const struct reach one_address = { .host = { "203.0.113.7" }, .hosts = 1 };

static void connect_limited(const char *name, const struct reach *hosts)
{
    struct napdef d = napdef("ro");
    bearers_connect_limited(bearers, "initial", &d, hosts, on_lease, (void *)(uintptr_t)name);
}

/* Up to the port, as the back end and agent-modemd answer. */
static void link_limited(const char *name, const struct reach *hosts)
{
    connect_limited(name, hosts);
    fake_loop_run(&fake, 0);
    give();
    answer_link(NULL);
}

static void test_limited(void)
{
    begin();
    connect_limited("c", &two_names);
    fake_loop_run(&fake, 0);
    give();
    expect("linked for what is known", "up /m/0 ro/secret; link up wwan0 1000; for 1 addresses; ");
    answer_link(NULL);
    fake_loop_run(&fake, 0);
    expect("its name servers are asked", "lookup dm.example; ");
    found("198.51.100.10");
    expect("each name", "lookup bbn.example; ");
    if (lookup.limited) {
        failures++;
        (void)printf("not ok - the lookup itself was limited\n");
    }
    found("");
    expect("linked again; a name without address is no hindrance", "link up wwan0 1000; for 2 addresses; ");
    expect_text("not there before that", "connecting", text("initial", "State"));
    answer_link(NULL);
    expect("then it is there", "c None lease; ");
    expect_text("nobody else has it", "no", bearers_lease(bearers) ? "yes" : "no");
    expect_text("who asked for it has", "initial", bearers_limited_lease(bearers)->bearer);
    connect_limited("again", &two_names);
    fake_loop_run(&fake, 0);
    expect("the same again", "again None lease; ");
    connect("own", "NAP1", "one");
    bearers_leave_limited(bearers);
    fake_loop_run(&fake, 0);
    expect("a bearer of the gateway's own takes its place", "link down wwan0 1000; down; up /m/0 one/secret; ");
    give();
    answer_link(NULL);
    expect("and leads anywhere", "link up wwan0 1001; own None lease; ");
    bearers_leave_limited(bearers);
    fake_loop_run(&fake, 100000);
    expect("to leave is of the limited one alone", "");
    end("limited");
}

static void test_limited_ends(void)
{
    begin();
    link_limited("c", &one_name);
    fake_loop_run(&fake, 0);
    found("");
    fake_loop_run(&fake, 0);
    expect("none of its hosts has an address", "up /m/0 ro/secret; link up wwan0 1000; for 0 addresses; lookup dm.example; link down wwan0 1000; c NameLookup; down; ");
    link_limited("c", &one_name);
    fake_loop_run(&fake, 60000);
    expect("a question without answer ends in time",
           "up /m/0 ro/secret; link up wwan0 1000; for 0 addresses; lookup dm.example; lookup cancelled; link down wwan0 1000; c Timeout; down; ");
    link_limited("c", &one_address);
    expect("without names it is linked once", "up /m/0 ro/secret; link up wwan0 1000; for 1 addresses; c None lease; ");
    bearers_leave_limited(bearers);
    fake_loop_run(&fake, 100000);
    expect("left, it does not come back", "link down wwan0 1000; down; ");
    link_limited("c", &one_name);
    fake_loop_run(&fake, 0);
    trace[0] = '\0';
    plugin.lost(plugin.user, "gone");
    fake_loop_run(&fake, 0);
    expect("lost in a question", "lookup cancelled; link down wwan0 1000; c BearerLost; down; ");
    link_limited("c", &one_name);
    fake_loop_run(&fake, 0);
    trace[0] = '\0';
    end("limited ends");
}

static void test_break_before_make(void)
{
    begin();
    up("NAP1", "one");
    connect("two", "NAP2", "two");
    fake_loop_run(&fake, 0);
    expect("link, bearer, and only then the other", "link down wwan0 1000; down; up /m/0 two/secret; ");
    give();
    answer_link(NULL);
    expect("in a table of its own", "link up wwan0 1001; two None lease; ");
    expect_text("the first is idle", "idle", text("NAP1", "State"));
    plugin.hold_down = true;
    connect("back", "NAP1", "one");
    fake_loop_run(&fake, 60000);
    expect("a back end that hangs does not hold the request", "link down wwan0 1001; down; back Timeout; ");
    play_down_end(NULL);
    fake_loop_run(&fake, 100000);
    expect("nor is it served later", "");
    end("break before make");
}

static void test_keep(void)
{
    begin();
    keep("NAP1", "one");
    fake_loop_run(&fake, 1000);
    expect("what is kept comes up by itself", "up /m/0 one/secret; ");
    give();
    answer_link(NULL);
    expect("and is told", "link up wwan0 1000; event up NAP1; ");
    plugin.lost(plugin.user, "network");
    fake_loop_run(&fake, 4999);
    expect("a loss is told, and cleaned up", "link down wwan0 1000; event down: network; down; ");
    expect_text("node says why", "BearerLost", text("NAP1", "LastError"));
    fake_loop_run(&fake, 1);
    expect("after five seconds again", "up /m/0 one/secret; ");
    plugin.up(plugin.user, ERROR_BEARER_REFUSED, "no", NULL);
    fake_loop_run(&fake, 9999);
    expect("then the pause doubles", "");
    fake_loop_run(&fake, 1);
    expect("ten seconds", "up /m/0 one/secret; ");
    for (int i = 0; i < 10; i++) {
        plugin.up(plugin.user, ERROR_BEARER_REFUSED, "no", NULL);
        fake_loop_run(&fake, 300000);
    }
    trace[0] = '\0';
    plugin.up(plugin.user, ERROR_BEARER_REFUSED, "no", NULL);
    fake_loop_run(&fake, 299999);
    expect("up to five minutes", "");
    fake_loop_run(&fake, 1);
    give();
    answer_link(NULL);
    expect("it never gives up", "up /m/0 one/secret; link up wwan0 1000; event up NAP1; ");
    expect_text("the error is forgotten", "", text("NAP1", "LastError"));
    end("keep");
}

static void test_proving(void)
{
    begin();
    keep("NAP1", "one");
    fake_loop_run(&fake, 1000);
    give();
    answer_link(NULL);
    trace[0] = '\0';
    connect("proof", "NAP2", "wrong");
    fake_loop_run(&fake, 0);
    plugin.up(plugin.user, ERROR_BEARER_REFUSED, "unknown APN", NULL);
    expect("a proof takes the place of what is kept", "link down wwan0 1000; down; up /m/0 wrong/secret; proof BearerRefused; ");
    fake_loop_run(&fake, 1000);
    give();
    answer_link(NULL);
    expect("and fails: the kept one is back within a second", "up /m/0 one/secret; link up wwan0 1000; event up NAP1; ");
    connect("proof", "NAP2", "two");
    fake_loop_run(&fake, 0);
    give();
    answer_link(NULL);
    keep("NAP2", "two");
    fake_loop_run(&fake, 100000);
    expect("a proof that holds stays", "link down wwan0 1000; down; up /m/0 two/secret; link up wwan0 1001; proof None lease; ");
    expect_text("the old one waits", "waiting", text("NAP1", "State"));
    expect_text("installed", "1", flag("NAP2", "Installed"));
    end("proving");
}

/* What is installed has a node, used or not; what is not any more has none. */
static void test_installed(void)
{
    struct napdef one = napdef("one"), two = napdef("two"), three = napdef("three");
    struct bearer_installed all[] = { { "NAP1", &one }, { "NAP2", &two }, { "NAP3", &three } };
    begin();
    three.disabled = true;
    up("NAP1", "one");
    keep("NAP1", "one");
    bearers_show_installed(bearers, all, 3);
    expect_text("the one in use", "connected", text("NAP1", "State"));
    expect_text("has its address", "wwan0", text("NAP1", "Interface"));
    expect_text("another one", "waiting", text("NAP2", "State"));
    expect_text("with its APN", "two", text("NAP2", "Apn"));
    expect_text("is installed", "1", flag("NAP2", "Installed"));
    expect_text("one that was put aside", "disabled", text("NAP3", "State"));
    connect("c", "NAP4", "four");
    fake_loop_run(&fake, 0);
    expect_text("one that is tried", "connecting", text("NAP4", "State"));
    expect_text("is not installed", "0", flag("NAP4", "Installed"));
    expect_text("the kept one is", "1", flag("NAP1", "Installed"));
    plugin.up(plugin.user, ERROR_BEARER_REFUSED, "unknown APN", NULL);
    fake_loop_run(&fake, 1000);
    expect_text("and leaves nothing", "no node", text("NAP4", "State"));
    give();
    answer_link(NULL);
    three.disabled = false;
    bearers_show_installed(bearers, &all[2], 1);
    expect_text("what is not installed any more is gone", "no node", text("NAP2", "State"));
    expect_text("enabled again", "waiting", text("NAP3", "State"));
    expect_text("what is kept goes with its bearer", "0", flag("NAP1", "Installed"));
    end("installed");
}

static void test_disconnect(void)
{
    begin();
    up("NAP1", "one");
    bearers_disconnect(bearers, on_stopped, (void *)(uintptr_t)"stopped");
    expect("a disconnection is not answered from inside", "");
    fake_loop_run(&fake, 0);
    expect("it is told when all is down", "link down wwan0 1000; down; stopped; ");
    bearers_disconnect(bearers, on_stopped, (void *)(uintptr_t)"stopped");
    fake_loop_run(&fake, 0);
    expect("nothing to disconnect is fine", "stopped; ");
    connect("c", "NAP1", "one");
    fake_loop_run(&fake, 0);
    bearers_disconnect(bearers, on_stopped, (void *)(uintptr_t)"stopped");
    fake_loop_run(&fake, 0);
    expect("a request under way is cancelled", "up /m/0 one/secret; c Cancelled; down; stopped; ");
    fake_loop_run(&fake, 100000);
    expect("for good", "");
    end("disconnect");
}

static void test_modem_gone(void)
{
    begin();
    keep("NAP1", "one");
    fake_loop_run(&fake, 1000);
    give();
    answer_link(NULL);
    trace[0] = '\0';
    bearers_set_modem(bearers, "");
    fake_loop_run(&fake, 1000000);
    expect("without a modem nothing is tried", "link down wwan0 1000; event down: the modem is gone; down; ");
    bearers_set_modem(bearers, "/m/7");
    fake_loop_run(&fake, 1000);
    expect("its return starts again, with its new name", "up /m/7 one/secret; ");
    bearers_set_modem(bearers, "");
    fake_loop_run(&fake, 0);
    expect("a modem that goes ends the attempt", "down; ");
    connect("c", "NAP1", "one");
    fake_loop_run(&fake, 0);
    plugin.up(plugin.user, ERROR_NO_MODEM, "no modem", NULL);
    expect("a request without modem fails", "up  one/secret; c NoModem; ");
    end("modem gone");
}

int main(void)
{
    test_connect();
    test_refused();
    test_timeout();
    test_link_failed();
    test_limited();
    test_limited_ends();
    test_break_before_make();
    test_keep();
    test_proving();
    test_installed();
    test_disconnect();
    test_modem_gone();
    (void)printf("%u failed\n", failures);
    return failures != 0;
}
