/* SPDX-License-Identifier: Apache-2.0 */
/* How long a handshake may take: the library and OpenSSL on both sides, over loopback, and a clock of ours for the minutes in which nobody speaks. */
#include <arpa/inet.h>
#include <coap3/coap.h>
#include <glib.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "../support/fake_loop.h"
#include "lwm2m/coap.h"

static const char key[] = "0123456789abcdef";

/* The limit as the library is told; a network without loss needs none. */
static uint16_t told;

void coap_session_set_max_retransmit(coap_session_t *session, uint16_t value)
{
    (void)session;
    told = value;
}

/* ---- a server in the same thread ---- */

static int server_fd;
static SSL *server; /* NULL: it never speaks */
static const char *server_key;

static unsigned give_key(SSL *ssl, const char *identity, unsigned char *out, unsigned cap)
{
    (void)ssl;
    if (!server_key || strcmp(identity, "id") != 0)
        return 0;
    g_assert_cmpuint(cap, >=, 16);
    memcpy(out, server_key, 16);
    return 16;
}

static uint16_t server_open(bool speaks)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    server_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    g_assert_cmpint(bind(server_fd, (struct sockaddr *)&a, sizeof a), ==, 0);
    g_assert_cmpint(getsockname(server_fd, (struct sockaddr *)&a, &len), ==, 0);
    if (speaks) {
        SSL_CTX *context = SSL_CTX_new(DTLS_server_method());
        SSL_CTX_set_psk_server_callback(context, give_key);
        server = SSL_new(context);
        SSL_CTX_free(context);
        BIO *bio = BIO_new_dgram(server_fd, BIO_NOCLOSE);
        SSL_set_bio(server, bio, bio);
        SSL_set_accept_state(server);
    }
    return ntohs(a.sin_port);
}

/* Its peer is who spoke first. */
static void server_work(void)
{
    struct sockaddr_storage from;
    socklen_t len = sizeof from;
    char first;
    if (!server || recvfrom(server_fd, &first, 1, MSG_PEEK, (struct sockaddr *)&from, &len) < 0)
        return;
    (void)connect(server_fd, (struct sockaddr *)&from, len);
    (void)BIO_ctrl(SSL_get_rbio(server), BIO_CTRL_DGRAM_SET_CONNECTED, 0, &from);
    (void)SSL_do_handshake(server);
}

static void server_close(void)
{
    SSL_free(server);
    server = NULL;
    close(server_fd);
}

/* ---- the link ---- */

static struct fake_loop fake;
static int fd;
static loop_fd_fn *fd_fn;
static void *fd_user;
static struct endpoint *endpoint;
static struct coap_link *session;
static unsigned connected, lost;
static struct error why;

static uint64_t add_fd(void *ctx, int the_fd, bool readable, bool writable, loop_fd_fn *fn, void *user)
{
    (void)ctx, (void)readable, (void)writable;
    fd = the_fd;
    fd_fn = fn;
    fd_user = user;
    return UINT64_MAX; /* of no timer */
}

static void on_connected(void *user)
{
    (void)user;
    connected++;
}

static void on_lost(void *user, const struct error *error)
{
    (void)user;
    lost++;
    why = *error;
}

static const struct coap_events events = { .connected = on_connected, .lost = on_lost };

static void begin(bool speaks, const char *of_server)
{
    struct lwm2m_account account = { .short_server_id = 7, .endpoint = "gw", .identity = "id", .key_len = 16, .lifetime = 300 };
    struct ip_address remote = { 0 };
    struct error e = { 0 };
    server_key = of_server;
    connected = lost = told = 0;
    memcpy(account.key, key, 16);
    g_snprintf(account.uri, sizeof account.uri, "coaps://127.0.0.1:%u", server_open(speaks));
    fake_loop_init(&fake);
    fake.loop.add_fd = add_fd;
    endpoint = endpoint_new(&account, NULL, &e);
    g_assert_nonnull(endpoint);
    g_assert_true(ip_address_parse("127.0.0.1", &remote));
    session = coap_link_new(&fake.loop, &(struct coap_peer){ .remote = &remote, .endpoint = endpoint }, &events, NULL, &e);
    g_assert_nonnull(session);
}

