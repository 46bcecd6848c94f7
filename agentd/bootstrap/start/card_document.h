/* SPDX-License-Identifier: Apache-2.0 */
/* The bootstrap files of a card as one message, so that they take the way of every message: sealed, committed, looked at once. Layout, big endian: u8 version,
 * 32 octets card id, u32 generation, u8 number of files, each: u8 kind (enum pkcs15_object), u16 length, octets. */
#ifndef BOOTSTRAP_START_CARD_DOCUMENT_H
#define BOOTSTRAP_START_CARD_DOCUMENT_H

#include "base/writer.h"
#include "bootstrap/start/route.h"
#include "card/walk.h"

enum { CARD_DOCUMENT_MAX = CARD_CONTENT_MAX + 64 };

void card_document_write(struct writer *w, const char *id, uint32_t generation, const struct card_content *c);
/* SHA-256 of the files alone in a written message: what "unchanged" means. False if it is none. */
bool card_document_hash(struct slice message, uint8_t hash[32]);

/* OMA CP (or, without it, OMA DM) and LwM2M files into t->settings, t->context, t->card and t->card_hash; errors of document.h and lwm2m/card_pack.h. POLICY: a server without
 * security; NOT_SUPPORTED: they bring no account. */
route_read_fn document_read_card;

#endif
