/* SPDX-License-Identifier: Apache-2.0 */
/* The one list of errors of the project. Every fallible function returns an enum error_code (ERROR_NONE is success); those
 * that can say more fill a struct error. The name is also the D-Bus error org.gatewayagent.Agent1.Error.<Name>. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

#include "base/error_list.h"

enum error_code {
#define X(symbol, name, text, hint) ERROR_##symbol,
    ERROR_LIST(X)
#undef X
    ERROR_COUNT
};

/* What went wrong, in full; texts are bounded copies, never secrets. */
struct error {
    enum error_code code;
    char text[192]; /* what and where; printable ASCII */
    char hint[128]; /* what to do about it */
};

/* D-Bus name without prefix ("Internal" for a code out of range), default sentence, default hint. Static. */
const char *error_name(enum error_code code);
const char *error_text(enum error_code code);
const char *error_hint(enum error_code code);
/* The code with that name; ERROR_INTERNAL if there is none. */
enum error_code error_from_name(const char *name);

/* Fills err (may be NULL) with code, the formatted text and the default hint; returns code: `return error_set(err, ERROR_X, "...")`. */
enum error_code error_set(struct error *err, enum error_code code, const char *format, ...) __attribute__((cold, format(printf, 3, 4)));
void error_clear(struct error *err);

#endif
