/* SPDX-License-Identifier: Apache-2.0 */
/* SenML (RFC 8428) record by record, as far as LwM2M has it: names, and a value that is one of six kinds. What the names mean is for who takes the records. */
#ifndef CODEC_SENML_H
#define CODEC_SENML_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/reader.h"

enum senml_label { /* in CBOR: RFC 8428 table 6; VLO, of LwM2M, is spelled */
    LABEL_BT = -3, LABEL_BN = -2, LABEL_BVER = -1, LABEL_N = 0, LABEL_V = 2, LABEL_VS = 3, LABEL_VB = 4, LABEL_T = 6, LABEL_VD = 8, LABEL_VLO = 1000, LABEL_OTHER
};
enum senml_kind { SENML_NONE /* a list of paths has no values */, SENML_INTEGER, SENML_REAL, SENML_TEXT, SENML_BOOLEAN, SENML_OCTETS, SENML_LINK };
#define SENML_NO_OFFSET SIZE_MAX

struct senml_record { /* names are borrowed for the life of the call that takes it */
    size_t offset;       /* of the record in the pack; SENML_NO_OFFSET in JSON */
    struct slice base;   /* bn of this record or of the last one that had one (clause 4.1) */
    struct slice name;
    enum senml_kind kind;
    int64_t integer;     /* INTEGER; BOOLEAN 0 or 1 */
    double real;
    struct slice octets; /* TEXT, OCTETS, LINK ("3:0"); borrowed from the pack (CBOR) or of the arena (JSON) */
};

/* An error ends the reading. */
typedef enum error_code senml_take_fn(void *user, const struct senml_record *record);

/* MALFORMED: no pack, or fields that would change what a value means; else what take says. */
enum error_code senml_cbor_read(struct slice pack, senml_take_fn *take, void *user);
/* The same of JSON, by jansson, whose copies are wiped. NO_MEMORY: the arena is full. */
enum error_code senml_json_read(struct slice pack, struct arena *arena, senml_take_fn *take, void *user);

#endif
