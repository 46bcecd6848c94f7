/* SPDX-License-Identifier: Apache-2.0 */
/* One session to one server, over UDP, DTLS, TCP or TLS, in both directions: with pdu.h all that knows libcoap. Requests of the server come as values and are
 * answered at once; duplicates are answered from memory (RFC 7252 clause 4.5) and never reach the handler. */
#ifndef LWM2M_COAP_H
#define LWM2M_COAP_H

#include "base/error.h"
#include "base/loop.h"
#include "base/reader.h"
#include "base/writer.h"
#include "lwm2m/coap_code.h"
#include "lwm2m/endpoint.h"
#include "model/lease.h"

enum { COAP_SEGMENTS = 6, COAP_QUERIES = 8, COAP_TOKEN_MAX = 8, COAP_ANSWER_MAX = 8192 };
struct coap_token {
    uint8_t data[COAP_TOKEN_MAX], len;
};

struct coap_request { /* borrowed for the call */
    enum coap_method method;
    struct slice segment[COAP_SEGMENTS];
    size_t segments;          /* more than COAP_SEGMENTS: the path is longer than any of ours */
    struct slice query[COAP_QUERIES];
    size_t queries;           /* same */
    int accept, content_format; /* -1: absent */
    int observe;              /* -1: absent; 0 register, 1 cancel */
    uint32_t size1;           /* octets of the whole body, 0: not told */
    int64_t block1;           /* Block1 as on the wire, -1: absent; a handler gets whole bodies all the same */
    bool block2, if_none_match; /* asks for a block of the answer; has If-None-Match, or an If-Match that cannot match: nothing here has an ETag */
    struct coap_token token;
    struct slice payload;
};

struct coap_answer {
    enum coap_code code;
    int content_format;  /* -1: none */
    int64_t observe;     /* -1: no option */
    uint16_t created[2]; /* object and instance of a Create whose id the client chose; 0, 0: no Location-Path */
    struct writer body;  /* room of COAP_ANSWER_MAX octets; sent in blocks if needed */
};

struct coap_response { /* of the server to our request; borrowed for the call */
    uint8_t code;
    struct coap_token token, etag; /* an ETag has as many octets; len 0: none */
    int content_format;  /* -1: absent */
    uint32_t max_age;    /* seconds; 0: absent */
    int64_t block2;      /* Block2 as on the wire, -1: absent; payload is that block */
    char location[128];  /* Location-Path as "/rd/abc", "" if none or too long */
    struct slice payload;
};

/* All come from inside the library: they must not free the link, and answer or post. */
struct coap_events {
    void (*connected)(void *user);
    void (*lost)(void *user, const struct error *error);                       /* the session is dead: free the link soon */
    void (*request)(void *user, const struct coap_request *request, struct coap_answer *answer);
    void (*response)(void *user, const struct coap_response *response);
    void (*unanswered)(void *user, const struct coap_token *token, bool reset); /* given up after all retransmissions, or RST */
    /* A request with Block1 whose body is too large for memory: true if it was taken and answered as it is. NULL: there are none. */
    bool (*block)(void *user, const struct coap_request *request, struct coap_answer *answer);
};

struct coap_link;
struct coap_peer {
    const struct ip_address *local, *remote; /* local NULL: any */
    const struct endpoint *endpoint; /* must outlive the link */
    const struct coap_way *way;      /* of way.h, to take up again; NULL: begin anew */
};

/* Opens the session and starts the handshake, which is lost by itself when the server is silent too long, or after 4 min. The addresses are copied. */
struct coap_link *coap_link_new(const struct loop *loop, const struct coap_peer *peer, const struct coap_events *events, void *user, struct error *err);
/* Why there is no session (yet), error may be NULL; false if there is one. */
bool coap_link_describe(const struct coap_link *link, struct error *error);
void coap_link_free(struct coap_link *link); /* NULL is fine; closes the session without waiting */

struct coap_call {
    enum coap_method method;
    const char *path;                 /* "/rd/abc": no query, no escapes */
    const char *const *queries;       /* NULL-terminated, may be NULL */
    int content_format;               /* -1: no payload */
    struct slice payload;
    int64_t accept, block2;           /* 0: no option; else one more than its value */
    bool escaped;                     /* path is what follows the authority of a URI (RFC 3986): with a query, and escapes */
};
/* Sends a confirmable request with a fresh random token. IO, NO_MEMORY. */
enum error_code coap_link_call(struct coap_link *link, const struct coap_call *call, struct coap_token *token);

struct coap_notification {
    struct coap_token token;
    uint32_t sequence;
    int content_format;
    bool confirmable;
    struct slice body;
};
/* A body that does not fit goes out as its first block (RFC 7959 clause 2.6). IO, NO_MEMORY, TOO_LARGE. */
enum error_code coap_link_notify(struct coap_link *link, const struct coap_notification *n);
bool token_equal(const struct coap_token *a, const struct coap_token *b);

#endif
