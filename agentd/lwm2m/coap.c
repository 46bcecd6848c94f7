/* SPDX-License-Identifier: Apache-2.0 */
/* libcoap glue. Owns one coap_context with one client session and its descriptor on the loop. Everything of the server arrives at the handler
 * for unknown resources; deduplication, observation and bodies in blocks are ours because the library does not do them for a client that serves. Never
 * uses a block mode of the library or coap_add_data_large_response: both go wrong on the unknown resource in 4.3. */
#include "lwm2m/coap.h"

#include <arpa/inet.h>
#include <coap3/coap.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/log.h"
#include "lwm2m/block1.h"
#include "lwm2m/dedup.h"

enum { BLOCK_SIZE = 1024, BLOCK_SZX = 6, MAX_EVENTS = 8, ALERT_NONE = -1, HANDSHAKE_DONE_MESSAGE = 14 };

struct coap_link {
    const struct loop *loop;
    coap_context_t *context;
    coap_session_t *session;
    uint64_t fd_source;
    struct coap_events events;
    void *user;
    bool lost;          /* told already, or closing */
    bool reset_by_icmp; /* the network refused a datagram */
    bool key_sent;      /* the server finished its part of the key exchange */
    int alert, own_alert; /* last fatal alert of the peer and of ours, ALERT_NONE */
    struct dedup dedup;
    struct block1 block1;
    uint8_t body[COAP_ANSWER_MAX];
};

static struct coap_token pdu_token(const coap_pdu_t *pdu)
{
    coap_bin_const_t t = coap_pdu_get_token(pdu);
    struct coap_token out = { .len = t.length <= COAP_TOKEN_MAX ? t.length : COAP_TOKEN_MAX };
    if (out.len)
        memcpy(out.data, t.s, out.len);
    return out;
}

static struct coap_link *session_link(const coap_session_t *session)
{
    return coap_get_app_data(coap_session_get_context(session));
}

/* What the library knows is worth a developer's line at most; it never holds keys. */
static void on_library_log(coap_log_t level, const char *message)
{
    (void)level;
    log_debug("lwm2m", "libcoap: %s", message);
}

/* ---- requests of the server ---- */

static int option_number(const coap_opt_t *option)
{
    return (int)coap_decode_var_bytes(coap_opt_value(option), coap_opt_length(option));
}

static void read_option(struct coap_request *r, uint16_t number, const coap_opt_t *option)
{
    struct slice value = { coap_opt_value(option), coap_opt_length(option) };
    switch (number) {
    case COAP_OPTION_URI_PATH:
        if (r->segments < COAP_SEGMENTS)
            r->segment[r->segments] = value;
        r->segments++;
        break;
    case COAP_OPTION_URI_QUERY:
        if (r->queries < COAP_QUERIES)
            r->query[r->queries] = value;
        r->queries++;
        break;
    case COAP_OPTION_ACCEPT:
        r->accept = option_number(option);
        break;
    case COAP_OPTION_CONTENT_FORMAT:
        r->content_format = option_number(option);
        break;
    case COAP_OPTION_OBSERVE:
        r->observe = option_number(option);
        break;
    case COAP_OPTION_SIZE1:
        r->size1 = (uint32_t)option_number(option);
        break;
    case COAP_OPTION_BLOCK1:
        r->block1 = option_number(option);
        break;
    case COAP_OPTION_IF_MATCH:
        r->if_none_match = r->if_none_match || value.len > 0;
        break;
    case COAP_OPTION_IF_NONE_MATCH:
        r->if_none_match = true;
        break;
    }
}

static void read_request(struct coap_request *r, const coap_pdu_t *pdu)
{
    *r = (struct coap_request){ .method = (enum coap_method)coap_pdu_get_code(pdu), .accept = -1, .content_format = -1, .observe = -1, .block1 = -1 };
    r->token = pdu_token(pdu);
    coap_opt_iterator_t it;
    coap_option_iterator_init(pdu, &it, COAP_OPT_ALL);
    for (coap_opt_t *option = coap_option_next(&it); option; option = coap_option_next(&it))
        read_option(r, it.number, option);
    const uint8_t *data = NULL;
    size_t len = 0;
    if (coap_get_data(pdu, &len, &data))
        r->payload = (struct slice){ data, len };
}

