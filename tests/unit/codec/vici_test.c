/* SPDX-License-Identifier: Apache-2.0 */
/* VICI: octets of a request as charon takes them, an answer as it gives them, and every packet that is none. */
#include <glib.h>
#include <string.h>

#include "codec/vici.h"
#include "support/vectors.h"

static struct slice slice_of(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

static void a_request_has_these_octets(void)
{
    uint8_t out[128];
    struct writer w = writer_make(out, sizeof out);
    vici_begin(&w, VICI_REQUEST, "load");
    vici_put_text(&w, "type", "IKE");
    vici_list(&w, "owners");
    vici_list_item(&w, slice_of("a"));
    vici_list_item(&w, slice_of("b"));
    vici_list_end(&w);
    vici_section(&w, slice_of("s"));
    vici_put(&w, slice_of("data"), (struct slice){ (const uint8_t *)"\0\1", 2 });
    vici_section_end(&w);
    vici_end(&w);
    struct octets want = octets_of_hex("00000030 00 046C6F6164 03 0474797065 0003 494B45 04 066F776E657273 05 0001 61 05 0001 62 06 01 0173 03 0464617461 0002 0001 02");
    g_assert_true(slice_equal(writer_slice(&w), octets_slice(&want)));
    struct vici_packet p;
    g_assert_true(vici_read((struct slice){ &out[VICI_LENGTH], w.len - VICI_LENGTH }, &p));
    g_assert_true(p.type == VICI_REQUEST && slice_is(p.name, "load") && slice_is(vici_value(p.message, "type"), "IKE"));
    g_assert_true(vici_value(p.message, "data").len == 0 && vici_value(p.message, "owners").len == 0); /* in a section; a list */
}

static void an_answer_is_read(void)
{
    struct octets in = octets_of_hex("01 01 0173 03 0773756363657373 0002 6E6F 02 03 0773756363657373 0003 796573");
    struct vici_packet p;
    g_assert_true(vici_read(octets_slice(&in), &p));
    g_assert_true(p.type == VICI_RESPONSE && p.name.len == 0 && slice_is(vici_value(p.message, "success"), "yes"));
    g_assert_true(vici_value(p.message, "errmsg").len == 0);
    in = octets_of_hex("01 01 0173 04 046B657973 05 0001 63 06 02 04 046B657973 05 0001 61 05 0001 62 06 04 016F 05 0001 64 06");
    g_assert_true(vici_read(octets_slice(&in), &p));
    g_assert_true(vici_list_has(p.message, "keys", "a") && vici_list_has(p.message, "keys", "b"));
    g_assert_false(vici_list_has(p.message, "keys", "c") || vici_list_has(p.message, "keys", "d") || vici_list_has(p.message, "key", "a"));
}

static void what_is_not_well_formed_is_refused(void)
{
    static const char *const bad[] = {
        "", "08", "01 07", "01 00", "01 01", "01 01 0173", "01 02", "01 01 0173 02 02", "01 04 016C", "01 05 0001 61", "01 06", "01 04 016C 03 0161 0000 06",
        "01 04 016C 04 016C 06 06", "01 04 016C 01 0161 02 06", "01 03 0161", "01 03 0161 0002 00", "01 03 02 61", "00", "00 05 61", "07 01", "01 01 0161 04 016C 02 06",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        struct octets in = octets_of_hex(bad[i]);
        struct vici_packet p;
        g_test_message("%s", bad[i]);
        g_assert_false(vici_read(octets_slice(&in), &p));
        g_assert_true(p.message.len == 0);
    }
    uint8_t deep[1 + 4 * (VICI_DEPTH + 1)] = { VICI_RESPONSE };
    for (unsigned depth = VICI_DEPTH; depth <= VICI_DEPTH + 1; depth++) {
        struct writer w = writer_make(deep, sizeof deep);
        struct vici_packet p;
        writer_u8(&w, VICI_RESPONSE);
        for (unsigned i = 0; i < depth; i++)
            vici_section(&w, slice_of("s"));
        for (unsigned i = 0; i < depth; i++)
            vici_section_end(&w);
        g_assert_cmpint(vici_read(writer_slice(&w), &p), ==, depth == VICI_DEPTH);
    }
}

static void what_is_too_long_is_not_written(void)
{
    static uint8_t out[100000], value[UINT16_MAX + 1];
    char name[UINT8_MAX + 2];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    struct writer w = writer_make(out, sizeof out);
    vici_begin(&w, VICI_REQUEST, "x");
    vici_put_text(&w, name, "v");
    vici_end(&w);
    g_assert_true(writer_slice(&w).len == 0);
    w = writer_make(out, sizeof out);
    vici_put(&w, slice_of("k"), (struct slice){ value, sizeof value });
    g_assert_true(w.failed);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vici/request", a_request_has_these_octets);
    g_test_add_func("/vici/answer", an_answer_is_read);
    g_test_add_func("/vici/refused", what_is_not_well_formed_is_refused);
    g_test_add_func("/vici/too-long", what_is_too_long_is_not_written);
    return g_test_run();
}
