/* SPDX-License-Identifier: Apache-2.0 */
/* What the client has to say: Status, Results, Alert and Replace as finished pieces of SyncML, packed into messages that the server can take. CmdIDs
 * are unique in a session, so that a piece may travel in a later message. Inside dm/ only. */
#ifndef DM_OUTBOX_H
#define DM_OUTBOX_H

#include <stdbool.h>

#include "base/writer.h"
#include "codec/syncml.h"
#include "dm/tree.h"

enum { DM_OUTBOX_OCTETS = 48 * 1024, DM_OUTBOX_PIECES = 768 };

struct dm_outbox {
    uint8_t data[DM_OUTBOX_OCTETS];
    struct writer w;
    size_t end[DM_OUTBOX_PIECES]; /* where each piece ends */
    size_t pieces, sent;
    unsigned cmd_id;              /* last one given */
    bool failed;                  /* more than the outbox holds */
};

struct dm_challenge { /* in a Status for SyncHdr */
    enum dm_auth type;
    const uint8_t *nonce; /* NULL: none */
    size_t nonce_len;
};

struct dm_status_out {
    const char *msg_ref;
    struct slice cmd_ref;
    const char *cmd;
    struct slice target_ref, source_ref; /* may be empty */
    int status;
    const struct dm_challenge *challenge; /* may be NULL */
};

struct dm_generic { /* generic alert, OMA DM Protocol 1.2 section 8.7 */
    const char *source, *type, *format, *data;
    struct slice correlator; /* may be empty */
};

void outbox_reset(struct dm_outbox *o); /* forgets unsent pieces; CmdIDs go on */
bool outbox_empty(const struct dm_outbox *o);
void outbox_status(struct dm_outbox *o, const struct dm_status_out *s);
void outbox_put_status(struct dm_outbox *o, struct writer *out, const struct dm_status_out *s); /* at once, before the pieces */
void outbox_results(struct dm_outbox *o, const char *msg_ref, struct slice cmd_ref, struct slice uri, enum dm_format format, struct slice value);
unsigned outbox_alert(struct dm_outbox *o, int code, struct slice target); /* target may be empty; gives the CmdID */
unsigned outbox_generic(struct dm_outbox *o, const struct dm_generic *g);
void outbox_devinfo(struct dm_outbox *o, struct dm_tree *tree); /* Replace of ./DevInfo */
/* Moves pieces into out while it stays below limit octets (at least one); true if all have gone. */
bool outbox_pack(struct dm_outbox *o, struct writer *out, size_t limit);

#endif
