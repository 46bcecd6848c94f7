/* SPDX-License-Identifier: Apache-2.0 */
/* Textual provisioning document -> tree, by expat. Declarations inside the document (entities, default attributes) are refused, so that nothing
 * expands; a reference to the external DTD is passed over. Expat's memory comes from the caller's arena too: it is taken, never given back before
 * the arena is, and so bounded. */
#include <expat.h>
#include <stddef.h>
#include <string.h>

#include "codec/prov_build.h"

struct decoder {
    XML_Parser parser;
    struct prov_build *build;
    enum error_code rc;
    struct error *err;
};

/* expat's memory functions take no argument of ours: the arena of the call at work, one a thread. */
static _Thread_local struct arena *memory;

struct block { /* in front of what expat gets */
    size_t len;
    max_align_t data[];
};

static void *memory_get(size_t len)
{
    struct block *b = len <= SIZE_MAX - sizeof *b ? arena_get(memory, sizeof *b + len) : NULL;
    if (!b)
        return NULL;
    b->len = len;
    return b->data;
}

static void memory_drop(void *p)
{
    (void)p;
}

static void *memory_resize(void *old, size_t len)
{
    size_t have = old ? ((struct block *)(void *)((char *)old - offsetof(struct block, data)))->len : 0;
    if (old && len <= have)
        return old;
    void *p = memory_get(len);
    if (p && have)
        memcpy(p, old, have);
    return p;
}

static void stop(struct decoder *d, enum error_code rc)
{
    if (!d->rc)
        d->rc = rc;
    (void)XML_StopParser(d->parser, XML_FALSE);
}

static bool attribute_of(const char *name, enum prov_attribute *a)
{
    for (int i = 0; i < PROV_ATTRIBUTES; i++)
        if (strcmp(name, prov_attribute_name((enum prov_attribute)i)) == 0) {
            *a = (enum prov_attribute)i;
            return true;
        }
    return false;
}

static bool element_of(const char *name, enum prov_element *e)
{
    for (int i = PROV_DOCUMENT; i <= PROV_PARM; i++)
        if (strcmp(name, prov_element_name((enum prov_element)i)) == 0) {
            *e = (enum prov_element)i;
            return true;
        }
    return false;
}

static void on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    struct decoder *d = user;
    enum prov_element e;
    struct prov_node *n;
    if (d->rc)
        return;
    enum error_code rc = element_of(name, &e) ? prov_build_open(d->build, e, &n, d->err)
                                              : error_set(d->err, ERROR_MALFORMED, "XML: unknown element %.40s", name);
    if (!rc)
        n->offset = (size_t)XML_GetCurrentByteIndex(d->parser);
    for (size_t i = 0; !rc && attributes[i]; i += 2) {
        enum prov_attribute a;
        if (!attribute_of(attributes[i], &a))
            rc = error_set(d->err, ERROR_MALFORMED, "XML: unknown attribute %.40s", attributes[i]);
        else if (!(rc = prov_build_add(d->build, (struct slice){ (const uint8_t *)attributes[i + 1], strlen(attributes[i + 1]) }, d->err)))
            rc = prov_build_set(d->build, n, a, d->err);
    }
    if (rc)
        stop(d, rc);
}

static void on_end(void *user, const XML_Char *name)
{
    (void)name;
    prov_build_close(((struct decoder *)user)->build);
}

static void on_text(void *user, const XML_Char *text, int len)
{
    struct decoder *d = user;
    for (int i = 0; i < len; i++)
        if (!strchr(" \t\r\n", text[i])) {
            stop(d, error_set(d->err, ERROR_MALFORMED, "XML: text between the elements"));
            return;
        }
}

static void on_doctype(void *user, const XML_Char *name, const XML_Char *system, const XML_Char *public, int has_internal_subset)
{
    struct decoder *d = user;
    (void)name, (void)system, (void)public;
    if (has_internal_subset)
        stop(d, error_set(d->err, ERROR_MALFORMED, "XML: declarations inside the document are refused"));
}

static enum error_code parse(struct decoder *d, struct slice doc)
{
    XML_SetUserData(d->parser, d);
    XML_SetElementHandler(d->parser, on_start, on_end);
    XML_SetCharacterDataHandler(d->parser, on_text);
    XML_SetStartDoctypeDeclHandler(d->parser, on_doctype);
    if (XML_Parse(d->parser, (const char *)doc.data, (int)doc.len, 1) == XML_STATUS_OK || d->rc)
        return d->rc;
    if (XML_GetErrorCode(d->parser) == XML_ERROR_NO_MEMORY)
        return error_set(d->err, ERROR_NO_MEMORY, "document needs too much memory");
    return error_set(d->err, ERROR_MALFORMED, "XML: line %lu: %s", (unsigned long)XML_GetCurrentLineNumber(d->parser),
                     XML_ErrorString(XML_GetErrorCode(d->parser)));
}

enum error_code prov_decode_xml(struct slice doc, struct arena *arena, struct prov_node **root, struct error *err)
{
    if (doc.len > PROV_MAX_OCTETS)
        return error_set(err, ERROR_TOO_LARGE, "provisioning document has %zu octets, allowed are %d", doc.len, PROV_MAX_OCTETS);
    static const XML_Memory_Handling_Suite suite = { memory_get, memory_resize, memory_drop };
    struct prov_build *build = arena_get(arena, sizeof *build);
    memory = arena;
    struct decoder d = { .parser = build ? XML_ParserCreate_MM(NULL, &suite, NULL) : NULL, .build = build, .err = err };
    if (!d.parser)
        return error_set(err, ERROR_NO_MEMORY, "document needs too much memory");
    build->arena = arena;
    enum error_code rc = parse(&d, doc);
    XML_ParserFree(d.parser);
    memory = NULL;
    return rc ? rc : prov_build_finish(build, root, err);
}
