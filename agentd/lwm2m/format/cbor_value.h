/* SPDX-License-Identifier: Apache-2.0 */
/* Values as CBOR: written in shortest forms, read as encoders in the field send them (codec/cbor_loose.h). */
#ifndef LWM2M_CBOR_VALUE_H
#define LWM2M_CBOR_VALUE_H

#include "codec/cbor_loose.h"
#include "lwm2m/value.h"

/* A value without name; an object link as its text "3:0". NONE writes nothing. */
void cbor_put_value(struct writer *w, const struct value *v);

/* Number, text, octets or boolean, typed by what it is. */
bool cbor_loose_value(struct reader *r, struct value *v);

#endif
