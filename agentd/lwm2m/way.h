/* SPDX-License-Identifier: Apache-2.0 */
/* How a session of coap.h outlives its process: what another process needs to go on with it. */
#ifndef LWM2M_WAY_H
#define LWM2M_WAY_H

#include "lwm2m/coap.h"

/* Of datagrams without security where they came from, of DTLS the session, which is a secret. */
enum { COAP_WAY_MAX = 4096 };
struct coap_way {
    struct ip_address address; /* ours */
    uint16_t port;
    uint8_t session[COAP_WAY_MAX];
    size_t session_len;
    uint64_t judged; /* Unix seconds: when the server has proved itself, in the whole handshake that the session comes from */
};

bool coap_link_way(const struct coap_link *link, struct coap_way *out); /* false: it cannot be taken up by another */
/* Of a connected one: has it taken up the way that it was given, as far as the server is concerned? */
bool coap_link_resumed(const struct coap_link *link, const struct coap_way *way);
void coap_link_hush(struct coap_link *link); /* what ends it will not tell the server */

#endif
