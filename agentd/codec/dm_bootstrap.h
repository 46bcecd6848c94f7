/* SPDX-License-Identifier: Apache-2.0 */
/* OMA DM Bootstrap 1.2, DM profile: one message of Add commands that put management trees (TNDS) into ./Inbox. The outer message is WBXML; each tree is
 * WBXML or XML in Data, or elements of the message. Authentication comes first and is not here. */
#ifndef CODEC_DM_BOOTSTRAP_H
#define CODEC_DM_BOOTSTRAP_H

#include "codec/tnds.h"

enum { DM_BOOTSTRAP_ARENA = 1024 * 1024, DM_BOOTSTRAP_ITEMS = 32 };

struct dm_bootstrap_item {
    const char *target;           /* LocURI: ./Inbox or below */
    const struct tnds_node *root; /* the first of the tree's roots */
    uint16_t offset;              /* of its Item in the message */
    size_t tree_octets;           /* of the tree in Data; 0: elements of the message */
    bool xml;                     /* the tree came as XML */
    struct dm_bootstrap_item *next;
};

struct dm_bootstrap {
    const char *server_id; /* Source LocURI */
    const char *device_id; /* Target LocURI; of no meaning for trust */
    struct dm_bootstrap_item *item;
};

/* Any message within the bounds fits an arena of DM_BOOTSTRAP_ARENA octets; its end is split off for the time of the call, wiped and not given back. All is
 * copied out of doc. TRUNCATED, MALFORMED, NOT_SUPPORTED (another
 * version, command or target), TOO_LARGE, NO_MEMORY. */
enum error_code dm_bootstrap_decode(struct slice doc, struct arena *arena, struct dm_bootstrap *out, struct error *err);
/* One tree as octets: WBXML or XML, told by their first octet. scratch may be reset afterwards. */
enum error_code dm_bootstrap_tree(struct slice tree, struct arena *scratch, struct arena *arena, const struct tnds_node **root, struct error *err);

#endif
