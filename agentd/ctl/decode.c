/* SPDX-License-Identifier: Apache-2.0 */
/* File -> octets -> verdict -> text or JSON. Authenticate, then parse: a document whose MAC is wrong is not parsed; one that could not be checked is
 * shown, but never accepted. */
#include "ctl/decode.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ctl/decode_item.h"

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

/* What auto tries, in this order; a kind may name its mark, without which it is not tried. */
static bool is_push(struct slice s)
{
    return s.len > 2 && s.data[1] == 0x06;
}

static bool is_document(struct slice s)
{
    return s.len > 3 && (s.data[0] == '<' || (s.data[0] >= 1 && s.data[0] <= 3));
}

static bool is_cose(struct slice s)
{
    return s.data[0] == 0xD1 || s.data[0] == 0xD2 || s.data[0] >> 5 == 5;
}

static bool is_tlv(struct slice s)
{
    return s.data[0] >= 0x08;
}

static bool is_anything(struct slice s)
{
    return s.len > 0;
}

static const struct kind {
    const char *name;
    decode_fn *run;
    bool (*mark)(struct slice s);
    bool for_certain; /* the mark decides: what bears it is that, good or bad */
} kinds[] = {
    { "push", decode_push, is_push, true },
    { "sms", decode_sms, is_anything, false },
    { "tnds", decode_tnds, is_document, false },
    { "wbxml", decode_wbxml, is_document, false },
    { "bei", decode_bei, is_cose, false },
    { "notification", decode_notification, is_anything, false },
    { "card", decode_card, is_anything, false },
    { "lwm2m-tlv", decode_tlv, is_tlv, false },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void result_free(struct decode_result *r)
{
    json_decref(r->document);
    json_decref(r->parts);
    *r = (struct decode_result){ .mac = PUSH_MAC_UNCHECKED };
}

/* The kind that reads the input; if none does, what the first says to it. */
static const struct kind *run_auto(const struct decode_input *in, struct decode_result *out)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (!kinds[i].mark(in->octets))
            continue;
        arena_reset(in->arena);
        kinds[i].run(in, out);
        bool whole = out->accepted || out->check || (out->parts && json_array_size(out->parts));
        if (kinds[i].for_certain || whole)
            return &kinds[i];
        result_free(out);
    }
    arena_reset(in->arena);
    kinds[0].run(in, out);
    return &kinds[0];
}

static const struct kind *kind_of(const char *name)
{
    for (size_t i = 0; name && i < KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

static int decode_octets(const struct decode_input *in, const struct kind *kind, bool json)
{
    struct decode_result r = { .mac = PUSH_MAC_UNCHECKED };
    if (kind)
        kind->run(in, &r);
    else
        kind = run_auto(in, &r);
    if (json)
        decode_print_json(kind->name, &r);
    else
        decode_print_text(kind->name, &r);
    int status = r.accepted ? 0 : 3;
    result_free(&r);
    return status;
}

int decode_file(const char *path, const char *kind, const char *imsi, const char *pin, bool json)
{
    if (!only_digits(imsi, 6, 15) || !only_digits(pin, 1, 64)) {
        fprintf(stderr, "agentctl: --imsi takes 6 to 15 digits, --pin 1 to 64\n");
        return 2;
    }
    if (kind && strcmp(kind, "auto") != 0 && !kind_of(kind)) {
        fprintf(stderr, "agentctl: --kind takes auto, push, sms, wbxml, tnds, notification, card, bei or lwm2m-tlv\n");
        return 2;
    }
    uint8_t *data = malloc(FILE_MAX), *octets = malloc(FILE_MAX);
    void *memory = malloc(DECODE_ARENA);
    size_t len = 0;
    int status = 2;
    if (!data || !octets || !memory || !read_file(path, data, &len) || len == 0) {
        fprintf(stderr, "agentctl: cannot read %s, or it is empty or over 256 KiB\n", path);
    } else {
        struct arena arena = arena_make(memory, DECODE_ARENA);
        memcpy(octets, data, len);
        struct decode_input in = { .octets = { octets, from_hex(octets, len) }, .file = { data, len }, .keys = { imsi, pin }, .arena = &arena };
        status = decode_octets(&in, kind_of(kind), json);
    }
    free(data);
    free(octets);
    free(memory);
    return status;
}
