/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts over whole push messages: every vector; every 1-bit flip and every truncation of each authenticated one. */
#include <glib.h>
#include <string.h>

#include "ctl/push_check.h"
#include "model/trigger.h"
#include "support/tree_json.h"
#include "support/vectors.h"

static void *memory;
static json_t *vectors; /* of index-cp.json */

struct keys {
    const char *imsi, *pin;
};

static struct keys keys_of(const json_t *v)
{
    const json_t *auth = json_object_get(v, "auth");
    const char *typed = vector_text(auth, "user_types");
    return (struct keys){ vector_text(auth, "imsi"), typed ? typed : vector_text(auth, "pin") };
}

static bool is_accepted(const json_t *v)
{
    return strcmp(vector_text(v, "verdict"), "accept") == 0;
}

static struct push_check run(struct slice pdu, struct keys k)
{
    struct arena arena = arena_make(memory, PROV_ARENA);
    struct push_check check;
    push_check_run(pdu, k.imsi, k.pin, &arena, &check);
    g_assert_cmpint(check.accepted, ==, check.error.code == ERROR_NONE);
    g_assert_true(!check.accepted || (check.document && check.mac == PUSH_MAC_OK && check.has_header));
    g_assert_true(check.mac != PUSH_MAC_BAD || !check.document); /* authenticate, then parse */
    return check;
}

static void check_document(const json_t *v, const struct push_check *check)
{
    json_t *expected = json_object_get(v, "expected_document");
    if (!expected)
        return;
    g_assert_nonnull(check->document);
    json_t *tree = tree_json(check->document);
    g_assert_true(json_equal(tree, expected));
    json_decref(tree);
}

/* What a fault of the index means for the MAC and for the reason. */
static void check_refusal(const json_t *v, const struct push_check *check)
{
    static const struct {
        const char *fault;
        enum push_mac mac;
        enum error_code code;
    } faults[] = {
        { "mac-value", PUSH_MAC_BAD, ERROR_MAC_MISMATCH },   { "mac-missing", PUSH_MAC_MISSING, ERROR_MAC_MISSING },
        { "mac-length", PUSH_MAC_BAD, ERROR_MALFORMED },     { "mac-format", PUSH_MAC_BAD, ERROR_MALFORMED },
        { "mac-key", PUSH_MAC_BAD, ERROR_MAC_MISMATCH },     { "user-pin-mac", PUSH_MAC_BAD, ERROR_MAC_MISMATCH },
        { "sec-unknown", PUSH_MAC_BAD, ERROR_SEC_UNKNOWN },  { "unknown-token", PUSH_MAC_OK, ERROR_MALFORMED },
        { "truncated", PUSH_MAC_OK, ERROR_TRUNCATED },       { "trailing", PUSH_MAC_OK, ERROR_MALFORMED },
        { "public-id", PUSH_MAC_OK, ERROR_NOT_SUPPORTED },   { "version", PUSH_MAC_OK, ERROR_NOT_SUPPORTED },
        { "nesting", PUSH_MAC_OK, ERROR_TOO_LARGE },         { "amplification", PUSH_MAC_OK, ERROR_TOO_LARGE },
        { "string-table", PUSH_MAC_OK, ERROR_MALFORMED },    { "duplicate", PUSH_MAC_OK, ERROR_MALFORMED },
        { "text", PUSH_MAC_OK, ERROR_MALFORMED },            { "integer", PUSH_MAC_OK, ERROR_TRUNCATED },
        { "length", PUSH_MAC_OK, ERROR_TRUNCATED },          { "pdu-type", PUSH_MAC_UNCHECKED, ERROR_NOT_SUPPORTED },
        { "parameter-twice", PUSH_MAC_UNCHECKED, ERROR_MALFORMED }, { "wsp-length", PUSH_MAC_UNCHECKED, ERROR_TRUNCATED },
        { "empty", PUSH_MAC_UNCHECKED, ERROR_MALFORMED },
    };
    const char *fault = vector_text(v, "fault");
    if (!fault) { /* well formed, without SEC: the document is shown, not accepted */
        g_assert_cmpint(check->mac, ==, PUSH_MAC_MISSING);
        g_assert_cmpint(check->error.code, ==, ERROR_MAC_MISSING);
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(faults); i++)
        if (strcmp(faults[i].fault, fault) == 0) {
            g_assert_cmpint(check->mac, ==, faults[i].mac);
            g_assert_cmpint(check->error.code, ==, faults[i].code);
            return;
        }
    g_error("no expectation for fault %s", fault);
}

