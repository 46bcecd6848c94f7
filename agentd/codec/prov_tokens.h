/* SPDX-License-Identifier: Apache-2.0 */
/* Token tables of connectivity WBXML (PROV 1.0 and ProvCont 1.1, two code pages). */
#ifndef CODEC_PROV_TOKENS_H
#define CODEC_PROV_TOKENS_H

#include "codec/prov.h"

struct prov_text {
    const char *text;
    size_t len;
};

struct prov_attribute_token {
    bool known;
    enum prov_attribute attribute;
    struct prov_text prefix; /* fixed value or beginning of it; text NULL if none */
};

/* NULL if the table has no such row; attribute tokens are below 80, value tokens not. */
const struct prov_attribute_token *prov_attribute_token(uint8_t page, uint8_t token);
const struct prov_text *prov_value_token(uint8_t page, uint8_t token);

#endif
