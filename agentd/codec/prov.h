/* SPDX-License-Identifier: Apache-2.0 */
/* OMA client provisioning document (ProvCont 1.1, DTD PROV 1.0) as a tree in the caller's arena; from WBXML or from XML text. Strict: what is not
 * in the token tables, not in its place, or over a bound is refused. Names of characteristics and parms are not judged here. */
#ifndef CODEC_PROV_H
#define CODEC_PROV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/reader.h"

enum { /* bounds of a document */
    PROV_MAX_OCTETS = 16 * 1024,
    PROV_MAX_DEPTH = 8,
    PROV_MAX_CHARACTERISTICS = 64,
    PROV_MAX_PARMS = 512,
    PROV_MAX_VALUE = 2048, /* octets of UTF-8 */
    PROV_MAX_TEXT = 64 * 1024,
    PROV_ARENA = 384 * 1024,
};

enum prov_element { PROV_DOCUMENT, PROV_CHARACTERISTIC, PROV_PARM };
enum prov_attribute { PROV_VERSION, PROV_TYPE, PROV_NAME, PROV_VALUE, PROV_ATTRIBUTES };

struct prov_node {
    enum prov_element element;
    const char *attribute[PROV_ATTRIBUTES]; /* UTF-8; NULL if absent */
    struct slice opaque;                    /* the value when it was sent as OPAQUE (has_opaque); attribute[PROV_VALUE] is NULL then */
    bool has_opaque;
    size_t offset;                          /* of its tag in the document */
    uint32_t initials;                      /* of the names of its parms: prov_initial() of each */
    struct prov_node *child, *next;
};

static inline uint32_t prov_initial(const char *name)
{
    return UINT32_C(1) << (name[0] & 31);
}

/* doc is borrowed for the life of the tree. Any document within the bounds fits an arena of PROV_ARENA octets; expat works in it
 * too. TRUNCATED, MALFORMED, TOO_LARGE, NOT_SUPPORTED with octet or line; NO_MEMORY: arena full. */
enum error_code prov_decode_wbxml(struct slice doc, struct arena *arena, struct prov_node **root, struct error *err);
enum error_code prov_decode_xml(struct slice doc, struct arena *arena, struct prov_node **root, struct error *err);

const char *prov_element_name(enum prov_element e);     /* wap-provisioningdoc, characteristic, parm */
const char *prov_attribute_name(enum prov_attribute a); /* version, type, name, value */
/* The next child of that characteristic type after `after` (NULL: the first), or NULL. */
const struct prov_node *prov_characteristic(const struct prov_node *parent, const char *type, const struct prov_node *after);
/* The value of the first parm of that name: NULL if there is none; "" if it has no value. */
const char *prov_parm(const struct prov_node *parent, const char *name);
const struct prov_node *prov_parm_node(const struct prov_node *parent, const char *name);

#endif
