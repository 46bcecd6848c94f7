/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions: the vectors (made by tests/operator/bei.py) are read, write back to the same octets, and are refused when cut; each rule of the payload has
 * a row that breaks it. */
#include <glib.h>
#include <string.h>

#include "codec/bei.h"
#include "codec/bei_proof.h"
#include "codec/cbor.h"
#include "support/vectors.h"

static void check_payload(struct slice payload)
{
    struct bei b;
    struct error e = { 0 };
    uint8_t again[1024];
    g_assert_cmpint(bei_read(payload, &b, &e), ==, ERROR_NONE);
    struct writer w = writer_make(again, sizeof again);
    bei_write(&w, &b);
    g_assert_true(slice_equal(writer_slice(&w), payload));
    for (size_t cut = 0; cut < payload.len; cut++) {
        struct octets part = octets_copy(payload.data, cut);
        struct error refused = { 0 };
        g_assert_cmpint(bei_read(octets_slice(&part), &b, &refused), !=, ERROR_NONE);
        g_assert_cmpint(refused.code, !=, ERROR_NONE);
        octets_free(&part);
    }
}

static bool vouched(const json_t *row, const struct bei_envelope *v, struct slice covered, struct slice proof)
{
    bool fits = false;
    if (v->kind == BEI_MAC0) {
        const char *pin = vector_text(row, "pin");
        g_assert_cmpint(bei_mac_verify((struct slice){ (const uint8_t *)pin, strlen(pin) }, vector_text(row, "gateway"), covered, proof, &fits), ==, ERROR_NONE);
        return fits;
    }
    struct octets spki = octets_of_hex(vector_text(row, "spki"));
    fits = bei_signature_fits(octets_slice(&spki), covered, proof);
    g_assert_false(bei_signature_fits((struct slice){ spki.data, spki.len - 1 }, covered, proof));
    octets_free(&spki);
    return fits;
}

/* The proof fits what it covers and nothing else. */
static void check_proof(const json_t *row, const struct bei_envelope *v, struct writer *covered)
{
    struct slice all = writer_slice(covered);
    g_assert_true(vouched(row, v, all, v->proof));
    g_assert_false(vouched(row, v, (struct slice){ all.data, all.len - 1 }, v->proof));
    g_assert_false(vouched(row, v, all, (struct slice){ v->proof.data, v->proof.len - 1 }));
    covered->data[20] ^= 1;
    g_assert_false(vouched(row, v, all, v->proof));
    covered->data[20] ^= 1;
}

static void check_vector(const json_t *row)
{
    static const char *const kinds[] = { [BEI_MAC0] = "mac0", [BEI_SIGN1] = "sign1", [BEI_BARE] = "bare" };
    g_autofree char *file = g_strconcat("../bei/", vector_text(row, "file"), NULL);
    struct octets o = vectors_file(file), payload = octets_of_hex(vector_text(row, "payload"));
    struct bei_envelope v;
    struct error e = { 0 };
    uint8_t covered[1024];
    g_assert_cmpint(bei_open(octets_slice(&o), &v, &e), ==, ERROR_NONE);
    g_assert_cmpstr(kinds[v.kind], ==, vector_text(row, "kind"));
    g_assert_true(slice_equal(v.payload, octets_slice(&payload)));
    if (v.kind != BEI_BARE) {
        struct octets wanted = octets_of_hex(vector_text(row, "covered"));
        struct writer w = writer_make(covered, sizeof covered);
        bei_put_authenticated(&w, &v);
        g_assert_true(slice_equal(writer_slice(&w), octets_slice(&wanted)));
        check_proof(row, &v, &w);
        octets_free(&wanted);
    }
    for (size_t cut = 0; cut < o.len && v.kind != BEI_BARE; cut++) {
        struct octets part = octets_copy(o.data, cut);
        struct error refused = { 0 };
        g_assert_cmpint(bei_open(octets_slice(&part), &v, &refused), !=, ERROR_NONE);
        octets_free(&part);
    }
    check_payload(octets_slice(&payload));
    octets_free(&payload);
    octets_free(&o);
}

static void vectors(void)
{
    json_t *index = vectors_index("../bei/index.json"), *row;
    size_t i;
    g_assert_cmpuint(json_array_size(index), >=, 12);
    json_array_foreach(index, i, row)
        check_vector(row);
    json_decref(index);
}

