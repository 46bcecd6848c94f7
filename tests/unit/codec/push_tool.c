/* SPDX-License-Identifier: Apache-2.0 */
/* Pushes as our decoders read them, for comparison with another decoder. Standard input: messages, each behind its length (32 bits, big endian). Standard
 * output: a line of JSON for each, null if the header or the document is refused; octets of texts as Latin-1, so that none is lost. */
#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/prov.h"
#include "codec/syncml.h"
#include "codec/wsp.h"

enum { MESSAGE_MAX = 65535, ARENA = 512 * 1024 };

static void *memory;

static json_t *latin1(struct slice s)
{
    g_autofree char *text = g_malloc(2 * s.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < s.len; i++)
        len += (size_t)g_unichar_to_utf8(s.data[i], &text[len]);
    return json_stringn_nocheck(text, len);
}

static json_t *text_of(const char *text)
{
    return latin1((struct slice){ (const uint8_t *)text, strlen(text) });
}

static json_t *prov_json(const struct prov_node *n)
{
    json_t *attributes = json_object(), *children = json_array();
    for (enum prov_attribute a = PROV_VERSION; a < PROV_ATTRIBUTES; a++)
        if (prov_attribute(n, a))
            json_object_set_new(attributes, prov_attribute_name(a), text_of(prov_attribute(n, a)));
    if (n->has_opaque)
        json_object_set_new(attributes, "value", latin1(n->octets));
    for (const struct prov_node *c = n->child; c; c = c->next)
        json_array_append_new(children, prov_json(c));
    return json_pack("[s,o,s,o]", prov_element_name(n->element), attributes, "", children);
}

static json_t *syncml_json(const struct syncml_node *n)
{
    json_t *children = json_array();
    for (const struct syncml_node *c = n->child; c; c = c->next)
        json_array_append_new(children, syncml_json(c));
    return json_pack("[s,{},o,o]", syncml_name(n->element), latin1(n->text), children);
}

/* NULL: refused; null: of a kind that is not compared. */
static json_t *document(const struct wsp_push *push)
{
    struct arena arena = arena_make(memory, ARENA);
    struct error err = { 0 };
    if (push->media == WSP_MEDIA_CP_WBXML) {
        struct prov_node *root;
        return prov_decode_wbxml(push->body, &arena, &root, &err) ? NULL : prov_json(root);
    }
    if (push->media == WSP_MEDIA_DM_WBXML) {
        const struct syncml_node *root = syncml_decode_with_trees(push->body, &arena, &err);
        return root ? syncml_json(root) : NULL;
    }
    return json_null();
}

static json_t *judge(struct slice message)
{
    struct wsp_push push;
    struct error err = { 0 };
    json_t *doc = wsp_push_parse(message, &push, &err) ? NULL : document(&push);
    if (!doc)
        return json_null();
    json_t *out = json_pack("{s:i,s:o}", "tid", push.tid, "document", doc);
    if (push.media != WSP_MEDIA_OTHER)
        json_object_set_new(out, "media", json_string(wsp_media_name(push.media)));
    if (push.has_sec)
        json_object_set_new(out, "sec", json_integer(push.sec));
    if (push.has_mac)
        json_object_set_new(out, "mac", latin1(push.mac_text));
    if (push.has_application_id)
        json_object_set_new(out, "application", json_integer(push.application_id));
    return out;
}

int main(void)
{
    static uint8_t message[MESSAGE_MAX];
    uint8_t head[4];
    memory = aligned_alloc(64, ARENA);
    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        struct reader r = reader_make(head, sizeof head);
        size_t len = reader_u32(&r);
        if (len > sizeof message || fread(message, 1, len, stdin) != len)
            return 2;
        json_t *out = judge((struct slice){ message, len });
        json_dumpf(out, stdout, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
        putchar('\n');
        json_decref(out);
    }
    free(memory);
    return 0;
}
