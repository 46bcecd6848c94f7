/* SPDX-License-Identifier: Apache-2.0 */
/* SyncML 1.2 representation in WBXML or XML (OMA SyncML RepPro 1.2, MetInf 1.2, DMDDF 1.2): a document becomes a bounded tree in the caller's arena, and
 * elements are written to a writer. Only the elements that OMA DM 1.2 uses are known; others refuse the document. The meaning belongs to dm/ and tnds. */
#ifndef CODEC_SYNCML_H
#define CODEC_SYNCML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"

enum { SYNCML_DOCUMENT_MAX = 64 * 1024, SYNCML_DEPTH_MAX = 24, SYNCML_NODES_MAX = 1024 };

/* X(symbol, code page, token, name): page 0 is SyncML, page 1 MetInf, page 2 DMDDF (trees in TNDS) */
#define SYNCML_ELEMENTS(X) \
    X(ADD, 0, 0x05, "Add") X(ALERT, 0, 0x06, "Alert") X(ATOMIC, 0, 0x08, "Atomic") X(CHAL, 0, 0x09, "Chal") X(CMD, 0, 0x0A, "Cmd") \
    X(CMD_ID, 0, 0x0B, "CmdID") X(CMD_REF, 0, 0x0C, "CmdRef") X(COPY, 0, 0x0D, "Copy") X(CRED, 0, 0x0E, "Cred") X(DATA, 0, 0x0F, "Data") \
    X(DELETE, 0, 0x10, "Delete") X(EXEC, 0, 0x11, "Exec") X(FINAL, 0, 0x12, "Final") X(GET, 0, 0x13, "Get") X(ITEM, 0, 0x14, "Item") \
    X(LOC_NAME, 0, 0x16, "LocName") X(LOC_URI, 0, 0x17, "LocURI") X(META, 0, 0x1A, "Meta") X(MSG_ID, 0, 0x1B, "MsgID") \
    X(MSG_REF, 0, 0x1C, "MsgRef") X(NO_RESP, 0, 0x1D, "NoResp") X(REPLACE, 0, 0x20, "Replace") X(RESP_URI, 0, 0x21, "RespURI") \
    X(RESULTS, 0, 0x22, "Results") X(SEQUENCE, 0, 0x24, "Sequence") X(SESSION_ID, 0, 0x25, "SessionID") X(SOURCE, 0, 0x27, "Source") \
    X(SOURCE_REF, 0, 0x28, "SourceRef") X(STATUS, 0, 0x29, "Status") X(SYNC_BODY, 0, 0x2B, "SyncBody") X(SYNC_HDR, 0, 0x2C, "SyncHdr") \
    X(SYNCML, 0, 0x2D, "SyncML") X(TARGET, 0, 0x2E, "Target") X(TARGET_REF, 0, 0x2F, "TargetRef") X(VER_DTD, 0, 0x31, "VerDTD") \
    X(VER_PROTO, 0, 0x32, "VerProto") X(MORE_DATA, 0, 0x34, "MoreData") X(CORRELATOR, 0, 0x3C, "Correlator") \
    X(FORMAT, 1, 0x07, "Format") X(MARK, 1, 0x0B, "Mark") X(MAX_MSG_SIZE, 1, 0x0C, "MaxMsgSize") X(NEXT_NONCE, 1, 0x10, "NextNonce") \
    X(SIZE, 1, 0x12, "Size") X(TYPE, 1, 0x13, "Type") X(MAX_OBJ_SIZE, 1, 0x15, "MaxObjSize") \
    X(DDF_ACCESS_TYPE, 2, 0x05, "AccessType") X(DDF_ACL, 2, 0x06, "ACL") X(DDF_ADD, 2, 0x07, "Add") X(DDF_IS_B64, 2, 0x08, "b64") \
    X(DDF_IS_BIN, 2, 0x09, "bin") X(DDF_IS_BOOL, 2, 0x0A, "bool") X(DDF_IS_CHR, 2, 0x0B, "chr") X(DDF_CASE_SENSE, 2, 0x0C, "CaseSense") \
    X(DDF_CIS, 2, 0x0D, "CIS") X(DDF_COPY, 2, 0x0E, "Copy") X(DDF_CS, 2, 0x0F, "CS") X(DDF_IS_DATE, 2, 0x10, "date") \
    X(DDF_DDF_NAME, 2, 0x11, "DDFName") X(DDF_DEFAULT_VALUE, 2, 0x12, "DefaultValue") X(DDF_DELETE, 2, 0x13, "Delete") \
    X(DDF_DESCRIPTION, 2, 0x14, "Description") X(DDF_DF_FORMAT, 2, 0x15, "DFFormat") X(DDF_DF_PROPERTIES, 2, 0x16, "DFProperties") \
    X(DDF_DF_TITLE, 2, 0x17, "DFTitle") X(DDF_DF_TYPE, 2, 0x18, "DFType") X(DDF_DYNAMIC, 2, 0x19, "Dynamic") X(DDF_EXEC, 2, 0x1A, "Exec") \
    X(DDF_IS_FLOAT, 2, 0x1B, "float") X(DDF_FORMAT, 2, 0x1C, "Format") X(DDF_GET, 2, 0x1D, "Get") X(DDF_IS_INT, 2, 0x1E, "int") \
    X(DDF_MAN, 2, 0x1F, "Man") X(DDF_MGMT_TREE, 2, 0x20, "MgmtTree") X(DDF_MIME, 2, 0x21, "MIME") X(DDF_MOD, 2, 0x22, "Mod") \
    X(DDF_NAME, 2, 0x23, "Name") X(DDF_NODE, 2, 0x24, "Node") X(DDF_IS_NODE, 2, 0x25, "node") X(DDF_NODE_NAME, 2, 0x26, "NodeName") \
    X(DDF_IS_NULL, 2, 0x27, "null") X(DDF_OCCURRENCE, 2, 0x28, "Occurrence") X(DDF_ONE, 2, 0x29, "One") X(DDF_ONE_OR_MORE, 2, 0x2A, "OneOrMore") \
    X(DDF_ONE_OR_N, 2, 0x2B, "OneOrN") X(DDF_PATH, 2, 0x2C, "Path") X(DDF_PERMANENT, 2, 0x2D, "Permanent") X(DDF_REPLACE, 2, 0x2E, "Replace") \
    X(DDF_RT_PROPERTIES, 2, 0x2F, "RTProperties") X(DDF_SCOPE, 2, 0x30, "Scope") X(DDF_SIZE, 2, 0x31, "Size") X(DDF_IS_TIME, 2, 0x32, "time") \
    X(DDF_TITLE, 2, 0x33, "Title") X(DDF_T_STAMP, 2, 0x34, "TStamp") X(DDF_TYPE, 2, 0x35, "Type") X(DDF_VALUE, 2, 0x36, "Value") \
    X(DDF_VER_DTD, 2, 0x37, "VerDTD") X(DDF_VER_NO, 2, 0x38, "VerNo") X(DDF_IS_XML, 2, 0x39, "xml") X(DDF_ZERO_OR_MORE, 2, 0x3A, "ZeroOrMore") \
    X(DDF_ZERO_OR_N, 2, 0x3B, "ZeroOrN") X(DDF_ZERO_OR_ONE, 2, 0x3C, "ZeroOrOne")

