/* SPDX-License-Identifier: Apache-2.0 */
/* Textual provisioning document -> tree. Elements and attributes of DTD PROV 1.0 only, and no text between them. */
#include <string.h>

#include "base/text.h"
#include "codec/prov_build.h"
#include "codec/xml_read.h"

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

static enum error_code on_start(void *user, const char *name, const char *const *attributes, size_t offset, struct error *err)
{
    struct prov_build *build = user;
    enum prov_element e;
    struct prov_node *n;
    enum error_code rc = element_of(name, &e) ? prov_build_add(build, e, offset, &n, err) : error_set(err, ERROR_MALFORMED, "XML: unknown element %.40s", name);
    for (size_t i = 0; !rc && attributes[i]; i += 2) {
        struct slice text = { (const uint8_t *)attributes[i + 1], strlen(attributes[i + 1]) };
        build->value = (struct prov_value){ .word = WORD_OTHER };
        if (!attribute_of(attributes[i], &build->value.attribute))
            rc = error_set(err, ERROR_MALFORMED, "XML: unknown attribute %.40s", attributes[i]);
        else if (!(rc = prov_build_join(build, text, err)))
            rc = prov_build_set(build, n, err);
    }
    if (!rc)
        rc = prov_build_check(build, n, err);
    if (!rc)
        prov_build_open(build, n);
    return rc;
}

static enum error_code on_end(void *user, struct error *err)
{
    (void)err;
    prov_build_close(user);
    return ERROR_NONE;
}

static enum error_code on_text(void *user, struct slice text, struct error *err)
{
    (void)user;
    return text_is_blank(text) ? ERROR_NONE : error_set(err, ERROR_MALFORMED, "XML: text between the elements");
}

enum error_code prov_decode_xml(struct slice doc, struct arena *arena, struct prov_node **root, struct error *err)
{
    static const struct xml_events events = { on_start, on_end, on_text };
    if (doc.len > PROV_MAX_OCTETS)
        return error_set(err, ERROR_TOO_LARGE, "provisioning document has %zu octets, allowed are %d", doc.len, PROV_MAX_OCTETS);
    struct prov_build *build = arena_get(arena, sizeof *build);
    if (!build)
        return error_set(err, ERROR_NO_MEMORY, "document needs too much memory");
    prov_build_start(build, arena);
    enum error_code rc = xml_read(doc, arena, &events, build, err);
    if (!rc)
        *root = build->root;
    return rc;
}
