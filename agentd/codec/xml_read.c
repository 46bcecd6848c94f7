/* SPDX-License-Identifier: Apache-2.0 */
/* expat behind three events. Owns no state but the arena of the call at work, one a thread. */
#include "codec/xml_read.h"

#include <expat.h>
#include <stddef.h>
#include <string.h>

struct session {
    XML_Parser parser;
    const struct xml_events *events;
    void *user;
    enum error_code rc;
    struct error *err;
};

/* expat's memory functions take no argument of ours */
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

static void judge(struct session *s, enum error_code rc)
{
    if (!rc)
        return;
    if (!s->rc)
        s->rc = rc;
    (void)XML_StopParser(s->parser, XML_FALSE);
}

static void on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    struct session *s = user;
    if (!s->rc)
        judge(s, s->events->start(s->user, name, (const char *const *)attributes, (size_t)XML_GetCurrentByteIndex(s->parser), s->err));
}

static void on_end(void *user, const XML_Char *name)
{
    struct session *s = user;
    (void)name;
    if (!s->rc)
        judge(s, s->events->end(s->user, s->err));
}

static void on_text(void *user, const XML_Char *text, int len)
{
    struct session *s = user;
    if (!s->rc)
        judge(s, s->events->text(s->user, (struct slice){ (const uint8_t *)text, (size_t)len }, s->err));
}

static void on_doctype(void *user, const XML_Char *name, const XML_Char *system, const XML_Char *public, int has_internal_subset)
{
    struct session *s = user;
    (void)name, (void)system, (void)public;
    if (has_internal_subset)
        judge(s, error_set(s->err, ERROR_MALFORMED, "XML: declarations inside the document are refused"));
}

static enum error_code parse(struct session *s, struct slice doc)
{
    XML_SetUserData(s->parser, s);
    XML_SetElementHandler(s->parser, on_start, on_end);
    XML_SetCharacterDataHandler(s->parser, on_text);
    XML_SetStartDoctypeDeclHandler(s->parser, on_doctype);
    if (XML_Parse(s->parser, (const char *)doc.data, (int)doc.len, 1) == XML_STATUS_OK || s->rc)
        return s->rc;
    if (XML_GetErrorCode(s->parser) == XML_ERROR_NO_MEMORY)
        return error_set(s->err, ERROR_NO_MEMORY, "document needs too much memory");
    return error_set(s->err, ERROR_MALFORMED, "XML: line %lu: %s", (unsigned long)XML_GetCurrentLineNumber(s->parser),
                     XML_ErrorString(XML_GetErrorCode(s->parser)));
}

enum error_code xml_read(struct slice doc, struct arena *arena, const struct xml_events *events, void *user, struct error *err)
{
    static const XML_Memory_Handling_Suite suite = { memory_get, memory_resize, memory_drop };
    memory = arena;
    struct session s = { .parser = XML_ParserCreate_MM(NULL, &suite, NULL), .events = events, .user = user, .err = err };
    enum error_code rc = s.parser ? parse(&s, doc) : error_set(err, ERROR_NO_MEMORY, "document needs too much memory");
    if (s.parser)
        XML_ParserFree(s.parser);
    memory = NULL;
    return rc;
}
