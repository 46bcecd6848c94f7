/* SPDX-License-Identifier: Apache-2.0 */
/* Printing; recursion is as deep as the parsers' bounds let a tree be. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ctl/decode_item.h"

static void reason_text(const struct decode_result *r, char *out, size_t cap)
{
    out[0] = '\0';
    if (!r->accepted)
        (void)snprintf(out, cap, "%s: %s", error_name(r->error.code), r->error.text);
}

static json_t *json_of(const struct prov_node *n)
{
    json_t *attributes = json_object(), *children = json_array();
    for (enum prov_attribute a = PROV_VERSION; a < PROV_ATTRIBUTES; a++)
        if (prov_attribute(n, a))
            (void)json_object_set_new(attributes, prov_attribute_name(a), json_string(prov_attribute(n, a)));
    if (n->has_opaque) {
        char hex[2 * PROV_MAX_VALUE + 1];
        (void)json_object_set_new(attributes, "value", json_pack("{s:s}", "opaque_hex", text_hex(n->octets.data, n->octets.len, hex)));
    }
    for (const struct prov_node *child = n->child; child; child = child->next)
        (void)json_array_append_new(children, json_of(child));
    return json_pack("{s:s,s:o,s:o}", "element", prov_element_name(n->element), "attributes", attributes, "children", children);
}

static const struct prov_node *provisioning(const struct decode_result *r)
{
    return r->check ? r->check->document : NULL;
}

void decode_print_json(const char *kind, const struct decode_result *r)
{
    char reason[256];
    reason_text(r, reason, sizeof reason);
    json_t *document = provisioning(r) ? json_of(provisioning(r)) : r->document ? json_incref(r->document) : json_null();
    json_t *root = json_pack("{s:i,s:s,s:s,s:s,s:s?,s:s?,s:s,s:o}", "schema", 1, "kind", kind, "verdict", r->accepted ? "accept" : "reject", "reason", reason,
                             "sec", r->sec, "proof", r->proof, "mac", push_mac_name(r->mac), "document", document);
    if (r->parts)
        (void)json_object_set(root, "parts", r->parts);
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
    const char *value = prov_value(n);
    if (n->has_opaque) {
        char hex[2 * PROV_MAX_VALUE + 1];
        printf(" = (octets) %s", text_hex(n->octets.data, n->octets.len, hex));
    } else if (value) {
        (void)fputs(" = ", stdout);
        print_text(value);
    }
}

static void print_node(const struct prov_node *n, int depth)
{
    const char *name = prov_own(n);
    printf("%6u  %*s%s", n->offset, 2 * depth, "", n->element == PROV_DOCUMENT ? "wap-provisioningdoc " : "");
    print_text(name ? name : "");
    print_value(n);
    (void)putchar('\n');
    for (const struct prov_node *child = n->child; child; child = child->next)
        print_node(child, depth + 1);
}

static void print_attribute(const char *name, const json_t *value)
{
    bool main = strcmp(name, "value") == 0;
    printf(main ? " = " : " %s=", name);
    if (json_is_integer(value))
        printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_string(value))
        print_text(json_string_value(value));
    else
        printf("(octets) %s", json_string_value(json_object_get(value, "octets_hex")));
}

static void print_item(const json_t *item, int depth)
{
    const char *name;
    json_t *attributes = json_object_get(item, "attributes"), *value, *offset = json_object_get(attributes, "offset");
    size_t i;
    if (offset)
        printf("%6" JSON_INTEGER_FORMAT "  %*s", json_integer_value(offset), 2 * depth, "");
    else
        printf("%6s  %*s", "", 2 * depth, "");
    print_text(json_string_value(json_object_get(item, "element")));
    json_object_foreach(attributes, name, value)
        if (value != offset)
            print_attribute(name, value);
    (void)putchar('\n');
    json_array_foreach(json_object_get(item, "children"), i, value)
        print_item(value, depth + 1);
}

static void print_push(const struct push_check *c)
{
    const char *sec = push_sec_name(&c->push);
    printf("push      tid %u, %s\n", c->push.tid, wsp_media_name(c->push.media));
    printf("security  SEC %s, MAC %s\n", sec ? sec : "none", push_mac_name(c->mac));
    printf("document  %zu octets\n", c->push.body.len);
}

static void print_proof(const struct decode_result *r)
{
    static const char *const names[] = { [PUSH_MAC_OK] = "verified", [PUSH_MAC_BAD] = "wrong", [PUSH_MAC_MISSING] = "missing", [PUSH_MAC_UNCHECKED] = "not checked" };
    printf("proof     %s: %s\n", r->proof, names[r->mac]);
}

void decode_print_text(const char *kind, const struct decode_result *r)
{
    char reason[256];
    size_t i;
    json_t *part;
    reason_text(r, reason, sizeof reason);
    printf("kind      %s\n", kind);
    printf("verdict   %s%s%s\n", r->accepted ? "accept" : "reject", reason[0] ? ", " : "", reason);
    if (r->check && r->check->has_header)
        print_push(r->check);
    if (r->proof)
        print_proof(r);
    if (r->parts || r->document || provisioning(r))
        puts("octet");
    json_array_foreach(r->parts, i, part)
        print_item(part, 0);
    if (provisioning(r))
        print_node(provisioning(r), 0);
    else if (r->document)
        print_item(r->document, 0);
}
