/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the text. Promises that a value is taken as it stands or not at all: an escape could hide what is compared later. */
#include "codec/http_params.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    size_t at;
} rows[] = {
    { "realm", offsetof(struct http_params, realm) },         { "nonce", offsetof(struct http_params, nonce) },
    { "opaque", offsetof(struct http_params, opaque) },       { "algorithm", offsetof(struct http_params, algorithm) },
    { "qop", offsetof(struct http_params, qop) },             { "stale", offsetof(struct http_params, stale) },
    { "rspauth", offsetof(struct http_params, rspauth) },     { "cnonce", offsetof(struct http_params, cnonce) },
    { "nc", offsetof(struct http_params, nc) },
};

static bool same_word(struct slice a, const char *word)
{
    return a.len == strlen(word) && strncasecmp((const char *)a.data, word, a.len) == 0;
}

/* tchar of RFC 7230 section 3.2.6, and the octets of Base64, which servers leave unquoted. */
static bool is_token(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~/", c));
}

static void skip_blanks(struct reader *r)
{
    while (reader_left(r) && (reader_peek(r) == ' ' || reader_peek(r) == '\t'))
        (void)reader_u8(r);
}

static struct slice take_token(struct reader *r)
{
    struct reader look = *r;
    size_t len = 0;
    for (; reader_left(&look) && is_token(reader_peek(&look)); len++)
        (void)reader_u8(&look);
    if (len == 0)
        reader_fail(r);
    return reader_take(r, len);
}

static struct slice take_quoted(struct reader *r)
{
    (void)reader_u8(r);
    struct reader look = *r;
    size_t len = 0;
    for (uint8_t c; reader_left(&look) && (c = reader_u8(&look)) != '"'; len++)
        if (c < 0x20 || c > 0x7e || c == '\\')
            reader_fail(r);
    struct slice value = reader_take(r, len);
    if (reader_u8(r) != '"')
        reader_fail(r);
    return value;
}

static void keep(struct http_params *out, struct slice name, struct slice value, unsigned *seen, struct reader *r)
{
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!same_word(name, rows[i].name))
            continue;
        if (*seen >> i & 1)
            reader_fail(r);
        *seen |= 1u << i;
        *(struct slice *)(void *)((char *)out + rows[i].at) = value;
    }
}

static void take_param(struct reader *r, struct http_params *out, unsigned *seen)
{
    struct slice name = take_token(r);
    skip_blanks(r);
    if (reader_u8(r) != '=')
        reader_fail(r);
    skip_blanks(r);
    struct slice value = reader_peek(r) == '"' ? take_quoted(r) : take_token(r);
    skip_blanks(r);
    if (!r->failed)
        keep(out, name, value, seen, r);
}

enum error_code http_params_read(struct slice text, bool scheme, struct http_params *out, struct error *err)
{
    struct reader r = reader_make(text.data, text.len);
    unsigned seen = 0;
    *out = (struct http_params){ .realm = { NULL, 0 } };
    if (text.len > HTTP_PARAMS_MAX)
        return error_set(err, ERROR_TOO_LARGE, "HTTP parameters have %zu octets, allowed are %d", text.len, HTTP_PARAMS_MAX);
    skip_blanks(&r);
    if (scheme && !same_word(take_token(&r), "Digest"))
        reader_fail(&r);
    skip_blanks(&r);
    while (reader_left(&r)) {
        take_param(&r, out, &seen);
        if (reader_left(&r) && reader_u8(&r) != ',')
            reader_fail(&r);
        skip_blanks(&r);
    }
    if (reader_done(&r))
        return ERROR_NONE;
    *out = (struct http_params){ .realm = { NULL, 0 } };
    return error_set(err, ERROR_MALFORMED, "HTTP Digest parameters are not well formed");
}

bool http_params_has(struct slice list, const char *word)
{
    struct reader r = reader_make(list.data, list.len);
    while (reader_left(&r)) {
        skip_blanks(&r);
        if (reader_left(&r) && same_word(take_token(&r), word))
            return true;
        while (reader_left(&r) && reader_u8(&r) != ',')
            ;
    }
    return false;
}
