/* SPDX-License-Identifier: Apache-2.0 */
/* How often a session is opened, and what is asked on it, when nobody answers: registration and bootstrap by a clock of ours, with a double in place of the link. */
#include <glib.h>
#include <string.h>

#include "../support/fake_loop.h"
#include "lwm2m/bootstrap.h"
#include "lwm2m/coap.h"
#include "lwm2m/format/format.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/way.h"

/* ---- the link: at most one, which tells what a test makes it tell ---- */

struct coap_link {
    struct coap_events events;
    void *user;
    struct coap_token token; /* of the last request */
    char path[64];
    bool established;
};

static struct fake_loop fake;
static struct coap_link *peer; /* NULL: none is open */
static unsigned opened, asked;

struct coap_link *coap_link_new(const struct loop *loop, const struct coap_peer *where, const struct coap_events *events, void *user, struct error *err)
{
    (void)loop, (void)where, (void)err;
    g_assert_null(peer);
    opened++;
    peer = g_new0(struct coap_link, 1);
    peer->events = *events;
    peer->user = user;
    return peer;
}

void coap_link_free(struct coap_link *l)
{
    if (l)
        peer = NULL;
    g_free(l);
}

bool coap_link_describe(const struct coap_link *l, struct error *error)
{
    if (!l->established)
        error_set(error, ERROR_TIMEOUT, "no answer to the handshake");
    return !l->established;
}

enum error_code coap_link_call(struct coap_link *l, const struct coap_call *call, struct coap_token *token)
{
    l->token = *token = (struct coap_token){ { (uint8_t)++asked }, 1 };
    g_strlcpy(l->path, call->path, sizeof l->path);
    return ERROR_NONE;
}

enum error_code coap_link_notify(struct coap_link *l, const struct coap_notification *n)
{
    (void)l, (void)n;
    return ERROR_NONE;
}

bool coap_link_way(const struct coap_link *l, struct coap_way *out)
{
    (void)l, (void)out;
    return false;
}

bool coap_link_resumed(const struct coap_link *l, const struct coap_way *way)
{
    (void)l, (void)way;
    return false;
}

void coap_link_hush(struct coap_link *l)
{
    (void)l;
}

static void establish(void)
{
    peer->established = true;
    peer->events.connected(peer->user);
}

/* After all retransmissions. */
static void stay_silent(void)
{
    struct coap_token token = peer->token;
    fake_loop_run(&fake, 80000);
    peer->events.unanswered(peer->user, &token, false);
    fake_loop_run(&fake, 0);
}

static void end_session(enum error_code code)
{
    struct error e = { 0 };
    error_set(&e, code, "of the test");
    peer->established = false;
    peer->events.lost(peer->user, &e);
    fake_loop_run(&fake, 0);
}

static void answer(enum coap_code code, const char *location)
{
    struct coap_response r = { .code = (uint8_t)code, .token = peer->token, .content_format = -1, .block2 = -1 };
    g_strlcpy(r.location, location, sizeof r.location);
    peer->events.response(peer->user, &r);
    fake_loop_run(&fake, 0);
}

/* ---- registration ---- */

static const struct lwm2m_account account = { .short_server_id = 7, .uri = "coaps://192.0.2.1", .endpoint = "gw", .identity = "id", .key = "0123456789abcdef", .key_len = 16, .lifetime = 300 };
static const struct lease host;
static struct lwm2m_status status;

static uint64_t current_time(void *user)
{
    (void)user;
    return 1700000000;
}

static void on_state(void *user, const struct lwm2m_status *s)
{
    (void)user;
    status = *s;
}

/* The Register is out, on a session that has just come about. */
static struct lwm2m_client *begin(void)
{
    static const struct lwm2m_device device = { .manufacturer = "m", .model = "m", .serial = "s", .firmware_version = "1", .gateway_id = "g", .current_time = current_time };
    struct error e = { 0 };
    opened = asked = 0;
    fake_loop_init(&fake);
    struct lwm2m_client *c = lwm2m_client_new(&fake.loop, &account, &host, &device, on_state, NULL, &e);
    g_assert_nonnull(c);
    fake_loop_run(&fake, 0);
    g_assert_cmpuint(opened, ==, 1);
    g_assert_cmpstr(peer->path, ==, "/rd");
    establish();
    return c;
}

static void finish(struct lwm2m_client *c)
{
    lwm2m_client_free(c);
    g_assert_null(peer);
    g_assert_cmpuint(fake_loop_pending(&fake), ==, 0);
}