static void end(void)
{
    coap_link_free(session);
    g_assert_cmpuint(fake_loop_pending(&fake), ==, 0);
    endpoint_free(endpoint);
    server_close();
}

/* Both sides in turns, until the session is there, lost, or is without an error of that code. */
static void exchange_until(enum error_code code)
{
    struct error e = { 0 };
    while (!connected && !lost && !(coap_link_describe(session, &e) && e.code == code)) {
        struct pollfd fds[] = { { .fd = fd, .events = POLLIN }, { .fd = server_fd, .events = POLLIN } };
        g_assert_cmpint(poll(fds, 2, 20000), >, 0);
        if (fds[1].revents)
            server_work();
        if (fds[0].revents)
            fd_fn(fd_user, fd, true, false);
    }
}

static void test_connected(void)
{
    begin(true, key);
    exchange_until(ERROR_NONE);
    g_assert_cmpuint(connected, ==, 1);
    g_assert_cmpuint(told, ==, COAP_DEFAULT_MAX_RETRANSMIT); /* of messages */
    g_assert_cmpuint(fake_loop_pending(&fake), ==, 0);       /* an idle session wakes nobody */
    end();
}

static void test_never_heard(void)
{
    begin(false, NULL);
    fake_loop_run(&fake, 39999);
    g_assert_cmpuint(lost, ==, 0);
    fake_loop_run(&fake, 1);
    g_assert_cmpuint(lost, ==, 1);
    g_assert_cmpint(why.code, ==, ERROR_TIMEOUT);
    g_assert_cmpuint(told, ==, 0);
    end();
}

/* RFC 6347 clause 4.1.2.7: what another key has made is dropped in silence. */
static void test_wrong_key(void)
{
    begin(true, "0123456789abcdeF");
    exchange_until(ERROR_KEY_UNANSWERED);
    g_assert_cmpuint(told, >, 100);
    fake_loop_run(&fake, 63999);
    g_assert_cmpuint(lost, ==, 0);
    fake_loop_run(&fake, 1);
    g_assert_cmpuint(lost, ==, 1);
    g_assert_cmpint(why.code, ==, ERROR_KEY_UNANSWERED);
    end();
}

static void test_refused(void)
{
    begin(true, NULL);
    exchange_until(ERROR_NONE);
    g_assert_cmpuint(lost, ==, 1);
    g_assert_cmpint(why.code, ==, ERROR_CLIENT_AUTH);
    end();
}

/* One that goes on speaking, and comes to no end. */
static void test_endless(void)
{
    static const uint8_t record[] = { 22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 1, 0 };
    begin(true, "0123456789abcdeF");
    exchange_until(ERROR_KEY_UNANSWERED);
    for (unsigned n = 0; n < 4; n++) {
        fake_loop_run(&fake, 59999);
        g_assert_cmpuint(lost, ==, 0);
        g_assert_cmpint(send(server_fd, record, sizeof record, 0), ==, sizeof record);
        struct pollfd one = { .fd = fd, .events = POLLIN };
        g_assert_cmpint(poll(&one, 1, 20000), ==, 1);
        fd_fn(fd_user, fd, true, false);
    }
    fake_loop_run(&fake, 4);
    g_assert_cmpuint(lost, ==, 1);
    g_assert_cmpint(why.code, ==, ERROR_KEY_UNANSWERED);
    end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lwm2m/link/connected", test_connected);
    g_test_add_func("/lwm2m/link/never heard", test_never_heard);
    g_test_add_func("/lwm2m/link/a wrong key is silence", test_wrong_key);
    g_test_add_func("/lwm2m/link/an alert is a refusal", test_refused);
    g_test_add_func("/lwm2m/link/endless", test_endless);
    return g_test_run();
}
