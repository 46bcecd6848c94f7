/* SPDX-License-Identifier: Apache-2.0 */
/* One DTLS-PSK session to one server, in both directions: the only file that knows libcoap. Requests of the server come as values and are
 * answered at once; duplicates are answered from memory (RFC 7252 clause 4.5) and never reach the handler. */
#ifndef LWM2M_COAP_H
#define LWM2M_COAP_H

#include "base/error.h"
#include "base/loop.h"
#include "base/reader.h"
#include "base/writer.h"
#include "model/lease.h"

enum { COAP_SEGMENTS = 6, COAP_QUERIES = 8, COAP_TOKEN_MAX = 8, COAP_ANSWER_MAX = 8192 };
enum coap_method { METHOD_GET = 1, METHOD_POST, METHOD_PUT, METHOD_DELETE, METHOD_FETCH, METHOD_PATCH, METHOD_IPATCH };
/* CoAP codes as on the wire: class << 5 | detail. */
enum coap_code {
    CODE_CREATED = 0x41, CODE_DELETED = 0x42, CODE_CHANGED = 0x44, CODE_CONTENT = 0x45,
    CODE_BAD_REQUEST = 0x80, CODE_UNAUTHORIZED = 0x81, CODE_BAD_OPTION = 0x82, CODE_FORBIDDEN = 0x83, CODE_NOT_FOUND = 0x84,
    CODE_METHOD_NOT_ALLOWED = 0x85, CODE_NOT_ACCEPTABLE = 0x86, CODE_PRECONDITION_FAILED = 0x8c, CODE_TOO_LARGE = 0x8d,
    CODE_UNSUPPORTED_FORMAT = 0x8f, CODE_INTERNAL = 0xa0,
};

struct coap_token {
    uint8_t data[COAP_TOKEN_MAX];
    size_t len;
};

struct coap_request { /* borrowed for the call */
    enum coap_method method;
    struct slice segment[COAP_SEGMENTS];
    size_t segments;          /* more than COAP_SEGMENTS: the path is longer than any of ours */
    struct slice query[COAP_QUERIES];
    size_t queries;           /* same */
    int accept, content_format; /* -1: absent */
    int observe;              /* -1: absent; 0 register, 1 cancel */
    bool more_blocks;         /* Block1: part of a larger body */
    bool if_none_match;       /* also an If-Match that cannot match: nothing here has an ETag */
    struct coap_token token;
    struct slice payload;
};

struct coap_answer {
    enum coap_code code;
    int content_format;  /* -1: none */
    int64_t observe;     /* -1: no option */
    struct writer body;  /* room of COAP_ANSWER_MAX octets; sent in blocks if needed */
};

struct coap_response { /* of the server to our request; borrowed for the call */
    uint8_t code;
    struct coap_token token;
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
};

struct coap_link;

struct coap_peer {
    const struct ip_address *local; /* NULL: any */
    const struct ip_address *remote;
    uint16_t port;
    const char *host;               /* SNI; an IP literal gives none (RFC 6066 clause 3) */
    const char *identity;
    struct slice key;
};

/* Opens the session and starts the handshake. peer is copied by the library. */
struct coap_link *coap_link_new(const struct loop *loop, const struct coap_peer *peer, const struct coap_events *events, void *user, struct error *err);
/* Why there is no session (yet); false if there is one. */
bool coap_link_describe(const struct coap_link *link, struct error *error);
void coap_link_free(struct coap_link *link); /* NULL is fine; closes the session without waiting */

struct coap_call {
    enum coap_method method;
    const char *path;                 /* "/rd/abc": no query, no escapes */
    const char *const *queries;       /* NULL-terminated, may be NULL */
    int content_format;               /* -1: no payload */
    struct slice payload;
};
/* Sends a confirmable request with a fresh random token. IO, NO_MEMORY. */
enum error_code coap_link_call(struct coap_link *link, const struct coap_call *call, struct coap_token *token);
/* Sends a confirmable notification; a body that does not fit goes out as its first block (RFC 7959 clause 2.6). */
enum error_code coap_link_notify(struct coap_link *link, const struct coap_token *token, uint32_t sequence, int content_format, struct slice body);
bool token_equal(const struct coap_token *a, const struct coap_token *b);

#endif
