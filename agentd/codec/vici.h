/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of strongSwan's VICI (its documentation of the protocol): u32 length, u8 type, for some a u8 length and name, then the elements of a message:
 * sections, lists and keys with octets as values. */
#ifndef CODEC_VICI_H
#define CODEC_VICI_H

#include "base/reader.h"
#include "base/writer.h"

enum vici_type { VICI_REQUEST = 0, VICI_RESPONSE, VICI_UNKNOWN, VICI_REGISTER, VICI_UNREGISTER, VICI_CONFIRM, VICI_EVENT_UNKNOWN, VICI_EVENT };
enum vici_element { VICI_SECTION = 1, VICI_SECTION_END, VICI_VALUE, VICI_LIST, VICI_ITEM, VICI_LIST_END };
enum { VICI_LENGTH = 4, VICI_DEPTH = 16, VICI_PACKET_MAX = 512 * 1024 };

struct vici_packet { /* borrowed */
    enum vici_type type;
    struct slice name; /* of a command or event; else empty */
    struct slice message;
};

struct vici_item { /* borrowed; what the element has */
    enum vici_element element;
    struct slice name, value;
};

/* Writing; the length in front is filled in by vici_end. Names over 255 and values over 65535 octets fail the writer. */
void vici_begin(struct writer *w, enum vici_type type, const char *name);
void vici_section(struct writer *w, struct slice name);
void vici_section_end(struct writer *w);
void vici_put(struct writer *w, struct slice name, struct slice value);
void vici_put_text(struct writer *w, const char *name, const char *value);
void vici_list(struct writer *w, const char *name);
void vici_list_item(struct writer *w, struct slice value);
void vici_list_end(struct writer *w);
void vici_end(struct writer *w);

/* Takes a packet apart that has lost its length. False unless all of it is well formed: elements closed in order, nothing but items in a list. */
bool vici_read(struct slice octets, struct vici_packet *out);
/* The next element of a message that vici_read gave; false at its end. */
bool vici_next(struct reader *r, struct vici_item *out);
/* The value of a key outside of every section; empty if there is none. */
struct slice vici_value(struct slice message, const char *name);
/* Whether a list outside of every section has that item. */
bool vici_list_has(struct slice message, const char *list, const char *item);

#endif
