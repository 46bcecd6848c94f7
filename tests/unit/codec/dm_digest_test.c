/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of OMA DM Security beside GLib's MD5, their bounds, and a system whose libcrypto has no MD5 (a FIPS provider alone). */
#include <glib.h>
#include <openssl/evp.h>
#include <string.h>

#include "codec/dm_digest.h"

static char *md5_base64(const void *data, size_t len)
{
    guint8 md[16];
    gsize md_len = sizeof md;
    GChecksum *c = g_checksum_new(G_CHECKSUM_MD5);
    g_checksum_update(c, data, (gssize)len);
    g_checksum_get_digest(c, md, &md_len);
    g_checksum_free(c);
    return g_base64_encode(md, md_len);
}

/* B64(H(B64(H(name:secret)):nonce[:B64(H(body))])), Security 1.2 clauses 5.3 and 5.4. */
static char *expected(const char *name, const char *secret, const char *nonce, const char *body)
{
    g_autofree char *pair = g_strdup_printf("%s:%s", name, secret), *hash = md5_base64(pair, strlen(pair));
    g_autofree char *tail = body ? md5_base64(body, strlen(body)) : NULL;
    g_autofree char *all = body ? g_strdup_printf("%s:%s:%s", hash, nonce, tail) : g_strdup_printf("%s:%s", hash, nonce);
    return md5_base64(all, strlen(all));
}

static struct slice text(const char *s)
{
    return (struct slice){ (const uint8_t *)s, strlen(s) };
}

static void values(void)
{
    char hash[DM_DIGEST_HASH_CAP], out[DM_DIGEST_CAP];
    g_autofree char *md5 = expected("user", "secret", "nonce", NULL), *mac = expected("user", "secret", "nonce", "body");
    g_autofree char *empty = expected("user", "secret", "nonce", ""), *pair = md5_base64("user:secret", 11);
    g_assert_true(dm_digest_hash("user", "secret", hash));
    g_assert_cmpstr(hash, ==, pair);
    g_assert_true(dm_digest_md5("user", "secret", text("nonce"), out));
    g_assert_cmpstr(out, ==, md5);
    g_assert_true(dm_digest_md5(NULL, hash, text("nonce"), out)); /* the hash in place of name and secret */
    g_assert_cmpstr(out, ==, md5);
    g_assert_true(dm_digest_hmac("user", "secret", text("nonce"), text("body"), out));
    g_assert_cmpstr(out, ==, mac);
    g_assert_true(dm_digest_hmac("user", "secret", text("nonce"), (struct slice){ NULL, 0 }, out));
    g_assert_cmpstr(out, ==, empty);
    g_assert_true(dm_digest_basic("user", "secret", out));
    g_assert_cmpstr(out, ==, "dXNlcjpzZWNyZXQ=");
}

static void bounds(void)
{
    char hash[DM_DIGEST_HASH_CAP], out[DM_DIGEST_CAP];
    g_autofree char *fits = g_strnfill(398, 'n'), *over = g_strnfill(399, 'n'), *nonce = g_strnfill(160, '0');
    g_assert_true(dm_digest_hash(fits, "s", hash) && dm_digest_basic(fits, "s", out));
    g_assert_true(strlen(out) == 536);
    g_assert_false(dm_digest_hash(over, "s", hash) || dm_digest_basic(over, "s", out) || dm_digest_md5(over, "s", text("n"), out));
    g_assert_false(dm_digest_basic(NULL, "s", out));
    g_assert_false(dm_digest_hash(NULL, "one character too few..", hash));
    g_assert_false(dm_digest_hash(NULL, "one character more than..", hash));
    g_assert_true(dm_digest_md5("u", "s", (struct slice){ (const uint8_t *)nonce, 135 }, out));
    g_assert_false(dm_digest_md5("u", "s", (struct slice){ (const uint8_t *)nonce, 136 }, out));
    g_assert_false(dm_digest_hmac("u", "s", (struct slice){ (const uint8_t *)nonce, 111 }, text("b"), out));
    g_assert_true(dm_digest_hmac("u", "s", (struct slice){ (const uint8_t *)nonce, 110 }, text("b"), out));
}

static void without_md5(void)
{
    char hash[DM_DIGEST_HASH_CAP], out[DM_DIGEST_CAP];
    g_assert_true(EVP_set_default_properties(NULL, "fips=yes") == 1);
    g_assert_false(dm_digest_hash("user", "secret", hash));
    g_assert_false(dm_digest_md5("user", "secret", text("nonce"), out));
    g_assert_false(dm_digest_md5(NULL, "0123456789abcdef01234567", text("nonce"), out));
    g_assert_false(dm_digest_hmac("user", "secret", text("nonce"), text("body"), out));
    g_assert_true(EVP_set_default_properties(NULL, "") == 1 && dm_digest_hash("user", "secret", hash));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dm-digest/values", values);
    g_test_add_func("/dm-digest/bounds", bounds);
    g_test_add_func("/dm-digest/without MD5", without_md5);
    return g_test_run();
}
