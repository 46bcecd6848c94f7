/* SPDX-License-Identifier: Apache-2.0 */
/* The MID engine's arithmetic against every public set of tests/vectors/usim: algorithms, sequence numbers, keys, digests. */
#include <string.h>

#include "support.h"
#include "tred/aka.h"
#include "tred/digest.h"
#include "tred/heap.h"
#include "tred/keys.h"
#include "tred/sqn.h"

enum { FIELDS = 16 };

struct set { /* one set of a file, its hex fields by name */
    const json_t *json;
    struct slice field[FIELDS];
    size_t count;
};

static struct slice get(struct set *s, const char *name)
{
    g_assert_cmpuint(s->count, <, FIELDS);
    return s->field[s->count++] = support_hex(s->json, name);
}

static void set_free(struct set *s)
{
    for (size_t i = 0; i < s->count; i++)
        g_free((void *)(uintptr_t)s->field[i].data);
    s->count = 0;
}

static const char *text_of(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    g_assert_nonnull(s);
    return s;
}

static struct slice slice_of(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

static void equal(struct slice want, const void *got, size_t len)
{
    assert_octets(got, len, want.data, want.len);
}

/* Runs fn for each set of the file; at least `least`. */
static void each(const char *file, const char *list, size_t least, void (*fn)(struct set *s, const json_t *all))
{
    json_t *all = support_vectors(file), *sets = json_object_get(all, list), *one;
    size_t i;
    g_assert_cmpuint(json_array_size(sets), >=, least);
    json_array_foreach(sets, i, one)
    {
        struct set s = { .json = one };
        fn(&s, all);
        set_free(&s);
    }
    json_decref(all);
}

static void open_milenage(struct aka *a, struct slice k, struct slice opc)
{
    struct aka_profile p = { .algorithm = MID_MILENAGE, .iterations = 1, .res_len = 8, .k = k, .op = opc };
    g_assert_true(aka_open(a, &p));
}

static void check_milenage(struct set *s, const json_t *all)
{
    struct aka a;
    struct aka_out out;
    uint8_t f1[8], f1star[8], auts[14], sqn[6];
    bool good;
    (void)all;
    open_milenage(&a, get(s, "k"), get(s, "opc"));
    g_assert_true(aka_f2345(&a, get(s, "rand").data, &out));
    struct slice number = get(s, "sqn");
    g_assert_true(aka_f1(&a, &out, number.data, get(s, "amf").data, f1, f1star));
    equal(get(s, "f1"), f1, 8);
    equal(get(s, "f1star"), f1star, 8);
    equal(get(s, "f2"), out.res, out.res_len);
    equal(get(s, "f3"), out.ck, 16);
    equal(get(s, "f4"), out.ik, 16);
    equal(get(s, "f5"), out.ak, 6);
    equal(get(s, "f5star"), out.akstar, 6);
    g_assert_true(aka_check(&a, &out, get(s, "autn").data, sqn, &good) && good);
    equal(number, sqn, 6);
    g_assert_true(aka_resync(&a, &out, number.data, auts));
    equal(get(s, "auts"), auts, 14);
    aka_close(&a);
}

/* Set 1 of TS 55.205 (which is that of TS 35.208), where c2 and c3 are the 2G algorithms; a RES of other lengths folds the same way. */
static void gsm_gives_what_a_2g_network_expects(void)
{
    static const uint8_t k[] = { 0x46, 0x5b, 0x5c, 0xe8, 0xb1, 0x99, 0xb4, 0x9f, 0xaa, 0x5f, 0x0a, 0x2e, 0xe2, 0x38, 0xa6, 0xbc };
    static const uint8_t opc[] = { 0xcd, 0x63, 0xcb, 0x71, 0x95, 0x4a, 0x9f, 0x4e, 0x48, 0xa5, 0x99, 0x4e, 0x37, 0xa0, 0x2b, 0xaf };
    static const uint8_t rand[] = { 0x23, 0x55, 0x3c, 0xbe, 0x96, 0x37, 0xa8, 0x9d, 0x21, 0x8a, 0xe6, 0x4d, 0xae, 0x47, 0xbf, 0x35 };
    static const uint8_t want_sres[] = { 0x46, 0xf8, 0x41, 0x6a }, want_kc[] = { 0xea, 0xe4, 0xbe, 0x82, 0x3a, 0xf9, 0xa0, 0x8b };
    static const uint8_t sixteen[] = { 1, 0, 0, 1, 2, 0, 0, 2, 4, 0, 0, 4, 8, 0, 0, 8 }, folded[] = { 15, 0, 0, 15 }, first[] = { 1, 0, 0, 1 };
    struct aka a;
    struct aka_out out;
    uint8_t sres[4], kc[8];
    open_milenage(&a, (struct slice){ k, sizeof k }, (struct slice){ opc, sizeof opc });
    g_assert_true(aka_f2345(&a, rand, &out));
    aka_gsm(&out, sres, kc);
    assert_octets(sres, 4, want_sres, 4);
    assert_octets(kc, 8, want_kc, 8);
    aka_close(&a);
    memcpy(out.res, sixteen, sizeof sixteen);
    out.res_len = 16;
    aka_gsm(&out, sres, kc);
    assert_octets(sres, 4, folded, 4);
    out.res_len = 4;
    aka_gsm(&out, sres, kc);
    assert_octets(sres, 4, first, 4);
}

static void milenage_gives_every_answer_of_ts_35208(void)
{
    each("usim/milenage_35208.json", "sets", 10, check_milenage);
}

static void check_tuak(struct set *s, const json_t *all)
{
    struct tuak t, top;
    struct tuak_out out = { .res_len = 0 };
    uint8_t mac[32], topc[32], ak[6];
    uint8_t iterations = (uint8_t)json_integer_value(json_object_get(s->json, "keccak_iterations"));
    struct slice k = get(s, "k"), rand = get(s, "rand"), sqn = get(s, "sqn"), amf = get(s, "amf"), want;
    (void)all;
    g_assert_true(tuak_open(&top, k, get(s, "top"), iterations) && tuak_topc(&top, topc));
    equal(want = get(s, "topc"), topc, 32);
    g_assert_true(tuak_open(&t, k, want, iterations));
    want = get(s, "f1");
    g_assert_true(tuak_f1(&t, rand.data, sqn.data, amf.data, false, want.len, mac));
    equal(want, mac, want.len);
    want = get(s, "f1star");
    g_assert_true(tuak_f1(&t, rand.data, sqn.data, amf.data, true, want.len, mac));
    equal(want, mac, want.len);
    struct slice res = get(s, "f2"), ck = get(s, "f3"), ik = get(s, "f4");
    out = (struct tuak_out){ .res_len = res.len, .ck_len = ck.len, .ik_len = ik.len };
    g_assert_true(tuak_f2345(&t, rand.data, &out) && tuak_f5star(&t, rand.data, ak));
    equal(res, out.res, out.res_len);
    equal(ck, out.ck, out.ck_len);
    equal(ik, out.ik, out.ik_len);
    equal(get(s, "f5"), out.ak, 6);
    equal(get(s, "f5star"), ak, 6);
    tuak_close(&t);
    tuak_close(&top);
}

static void tuak_gives_every_answer_of_ts_35233(void)
{
    each("usim/tuak_35233.json", "sets", 3, check_tuak);
}

/* No public set has more than one permutation. That N of them follow from the squeezing of SHAKE256 is shown by Keccak-f itself, written down
 * once more here from FIPS 202. */
static uint64_t turned(uint64_t x, unsigned n)
{
    return n ? x << n | x >> (64 - n) : x;
}

static void keccak_f(uint64_t a[25])
{
    unsigned lfsr = 1;
    for (unsigned round = 0; round < 24; round++) {
        uint64_t c[5], b[25];
        for (unsigned x = 0; x < 5; x++)
            c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        for (unsigned i = 0; i < 25; i++)
            a[i] ^= c[(i + 4) % 5] ^ turned(c[(i + 1) % 5], 1);
        b[0] = a[0];
        for (unsigned t = 0, x = 1, y = 0; t < 24; t++) {
            unsigned to_x = y, to_y = (2 * x + 3 * y) % 5;
            b[to_x + 5 * to_y] = turned(a[x + 5 * y], (t + 1) * (t + 2) / 2 % 64);
            x = to_x;
            y = to_y;
        }
        for (unsigned i = 0; i < 25; i++)
            a[i] = b[i] ^ (~b[i / 5 * 5 + (i + 1) % 5] & b[i / 5 * 5 + (i + 2) % 5]);
        for (unsigned j = 0; j < 7; j++) {
            a[0] ^= (uint64_t)(lfsr & 1) << ((1u << j) - 1);
            lfsr = lfsr << 1 ^ (lfsr & 0x80 ? 0x171 : 0);
        }
    }
}

static void tuak_iterates_keccak(void)
{
    const uint8_t k[16] = { 1, 2, 3 }, topc[32] = { 9, 8, 7 }, rand[16] = { 5 };
    for (uint8_t n = 1; n <= TUAK_ITERATIONS_MAX; n++) {
        uint8_t in[200] = { 0 }, ak[6];
        uint64_t state[25];
        struct tuak t;
        for (size_t i = 0; i < 32; i++)
            in[31 - i] = topc[i];
        in[32] = 0xC0;
        memcpy(&in[33], "0.1KAUT", 7);
        for (size_t i = 0; i < 16; i++) {
            in[55 - i] = rand[i];
            in[79 - i] = k[i];
        }
        in[96] = 0x1F;
        in[135] = 0x80;
        for (size_t i = 0; i < 25; i++) {
            state[i] = 0;
            for (size_t o = 8; o-- > 0;)
                state[i] = state[i] << 8 | in[8 * i + o];
        }
        for (uint8_t i = 0; i < n; i++)
            keccak_f(state);
        g_assert_true(tuak_open(&t, (struct slice){ k, 16 }, (struct slice){ topc, 32 }, n) && tuak_f5star(&t, rand, ak));
        for (size_t i = 0; i < 6; i++)
            g_assert_cmpuint(ak[5 - i], ==, (uint8_t)(state[12] >> (8 * i)));
        tuak_close(&t);
    }
    struct tuak bad;
    g_assert_false(tuak_open(&bad, (struct slice){ k, 16 }, (struct slice){ topc, 32 }, 0));
    g_assert_false(tuak_open(&bad, (struct slice){ k, 16 }, (struct slice){ topc, 32 }, TUAK_ITERATIONS_MAX + 1));
    g_assert_false(tuak_open(&bad, (struct slice){ topc, 24 }, (struct slice){ topc, 32 }, 1));
}

static struct sqn_scheme scheme_of(const json_t *params)
{
    struct sqn_scheme s = sqn_default();
    const json_t *bits = json_object_get(params, "ind_bits"), *limit = json_object_get(params, "L"), *delta = json_object_get(params, "delta");
    if (bits)
        s.ind_bits = (uint8_t)json_integer_value(bits);
    if (limit)
        s.limit = (uint64_t)json_integer_value(limit);
    if (delta)
        s.delta = (uint64_t)json_integer_value(delta);
    return s;
}

static void check_step(const struct aka *a, struct sqn *card, const uint8_t *rand, const json_t *step)
{
    struct set s = { .json = step };
    struct aka_out out;
    uint8_t octets[6], auts[14];
    bool good;
    const char *expect = text_of(step, "expect");
    g_assert_true(aka_f2345(a, rand, &out) && aka_check(a, &out, get(&s, "autn").data, octets, &good));
    g_assert_true(good == (strcmp(expect, "mac") != 0));
    uint64_t sqn = sqn_from(octets);
    if (strcmp(expect, "ok") == 0) {
        g_assert_true(sqn_fresh(card, sqn));
        sqn_accept(card, sqn);
    } else if (strcmp(expect, "auts") == 0) {
        g_assert_false(sqn_fresh(card, sqn));
        sqn_to(sqn_highest(card), octets);
        equal(get(&s, "sqn_ms"), octets, 6);
        g_assert_true(aka_resync(a, &out, octets, auts));
        equal(get(&s, "auts"), auts, 14);
    }
    set_free(&s);
}

static void check_scenario(struct set *s, const json_t *all)
{
    struct set head = { .json = all };
    static const uint8_t zero[6];
    struct aka a;
    struct sqn card;
    size_t i;
    json_t *step;
    struct sqn_scheme scheme = scheme_of(json_object_get(s->json, "params"));
    open_milenage(&a, get(&head, "k"), get(&head, "opc"));
    struct slice rand = get(&head, "rand");
    sqn_start(&card, &scheme, zero);
    json_array_foreach(json_object_get(s->json, "steps"), i, step) check_step(&a, &card, rand.data, step);
    aka_close(&a);
    set_free(&head);
}

static void sequence_numbers_follow_annex_c(void)
{
    each("usim/sqn_auts_33102.json", "scenarios", 3, check_scenario);
}

static void check_auts(struct set *s, const json_t *all)
{
    struct aka a;
    struct aka_out out;
    uint8_t auts[14];
    (void)all;
    open_milenage(&a, get(s, "k"), get(s, "opc"));
    g_assert_true(aka_f2345(&a, get(s, "rand").data, &out));
    g_assert_true(aka_resync(&a, &out, get(s, json_object_get(s->json, "sqn_ms") ? "sqn_ms" : "sqn").data, auts));
    equal(get(s, "auts"), auts, 14);
    aka_close(&a);
}

static void auts_is_that_of_the_vectors(void)
{
    each("usim/sqn_auts_33102.json", "auts_vectors", 2, check_auts);
}

static void check_eap_aka(struct set *s, const json_t *all)
{
    uint8_t keys[KEYS_EAP_AKA];
    (void)all;
    if (json_object_get(s->json, "prf160")) {
        keys_fips186(get(s, "mk").data, keys, sizeof keys);
        equal(get(s, "prf160"), keys, sizeof keys);
        return;
    }
    g_assert_true(keys_eap_aka(slice_of(text_of(s->json, "identity")), get(s, "ck").data, get(s, "ik").data, keys));
    equal(get(s, "k_encr"), &keys[0], 16);
    equal(get(s, "k_aut"), &keys[16], 16);
    equal(get(s, "msk"), &keys[32], 64);
    equal(get(s, "emsk"), &keys[96], 64);
}

static void eap_aka_keys_are_those_of_rfc_4187(void)
{
    each("usim/eap_aka_rfc4187.json", "sets", 5, check_eap_aka);
}

static void check_eap_aka_prime(struct set *s, const json_t *all)
{
    uint8_t keys[KEYS_EAP_AKA_PRIME], prime[32];
    struct slice name = slice_of(text_of(s->json, "network_name")), ck = get(s, "ck"), ik = get(s, "ik"), autn = get(s, "autn");
    (void)all;
    g_assert_true(keys_prime(name, autn.data, ck.data, ik.data, prime));
    equal(get(s, "ck_prime"), &prime[0], 16);
    equal(get(s, "ik_prime"), &prime[16], 16);
    g_assert_true(keys_eap_aka_prime(slice_of(text_of(s->json, "identity")), name, autn.data, ck.data, ik.data, keys));
    equal(get(s, "k_encr"), &keys[0], 16);
    equal(get(s, "k_aut"), &keys[16], 32);
    equal(get(s, "k_re"), &keys[48], 32);
    equal(get(s, "msk"), &keys[80], 64);
    equal(get(s, "emsk"), &keys[144], 64);
}

static void eap_aka_prime_keys_are_those_of_rfc_9048(void)
{
    each("usim/eap_aka_prime_rfc9048.json", "sets", 4, check_eap_aka_prime);
}

static void check_gba(struct set *s, const json_t *all)
{
    uint8_t key[KEYS_KS_NAF];
    (void)all;
    g_assert_true(keys_ks_naf(get(s, "rand").data, slice_of(text_of(s->json, "impi")), get(s, "naf_id"), get(s, "ck").data, get(s, "ik").data, key));
    equal(get(s, "ks_naf"), key, sizeof key);
}

static void ks_naf_is_that_of_ts_33220(void)
{
    each("usim/gba_ts33220.json", "sets", 3, check_gba);
}

static void check_digest(struct set *s, const json_t *all)
{
    const json_t *j = s->json;
    static const uint8_t empty_md5[16] = { 0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04, 0xe9, 0x80, 0x09, 0x98, 0xec, 0xf8, 0x42, 0x7e };
    char out[DIGEST_TEXT];
    (void)all;
    struct digest d = { .version = 1, .username = slice_of(text_of(j, json_object_get(j, "username") ? "username" : "impi")),
                        .realm = slice_of(text_of(j, "realm")), .nonce = slice_of(text_of(j, "nonce")), .uri = slice_of(text_of(j, "uri")),
                        .method = slice_of(text_of(j, "method")), .nc = 1, .cnonce = slice_of(text_of(j, "cnonce")), .body = empty_md5,
                        .qop = strcmp(text_of(j, "qop"), "auth") == 0 ? DIGEST_QOP_AUTH : DIGEST_QOP_AUTH_INT, .res = get(s, "res") };
    g_assert_true(digest_response(&d, out));
    equal(slice_of(text_of(j, "response")), out, sizeof out);
    if (!json_object_get(j, "rspauth"))
        return;
    GChecksum *sum = g_checksum_new(G_CHECKSUM_MD5);
    uint8_t body[16];
    gsize len = sizeof body;
    g_checksum_update(sum, (const guchar *)text_of(j, "body"), -1);
    g_checksum_get_digest(sum, body, &len);
    g_checksum_free(sum);
    d.method = slice_of("");
    d.body = body;
    g_assert_true(digest_response(&d, out));
    equal(slice_of(text_of(j, "rspauth")), out, sizeof out);
}

static void digests_are_those_of_rfc_3310(void)
{
    each("usim/digest_aka_rfc3310.json", "sets", 2, check_digest);
}

static void digest_v2_differs_and_depends_on_every_key(void)
{
    const uint8_t k[17] = "0123456789abcdef", other[17] = "0123456789abcdeg", body[16] = { 0 };
    struct digest d = { .version = 1, .username = slice_of("u"), .realm = slice_of("r"), .nonce = slice_of("n"), .uri = slice_of("/"), .body = body,
                        .method = slice_of("GET"), .res = { k, 8 }, .ck = { k, 16 }, .ik = { k, 16 } };
    char out[4][DIGEST_TEXT];
    g_assert_true(digest_response(&d, out[0]));
    d.version = 2;
    g_assert_true(digest_response(&d, out[1]));
    d.ck.data = other;
    g_assert_true(digest_response(&d, out[2]));
    d.ck.data = k;
    d.ik.data = other;
    g_assert_true(digest_response(&d, out[3]));
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < i; j++)
            g_assert_cmpint(memcmp(out[i], out[j], DIGEST_TEXT), !=, 0);
}

int main(int argc, char **argv)
{
    heap_start();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/aka/milenage", milenage_gives_every_answer_of_ts_35208);
    g_test_add_func("/aka/gsm", gsm_gives_what_a_2g_network_expects);
    g_test_add_func("/aka/tuak", tuak_gives_every_answer_of_ts_35233);
    g_test_add_func("/aka/tuak/iterations", tuak_iterates_keccak);
    g_test_add_func("/aka/sqn", sequence_numbers_follow_annex_c);
    g_test_add_func("/aka/auts", auts_is_that_of_the_vectors);
    g_test_add_func("/aka/eap_aka", eap_aka_keys_are_those_of_rfc_4187);
    g_test_add_func("/aka/eap_aka_prime", eap_aka_prime_keys_are_those_of_rfc_9048);
    g_test_add_func("/aka/gba", ks_naf_is_that_of_ts_33220);
    g_test_add_func("/aka/digest", digests_are_those_of_rfc_3310);
    g_test_add_func("/aka/digest/v2", digest_v2_differs_and_depends_on_every_key);
    return g_test_run();
}
