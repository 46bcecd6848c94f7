/* SPDX-License-Identifier: Apache-2.0 */
/* SMS-DELIVER and reassembly: fields and faults of a TPDU, the TPDUs of the vectors in any order, the bounds of the assembly. */
#include <glib.h>
#include <string.h>

#include "codec/sms.h"
#include "codec/sms_assembly.h"
#include "support/vectors.h"

#define SCTS "62 11 10 21 26 20 04"

struct row {
    const char *name, *hex;
    enum error_code rc;
    bool binary;
    int ref, total, seq; /* 0: not concatenated */
    int dst;             /* -1: no ports */
    const char *data;
};

static const struct row rows[] = {
    { "plain data", "04 04 91 21 43 00 04 " SCTS " 02 41 42", ERROR_NONE, true, 0, 0, 0, -1, "AB" },
    { "odd digits", "04 03 91 21 F3 00 04 " SCTS " 01 41", ERROR_NONE, true, 0, 0, 0, -1, "A" },
    { "no digits", "04 00 91 00 04 " SCTS " 01 41", ERROR_NONE, true, 0, 0, 0, -1, "A" },
    { "class 1 data", "04 00 91 00 15 " SCTS " 01 41", ERROR_NONE, true, 0, 0, 0, -1, "A" },
    { "class group data", "04 00 91 00 F5 " SCTS " 01 41", ERROR_NONE, true, 0, 0, 0, -1, "A" },
    { "deleted automatically", "04 00 91 00 44 " SCTS " 01 41", ERROR_NONE, true, 0, 0, 0, -1, "A" },
    { "default alphabet", "04 00 91 00 00 " SCTS " 01 41", ERROR_NONE, false, 0, 0, 0, -1, "A" },
    { "class group text", "04 00 91 00 F1 " SCTS " 01 41", ERROR_NONE, false, 0, 0, 0, -1, "A" },
    { "ucs2", "04 00 91 00 08 " SCTS " 01 41", ERROR_NONE, false, 0, 0, 0, -1, "A" },
    { "compressed", "04 00 91 00 24 " SCTS " 01 41", ERROR_NONE, false, 0, 0, 0, -1, "A" },
    { "message waiting", "04 00 91 00 C4 " SCTS " 01 41", ERROR_NONE, false, 0, 0, 0, -1, "A" },
    { "16-bit ports", "44 00 91 00 04 " SCTS " 08 06 05 04 0B 84 23 F0 41", ERROR_NONE, true, 0, 0, 0, 2948, "A" },
    { "8-bit ports", "44 00 91 00 04 " SCTS " 06 04 04 02 E2 E3 41", ERROR_NONE, true, 0, 0, 0, 0xE2, "A" },
    { "8-bit reference", "44 00 91 00 04 " SCTS " 07 05 00 03 2A 03 02 41", ERROR_NONE, true, 0x2A, 3, 2, -1, "A" },
    { "16-bit reference", "44 00 91 00 04 " SCTS " 08 06 08 04 12 34 03 02 41", ERROR_NONE, true, 0x1234, 3, 2, -1, "A" },
    { "unknown element", "44 00 91 00 04 " SCTS " 06 04 70 02 01 02 41", ERROR_NONE, true, 0, 0, 0, -1, "A" },
    { "part 0", "44 00 91 00 04 " SCTS " 07 05 00 03 2A 03 00 41", ERROR_MALFORMED, 0, 0, 0, 0, 0, NULL },
    { "part over total", "44 00 91 00 04 " SCTS " 07 05 00 03 2A 03 04 41", ERROR_MALFORMED, 0, 0, 0, 0, 0, NULL },
    { "no parts", "44 00 91 00 04 " SCTS " 07 05 00 03 2A 00 00 41", ERROR_MALFORMED, 0, 0, 0, 0, 0, NULL },
    { "short element", "44 00 91 00 04 " SCTS " 05 03 05 01 0B 41", ERROR_MALFORMED, 0, 0, 0, 0, 0, NULL },
    { "long element", "44 00 91 00 04 " SCTS " 08 06 00 04 2A 03 02 00 41", ERROR_MALFORMED, 0, 0, 0, 0, 0, NULL },
    { "element over the header", "44 00 91 00 04 " SCTS " 05 03 70 05 01 02", ERROR_TRUNCATED, 0, 0, 0, 0, 0, NULL },
    { "header over the data", "44 00 91 00 04 " SCTS " 02 05 00", ERROR_TRUNCATED, 0, 0, 0, 0, 0, NULL },
    { "data over the end", "04 00 91 00 04 " SCTS " 03 41 42", ERROR_TRUNCATED, 0, 0, 0, 0, 0, NULL },
    { "data over 140", "04 00 91 00 04 " SCTS " 8D 41", ERROR_MALFORMED, 0, 0, 0, 0, 0, NULL },
    { "address over 20 digits", "04 15 91 21 43 21 43 21 43 21 43 21 43 F1 00 04 " SCTS " 01 41", ERROR_MALFORMED, 0, 0, 0, 0, 0, NULL },
    { "status report", "06 00 91 00 04 " SCTS " 01 41", ERROR_NOT_SUPPORTED, 0, 0, 0, 0, 0, NULL },
    { "ends in the address", "04 04 91 21", ERROR_TRUNCATED, 0, 0, 0, 0, 0, NULL },
    { "ends in the time", "04 00 91 00 04 62 11", ERROR_TRUNCATED, 0, 0, 0, 0, 0, NULL },
    { "nothing", "", ERROR_TRUNCATED, 0, 0, 0, 0, 0, NULL },
};