static void check_vector(gconstpointer data)
{
    const json_t *v = data;
    struct octets pdu = vectors_file(vector_text(v, "pdu_file"));
    struct push_check check = run(octets_slice(&pdu), keys_of(v));
    g_assert_cmpint(check.accepted, ==, is_accepted(v));
    check_document(v, &check);
    if (!check.accepted)
        check_refusal(v, &check);
    octets_free(&pdu);
}

/* Without its keys, or with others, no message is accepted; with other keys it is not even parsed. */
static void check_keys(gconstpointer data)
{
    const json_t *v = data;
    struct octets pdu = vectors_file(vector_text(v, "pdu_file"));
    struct keys k = keys_of(v);
    struct push_check check = run(octets_slice(&pdu), (struct keys){ NULL, NULL });
    g_assert_cmpint(check.mac, ==, PUSH_MAC_UNCHECKED);
    g_assert_cmpint(check.error.code, ==, ERROR_PIN_REQUIRED);
    check_document(v, &check);
    if (check.push.sec != PUSH_NETWPIN) {
        check = run(octets_slice(&pdu), (struct keys){ k.imsi, "4321876509" });
        g_assert_cmpint(check.mac, ==, PUSH_MAC_BAD);
    }
    if (check.push.sec == PUSH_NETWPIN || check.push.sec == PUSH_USERNETWPIN) {
        check = run(octets_slice(&pdu), (struct keys){ "262011234567891", k.pin });
        g_assert_cmpint(check.mac, ==, PUSH_MAC_BAD);
    }
    octets_free(&pdu);
}

/* The octets that are the document, the SEC value or the MAC value. */
static bool *protected_octets(const struct octets *pdu)
{
    struct wsp_push push;
    g_assert_cmpint(wsp_push_parse(octets_slice(pdu), &push, NULL), ==, ERROR_NONE);
    bool *out = g_new0(bool, pdu->len);
    size_t body = pdu->len - push.body.len, mac = push.has_mac ? (size_t)(push.mac_text.data - pdu->data) : 0;
    for (size_t i = 0; i < pdu->len; i++)
        out[i] = i >= body || (push.has_mac && i >= mac && i < mac + push.mac_text.len);
    for (size_t i = 1; i < body; i++)
        if (!out[i] && pdu->data[i - 1] == 0x91 && pdu->data[i] == (0x80 | push.sec)) {
            out[i] = true;
            return out;
        }
    g_error("SEC not found");
}

static void check_flips(gconstpointer data)
{
    const json_t *v = data;
    struct octets pdu = vectors_file(vector_text(v, "pdu_file"));
    bool *guarded = protected_octets(&pdu);
    for (size_t bit = 0; bit < 8 * pdu.len; bit++) {
        struct octets changed = octets_copy(pdu.data, pdu.len);
        changed.data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        struct push_check check = run(octets_slice(&changed), keys_of(v));
        if (guarded[bit / 8] && check.accepted)
            g_error("bit %zu of octet %zu is not protected", bit % 8, bit / 8);
        if (check.accepted) /* elsewhere in the headers: the same document */
            check_document(v, &check);
        octets_free(&changed);
    }
    g_free(guarded);
    octets_free(&pdu);
}

static void check_truncations(gconstpointer data)
{
    const json_t *v = data;
    struct octets pdu = vectors_file(vector_text(v, "pdu_file"));
    for (size_t len = 0; len < pdu.len; len++) {
        struct octets cut = octets_copy(pdu.data, len);
        g_assert_false(run(octets_slice(&cut), keys_of(v)).accepted);
        octets_free(&cut);
    }
    octets_free(&pdu);
}

static void add(const json_t *v, const char *kind, GTestDataFunc fn)
{
    g_autofree char *path = g_strdup_printf("/push/%s/%s", vector_text(v, "name"), kind);
    g_test_add_data_func(path, v, fn);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    memory = g_malloc(PROV_ARENA);
    json_t *index = vectors_index("index-cp.json"), *v;
    size_t i;
    vectors = json_object_get(index, "vectors");
    json_array_foreach(vectors, i, v) {
        add(v, "verdict", check_vector);
        if (!is_accepted(v))
            continue;
        add(v, "keys", check_keys);
        add(v, "flips", check_flips);
        add(v, "truncations", check_truncations);
    }
    g_assert_cmpuint(i, >, 40);
    int rc = g_test_run();
    json_decref(index);
    g_free(memory);
    return rc;
}
