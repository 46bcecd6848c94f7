/* SPDX-License-Identifier: Apache-2.0 */
/* Token tables of connectivity WBXML (PROV 1.0 and ProvCont 1.1, two code pages). */
#ifndef CODEC_PROV_TOKENS_H
#define CODEC_PROV_TOKENS_H

#include "codec/prov.h"

struct prov_attribute_token {
    bool known;
    enum prov_attribute attribute;
    enum prov_word word; /* the value or its beginning; OTHER if none */
    uint8_t word_len;    /* octets of its text */
};

enum { PROV_PAGES = 2, PROV_TOKENS = 0x80 };
extern const struct prov_attribute_token prov_attribute_tokens[PROV_PAGES + 1][PROV_TOKENS]; /* the last one, empty, stands for all other pages */

/* Tokens below 80 start an attribute. */
static inline const struct prov_attribute_token *prov_attribute_token(uint8_t page, uint8_t token)
{
    return &prov_attribute_tokens[page < PROV_PAGES ? page : PROV_PAGES][token & (PROV_TOKENS - 1)];
}

extern const struct slice prov_value_tokens[PROV_PAGES][PROV_TOKENS]; /* by the token without its highest bit; each with a NUL behind it */

/* The others are pieces of a value. Without octets if the table has no such row. */
static inline struct slice prov_value_token(uint8_t page, uint8_t token)
{
    return page < PROV_PAGES ? prov_value_tokens[page][token & (PROV_TOKENS - 1)] : (struct slice){ NULL, 0 };
}

#endif
