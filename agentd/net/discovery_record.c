/* SPDX-License-Identifier: Apache-2.0 */
/* What a service says of itself, to values; pure. Must never echo its octets. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "net/discovery.h"

#define SUFFIX ".local"
#define PATH "/v1"

enum { PIN_TEXT = 43 };

/* Base64url without padding (RFC 4648 section 5, RFC 7515 section 2) of exactly 32 octets. */
static bool read_pin(struct slice in, uint8_t pin[32])
{
    char text[PIN_TEXT + 2];
    size_t len;
    if (in.len != PIN_TEXT)
        return false;
    for (size_t i = 0; i < PIN_TEXT; i++) {
        char c = (char)in.data[i];
        if (c == '+' || c == '/')
            return false;
        text[i] = c == '-' ? '+' : c == '_' ? '/' : c;
    }
    text[PIN_TEXT] = '=';
    return text_base64_decode((struct slice){ (const uint8_t *)text, PIN_TEXT + 1 }, pin, 32, &len) && len == 32;
}

enum error_code discovered_take_txt(struct discovered *out, const uint8_t *text, size_t len, struct error *err)
{
    const uint8_t *equals = len ? memchr(text, '=', len) : NULL;
    if (!equals)
        return ERROR_NONE; /* an attribute without value: none of ours */
    size_t key = (size_t)(equals - text);
    struct slice value = { equals + 1, len - key - 1 };
    if (key == 4 && strncasecmp((const char *)text, "path", 4) == 0 && (value.len != strlen(PATH) || memcmp(value.data, PATH, value.len) != 0))
        return error_set(err, ERROR_INVALID, "briefing node of the LAN: TXT path is not " PATH);
    if (key != 3 || strncasecmp((const char *)text, "pin", 3) != 0 || out->has_pin) /* RFC 6763 section 6.4: the first one counts */
        return ERROR_NONE;
    out->has_pin = read_pin(value, out->pin);
    return out->has_pin ? ERROR_NONE : error_set(err, ERROR_INVALID, "briefing node of the LAN: TXT pin is no SHA-256 as base64url");
}

static bool is_link_local(const struct ip_address *a)
{
    return a->family == 6 && a->octets[0] == 0xfe && (a->octets[1] & 0xc0) == 0x80;
}

/* What no neighbour has, and what would make the gateway ask itself. */
static bool is_nobodys(const struct ip_address *a)
{
    static const uint8_t zeros[15], mapped[12] = { [10] = 0xff, 0xff };
    const uint8_t *o = a->octets;
    if (a->family == 4)
        return o[0] == 0 || o[0] == 127 || o[0] >= 224;
    return o[0] == 0xff || memcmp(o, mapped, sizeof mapped) == 0 || (memcmp(o, zeros, sizeof zeros) == 0 && o[15] <= 1);
}

enum error_code discovered_take_address(struct discovered *out, const char *text, int interface, struct error *err)
{
    if (!ip_address_parse(text, &out->address) || is_nobodys(&out->address))
        return error_set(err, ERROR_INVALID, "briefing node of the LAN: that is no address of a neighbour");
    if (!is_link_local(&out->address))
        return ERROR_NONE;
    if (interface <= 0)
        return error_set(err, ERROR_INVALID, "briefing node of the LAN: a link-local address without an interface");
    out->address.zone = (uint32_t)interface;
    return ERROR_NONE;
}

enum error_code discovered_take_host(struct discovered *out, const char *host, struct error *err)
{
    size_t len = strlen(host), suffix = strlen(SUFFIX);
    if (len <= suffix || len >= sizeof out->host || strcasecmp(host + len - suffix, SUFFIX) != 0 || host[0] == '.' || host[0] == '-' ||
        !text_is_name(host, "-.", sizeof out->host - 1))
        return error_set(err, ERROR_INVALID, "briefing node of the LAN: its host is no name below .local");
    for (size_t i = 0; i <= len; i++)
        out->host[i] = (char)tolower((unsigned char)host[i]);
    return ERROR_NONE;
}
