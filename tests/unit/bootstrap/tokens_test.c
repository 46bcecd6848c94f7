/* SPDX-License-Identifier: Apache-2.0 */
/* Every row of the token tables has a home in the model. The tables themselves are walked: each parm in each characteristic, at every place where a characteristic
 * may stand, in a document of WBXML. Its home is where two documents that differ in its value alone become two models; so a row that somebody reads and throws
 * away is found, and one that is added later too. */
#include <glib.h>
#include <string.h>

#include "base/writer.h"
#include "bootstrap/provisioning/provisioning.h"
#include "codec/prov_tokens.h"
#include "codec/wbxml.h"

enum { TAG_DOCUMENT = 0xC5, TAG_CHARACTERISTIC = 0xC6, TAG_PARM = 0x87, END = 0x01, STR_I = 0x03, NAME = 0x05, VALUE = 0x06 /* both on both pages */, DEPTH = 2, DOCUMENT_MAX = 4096 };

struct row { /* of the tables */
    uint8_t page, token;
    enum prov_attribute attribute;
    enum prov_word word;
};

struct document {
    uint8_t octets[DOCUMENT_MAX];
    struct writer w;
    uint8_t page; /* of attributes */
};

struct place { /* what stands around the characteristic */
    enum prov_word path[DEPTH];
    const char *app; /* APPID of applications */
};

struct probe { /* a parm of the characteristic, once or twice; none: NULL */
    const struct row *row;
    const char *value[2];
};

static const struct place places[] = {
    { { WORD_OTHER }, "w7" },                          { { WORD_OTHER }, "w4" },
    { { WORD_NAPDEF }, "w7" },                         { { WORD_PXLOGICAL }, "w7" },
    { { WORD_PXLOGICAL, WORD_PXPHYSICAL }, "w7" },     { { WORD_APPLICATION }, "w7" },
    { { WORD_APPLICATION, WORD_APPADDR }, "w7" },      { { WORD_APPLICATION }, "w4" },
    { { WORD_NAPDEF, WORD_WLAN }, "w7" },              { { WORD_VENDORCONFIG }, "w7" },
};

/* Without these a characteristic is refused. */
static const struct {
    enum prov_word type, name;
    const char *value;
} mandatory[] = {
    { WORD_NAPDEF, WORD_NAPID, "n" }, { WORD_NAPDEF, WORD_NAP_ADDRESS, "apn" }, { WORD_NAPDEF, WORD_NAP_ADDRTYPE, "APN" }, { WORD_NAPAUTHINFO, WORD_AUTHTYPE, "PAP" },
    { WORD_PXLOGICAL, WORD_PROXY_ID, "x" }, { WORD_PXPHYSICAL, WORD_PHYSICAL_PROXY_ID, "y" }, { WORD_PXPHYSICAL, WORD_PXADDR, "192.0.2.9" },
    { WORD_PXAUTHINFO, WORD_PXAUTH_TYPE, "HTTP-BASIC" }, { WORD_PORT, WORD_PORTNBR, "80" }, { WORD_CLIENTIDENTITY, WORD_CLIENT_ID, "c" },
    { WORD_APPLICATION, WORD_APPID, NULL }, { WORD_APPLICATION, WORD_PROVIDER_ID, "dm" }, { WORD_APPLICATION, WORD_ADDR, "https://a.example" },
    { WORD_APPADDR, WORD_ADDR, "https://b.example" }, { WORD_APPAUTH, WORD_AAUTHLEVEL, "APPSRV" }, { WORD_APPAUTH, WORD_AAUTHNAME, "u" },
    { WORD_APPAUTH, WORD_AAUTHSECRET, "s" },
};

