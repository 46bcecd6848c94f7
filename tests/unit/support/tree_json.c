/* SPDX-License-Identifier: Apache-2.0 */
/* Recursion is bounded by the depth of the tree. */
#include "support/tree_json.h"

#include <glib.h>

#include "base/text.h"

json_t *tree_json(const struct prov_node *n)
{
    static const char *const names[] = { "version", "type", "name", "value" };
    json_t *attributes = json_object(), *children = json_array();
    for (enum prov_attribute i = PROV_VERSION; i < PROV_ATTRIBUTES; i++)
        if (prov_attribute(n, i))
            g_assert_cmpint(json_object_set_new(attributes, names[i], json_string(prov_attribute(n, i))), ==, 0);
    if (n->has_opaque) {
        g_autofree char *hex = g_malloc(2 * n->octets.len + 1);
        json_object_set_new(attributes, "value", json_pack("{s:s}", "opaque_hex", text_hex(n->octets.data, n->octets.len, hex)));
    }
    for (const struct prov_node *c = n->child; c; c = c->next)
        json_array_append_new(children, tree_json(c));
    static const char *const elements[] = { "wap-provisioningdoc", "characteristic", "parm" };
    return json_pack("{s:s,s:o,s:o}", "element", elements[n->element], "attributes", attributes, "children", children);
}