static void values(void)
{
    struct octets o = vectors_file("../bei/pki.cbor"), g = vectors_file("../bei/gba.cbor");
    struct bei b;
    struct error e = { 0 };
    g_assert_cmpint(bei_read(octets_slice(&o), &b, &e), ==, ERROR_NONE);
    g_assert_cmpstr(b.id, ==, "000102030405060708090a0b0c0d0e0f");
    g_assert_cmpuint(b.seq, ==, 7);
    g_assert_cmpstr(b.issuer, ==, "bbn.owner.example");
    g_assert_cmpstr(b.subject, ==, "urn:gateway:GW-0001");
    g_assert_cmpuint(b.issued, ==, 1795200000);
    g_assert_cmpuint(b.expires, ==, 1795800000);
    g_assert_cmpint(b.mechanism, ==, BEI_PKI);
    g_assert_cmpstr(b.target.uri[0], ==, "coaps://in-cse.owner.example:5684");
    g_assert_cmpstr(b.context, ==, "m2m");
    g_assert_cmpstr(b.next, ==, "https://bbn.owner.example/v1/results");
    g_assert_cmpuint(b.trusts, ==, 2);
    g_assert_true(b.trust[0].type == BEI_TRUST_SPKI && b.trust[0].value.data[31] == 31);
    g_assert_true(slice_is(b.trust[1].value, "CN=Owner"));
    g_assert_cmpint(bei_read(octets_slice(&g), &b, &e), ==, ERROR_NONE);
    g_assert_true(b.has_ua && b.ua[4] == 2 && b.target.port == 8443 && strcmp(b.target.naf, "naf.example.com") == 0);
    g_assert_true(b.credential == BEI_CREDENTIAL_BTID && strcmp(b.credential_ref, "btid-ref") == 0);
    g_assert_true(b.has_bearer && b.bearer.auth == NAPDEF_AUTH_CHAP && b.bearer.ip == NAPDEF_IPV6);
    octets_free(&o);
    octets_free(&g);
}

#define ZEROS_32 "0000000000000000000000000000000000000000000000000000000000000000"
#define LETTERS_32 "6161616161616161616161616161616161616161616161616161616161616161"
/* v 1, id "a", seq 1, iss "i", sub "s", iat 1, exp 2, mech 5: the smallest one, and what is put behind it */
#define HEAD "00 01 01 6161 02 01 03 6169 04 6173 05 01 06 02 07 05"

