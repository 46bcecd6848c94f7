/* SPDX-License-Identifier: Apache-2.0 */
/* One walk over a card: EF_ICCID, EF_DIR, the object directory, its data object directories, and each bootstrap file that they name (LwM2M TS appendix G).
 * Reads only, one file at a time; a first entry of a kind wins, directories in their order. */
#ifndef CARD_WALK_H
#define CARD_WALK_H

#include "access/access.h"
#include "codec/pkcs15.h"

enum { CARD_KINDS = 5, CARD_CONTENT_MAX = 32768 };

struct card_content {
    char iccid[24];     /* digits */
    enum card_way way;  /* by which the files came */
    size_t count;       /* 0: the card has no bootstrap file */
    struct {
        enum pkcs15_object object;
        struct slice octets;
    } entry[CARD_KINDS];
};

struct walk;

/* error NULL: content is borrowed for the call. Else why: PIN_REQUIRED, NOT_READY, MALFORMED ..; content->iccid is set if it was read. The walk has ended. */
typedef void walk_fn(void *user, const struct error *error, const struct card_content *content);

/* card must be watched. dm_oid as for pkcs15_dodf_next, borrowed. fn is called once, from the loop, unless walk_free is called before (or from within). */
struct walk *walk_start(struct access *access, const char *card, const char *dm_oid, walk_fn *fn, void *user);
void walk_free(struct walk *w); /* NULL is fine */

#endif
