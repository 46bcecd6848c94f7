/* SPDX-License-Identifier: Apache-2.0 */
/* Load for a CoAP peer over DTLS with a pre-shared key: as LwM2M server for the one client that registers, or as client of a server. Confirmable requests, some in
 * flight, as many as asked. A server listens without security at the port below, too. usage: lwm2m_load server PORT | client PORT. Then lines on standard input:
 *   get PATH ACCEPT COUNT WINDOW      -> "done ANSWERS NANOSECONDS"
 *   observe PATH COUNT                -> "done ANSWERS NANOSECONDS": a token each
 *   change PATH VALUE COUNT           -> "done NOTIFICATIONS NANOSECONDS": until COUNT notifications came
 * Prints "ready" when there is a session. Owns nothing but the socket; judges nothing. */
#include <arpa/inet.h>
#include <coap3/coap.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WINDOW_MAX = 64, STALL_MS = 20000, ANY = 65535 };

static coap_context_t *context;
static coap_session_t *session;
static unsigned answers, notifications;
static const uint8_t key[16] = "0123456789abcdef"; /* coap-server takes it as an argument: no NUL */

static uint64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static coap_response_t on_response(coap_session_t *from, const coap_pdu_t *sent, const coap_pdu_t *received, const coap_mid_t mid)
{
    coap_opt_iterator_t it;
    (void)from;
    (void)mid;
    if (!sent && coap_check_option(received, COAP_OPTION_OBSERVE, &it))
        notifications++;
    else
        answers++;
    return COAP_RESPONSE_OK;
}

static void on_register(coap_resource_t *resource, coap_session_t *from, const coap_pdu_t *request, const coap_string_t *query, coap_pdu_t *response)
{
    (void)resource;
    (void)request;
    (void)query;
    coap_pdu_set_code(response, COAP_RESPONSE_CODE_CREATED);
    coap_add_option(response, COAP_OPTION_LOCATION_PATH, 2, (const uint8_t *)"rd");
    coap_add_option(response, COAP_OPTION_LOCATION_PATH, 1, (const uint8_t *)"1");
    if (!session)
        session = coap_session_reference(from);
}

static void open_server(uint16_t port)
{
    coap_address_t at;
    coap_dtls_spsk_t psk = { .version = COAP_DTLS_SPSK_SETUP_VERSION, .psk_info = { .key = { sizeof key, key } } };
    coap_address_init(&at);
    at.size = sizeof at.addr.sin;
    at.addr.sin.sin_family = AF_INET;
    at.addr.sin.sin_port = htons(port);
    at.addr.sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    coap_context_set_psk2(context, &psk);
    if (!coap_new_endpoint(context, &at, COAP_PROTO_DTLS))
        exit(1);
    at.addr.sin.sin_port = htons((uint16_t)(port - 1));
    if (!coap_new_endpoint(context, &at, COAP_PROTO_UDP))
        exit(1);
    coap_resource_t *rd = coap_resource_init(coap_make_str_const("rd"), 0);
    coap_register_handler(rd, COAP_REQUEST_POST, on_register);
    coap_add_resource(context, rd);
}

static void open_client(uint16_t port)
{
    coap_address_t to;
    coap_dtls_cpsk_t psk = { .version = COAP_DTLS_CPSK_SETUP_VERSION, .psk_info = { .identity = { 4, (const uint8_t *)"wire" }, .key = { sizeof key, key } } };
    coap_address_init(&to);
    to.size = sizeof to.addr.sin;
    to.addr.sin.sin_family = AF_INET;
    to.addr.sin.sin_port = htons(port);
    to.addr.sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    session = coap_new_client_session_psk2(context, NULL, &to, COAP_PROTO_DTLS, &psk);
    while (session && coap_session_get_state(session) != COAP_SESSION_STATE_ESTABLISHED)
        coap_io_process(context, 100);
}

static void add_path(coap_pdu_t *pdu, const char *path)
{
    for (const char *segment = path; *segment == '/';) {
        size_t len = strcspn(++segment, "/");
        coap_add_option(pdu, COAP_OPTION_URI_PATH, len, (const uint8_t *)segment);
        segment += len;
    }
}

static void add_number(coap_pdu_t *pdu, uint16_t option, unsigned value)
{
    uint8_t octets[4];
    coap_add_option(pdu, option, coap_encode_var_safe(octets, sizeof octets, value), octets);
}

static coap_pdu_t *new_request(coap_pdu_code_t method)
{
    uint8_t token[8];
    size_t len = 0;
    coap_pdu_t *pdu = coap_new_pdu(COAP_MESSAGE_CON, method, session);
    coap_session_new_token(session, &len, token);
    coap_add_token(pdu, len, token);
    return pdu;
}

static void send_get(const char *path, unsigned accept, bool observe)
{
    coap_pdu_t *pdu = new_request(COAP_REQUEST_CODE_GET);
    if (observe)
        add_number(pdu, COAP_OPTION_OBSERVE, 0);
    add_path(pdu, path);
    if (accept != ANY)
        add_number(pdu, COAP_OPTION_ACCEPT, accept);
    (void)coap_send(session, pdu);
}

static void report(uint64_t begun, unsigned count)
{
    (void)printf("done %u %llu\n", count, (unsigned long long)(now_ns() - begun));
}

static void run_gets(const char *path, unsigned accept, unsigned count, unsigned window, bool observe)
{
    uint64_t begun = now_ns(), moved = begun;
    unsigned sent = 0, seen = 0;
    answers = 0;
    coap_session_set_nstart(session, (uint16_t)window);
    while (answers < count && now_ns() - moved < STALL_MS * 1000000ull) {
        for (; sent < count && sent - answers < window; sent++)
            send_get(path, accept, observe);
        coap_io_process(context, 100);
        moved = answers != seen ? now_ns() : moved;
        seen = answers;
    }
    report(begun, answers);
}

static void run_change(const char *path, const char *value, unsigned count)
{
    uint64_t begun = now_ns();
    notifications = 0;
    coap_pdu_t *pdu = new_request(COAP_REQUEST_CODE_PUT);
    add_path(pdu, path);
    add_number(pdu, COAP_OPTION_CONTENT_FORMAT, 0);
    coap_add_data(pdu, strlen(value), (const uint8_t *)value);
    (void)coap_send(session, pdu);
    while (notifications < count && now_ns() - begun < STALL_MS * 1000000ull)
        coap_io_process(context, 100);
    report(begun, notifications);
}

static void serve(const char *line)
{
    char path[64], value[32];
    unsigned accept, count, window;
    if (sscanf(line, "get %63s %u %u %u", path, &accept, &count, &window) == 4 && window && window <= WINDOW_MAX)
        run_gets(path, accept, count, window, false);
    else if (sscanf(line, "observe %63s %u", path, &count) == 2)
        run_gets(path, 0, count, 16, true);
    else if (sscanf(line, "change %63s %31s %u", path, value, &count) == 3)
        run_change(path, value, count);
}

int main(int argc, char **argv)
{
    char line[160];
    if (argc != 3)
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    coap_startup();
    coap_set_log_level(LOG_EMERG);
    context = coap_new_context(NULL);
    coap_register_response_handler(context, on_response);
    uint16_t port = (uint16_t)atoi(argv[2]);
    if (strcmp(argv[1], "server") == 0)
        open_server(port);
    else
        open_client(port);
    while (!session)
        coap_io_process(context, 100);
    puts("ready");
    for (;;) {
        struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
        if (poll(&p, 1, 0) > 0) {
            if (!fgets(line, sizeof line, stdin))
                return 0;
            serve(line);
        }
        coap_io_process(context, 10);
    }
}