/* Two values that the field of that parm takes, where "1" and "2" are none; one: the parm counts by being there. */
static const struct {
    enum prov_word type, name;
    const char *value[2];
} values[] = {
    { WORD_NAPDEF, WORD_NAP_ADDRTYPE, { "APN", "E164" } }, { WORD_NAPDEF, WORD_LOCAL_ADDR, { "192.0.2.1", "192.0.2.2" } },
    { WORD_NAPDEF, WORD_LOCAL_ADDRTYPE, { "IPV4", "IPV6" } }, { WORD_NAPDEF, WORD_DNS_ADDR, { "192.0.2.1", "192.0.2.2" } }, { WORD_NAPDEF, WORD_INTERNET, { "" } },
    { WORD_NAPDEF, WORD_T_BIT, { "" } }, { WORD_NAPAUTHINFO, WORD_AUTHTYPE, { "PAP", "CHAP" } }, { WORD_VALIDITY, WORD_COUNTRY, { "DE", "SE" } },
    { WORD_VALIDITY, WORD_NETWORK, { "26201", "26202" } }, { WORD_VALIDITY, WORD_VALIDUNTIL, { "2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z" } },
    { WORD_BOOTSTRAP, WORD_PROVURL, { "https://a.example/1", "https://a.example/2" } }, { WORD_BOOTSTRAP, WORD_NETWORK, { "26201", "26202" } },
    { WORD_BOOTSTRAP, WORD_COUNTRY, { "DE", "SE" } }, { WORD_BOOTSTRAP, WORD_CONTEXT_ALLOW, { "0", "1" } }, { WORD_PXLOGICAL, WORD_TRUST, { "0", "1" } },
    { WORD_PXLOGICAL, WORD_MASTER, { "0", "1" } }, { WORD_PXLOGICAL, WORD_PUSHENABLED, { "0", "1" } }, { WORD_PXLOGICAL, WORD_PULLENABLED, { "0", "1" } },
    { WORD_PXPHYSICAL, WORD_PXADDR, { "192.0.2.1", "192.0.2.2" } }, { WORD_PXPHYSICAL, WORD_PXADDRTYPE, { "E164", "ALPHA" } },
    { WORD_PXPHYSICAL, WORD_PUSHENABLED, { "0", "1" } }, { WORD_PXPHYSICAL, WORD_PULLENABLED, { "0", "1" } },
    { WORD_PXAUTHINFO, WORD_PXAUTH_TYPE, { "HTTP-BASIC", "HTTP-DIGEST" } }, { WORD_APPLICATION, WORD_APPID, { "w4", "w5" } },
    { WORD_APPLICATION, WORD_ADDR, { "https://a.example/1", "https://a.example/2" } }, { WORD_APPLICATION, WORD_TO_PROXY, { "p", "q" } },
    { WORD_APPADDR, WORD_ADDR, { "https://a.example/1", "https://a.example/2" } }, { WORD_APPAUTH, WORD_AAUTHLEVEL, { "APPSRV", "CLIENT" } },
    { WORD_APPAUTH, WORD_AAUTHTYPE, { "BASIC", "HMAC" } }, { WORD_APPAUTH, WORD_AAUTHDATA, { "AAAA", "AAAB" } },
};

static struct row table[2 * PROV_TOKENS];
static size_t rows;
static void *memory;

/* --- documents --- */

static const struct row *row_of(enum prov_attribute attribute, enum prov_word word)
{
    for (size_t i = 0; i < rows; i++)
        if (table[i].attribute == attribute && table[i].word == word)
            return &table[i];
    g_error("%s is in no table", prov_word_text(word));
}

static void put_attribute(struct document *d, const struct row *row)
{
    if (d->page != row->page) {
        writer_u8(&d->w, 0);
        writer_u8(&d->w, row->page);
        d->page = row->page;
    }
    writer_u8(&d->w, row->token);
}

static void put_text(struct document *d, const char *text)
{
    writer_u8(&d->w, STR_I);
    writer_put(&d->w, text, strlen(text) + 1);
}

static void put_parm(struct document *d, const struct row *row, const char *value)
{
    writer_u8(&d->w, TAG_PARM);
    if (wbxml_attribute_kinds[row->token] == WBXML_ATTRIBUTE) {
        put_attribute(d, row);
    } else { /* 40..44 of page 1: to WBXML these are EXT_I, PI and LITERAL, so a document must spell the name */
        writer_u8(&d->w, NAME);
        put_text(d, prov_word_text(row->word));
    }
    writer_u8(&d->w, VALUE);
    put_text(d, value);
    writer_u8(&d->w, END);
}

