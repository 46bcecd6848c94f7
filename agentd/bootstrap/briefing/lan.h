/* SPDX-License-Identifier: Apache-2.0 */
/* Briefing nodes that announce themselves in the LAN (doc briefing-node). Strangers, all of them: what they answer is octets for the route "lan", which takes a
 * signature by an instruction key and nothing else; when they want to be asked again is not listened to. Shows Manager.AvahiState. */
#ifndef BOOTSTRAP_BRIEFING_LAN_H
#define BOOTSTRAP_BRIEFING_LAN_H

#include "bootstrap/briefing/bbn.h"
#include "bootstrap/site.h"

#define LAN_SERVICE "_gateway-agent-bbn" /* by _tcp over HTTPS, by _udp over CoAP with DTLS */

struct lan;

/* A node gave octets (borrowed for the call), or all had nothing: empty. failed: one of them at least could not be asked; that was reported. */
typedef void lan_done_fn(void *user, bool failed, struct slice octets);

/* news: a node appeared. */
struct lan *lan_new(struct site *site, struct https *https, void (*news)(void *user), void *user);
void lan_free(struct lan *l);
/* Asks each known node once, beginning behind the one that was asked last; the first octets end it. False if nobody is known. fn once from the loop. */
bool lan_ask(struct lan *l, const char *context, lan_done_fn *fn, void *user);

#endif
