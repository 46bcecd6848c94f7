/* SPDX-License-Identifier: Apache-2.0 */
/* The factory's LwM2M accounts of a context, as one message of the agent to itself (source "factory"). Holds no secret: keys are named, the TRE has them. */
#ifndef BOOTSTRAP_FACTORY_MESSAGE_H
#define BOOTSTRAP_FACTORY_MESSAGE_H

#include "base/writer.h"
#include "bootstrap/site.h"
#include "bootstrap/start/route.h"

enum { FACTORY_MESSAGE_MAX = 4096 };

/* ask_server: the bootstrap server is asked though server accounts are there. The same octets for the same generation: a message is acted on once. */
void factory_message_write(struct writer *w, const struct factory_data *f, const char *context, bool ask_server, uint64_t generation);
/* Reads that, and the instructions without envelope that other accounts of the factory make. MALFORMED, or as instruction_read. */
route_read_fn document_read_factory;

#endif
