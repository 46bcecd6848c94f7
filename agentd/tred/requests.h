/* SPDX-License-Identifier: Apache-2.0 */
/* One request of model/tre_wire.h: permit, bounds, action, answer. */
#ifndef TRED_REQUESTS_H
#define TRED_REQUESTS_H

#include "base/writer.h"
#include "tred/tre.h"

enum requests_verdict { REQUEST_ANSWER, REQUEST_FORBIDDEN, REQUEST_MALFORMED };

/* peers: mask of enum tre_peer. On REQUEST_ANSWER *status and out are the answer; otherwise the connection must end. */
enum requests_verdict requests_handle(struct tre *t, unsigned peers, uint16_t op, struct slice body, enum error_code *status,
                                      struct writer *out);
const char *requests_name(uint16_t op); /* "STATUS", ..; "unknown" */

#endif
