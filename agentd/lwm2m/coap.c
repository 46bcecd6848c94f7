/* SPDX-License-Identifier: Apache-2.0 */
/* libcoap glue. Owns one coap_context with one client session and its descriptor on the loop. Everything of the server arrives at the handler
 * for unknown resources; deduplication, observation and bodies in blocks are ours because the library does not do them for a client that serves. Never
 * uses a block mode of the library or coap_add_data_large_response: both go wrong on the unknown resource in 4.3. */
#include "lwm2m/coap.h"

#include <arpa/inet.h>
#include <coap3/coap.h>
#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "lwm2m/block1.h"
#include "lwm2m/dedup.h"
#include "lwm2m/looks.h"
#include "lwm2m/pdu.h"
#include "lwm2m/tls.h"
#include "lwm2m/way.h"

enum {
    MESSAGE_MAX = BLOCK1_BODY_MAX + 1024,
    EARLY_MAX = 4096,
    HANDSHAKE_FLIGHTS = 255, /* as often as it takes: the times below end a handshake */
    UNHEARD_MS = 40000,      /* of a server that never spoke; over DTLS the library ends it after 31 s, five times the first message */
    SILENCE_MS = 64000,      /* of one that did: our flight goes out after 1, 3, 7, 15, 31 and 63 s (RFC 6347 clause 4.2.4.1) */
    HANDSHAKE_MS = 240000,   /* of one that speaks, but comes to no end */
};

struct coap_link {
    const struct loop *loop;
    coap_context_t *context;
    coap_session_t *session;
    coap_pdu_t *waiting; /* for the session to be there */
    const struct endpoint *endpoint; /* of the owner */
    uint64_t fd_source, connect_timer, handshake_timer;
    uint64_t begun, heard_at;   /* loop milliseconds; 0: the server never spoke */
    uint64_t judged;            /* Unix seconds, as of a coap_way */
    bool direct;                /* the loop has the socket itself, and the library's timer */
    uint64_t library_timer, library_due;
    struct coap_events events;
    void *user;
    struct looks looks;
    bool lost;          /* told already, or closing */
    bool reset_by_icmp; /* the network refused a datagram */
    bool adopted;       /* the TLS session is ours to judge */
    bool trusted;       /* it is with the server of the account; nothing of anybody else is looked at */
    bool unsafe;        /* it could not be set up, and must not be used */
    bool written;       /* something came that may be a secret, and is on the stack */
    char sni[129];
    struct tls_watch watch;
    coap_dtls_cpsk_info_t psk;
    struct dedup dedup;
    struct block1 block1;
    uint8_t body[COAP_ANSWER_MAX];
};

static struct coap_link *session_link(const coap_session_t *session)
{
    return coap_get_app_data(coap_session_get_context(session));
}

/* What the library knows is worth a developer's line at most; it never holds keys. */
static void on_library_log(coap_log_t level, const char *message)
{
    (void)level;
    if (errno != EAGAIN) /* a look in vain is no news */
        log_debug("lwm2m", "libcoap: %s", message);
}

/* ---- requests of the server ---- */

/* Answers a request that was not seen before. */
static void answer_new(struct coap_link *link, struct coap_request *r, struct coap_answer *answer)
{
    if (r->block1 >= 0 && link->events.block && link->events.block(link->user, r, answer))
        return;
    if (r->block1 >= 0) {
        answer->code = block1_take(&link->block1, r, loop_now(link->loop), &r->payload);
        if (answer->code != CODE_CHANGED)
            return;
    }
    link->events.request(link->user, r, answer);
    block1_drop(&link->block1, r);
}

