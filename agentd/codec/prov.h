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
#include "codec/prov_words.h"

enum { /* bounds of a document */
    PROV_MAX_OCTETS = 16 * 1024,
    PROV_MAX_DEPTH = 8,
    PROV_MAX_CHARACTERISTICS = 64,
    PROV_MAX_PARMS = 512,
    PROV_MAX_VALUE = 2048, /* octets of UTF-8 */
    PROV_MAX_TEXT = 64 * 1024,
    PROV_ARENA = 384 * 1024,
};

enum prov_element { PROV_DOCUMENT, PROV_CHARACTERISTIC, PROV_PARM } __attribute__((packed)); /* one octet, so that tables and nodes are small */
enum prov_attribute { PROV_VERSION, PROV_TYPE, PROV_NAME, PROV_VALUE, PROV_ATTRIBUTES } __attribute__((packed));
_Static_assert((int)PROV_VERSION == (int)PROV_DOCUMENT && (int)PROV_TYPE == (int)PROV_CHARACTERISTIC && (int)PROV_NAME == (int)PROV_PARM, "each element's own attribute");

struct prov_node {
    enum prov_element element;
    enum prov_word word;                    /* of its type or name */
    bool has_opaque, printable;             /* the value was sent as OPAQUE; it is text of octets 20..7E (false: not known) */
    bool taken;                             /* for who reads the tree: a parm whose value he has put elsewhere */
    uint16_t offset;                        /* of its tag in the document */
    const char *attribute[PROV_ATTRIBUTES]; /* UTF-8; NULL if absent */
    struct slice octets;                    /* of the value; attribute[PROV_VALUE] is the same as C string, NULL with has_opaque */
    uint64_t words;                         /* of its parms: prov_word_bit() of each */
    struct prov_node *child, *next;
};

static inline uint64_t prov_word_bit(enum prov_word word) /* several words share a bit */
{
    return UINT64_C(1) << ((unsigned)word & 63);
}

/* doc is borrowed for the life of the tree. Any document within the bounds fits an arena of PROV_ARENA octets; expat works in it
 * too. TRUNCATED, MALFORMED, TOO_LARGE, NOT_SUPPORTED with octet or line; NO_MEMORY: arena full. */
enum error_code prov_decode_wbxml(struct slice doc, struct arena *arena, struct prov_node **root, struct error *err);
enum error_code prov_decode_xml(struct slice doc, struct arena *arena, struct prov_node **root, struct error *err);

const char *prov_element_name(enum prov_element e);     /* wap-provisioningdoc, characteristic, parm */
const char *prov_attribute_name(enum prov_attribute a); /* version, type, name, value */
/* The first of n and what stands behind it that is such an element of that type or name, or NULL. Words are none of OTHER, here and below. */
static inline struct prov_node *prov_find(struct prov_node *n, enum prov_element element, enum prov_word word)
{
    while (n && (n->word != word || n->element != element))
        n = n->next;
    return n;
}

/* The next child of that characteristic type after `after` (NULL: the first), or NULL. */
static inline struct prov_node *prov_characteristic(const struct prov_node *parent, enum prov_word type, const struct prov_node *after)
{
    return prov_find(after ? after->next : parent->child, PROV_CHARACTERISTIC, type);
}

/* The same for a parm of that name; most that are asked for are not there. */
static inline struct prov_node *prov_parm_next(const struct prov_node *parent, enum prov_word name, const struct prov_node *after)
{
    return parent->words & prov_word_bit(name) ? prov_find(after ? after->next : parent->child, PROV_PARM, name) : NULL;
}

/* The value of the first parm of that name: NULL if there is none; "" if it has no value. */
static inline const char *prov_parm(const struct prov_node *parent, enum prov_word name)
{
    const struct prov_node *n = prov_parm_next(parent, name, NULL);
    if (!n)
        return NULL;
    return n->attribute[PROV_VALUE] ? n->attribute[PROV_VALUE] : "";
}

#endif
