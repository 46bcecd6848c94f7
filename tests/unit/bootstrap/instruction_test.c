/* SPDX-License-Identifier: Apache-2.0 */
/* What each mechanism makes of an instruction: a table of payloads, of which each names one thing more or another one, and what comes of it. */
#include <glib.h>
#include <string.h>

#include "bootstrap/instruction/mechanism.h"

#define URI "coaps://s.example:5684"
#define TLS "coaps+tcp://s.example"

static const uint8_t hash[32] = { 7 };

static const struct {
    const char *name;
    struct bei bei;
    enum error_code rc;
} rows[] = {
    { "psk", { .mechanism = BEI_PSK, .target = { .uri = { URI }, .uris = 1, .server_id = 7 } }, ERROR_NONE },
    { "psk without uri", { .mechanism = BEI_PSK }, ERROR_INCOMPLETE },
    { "psk over TLS", { .mechanism = BEI_PSK, .target = { .uri = { TLS }, .uris = 1, .server_id = 7 } }, ERROR_NONE },
    { "psk over TCP", { .mechanism = BEI_PSK, .target = { .uri = { "coap+tcp://s.example" }, .uris = 1 } }, ERROR_INVALID },
    { "psk at https", { .mechanism = BEI_PSK, .target = { .uri = { "https://s.example/" }, .uris = 1 } }, ERROR_INVALID },
    { "psk by btid", { .mechanism = BEI_PSK, .target = { .uri = { URI }, .uris = 1 }, .credential = BEI_CREDENTIAL_BTID, .credential_ref = "m" }, ERROR_NOT_SUPPORTED },
    { "psk with naf", { .mechanism = BEI_PSK, .target = { .uri = { URI }, .uris = 1, .naf = "s.example" } }, ERROR_NOT_SUPPORTED },
    { "psk with bsf", { .mechanism = BEI_PSK, .target = { .uri = { URI }, .uris = 1 }, .bsf = "https://b.example/" }, ERROR_NOT_SUPPORTED },
    { "psk with ua", { .mechanism = BEI_PSK, .target = { .uri = { URI }, .uris = 1 }, .has_ua = true, .ua = { 1, 0, 1, 0xc0, 0xa8 } }, ERROR_NOT_SUPPORTED },
    { "psk with port", { .mechanism = BEI_PSK, .target = { .uri = { URI }, .uris = 1, .port = 5 } }, ERROR_NOT_SUPPORTED },
    { "psk with trust", { .mechanism = BEI_PSK, .target = { .uri = { URI }, .uris = 1 }, .trusts = 1 }, ERROR_NOT_SUPPORTED },
    { "lwm2m with server", { .mechanism = BEI_LWM2M, .target = { .uri = { URI }, .uris = 1, .server_id = 7 } }, ERROR_NOT_SUPPORTED },
    { "omadm with server", { .mechanism = BEI_OMADM, .target = { .uri = { "https://s.example/" }, .uris = 1, .server_id = 7 } }, ERROR_NOT_SUPPORTED },
    { "gba", { .mechanism = BEI_GBA, .target = { .uri = { URI }, .uris = 1, .server_id = 7, .naf = "s.example" } }, ERROR_NONE },
    { "gba with ua", { .mechanism = BEI_GBA, .target = { .uri = { URI }, .uris = 1 }, .has_ua = true, .ua = { 1, 0, 1, 0xc0, 0xa4 } }, ERROR_NONE },
    { "gba with bsf", { .mechanism = BEI_GBA, .target = { .uri = { URI }, .uris = 1 }, .bsf = "https://b.example/" }, ERROR_NONE },
    { "gba by http", { .mechanism = BEI_GBA, .target = { .uri = { URI }, .uris = 1 }, .bsf = "http://b.example/" }, ERROR_INVALID },
    { "gba with another naf", { .mechanism = BEI_GBA, .target = { .uri = { URI }, .uris = 1, .naf = "t.example" } }, ERROR_INVALID },
    { "gba of HTTP Digest", { .mechanism = BEI_GBA, .target = { .uri = { URI }, .uris = 1 }, .has_ua = true, .ua = { 1, 0, 0, 0, 2 } }, ERROR_NOT_SUPPORTED },
    { "gba of somebody else", { .mechanism = BEI_GBA, .target = { .uri = { URI }, .uris = 1 }, .has_ua = true, .ua = { 2, 0, 1, 0xc0, 0xa8 } }, ERROR_NOT_SUPPORTED },
    { "gba by psk", { .mechanism = BEI_GBA, .target = { .uri = { URI }, .uris = 1 }, .credential = BEI_CREDENTIAL_PSK, .credential_ref = "k" }, ERROR_NOT_SUPPORTED },
    { "gba with sni", { .mechanism = BEI_GBA, .target = { .uri = { URI }, .uris = 1, .sni = "s.example" } }, ERROR_NOT_SUPPORTED },
    { "pki", { .mechanism = BEI_PKI, .target = { .uri = { URI }, .uris = 1, .sni = "t.example" }, .trust = { { BEI_TRUST_SPKI, { hash, sizeof hash } } }, .trusts = 1 }, ERROR_NONE },
    { "pki without trust", { .mechanism = BEI_PKI, .target = { .uri = { URI }, .uris = 1 } }, ERROR_INCOMPLETE },
    { "pki with two", { .mechanism = BEI_PKI, .target = { .uri = { URI }, .uris = 1 }, .trust = { { BEI_TRUST_SPKI, { hash, sizeof hash } } }, .trusts = 2 }, ERROR_NOT_SUPPORTED },
    { "pki with an issuer", { .mechanism = BEI_PKI, .target = { .uri = { URI }, .uris = 1 }, .trust = { { BEI_TRUST_ISSUER, { hash, sizeof hash } } }, .trusts = 1 }, ERROR_NOT_SUPPORTED },
    { "pki with no certificate", { .mechanism = BEI_PKI, .target = { .uri = { URI }, .uris = 1 }, .trust = { { BEI_TRUST_CERTIFICATE, { hash, sizeof hash } } }, .trusts = 1 }, ERROR_INVALID },
    { "pki with cred", { .mechanism = BEI_PKI, .target = { .uri = { URI }, .uris = 1 }, .trust = { { BEI_TRUST_SPKI, { hash, sizeof hash } } }, .trusts = 1, .credential = BEI_CREDENTIAL_KEY, .credential_ref = "pfc" }, ERROR_NOT_SUPPORTED },
    { "pki with naf", { .mechanism = BEI_PKI, .target = { .uri = { URI }, .uris = 1, .naf = "s.example" }, .trust = { { BEI_TRUST_SPKI, { hash, sizeof hash } } }, .trusts = 1 }, ERROR_NOT_SUPPORTED },
};