static void add_number(coap_pdu_t *pdu, coap_option_num_t number, uint32_t value)
{
    uint8_t octets[4];
    coap_add_option(pdu, number, coap_encode_var_safe(octets, sizeof octets, value), octets);
}

static void add_location(coap_pdu_t *pdu, const uint16_t ids[2])
{
    for (size_t i = 0; i < 2 && (ids[0] || ids[1]); i++) {
        char text[6];
        int len = snprintf(text, sizeof text, "%u", (unsigned)ids[i]);
        coap_add_option(pdu, COAP_OPTION_LOCATION_PATH, (size_t)len, (const uint8_t *)text);
    }
}

/* Options in the order of their numbers: the library adds them faster so. */
static void write_answer(const coap_pdu_t *request, coap_pdu_t *response, const struct coap_answer *answer, int64_t block1)
{
    coap_opt_iterator_t it;
    struct slice body = writer_slice(&answer->body);
    coap_pdu_set_code(response, (coap_pdu_code_t)answer->code);
    if (answer->observe >= 0)
        add_number(response, COAP_OPTION_OBSERVE, (uint32_t)answer->observe & 0xffffff);
    add_location(response, answer->created);
    if (block1 >= 0)
        add_number(response, COAP_OPTION_BLOCK1, (uint32_t)block1);
    if (answer->code == CODE_TOO_LARGE)
        add_number(response, COAP_OPTION_SIZE1, BLOCK1_BODY_MAX);
    if (answer->content_format < 0)
        return;
    if (body.len > BLOCK_SIZE || coap_check_option(request, COAP_OPTION_BLOCK2, &it)) {
        coap_add_data_blocked_response(request, response, (uint16_t)answer->content_format, -1, body.len, body.data);
        return;
    }
    add_number(response, COAP_OPTION_CONTENT_FORMAT, (uint32_t)answer->content_format);
    if (body.len)
        coap_add_data(response, body.len, body.data);
}

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
    read_request(&r, request);
    /* What only reads has no effect, so a repeated one is simply answered again (RFC 7252 clause 4.5). */
    bool reads = r.method == METHOD_GET || r.method == METHOD_FETCH;
    bool remember = !reads || r.observe >= 0;
    uint16_t mid = (uint16_t)coap_pdu_get_mid(request);
    uint64_t now = loop_now(link->loop);
    const struct dedup_entry *seen = remember ? dedup_find(&link->dedup, mid, &r.token, now) : NULL;
    if (!seen) {
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
    write_answer(request, response, &answer, r.block1);
}

/* ---- answers to our requests ---- */

