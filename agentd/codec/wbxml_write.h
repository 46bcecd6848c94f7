/* SPDX-License-Identifier: Apache-2.0 */
/* Writing of WBXML (WAP-192): what the agent's own documents need. */
#ifndef CODEC_WBXML_WRITE_H
#define CODEC_WBXML_WRITE_H

#include "base/writer.h"

/* Header with an empty string table and UTF-8, tags with page switches as needed (start with *page = 0), STR_I and OPAQUE. */
void wbxml_put_header(struct writer *out, uint8_t version, uint32_t public_id);
void wbxml_put_tag(struct writer *out, uint8_t *page, uint8_t tag_page, uint8_t token, bool has_content);
void wbxml_put_text(struct writer *out, const char *text);
void wbxml_put_opaque(struct writer *out, struct slice octets);
void wbxml_put_end(struct writer *out);

#endif