static void open_characteristic(struct document *d, const struct row *type)
{
    writer_u8(&d->w, TAG_CHARACTERISTIC);
    put_attribute(d, type);
    writer_u8(&d->w, END);
}

/* What must be in a characteristic of that type; `but` is not put. `inner`: what will stand in it. */
static void put_mandatory(struct document *d, enum prov_word type, enum prov_word but, enum prov_word inner, const char *app)
{
    for (size_t i = 0; i < G_N_ELEMENTS(mandatory); i++) {
        enum prov_word name = mandatory[i].name;
        bool address_inside = type == WORD_APPLICATION && name == WORD_ADDR && inner == WORD_APPADDR; /* the application's own would outrank it */
        if (mandatory[i].type == type && name != but && !address_inside)
            put_parm(d, row_of(PROV_NAME, name), mandatory[i].value ? mandatory[i].value : app);
    }
}

static void put_proxy(struct document *d, const char *id, const char *address)
{
    open_characteristic(d, row_of(PROV_TYPE, WORD_PXLOGICAL));
    put_parm(d, row_of(PROV_NAME, WORD_PROXY_ID), id);
    open_characteristic(d, row_of(PROV_TYPE, WORD_PXPHYSICAL));
    put_parm(d, row_of(PROV_NAME, WORD_PHYSICAL_PROXY_ID), "1");
    put_parm(d, row_of(PROV_NAME, WORD_PXADDR), address);
    open_characteristic(d, row_of(PROV_TYPE, WORD_PORT));
    put_parm(d, row_of(PROV_NAME, WORD_PORTNBR), "8080");
    for (int i = 0; i < 3; i++)
        writer_u8(&d->w, END);
}

/* The characteristic (none: NULL) at its place, with the probe in it, behind two proxies that an application may name. */
static void put_document(struct document *d, const struct place *at, const struct row *type, const struct probe *probe)
{
    size_t depth = 0;
    *d = (struct document){ .page = 0 };
    d->w = writer_make(d->octets, sizeof d->octets);
    writer_put(&d->w, "\x03\x0b\x6a\x00\xc5\x46\x01", 7);
    put_proxy(d, "p", "192.0.2.101");
    put_proxy(d, "q", "192.0.2.102");
    for (; depth < DEPTH && at->path[depth]; depth++) {
        enum prov_word inner = depth + 1 < DEPTH && at->path[depth + 1] ? at->path[depth + 1] : type ? type->word : WORD_OTHER;
        open_characteristic(d, row_of(PROV_TYPE, at->path[depth]));
        put_mandatory(d, at->path[depth], WORD_OTHER, inner, at->app);
    }
    if (type) {
        open_characteristic(d, type);
        put_mandatory(d, type->word, probe ? probe->row->word : WORD_OTHER, WORD_OTHER, at->app);
        for (size_t i = 0; probe && i < 2 && probe->value[i]; i++)
            put_parm(d, probe->row, probe->value[i]);
        writer_u8(&d->w, END);
    }
    for (; depth > 0; depth--)
        writer_u8(&d->w, END);
    writer_u8(&d->w, END);
    g_assert_false(d->w.failed);
}

/* --- models --- */

static enum error_code model(const struct document *d, struct settings *out)
{
    struct arena arena = arena_make(memory, PROV_ARENA);
    struct prov_node *root = NULL;
    struct error err = { 0 };
    memset(out, 0, sizeof *out);
    enum error_code rc = prov_decode_wbxml(writer_slice(&d->w), &arena, &root, &err);
    if (!rc)
        rc = provisioning_settings(root, out, &err);
    if (rc)
        g_test_message("%s", err.text);
    return rc;
}

static enum error_code model_of(const struct place *at, const struct row *type, const struct probe *probe, struct settings *out)
{
    struct document d;
    put_document(&d, at, type, probe);
    return model(&d, out);
}

