/* SPDX-License-Identifier: Apache-2.0 */
/* Settings through octets and back; what version 1 wrote is read; cut, longer or unknown records are refused. */
#include <glib.h>
#include <string.h>

#include "model/settings_octets.h"

static uint8_t octets[SETTINGS_OCTETS_MAX];

static struct napdef full_napdef(void)
{
    struct napdef n = { .napid = "NAP1", .name = "Operator", .apn = "m2m.example", .auth = NAPDEF_AUTH_CHAP, .user = "u", .password = "p",
                        .ip_type = NAPDEF_IPV6, .local_address = "2001:db8::1", .dns = { "192.0.2.53", "2001:db8::53" }, .dnss = 2, .internet = true,
                        .mobile_ip = true, .validity = { { .country = "DE", .network = "26201", .sid = "1", .soc = "2", .until = 1893456000 }, { .network = "20801" } },
                        .validities = 2, .disabled = true, .numbers = 1U << NAPDEF_LINGER | 1U << NAPDEF_REREG_THRESHOLD };
    n.number[NAPDEF_LINGER] = 86400;
    n.number[NAPDEF_REREG_THRESHOLD] = 7;
    return n;
}

static struct dm_account full_dm(void)
{
    return (struct dm_account){ .server_id = "dm", .name = "n", .uri = "https://a.example/", .napid = { "NAP1", "INTERNET" }, .napids = 2,
                                .auth = DM_AUTH_HMAC, .client = { "cn", "cs", "\1\2", 2 }, .server = { "sn", "ss", "\3", 1 }, .given = "\4\5\6", .given_len = 3,
                                .trust = { .has_pin = true, .pin = { 1, 2, 3 } }, .acl = "Get=*",
                                .proxy = { "192.0.2.8", 8080, HTTP_PROXY_DIGEST, "pu", "pp" } };
}

enum { VERSION_NOW = 8 };

/* Each octet less, and one more, is refused. */
#define CHECK_LENGTHS(read, w, value) \
    do { \
        for (size_t len = 0; len < (w).len; len++) \
            g_assert_false(read((struct slice){ octets, len }, &(value))); \
        octets[(w).len] = 0; \
        g_assert_false(read((struct slice){ octets, (w).len + 1 }, &(value))); \
        octets[0] = VERSION_NOW + 1; \
        g_assert_false(read((struct slice){ octets, (w).len }, &(value))); \
        octets[0] = 0; \
        g_assert_false(read((struct slice){ octets, (w).len }, &(value))); \
    } while (0)

static void napdefs(void)
{
    struct napdef n = full_napdef(), again;
    struct writer w = writer_make(octets, sizeof octets);
    napdef_write(&w, &n);
    g_assert_true(!w.failed && napdef_read(writer_slice(&w), &again));
    g_assert_cmpmem(&n, sizeof n, &again, sizeof again);
    CHECK_LENGTHS(napdef_read, w, again);
}

static void dm_accounts(void)
{
    struct dm_account a = full_dm(), again;
    struct writer w = writer_make(octets, sizeof octets);
    dm_account_write(&w, &a);
    g_assert_true(!w.failed && dm_account_read(writer_slice(&w), &again));
    g_assert_cmpmem(&a, sizeof a, &again, sizeof again);
    CHECK_LENGTHS(dm_account_read, w, again);
}

static void lwm2m_accounts(void)
{
    struct lwm2m_account a = { .short_server_id = 101, .uri = "coaps://a.example", .identity = "id", .key = { 1 }, .key_len = 16, .endpoint = "e",
                               .server = { .written = 1u << 13 | 1u << 2, .value = { [2] = 5, [13] = 1 }, .binding = "UQ", .preferred = "U" }, .lifetime = 300,
                               .mode = LWM2M_X509, .x509 = { { 1 }, 700, { 2 }, 121, { 3 }, 32, 1, 3, "sni.example" }, .hold_off = 5, .timeout = 6, .purge_at = 7,
                               .security_instance = { true, 9 }, .server_instance = { true, 65534 } }, again;
    struct writer w = writer_make(octets, sizeof octets);
    lwm2m_account_write(&w, &a);
    g_assert_true(!w.failed && lwm2m_account_read(writer_slice(&w), &again));
    g_assert_cmpmem(&a, sizeof a, &again, sizeof again);
    CHECK_LENGTHS(lwm2m_account_read, w, again);
    struct lwm2m_account longest = a;
    memset(longest.uri, 'u', sizeof longest.uri - 1);
    memset(longest.identity, 'i', sizeof longest.identity - 1);
    memset(longest.endpoint, 'e', sizeof longest.endpoint - 1);
    memset(longest.x509.sni, 's', sizeof longest.x509.sni - 1);
    longest.key_len = sizeof longest.key;
    longest.x509.certificate_len = longest.x509.server_len = LWM2M_CERTIFICATE_MAX;
    longest.x509.private_key_len = LWM2M_PRIVATE_KEY_MAX;
    w = writer_make(octets, sizeof octets);
    lwm2m_account_write(&w, &longest);
    g_assert_false(w.failed);
}

