/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the session with one server for one file. Never takes a block that is not the next one of the same file, never waits for a server that is silent. */
#include "lwm2m/coap_pull.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "lwm2m/coap.h"
#include "net/https.h"

enum { PATH_CAP = 512, SILENCE_MS = 120000 /* above MAX_TRANSMIT_WAIT of RFC 7252 */, MORE = 8, SZX_MASK = 7, SZX_RESERVED = 7, SZX_WANTED = 6 /* 1024 octets */, SUCCESS = 2 /* class of a code */ };

struct coap_pull {
    const struct loop *loop;
    struct coap_pull_order order;
    struct lease lease;
    struct ip_address address; /* of the order */
    struct endpoint *endpoint;
    struct resolve *resolve;
    struct coap_link *link;
    struct coap_token token; /* of the block that is asked for */
    char path[PATH_CAP];
    uint64_t timer, deadline, size;
    struct coap_token etag; /* of the first block */
    bool over; /* its end is told by the timer */
    struct coap_pull_end told;
    struct error error;
};

/* ---- the end ---- */

static void tell(void *user)
{
    struct coap_pull *p = user;
    struct coap_pull_order order = p->order;
    struct coap_pull_end told = p->told;
    struct error error = p->error;
    told.error = &error;
    p->timer = 0;
    coap_pull_free(p);
    order.ended(order.user, &told);
}

/* From inside the library too: the session is closed later. */
static void end(struct coap_pull *p, enum download_result result)
{
    if (p->over)
        return;
    p->over = true;
    p->told.result = result;
    loop_cancel(p->loop, &p->timer);
    p->timer = loop_timer(p->loop, 0, tell, p);
}

static void give_up(struct coap_pull *p)
{
    if (p->over)
        return;
    if (p->resolve)
        error_set(&p->error, ERROR_NAME_LOOKUP, "%s: no answer from the name servers", p->endpoint->host);
    else if (!p->link || !coap_link_describe(p->link, &p->error))
        error_set(&p->error, ERROR_TIMEOUT, "%s went silent after %llu octets", p->endpoint->host, (unsigned long long)p->size);
    end(p, DOWNLOAD_LOST);
}

static void on_silence(void *user)
{
    struct coap_pull *p = user;
    p->timer = 0;
    give_up(p);
}

static void on_deadline(void *user)
{
    struct coap_pull *p = user;
    p->deadline = 0;
    give_up(p);
}

/* ---- blocks ---- */

static void request(struct coap_pull *p, const struct coap_call *call)
{
    enum error_code rc = coap_link_call(p->link, call, &p->token);
    loop_cancel(p->loop, &p->timer);
    if (rc) {
        error_set(&p->error, rc, "the request to %s cannot be sent", p->endpoint->host);
        end(p, rc == ERROR_TOO_LARGE || rc == ERROR_INVALID ? DOWNLOAD_INVALID_URI : DOWNLOAD_LOST);
        return;
    }
    p->timer = loop_timer(p->loop, SILENCE_MS, on_silence, p);
}

static void ask(struct coap_pull *p, unsigned szx)
{
    uint64_t block = p->size >> (szx + 4);
    struct coap_call call = { .method = METHOD_GET, .path = p->path, .escaped = true, .content_format = -1, .accept = p->order.format,
                              .block2 = (int64_t)(block << 4 | szx) + 1 };
    request(p, &call);
}

static void post(struct coap_pull *p)
{
    struct coap_call call = { .method = METHOD_POST, .path = p->path, .escaped = true, .content_format = (int)p->order.format - 1, .payload = p->order.post };
    request(p, &call);
}

/* RFC 7959 clause 2.4: the blocks of one representation have one ETag. */
static bool is_next(struct coap_pull *p, const struct coap_response *r)
{
    unsigned szx = r->block2 < 0 ? 0 : (unsigned)r->block2 & SZX_MASK;
    uint64_t offset = r->block2 < 0 ? 0 : (uint64_t)(r->block2 >> 4) << (szx + 4);
    bool more = r->block2 >= 0 && r->block2 & MORE;
    bool same = p->size == 0 || token_equal(&r->etag, &p->etag);
    if (p->size == 0)
        p->etag = r->etag;
    return same && szx != SZX_RESERVED && offset == p->size && (!more || r->payload.len == (size_t)16 << szx);
}

