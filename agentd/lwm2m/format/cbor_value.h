/* SPDX-License-Identifier: Apache-2.0 */
/* Values as CBOR. Writes shortest forms with codec/cbor; reads what encoders in the field send: any length form, indefinite arrays and maps, half to double
 * floats, tagged times. Readers fail, never abort, on what is malformed. */
#ifndef LWM2M_CBOR_VALUE_H
#define LWM2M_CBOR_VALUE_H

#include "codec/cbor.h"
#include "lwm2m/value.h"

enum { CBOR_FALSE = 20, CBOR_TRUE = 21 };

struct cbor_head {
    enum cbor_major major;
    uint64_t n;
    bool indefinite; /* ARRAY or MAP up to a break */
    uint8_t info;
};

/* A value without name; an object link as its text "3:0". NONE writes nothing. */
void cbor_put_value(struct writer *w, const struct value *v);

struct cbor_head cbor_loose_head(struct reader *r);
/* Another item in the array or map of that head? An indefinite one that ends without its break fails the reader. */
bool cbor_loose_more(struct reader *r, const struct cbor_head *h, uint64_t taken);
bool cbor_loose_number(struct reader *r, struct value *v); /* INTEGER or FLOAT */
bool cbor_loose_octets(struct reader *r, enum cbor_major major, struct slice *out); /* BYTES or TEXT of definite length */
/* Number, text, octets or boolean, typed by what it is. */
bool cbor_loose_value(struct reader *r, struct value *v);

#endif