static void check_row(gconstpointer data)
{
    const struct row *row = data;
    struct octets tpdu = octets_of_hex(row->hex);
    struct sms_deliver s;
    struct error err = { 0 };
    g_assert_cmpint(sms_deliver_parse(octets_slice(&tpdu), &s, &err), ==, row->rc);
    g_assert_cmpint(err.code, ==, row->rc);
    if (row->rc == ERROR_NONE) {
        g_assert_cmpint(s.binary, ==, row->binary);
        g_assert_cmpint(s.concatenated, ==, row->total != 0);
        g_assert_cmpint(s.ref, ==, row->ref);
        g_assert_cmpint(s.total, ==, row->total);
        g_assert_cmpint(s.seq, ==, row->seq);
        g_assert_cmpint(s.wide_ref, ==, row->ref > 255);
        g_assert_cmpint(s.has_ports ? s.dst_port : -1, ==, row->dst);
        g_assert_true(slice_is(s.data, row->data));
    }
    octets_free(&tpdu);
}

/* --- vectors: any order, each part twice --- */

static void shuffle(size_t *order, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)g_test_rand_int_range(0, (gint32)i), t = order[i - 1];
        order[i - 1] = order[j];
        order[j] = t;
    }
}

static void check_whole(const json_t *v, struct slice whole)
{
    g_autofree char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, whole.data, whole.len);
    g_assert_cmpstr(sum, ==, vector_text(v, "reassembled_sha256"));
}

static void deliver(struct sms_assembly *a, const json_t *v, const size_t *order)
{
    const json_t *tpdus = json_object_get(v, "tpdus_hex");
    size_t n = json_array_size(tpdus), wholes = 0;
    for (size_t i = 0; i < n; i++) {
        struct octets tpdu = octets_of_hex(json_string_value(json_array_get(tpdus, order[i])));
        struct sms_deliver s;
        struct slice whole;
        g_assert_cmpint(sms_deliver_parse(octets_slice(&tpdu), &s, NULL), ==, ERROR_NONE);
        g_assert_true(s.binary && s.has_ports && s.dst_port == 2948);
        for (size_t copy = 0; copy < (n > 1 && i + 1 < n ? 2U : 1U); copy++) /* a part that comes twice changes nothing */
            if (sms_assembly_add(a, &s, 1000 + i, &whole)) {
                g_assert_cmpuint(i, ==, n - 1);
                check_whole(v, whole);
                wholes++;
            }
        octets_free(&tpdu);
    }
    g_assert_cmpuint(wholes, ==, 1);
}

static void messages_of_the_vectors(void)
{
    json_t *index = vectors_index("index-dm.json"), *v;
    struct sms_assembly *a = g_new0(struct sms_assembly, 1);
    size_t i;
    json_array_foreach(json_object_get(index, "sms"), i, v) {
        size_t order[32], n = json_array_size(json_object_get(v, "tpdus_hex"));
        g_assert_cmpuint(n, <=, G_N_ELEMENTS(order));
        for (size_t k = 0; k < n; k++)
            order[k] = k;
        for (size_t round = 0; round < 40; round++) {
            deliver(a, v, order);
            shuffle(order, n);
        }
    }
    g_assert_cmpuint(i, >=, 4);
    g_free(a);
    json_decref(index);
}

static void every_truncation_is_refused(void)
{
    json_t *index = vectors_index("index-dm.json");
    struct octets tpdu = octets_of_hex(json_string_value(json_array_get(json_object_get(json_array_get(json_object_get(index, "sms"), 0), "tpdus_hex"), 0)));
    for (size_t len = 0; len < tpdu.len; len++) {
        struct octets cut = octets_copy(tpdu.data, len);
        struct sms_deliver s;
        g_assert_cmpint(sms_deliver_parse(octets_slice(&cut), &s, NULL), !=, ERROR_NONE);
        octets_free(&cut);
    }
    octets_free(&tpdu);
    json_decref(index);
}

