/* SPDX-License-Identifier: Apache-2.0 */
/* Management trees (DMDDF 1.2) from XML text. The only attributes are name spaces, which say nothing more than the names. */
#include <string.h>

#include "codec/syncml_build.h"
#include "codec/xml_read.h"

/* Names are those of code page 2, the last rows of the table. */
static bool element_of(const char *name, enum syncml_element *out)
{
    for (int i = SYNCML_DDF_ACCESS_TYPE; i < SYNCML_ELEMENT_COUNT; i++)
        if (strcmp(name, syncml_name((enum syncml_element)i)) == 0) {
            *out = (enum syncml_element)i;
            return true;
        }
    return false;
}

static enum error_code on_start(void *user, const char *name, const char *const *attributes, size_t offset, struct error *err)
{
    struct syncml_build *b = user;
    enum syncml_element element;
    b->offset = offset;
    if (!element_of(name, &element))
        return error_set(err, ERROR_NOT_SUPPORTED, "XML: unknown element %.40s", name);
    for (size_t i = 0; attributes[i]; i += 2)
        if (strncmp(attributes[i], "xmlns", 5) != 0)
            return error_set(err, ERROR_MALFORMED, "XML: attribute %.40s at octet %zu", attributes[i], offset);
    return syncml_build_open(b, element, true);
}

static enum error_code on_end(void *user, struct error *err)
{
    (void)err;
    return syncml_build_close(user);
}

/* The text of the event is gone after it: it is kept in the arena. Line ends and indentation between elements are dropped by the builder. */
static enum error_code on_text(void *user, struct slice text, struct error *err)
{
    struct syncml_build *b = user;
    char *kept = arena_text(b->arena, text);
    return kept ? syncml_build_text(b, (struct slice){ (const uint8_t *)kept, text.len }, false)
                : error_set(err, ERROR_TOO_LARGE, "XML: document needs too much memory");
}

const struct syncml_node *syncml_decode_tnds_xml(struct slice doc, struct arena *arena, struct error *err)
{
    static const struct xml_events events = { on_start, on_end, on_text };
    struct syncml_build b = { .arena = arena, .err = err, .top = SYNCML_DDF_MGMT_TREE, .trees = true };
    if (doc.len > SYNCML_DOCUMENT_MAX) {
        error_set(err, ERROR_TOO_LARGE, "SyncML: document of %zu octets, at most %d", doc.len, SYNCML_DOCUMENT_MAX);
        return NULL;
    }
    return xml_read(doc, arena, &events, &b, err) ? NULL : syncml_build_finish(&b);
}
