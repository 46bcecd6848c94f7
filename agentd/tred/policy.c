/* SPDX-License-Identifier: Apache-2.0 */
/* Words to bits. Must never guess: a list with one unknown word is no list. */
#include "tred/policy.h"

#include <stddef.h>

#include "base/writer.h"

static unsigned word_bit(struct slice word)
{
    static const struct {
        const char *word;
        unsigned bit;
    } known[] = {
        { "authenticate", RIGHT_AUTHENTICATE }, { "ckik", RIGHT_CKIK }, { "gba", RIGHT_GBA }, { "identity", RIGHT_IDENTITY },
        { "msk", RIGHT_MSK },                   { "share", DENY_SHARE }, { "erase", DENY_ERASE }, { "naf", RIGHT_NAF },
        { "gsm", RIGHT_GSM },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (slice_is(word, known[i].word))
            return known[i].bit;
    return 0;
}

bool policy_words(struct slice text, unsigned known, unsigned *bits)
{
    uint8_t word[16];
    struct reader r = reader_make(text.data, text.len);
    *bits = 0;
    for (bool more = true; more;) {
        struct writer w = writer_make(word, sizeof word);
        while (reader_left(&r) && reader_peek(&r) != ',')
            writer_u8(&w, reader_u8(&r));
        unsigned bit = word_bit(writer_slice(&w)) & known;
        if (!bit)
            return false;
        *bits |= bit;
        more = reader_left(&r) > 0;
        if (more)
            (void)reader_u8(&r); /* the comma; a word must follow */
    }
    return true;
}