static void on_request(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request, const coap_string_t *query, coap_pdu_t *response)
{
    (void)resource;
    (void)query;
    struct coap_link *link = session_link(session);
    struct coap_request r;
    struct coap_answer answer = { .code = CODE_INTERNAL, .content_format = -1, .observe = -1, .body = writer_make(link->body, sizeof link->body) };
    looks_more(&link->looks);
    pdu_read_request(request, &r);
    /* What only reads has no effect, so a repeated one is simply answered again (RFC 7252 clause 4.5). */
    bool reads = r.method == METHOD_GET || r.method == METHOD_FETCH;
    bool remember = (!reads || r.observe >= 0) && !transport_is_reliable(link->endpoint->transport); /* a stream repeats nothing */
    uint16_t mid = (uint16_t)coap_pdu_get_mid(request);
    uint64_t now = remember ? loop_now(link->loop) : 0;
    const struct dedup_entry *seen = remember ? dedup_find(&link->dedup, mid, &r.token, now) : NULL;
    if (!link->trusted) {
        answer.code = CODE_UNAUTHORIZED;
    } else if (!seen) {
        answer_new(link, &r, &answer);
        if (remember)
            dedup_add(&link->dedup, mid, &r.token, now, &answer);
    } else if (reads) {
        r.observe = -1;
        answer_new(link, &r, &answer);
        answer.observe = seen->observe;
    } else {
        answer.code = seen->code; /* only a Read has a body */
        memcpy(answer.created, seen->created, sizeof answer.created);
    }
    pdu_write_answer(request, &r, response, &answer);
    if (!reads) {
        pdu_wipe(request);
        link->written = true;
    }
}

/* ---- answers to our requests ---- */

static coap_response_t on_response(coap_session_t *session, const coap_pdu_t *sent, const coap_pdu_t *received, const coap_mid_t mid)
{
    (void)sent;
    (void)mid;
    struct coap_link *link = session_link(session);
    struct coap_response r;
    looks_more(&link->looks);
    pdu_read_response(received, &r);
    if (!link->lost && link->trusted)
        link->events.response(link->user, &r);
    return COAP_RESPONSE_OK;
}

static void on_nack(coap_session_t *session, const coap_pdu_t *sent, const coap_nack_reason_t reason, const coap_mid_t mid)
{
    (void)mid;
    struct coap_link *link = session_link(session);
    if (link->lost)
        return;
    if (reason == COAP_NACK_ICMP_ISSUE)
        link->reset_by_icmp = true;
    if (reason == COAP_NACK_TOO_MANY_RETRIES || reason == COAP_NACK_RST) {
        struct coap_token token = pdu_token(sent);
        link->events.unanswered(link->user, &token, reason == COAP_NACK_RST);
    }
}

/* The library makes the TLS session when the connection is there, and may have shaken hands before it lets go. */
static void adopt(struct coap_link *link)
{
    coap_tls_library_t library;
    if (link->adopted || !transport_is_secure(link->endpoint->transport))
        return;
    SSL *ssl = coap_session_get_tls(link->session, &library);
    if (!ssl)
        return;
    link->adopted = true;
    link->unsafe = library != COAP_TLS_LIBRARY_OPENSSL || !tls_adopt(ssl, &link->watch, link->endpoint);
}

/* The handshake is over: who is it? */
static void judge(struct coap_link *link)
{
    coap_tls_library_t library;
    adopt(link);
    SSL *ssl = coap_session_get_tls(link->session, &library);
    link->trusted = link->adopted && !link->unsafe && tls_trusts(ssl, &link->watch, link->endpoint);
    link->unsafe = !link->trusted;
    if (link->trusted && !SSL_session_reused(ssl))
        link->judged = tls_now(link->endpoint);
}

static int on_event(coap_session_t *session, const coap_event_t event)
{
    struct coap_link *link = session_link(session);
    bool reliable = transport_is_reliable(link->endpoint->transport);
    if (event == COAP_EVENT_DTLS_CONNECTED) /* also of TLS */
        judge(link);
    if (event == COAP_EVENT_DTLS_CONNECTED && !reliable)
        coap_session_set_max_retransmit(session, COAP_DEFAULT_MAX_RETRANSMIT);
    if (link->unsafe)
        return 0;
    if (event == (reliable ? COAP_EVENT_SESSION_CONNECTED : COAP_EVENT_DTLS_CONNECTED) && !link->lost) { /* RFC 8323 clause 5.3: after the peer's CSM */
        loop_cancel(link->loop, &link->handshake_timer);
        link->events.connected(link->user);
    }
    return 0;
}

/* ---- the end of a session ---- */

static bool is_established(const struct coap_link *link)
{
    return coap_session_get_state(link->session) == COAP_SESSION_STATE_ESTABLISHED;
}

