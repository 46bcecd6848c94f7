/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder alone: decode_tool FILE IMSI|- PIN|- [gateway=ID | signer=FILE | password=FILE | nonce=BASE64]... [text|KIND [text]]; prints JSON, or text. */
#include <string.h>

#include "ctl/decode.h"

static const char *given(const char *text)
{
    return strcmp(text, "-") == 0 ? NULL : text;
}

static bool take(struct decode_options *o, const char *word)
{
    const struct {
        const char *name;
        const char **value;
    } rows[] = { { "gateway=", &o->gateway }, { "signer=", &o->signer }, { "password=", &o->password }, { "nonce=", &o->nonce } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strncmp(word, rows[i].name, strlen(rows[i].name)) == 0) {
            *rows[i].value = &word[strlen(rows[i].name)];
            return true;
        }
    return false;
}

int main(int argc, char **argv)
{
    int at = 4;
    if (argc < 4)
        return 2;
    struct decode_options o = { .imsi = given(argv[2]), .pin = given(argv[3]) };
    while (at < argc && take(&o, argv[at]))
        at++;
    o.json = strcmp(argv[argc - 1], "text") != 0;
    o.kind = argc - at == (o.json ? 1 : 2) ? argv[at] : NULL;
    return argc - at > 2 ? 2 : decode_file(argv[1], &o);
}
