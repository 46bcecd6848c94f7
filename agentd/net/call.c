/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the easy handle of one request and every copy that it points to. Promises that no option is weaker than net/https.h says; a handle
 * on which one of the options that carry the trust cannot be set is never used. */
#include "net/call.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "base/writer.h"

enum { HTTP_OK = 200, STALLED_S = 60 };

static size_t on_body(char *data, size_t one, size_t len, void *user)
{
    struct https_call *c = user;
    long status = 0;
    (void)one;
    if (c->sink && curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status == HTTP_OK) {
        c->refused = c->sink(c->user, (struct slice){ (const uint8_t *)data, len });
        return c->refused ? 0 : len;
    }
    if (len > c->response_max - c->response_len) {
        c->overflow = true;
        return 0;
    }
    uint8_t *grown = realloc(c->response, c->response_len + len + 1);
    if (!grown)
        return 0;
    c->response = grown;
    memcpy(&c->response[c->response_len], data, len);
    c->response_len += len;
    return len;
}

/* The dates of every certificate of the chain are compared with the caller's time (RFC 5280 6.1.3 (a)(2)). */
static CURLcode set_verify_time(CURL *easy, void *context, void *user)
{
    const struct https_call *c = user;
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context);
    (void)easy;
    if (!param)
        return CURLE_SSL_CERTPROBLEM;
    X509_VERIFY_PARAM_set_time(param, c->now);
    return CURLE_OK;
}

static bool set_time(struct https_call *c, uint64_t now)
{
    if (!now)
        return true;
    c->now = (time_t)now;
    return curl_easy_setopt(c->easy, CURLOPT_SSL_CTX_DATA, c) == CURLE_OK &&
           curl_easy_setopt(c->easy, CURLOPT_SSL_CTX_FUNCTION, set_verify_time) == CURLE_OK;
}