static coap_response_t on_response(coap_session_t *session, const coap_pdu_t *sent, const coap_pdu_t *received, const coap_mid_t mid)
{
    (void)sent;
    (void)mid;
    struct coap_link *link = session_link(session);
    struct coap_response r = { .code = (uint8_t)coap_pdu_get_code(received), .token = pdu_token(received) };
    struct writer location = writer_make(r.location, sizeof r.location - 1);
    coap_opt_iterator_t it;
    coap_option_iterator_init(received, &it, COAP_OPT_ALL);
    for (coap_opt_t *option = coap_option_next(&it); option; option = coap_option_next(&it)) {
        if (it.number != COAP_OPTION_LOCATION_PATH)
            continue;
        writer_u8(&location, '/');
        writer_put(&location, coap_opt_value(option), coap_opt_length(option));
    }
    if (location.failed)
        r.location[0] = '\0';
    const uint8_t *data = NULL;
    size_t len = 0;
    if (coap_get_data(received, &len, &data))
        r.payload = (struct slice){ data, len };
    if (!link->lost)
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

static int on_event(coap_session_t *session, const coap_event_t event)
{
    struct coap_link *link = session_link(session);
    if (event == COAP_EVENT_DTLS_CONNECTED && !link->lost)
        link->events.connected(link->user);
    return 0;
}

/* ---- the end of a session ---- */

/* RFC 5246 clause 7.2: the alert of the peer, and how far the key exchange got, tell a refused credential from a silent server. */
static void on_tls_message(int write, int version, int type, const void *data, size_t len, SSL *ssl, void *user)
{
    (void)version;
    (void)ssl;
    struct coap_link *link = user;
    struct reader r = reader_make(data, len);
    uint8_t first = reader_u8(&r);
    if (type == SSL3_RT_ALERT && first == SSL3_AL_FATAL)
        *(write ? &link->own_alert : &link->alert) = reader_u8(&r);
    if (!write && type == SSL3_RT_HANDSHAKE && first == HANDSHAKE_DONE_MESSAGE)
        link->key_sent = true;
}

static void describe_loss(const struct coap_link *link, bool established, struct error *e)
{
    switch (link->alert) {
    case SSL_AD_UNKNOWN_PSK_IDENTITY:
    case SSL_AD_DECRYPT_ERROR:
    case SSL_AD_BAD_RECORD_MAC:
    case SSL_AD_ACCESS_DENIED:
        error_set(e, ERROR_CLIENT_AUTH, "DTLS: the server refused the PSK identity or key (alert %d, %s)", link->alert, SSL_alert_desc_string_long(link->alert));
        return;
    case ALERT_NONE:
        break;
    default:
        error_set(e, ERROR_TLS, "DTLS: alert %d of the server, %s", link->alert, SSL_alert_desc_string_long(link->alert));
        return;
    }
    if (link->own_alert != ALERT_NONE)
        error_set(e, ERROR_TLS, "DTLS: we refused what the server sent (alert %d, %s)", link->own_alert, SSL_alert_desc_string_long(link->own_alert));
    else if (link->reset_by_icmp)
        error_set(e, ERROR_CONNECT, "the server's host or a router refused our datagrams (ICMP)");
    else if (established)
        error_set(e, ERROR_SERVER_CLOSED, "DTLS: session closed by the server or the network");
    else if (link->key_sent)
        error_set(e, ERROR_CLIENT_AUTH, "DTLS: the server went silent after the key exchange: it does not accept our key");
    else
        error_set(e, ERROR_TIMEOUT, "DTLS: no answer to the handshake");
}

bool coap_link_describe(const struct coap_link *link, struct error *error)
{
    if (coap_session_get_state(link->session) == COAP_SESSION_STATE_ESTABLISHED)
        return false;
    describe_loss(link, false, error);
    return true;
}

/* The library frees a dead DTLS session quietly and would shake hands again at the next message; to LwM2M a new session is a new
 * Register (Core TS 1.1.1 clause 6.2.1), so the owner must know. */
static void check_session(struct coap_link *link, coap_session_state_t before)
{
    if (link->lost || (!link->reset_by_icmp && coap_session_get_state(link->session) != COAP_SESSION_STATE_NONE))
        return;
    struct error e;
    describe_loss(link, before == COAP_SESSION_STATE_ESTABLISHED, &e);
    link->lost = true;
    link->events.lost(link->user, &e);
}

static void on_fd(void *user, int fd, bool readable, bool writable)
{
    (void)readable;
    (void)writable;
    struct coap_link *link = user;
    struct epoll_event events[MAX_EVENTS];
    int n = epoll_wait(fd, events, MAX_EVENTS, 0);
    coap_session_state_t before = coap_session_get_state(link->session);
    coap_io_do_epoll(link->context, events, n > 0 ? (size_t)n : 0);
    check_session(link, before);
}

/* Arms the library's timer after we sent something outside of on_fd. */
static void arm(struct coap_link *link)
{
    coap_tick_t now;
    coap_ticks(&now);
    coap_io_prepare_epoll(link->context, now);
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

static bool open_session(struct coap_link *link, const struct coap_peer *peer)
{
    coap_address_t local, remote;
    struct ip_address literal;
    char sni[256];
    set_address(&remote, peer->remote, peer->port);
    if (peer->local)
        set_address(&local, peer->local, 0);
    strncpy(sni, peer->host, sizeof sni - 1);
    sni[sizeof sni - 1] = '\0';
    coap_dtls_cpsk_t setup = { .version = COAP_DTLS_CPSK_SETUP_VERSION };
    setup.client_sni = ip_address_parse(sni, &literal) ? NULL : sni;
    setup.psk_info.identity = (coap_bin_const_t){ strlen(peer->identity), (const uint8_t *)peer->identity };
    setup.psk_info.key = (coap_bin_const_t){ peer->key.len, peer->key.data };
    link->session = coap_new_client_session_psk2(link->context, peer->local ? &local : NULL, &remote, COAP_PROTO_DTLS, &setup);
    if (!link->session)
        return false;
    coap_tls_library_t library;
    SSL *ssl = coap_session_get_tls(link->session, &library);
    if (ssl && library == COAP_TLS_LIBRARY_OPENSSL) {
        /* Californium 2.x (Leshan before 2.0.0-M12 and its kin) sends no renegotiation_info (RFC 5746); RFC 7925 clause 17 forbids
         * renegotiation to both sides, and we never do it. */
        SSL_set_options(ssl, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_RENEGOTIATION);
        SSL_set_msg_callback(ssl, on_tls_message);
        SSL_set_msg_callback_arg(ssl, link);
    }
    return true;
}

static bool open_context(struct coap_link *link)
{
    coap_startup();
    coap_set_log_handler(on_library_log);
    link->context = coap_new_context(NULL);
    if (!link->context)
        return false;
    coap_set_app_data(link->context, link);
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
        error_set(err, ERROR_NO_MEMORY, "LwM2M session to %s", peer->host);
        return NULL;
    }
    *link = (struct coap_link){ .loop = loop, .events = *events, .user = user, .alert = ALERT_NONE, .own_alert = ALERT_NONE };
    if (!open_context(link) || !open_session(link, peer)) {
        error_set(err, ERROR_CONNECT, "LwM2M session to %s port %u cannot be opened", peer->host, peer->port);
        coap_link_free(link);
        return NULL;
    }
    link->fd_source = loop_fd(loop, coap_context_get_coap_fd(link->context), true, false, on_fd, link);
    arm(link);
    return link;
}

void coap_link_free(struct coap_link *link)
{
    if (!link)
        return;
    link->lost = true;
    loop_cancel(link->loop, &link->fd_source);
    if (link->session)
        coap_session_release(link->session);
    if (link->context)
        coap_free_context(link->context);
    block1_clear(&link->block1);
    free(link);
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

static enum error_code send_pdu(struct coap_link *link, coap_pdu_t *pdu)
{
    coap_mid_t mid = coap_send(link->session, pdu);
    arm(link);
    return mid == COAP_INVALID_MID ? ERROR_IO : ERROR_NONE;
}

enum error_code coap_link_call(struct coap_link *link, const struct coap_call *call, struct coap_token *token)
{
    coap_pdu_t *pdu = coap_new_pdu(COAP_MESSAGE_CON, (coap_pdu_code_t)call->method, link->session);
    if (!pdu)
        return ERROR_NO_MEMORY;
    token->len = COAP_TOKEN_MAX;
    bool fine = RAND_bytes(token->data, (int)token->len) == 1 && coap_add_token(pdu, token->len, token->data);
    add_path(pdu, call->path);
    if (call->content_format >= 0)
        add_number(pdu, COAP_OPTION_CONTENT_FORMAT, (uint32_t)call->content_format);
    for (size_t i = 0; call->queries && call->queries[i]; i++)
        fine = fine && coap_add_option(pdu, COAP_OPTION_URI_QUERY, strlen(call->queries[i]), (const uint8_t *)call->queries[i]);
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
    coap_pdu_t *pdu = coap_new_pdu(n->confirmable ? COAP_MESSAGE_CON : COAP_MESSAGE_NON, COAP_RESPONSE_CODE_CONTENT, link->session);
    if (!pdu)
        return ERROR_NO_MEMORY;
    struct slice body = n->body;
    coap_add_token(pdu, n->token.len, n->token.data);
    add_number(pdu, COAP_OPTION_OBSERVE, n->sequence & 0xffffff);
    add_number(pdu, COAP_OPTION_CONTENT_FORMAT, (uint32_t)n->content_format);
    if (body.len > BLOCK_SIZE) {
        add_number(pdu, COAP_OPTION_BLOCK2, 8 | BLOCK_SZX); /* number 0, more */
        add_number(pdu, COAP_OPTION_SIZE2, (uint32_t)body.len);
        body.len = BLOCK_SIZE;
    }
    if (body.len && !coap_add_data(pdu, body.len, body.data)) {
        coap_delete_pdu(pdu);
        return ERROR_TOO_LARGE;
    }
    return send_pdu(link, pdu);
}
