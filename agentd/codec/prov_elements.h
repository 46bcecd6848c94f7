/* SPDX-License-Identifier: Apache-2.0 */
/* What DTD PROV 1.0 (ProvCont 1.1 clause 4.4) allows: parms and characteristics nest in the document or in characteristics. */
#ifndef CODEC_PROV_ELEMENTS_H
#define CODEC_PROV_ELEMENTS_H

#include "codec/prov.h"

struct prov_element_row {
    const char *name;
    size_t max; /* in a document */
    uint8_t children, attributes; /* a bit for each that belongs to it; of attributes as PROV_MAY and PROV_MUST have it */
};
#define PROV_MAY(attribute) (1U << (attribute))                                       /* #IMPLIED */
#define PROV_MUST(attribute) (PROV_MAY(attribute) | 1U << (attribute) << PROV_ATTRIBUTES) /* #REQUIRED */
extern const struct prov_element_row prov_elements[PROV_PARM + 1];

#endif
