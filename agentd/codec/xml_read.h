/* SPDX-License-Identifier: Apache-2.0 */
/* XML text as events, by expat, whose memory comes from the caller's arena too: it is taken, never given back before the arena is, and so bounded.
 * Declarations inside the document (entities, default attributes) are refused, so that nothing expands; a reference to an external DTD is passed
 * over. For codec/ only. */
#ifndef CODEC_XML_READ_H
#define CODEC_XML_READ_H

#include "base/arena.h"
#include "base/error.h"
#include "base/reader.h"

struct xml_events { /* an error ends the reading and becomes its result */
    /* attributes: name, value, name, value, .., NULL; offset: of the tag in the document */
    enum error_code (*start)(void *user, const char *name, const char *const *attributes, size_t offset, struct error *err);
    enum error_code (*end)(void *user, struct error *err);
    enum error_code (*text)(void *user, struct slice text, struct error *err);
};

/* The texts of events are borrowed for the call. MALFORMED with line, NO_MEMORY (arena full), or what an event answered. */
enum error_code xml_read(struct slice doc, struct arena *arena, const struct xml_events *events, void *user, struct error *err);

#endif