static const struct {
    const char *name, *hex;
    enum error_code rc;
} payloads[] = {
    { "smallest", "A8" HEAD, ERROR_NONE },
    { "context", "A9" HEAD "0E 63 6D326D", ERROR_NONE },
    { "version 2", "A8 00 02 01 6161 02 01 03 6169 04 6173 05 01 06 02 07 05", ERROR_NOT_SUPPORTED },
    { "no seq", "A7 00 01 01 6161 03 6169 04 6173 05 01 06 02 07 05", ERROR_INCOMPLETE },
    { "no exp", "A7 00 01 01 6161 02 01 03 6169 04 6173 05 01 07 05", ERROR_INCOMPLETE },
    { "no mech", "A7 00 01 01 6161 02 01 03 6169 04 6173 05 01 06 02", ERROR_INCOMPLETE },
    { "exp is iat", "A8 00 01 01 6161 02 01 03 6169 04 6173 05 02 06 02 07 05", ERROR_INVALID },
    { "a negative iat", "A8 00 01 01 6161 02 01 03 6169 04 6173 05 20 06 02 07 05", ERROR_MALFORMED },
    { "mech 0", "A8 00 01 01 6161 02 01 03 6169 04 6173 05 01 06 02 07 00", ERROR_MALFORMED },
    { "mech 6", "A8 00 01 01 6161 02 01 03 6169 04 6173 05 01 06 02 07 06", ERROR_MALFORMED },
    { "a space in iss", "A8 00 01 01 6161 02 01 03 6120 04 6173 05 01 06 02 07 05", ERROR_MALFORMED },
    { "an empty sub", "A8 00 01 01 6161 02 01 03 6169 04 60 05 01 06 02 07 05", ERROR_MALFORMED },
    { "an id of 15 octets", "A8 00 01 01 4F000000000000000000000000000000 02 01 03 6169 04 6173 05 01 06 02 07 05", ERROR_MALFORMED },
    { "keys out of order", "A8 01 6161 00 01 02 01 03 6169 04 6173 05 01 06 02 07 05", ERROR_MALFORMED },
    { "a key twice", "A9 00 01 00 01 01 6161 02 01 03 6169 04 6173 05 01 06 02 07 05", ERROR_MALFORMED },
    { "key 16", "A9" HEAD "10 00", ERROR_MALFORMED },
    { "a text key", "A9" HEAD "6161 00", ERROR_MALFORMED },
    { "octets behind", "A8" HEAD "00", ERROR_MALFORMED },
    { "a longer form", "A8 00 1801 01 6161 02 01 03 6169 04 6173 05 01 06 02 07 05", ERROR_MALFORMED },
    { "indefinite length", "BF" HEAD "FF", ERROR_MALFORMED },
    { "an empty target", "A9" HEAD "08 A0", ERROR_MALFORMED },
    { "four URIs", "A9" HEAD "08 A1 01 84 6161 6161 6161 6161", ERROR_MALFORMED },
    { "port 0", "A9" HEAD "08 A1 04 00", ERROR_MALFORMED },
    { "port 65536", "A9" HEAD "08 A1 04 1A00010000", ERROR_MALFORMED },
    { "server 1", "A9" HEAD "08 A1 05 01", ERROR_NONE },
    { "server 65534", "A9" HEAD "08 A1 05 19FFFE", ERROR_NONE },
    { "server 0", "A9" HEAD "08 A1 05 00", ERROR_MALFORMED },
    { "server 65535", "A9" HEAD "08 A1 05 19FFFF", ERROR_MALFORMED },
    { "target key 6", "A9" HEAD "08 A1 06 01", ERROR_MALFORMED },
    { "ua of four octets", "A9" HEAD "0A 44 01000002", ERROR_MALFORMED },
    { "a pin of 31 octets", "A9" HEAD "0B 81 82 01 581F 00000000000000000000000000000000000000000000000000000000000000", ERROR_MALFORMED },
    { "a certificate", "A9" HEAD "0B 81 82 02 41 30", ERROR_NONE },
    { "an empty certificate", "A9" HEAD "0B 81 82 02 40", ERROR_MALFORMED },
    { "a certificate as text", "A9" HEAD "0B 81 82 02 61 30", ERROR_MALFORMED },
    { "a pin of 33 octets", "A9" HEAD "0B 81 82 01 5821" ZEROS_32 "00", ERROR_MALFORMED },
    { "an issuer of octets", "A9" HEAD "0B 81 82 03 41 61", ERROR_MALFORMED },
    { "an issuer of 129 characters", "A9" HEAD "0B 81 82 03 7881" LETTERS_32 LETTERS_32 LETTERS_32 LETTERS_32 "61", ERROR_MALFORMED },
    { "an issuer of 128 characters", "A9" HEAD "0B 81 82 03 7880" LETTERS_32 LETTERS_32 LETTERS_32 LETTERS_32, ERROR_NONE },
    { "a target without URI", "A9" HEAD "08 A1 00 6161", ERROR_NONE },
    { "an unknown trust", "A9" HEAD "0B 81 82 04 6161", ERROR_MALFORMED },
    { "credential 0", "A9" HEAD "0C 82 00 6161", ERROR_MALFORMED },
    { "credential of one", "A9" HEAD "0C 81 01", ERROR_MALFORMED },
    { "bearer auth 3", "A9" HEAD "0D 83 6161 03 00", ERROR_MALFORMED },
    { "a context with a slash", "A9" HEAD "0E 63 612F62", ERROR_INVALID },
};

static void rules_of_the_payload(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(payloads); i++) {
        struct octets o = octets_of_hex(payloads[i].hex);
        struct bei b;
        struct error e = { 0 };
        enum error_code rc = bei_read(octets_slice(&o), &b, &e);
        if (rc != payloads[i].rc)
            g_error("%s: %s, not %s", payloads[i].name, error_name(rc), error_name(payloads[i].rc));
        g_assert_cmpint(e.code, ==, rc);
        if (!rc)
            check_payload(octets_slice(&o));
        octets_free(&o);
    }
    g_autofree uint8_t *large = g_malloc0(BEI_OCTETS_MAX + 1);
    struct bei b;
    g_assert_cmpint(bei_read((struct slice){ large, BEI_OCTETS_MAX + 1 }, &b, &(struct error){ 0 }), ==, ERROR_TOO_LARGE);
}

