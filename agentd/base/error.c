/* SPDX-License-Identifier: Apache-2.0 */
/* Names and sentences of the errors; owns no state. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *text, *hint;
} rows[ERROR_COUNT] = {
#define X(symbol, name, text, hint) { name, text, hint },
    ERROR_LIST(X)
#undef X
};

static size_t row_of(enum error_code code)
{
    return (size_t)code < (size_t)ERROR_COUNT ? (size_t)code : (size_t)ERROR_INTERNAL;
}

const char *error_name(enum error_code code)
{
    return rows[row_of(code)].name;
}

const char *error_text(enum error_code code)
{
    return rows[row_of(code)].text;
}

const char *error_hint(enum error_code code)
{
    return rows[row_of(code)].hint;
}

enum error_code error_from_name(const char *name)
{
    for (size_t i = 0; i < (size_t)ERROR_COUNT; i++)
        if (strcmp(rows[i].name, name) == 0)
            return (enum error_code)i;
    return ERROR_INTERNAL;
}

enum error_code error_set(struct error *err, enum error_code code, const char *format, ...)
{
    if (!err)
        return code;
    err->code = code;
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(err->text, sizeof err->text, format, ap);
    va_end(ap);
    for (char *p = err->text; *p; p++)
        if (*p < 0x20 || *p > 0x7e)
            *p = '?'; /* quoted input may hold anything; a text goes to terminals, D-Bus and JSON */
    (void)snprintf(err->hint, sizeof err->hint, "%s", error_hint(code));
    return code;
}

void error_clear(struct error *err)
{
    *err = (struct error){ .code = ERROR_NONE };
}
