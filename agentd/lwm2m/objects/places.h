/* SPDX-License-Identifier: Apache-2.0 */
/* Instances that stand for nodes of the agent's tree. A node keeps its instance id for the client's life, also while others come and go: an
 * observation never slides to another profile. */
#ifndef LWM2M_OBJECTS_PLACES_H
#define LWM2M_OBJECTS_PLACES_H

#include "model/tree.h"

enum { PLACES = 8, PLACE_TEXT = 64 };

struct places {
    char node[PLACES][PLACE_TEXT]; /* id of the node that was seen there; "": never used */
};

/* Gives new nodes of the kind that are Installed a place; one more than PLACES is not shown. tree may be NULL: no nodes. */
bool places_at(struct places *p, struct tree *tree, enum tree_kind kind, size_t index, uint16_t *id);
/* NULL: nothing there now. */
struct node *places_node(const struct places *p, struct tree *tree, enum tree_kind kind, uint16_t id);

#endif