static void take(struct coap_pull *p, const struct coap_response *r)
{
    if (p->order.format && r->content_format != p->order.format - 1) { /* RFC 7252 clause 5.10.4 */
        error_set(&p->error, ERROR_PROTOCOL, "%s sent Content-Format %d, not %d", p->endpoint->host, r->content_format, (int)p->order.format - 1);
        end(p, DOWNLOAD_LOST);
        return;
    }
    if (!is_next(p, r)) {
        error_set(&p->error, ERROR_PROTOCOL, "%s: the block after %llu octets is another, or of another version of the file", p->endpoint->host, (unsigned long long)p->size);
        end(p, DOWNLOAD_LOST);
        return;
    }
    enum error_code rc = p->order.sink(p->order.user, r->payload);
    p->size += r->payload.len;
    if (rc) {
        error_set(&p->error, rc, "what %s sends cannot be kept: %s", p->endpoint->host, error_text(rc));
        end(p, DOWNLOAD_NO_SPACE);
    } else if (r->block2 >= 0 && r->block2 & MORE) {
        ask(p, (unsigned)r->block2 & SZX_MASK);
    } else {
        end(p, DOWNLOAD_WHOLE);
    }
}

static void on_response(void *user, const struct coap_response *r)
{
    struct coap_pull *p = user;
    if (p->over || !token_equal(&r->token, &p->token))
        return;
    p->told.code = r->code;
    p->told.max_age = r->max_age;
    if (r->code == CODE_CONTENT && !p->order.post.len) {
        take(p, r);
        return;
    }
    if (r->code >> 5 == SUCCESS && p->order.post.len) {
        end(p, DOWNLOAD_WHOLE);
        return;
    }
    error_set(&p->error, ERROR_SERVER_STATUS, "%s answered %u.%02u", p->endpoint->host, r->code >> 5, r->code & 31);
    end(p, r->code >> 5 == 4 && p->size == 0 ? DOWNLOAD_INVALID_URI : DOWNLOAD_LOST);
}

/* ---- the session ---- */

static void on_connected(void *user)
{
    struct coap_pull *p = user;
    if (p->over)
        return;
    if (p->order.post.len)
        post(p);
    else
        ask(p, SZX_WANTED);
}

static void on_lost(void *user, const struct error *error)
{
    struct coap_pull *p = user;
    if (!p->over)
        p->error = *error;
    end(p, DOWNLOAD_LOST);
}

/* A file server has nothing to ask. */
static void on_request(void *user, const struct coap_request *request, struct coap_answer *answer)
{
    (void)user;
    (void)request;
    answer->code = CODE_METHOD_NOT_ALLOWED;
}

static void on_unanswered(void *user, const struct coap_token *token, bool reset)
{
    struct coap_pull *p = user;
    if (p->over || !token_equal(token, &p->token))
        return;
    error_set(&p->error, ERROR_TIMEOUT, "%s %s", p->endpoint->host, reset ? "refused the request" : "did not answer");
    end(p, DOWNLOAD_LOST);
}

/* False, with the error: not by that address. */
static bool open_link(struct coap_pull *p, const struct ip_address *remote)
{
    static const struct coap_events events = { .connected = on_connected, .lost = on_lost, .request = on_request, .response = on_response, .unanswered = on_unanswered };
    const struct ip_address *local = p->lease.bound ? lease_address(&p->lease, remote->family) : NULL;
    struct coap_peer peer = { .local = local, .remote = remote, .endpoint = p->endpoint };
    if (p->lease.bound && !local) { /* nothing goes through another uplink */
        error_set(&p->error, ERROR_CONNECT, "%s: the bearer has no address of the server's family", p->endpoint->host);
        return false;
    }
    p->link = coap_link_new(p->loop, &peer, &events, p, &p->error);
    if (p->link)
        p->timer = loop_timer(p->loop, SILENCE_MS, on_silence, p);
    return p->link != NULL;
}