enum syncml_element {
#define X(symbol, page, token, name) SYNCML_##symbol,
    SYNCML_ELEMENTS(X)
#undef X
    SYNCML_ELEMENT_COUNT
};

struct syncml_node { /* an element has either text or children */
    enum syncml_element element;
    bool opaque;         /* the text came as OPAQUE */
    uint16_t offset;     /* of its tag in the document */
    struct slice text;   /* in the document or in the arena; may hold any octet when opaque */
    struct syncml_node *child, *next;
};

/* The root (SyncML) of the document, or NULL with TRUNCATED, MALFORMED, NOT_SUPPORTED (public id, charset, unknown element) or TOO_LARGE
 * (SYNCML_*_MAX, or the arena is full). doc is borrowed for the life of the tree. */
const struct syncml_node *syncml_decode(struct slice doc, struct arena *arena, struct error *err);
/* The same for a message whose Data may hold a MgmtTree as elements, and for such a tree on its own (public id DM-DDF 1.2). */
const struct syncml_node *syncml_decode_with_trees(struct slice doc, struct arena *arena, struct error *err);
const struct syncml_node *syncml_decode_tnds(struct slice doc, struct arena *arena, struct error *err);
/* A tree from XML (syncml_xml.c, by expat). Declarations in the document are refused. */
const struct syncml_node *syncml_decode_tnds_xml(struct slice doc, struct arena *arena, struct error *err);
/* The document of a tree; false if out is too small. */
bool syncml_encode(const struct syncml_node *root, struct writer *out);

/* First child of that kind, or NULL; NULL in gives NULL. The next one of the same kind behind n. */
const struct syncml_node *syncml_child(const struct syncml_node *n, enum syncml_element element);
/* Text of the element reached by two steps below n (n/first/second); empty slice if there is none. */
struct slice syncml_text(const struct syncml_node *n, enum syncml_element element);
struct slice syncml_text2(const struct syncml_node *n, enum syncml_element first, enum syncml_element second);
/* Copy of s with a NUL; false if it does not fit, holds a control character or is no UTF-8. */
bool syncml_copy(struct slice s, char *out, size_t cap);
const char *syncml_name(enum syncml_element element);

struct syncml_writer { /* begins and ends each fragment on code page 0 */
    struct writer *out;
    uint8_t page;
};
void syncml_put_header(struct writer *out);
void syncml_open(struct syncml_writer *w, enum syncml_element element);
void syncml_close(struct syncml_writer *w);
void syncml_put_empty(struct syncml_writer *w, enum syncml_element element);
void syncml_put_text(struct syncml_writer *w, enum syncml_element element, const char *text);
void syncml_put_opaque(struct syncml_writer *w, enum syncml_element element, struct slice octets);
void syncml_rewind(struct syncml_writer *w); /* back to page 0, for a fragment that another one follows */

#endif