static void describe_loss(const struct coap_link *link, bool established, struct error *e)
{
    const char *name = transport_name(link->endpoint->transport);
    if (tls_describe(&link->watch, link->endpoint, e))
        return;
    if (link->unsafe)
        error_set(e, ERROR_TLS, "%s: the session could not be set up, or the server did not show the key", name);
    else if (link->reset_by_icmp)
        error_set(e, ERROR_CONNECT, "the server's host or a router refused our datagrams (ICMP)");
    else if (established)
        error_set(e, ERROR_SERVER_CLOSED, "%s: session closed by the server or the network", name);
    else if (link->watch.key_sent)
        error_set(e, ERROR_KEY_UNANSWERED, "%s: the server went silent after the key exchange: it is gone, or does not accept our %s", name,
                  link->endpoint->account.mode == LWM2M_PSK ? "key" : "certificate");
    else if (transport_is_reliable(link->endpoint->transport))
        error_set(e, ERROR_CONNECT, "%s: the connection was refused or closed before the session began", name);
    else
        error_set(e, ERROR_TIMEOUT, "%s: no answer to the handshake", name);
}

bool coap_link_describe(const struct coap_link *link, struct error *error)
{
    if (is_established(link))
        return false;
    describe_loss(link, false, error);
    return true;
}

static void lose(struct coap_link *link, bool established)
{
    struct error e;
    describe_loss(link, established, &e);
    link->lost = true;
    link->events.lost(link->user, &e);
}

/* The library frees a dead session quietly and would shake hands again at the next message; to LwM2M a new session is a new
 * Register (Core TS 1.1.1 clause 6.2.1), so the owner must know. */
static void check_session(struct coap_link *link, coap_session_state_t before)
{
    if (link->lost || (!link->unsafe && !link->reset_by_icmp && coap_session_get_state(link->session) != COAP_SESSION_STATE_NONE))
        return;
    lose(link, before == COAP_SESSION_STATE_ESTABLISHED);
}

/* ---- the time that a handshake has ---- */

/* The library counts all repetitions of a handshake together and ends it after four, as if it were one message (RFC 7252 clause 4.8). RFC 6347 has no such limit, and at half
 * of the datagrams lost three flights need nine: so the library may go on, and what ends it is silence. */
static uint64_t handshake_due(const struct coap_link *link)
{
    uint64_t silent = link->heard_at + SILENCE_MS, end = link->begun + HANDSHAKE_MS;
    if (!link->heard_at)
        return link->begun + UNHEARD_MS;
    return silent < end ? silent : end;
}

static void on_handshake_timer(void *user)
{
    struct coap_link *link = user;
    uint64_t now = loop_now(link->loop), due = handshake_due(link);
    link->handshake_timer = 0;
    if (link->lost || is_established(link))
        return;
    if (now < due)
        link->handshake_timer = loop_timer(link->loop, due - now, on_handshake_timer, link);
    else
        lose(link, false);
}

static void note_heard(struct coap_link *link)
{
    if (!link->watch.heard || is_established(link))
        return;
    link->watch.heard = false;
    if (!link->heard_at && !transport_is_reliable(link->endpoint->transport))
        coap_session_set_max_retransmit(link->session, HANDSHAKE_FLIGHTS);
    link->heard_at = loop_now(link->loop);
}

/* Datagrams without a handshake: there is nothing to wait for. */
static void on_datagrams_ready(void *user)
{
    struct coap_link *link = user;
    link->connect_timer = 0;
    link->events.connected(link->user);
}

static void arm(struct coap_link *link);

/* One turn of the library. */
static void turn(struct coap_link *link, size_t events)
{
    coap_session_state_t before = coap_session_get_state(link->session);
    coap_set_log_level(log_get_level() == LOG_LEVEL_DEBUG ? LOG_WARNING : LOG_EMERG); /* else it writes its lines for nobody */
    tls_show(link->adopted ? NULL : link->endpoint);
    errno = 0;
    coap_io_do_epoll(link->context, link->looks.event, events);
    tls_show(NULL);
    if (link->written)
        secret_stack_wipe();
    link->written = false;
    adopt(link);
    note_heard(link);
    if (link->waiting && !link->unsafe && is_established(link)) {
        (void)coap_send(link->session, link->waiting);
        link->waiting = NULL;
    }
    if (link->library_timer) /* else nothing waits for an answer, and what is sent arms it */
        arm(link);
    check_session(link, before);
}

static void on_library_timer(void *user)
{
    struct coap_link *link = user;
    link->library_timer = 0;
    turn(link, 0);
    arm(link);
}

