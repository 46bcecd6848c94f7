/* SPDX-License-Identifier: Apache-2.0 */
/* SenML record by record: what each form says, and what is no pack. */
#include <glib.h>
#include <string.h>

#include "codec/senml.h"

struct seen {
    size_t count;
    char text[256];
};

static enum error_code take(void *user, const struct senml_record *r)
{
    static const char kinds[] = "nirtbol";
    struct seen *s = user;
    g_autofree char *was = g_strdup(s->text);
    s->count++;
    (void)g_snprintf(s->text, sizeof s->text, "%s%.*s%.*s=%c%ld/%g/%.*s ", was, (int)r->base.len, (const char *)r->base.data, (int)r->name.len, (const char *)r->name.data, kinds[r->kind],
                     (long)r->integer, r->real, (int)r->octets.len, (const char *)r->octets.data);
    return s->count == 9 ? ERROR_DENIED : ERROR_NONE;
}

static const struct {
    const char *json, *text; /* NULL: MALFORMED */
} packs[] = {
    { "[]", "" },
    { "[{\"bn\":\"/1/\",\"n\":\"0\",\"v\":7,\"bt\":1},{\"n\":\"1\",\"v\":1.5,\"t\":2},{\"bn\":\"/2\",\"vs\":\"a\",\"u\":\"x\"}]", "/1/0=i7/0/ /1/1=r0/1.5/ /2=t0/0/a " },
    { "[{\"n\":\"a\",\"vb\":true},{\"n\":\"b\",\"vb\":false},{\"n\":\"c\",\"vd\":\"eHl6\"},{\"n\":\"d\",\"vlo\":\"3:0\"},{\"n\":\"e\"}]", "a=b1/0/ b=b0/0/ c=o0/0/xyz d=l0/0/3:0 e=n0/0/ " },
    { "{}", NULL }, { "[1]", NULL }, { "[", NULL }, { "[{\"n\":\"a\",\"v\":1,\"vs\":\"b\"}]", NULL }, { "[{\"v\":\"1\"}]", NULL }, { "[{\"vs\":1}]", NULL }, { "[{\"vb\":1}]", NULL },
    { "[{\"vd\":1}]", NULL }, { "[{\"vlo\":1}]", NULL }, { "[{\"vd\":\"A\"}]", NULL }, { "[{\"vd\":\"?AAA\"}]", NULL }, { "[{\"\":1}]", NULL }, { "[{\"x_\":1}]", NULL }, { "[{\"bn\":1,\"v\":1}]", "=i1/0/ " },
};

static enum error_code read_json(const char *text, size_t room, struct seen *s)
{
    static uint8_t memory[512];
    struct arena arena = arena_make(memory, room);
    *s = (struct seen){ 0 };
    return senml_json_read((struct slice){ (const uint8_t *)text, strlen(text) }, &arena, take, s);
}

static void what_json_says(void)
{
    struct seen s;
    for (size_t i = 0; i < G_N_ELEMENTS(packs); i++) {
        g_assert_cmpint(read_json(packs[i].json, 512, &s), ==, packs[i].text ? ERROR_NONE : ERROR_MALFORMED);
        if (packs[i].text)
            g_assert_cmpstr(s.text, ==, packs[i].text);
    }
    g_assert_cmpint(read_json("[{\"vs\":\"a text that needs more than there is\"}]", 8, &s), ==, ERROR_NO_MEMORY);
    g_assert_cmpint(read_json("[{},{},{},{},{},{},{},{},{},{}]", 512, &s), ==, ERROR_DENIED); /* the taker's word ends it */
    g_assert_cmpuint(s.count, ==, 9);
}

static void what_cbor_says(void)
{
    static const struct {
        const char *octets;
        size_t len;
        const char *text;
    } rows[] = {
        { "\x81\xa3\x21\x61/\x00\x61" "1\x02\x07", 10, "/1=i7/0/ " }, { "\x81\xa1\x04\xf5", 4, "=b1/0/ " }, { "\x81\xa1\x04\xf4", 4, "=b0/0/ " },
        { "\x81\xa1\x08\x41x", 5, "=o0/0/x " }, { "\x81\xa1\x63vlo\x63" "3:0", 10, "=l0/0/3:0 " }, { "\x81\xa1\x04\xf6", 4, NULL }, { "\x81\xa1\x04\x01", 4, NULL },
        { "\x81\xa2\x02\x01\x02\x01", 6, NULL }, { "\x81\xa1\x01\x01", 4, NULL }, { "\x81\xa1\x62x_\x01", 6, NULL }, { "\x81\xa1\x62xx\x01", 6, NULL }, { "\x81\xa1\x18\x20\x01", 5, NULL },
        { "\x81\xa1\x23\x01", 4, NULL }, { "\x81\x01", 2, NULL }, { "\xa0", 1, NULL }, { "\x80\x00", 2, NULL }, { "\x81\xa1\x02", 3, NULL }, { "\x81\xa1\x65" "ab", 5, NULL }, { "\x81\xa1\x40\x01", 4, NULL },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct seen s = { 0 };
        enum error_code rc = senml_cbor_read((struct slice){ (const uint8_t *)rows[i].octets, rows[i].len }, take, &s);
        g_assert_cmpint(rc, ==, rows[i].text ? ERROR_NONE : ERROR_MALFORMED);
        if (rows[i].text)
            g_assert_cmpstr(s.text, ==, rows[i].text);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/senml/what json says", what_json_says);
    g_test_add_func("/senml/what cbor says", what_cbor_says);
    return g_test_run();
}