static bool same(const struct settings *a, const struct settings *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static struct settings one, other;

static void check_parm(const struct place *at, const struct row *type, const struct row *name)
{
    const char *const *value = (const char *const[]){ "1", "2" };
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++)
        if (values[i].type == type->word && values[i].name == name->word)
            value = values[i].value;
    struct probe first = { name, { value[0] } }, second = { name, { value[1] } }, both = { name, { value[0], value[1] ? value[1] : value[0] } };
    enum error_code rc = model_of(at, type, &first, &one);
    if (!rc)
        rc = value[1] ? model_of(at, type, &second, &other) : model_of(at, type, NULL, &other);
    if (rc || same(&one, &other))
        g_error("%s in %s/%s/%s is not in the model (%d)", prov_word_text(name->word), prov_word_text(at->path[0]), prov_word_text(at->path[1]),
                prov_word_text(type->word), rc);
    if (model_of(at, type, &both, &other) || same(&one, &other))
        g_error("a second %s in %s/%s/%s is not in the model", prov_word_text(name->word), prov_word_text(at->path[0]), prov_word_text(at->path[1]),
                prov_word_text(type->word));
}

static void every_parm_in_every_characteristic(void)
{
    size_t checked = 0;
    for (size_t p = 0; p < G_N_ELEMENTS(places); p++)
        for (const struct row *type = table; type < &table[rows]; type++)
            for (const struct row *name = table; type->attribute == PROV_TYPE && name < &table[rows]; name++)
                if (name->attribute == PROV_NAME) {
                    check_parm(&places[p], type, name);
                    checked++;
                }
    g_test_message("%zu parms at their places", checked);
    g_assert_cmpuint(checked, >, G_N_ELEMENTS(places) * 20 * 100);
}

static void every_characteristic(void)
{
    for (size_t p = 0; p < G_N_ELEMENTS(places); p++)
        for (const struct row *type = table; type < &table[rows]; type++) {
            if (type->attribute != PROV_TYPE)
                continue;
            g_assert_cmpint(model_of(&places[p], type, NULL, &one), ==, ERROR_NONE);
            g_assert_cmpint(model_of(&places[p], NULL, NULL, &other), ==, ERROR_NONE);
            if (same(&one, &other))
                g_error("%s in %s/%s is not in the model", prov_word_text(type->word), prov_word_text(places[p].path[0]), prov_word_text(places[p].path[1]));
        }
}

/* A value in the string table, as often as a document says. */
static enum error_code model_of_many(size_t parms, size_t value_len)
{
    static struct document d;
    d = (struct document){ .page = 0 };
    d.w = writer_make(d.octets, sizeof d.octets);
    writer_put(&d.w, "\x03\x0b\x6a", 3);
    writer_uintvar(&d.w, (uint32_t)value_len + 1);
    for (size_t i = 0; i < value_len; i++)
        writer_u8(&d.w, 'v');
    writer_put(&d.w, "\0\xc5\x46\x01", 4);
    for (size_t i = 0; i < parms; i++)
        writer_put(&d.w, "\x87\x4f\x06\x83\0\x01", 6); /* SPI */
    writer_u8(&d.w, END);
    return model(&d, &one);
}

static void bound(void)
{
    size_t value_len = PROV_MAX_VALUE - 4 - strlen("SPI"), most = LEFTOVER_MAX / PROV_MAX_VALUE;
    g_assert_cmpint(model_of_many(most, value_len), ==, ERROR_NONE);
    g_assert_cmpuint(one.leftover.len, ==, LEFTOVER_MAX);
    g_assert_cmpint(model_of_many(most, value_len + 1), ==, ERROR_TOO_LARGE);
    g_assert_cmpuint(one.leftover.len, <, LEFTOVER_MAX);
}

static void read_tables(void)
{
    for (unsigned page = 0; page < PROV_PAGES; page++)
        for (unsigned token = 0; token < PROV_TOKENS; token++) {
            const struct prov_attribute_token *t = &prov_attribute_tokens[page][token];
            if (t->known && t->word && t->attribute != PROV_VERSION)
                table[rows++] = (struct row){ (uint8_t)page, (uint8_t)token, t->attribute, t->word };
        }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    memory = g_malloc(PROV_ARENA);
    read_tables();
    g_test_add_func("/tokens/every characteristic", every_characteristic);
    g_test_add_func("/tokens/every parm in every characteristic", every_parm_in_every_characteristic);
    g_test_add_func("/tokens/bound", bound);
    int rc = g_test_run();
    g_free(memory);
    return rc;
}
