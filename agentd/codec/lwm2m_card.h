/* SPDX-License-Identifier: Apache-2.0 */
/* The LwM2M bootstrap file of a smart card (LwM2M TS 1.0 appendix G.2 and G.3.4): where it ends in its padding, its form, and its objects, each with its instances as
 * TLV. Never reads what they say: lwm2m/card_pack.h. Pure; results borrow. */
#ifndef CODEC_LWM2M_CARD_H
#define CODEC_LWM2M_CARD_H

#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"

struct lwm2m_card {
    struct reader in; /* over the rest */
    uint16_t left;    /* objects that are still to come */
};

struct lwm2m_card_object {
    uint16_t id;
    uint8_t major, minor;   /* 1.0 if the file says nothing */
    struct slice instances; /* TLV items of the kind object instance */
};

/* By the first octet: the standard's form is TLV; an array of JSON or CBOR is SenML (RFC 8428), which some issuers may write instead. As TLV it would have 23,000
 * objects or more. */
enum lwm2m_card_form { LWM2M_CARD_TLV, LWM2M_CARD_JSON, LWM2M_CARD_CBOR };
enum lwm2m_card_form lwm2m_card_form(struct slice file);
/* The file up to its announced end (TLV) or without its padding (SenML); empty if it is erased (all FF or all 00); as it is if the announcement cannot be right. */
struct slice lwm2m_card_content(struct slice file);
/* Reads the header. TRUNCATED if the announced size is larger than the file, MALFORMED if more than padding follows, TOO_LARGE over 32 KiB. */
enum error_code lwm2m_card_open(struct lwm2m_card *c, struct slice file, struct error *err);
/* The next object; call while c->left > 0. After the last, TRUNCATED and MALFORMED also mean that objects and announced size do not fit. */
enum error_code lwm2m_card_next(struct lwm2m_card *c, struct lwm2m_card_object *o, struct error *err);

#endif