/* --- bounds of the assembly --- */

static struct sms_deliver part(uint16_t ref, uint8_t total, uint8_t seq, const char *text)
{
    return (struct sms_deliver){ .sender = { (const uint8_t *)"\x91\x21", 2 }, .binary = true, .concatenated = true, .ref = ref, .total = total, .seq = seq,
                                 .data = { (const uint8_t *)text, strlen(text) } };
}

static bool add(struct sms_assembly *a, struct sms_deliver p, uint64_t now)
{
    struct slice whole;
    return sms_assembly_add(a, &p, now, &whole);
}

static void parts_of_others_are_kept_apart(void)
{
    struct sms_assembly *a = g_new0(struct sms_assembly, 1);
    struct sms_deliver second = part(7, 2, 2, "B"), other;
    g_assert_false(add(a, part(7, 2, 1, "A"), 0));
    other = second, other.sender = (struct slice){ (const uint8_t *)"\x91\x22", 2 };
    g_assert_false(add(a, other, 0));
    other = second, other.wide_ref = true;
    g_assert_false(add(a, other, 0));
    other = second, other.total = 3;
    g_assert_false(add(a, other, 0));
    other = second, other.ref = 8;
    g_assert_false(add(a, other, 0));
    struct slice whole;
    g_assert_true(sms_assembly_add(a, &second, 0, &whole));
    g_assert_true(slice_is(whole, "AB"));
    g_assert_false(add(a, second, 0)); /* it begins anew */
    g_free(a);
}

static void ports_must_be_the_same(void)
{
    struct sms_assembly *a = g_new0(struct sms_assembly, 1);
    struct sms_deliver first = part(7, 3, 1, "A"), second = part(7, 3, 2, "B"), third = part(7, 3, 3, "C");
    first.has_ports = third.has_ports = true;
    first.dst_port = third.dst_port = 2948;
    third.src_port = 1;
    g_assert_false(add(a, first, 0));
    g_assert_false(add(a, second, 0)); /* has none: belongs to it */
    g_assert_false(add(a, third, 0));
    third.src_port = 0;
    g_assert_true(add(a, third, 0));
    g_free(a);
}

static void old_parts_expire(void)
{
    struct sms_assembly *a = g_new0(struct sms_assembly, 1);
    g_assert_false(add(a, part(7, 2, 1, "A"), 0));
    g_assert_true(add(a, part(7, 2, 2, "B"), SMS_ASSEMBLY_EXPIRY_MS));
    g_assert_false(add(a, part(7, 2, 1, "A"), 0));
    g_assert_false(add(a, part(7, 2, 2, "B"), SMS_ASSEMBLY_EXPIRY_MS + 1));
    g_free(a);
}

static void the_oldest_message_goes_first(void)
{
    struct sms_assembly *a = g_new0(struct sms_assembly, 1);
    for (uint16_t i = 0; i <= SMS_ASSEMBLIES; i++)
        g_assert_false(add(a, part(i, 2, 1, "A"), i));
    g_assert_true(add(a, part(1, 2, 2, "B"), 100));
    g_assert_true(add(a, part(SMS_ASSEMBLIES, 2, 2, "B"), 100));
    g_assert_false(add(a, part(0, 2, 2, "B"), 100));
    g_free(a);
}

static void who_sends_the_most_makes_room(void)
{
    struct sms_assembly *a = g_new0(struct sms_assembly, 1);
    struct sms_deliver first = part(9, 2, 1, "A"), second = part(9, 2, 2, "B");
    first.sender = second.sender = (struct slice){ (const uint8_t *)"\x91\x22", 2 };
    g_assert_false(add(a, first, 0));
    for (uint16_t i = 0; i < 3 * SMS_ASSEMBLIES; i++)
        g_assert_false(add(a, part(i, 2, 1, "x"), 1));
    g_assert_true(add(a, second, 2));
    g_free(a);
}

static void places_go_through_in_the_order_of_the_parts(void)
{
    struct sms_assembly *a = g_new0(struct sms_assembly, 1);
    struct sms_deliver first = part(7, 3, 1, "A"), second = part(7, 3, 2, "B"), third = part(7, 3, 3, "C"), alone = { .place = 4 };
    first.place = 11;
    second.place = 0; /* by transfer route: it lies nowhere */
    third.place = 33;
    g_assert_false(add(a, third, 0));
    g_assert_false(add(a, first, 0));
    g_assert_true(add(a, second, 0));
    g_assert_cmpuint(a->place_count, ==, 3);
    g_assert_true(a->places[0] == 11 && a->places[1] == 0 && a->places[2] == 33);
    g_assert_true(add(a, alone, 0));
    g_assert_true(a->place_count == 1 && a->places[0] == 4);
    g_free(a);
}