static const struct {
    const char *name, *hex;
    enum error_code rc;
} envelopes[] = {
    { "a MAC", "D1 84 43A10105 A0 41A0 5820" ZEROS_32, ERROR_NONE },
    { "a signature", "D2 84 43A10126 A1 04 5820" ZEROS_32 "41A0 5840" ZEROS_32 ZEROS_32, ERROR_NONE },
    { "COSE_Sign", "D8 62 84 40 A0 41A0 80", ERROR_NOT_SUPPORTED },
    { "HMAC 256/64", "D1 84 43A10104 A0 41A0 5820" ZEROS_32, ERROR_NOT_SUPPORTED },
    { "ES384", "D2 84 44A1013822 A1 04 5820" ZEROS_32 "41A0 5840" ZEROS_32 ZEROS_32, ERROR_NOT_SUPPORTED },
    { "a MAC called ES256", "D1 84 43A10126 A0 41A0 5820" ZEROS_32, ERROR_NOT_SUPPORTED },
    { "an algorithm as text", "D1 84 44A1016161 A0 41A0 5820" ZEROS_32, ERROR_NOT_SUPPORTED },
    { "a header by text", "D1 84 44A1616105 A0 41A0 5820" ZEROS_32, ERROR_NOT_SUPPORTED },
    { "another header", "D1 84 43A10205 A0 41A0 5820" ZEROS_32, ERROR_NOT_SUPPORTED },
    { "an array for a map", "D1 84 43820105 A0 41A0 5820" ZEROS_32, ERROR_NOT_SUPPORTED },
    { "no algorithm", "D1 84 40 A0 41A0 5820" ZEROS_32, ERROR_NOT_SUPPORTED },
    { "two headers", "D1 84 45A201050205 A0 41A0 5820" ZEROS_32, ERROR_NOT_SUPPORTED },
    { "a short MAC", "D1 84 43A10105 A0 41A0 4400000000", ERROR_MALFORMED },
    { "no kid", "D2 84 43A10126 A0 41A0 5840" ZEROS_32 ZEROS_32, ERROR_MALFORMED },
    { "a short kid", "D2 84 43A10126 A1 04 4100 41A0 5840" ZEROS_32 ZEROS_32, ERROR_MALFORMED },
    { "a kid at a MAC", "D1 84 43A10105 A1 04 4100 41A0 5820" ZEROS_32, ERROR_MALFORMED },
    { "three elements", "D1 83 43A10105 A0 41A0", ERROR_MALFORMED },
    { "octets behind", "D1 84 43A10105 A0 41A0 5820" ZEROS_32 "00", ERROR_MALFORMED },
    { "a text", "63 616263", ERROR_MALFORMED },
    { "a nil payload", "D1 84 43A10105 A0 F6 5820" ZEROS_32, ERROR_MALFORMED },
};

static void rules_of_the_envelope(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(envelopes); i++) {
        struct octets o = octets_of_hex(envelopes[i].hex);
        struct bei_envelope v;
        struct error e = { 0 };
        enum error_code rc = bei_open(octets_slice(&o), &v, &e);
        if (rc != envelopes[i].rc)
            g_error("%s: %s, not %s", envelopes[i].name, error_name(rc), error_name(envelopes[i].rc));
        octets_free(&o);
    }
    g_autofree uint8_t *large = g_malloc0(BEI_OCTETS_MAX + 1);
    struct bei_envelope v;
    struct error e = { 0 };
    large[0] = 0xA1;
    g_assert_cmpint(bei_open((struct slice){ large, BEI_OCTETS_MAX + 1 }, &v, &e), ==, ERROR_TOO_LARGE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bei/vectors", vectors);
    g_test_add_func("/bei/values", values);
    g_test_add_func("/bei/payload", rules_of_the_payload);
    g_test_add_func("/bei/envelope", rules_of_the_envelope);
    return g_test_run();
}
