/* SPDX-License-Identifier: Apache-2.0 */
/* How long a handshake may take, and how long a session may be taken up again: the library and OpenSSL on both sides, over loopback, and a clock of ours for the minutes in
 * which nobody speaks. */
#include <arpa/inet.h>
#include <coap3/coap.h>
#include <glib.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "../support/fake_loop.h"
#include "lwm2m/coap.h"
#include "lwm2m/way.h"

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
static SSL_CTX *context; /* its sessions */
static X509 *root, *certificate; /* the latter: of both sides */
static EVP_PKEY *private_key;

static unsigned give_key(SSL *ssl, const char *identity, unsigned char *out, unsigned cap)
{
    (void)ssl;
    if (!server_key || strcmp(identity, "id") != 0)
        return 0;
    g_assert_cmpuint(cap, >=, 16);
    memcpy(out, server_key, 16);
    return 16;
}

static SSL_CTX *make_context(void)
{
    SSL_CTX *made = SSL_CTX_new(DTLS_server_method());
    SSL_CTX_set_psk_server_callback(made, give_key);
    if (certificate) {
        g_assert_cmpint(SSL_CTX_use_certificate(made, certificate), ==, 1);
        g_assert_cmpint(SSL_CTX_use_PrivateKey(made, private_key), ==, 1);
    }
    return made;
}

static uint16_t server_open(bool speaks)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    server_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    g_assert_cmpint(bind(server_fd, (struct sockaddr *)&a, sizeof a), ==, 0);
    g_assert_cmpint(getsockname(server_fd, (struct sockaddr *)&a, &len), ==, 0);
    if (speaks) {
        context = context ? context : make_context();
        server = SSL_new(context);
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
    if (server)
        SSL_set_quiet_shutdown(server, 1);
    if (server)
        (void)SSL_shutdown(server); /* or its session is forgotten */
    SSL_free(server);
    server = NULL;
    close(server_fd);
}

static void server_forget(void)
{
    SSL_CTX_free(context);
    context = NULL;
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

static void open_session(struct lwm2m_account *account, bool speaks, uint64_t now, const struct coap_way *way)
{
    struct ip_address remote = { 0 };
    struct error e = { 0 };
    connected = lost = told = 0;
    g_snprintf(account->uri, sizeof account->uri, "coaps://127.0.0.1:%u", server_open(speaks));
    fake_loop_init(&fake);
    fake.loop.add_fd = add_fd;
    endpoint = endpoint_new(account, NULL, &e);
    g_assert_nonnull(endpoint);
    endpoint->now = now;
    g_assert_true(ip_address_parse("127.0.0.1", &remote));
    session = coap_link_new(&fake.loop, &(struct coap_peer){ .remote = &remote, .endpoint = endpoint, .way = way }, &events, NULL, &e);
    g_assert_nonnull(session);
}

static void begin(bool speaks, const char *of_server)
{
    struct lwm2m_account account = { .short_server_id = 7, .endpoint = "gw", .identity = "id", .key_len = 16, .lifetime = 300 };
    server_key = of_server;
    memcpy(account.key, key, 16);
    open_session(&account, speaks, 0, NULL);
}

static void end(void)
{
    coap_link_free(session);
    g_assert_cmpuint(fake_loop_pending(&fake), ==, 0);
    endpoint_free(endpoint);
    server_close();
    if (!certificate)
        server_forget();
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

/* ---- a session over a restart ---- */

enum { NOW = 1700000000, HOUR = 3600 };

/* From an hour before NOW for so long. */
static X509 *certify(const char *name, int extension, const char *value, const X509 *issuer, long seconds)
{
    X509 *made = X509_new();
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, extension, value);
    g_assert_true(X509_set_version(made, X509_VERSION_3) && X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC, (const uint8_t *)name, -1, -1, 0) &&
                  X509_set_issuer_name(made, X509_get_subject_name(issuer ? issuer : made)) && ASN1_TIME_set(X509_getm_notBefore(made), NOW - HOUR) &&
                  ASN1_TIME_set(X509_getm_notAfter(made), NOW - HOUR + seconds) && X509_add_ext(made, e, -1) && X509_set_pubkey(made, private_key) &&
                  X509_sign(made, private_key, EVP_sha256()) > 0);
    X509_EXTENSION_free(e);
    return made;
}

static void make_certificate(long seconds)
{
    private_key = EVP_EC_gen("P-256");
    root = certify("root", NID_basic_constraints, "critical,CA:TRUE", NULL, 365L * 24 * HOUR);
    certificate = certify("server", NID_subject_alt_name, "IP:127.0.0.1", root, seconds);
}

