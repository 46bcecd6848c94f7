/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the TRE that cannot wait for the loop, because what asks must have the answer before it may say another word: a handshake, a request of a server.
 * Each has a connection of its own, and waits TRUST_ASK_WAIT_MS at most. All else goes through trust/trust.h. */
#ifndef TRUST_ASK_H
#define TRUST_ASK_H

#include "base/error.h"
#include "base/reader.h"

enum { TRUST_ASK_WAIT_MS = 3000 };

/* PEER_LOST, TIMEOUT, or what the TRE says. answer: borrowed until the next question. */
enum error_code trust_ask(const char *socket, uint16_t op, struct slice body, struct slice *answer);
/* As trust_seal; plain: at most TRUST_ASK_PLAIN_MAX octets, else TOO_LARGE. */
enum { TRUST_ASK_PLAIN_MAX = 8192 };
enum error_code trust_seal_now(const char *socket, const char *label, struct slice plain, struct slice *blob);

#endif
