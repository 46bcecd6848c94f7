/* SPDX-License-Identifier: Apache-2.0 */
/* Is an SMS one of ours? Pure; looks at fixed offsets and decides nothing else (DESIGN trust rule 2). What it accepts is stored and
 * removed from the modem, so it must never accept a person's message. */
#include <strings.h>

#include "modem/modem.h"

enum { WSP_PUSH = 0x06 };        /* WAP-230 8.2.4.1, table 34 */

/* Well-known content types (WAP-230 table 40 and OMNA): text and binary connectivity, DM and DS notification; a short integer, or a long one (8.4.2.3). */
static bool well_known(struct reader r)
{
    static const uint8_t ours[] = {
        0x35, /* text/vnd.wap.connectivity-xml */
        0x36, /* application/vnd.wap.connectivity-wbxml */
        0x42, /* application/vnd.syncml.dm+wbxml */
        0x43, /* application/vnd.syncml.dm+xml */
        0x44, /* application/vnd.syncml.notification */
    };
    uint8_t first = reader_u8(&r);
    uint32_t code = first & 0x80 ? first & 0x7f : 0;
    for (uint8_t left = first <= 4 ? first : 0; left; left--)
        code = code << 8 | reader_u8(&r);
    for (size_t i = 0; !r.failed && i < sizeof ours; i++)
        if (ours[i] == code)
            return true;
    return false;
}

static bool starts_with(struct reader r, const char *prefix)
{
    for (; *prefix; prefix++) {
        char have[2] = { (char)reader_u8(&r), 0 }, want[2] = { *prefix, 0 };
        if (r.failed || strcasecmp(have, want) != 0)
            return false;
    }
    return true;
}

static bool media_ours(struct reader r)
{
    static const char *const texts[] = { "application/vnd.wap.connectivity-", "application/vnd.syncml", "text/vnd.wap.connectivity", "application/cose" };
    if (well_known(r))
        return true;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (starts_with(r, texts[i]))
            return true;
    return false;
}

/* WAP-230 8.4.2.24: Content-type-value = Constrained-media | Value-length Media-type. */
static bool content_type_ours(struct reader r)
{
    uint8_t first = reader_peek(&r);
    if (first > 31) /* short integer or text */
        return media_ours(r);
    (void)reader_u8(&r); /* 0..30: the length itself; 31: length as uintvar follows (8.4.2.2) */
    if (first == 31)
        (void)reader_uintvar(&r);
    return !r.failed && media_ours(r);
}

enum modem_sms_kind modem_sms_sort(struct slice data)
{
    struct reader r = reader_make(data.data, data.len);
    (void)reader_u8(&r); /* transaction id */
    if (reader_u8(&r) != WSP_PUSH)
        return MODEM_SMS_PERSONAL;
    uint32_t headers = reader_uintvar(&r);
    if (!r.failed && content_type_ours(r))
        return MODEM_SMS_OURS;
    return !r.failed && headers > 0 && headers <= reader_left(&r) ? MODEM_SMS_OTHER_PUSH : MODEM_SMS_PERSONAL;
}
