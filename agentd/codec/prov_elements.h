/* SPDX-License-Identifier: Apache-2.0 */
/* What DTD PROV 1.0 (ProvCont 1.1 clause 4.4) allows: parms and characteristics nest in the document or in characteristics. */
#ifndef CODEC_PROV_ELEMENTS_H
#define CODEC_PROV_ELEMENTS_H

#include "codec/prov.h"

struct prov_element_row {
    const char *name;
    size_t max; /* in a document */
    uint8_t children, attributes, needed; /* a bit for each that belongs to it; those of its attributes that are #REQUIRED */
};
extern const struct prov_element_row prov_elements[PROV_PARM + 1];

#endif
