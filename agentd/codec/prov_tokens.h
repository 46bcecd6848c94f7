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
    enum prov_word word; /* the value or its beginning; OTHER if none */
};

enum { PROV_PAGES = 2, PROV_TOKENS = 0x80 };
extern const struct prov_attribute_token prov_attribute_tokens[PROV_PAGES][PROV_TOKENS];

/* NULL if the table has no such row; attribute tokens are below 80, value tokens not. */
static inline const struct prov_attribute_token *prov_attribute_token(uint8_t page, uint8_t token)
{
    const struct prov_attribute_token *row = page < PROV_PAGES && token < PROV_TOKENS ? &prov_attribute_tokens[page][token] : NULL;
    return row && row->known ? row : NULL;
}

const struct prov_text *prov_value_token(uint8_t page, uint8_t token);

#endif
