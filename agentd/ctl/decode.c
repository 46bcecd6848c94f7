/* SPDX-License-Identifier: Apache-2.0 */
/* File -> octets -> verdict -> text or JSON. Authenticate, then parse: a document whose MAC is wrong is not parsed; one that could not be checked is
 * shown, but never accepted. */
#include "ctl/decode.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ctl/decode_print.h"
#include "ctl/push_check.h"

enum { FILE_MAX = 256 * 1024 };

static bool read_file(const char *path, uint8_t *out, size_t *len)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
    if (!f)
        return false;
    *len = fread(out, 1, FILE_MAX, f);
    bool ok = !ferror(f) && *len < FILE_MAX;
    if (f != stdin)
        (void)fclose(f);
    return ok;
}

/* Hex with white space becomes octets; anything else is taken as it is. */
static size_t from_hex(uint8_t *data, size_t len)
{
    size_t n = 0, out;
    for (size_t i = 0; i < len; i++)
        if (!isxdigit(data[i]) && !isspace(data[i]))
            return len;
    for (size_t i = 0; i < len; i++)
        if (isxdigit(data[i]))
            data[n++] = data[i];
    return text_hex_decode((struct slice){ data, n }, data, n, &out) && out ? out : len;
}

static bool only_digits(const char *text, size_t min, size_t max)
{
    size_t n = text ? strspn(text, "0123456789") : 0;
    return !text || (n == strlen(text) && n >= min && n <= max);
}

int decode_file(const char *path, const char *imsi, const char *pin, bool json)
{
    if (!only_digits(imsi, 6, 15) || !only_digits(pin, 1, 64)) {
        fprintf(stderr, "agentctl: --imsi takes 6 to 15 digits, --pin 1 to 64\n");
        return 2;
    }
    uint8_t *data = malloc(FILE_MAX);
    void *memory = malloc(PROV_ARENA);
    size_t len = 0;
    int status = 2;
    if (!data || !memory || !read_file(path, data, &len) || len == 0) {
        fprintf(stderr, "agentctl: cannot read %s, or it is empty or over 256 KiB\n", path);
    } else {
        struct arena arena = arena_make(memory, PROV_ARENA);
        struct push_check check;
        push_check_run((struct slice){ data, from_hex(data, len) }, imsi, pin, &arena, &check);
        if (json)
            decode_print_json(&check);
        else
            decode_print_text(&check);
        status = check.accepted ? 0 : 3;
    }
    free(data);
    free(memory);
    return status;
}
