/* SPDX-License-Identifier: Apache-2.0 */
/* No string table: text stands where it belongs. */
#include "codec/wbxml_write.h"

#include <string.h>

#include "codec/wbxml.h"

enum { UTF8 = 106 }; /* MIBenum */

void wbxml_put_header(struct writer *out, uint8_t version, uint32_t public_id)
{
    writer_u8(out, version);
    writer_uintvar(out, public_id);
    writer_uintvar(out, UTF8);
    writer_uintvar(out, 0);
}

void wbxml_put_tag(struct writer *out, uint8_t *page, uint8_t tag_page, uint8_t token, bool has_content)
{
    if (*page != tag_page) {
        writer_u8(out, WBXML_OCTET_SWITCH_PAGE);
        writer_u8(out, tag_page);
        *page = tag_page;
    }
    writer_u8(out, (uint8_t)(token | (has_content ? 0x40 : 0)));
}

void wbxml_put_text(struct writer *out, const char *text)
{
    writer_u8(out, WBXML_OCTET_STR_I);
    writer_put(out, text, strlen(text) + 1);
}

void wbxml_put_opaque(struct writer *out, struct slice octets)
{
    writer_u8(out, WBXML_OCTET_OPAQUE);
    writer_uintvar(out, (uint32_t)octets.len);
    writer_put(out, octets.data, octets.len);
}

void wbxml_put_end(struct writer *out)
{
    writer_u8(out, WBXML_OCTET_END);
}
