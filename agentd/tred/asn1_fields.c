/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds of ASN.1 values. Must never decide anything but form. */
#include "tred/asn1_fields.h"

#include <openssl/asn1t.h>
#include <openssl/crypto.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

struct slice asn1_octets(const ASN1_STRING *s)
{
    return (struct slice){ ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s) };
}

bool asn1_within(const ASN1_STRING *s, size_t min, size_t max)
{
    size_t len = (size_t)ASN1_STRING_length(s);
    return len >= min && len <= max;
}

/* Printable, so that it may go to logs and D-Bus. */
static bool printable(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

bool asn1_name(const ASN1_STRING *s, const char *extra, char out[ASN1_NAME_CAP])
{
    struct slice in = asn1_octets(s);
    if (in.len == 0 || in.len >= ASN1_NAME_CAP || memchr(in.data, 0, in.len))
        return false;
    memcpy(out, in.data, in.len);
    out[in.len] = '\0';
    return extra ? text_is_name(out, extra, ASN1_NAME_CAP - 1) : printable(out);
}

bool asn1_number(const ASN1_INTEGER *n, int64_t min, int64_t max, uint32_t *out)
{
    int64_t v;
    if (ASN1_INTEGER_get_int64(&v, n) != 1 || v < min || v > max)
        return false;
    *out = (uint32_t)v;
    return true;
}

bool asn1_enumerated(const ASN1_ENUMERATED *n, int64_t max, uint32_t *out)
{
    int64_t v;
    if (ASN1_ENUMERATED_get_int64(&v, n) != 1 || v < 0 || v > max)
        return false;
    *out = (uint32_t)v;
    return true;
}

bool asn1_time(const ASN1_GENERALIZEDTIME *t, uint64_t *out)
{
    struct tm tm;
    if (ASN1_GENERALIZEDTIME_check(t) != 1 || ASN1_TIME_to_tm(t, &tm) != 1)
        return false;
    time_t seconds = timegm(&tm);
    *out = seconds > 0 ? (uint64_t)seconds : 0;
    return seconds > 0;
}

bool asn1_is_der(const void *p, const ASN1_ITEM *item, struct slice der)
{
    unsigned char *again = NULL;
    int len = ASN1_item_i2d(p, &again, item);
    bool same = len > 0 && slice_equal((struct slice){ again, (size_t)len }, der);
    if (len > 0)
        OPENSSL_clear_free(again, (size_t)len);
    return same;
}
