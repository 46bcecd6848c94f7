/* SPDX-License-Identifier: Apache-2.0 */
/* OMA DM tree and description serialisation (TNDS 1.2): a management tree as nodes with name, format, type, ACL and value, in the caller's arena; from
 * WBXML, from XML, or from elements inside a message. What a node means belongs to whoever owns the management object. */
#ifndef CODEC_TNDS_H
#define CODEC_TNDS_H

#include "codec/syncml.h"

enum { TNDS_DEPTH_MAX = 10, TNDS_NAME_MAX = 63, TNDS_VALUE_MAX = 4096 };

/* X(symbol, element of DMDDF) */
#define TNDS_FORMATS(X) \
    X(B64, "b64") X(BIN, "bin") X(BOOL, "bool") X(CHR, "chr") X(DATE, "date") X(FLOAT, "float") X(INT, "int") X(NODE, "node") X(NULL, "null") \
    X(TIME, "time") X(XML, "xml")
enum tnds_format {
#define X(symbol, name) TNDS_##symbol,
    TNDS_FORMATS(X)
#undef X
    TNDS_FORMAT_COUNT, /* none was given */
};

struct tnds_node {
    const char *name;  /* 1..TNDS_NAME_MAX octets of UTF-8, no control character, no '/' */
    const char *path;  /* of the parent; "" if absent; at roots only */
    const char *acl;   /* "" if absent: that of the parent holds */
    const char *title; /* "" if absent */
    const char *type;  /* DDFName of a management object or MIME type; "" if absent */
    bool is_object;    /* the type is a DDFName */
    enum tnds_format format;
    bool has_value;
    uint16_t offset;    /* of its Node in the octets of the tree, or of the message whose elements it is */
    struct slice value; /* octets as sent; NUL stands behind them */
    struct tnds_node *child, *next;
};

/* The roots of the tree, in order, or NULL with MALFORMED, NOT_SUPPORTED or TOO_LARGE. tree: a MgmtTree element; all is copied out of it. Descriptions
 * (DFProperties) are passed over. */
const struct tnds_node *tnds_decode(const struct syncml_node *tree, struct arena *arena, struct error *err);

const struct tnds_node *tnds_child(const struct tnds_node *n, const char *name); /* NULL in gives NULL */
/* The node reached by a path of names ("AppAddr/1/Addr"), or NULL. */
const struct tnds_node *tnds_find(const struct tnds_node *n, const char *path);
/* The octets of a value, those of format b64 decoded; false if they are not Base64 or more than cap. */
bool tnds_octets(const struct tnds_node *n, uint8_t *out, size_t cap, size_t *len);
const char *tnds_format_name(enum tnds_format f); /* "" for none */

#endif