/* Sets the library's timer: its own descriptor's, which the loop has until there is the socket; then one of the loop. An earlier one stays, and sets the rest. */
static void arm(struct coap_link *link)
{
    coap_tick_t now;
    coap_ticks(&now);
    unsigned wait_ms = coap_io_prepare_epoll(link->context, now);
    if (!link->direct)
        return;
    uint64_t due = loop_now(link->loop) + wait_ms;
    if (link->library_timer && wait_ms && link->library_due <= due)
        return;
    loop_cancel(link->loop, &link->library_timer);
    link->library_due = due;
    if (wait_ms)
        link->library_timer = loop_timer(link->loop, wait_ms, on_library_timer, link);
}

static void on_fd(void *user, int fd, bool readable, bool writable);

/* To the kernel, a socket is cheaper to wait for than a set of descriptors with it. */
static void watch_socket(struct coap_link *link)
{
    int fd = looks_socket(&link->looks, coap_context_get_coap_fd(link->context));
    if (fd < 0)
        return;
    loop_cancel(link->loop, &link->fd_source);
    link->fd_source = loop_fd(link->loop, fd, true, false, on_fd, link);
    link->direct = true;
    arm(link);
}

static void on_fd(void *user, int fd, bool readable, bool writable)
{
    (void)fd;
    (void)readable;
    (void)writable;
    struct coap_link *link = user;
    if (link->connect_timer) { /* an answer can be faster than the timer; first things first */
        loop_cancel(link->loop, &link->connect_timer);
        on_datagrams_ready(link);
    }
    bool datagrams = !transport_is_reliable(link->endpoint->transport);
    size_t n = looks_begin(&link->looks, coap_context_get_coap_fd(link->context), is_established(link), datagrams);
    turn(link, n);
    looks_end(&link->looks);
    if (!link->lost && !link->direct && datagrams && is_established(link))
        watch_socket(link);
}

/* ---- opening and closing ---- */

static void set_address(coap_address_t *out, const struct ip_address *ip, uint16_t port)
{
    coap_address_init(out);
    if (ip->family == 4) {
        out->size = sizeof out->addr.sin;
        out->addr.sin.sin_family = AF_INET;
        out->addr.sin.sin_port = htons(port);
        memcpy(&out->addr.sin.sin_addr, ip->octets, 4);
    } else {
        out->size = sizeof out->addr.sin6;
        out->addr.sin6.sin6_family = AF_INET6;
        out->addr.sin6.sin6_port = htons(port);
        memcpy(&out->addr.sin6.sin6_addr, ip->octets, 16);
        out->addr.sin6.sin6_scope_id = ip->zone;
    }
}

static bool add_resource(struct coap_link *link)
{
    coap_resource_t *unknown = coap_resource_unknown_init(on_request); /* PUT */
    if (!unknown)
        return false;
    static const coap_request_t methods[] = { COAP_REQUEST_GET, COAP_REQUEST_POST, COAP_REQUEST_DELETE, COAP_REQUEST_FETCH, COAP_REQUEST_PATCH, COAP_REQUEST_IPATCH };
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        coap_register_handler(unknown, methods[i], on_request);
    coap_add_resource(link->context, unknown);
    return true;
}

/* The library offers TLS 1.3 with certificates beside PSK unless it has such a function (4.3.1): a server without the key would do then. */
static const coap_dtls_cpsk_info_t *on_identity_hint(coap_str_const_t *hint, coap_session_t *session, void *user)
{
    (void)hint;
    (void)session;
    return &((struct coap_link *)user)->psk;
}

static coap_session_t *open_psk(struct coap_link *link, const coap_address_t *local, const coap_address_t *remote, coap_proto_t proto)
{
    const struct lwm2m_account *a = &link->endpoint->account;
    link->psk.identity = (coap_bin_const_t){ strlen(a->identity), (const uint8_t *)a->identity };
    link->psk.key = (coap_bin_const_t){ a->key_len, a->key };
    coap_dtls_cpsk_t setup = { .version = COAP_DTLS_CPSK_SETUP_VERSION, .psk_info = link->psk, .validate_ih_call_back = on_identity_hint, .ih_call_back_arg = link };
    setup.client_sni = link->sni[0] ? link->sni : NULL;
    return coap_new_client_session_psk2(link->context, local, remote, proto, &setup);
}

