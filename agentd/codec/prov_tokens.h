/* SPDX-License-Identifier: Apache-2.0 */
/* Token tables of connectivity WBXML (PROV 1.0 and ProvCont 1.1, two code pages). */
#ifndef CODEC_PROV_TOKENS_H
#define CODEC_PROV_TOKENS_H

#include "codec/prov.h"

struct prov_attribute_token {
    uint8_t page, token;
    enum prov_attribute attribute;
    const char *prefix; /* fixed value or beginning of it; NULL if none */
};

struct prov_value_token {
    uint8_t page, token;
    const char *text;
};

/* NULL if the table has no such row. */
const struct prov_attribute_token *prov_attribute_token(uint8_t page, uint8_t token);
const struct prov_value_token *prov_value_token(uint8_t page, uint8_t token);

#endif