static void the_pool_is_bounded(void)
{
    struct sms_assembly *a = g_new0(struct sms_assembly, 1);
    g_autofree char *text = g_strnfill(SMS_PART_MAX, 'x');
    for (unsigned seq = 1; seq < 200; seq++)
        g_assert_false(add(a, part(1, 200, (uint8_t)seq, text), 1));
    for (unsigned seq = 1; seq < SMS_PARTS; seq++) /* takes the room of the older one */
        g_assert_false(add(a, part(2, SMS_PARTS, (uint8_t)seq, text), 2));
    g_assert_false(add(a, part(1, 200, 200, text), 3)); /* gone */
    struct slice whole;
    struct sms_deliver last = part(2, SMS_PARTS, SMS_PARTS, text);
    g_assert_true(sms_assembly_add(a, &last, 4, &whole));
    g_assert_cmpuint(whole.len, ==, sizeof a->whole);
    g_assert_false(add(a, part(3, SMS_PARTS + 1, 1, text), 5));
    g_autofree char *long_text = g_strnfill(SMS_PART_MAX + 1, 'x');
    g_assert_false(add(a, part(4, 2, 1, long_text), 5));
    g_assert_false(add(a, part(4, 2, 2, "B"), 5));
    g_free(a);
}

static void parts_over_a_bound_are_dropped(void)
{
    struct sms_assembly *a = g_new0(struct sms_assembly, 1);
    uint8_t sender[SMS_ASSEMBLY_SENDER_MAX + 1] = { 0x91 };
    struct sms_deliver second = part(7, 2, 2, "B"), bad = part(7, 2, 1, "A");
    bad.sender = (struct slice){ sender, sizeof sender };
    g_assert_false(add(a, bad, 0));
    g_assert_false(add(a, part(7, 2, 0, "A"), 0));
    g_assert_false(add(a, part(7, 2, 3, "A"), 0));
    g_assert_cmpuint(a->fresh, ==, 0);
    g_assert_false(add(a, second, 0)); /* nothing of them is there */
    bad = part(7, 2, 1, "A");
    g_assert_true(add(a, bad, 0));
    g_free(a);
}

static void a_part_may_be_empty_and_its_sender_unknown(void)
{
    struct sms_assembly *a = g_new0(struct sms_assembly, 1);
    struct sms_deliver first = part(7, 2, 1, "A"), second = part(7, 2, 2, "");
    struct slice whole;
    first.sender = second.sender = (struct slice){ NULL, 0 };
    second.data = (struct slice){ NULL, 0 };
    g_assert_false(add(a, second, 0));
    g_assert_true(sms_assembly_add(a, &first, 0, &whole));
    g_assert_true(slice_is(whole, "A"));
    g_free(a);
}

/* A place that became free is taken by a message younger than its neighbours: age counts, not the place. */
static void the_oldest_goes_wherever_it_stands(void)
{
    struct sms_assembly *a = g_new0(struct sms_assembly, 1);
    for (uint16_t i = 0; i < SMS_ASSEMBLIES; i++)
        g_assert_false(add(a, part(i, 2, 1, "A"), 1));
    g_assert_true(add(a, part(0, 2, 2, "B"), 2));
    g_assert_false(add(a, part(500, 2, 1, "A"), 3)); /* at the first place */
    g_assert_false(add(a, part(501, 2, 1, "A"), 4)); /* 1 goes */
    g_assert_true(add(a, part(500, 2, 2, "B"), 5));
    g_assert_false(add(a, part(1, 2, 2, "B"), 5));
    g_free(a);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/sms/%s", rows[i].name);
        g_test_add_data_func(path, &rows[i], check_row);
    }
    g_test_add_func("/sms/messages of the vectors in any order", messages_of_the_vectors);
    g_test_add_func("/sms/every truncation is refused", every_truncation_is_refused);
    g_test_add_func("/sms/parts of others are kept apart", parts_of_others_are_kept_apart);
    g_test_add_func("/sms/ports must be the same", ports_must_be_the_same);
    g_test_add_func("/sms/old parts expire", old_parts_expire);
    g_test_add_func("/sms/the oldest message goes first", the_oldest_message_goes_first);
    g_test_add_func("/sms/who sends the most makes room", who_sends_the_most_makes_room);
    g_test_add_func("/sms/places go through in the order of the parts", places_go_through_in_the_order_of_the_parts);
    g_test_add_func("/sms/the pool is bounded", the_pool_is_bounded);
    g_test_add_func("/sms/parts over a bound are dropped", parts_over_a_bound_are_dropped);
    g_test_add_func("/sms/a part may be empty and its sender unknown", a_part_may_be_empty_and_its_sender_unknown);
    g_test_add_func("/sms/the oldest goes wherever it stands", the_oldest_goes_wherever_it_stands);
    return g_test_run();
}
