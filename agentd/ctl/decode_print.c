/* SPDX-License-Identifier: Apache-2.0 */
/* Printing; recursion is bounded by PROV_MAX_DEPTH. */
#include "ctl/decode_print.h"

#include <jansson.h>
#include <stdio.h>

#include "base/text.h"

static void reason_text(const struct push_check *c, char *out, size_t cap)
{
    out[0] = '\0';
    if (!c->accepted)
        (void)snprintf(out, cap, "%s: %s", error_name(c->error.code), c->error.text);
}

static json_t *json_of(const struct prov_node *n)
{
    json_t *attributes = json_object(), *children = json_array();
    for (int a = 0; a < PROV_ATTRIBUTES; a++)
        if (n->attribute[a])
            (void)json_object_set_new(attributes, prov_attribute_name((enum prov_attribute)a), json_string(n->attribute[a]));
    if (n->has_opaque) {
        char hex[2 * PROV_MAX_VALUE + 1];
        (void)json_object_set_new(attributes, "value", json_pack("{s:s}", "opaque_hex", text_hex(n->opaque.data, n->opaque.len, hex)));
    }
    for (const struct prov_node *child = n->child; child; child = child->next)
        (void)json_array_append_new(children, json_of(child));
    return json_pack("{s:s,s:o,s:o}", "element", prov_element_name(n->element), "attributes", attributes, "children", children);
}

void decode_print_json(const struct push_check *c)
{
    char reason[256];
    reason_text(c, reason, sizeof reason);
    json_t *root = json_pack("{s:i,s:s,s:s,s:s,s:s?,s:s,s:o}", "schema", 1, "kind", "push", "verdict", c->accepted ? "accept" : "reject", "reason", reason,
                             "sec", c->has_header ? push_sec_name(&c->push) : NULL, "mac", push_mac_name(c->mac), "document",
                             c->document ? json_of(c->document) : json_null());
    (void)json_dumpf(root, stdout, JSON_INDENT(2));
    (void)putchar('\n');
    json_decref(root);
}

/* Values come from strangers and go to a terminal: control characters (C0, DEL, C1) are written as \xNN. */
static void print_text(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        bool c1 = p[0] == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0;
        if (*p < 0x20 || *p == 0x7f || c1)
            printf("\\x%02x", c1 ? *++p : *p);
        else
            (void)putchar(*p);
    }
}

static void print_value(const struct prov_node *n)
{
    if (n->has_opaque) {
        char hex[2 * PROV_MAX_VALUE + 1];
        printf(" = (octets) %s", text_hex(n->opaque.data, n->opaque.len, hex));
    } else if (n->attribute[PROV_VALUE]) {
        (void)fputs(" = ", stdout);
        print_text(n->attribute[PROV_VALUE]);
    }
}

static void print_node(const struct prov_node *n, int depth)
{
    const char *name = n->attribute[n->element == PROV_PARM ? PROV_NAME : n->element == PROV_CHARACTERISTIC ? PROV_TYPE : PROV_VERSION];
    printf("%6zu  %*s%s", n->offset, 2 * depth, "", n->element == PROV_DOCUMENT ? "wap-provisioningdoc " : "");
    print_text(name ? name : "");
    print_value(n);
    (void)putchar('\n');
    for (const struct prov_node *child = n->child; child; child = child->next)
        print_node(child, depth + 1);
}

void decode_print_text(const struct push_check *c)
{
    char reason[256];
    reason_text(c, reason, sizeof reason);
    printf("verdict   %s%s%s\n", c->accepted ? "accept" : "reject", reason[0] ? ", " : "", reason);
    if (c->has_header) {
        const char *sec = push_sec_name(&c->push);
        printf("push      tid %u, %s\n", c->push.tid, wsp_media_name(c->push.media));
        printf("security  SEC %s, MAC %s\n", sec ? sec : "none", push_mac_name(c->mac));
        printf("document  %zu octets\n", c->push.body.len);
    }
    if (c->document) {
        puts("octet");
        print_node(c->document, 0);
    }
}
