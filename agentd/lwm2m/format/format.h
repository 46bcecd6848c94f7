/* SPDX-License-Identifier: Apache-2.0 */
/* Data formats (Core TS 1.1.1 clause 7.4) as one table of two functions each, so that no handler sees a format. */
#ifndef LWM2M_FORMAT_H
#define LWM2M_FORMAT_H

#include "base/arena.h"
#include "base/error.h"
#include "lwm2m/value.h"

enum content_format { /* CoAP Content-Formats */
    CONTENT_TEXT = 0,
    CONTENT_LINK = 40,
    CONTENT_OPAQUE = 42,
    CONTENT_CBOR = 60,
    CONTENT_SENML_JSON = 110,
    CONTENT_SENML_CBOR = 112,
    CONTENT_ETCH_JSON = 320,   /* RFC 8790: SenML JSON in FETCH and PATCH */
    CONTENT_ETCH_CBOR = 322,
    CONTENT_TLV = 11542,
    CONTENT_LWM2M_JSON = 11543,
    CONTENT_LWM2M_CBOR = 11544,
};

struct format {
    uint16_t number;
    bool single; /* carries one value only: a resource or a resource instance */
    /* Writes the records of a Read of `base`. False if this format cannot carry them; a full writer shows in w->failed. */
    bool (*put)(struct writer *w, const struct path *base, const struct records *records);
    /* Reads a payload for `base` into typed records (types from the object tables; octets borrowed from the payload or taken from the
     * arena). MALFORMED, INVALID (wrong type), NOT_FOUND (a path that does not exist or lies outside base), TOO_LARGE, NO_MEMORY. */
    enum error_code (*get)(struct slice payload, const struct path *base, struct arena *arena, struct records *records);
    /* Reads the path list of a composite operation (Core TS 1.1.1 clause 7.4.5.3). MALFORMED, NOT_FOUND (no path of ours), TOO_LARGE. NULL: cannot. */
    enum error_code (*get_paths)(struct slice payload, struct arena *arena, struct paths *paths);
};

extern const struct format format_text, format_opaque, format_cbor, format_tlv, format_senml_json, format_senml_cbor, format_lwm2m_json, format_lwm2m_cbor;

const struct format *format_find(uint16_t number); /* NULL if none; pre-IANA numbers 1541 to 1543 are known too */
/* The format of an answer without Accept: text for one value of a resource, SenML CBOR for more (clause 7.4.1 leaves the choice to the client). */
const struct format *format_preferred(const struct path *p, const struct records *records);

/* For formats: adds a record for the path (which must be a resource below base, of an instance that need not exist), with the value coerced to the
 * table's type. LWM2M_NO_ID as instance: the payload of a Create names none. */
enum error_code format_add(struct records *records, const struct path *base, const struct path *p, struct value raw);
/* True if the records are one value that the path names: what text, opaque and CBOR carry. */
bool format_single(const struct path *base, const struct records *records);
enum value_type format_type(const struct records *records, const struct path *p); /* of the resource there, NONE if unknown */
/* bn + n of SenML as a path. */
bool format_name(struct slice base_name, struct slice name, struct path *p);
enum error_code format_add_path(struct paths *paths, struct slice base_name, struct slice name);
void base64_put(struct writer *w, struct slice octets, bool url); /* url: RFC 4648 clause 5 without padding */
bool objlnk_parse(struct slice text, int64_t *link);               /* "3:0" */
void objlnk_put(struct writer *w, int64_t link);

#endif
