/* SPDX-License-Identifier: Apache-2.0 */
/* Textual provisioning document -> tree, by expat with its own namespace of names; declarations of entities are refused, so that nothing expands. */
#include <expat.h>
#include <string.h>

#include "codec/prov_build.h"

struct decoder {
    XML_Parser parser;
    struct prov_build *build;
    enum error_code rc;
    struct error *err;
};

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

static void on_entity(void *user, const XML_Char *name, int parameter, const XML_Char *value, int len, const XML_Char *base,
                      const XML_Char *system, const XML_Char *public, const XML_Char *notation)
{
    struct decoder *d = user;
    (void)name, (void)parameter, (void)value, (void)len, (void)base, (void)system, (void)public, (void)notation;
    stop(d, error_set(d->err, ERROR_MALFORMED, "XML: entity declarations are refused"));
}

enum error_code prov_decode_xml(struct slice doc, struct arena *arena, struct prov_node **root, struct error *err)
{
    if (doc.len > PROV_MAX_OCTETS)
        return error_set(err, ERROR_TOO_LARGE, "provisioning document has %zu octets, allowed are %d", doc.len, PROV_MAX_OCTETS);
    struct prov_build *build = arena_get(arena, sizeof *build);
    struct decoder d = { .parser = XML_ParserCreate(NULL), .build = build, .err = err };
    if (!build || !d.parser) {
        XML_ParserFree(d.parser);
        return error_set(err, ERROR_NO_MEMORY, "document needs too much memory");
    }
    build->arena = arena;
    XML_SetUserData(d.parser, &d);
    XML_SetElementHandler(d.parser, on_start, on_end);
    XML_SetCharacterDataHandler(d.parser, on_text);
    XML_SetEntityDeclHandler(d.parser, on_entity);
    enum XML_Status status = XML_Parse(d.parser, (const char *)doc.data, (int)doc.len, 1);
    enum error_code rc = d.rc;
    if (!rc && status != XML_STATUS_OK)
        rc = error_set(err, ERROR_MALFORMED, "XML: line %lu: %s", (unsigned long)XML_GetCurrentLineNumber(d.parser),
                       XML_ErrorString(XML_GetErrorCode(d.parser)));
    XML_ParserFree(d.parser);
    return rc ? rc : prov_build_finish(build, root, err);
}