static enum error_code take(const struct bei *b, struct settings *s)
{
    struct error e = { 0 };
    settings_clear(s);
    enum error_code rc = instruction_settings(b, s, &e);
    g_assert_cmpint(e.code, ==, rc);
    return rc;
}

static void what_is_named_is_followed_or_refused(void)
{
    struct settings *s = settings_new();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        enum error_code rc = take(&rows[i].bei, s);
        if (rc != rows[i].rc)
            g_error("%s: %s, not %s", rows[i].name, error_name(rc), error_name(rows[i].rc));
    }
    settings_free(s);
}

static void accounts(void)
{
    static const uint8_t ua[] = { 1, 0, 1, 0xc0, 0xa8 }, other[] = { 1, 0, 1, 0xc0, 0xa4 };
    struct settings *s = settings_new();
    const struct lwm2m_account *a = &s->lwm2m[0];
    struct bei b = { .mechanism = BEI_PSK, .target = { .uri = { "https://x.example/", URI }, .uris = 2, .server_id = 7 } };
    g_assert_cmpint(take(&b, s), ==, ERROR_NONE);
    g_assert_true(s->lwm2ms == 1 && a->short_server_id == 7 && a->lifetime == 86400 && a->key_from == LWM2M_KEY_DERIVED && strcmp(a->key_ref, "s.example") == 0);
    g_assert_cmpstr(a->uri, ==, URI);
    b.target.server_id = 0;
    (void)strcpy(b.target.nid, "name");
    g_assert_true(take(&b, s) == ERROR_NONE && a->short_server_id == 0 && a->lifetime == 0 && strcmp(a->key_ref, "name") == 0);
    b.credential = BEI_CREDENTIAL_PSK;
    (void)strcpy(b.credential_ref, "boot");
    g_assert_true(take(&b, s) == ERROR_NONE && a->key_from == LWM2M_KEY_NAMED && strcmp(a->key_ref, "boot") == 0);
    b = (struct bei){ .mechanism = BEI_GBA, .target = { .uri = { URI }, .uris = 1, .server_id = 8 }, .bsf = "https://b.example/" };
    g_assert_true(take(&b, s) == ERROR_NONE && a->key_from == LWM2M_KEY_NAF && a->short_server_id == 8 && !a->gba.mid[0]);
    g_assert_cmpmem(a->gba.ua, sizeof a->gba.ua, ua, sizeof ua);
    g_assert_true(strcmp(a->gba.naf, "s.example") == 0 && strcmp(a->gba.bsf, "https://b.example/") == 0);
    b.has_ua = true;
    memcpy(b.ua, other, sizeof b.ua);
    b.credential = BEI_CREDENTIAL_BTID;
    (void)strcpy(b.credential_ref, "usim-1");
    g_assert_true(take(&b, s) == ERROR_NONE && strcmp(a->gba.mid, "usim-1") == 0);
    g_assert_cmpmem(a->gba.ua, sizeof a->gba.ua, other, sizeof other);
    b = (struct bei){ .mechanism = BEI_PKI, .target = { .uri = { URI }, .uris = 1, .server_id = 9, .sni = "t.example" }, .trust = { { BEI_TRUST_SPKI, { hash, sizeof hash } } }, .trusts = 1 };
    g_assert_true(take(&b, s) == ERROR_NONE && a->mode == LWM2M_X509 && a->x509.device && a->x509.selector == 1 && a->x509.matching == 1 && a->x509.usage == 3);
    g_assert_true(a->x509.server_len == sizeof hash && memcmp(a->x509.server, hash, sizeof hash) == 0);
    g_assert_cmpstr(a->x509.sni, ==, "t.example");
    (void)strcpy(b.target.uri[0], TLS);
    (void)strcpy(b.target.uri[1], URI);
    b.target.uris = 2;
    g_assert_true(take(&b, s) == ERROR_NONE && a->mode == LWM2M_X509 && a->x509.device);
    g_assert_cmpstr(a->uri, ==, TLS); /* in the order of preference, not of the schemes */
    settings_free(s);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/instruction/what is named is followed or refused", what_is_named_is_followed_or_refused);
    g_test_add_func("/instruction/accounts", accounts);
    return g_test_run();
}
