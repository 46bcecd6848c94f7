/* SPDX-License-Identifier: Apache-2.0 */
/* Commands to a card: the builders against the trace of card-image.json, and the gate with what it must let through and what it must not. */
#include <glib.h>
#include <string.h>

#include "modemd/card_apdu.h"
#include "support/vectors.h"

static bool allowed(const char *hex)
{
    struct octets o = octets_of_hex(hex);
    bool yes = apdu_allowed(octets_slice(&o));
    octets_free(&o);
    return yes;
}

static void is(const struct writer *w, const char *hex)
{
    struct octets o = octets_of_hex(hex);
    g_assert_true(slice_equal(writer_slice(w), octets_slice(&o)));
    g_assert_true(apdu_allowed(writer_slice(w)) || w->data[0] == 0);
    octets_free(&o);
}

static void commands_that_are_sent(void)
{
    static const uint8_t aid[] = { 0xA0, 0, 0, 0, 0x63, 'P', 'K', 'C', 'S', '-', '1', '5' }, path[] = { 0x3F, 0, 0x7F, 0x50, 0x64, 0x32 }, odf[] = { 0x50, 0x31 };
    uint8_t space[APDU_MAX];
    struct writer w;
#define BUILD(hex, ...) (w = writer_make(space, sizeof space), __VA_ARGS__, is(&w, hex))
    BUILD("0070000001", apdu_open_channel(&w));
    BUILD("00708001", apdu_close_channel(&w, 1));
    BUILD("01A404040CA000000063504B43532D3135", apdu_select_aid(&w, 1, (struct slice){ aid, sizeof aid }));
    apdu_want_answer(&w);
    is(&w, "01A404040CA000000063504B43532D313500");
    BUILD("01A40004025031", apdu_select_path(&w, 1, (struct slice){ odf, sizeof odf }));
    BUILD("02A40804047F506432", apdu_select_path(&w, 2, (struct slice){ path, sizeof path }));
    BUILD("01B0000040", apdu_read_binary(&w, 1, 0, 0x40));
    apdu_want_answer(&w);
    is(&w, "01B0000040");
    BUILD("43B07FFF10", apdu_read_binary(&w, 7, 0x7FFF, 0x10));
    BUILD("4FB2020426", apdu_read_record(&w, 19, 2, 0x26));
    BUILD("03C0000010", apdu_get_response(&w, 3, 0x10));
}

static void the_gate(void)
{
    static const char *const shut[] = {
        "",
        "00A4000C",
        "0020000108FFFFFFFFFFFFFFFF",     /* VERIFY */
        "0120000108FFFFFFFFFFFFFFFF",     /* VERIFY on a channel */
        "012C000110FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", /* UNBLOCK */
        "01D6000001FF",                   /* UPDATE BINARY */
        "01DC010401FF",                   /* UPDATE RECORD */
        "0188008110000102030405060708090A0B0C0D0E0F", /* AUTHENTICATE */
        "0144000000",                     /* ACTIVATE FILE */
        "01E2000000",
        "01F2000000",                     /* STATUS */
        "00A40004025031",                 /* SELECT on the basic channel */
        "00B0000010", "40A400040250310000", "50B0000010", "80B0000010", "A0B0000010", "04B0000010", "FFB0000010",
        "01A4000C025031",                 /* without an answer */
        "01A40004035031FF", "01A4000403503100FF", "01A400040250310001",
        "01A4040404A0000000",             /* AID of four octets */
        "01A4040411A000000063504B43532D3135A0000000A0",
        "01A4080403503100",
        "01B0820010", "01B00000", "01B000001000", /* short file id; no length; more than a length */
        "01B2000410", "01B2FF0410", "01B2010010", "01B2010510",
        "01C0010010", "0170000001", "0070000000", "0070800100", "00708000", "00708014", "0070000101",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(shut); i++) {
        g_test_message("%s", shut[i]);
        g_assert_false(allowed(shut[i]));
    }
}

static void the_trace_of_the_vectors_passes(void)
{
    json_t *image = vectors_index("card-image.json"), *step;
    size_t i;
    json_array_foreach(json_object_get(image, "apdu_sequence"), i, step) {
        const char *hex = vector_text(step, "apdu");
        bool basic = strncmp(hex, "00A4", 4) == 0 || strncmp(hex, "00B2", 4) == 0; /* EF_DIR on channel 0, which we never touch */
        g_assert_cmpint(allowed(hex), ==, !basic);
    }
    g_assert_cmpuint(i, >=, 11);
    json_decref(image);
}

static void status_words(void)
{
    static const struct {
        uint16_t sw;
        enum error_code rc;
    } rows[] = {
        { 0x9000, ERROR_NONE },      { 0x9110, ERROR_NONE },         { 0x6282, ERROR_NONE },          { 0x6A82, ERROR_NOT_FOUND }, { 0x6A83, ERROR_NOT_FOUND },
        { 0x6982, ERROR_PIN_REQUIRED }, { 0x6983, ERROR_IO },        { 0x6881, ERROR_NOT_SUPPORTED }, { 0x6D00, ERROR_NOT_SUPPORTED }, { 0x6A81, ERROR_NOT_SUPPORTED },
        { 0x6F00, ERROR_IO },        { 0x0000, ERROR_IO },           { 0x6B00, ERROR_IO },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(apdu_error(rows[i].sw), ==, rows[i].rc);
    static const uint8_t answer[] = { 1, 2, 0x90, 0x00 };
    g_assert_cmpuint(apdu_status((struct slice){ answer, 4 }), ==, 0x9000);
    g_assert_cmpuint(apdu_status((struct slice){ answer, 1 }), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/apdu/commands that are sent", commands_that_are_sent);
    g_test_add_func("/apdu/the gate", the_gate);
    g_test_add_func("/apdu/the trace of the vectors passes", the_trace_of_the_vectors_passes);
    g_test_add_func("/apdu/status words", status_words);
    return g_test_run();
}