static void expect_waiting(enum error_code code, unsigned sessions)
{
    g_assert_cmpint(status.state, ==, LWM2M_RETRYING);
    g_assert_cmpint(status.error.code, ==, code);
    g_assert_cmpuint(opened, ==, sessions);
}

static void test_asked_again(void)
{
    struct lwm2m_client *c = begin();
    stay_silent();
    expect_waiting(ERROR_TIMEOUT, 1);
    g_assert_cmpuint(asked, ==, 1);
    fake_loop_run(&fake, 53000); /* the retry timer is 60 s, less a tenth at most */
    g_assert_cmpuint(asked, ==, 1);
    fake_loop_run(&fake, 7000);
    g_assert_cmpuint(asked, ==, 2);
    g_assert_cmpuint(opened, ==, 1);
    answer(CODE_CREATED, "/rd/1");
    g_assert_cmpint(status.state, ==, LWM2M_REGISTERED);
    end_session(ERROR_SERVER_CLOSED); /* of a registration that is younger than a minute */
    expect_waiting(ERROR_SERVER_CLOSED, 1);
    finish(c);
}

/* An acknowledgement and no answer (RFC 7252 clause 4.8.2: EXCHANGE_LIFETIME). */
static void test_acknowledged(void)
{
    struct lwm2m_client *c = begin();
    fake_loop_run(&fake, 247000);
    expect_waiting(ERROR_TIMEOUT, 1);
    fake_loop_run(&fake, 60000);
    g_assert_cmpuint(asked, ==, 2);
    fake_loop_run(&fake, 247000);
    expect_waiting(ERROR_TIMEOUT, 1);
    g_assert_null(peer);
    finish(c);
}

/* A server that was restarted does not know the session. */
static void test_forgotten(void)
{
    struct lwm2m_client *c = begin();
    stay_silent();
    fake_loop_run(&fake, 60000);
    stay_silent();
    g_assert_cmpuint(opened, ==, 2); /* at once */
    g_assert_cmpuint(asked, ==, 3);
    establish();
    stay_silent();
    expect_waiting(ERROR_TIMEOUT, 2);
    fake_loop_run(&fake, 107000); /* the second failure of the order: 120 s, less a tenth at most */
    g_assert_cmpuint(asked, ==, 3);
    fake_loop_run(&fake, 13000);
    g_assert_cmpuint(asked, ==, 4);
    end_session(ERROR_TLS);
    g_assert_cmpuint(opened, ==, 3);
    establish();
    answer(CODE_CREATED, "/rd/1");
    g_assert_cmpint(status.state, ==, LWM2M_REGISTERED);
    finish(c);
}

static void test_ended_while_waiting(void)
{
    struct lwm2m_client *c = begin();
    stay_silent();
    end_session(ERROR_SERVER_CLOSED);
    expect_waiting(ERROR_TIMEOUT, 1);
    g_assert_null(peer);
    fake_loop_run(&fake, 60000);
    g_assert_cmpuint(opened, ==, 2);
    finish(c);
}

/* What was answered, or has no session, begins anew. */
static void test_begun_anew(void)
{
    struct lwm2m_client *c = begin();
    answer(CODE_FORBIDDEN, "");
    expect_waiting(ERROR_CLIENT_AUTH, 1);
    g_assert_null(peer);
    fake_loop_run(&fake, 60000);
    g_assert_cmpuint(opened, ==, 2);
    end_session(ERROR_KEY_UNANSWERED);
    expect_waiting(ERROR_KEY_UNANSWERED, 2);
    g_assert_null(peer);
    lwm2m_client_update(c); /* now */
    fake_loop_run(&fake, 0);
    g_assert_cmpuint(opened, ==, 3);
    end_session(ERROR_TIMEOUT); /* of the handshake */
    expect_waiting(ERROR_TIMEOUT, 3);
    g_assert_null(peer);
    finish(c);
}

/* Told to go and to come back, before the server has answered the first: what counts is the last word. */
static void test_wanted_back_while_it_leaves(void)
{
    struct lwm2m_client *c = begin();
    answer(CODE_CREATED, "/rd/1");
    lwm2m_client_disable(c, 0);
    fake_loop_run(&fake, 0);
    g_assert_cmpint(status.state, ==, LWM2M_STOPPED);
    g_assert_cmpstr(peer->path, ==, "/rd/1"); /* the De-register */
    lwm2m_client_update(c);
    fake_loop_run(&fake, 0);
    g_assert_cmpuint(opened, ==, 2);
    g_assert_cmpstr(peer->path, ==, "/rd");
    establish();
    answer(CODE_CREATED, "/rd/2");
    g_assert_cmpint(status.state, ==, LWM2M_REGISTERED);
    lwm2m_client_disable(c, 0);
    fake_loop_run(&fake, 0);
    answer(CODE_DELETED, "");
    g_assert_null(peer);
    fake_loop_run(&fake, 1000000); /* until told otherwise */
    g_assert_cmpint(status.state, ==, LWM2M_STOPPED);
    lwm2m_client_update(c);
    fake_loop_run(&fake, 0);
    g_assert_cmpuint(opened, ==, 3);
    finish(c);
}