/* Trust in the server: the pin alone if there is one, else the roots alone; the host name in any case (RFC 7469 2.6 form of the pin). */
static bool set_trust(struct https_call *c, const struct https_request *request)
{
    bool ok = true;
    if (request->trust && request->trust->has_pin) {
        char b64[48], pin[64];
        ok = text_base64_encode((struct slice){ request->trust->pin, sizeof request->trust->pin }, b64, sizeof b64);
        (void)snprintf(pin, sizeof pin, "sha256//%s", b64);
        ok = ok && curl_easy_setopt(c->easy, CURLOPT_PINNEDPUBLICKEY, pin) == CURLE_OK;
        ok = ok && curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK;
    } else {
        c->roots = strdup(request->roots_pem);
        struct curl_blob blob = { .data = c->roots, .len = c->roots ? strlen(c->roots) : 0, .flags = CURL_BLOB_NOCOPY };
        ok = c->roots && curl_easy_setopt(c->easy, CURLOPT_CAINFO_BLOB, &blob) == CURLE_OK;
        ok = ok && curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK;
    }
    ok = ok && set_time(c, request->now);
    ok = ok && curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK;
    ok = ok && curl_easy_setopt(c->easy, CURLOPT_CAPATH, NULL) == CURLE_OK;
    ok = ok && curl_easy_setopt(c->easy, CURLOPT_CAINFO, NULL) == CURLE_OK;
    ok = ok && curl_easy_setopt(c->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
    return ok && curl_easy_setopt(c->easy, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK;
}

static bool add_header(struct https_call *c, const char *line)
{
    struct curl_slist *grown = curl_slist_append(c->headers, line);
    if (grown)
        c->headers = grown;
    return grown != NULL;
}

/* CONNECT, then TLS with the server through it (RFC 9110 9.3.6). Our headers are for the server alone. */
static bool set_proxy(struct https_call *c)
{
    static const long logins[] = { [HTTP_PROXY_OPEN] = CURLAUTH_NONE, [HTTP_PROXY_BASIC] = CURLAUTH_BASIC, [HTTP_PROXY_DIGEST] = CURLAUTH_DIGEST };
    const struct http_proxy *p = &c->proxy;
    char url[160];
    bool ok = curl_easy_setopt(c->easy, CURLOPT_NOPROXY, "") == CURLE_OK && curl_easy_setopt(c->easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE) == CURLE_OK;
    if (!p->host[0]) /* also hides those of the environment */
        return ok && curl_easy_setopt(c->easy, CURLOPT_PROXY, "") == CURLE_OK;
    (void)snprintf(url, sizeof url, strchr(p->host, ':') ? "http://[%s]:%u" : "http://%s:%u", p->host, (unsigned)p->port);
    ok = ok && curl_easy_setopt(c->easy, CURLOPT_PROXY, url) == CURLE_OK && curl_easy_setopt(c->easy, CURLOPT_HTTPPROXYTUNNEL, 1L) == CURLE_OK &&
         curl_easy_setopt(c->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK;
    if (p->login != HTTP_PROXY_OPEN)
        ok = ok && curl_easy_setopt(c->easy, CURLOPT_PROXYAUTH, logins[p->login]) == CURLE_OK &&
             curl_easy_setopt(c->easy, CURLOPT_PROXYUSERNAME, p->user) == CURLE_OK && curl_easy_setopt(c->easy, CURLOPT_PROXYPASSWORD, p->password) == CURLE_OK;
    return ok;
}

static bool set_request(struct https_call *c, const struct https_request *request)
{
    char type[128];
    bool post = request->content_type != NULL;
    (void)snprintf(type, sizeof type, "Content-Type: %s", post ? request->content_type : "");
    bool ok = (!post || add_header(c, type)) && add_header(c, "Expect:"); /* no 100-continue: one round trip less on a slow bearer */
    for (const char *const *line = request->headers; ok && line && *line; line++)
        ok = add_header(c, *line);
    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(c->easy, CURLOPT_URL, c->url);
    curl_easy_setopt(c->easy, post ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
    if (post) {
        curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, c->body);
        curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body_len);
    }
    curl_easy_setopt(c->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c->easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->reason);
    curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
    if (c->sink) { /* a large body may take its time, but not stand still */
        curl_easy_setopt(c->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(c->easy, CURLOPT_LOW_SPEED_TIME, (long)STALLED_S);
    }
    return ok && set_proxy(c);
}

struct https_call *call_new(const struct https_request *request, https_done_fn *fn, void *user, struct error *err)
{
    struct https_call *c = calloc(1, sizeof *c);
    if (!c) {
        error_set(err, ERROR_NO_MEMORY, "no memory for a request");
        return NULL;
    }
    *c = (struct https_call){ .fn = fn, .user = user, .lease = *request->lease, .timeout_ms = request->timeout_ms,
                              .response_max = request->max_response, .sink = request->sink };
    if (uri_split(request->url, "https", c->host, sizeof c->host, &c->port, err)) {
        free(c);
        return NULL;
    }
    if (request->proxy)
        c->proxy = *request->proxy;
    if (request->address)
        c->addresses[0] = *request->address;
    c->url = strdup(request->url);
    c->body = malloc(request->body.len + 1);
    if (c->body && request->body.len)
        memcpy(c->body, request->body.data, request->body.len);
    c->body_len = request->body.len;
    c->easy = curl_easy_init();
    if (!c->url || !c->body || !c->easy || !set_trust(c, request) || !set_request(c, request)) {
        error_set(err, ERROR_NO_MEMORY, "a request to %.100s could not be set up", c->host);
        call_free(c);
        return NULL;
    }
    return c;
}

void call_free(struct https_call *c)
{
    if (c->easy)
        curl_easy_cleanup(c->easy);
    curl_slist_free_all(c->headers);
    curl_slist_free_all(c->names);
    if (c->body)
        secret_zero(c->body, c->body_len);
    if (c->response)
        secret_zero(c->response, c->response_len);
    secret_zero(&c->proxy, sizeof c->proxy);
    free(c->body);
    free(c->response);
    free(c->roots);
    free(c->url);
    free(c);
}

static bool has_family(const struct https_call *c, uint8_t family)
{
    if (c->lease.bound && !lease_address(&c->lease, family))
        return false;
    for (size_t i = 0; i < c->address_count; i++)
        if (c->addresses[i].family == family)
            return true;
    return false;
}

bool call_addresses(struct https_call *c, const struct ip_address *addresses, size_t count)
{
    c->address_count = count < 8 ? count : 8;
    memmove(c->addresses, addresses, c->address_count * sizeof *addresses); /* perhaps the call's own */
    c->family = has_family(c, 6) ? 6 : 4; /* RFC 6724: IPv6 first; IPv4 follows if it cannot connect */
    return has_family(c, c->family);
}

bool call_next_family(struct https_call *c)
{
    if (c->family != 6 || !has_family(c, 4))
        return false;
    c->family = 4;
    return true;
}

const char *call_peer(const struct https_call *c)
{
    return c->proxy.host[0] ? c->proxy.host : c->host;
}

/* "-host:port" forgets what an earlier request resolved, then "host:port:address,..". */
static bool set_names(struct https_call *c)
{
    char line[800], address[64];
    unsigned port = c->proxy.host[0] ? c->proxy.port : c->port;
    (void)snprintf(line, sizeof line, "-%s:%u", call_peer(c), port);
    struct curl_slist *names = curl_slist_append(NULL, line);
    struct writer w = writer_make(line, sizeof line - 1);
    char start[280];
    (void)snprintf(start, sizeof start, "%s:%u:", call_peer(c), port);
    writer_text(&w, start);
    bool first = true;
    for (size_t i = 0; i < c->address_count; i++) {
        if (c->addresses[i].family != c->family)
            continue;
        writer_text(&w, first ? "" : ",");
        first = false;
        writer_text(&w, c->family == 6 ? "[" : "");
        writer_text(&w, ip_address_text(&c->addresses[i], false, address, sizeof address));
        writer_text(&w, c->family == 6 ? "]" : "");
    }
    line[w.len] = '\0';
    struct curl_slist *grown = names && !w.failed ? curl_slist_append(names, line) : NULL;
    if (!grown) {
        curl_slist_free_all(names);
        return false;
    }
    curl_easy_setopt(c->easy, CURLOPT_RESOLVE, grown);
    curl_slist_free_all(c->names);
    c->names = grown;
    return true;
}

const char *call_prepare(struct https_call *c)
{
    char source[80] = "host!", address[64];
    uint64_t used = loop_now(c->loop) - c->started;
    if (used >= c->timeout_ms)
        return "no time left";
    uint64_t left = c->timeout_ms - used;
    struct ip_address literal;
    if (!ip_address_parse(call_peer(c), &literal) && !set_names(c))
        return "too many addresses";
    if (c->lease.bound) {
        (void)snprintf(source, sizeof source, "host!%s", ip_address_text(lease_address(&c->lease, c->family), false, address, sizeof address));
        if (curl_easy_setopt(c->easy, CURLOPT_INTERFACE, source) != CURLE_OK)
            return "the source address could not be bound";
    }
    curl_easy_setopt(c->easy, CURLOPT_ADDRESS_SCOPE, (long)c->addresses[0].zone);
    curl_easy_setopt(c->easy, CURLOPT_IPRESOLVE, (long)(c->family == 6 ? CURL_IPRESOLVE_V6 : CURL_IPRESOLVE_V4));
    curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, (long)left);
    curl_easy_setopt(c->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(c->family == 6 && has_family(c, 4) ? left / 2 : left));
    c->response_len = 0;
    return NULL;
}

/* curl names a connection that was closed before the answer in several ways. */
static enum error_code code_of(CURLcode result)
{
    static const struct {
        CURLcode curl;
        enum error_code code;
    } map[] = {
        { CURLE_OK, ERROR_NONE }, { CURLE_COULDNT_RESOLVE_HOST, ERROR_NAME_LOOKUP }, { CURLE_COULDNT_CONNECT, ERROR_CONNECT },
        { CURLE_INTERFACE_FAILED, ERROR_CONNECT }, { CURLE_OPERATION_TIMEDOUT, ERROR_TIMEOUT }, { CURLE_GOT_NOTHING, ERROR_SERVER_CLOSED },
        { CURLE_PARTIAL_FILE, ERROR_SERVER_CLOSED }, { CURLE_RECV_ERROR, ERROR_SERVER_CLOSED }, { CURLE_SEND_ERROR, ERROR_SERVER_CLOSED },
        { CURLE_PEER_FAILED_VERIFICATION, ERROR_TLS_UNTRUSTED }, { CURLE_SSL_PINNEDPUBKEYNOTMATCH, ERROR_TLS_UNTRUSTED },
        { CURLE_SSL_CACERT_BADFILE, ERROR_TLS_UNTRUSTED }, { CURLE_SSL_ISSUER_ERROR, ERROR_TLS_UNTRUSTED },
        { CURLE_SSL_CONNECT_ERROR, ERROR_TLS }, { CURLE_SSL_CIPHER, ERROR_TLS }, { CURLE_SSL_CERTPROBLEM, ERROR_TLS },
        { CURLE_USE_SSL_FAILED, ERROR_TLS }, { CURLE_OUT_OF_MEMORY, ERROR_NO_MEMORY },
    };
    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++)
        if (map[i].curl == result)
            return map[i].code;
    return ERROR_PROTOCOL;
}

enum error_code call_result(const struct https_call *c, CURLcode result, char *reason, size_t cap)
{
    long port = 0, system = 0; /* the local port is known once TCP is connected */
    enum error_code code = code_of(result);
    (void)snprintf(reason, cap, "%s", *c->reason ? c->reason : curl_easy_strerror(result));
    if (c->refused) {
        (void)snprintf(reason, cap, "%s", error_text(c->refused));
        return c->refused;
    }
    if (c->overflow) {
        (void)snprintf(reason, cap, "answer of more than %zu octets", c->response_max);
        return ERROR_TOO_LARGE;
    }
    if (code == ERROR_TIMEOUT && curl_easy_getinfo(c->easy, CURLINFO_LOCAL_PORT, &port) == CURLE_OK && port == 0)
        return ERROR_CONNECT;
    (void)curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &system);
    bool cut = system == ECONNRESET || system == EPIPE || strstr(c->reason, "SSL_ERROR_SYSCALL") || strstr(c->reason, "unexpected eof");
    if (code == ERROR_TLS && cut)
        return ERROR_SERVER_CLOSED; /* in the middle of the handshake */
    return code;
}

