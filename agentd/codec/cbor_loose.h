/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR as encoders in the field send it: any length form, indefinite arrays and maps, half to double floats, tagged times. Fails, never aborts, on what is malformed. What
 * we demand the shortest forms of is read by codec/cbor. Pure. */
#ifndef CODEC_CBOR_LOOSE_H
#define CODEC_CBOR_LOOSE_H

#include "codec/cbor.h"

enum { CBOR_FALSE = 20, CBOR_TRUE = 21 };

struct cbor_head {
    enum cbor_major major;
    uint64_t n;
    bool indefinite; /* ARRAY or MAP up to a break */
    uint8_t info;
};

struct cbor_number {
    bool is_real;
    int64_t integer;
    double real;
};

struct cbor_head cbor_loose_head(struct reader *r);
/* Another item in the array or map of that head? An indefinite one that ends without its break fails the reader. */
bool cbor_loose_more(struct reader *r, const struct cbor_head *h, uint64_t taken);
bool cbor_loose_number(struct reader *r, struct cbor_number *v);
bool cbor_loose_octets(struct reader *r, enum cbor_major major, struct slice *out); /* BYTES or TEXT of definite length */

#endif
