/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder alone: decode_tool FILE IMSI|- PIN|- [text|KIND [text]]; prints JSON, or text. */
#include <string.h>

#include "ctl/decode.h"

static const char *given(const char *text)
{
    return strcmp(text, "-") == 0 ? NULL : text;
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 6)
        return 2;
    bool text = strcmp(argv[argc - 1], "text") == 0;
    const char *kind = argc - text == 5 ? argv[4] : NULL;
    return decode_file(argv[1], kind, given(argv[2]), given(argv[3]), !text);
}
