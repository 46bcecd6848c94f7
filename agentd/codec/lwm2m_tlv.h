/* SPDX-License-Identifier: Apache-2.0 */
/* The LwM2M TLV format (Core TS 1.1.1 clause 7.4.4): one item after another, nested items inside the value. Pure; integers are big endian
 * and take 1, 2, 4 or 8 octets. */
#ifndef CODEC_LWM2M_TLV_H
#define CODEC_LWM2M_TLV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"

enum tlv_kind { /* bits 7-6 of the type octet */
    TLV_OBJECT_INSTANCE = 0,
    TLV_RESOURCE_INSTANCE = 1,
    TLV_MULTIPLE_RESOURCE = 2,
    TLV_RESOURCE = 3,
};

struct tlv_item {
    enum tlv_kind kind;
    uint16_t id;
    struct slice value; /* borrowed from the reader's input */
};

enum { TLV_HEADER_MAX = 6, TLV_VALUE_MAX = 0xffffff };

/* Next item; MALFORMED if it does not fit the input. Call while reader_left(r) > 0. */
enum error_code tlv_next(struct reader *r, struct tlv_item *item);
/* A signed integer of 1, 2, 4 or 8 octets, or false. */
bool tlv_integer(struct slice value, int64_t *out);
/* A float of 4 or 8 octets, or false. */
bool tlv_float(struct slice value, double *out);

void tlv_put(struct writer *w, enum tlv_kind kind, uint16_t id, const void *value, size_t len);
/* Shortest form. */
void tlv_put_integer(struct writer *w, enum tlv_kind kind, uint16_t id, int64_t value);
/* Four octets if that loses nothing, else eight. */
void tlv_put_float(struct writer *w, enum tlv_kind kind, uint16_t id, double value);
/* Puts a header in front of what was written since `start` (w->len then): the nested items of an instance or multiple resource. */
void tlv_wrap(struct writer *w, size_t start, enum tlv_kind kind, uint16_t id);

#endif
