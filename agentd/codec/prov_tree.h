/* SPDX-License-Identifier: Apache-2.0 */
/* A provisioning document as a tree: what the decoders build, and how to look things up in it. */
#ifndef CODEC_PROV_TREE_H
#define CODEC_PROV_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"
#include "codec/prov_words.h"

enum prov_element { PROV_DOCUMENT, PROV_CHARACTERISTIC, PROV_PARM } __attribute__((packed)); /* one octet, so that tables and nodes are small */
enum prov_attribute { PROV_VERSION, PROV_TYPE, PROV_NAME, PROV_VALUE, PROV_ATTRIBUTES } __attribute__((packed));
_Static_assert((int)PROV_VERSION == (int)PROV_DOCUMENT && (int)PROV_TYPE == (int)PROV_CHARACTERISTIC && (int)PROV_NAME == (int)PROV_PARM, "each element's own attribute");

struct prov_node {
    enum prov_element element;
    enum prov_word word;        /* its type or name; of a version only where a token stands for it */
    bool has_opaque, printable; /* the value was sent as OPAQUE; it is text of octets 20..7E (false: not known) */
    bool taken;                 /* for who reads the tree: a parm whose value he has put elsewhere */
    uint16_t offset;            /* of its tag in the document */
    const char *other;          /* its version, type or name where that is OTHER: see prov_own */
    struct slice octets;        /* of the value, with a NUL behind them unless has_opaque; without data: it has no value */
    uint64_t words;             /* of what stands in it: prov_word_bit() of each */
    struct prov_node *child, *next;
};

static inline uint64_t prov_word_bit(enum prov_word word) /* several words share a bit */
{
    return UINT64_C(1) << ((unsigned)word & 63);
}

const char *prov_element_name(enum prov_element e);     /* wap-provisioningdoc, characteristic, parm */
const char *prov_attribute_name(enum prov_attribute a); /* version, type, name, value */

/* The first of n and what stands behind it that is such an element of that type or name, or NULL. Words are none of OTHER, here and below. */
static inline struct prov_node *prov_find(struct prov_node *n, enum prov_element element, enum prov_word word)
{
    while (n && (n->word != word || n->element != element))
        n = n->next;
    return n;
}

/* Such a child behind `after` (NULL: the first), or NULL. Most that are asked for are not there. */
static inline struct prov_node *prov_next(const struct prov_node *parent, enum prov_element element, enum prov_word word, const struct prov_node *after)
{
    return parent->words & prov_word_bit(word) ? prov_find(after ? after->next : parent->child, element, word) : NULL;
}

static inline struct prov_node *prov_characteristic(const struct prov_node *parent, enum prov_word type, const struct prov_node *after)
{
    return prov_next(parent, PROV_CHARACTERISTIC, type, after);
}

static inline struct prov_node *prov_parm_next(const struct prov_node *parent, enum prov_word name, const struct prov_node *after)
{
    return prov_next(parent, PROV_PARM, name, after);
}

/* The value as C string; NULL if there is none, or octets. */
static inline const char *prov_value(const struct prov_node *n)
{
    return n->has_opaque ? NULL : (const char *)n->octets.data;
}

/* Its version, type or name, UTF-8; NULL if it has none: only the document may have none. */
static inline const char *prov_own(const struct prov_node *n)
{
    return n->word ? prov_word_text(n->word) : n->other;
}

static inline const char *prov_attribute(const struct prov_node *n, enum prov_attribute a)
{
    return a == PROV_VALUE ? prov_value(n) : (int)a == (int)n->element ? prov_own(n) : NULL;
}

/* The octets of the first parm of that name; empty if there is none, or without a value that is text. */
static inline struct slice prov_text(const struct prov_node *parent, enum prov_word name)
{
    const struct prov_node *n = prov_parm_next(parent, name, NULL);
    return n && !n->has_opaque ? n->octets : (struct slice){ NULL, 0 };
}

/* The same as C string: NULL if there is none; "" if it has no value. */
static inline const char *prov_parm(const struct prov_node *parent, enum prov_word name)
{
    const struct prov_node *n = prov_parm_next(parent, name, NULL);
    if (!n)
        return NULL;
    return prov_value(n) ? prov_value(n) : "";
}

#endif