static void drop_certificate(void)
{
    server_forget();
    X509_free(root);
    X509_free(certificate);
    certificate = NULL;
    EVP_PKEY_free(private_key);
}

/* The session, and the way to take it up. Is it the one of before? */
static bool connect_at(uint64_t now, uint8_t usage, const struct coap_way *before, struct coap_way *way)
{
    static struct lwm2m_account account;
    account = (struct lwm2m_account){ .short_server_id = 7, .endpoint = "gw", .mode = LWM2M_X509, .lifetime = 300, .x509 = { .usage = usage } };
    uint8_t *to_own = account.x509.certificate, *to_server = account.x509.server, *to_key = account.x509.private_key;
    account.x509.certificate_len = (size_t)i2d_X509(certificate, &to_own);
    account.x509.server_len = (size_t)i2d_X509(usage == 2 ? root : certificate, &to_server);
    account.x509.private_key_len = (size_t)i2d_PrivateKey(private_key, &to_key);
    open_session(&account, true, now, before);
    exchange_until(ERROR_NONE);
    bool resumed = connected && before && coap_link_resumed(session, before);
    if (way)
        g_assert_true(coap_link_way(session, way));
    end();
    return resumed;
}

static void test_resumed(void)
{
    static struct coap_way way, later;
    make_certificate(90 * 24 * HOUR);
    g_assert_false(connect_at(NOW, 2, NULL, &way));
    g_assert_cmpuint(way.judged, ==, NOW);
    g_assert_true(connect_at(NOW + HOUR, 2, &way, &later));
    g_assert_cmpuint(later.judged, ==, NOW); /* which it does not change */
    g_assert_true(connect_at(NOW + 24 * HOUR - 1, 2, &later, NULL));
    g_assert_false(connect_at(NOW + 24 * HOUR, 2, &later, &way));
    g_assert_cmpuint(way.judged, ==, NOW + 24 * HOUR);
    g_assert_false(connect_at(NOW, 2, &way, NULL)); /* a clock that went back tells nothing */
    drop_certificate();
}

/* The certificate has come to its end since. */
static void test_expired(void)
{
    static struct coap_way way;
    make_certificate(3 * HOUR);
    g_assert_false(connect_at(NOW, 2, NULL, &way));
    g_assert_true(connect_at(NOW + HOUR, 2, &way, NULL));
    g_assert_false(connect_at(NOW + 3 * HOUR, 2, &way, NULL));
    g_assert_cmpuint(lost, ==, 1);
    g_assert_cmpint(why.code, ==, ERROR_TLS_UNTRUSTED);
    g_assert_false(connect_at(NOW, 3, NULL, &way)); /* a pinned one is good for ever (RFC 7671 clause 5.1) */
    g_assert_true(connect_at(NOW + 3 * HOUR, 3, &way, NULL));
    drop_certificate();
}

/* ---- whose URI it is ---- */

static void test_authority(void)
{
    static const struct {
        const char *uri;
        bool same;
    } rows[] = {
        { "coaps://server.example:5690/a/b?c", true },   { "coaps://SERVER.example:5690", true },   { "coaps://server.example/a", false },
        { "coaps://other.example:5690/a", false },       { "coaps+tcp://server.example:5690/a", false }, { "coap://server.example:5690/a", false },
        { "coaps://server.example.org:5690/a", false },  { "https://server.example:5690/a", false },
    };
    struct lwm2m_account account = { .uri = "coaps://server.example:5690", .identity = "id", .key_len = 16 };
    struct error e = { 0 };
    struct endpoint *of = endpoint_new(&account, NULL, &e);
    g_assert_nonnull(of);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(endpoint_is_at(of, rows[i].uri), ==, rows[i].same);
    endpoint_free(of);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lwm2m/link/connected", test_connected);
    g_test_add_func("/lwm2m/link/never heard", test_never_heard);
    g_test_add_func("/lwm2m/link/a wrong key is silence", test_wrong_key);
    g_test_add_func("/lwm2m/link/an alert is a refusal", test_refused);
    g_test_add_func("/lwm2m/link/endless", test_endless);
    g_test_add_func("/lwm2m/link/resumed", test_resumed);
    g_test_add_func("/lwm2m/link/expired", test_expired);
    g_test_add_func("/lwm2m/link/authority", test_authority);
    return g_test_run();
}