static unsigned write_lifetime(void)
{
    struct coap_request r = { .method = METHOD_PUT, .accept = -1, .content_format = -1, .observe = -1, .block1 = -1, .segments = 3 };
    uint8_t body[64];
    struct coap_answer a = { .body = writer_make(body, sizeof body) };
    for (size_t i = 0; i < r.segments; i++)
        r.segment[i] = (struct slice){ (const uint8_t *)&"101"[i], 1 };
    r.payload = (struct slice){ (const uint8_t *)"60", 2 };
    peer->events.request(peer->user, &r, &a);
    return (unsigned)a.code;
}

/* Nobody keeps anything for it any more. */
static void test_written_while_it_leaves(void)
{
    struct lwm2m_client *c = begin();
    answer(CODE_CREATED, "/rd/1");
    g_assert_cmpuint(write_lifetime(), ==, CODE_CHANGED);
    lwm2m_client_stop(c, NULL, NULL);
    fake_loop_run(&fake, 0);
    g_assert_cmpstr(peer->path, ==, "/rd/1"); /* the De-register */
    g_assert_cmpuint(write_lifetime(), ==, CODE_INTERNAL);
    answer(CODE_DELETED, "");
    g_assert_null(peer);
}

/* ---- bootstrap ---- */

static struct error ended;
static unsigned ends, notes;
static char noted[256];

static void on_bootstrap(void *user, const struct error *error, const struct lwm2m_account *accounts, size_t count, const struct access_rights *rights)
{
    (void)user, (void)accounts, (void)count, (void)rights;
    ended = *error;
    ends++;
}

static void on_note(void *user, const char *text)
{
    (void)user;
    g_strlcpy(noted, text, sizeof noted);
    notes++;
}

static struct lwm2m_bootstrap *begin_bootstrap(void)
{
    static struct lwm2m_account server;
    struct lwm2m_bootstrap_task task = { .server = &server, .installed = &account, .installed_count = 1, .lease = &host, .endpoint = "gw", .patience_ms = 780000,
                                         .note = on_note };
    struct error e = { 0 };
    server = account;
    server.short_server_id = 0;
    opened = asked = ends = notes = 0;
    fake_loop_init(&fake);
    struct lwm2m_bootstrap *b = lwm2m_bootstrap_new(&fake.loop, &task, on_bootstrap, NULL, &e);
    g_assert_nonnull(b);
    return b;
}

static void test_bootstrap(void)
{
    struct lwm2m_bootstrap *b = begin_bootstrap();
    end_session(ERROR_KEY_UNANSWERED); /* under loss no sign of a wrong key */
    fake_loop_run(&fake, 2000);
    g_assert_cmpuint(opened, ==, 2);
    establish();
    stay_silent();
    fake_loop_run(&fake, 2000);
    g_assert_cmpuint(opened, ==, 2); /* the same session, another request */
    g_assert_cmpuint(asked, ==, 3);
    stay_silent();
    fake_loop_run(&fake, 2000);
    g_assert_cmpuint(opened, ==, 3);
    establish();
    end_session(ERROR_CLIENT_AUTH);
    g_assert_cmpuint(ends, ==, 1);
    g_assert_cmpint(ended.code, ==, ERROR_CLIENT_AUTH);
    lwm2m_bootstrap_free(b);
}

static enum coap_code serve(enum coap_method method, int accept, char *text)
{
    uint8_t octets[COAP_ANSWER_MAX] = { 0 };
    struct coap_request r = { .method = method, .accept = accept, .content_format = -1, .observe = -1, .block1 = -1 };
    struct coap_answer a = { .content_format = -1, .observe = -1, .body = writer_make(octets, sizeof octets - 1) };
    peer->events.request(peer->user, &r, &a);
    g_strlcpy(text, (const char *)octets, 256);
    return a.code;
}

