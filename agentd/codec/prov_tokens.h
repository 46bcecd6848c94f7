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
} __attribute__((aligned(4))); /* found by a shift */

enum { PROV_PAGES = 2, PROV_TOKENS = 0x80 };
extern const struct prov_attribute_token prov_attribute_tokens[PROV_PAGES][PROV_TOKENS];

/* Tokens below 80 start an attribute. The row of octet 0, which is no token, serves for other pages. */
static inline const struct prov_attribute_token *prov_attribute_token(uint8_t page, uint8_t token)
{
    return page < PROV_PAGES && token < PROV_TOKENS ? &prov_attribute_tokens[page][token] : &prov_attribute_tokens[0][0];
}

/* The others are pieces of a value. NULL if the table has no such row. */
const struct prov_text *prov_value_token(uint8_t page, uint8_t token);

#endif
