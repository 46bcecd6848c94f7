/* SPDX-License-Identifier: Apache-2.0 */
/* Words by number and by text. */
#include "codec/prov_words.h"

#include <string.h>

const struct slice prov_words[PROV_WORD_COUNT] = {
    [WORD_OTHER] = { (const uint8_t *)"", 0 },
#define X(symbol, text) [WORD_##symbol] = { (const uint8_t *)text, sizeof text - 1 },
    PROV_WORDS(X)
#undef X
};

/* Below 0, 0, above 0: where text stands beside that word. */
static int compare(struct slice text, size_t word)
{
    size_t len = prov_words[word].len;
    int difference = memcmp(text.data, prov_words[word].data, text.len < len ? text.len : len);
    return difference ? difference : (text.len > len) - (text.len < len);
}

enum prov_word prov_word_of(struct slice text)
{
    size_t from = WORD_OTHER + 1, to = PROV_WORD_COUNT;
    while (text.len && from < to) {
        size_t middle = from + (to - from) / 2;
        int side = compare(text, middle);
        if (side == 0)
            return (enum prov_word)middle;
        if (side < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return WORD_OTHER;
}
