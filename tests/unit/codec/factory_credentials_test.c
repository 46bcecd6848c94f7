/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials of factory accounts: all vectors of index-factory.json, the key of one device, refusals. */
#include <glib.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/text.h"
#include "codec/factory_credentials.h"
#include "support/vectors.h"

static void same_nonce(const json_t *wanted, const char *key, const uint8_t nonce[FACTORY_NONCE])
{
    char text[32];
    if (!vector_text(wanted, key))
        return;
    g_assert_true(text_base64_encode((struct slice){ nonce, FACTORY_NONCE }, text, sizeof text));
    g_assert_cmpstr(text, ==, vector_text(wanted, key));
}

static void check(const json_t *row, const char *letter, enum factory_method method)
{
    const json_t *wanted = json_object_get(row, letter);
    struct factory_credentials c;
    if (!wanted)
        return;
    const char *hex = vector_text(wanted, "master_key_hex");
    struct octets key = octets_of_hex(hex ? hex : "");
    g_assert_true(factory_credentials(method, octets_slice(&key), vector_text(row, "imei"), vector_text(row, "server_id"), &c));
    g_assert_cmpstr(c.user, ==, vector_text(wanted, "UserName"));
    g_assert_cmpstr(c.client, ==, vector_text(wanted, "ClientPW"));
    g_assert_cmpstr(c.server, ==, vector_text(wanted, "ServerPW"));
    same_nonce(wanted, "ClientNonce", c.client_nonce);
    same_nonce(wanted, "ServerNonce", c.server_nonce);
    g_assert_cmpuint(c.nonce_len, ==, method == FACTORY_FCS14345 ? 0 : FACTORY_NONCE);
    octets_free(&key);
}

static void vectors(void)
{
    json_t *index = vectors_index("index-factory.json"), *row;
    size_t i;
    g_assert_cmpuint(json_array_size(index), ==, 3);
    json_array_foreach(index, i, row) {
        check(row, "A", FACTORY_FCS11384);
        check(row, "B", FACTORY_FCS14345);
        check(row, "C", FACTORY_KEYED);
    }
    json_decref(index);
}

static void refusals(void)
{
    static const uint8_t key[FACTORY_KEY_MAX + 1];
    static const char imei[] = "490154203237518";
    char longest[FACTORY_SERVER_ID_MAX + 2];
    struct factory_credentials c;
    struct slice good = { key, FACTORY_KEY_MIN };
    memset(longest, 'x', sizeof longest);
    longest[FACTORY_SERVER_ID_MAX + 1] = '\0';
    for (int m = FACTORY_KEYED; m <= FACTORY_FCS14345; m++) {
        g_assert_false(factory_credentials((enum factory_method)m, good, "49015420323751", "s", &c));
        g_assert_false(factory_credentials((enum factory_method)m, good, "49015420323751x", "s", &c));
        g_assert_false(factory_credentials((enum factory_method)m, good, imei, "", &c));
        g_assert_false(factory_credentials((enum factory_method)m, good, imei, longest, &c));
        g_assert_true(factory_credentials((enum factory_method)m, good, imei, &longest[1], &c));
    }
    g_assert_false(factory_credentials(FACTORY_KEYED, (struct slice){ key, FACTORY_KEY_MIN - 1 }, imei, "s", &c));
    g_assert_false(factory_credentials(FACTORY_KEYED, (struct slice){ key, sizeof key }, imei, "s", &c));
    g_assert_true(factory_imei_valid(imei) && !factory_imei_valid("490154203237517") && !factory_imei_valid("490154203237513") && !factory_imei_valid("4901542032375180"));
}

static void without_algorithms(void)
{
    static const uint8_t key[FACTORY_KEY_MIN] = { 1 };
    struct slice good = { key, sizeof key };
    uint8_t out[FACTORY_PSK];
    struct factory_credentials c;
    g_assert_true(EVP_set_default_properties(NULL, "provider=none") == 1);
    for (int m = FACTORY_KEYED; m <= FACTORY_FCS14345; m++)
        g_assert_false(factory_credentials((enum factory_method)m, good, "490154203237518", "s", &c));
    g_assert_false(factory_psk(good, "e", "s", out) || factory_device_key(good, "490154203237518", out));
    g_assert_true(EVP_set_default_properties(NULL, "") == 1 && factory_psk(good, "e", "s", out));
}

/* The values are those of Python's hmac module. */
static void keys(void)
{
    uint8_t key[FACTORY_KEY_MIN], out[FACTORY_PSK];
    char hex[2 * FACTORY_PSK + 1];
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)i;
    g_assert_true(factory_device_key((struct slice){ key, sizeof key }, "490154203237518", out));
    g_assert_cmpstr(text_hex(out, sizeof out, hex), ==, "95ab166176a467d6a37d9a54f4d39b080bfaf5a8f0110f48dec1ce565522b77e");
    g_assert_true(factory_psk((struct slice){ key, sizeof key }, "GW-0001", "101", out));
    g_assert_cmpstr(text_hex(out, sizeof out, hex), ==, "65a46694880aa084e77fc494d66337c8e78e0df2f3695114b7cb2cff6567b738");
    g_autofree char *name = g_strnfill(620, 'e');
    g_assert_false(factory_psk((struct slice){ key, sizeof key }, name, "101", out)); /* too long together */
    g_assert_false(factory_device_key((struct slice){ key, sizeof key - 1 }, "490154203237518", out));
    g_assert_false(factory_device_key((struct slice){ key, FACTORY_KEY_MAX + 1 }, "490154203237518", out));
    g_assert_false(factory_device_key((struct slice){ key, sizeof key }, "49015420323751", out));
}

static void names(void)
{
    enum factory_method m;
    for (int i = FACTORY_KEYED; i <= FACTORY_FCS14345; i++)
        g_assert_true(factory_method_from_name(factory_method_name((enum factory_method)i), &m) && (int)m == i);
    g_assert_false(factory_method_from_name("md5", &m));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/factory/vectors", vectors);
    g_test_add_func("/factory/refusals", refusals);
    g_test_add_func("/factory/without algorithms", without_algorithms);
    g_test_add_func("/factory/keys", keys);
    g_test_add_func("/factory/names", names);
    return g_test_run();
}
