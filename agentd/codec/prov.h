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
#include "codec/prov_tree.h"

enum { /* bounds of a document */
    PROV_MAX_OCTETS = 16 * 1024,
    PROV_MAX_DEPTH = 8,
    PROV_MAX_CHARACTERISTICS = 64,
    PROV_MAX_PARMS = 512,
    PROV_MAX_VALUE = 2048, /* octets of UTF-8 */
    PROV_MAX_TEXT = 64 * 1024,
    PROV_ARENA = 384 * 1024,
};

/* doc is borrowed for the life of the tree. Any document within the bounds fits an arena of PROV_ARENA octets; expat works in it
 * too. TRUNCATED, MALFORMED, TOO_LARGE, NOT_SUPPORTED with octet or line; NO_MEMORY: arena full. */
enum error_code prov_decode_wbxml(struct slice doc, struct arena *arena, struct prov_node **root, struct error *err);
enum error_code prov_decode_xml(struct slice doc, struct arena *arena, struct prov_node **root, struct error *err);

#endif
