/* SPDX-License-Identifier: Apache-2.0 */
/* Instance ids of nodes. Never writes to the tree. */
#include "lwm2m/objects/places.h"

#include <string.h>

#include "base/text.h"

static bool is_shown(const struct node *n)
{
    const struct tree_value *installed = n ? node_get(n, "Installed") : NULL;
    return installed && installed->flag;
}

struct node *places_node(const struct places *p, struct tree *tree, enum tree_kind kind, uint16_t id)
{
    if (!tree || id >= PLACES || !p->node[id][0])
        return NULL;
    struct node *n = tree_find(tree, kind, p->node[id]);
    return is_shown(n) ? n : NULL;
}

static bool has_place(const struct places *p, const char *node)
{
    for (size_t i = 0; i < PLACES; i++)
        if (strcmp(p->node[i], node) == 0)
            return true;
    return false;
}

/* A place that nobody had before; else one whose node is gone. */
static void give_place(struct places *p, struct tree *tree, enum tree_kind kind, const char *node)
{
    size_t free_place = PLACES;
    for (size_t i = PLACES; i-- > 0;)
        if (!p->node[i][0] || (!places_node(p, tree, kind, (uint16_t)i) && (free_place == PLACES || p->node[free_place][0])))
            free_place = i;
    if (free_place < PLACES && strlen(node) < PLACE_TEXT)
        (void)text_copy(p->node[free_place], PLACE_TEXT, node);
}

bool places_at(struct places *p, struct tree *tree, enum tree_kind kind, size_t index, uint16_t *id)
{
    for (struct node *n = tree ? tree_next(tree, kind, NULL) : NULL; n; n = tree_next(tree, kind, n))
        if (is_shown(n) && !has_place(p, node_id(n)))
            give_place(p, tree, kind, node_id(n));
    for (uint16_t i = 0; i < PLACES; i++)
        if (places_node(p, tree, kind, i) && index-- == 0) {
            *id = i;
            return true;
        }
    return false;
}