/* The library's own check of certificates is off, because over TLS it may come before ours is in place: nothing passes before judge() has trusted. */
static coap_session_t *open_x509(struct coap_link *link, const coap_address_t *local, const coap_address_t *remote, coap_proto_t proto)
{
    const struct lwm2m_x509 *x = &link->endpoint->account.x509;
    coap_dtls_pki_t setup = { .version = COAP_DTLS_PKI_SETUP_VERSION, .pki_key = { .key_type = COAP_PKI_KEY_ASN1 } };
    setup.client_sni = link->sni[0] ? link->sni : NULL; /* read when the connection is there, too */
    if (x->device || !x->certificate_len) /* its key is not for the library to have: tls_adopt; or nothing is shown */
        return coap_new_client_session_pki(link->context, local, remote, proto, &setup);
    setup.pki_key.key.asn1.public_cert = x->certificate;
    setup.pki_key.key.asn1.public_cert_len = x->certificate_len;
    setup.pki_key.key.asn1.private_key = x->private_key;
    setup.pki_key.key.asn1.private_key_len = x->private_key_len;
    setup.pki_key.key.asn1.private_key_type = tls_key_type(x) == EVP_PKEY_RSA ? COAP_ASN1_PKEY_RSA : COAP_ASN1_PKEY_EC;
    return coap_new_client_session_pki(link->context, local, remote, proto, &setup);
}

/* The name in /0/x/14, or the host; an address is no name (RFC 6066 clause 3). */
static void set_sni(struct coap_link *link)
{
    struct ip_address literal;
    const struct endpoint *e = link->endpoint;
    const char *name = e->account.mode == LWM2M_X509 && e->account.x509.sni[0] ? e->account.x509.sni : e->host;
    if (!ip_address_parse(name, &literal))
        (void)text_copy(link->sni, sizeof link->sni, name);
}

/* A stream ends its observations itself (RFC 8323 clause 7). */
static bool resumes(const struct endpoint *e)
{
    return e->transport == TRANSPORT_DTLS;
}

/* From the port of before: without security it is all that tells us from others. */
static void set_way(const struct coap_peer *peer, coap_address_t *local, bool *bound)
{
    static const struct ip_address any[] = { { .family = 4 }, { .family = 6 } };
    if (peer->way && peer->endpoint->transport == TRANSPORT_UDP && peer->way->address.family == peer->remote->family) {
        set_address(local, peer->local ? peer->local : &any[peer->remote->family != 4], peer->way->port);
        *bound = true;
    } else if (peer->local) {
        set_address(local, peer->local, 0);
        *bound = true;
    }
}

static bool open_session(struct coap_link *link, const struct coap_peer *peer)
{
    static const coap_proto_t protos[] = { [TRANSPORT_UDP] = COAP_PROTO_UDP, [TRANSPORT_DTLS] = COAP_PROTO_DTLS, [TRANSPORT_TCP] = COAP_PROTO_TCP,
                                           [TRANSPORT_TLS] = COAP_PROTO_TLS };
    coap_address_t local, remote;
    const struct endpoint *e = link->endpoint;
    coap_proto_t proto = protos[e->transport];
    set_address(&remote, peer->remote, e->port);
    bool bound = false;
    set_way(peer, &local, &bound);
    set_sni(link);
    if (peer->way && resumes(e)) {
        (void)tls_offer(e, (struct slice){ peer->way->session, peer->way->session_len }, peer->way->judged);
        link->judged = peer->way->judged;
    }
    link->trusted = !transport_is_secure(e->transport);
    tls_show(e);
    if (!transport_is_secure(e->transport))
        link->session = coap_new_client_session(link->context, bound ? &local : NULL, &remote, proto);
    else if (e->account.mode == LWM2M_PSK)
        link->session = open_psk(link, bound ? &local : NULL, &remote, proto);
    else
        link->session = open_x509(link, bound ? &local : NULL, &remote, proto);
    tls_show(NULL);
    tls_withdraw();
    if (!link->session)
        return false;
    adopt(link);
    return !link->unsafe && !(transport_is_reliable(e->transport) && coap_session_get_state(link->session) == COAP_SESSION_STATE_NONE);
}

