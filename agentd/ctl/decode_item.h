/* SPDX-License-Identifier: Apache-2.0 */
/* What every kind of decode gives: a tree of items in the shape {element, attributes, children}, printed with octet offsets as text or as JSON. Values come
 * from strangers: printed without control characters. Items are jansson values; a parent owns its children. */
#ifndef CTL_DECODE_ITEM_H
#define CTL_DECODE_ITEM_H

#include <jansson.h>

#include "base/error.h"
#include "base/reader.h"
#include "ctl/push_check.h"

struct decode_keys { /* NULL, empty: not known */
    const char *imsi, *pin, *gateway, *password, *nonce;
    struct slice signers; /* certificates and public keys in PEM */
};

struct decode_result {
    bool accepted;
    bool recognised;          /* it is of this kind, good or bad */
    struct error error;       /* why not */
    const char *sec;          /* name of the SEC method, NULL without */
    const char *proof;        /* what vouches for it beside the MAC of a push ("MAC", "signature", "digest"), NULL: nothing */
    enum push_mac mac;        /* of the push, or of that proof */
    json_t *document;         /* owned; NULL if nothing could be read */
    json_t *parts;            /* of an SMS: one item a part; NULL for other kinds */
    struct push_check *check; /* of a push, in the arena of the call; else NULL */
};

struct decode_input {
    struct slice octets;  /* hex became octets */
    struct slice file;    /* as it is */
    struct decode_keys keys;
    struct arena *arena;  /* of DECODE_ARENA octets */
};
enum { DECODE_ARENA = 2 * 1024 * 1024 };

/* One kind. Fills a zeroed result; the verdict is about the form, and about authentication where the kind has one that the keys can check. */
typedef void decode_fn(const struct decode_input *in, struct decode_result *out);
decode_fn decode_push, decode_sms, decode_wbxml, decode_tnds, decode_notification, decode_card, decode_bei, decode_tlv, decode_trigger;

/* Records of a SenML pack (JSON, else CBOR) as items of document. MALFORMED: it is none, or not one that the agent reads. */
enum error_code decode_senml(struct slice file, bool json, struct arena *arena, json_t *document, struct error *err);

/* offset: of octets in the input, or OFFSET_NONE. */
enum { OFFSET_NONE = -1 };
json_t *item_new(const char *element, json_int_t offset);
json_int_t item_offset(struct slice input, struct slice part); /* OFFSET_NONE if part is not inside input */
/* Text where it is printable UTF-8, else hex in "octets_hex". */
void item_set(json_t *item, const char *attribute, struct slice value);
void item_set_text(json_t *item, const char *attribute, const char *value);
void item_set_number(json_t *item, const char *attribute, json_int_t value);
json_t *item_add(json_t *parent, json_t *child);                       /* returns child */
json_t *item_add_value(json_t *parent, const char *element, struct slice input, struct slice value); /* a child with offset and value */
/* rc with its text becomes the verdict; document (may be NULL) is what could be read. What is accepted is recognised. */
void decode_finish(struct decode_result *out, enum error_code rc, const struct error *err, json_t *document);
/* After it: the form is right, and this came of the proof that it has (decode_proof.h). Without a verdict on it nothing is accepted. */
void decode_finish_proof(struct decode_result *out, const char *proof, enum push_mac mac, const struct error *err);

void decode_print_text(const char *kind, const struct decode_result *r);
/* {schema, kind, verdict, reason, sec, proof, mac, document}, and parts of an SMS. */
void decode_print_json(const char *kind, const struct decode_result *r);

#endif