/* A server that went silent in the middle: from the beginning, on a clean desk, on the session that it has spoken on. */
static void test_bootstrap_stopped(void)
{
    char text[256];
    struct lwm2m_bootstrap *b = begin_bootstrap();
    establish();
    for (unsigned n = 0; n < 3; n++) {
        g_assert_cmpint(serve(METHOD_GET, CONTENT_LINK, text), ==, CODE_CONTENT);
        g_assert_nonnull(strstr(text, "ssid=7"));
        g_assert_cmpint(serve(METHOD_DELETE, -1, text), ==, CODE_DELETED);
        fake_loop_run(&fake, 95000);
        g_assert_cmpuint(asked, ==, 2 + n);
        g_assert_cmpuint(opened, ==, 1);
    }
    lwm2m_bootstrap_free(b);
}

static enum coap_code post_finish(void)
{
    static const char bs[] = "bs";
    struct coap_request r = { .method = METHOD_POST, .accept = -1, .content_format = -1, .observe = -1, .block1 = -1, .segments = 1,
                              .segment = { { (const uint8_t *)bs, strlen(bs) } } };
    struct coap_answer a = { .content_format = -1, .observe = -1 };
    peer->events.request(peer->user, &r, &a);
    return a.code;
}

/* A Finish is refused: told at once and once; the server may mend it for as long as it may be silent; then all ends, and with what was wrong. */
static void test_bootstrap_refused(void)
{
    static const char why[] = "Bootstrap-Finish refused: the bootstrap server left no account of a management server";
    char text[256];
    struct lwm2m_bootstrap *b = begin_bootstrap();
    establish();
    g_assert_cmpint(serve(METHOD_DELETE, -1, text), ==, CODE_DELETED);
    for (unsigned n = 0; n < 2; n++) {
        g_assert_cmpint(post_finish(), ==, CODE_NOT_ACCEPTABLE);
        g_assert_cmpuint(notes, ==, 1);
        g_assert_cmpstr(noted, ==, why);
        fake_loop_run(&fake, 92000);
        g_assert_cmpuint(ends, ==, 0);
    }
    fake_loop_run(&fake, 2000);
    g_assert_cmpuint(ends, ==, 1);
    g_assert_cmpint(ended.code, ==, ERROR_INCOMPLETE);
    g_assert_cmpstr(ended.text, ==, why);
    g_assert_cmpuint(asked, ==, 1);
    lwm2m_bootstrap_free(b);
}

/* It went on after the refusal: what came then is silence like any other. */
static void test_bootstrap_mending(void)
{
    char text[256];
    struct lwm2m_bootstrap *b = begin_bootstrap();
    establish();
    g_assert_cmpint(serve(METHOD_DELETE, -1, text), ==, CODE_DELETED);
    g_assert_cmpint(post_finish(), ==, CODE_NOT_ACCEPTABLE);
    g_assert_cmpint(serve(METHOD_DELETE, -1, text), ==, CODE_DELETED);
    fake_loop_run(&fake, 95000);
    g_assert_cmpuint(ends, ==, 0);
    g_assert_cmpuint(asked, ==, 2);
    g_assert_cmpint(serve(METHOD_DELETE, -1, text), ==, CODE_DELETED);
    g_assert_cmpint(post_finish(), ==, CODE_NOT_ACCEPTABLE);
    g_assert_cmpuint(notes, ==, 1); /* the same again */
    end_session(ERROR_CONNECT);     /* it gives up */
    g_assert_cmpuint(ends, ==, 1);
    g_assert_cmpint(ended.code, ==, ERROR_INCOMPLETE);
    lwm2m_bootstrap_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lwm2m/sessions/a Register is asked again on its session", test_asked_again);
    g_test_add_func("/lwm2m/sessions/acknowledged", test_acknowledged);
    g_test_add_func("/lwm2m/sessions/a session that is forgotten", test_forgotten);
    g_test_add_func("/lwm2m/sessions/ended while waiting", test_ended_while_waiting);
    g_test_add_func("/lwm2m/sessions/begun anew", test_begun_anew);
    g_test_add_func("/lwm2m/sessions/wanted back while it leaves", test_wanted_back_while_it_leaves);
    g_test_add_func("/lwm2m/sessions/written while it leaves", test_written_while_it_leaves);
    g_test_add_func("/lwm2m/sessions/bootstrap", test_bootstrap);
    g_test_add_func("/lwm2m/sessions/bootstrap stopped", test_bootstrap_stopped);
    g_test_add_func("/lwm2m/sessions/a bootstrap whose Finish is refused", test_bootstrap_refused);
    g_test_add_func("/lwm2m/sessions/a bootstrap that is being mended", test_bootstrap_mending);
    return g_test_run();
}