/* The longest value of every field fits the buffer that the header promises. */
static void longest(void)
{
    struct napdef n = full_napdef();
    struct dm_account a = full_dm();
    memset(n.user, 'u', sizeof n.user - 1);
    memset(n.password, 'p', sizeof n.password - 1);
    memset(n.apn, 'a', sizeof n.apn - 1);
    n.dnss = NAPDEF_DNS;
    n.validities = NAPDEF_VALIDITIES;
    memset(a.server_id, 's', sizeof a.server_id - 1);
    memset(a.uri, 'u', sizeof a.uri - 1);
    a.napids = DM_TO_NAPIDS;
    memset(a.proxy.host, 'h', sizeof a.proxy.host - 1);
    memset(a.proxy.password, 'p', sizeof a.proxy.password - 1);
    a.client.nonce_len = a.server.nonce_len = a.given_len = sizeof a.client.nonce;
    struct writer w = writer_make(octets, sizeof octets);
    napdef_write(&w, &n);
    g_assert_false(w.failed);
    w = writer_make(octets, sizeof octets);
    dm_account_write(&w, &a);
    g_assert_false(w.failed);
}

/* A DM account of version 2 ends behind its ACL, one of version 7 behind its proxy. */
static void dm_older_versions(void)
{
    enum { GIVEN = 2 + 3, PROXY = 2 + 9 + 2 + 1 + 2 + 2 + 2 + 2 + GIVEN };
    struct dm_account a = full_dm(), again;
    struct writer w = writer_make(octets, sizeof octets);
    dm_account_write(&w, &a);
    octets[0] = 2; /* it had no proxy */
    g_assert_true(dm_account_read((struct slice){ octets, w.len - PROXY }, &again));
    g_assert_cmpstr(again.acl, ==, "Get=*");
    g_assert_cmpstr(again.proxy.host, ==, "");
    g_assert_false(dm_account_read((struct slice){ octets, w.len }, &again));
    octets[0] = 7;
    g_assert_true(dm_account_read((struct slice){ octets, w.len - GIVEN }, &again) && again.given_len == 0);
    g_assert_false(dm_account_read((struct slice){ octets, w.len }, &again));
}

static const uint8_t napdef_v1[] = { 1, 0, 1, 'a', 0, 1, 'n', 0, 3, 'a', 'p', 'n', 1, 0, 1, 'u', 0, 1, 'p', 2, 1 };
static const uint8_t dm_v1_head[] = { 1, 0, 1, 's', 0, 0, 0, 1, 'u', 0, 1, 'a', 1 };

/* A LwM2M account of version 2 ends behind its lifetime, one of version 3 behind what servers wrote, one of version 4 before whose key it is,
 * one of version 5 before the numbers of its instances. */
static void lwm2m_older_versions(void)
{
    enum { SERVER_OCTETS = 8, MODE_OCTETS = 27, MADE_OCTETS = 3, NUMBER_OCTETS = 6 }; /* of versions 3 to 6, when nothing is set */
    struct lwm2m_account a = { .short_server_id = 7, .uri = "coaps://a.example", .identity = "id", .key_len = 16, .endpoint = "e", .lifetime = 60 }, again;
    struct writer w = writer_make(octets, sizeof octets);
    lwm2m_account_write(&w, &a);
    for (uint8_t version = 2; version <= 5; version++) {
        octets[0] = version;
        g_assert_false(lwm2m_account_read(writer_slice(&w), &again));
        g_assert_true(lwm2m_account_read((struct slice){ octets, w.len - NUMBER_OCTETS - (version < 5 ? MADE_OCTETS : 0) - (version < 4 ? MODE_OCTETS : 0) - (version == 2 ? SERVER_OCTETS : 0) }, &again));
        g_assert_cmpmem(&a, sizeof a, &again, sizeof again);
    }
}

