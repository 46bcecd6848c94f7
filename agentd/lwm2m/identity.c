/* SPDX-License-Identifier: Apache-2.0 */
/* One line to two words. Takes no character that a hook may not be given back. */
#include "lwm2m/identity.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static bool is_word(const char *text)
{
    return text[0] != '-' && text_is_name(text, "._+~:-", IDENTITY_TEXT);
}

bool identity_read(const char *text, struct identity *out)
{
    char rest[2] = "";
    *out = (struct identity){ .name = "" };
    int n = strlen(text) <= 2 * IDENTITY_TEXT + 1 ? sscanf(text, "%64s %64s %1s", out->name, out->version, rest) : 0;
    if ((n == 1 && is_word(out->name)) || (n == 2 && is_word(out->name) && is_word(out->version)))
        return true;
    *out = (struct identity){ .name = "" };
    return false;
}
