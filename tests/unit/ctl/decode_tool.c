/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder alone: decode_tool FILE IMSI|- PIN|- [text]; prints JSON, or text. */
#include <string.h>

#include "ctl/decode.h"

static const char *given(const char *text)
{
    return strcmp(text, "-") == 0 ? NULL : text;
}

int main(int argc, char **argv)
{
    return argc == 4 || argc == 5 ? decode_file(argv[1], given(argv[2]), given(argv[3]), argc == 4) : 2;
}