static bool open_context(struct coap_link *link)
{
    coap_startup();
    coap_set_log_handler(on_library_log);
    link->context = coap_new_context(NULL);
    if (!link->context)
        return false;
    coap_set_app_data(link->context, link);
    coap_context_set_csm_max_message_size(link->context, MESSAGE_MAX); /* of a stream: no peer makes us hold more */
    coap_context_set_block_mode(link->context, 0); /* bodies in blocks are block1.c's: the library remembers a path's Content-Format too long (4.08) */
    coap_register_response_handler(link->context, on_response);
    coap_register_nack_handler(link->context, on_nack);
    coap_register_event_handler(link->context, on_event);
    return add_resource(link);
}

struct coap_link *coap_link_new(const struct loop *loop, const struct coap_peer *peer, const struct coap_events *events, void *user, struct error *err)
{
    struct coap_link *link = calloc(1, sizeof *link);
    if (!link) {
        error_set(err, ERROR_NO_MEMORY, "LwM2M session to %s", peer->endpoint->host);
        return NULL;
    }
    const struct endpoint *e = peer->endpoint;
    *link = (struct coap_link){ .loop = loop, .events = *events, .user = user, .endpoint = e, .begun = loop_now(loop), .watch = { .alert = -1, .own_alert = -1 } };
    if (!open_context(link) || !open_session(link, peer)) {
        error_set(err, ERROR_CONNECT, "LwM2M session to %s port %u over %s cannot be opened", e->host, e->port, transport_name(e->transport));
        coap_link_free(link);
        return NULL;
    }
    link->fd_source = loop_fd(loop, coap_context_get_coap_fd(link->context), true, false, on_fd, link);
    if (e->transport == TRANSPORT_UDP)
        link->connect_timer = loop_timer(loop, 0, on_datagrams_ready, link);
    else
        link->handshake_timer = loop_timer(loop, UNHEARD_MS, on_handshake_timer, link);
    arm(link);
    return link;
}

void coap_link_free(struct coap_link *link)
{
    if (!link)
        return;
    link->lost = true;
    loop_cancel(link->loop, &link->fd_source);
    loop_cancel(link->loop, &link->connect_timer);
    loop_cancel(link->loop, &link->handshake_timer);
    loop_cancel(link->loop, &link->library_timer);
    if (link->waiting)
        coap_delete_pdu(link->waiting);
    if (link->session)
        coap_session_release(link->session);
    if (link->context)
        coap_free_context(link->context);
    block1_clear(&link->block1);
    dedup_clear(&link->dedup);
    free(link);
}

/* ---- over a restart ---- */

static bool our_address(const struct coap_link *link, struct ip_address *out, uint16_t *port)
{
    const coap_address_t *a = coap_session_get_addr_local(link->session);
    *out = (struct ip_address){ .family = a->addr.sa.sa_family == AF_INET ? 4 : 6 };
    if (out->family == 4)
        memcpy(out->octets, &a->addr.sin.sin_addr, 4);
    else
        memcpy(out->octets, &a->addr.sin6.sin6_addr, 16);
    *port = ntohs(out->family == 4 ? a->addr.sin.sin_port : a->addr.sin6.sin6_port);
    return *port != 0;
}

bool coap_link_way(const struct coap_link *link, struct coap_way *out)
{
    coap_tls_library_t library;
    struct writer w = writer_make(out->session, sizeof out->session);
    *out = (struct coap_way){ .port = 0 };
    if (link->endpoint->transport == TRANSPORT_UDP)
        return our_address(link, &out->address, &out->port);
    if (resumes(link->endpoint) && link->trusted)
        tls_session_write(coap_session_get_tls(link->session, &library), &w);
    out->session_len = w.len;
    out->judged = link->judged;
    return w.len > 0;
}

void coap_link_hush(struct coap_link *link)
{
    coap_tls_library_t library;
    SSL *ssl = link->adopted ? coap_session_get_tls(link->session, &library) : NULL;
    if (ssl)
        SSL_set_quiet_shutdown(ssl, 1);
}

bool coap_link_resumed(const struct coap_link *link, const struct coap_way *way)
{
    coap_tls_library_t library;
    struct ip_address address;
    uint16_t port;
    if (link->endpoint->transport == TRANSPORT_UDP) /* Transport TS 1.1.1 clause 6.4.3: another address needs a Register */
        return our_address(link, &address, &port) && port == way->port && address.family == way->address.family &&
               memcmp(address.octets, way->address.octets, sizeof address.octets) == 0;
    return resumes(link->endpoint) && link->trusted && SSL_session_reused(coap_session_get_tls(link->session, &library)) == 1;
}

