/* SPDX-License-Identifier: Apache-2.0 */
/* File -> octets -> verdict -> text or JSON. Authenticate, then parse: a document whose MAC is wrong is not parsed; one that could not be checked is
 * shown, but never accepted. */
#include "ctl/decode.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "ctl/decode_item.h"

enum { FILE_MAX = 256 * 1024, SIGNERS_MAX = 64 * 1024, PASSWORD_MAX = 256 };

static bool read_file(const char *path, void *out, size_t cap, size_t *len)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
    if (!f)
        return false;
    *len = fread(out, 1, cap, f);
    bool ok = !ferror(f) && *len < cap;
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
        bool whole = out->recognised || out->check || (out->parts && json_array_size(out->parts));
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

static int refuse(const char *what)
{
    fprintf(stderr, "agentctl: %s\n", what);
    return 2;
}

/* What is read of files that the options name. */
struct secrets {
    char password[PASSWORD_MAX];
    uint8_t signers[SIGNERS_MAX];
};

static bool read_keys(const struct decode_options *o, struct secrets *s, struct decode_keys *keys)
{
    size_t len = 0;
    *keys = (struct decode_keys){ .imsi = o->imsi, .pin = o->pin, .gateway = o->gateway, .nonce = o->nonce, .signers = { s->signers, 0 } };
    if (o->signer && !read_file(o->signer, s->signers, sizeof s->signers, &keys->signers.len))
        return false;
    if (!o->password)
        return true;
    if (!read_file(o->password, s->password, sizeof s->password - 1, &len))
        return false;
    s->password[strcspn(s->password, "\r\n")] = '\0';
    keys->password = s->password;
    return s->password[0] != '\0';
}

static int decode_with(const char *path, const struct decode_options *o, const struct decode_keys *keys)
{
    uint8_t *data = malloc(FILE_MAX), *octets = malloc(FILE_MAX);
    void *memory = malloc(DECODE_ARENA);
    size_t len = 0;
    int status = 2;
    if (!data || !octets || !memory || !read_file(path, data, FILE_MAX, &len) || len == 0) {
        fprintf(stderr, "agentctl: cannot read %s, or it is empty or over 256 KiB\n", path);
    } else {
        struct arena arena = arena_make(memory, DECODE_ARENA);
        memcpy(octets, data, len);
        struct decode_input in = { .octets = { octets, from_hex(octets, len) }, .file = { data, len }, .keys = *keys, .arena = &arena };
        status = decode_octets(&in, kind_of(o->kind), o->json);
    }
    free(data);
    free(octets);
    free(memory);
    return status;
}

int decode_file(const char *path, const struct decode_options *o)
{
    static struct secrets secrets;
    struct decode_keys keys;
    if (!only_digits(o->imsi, 6, 15) || !only_digits(o->pin, 1, 64))
        return refuse("--imsi takes 6 to 15 digits, --pin 1 to 64");
    if (o->kind && strcmp(o->kind, "auto") != 0 && !kind_of(o->kind))
        return refuse("--kind takes auto, push, sms, wbxml, tnds, notification, card, bei or lwm2m-tlv");
    if (!read_keys(o, &secrets, &keys))
        return refuse("--signer and --password take a file: certificates or public keys in PEM, up to 64 KiB; a line of up to 254 octets");
    int status = decode_with(path, o, &keys);
    secret_zero(&secrets, sizeof secrets);
    return status;
}