/* Of an account whose key is made there is no key, and no identity, in the store. */
static void lwm2m_key_that_is_made(void)
{
    struct lwm2m_account again, a = { .short_server_id = 7, .uri = "coaps://a.example", .identity = "3GPP-bootstrapping;b", .key = { 1 }, .key_len = 32, .endpoint = "e",
                                      .key_from = LWM2M_KEY_NAF, .gba = { .mid = "mid", .bsf = "https://b.example/", .naf = "a.example", .ua = { 1, 0, 1, 0xc0, 0xa8 }, .ends_ms = 5 } };
    struct writer w = writer_make(octets, sizeof octets);
    lwm2m_account_write(&w, &a);
    g_assert_true(lwm2m_account_read(writer_slice(&w), &again));
    g_assert_true(again.key_from == LWM2M_KEY_NAF && !again.key_len && !again.key[0] && !again.identity[0] && !again.gba.ends_ms);
    g_assert_cmpmem(again.gba.ua, sizeof again.gba.ua, a.gba.ua, sizeof a.gba.ua);
    g_assert_true(strcmp(again.gba.mid, "mid") == 0 && strcmp(again.gba.bsf, a.gba.bsf) == 0 && strcmp(again.gba.naf, "a.example") == 0);
    CHECK_LENGTHS(lwm2m_account_read, w, again);
    a = (struct lwm2m_account){ .mode = LWM2M_X509, .x509 = { .device = true, .selector = 1, .certificate = { 0x30 }, .certificate_len = 1, .server = { 5 }, .server_len = 1 } };
    w = writer_make(octets, sizeof octets);
    lwm2m_account_write(&w, &a);
    g_assert_true(lwm2m_account_read(writer_slice(&w), &again) && again.x509.device && again.x509.selector == 1 && !again.x509.certificate_len && again.x509.server_len == 1);
}

static void version_1(void)
{
    struct napdef n;
    struct dm_account a;
    g_assert_true(napdef_read((struct slice){ napdef_v1, sizeof napdef_v1 }, &n));
    g_assert_cmpstr(n.apn, ==, "apn");
    g_assert_cmpstr(n.password, ==, "p");
    g_assert_true(n.internet && n.ip_type == NAPDEF_IPV4V6 && n.validities == 0 && n.numbers == 0);
    struct writer w = writer_make(octets, sizeof octets);
    writer_put(&w, dm_v1_head, sizeof dm_v1_head);
    for (int i = 0; i < 6; i++)
        writer_u16(&w, 0); /* both credentials are empty */
    writer_u8(&w, 0);
    writer_u16(&w, 32);
    for (int i = 0; i < 32; i++)
        writer_u8(&w, 0);
    g_assert_true(dm_account_read(writer_slice(&w), &a));
    g_assert_cmpuint(a.napids, ==, 1);
    g_assert_cmpstr(a.napid[0], ==, "a");
    octets[10] = 0; /* the length of TO-NAPID, whose octet is taken out */
    memmove(&octets[11], &octets[12], w.len - 12);
    g_assert_true(dm_account_read((struct slice){ octets, w.len - 1 }, &a));
    g_assert_cmpuint(a.napids, ==, 0);
}

/* Until version 6 none could be put aside. */
static void version_6(void)
{
    struct napdef n = full_napdef();
    struct writer w = writer_make(octets, sizeof octets);
    napdef_write(&w, &n);
    octets[0] = 6;
    g_assert_false(napdef_read(writer_slice(&w), &n));
    g_assert_true(napdef_read((struct slice){ octets, w.len - 1 }, &n) && !n.disabled && n.numbers);
}

/* A text ends at its length, and no time is beyond what the model holds. */
static void odd_values(void)
{
    struct napdef n = full_napdef();
    struct writer w = writer_make(octets, sizeof octets);
    n.validities = 1;
    n.validity[0].until = -1;
    napdef_write(&w, &n);
    g_assert_false(napdef_read(writer_slice(&w), &n));
    n = full_napdef();
    w = writer_make(octets, sizeof octets);
    napdef_write(&w, &n);
    octets[4] = 0; /* inside NAPID */
    g_assert_false(napdef_read(writer_slice(&w), &n));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/settings/napdef", napdefs);
    g_test_add_func("/settings/dm account", dm_accounts);
    g_test_add_func("/settings/lwm2m account", lwm2m_accounts);
    g_test_add_func("/settings/longest", longest);
    g_test_add_func("/settings/odd values", odd_values);
    g_test_add_func("/settings/version 1", version_1);
    g_test_add_func("/settings/version 6", version_6);
    g_test_add_func("/settings/DM account of older versions", dm_older_versions);
    g_test_add_func("/settings/LwM2M account of versions 2 to 4", lwm2m_older_versions);
    g_test_add_func("/settings/LwM2M key that is made", lwm2m_key_that_is_made);
    return g_test_run();
}
