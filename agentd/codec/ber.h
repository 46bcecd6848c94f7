/* SPDX-License-Identifier: Apache-2.0 */
/* BER-TLV as cards use it (ISO/IEC 7816-4 5.2.2, X.690 8.1): tags of one octet, definite lengths of at most three octets. Pure and bounded; items
 * borrow from the reader's input. Encoding for signatures (DER) is not judged here: OpenSSL does that elsewhere. */
#ifndef CODEC_BER_H
#define CODEC_BER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"

enum ber_tag {
    BER_INTEGER = 0x02, BER_BIT_STRING = 0x03, BER_OCTET_STRING = 0x04, BER_OID = 0x06, BER_UTF8 = 0x0C, BER_SEQUENCE = 0x30,
    BER_CONTEXT_0 = 0x80, BER_CONTEXT_1_CONSTRUCTED = 0xA1,
};

struct ber_item {
    uint8_t tag;
    struct slice value;
};

/* Next item; call while reader_left(r) > 0. TRUNCATED if it is longer than the input; MALFORMED for an indefinite length, a length of more than three
 * octets and a tag of more than one octet. The text names the offset. */
enum error_code ber_next(struct reader *r, struct ber_item *item, struct error *err);
/* Value of the first item with that tag in a run of items; false if there is none before the first fault. */
bool ber_find(struct slice in, uint8_t tag, struct slice *value);
/* Unsigned integer of 1..4 octets (a leading 00 of a fifth is allowed, X.690 8.3), or false: negative, empty or too long. */
bool ber_unsigned(struct slice value, uint32_t *out);

#endif