/* A connection that was kept from a former request had its way opened then. */
enum error_code call_blame(const struct https_call *c, enum error_code code)
{
    long answer = 0, opened = 0;
    if (!c->proxy.host[0] || code == ERROR_INTERNAL)
        return code;
    if (code == ERROR_NAME_LOOKUP || code == ERROR_CONNECT)
        return ERROR_PROXY;
    (void)curl_easy_getinfo(c->easy, CURLINFO_HTTP_CONNECTCODE, &answer);
    (void)curl_easy_getinfo(c->easy, CURLINFO_NUM_CONNECTS, &opened);
    return opened > 0 && answer / 100 != 2 ? ERROR_PROXY : code;
}

static const char *response_header(const struct https_response *r, const char *name)
{
    const struct https_call *c = r->impl;
    struct curl_header *h = NULL;
    return curl_easy_header(c->easy, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK ? h->value : NULL;
}

void call_response(struct https_call *c, struct https_response *r)
{
    char *type = NULL;
    *r = (struct https_response){ .body = { c->response, c->response_len }, .header = response_header, .impl = c };
    (void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &r->status);
    if (curl_easy_getinfo(c->easy, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type)
        (void)text_copy(c->content_type, sizeof c->content_type, type);
    r->content_type = c->content_type;
}
