/* SPDX-License-Identifier: Apache-2.0 */
/* Who a file to be installed is, as the administrator's hook tells it: the last line of an inspection (model/sysd_wire.h). */
#ifndef LWM2M_IDENTITY_H
#define LWM2M_IDENTITY_H

#include <stdbool.h>

enum { IDENTITY_TEXT = 64 };

struct identity { /* of A-Z a-z 0-9 . _ + ~ : -, not beginning with "-" */
    char name[IDENTITY_TEXT + 1], version[IDENTITY_TEXT + 1]; /* "": not known */
};

/* "NAME" or "NAME VERSION". False, with nothing known: it is neither. */
bool identity_read(const char *text, struct identity *out);

#endif