static void on_resolved(void *user, enum error_code status, const char *text, const struct ip_address *addresses, size_t count)
{
    struct coap_pull *p = user;
    p->resolve = NULL;
    if (status || count == 0) {
        error_set(&p->error, status ? status : ERROR_NAME_LOOKUP, "%s", text);
        end(p, DOWNLOAD_INVALID_URI);
        return;
    }
    size_t i = 0;
    while (i < count && !open_link(p, &addresses[i]))
        i++;
    if (i == count)
        end(p, DOWNLOAD_LOST);
}

/* The address came with the order. */
static void on_known(void *user)
{
    struct coap_pull *p = user;
    p->timer = 0;
    if (!open_link(p, &p->address))
        end(p, DOWNLOAD_LOST);
}

/* ---- life ---- */

bool coap_pull_is(const char *uri)
{
    return strncmp(uri, "coap://", 7) == 0 || strncmp(uri, "coaps://", 8) == 0 || strncmp(uri, "coap+tcp://", 11) == 0 || strncmp(uri, "coaps+tcp://", 12) == 0;
}

unsigned coap_pull_protocols(const struct lwm2m_rules *rules)
{
    static const unsigned protocol[] = { [TRANSPORT_UDP] = 0, [TRANSPORT_DTLS] = 1, [TRANSPORT_TCP] = 4, [TRANSPORT_TLS] = 5 }; /* of /5/0/8 */
    unsigned protocols = 0;
    for (enum transport t = TRANSPORT_UDP; t <= TRANSPORT_TLS; t++)
        if (transport_is_secure(t) ? rules->roots_pem != NULL : rules->nosec)
            protocols |= 1u << protocol[t];
    return protocols;
}

/* Path and query, still escaped. */
static bool find_path(const char *uri, char path[PATH_CAP])
{
    const char *authority = strstr(uri, "://");
    return authority && text_copy(path, PATH_CAP, &authority[3 + strcspn(&authority[3], "/?#")]);
}

static bool begin(struct coap_pull *p)
{
    if (p->order.timeout_ms)
        p->deadline = loop_timer(p->loop, p->order.timeout_ms, on_deadline, p);
    if (p->order.address) {
        p->address = *p->order.address;
        p->timer = loop_timer(p->loop, 0, on_known, p);
    } else {
        p->resolve = resolve_host(p->loop, &p->lease, p->endpoint->host, on_resolved, p);
    }
    return p->timer || p->resolve;
}

struct coap_pull *coap_pull_new(const struct loop *loop, const struct coap_pull_order *order, enum download_result *why, struct error *err)
{
    struct coap_pull *p = calloc(1, sizeof *p);
    *why = DOWNLOAD_NO_MEMORY;
    if (!p) {
        error_set(err, ERROR_NO_MEMORY, "CoAP");
        return NULL;
    }
    *p = (struct coap_pull){ .loop = loop, .order = *order, .lease = *order->lease };
    p->order.server = NULL; /* copied now */
    p->endpoint = order->server ? endpoint_new(&order->server->account, order->rules, err) : endpoint_of_file(&order->file, order->rules, err);
    if (p->endpoint && find_path(order->file.uri, p->path) && begin(p))
        return p;
    if (p->endpoint)
        error_set(err, ERROR_NO_MEMORY, "the lookup of %s", p->endpoint->host);
    else if (err->code != ERROR_NO_MEMORY)
        *why = err->code == ERROR_INVALID ? DOWNLOAD_INVALID_URI : DOWNLOAD_UNSUPPORTED_PROTOCOL;
    coap_pull_free(p);
    return NULL;
}

void coap_pull_free(struct coap_pull *p)
{
    if (!p)
        return;
    p->over = true;
    loop_cancel(p->loop, &p->timer);
    loop_cancel(p->loop, &p->deadline);
    if (p->resolve)
        resolve_cancel(p->resolve);
    coap_link_free(p->link);
    endpoint_free(p->endpoint);
    free(p);
}
