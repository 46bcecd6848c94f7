/* SPDX-License-Identifier: Apache-2.0 */
/* The IMS identities that there are: those of the ACTIVE ISIMs, read from their files. Shows Mid.Impus. */
#ifndef PN_IDENTITIES_H
#define PN_IDENTITIES_H

#include "codec/mid_identity.h"
#include "model/tree.h"
#include "trust/trust_aka.h"

struct identities;

/* What is known of a MID: whether it is there as an ACTIVE ISIM at all, and its files, once they were read. */
enum identities_state { IDENTITIES_NONE, IDENTITIES_UNKNOWN, IDENTITIES_KNOWN };

/* changed: from the loop, whenever an answer of the functions below may be another one. */
struct identities *identities_new(struct trust *trust, struct tree *tree, void (*changed)(void *user), void *user);
void identities_free(struct identities *s);
/* The Mid nodes were brought up to date. */
void identities_look(struct identities *s);
/* The TRE went away: nothing is known before the next look. */
void identities_lost(struct identities *s);
/* Of the n-th ISIM whose files are known: its MID id, and its identity; NULL past the end. Borrowed until the next look. */
const struct mid_identity *identities_at(const struct identities *s, size_t n, const char **mid_id);
/* UNKNOWN for every MID while the TRE is away or has not listed them yet. identity (may be NULL) is set when KNOWN. */
enum identities_state identities_of(const struct identities *s, const char *mid_id, const struct mid_identity **identity);

#endif