/* ---- sending ---- */

static void add_path(coap_pdu_t *pdu, const char *path)
{
    for (const char *segment = path; *segment == '/';) {
        size_t len = strcspn(++segment, "/");
        if (len)
            coap_add_option(pdu, COAP_OPTION_URI_PATH, len, (const uint8_t *)segment);
        segment += len;
    }
}

/* The library would wait for a connection inside coap_new_pdu and coap_send, and everybody with it (4.3.1): until it is there, messages are made without
 * the session, and one waits here. */
static coap_pdu_t *new_pdu(const struct coap_link *link, coap_pdu_type_t type, coap_pdu_code_t code)
{
    if (transport_is_reliable(link->endpoint->transport) && !is_established(link))
        return coap_pdu_init(type, code, 0, EARLY_MAX);
    return coap_new_pdu(type, code, link->session);
}

static enum error_code send_pdu(struct coap_link *link, coap_pdu_t *pdu)
{
    if (transport_is_reliable(link->endpoint->transport) && !is_established(link)) {
        if (link->waiting)
            coap_delete_pdu(pdu);
        else
            link->waiting = pdu;
        return link->waiting == pdu ? ERROR_NONE : ERROR_BUSY;
    }
    coap_mid_t mid = coap_send(link->session, pdu);
    arm(link);
    return mid == COAP_INVALID_MID ? ERROR_IO : ERROR_NONE;
}

enum error_code coap_link_call(struct coap_link *link, const struct coap_call *call, struct coap_token *token)
{
    coap_pdu_t *pdu = new_pdu(link, COAP_MESSAGE_CON, (coap_pdu_code_t)call->method);
    if (!pdu)
        return ERROR_NO_MEMORY;
    token->len = COAP_TOKEN_MAX;
    bool fine = RAND_bytes(token->data, (int)token->len) == 1 && coap_add_token(pdu, token->len, token->data);
    if (call->escaped)
        fine = fine && pdu_add_uri(pdu, call->path);
    else
        add_path(pdu, call->path);
    if (call->content_format >= 0)
        pdu_add_number(pdu, COAP_OPTION_CONTENT_FORMAT, (uint32_t)call->content_format);
    for (size_t i = 0; call->queries && call->queries[i]; i++)
        fine = fine && coap_add_option(pdu, COAP_OPTION_URI_QUERY, strlen(call->queries[i]), (const uint8_t *)call->queries[i]);
    if (call->accept)
        pdu_add_number(pdu, COAP_OPTION_ACCEPT, (uint32_t)call->accept - 1);
    if (call->block2)
        pdu_add_number(pdu, COAP_OPTION_BLOCK2, (uint32_t)call->block2 - 1);
    if (call->payload.len)
        fine = fine && coap_add_data(pdu, call->payload.len, call->payload.data);
    if (!fine) {
        coap_delete_pdu(pdu);
        return ERROR_TOO_LARGE;
    }
    return send_pdu(link, pdu);
}

enum error_code coap_link_notify(struct coap_link *link, const struct coap_notification *n)
{
    coap_pdu_t *pdu = new_pdu(link, n->confirmable ? COAP_MESSAGE_CON : COAP_MESSAGE_NON, COAP_RESPONSE_CODE_CONTENT);
    if (!pdu)
        return ERROR_NO_MEMORY;
    struct slice body = n->body;
    coap_add_token(pdu, n->token.len, n->token.data);
    pdu_add_number(pdu, COAP_OPTION_OBSERVE, n->sequence & 0xffffff);
    pdu_add_number(pdu, COAP_OPTION_CONTENT_FORMAT, (uint32_t)n->content_format);
    if (body.len > PDU_BLOCK_SIZE) {
        pdu_add_number(pdu, COAP_OPTION_BLOCK2, 8 | PDU_BLOCK_SZX); /* number 0, more */
        pdu_add_number(pdu, COAP_OPTION_SIZE2, (uint32_t)body.len);
        body.len = PDU_BLOCK_SIZE;
    }
    if (body.len && !coap_add_data(pdu, body.len, body.data)) {
        coap_delete_pdu(pdu);
        return ERROR_TOO_LARGE;
    }
    return send_pdu(link, pdu);
}
