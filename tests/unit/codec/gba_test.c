/* SPDX-License-Identifier: Apache-2.0 */
/* What GBA says in text: parameters of HTTP Digest, BootstrappingInfo, and who a MID is by its files. */
#include <glib.h>
#include <string.h>

#include "codec/gba_info.h"
#include "codec/http_params.h"
#include "codec/mid_identity.h"
#include "support/vectors.h"

static struct slice slice_of(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

static void parameters_are_taken_as_they_stand(void)
{
    struct http_params p;
    struct error err = { 0 };
    const char *text = "  dIgEsT realm=\"bsf.example\" , nonce=\"AAEC+/8=\",ALGORITHM=AKAv1-MD5, qop=\"auth,auth-int\", opaque=\"\", domain=\"/\",stale=false";
    g_assert_cmpint(http_params_read(slice_of(text), true, &p, &err), ==, ERROR_NONE);
    g_assert_true(slice_is(p.realm, "bsf.example") && slice_is(p.nonce, "AAEC+/8=") && slice_is(p.algorithm, "AKAv1-MD5") && slice_is(p.stale, "false"));
    g_assert_true(p.opaque.len == 0 && p.rspauth.len == 0);
    g_assert_true(http_params_has(p.qop, "auth-int") && http_params_has(p.qop, "AUTH") && !http_params_has(p.qop, "aut") && !http_params_has(p.qop, "int"));
    g_assert_cmpint(http_params_read(slice_of("rspauth=\"0a\", nc=00000001, cnonce=\"c d\", qop=auth-int"), false, &p, &err), ==, ERROR_NONE);
    g_assert_true(slice_is(p.rspauth, "0a") && slice_is(p.nc, "00000001") && slice_is(p.cnonce, "c d") && slice_is(p.qop, "auth-int"));
}

static void what_is_not_well_formed_is_refused(void)
{
    static const char *const bad[] = { "Basic realm=\"a\"", "Digest realm=\"a", "Digest realm=a\"", "Digest realm", "Digest realm=", "Digest =a", "Digest realm=\"a\\\"b\"",
                                       "Digest realm=\"a\", realm=\"b\"", "Digest realm=\"a\x01\"", "Digest realm=\"a\" nonce=\"b\"", "", "Digest ,,", "Digestrealm=a" };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        struct http_params p;
        struct error err = { 0 };
        g_test_message("%s", bad[i]);
        g_assert_cmpint(http_params_read(slice_of(bad[i]), true, &p, &err), ==, ERROR_MALFORMED);
        g_assert_true(p.realm.len == 0 && err.code == ERROR_MALFORMED);
    }
    static uint8_t large[HTTP_PARAMS_MAX + 1];
    struct http_params p;
    struct error err = { 0 };
    g_assert_cmpint(http_params_read((struct slice){ large, sizeof large }, true, &p, &err), ==, ERROR_TOO_LARGE);
}

static enum error_code info(const char *inside, struct gba_info *out)
{
    struct error err = { 0 };
    char *doc = g_strdup_printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<BootstrappingInfo xmlns=\"uri:3gpp-gba\">%s</BootstrappingInfo>", inside);
    enum error_code rc = gba_info_read(slice_of(doc), out, &err);
    g_assert_cmpint(err.code, ==, rc);
    g_free(doc);
    return rc;
}

#define TIME "<lifetime>2026-11-20T22:53:52Z</lifetime>"
#define BTID "<btid>AAAAAAAAAAAAAAAAAAAAAA==@bsf.example</btid>"

static void bootstrapping_info_is_read(void)
{
    struct gba_info i;
    g_assert_cmpint(info(BTID TIME, &i), ==, ERROR_NONE);
    g_assert_cmpstr(i.btid, ==, "AAAAAAAAAAAAAAAAAAAAAA==@bsf.example");
    g_assert_cmpint(i.ends, ==, 1795215232);
    g_assert_cmpint(info("\n <lifetime>\n2026-11-20T22:53:52.123Z </lifetime><Extension><btid>x@y</btid><currenttime>1</currenttime></Extension>" BTID "\n", &i), ==,
                    ERROR_MALFORMED); /* a text and its blanks come in one piece */
    g_assert_cmpint(info("<lifetime>2026-11-20T22:53:52.123Z</lifetime><Extension><btid>x@y</btid></Extension>" BTID, &i), ==, ERROR_NONE);
    g_assert_cmpint(i.ends, ==, 1795215232);
    g_assert_cmpstr(i.btid, ==, "AAAAAAAAAAAAAAAAAAAAAA==@bsf.example");
    struct error err = { 0 };
    g_assert_cmpint(gba_info_read(slice_of("<g:BootstrappingInfo xmlns:g='uri:3gpp-gba'><g:btid>a@b</g:btid><g:lifetime>1970-01-01T00:00:01Z</g:lifetime>"
                                           "</g:BootstrappingInfo>"), &i, &err), ==, ERROR_NONE);
    g_assert_cmpint(i.ends, ==, 1);
}

static void bootstrapping_info_that_is_none_is_refused(void)
{
    struct gba_info i;
    struct error err = { 0 };
    static const struct {
        const char *inside;
        enum error_code rc;
    } rows[] = {
        { BTID, ERROR_INCOMPLETE }, { TIME, ERROR_INCOMPLETE }, { "", ERROR_INCOMPLETE }, { BTID BTID TIME, ERROR_MALFORMED }, { BTID TIME TIME, ERROR_MALFORMED },
        { "<btid>a</btid>" TIME, ERROR_MALFORMED }, { "<btid>@b</btid>" TIME, ERROR_MALFORMED }, { "<btid>a@</btid>" TIME, ERROR_MALFORMED },
        { "<btid>a@b@c</btid>" TIME, ERROR_MALFORMED }, { "<btid>a b@c</btid>" TIME, ERROR_MALFORMED }, { "<btid>a<x/>@b</btid>" TIME, ERROR_MALFORMED },
        { BTID "<lifetime>2026-11-20T22:53:52</lifetime>", ERROR_MALFORMED }, { BTID "<lifetime>2026-11-20T22:53:52.Z</lifetime>", ERROR_MALFORMED },
        { BTID "<lifetime>tomorrow</lifetime>", ERROR_MALFORMED }, { "<x>" BTID TIME "</x>", ERROR_INCOMPLETE },
    };
    for (size_t n = 0; n < G_N_ELEMENTS(rows); n++) {
        g_test_message("%s", rows[n].inside);
        g_assert_cmpint(info(rows[n].inside, &i), ==, rows[n].rc);
        g_assert_true(!i.btid[0] && i.ends == 0);
    }
    g_assert_cmpint(gba_info_read(slice_of("<Other>" BTID TIME "</Other>"), &i, &err), ==, ERROR_MALFORMED);
    char *large = g_strdup_printf("<btid>%0290d@b</btid>" TIME, 0);
    g_assert_cmpint(info(large, &i), ==, ERROR_TOO_LARGE);
    g_free(large);
}

static struct slice files(const char *hex, struct octets *hold)
{
    *hold = octets_of_hex(hex);
    return octets_slice(hold);
}

static enum error_code identity(enum mid_type type, const char *hex, struct mid_identity *out)
{
    struct octets hold;
    struct error err = { 0 };
    enum error_code rc = mid_identity_take(type, files(hex, &hold), out, &err);
    g_assert_cmpint(err.code, ==, rc);
    return rc;
}

#define IMSI "0004 7FFF6F07 0009 08 29 23 10 00 00 00 00 00"
#define AD(n) "0004 7FFF6FAD 0004 0000000" n

static void expect_iccid(const char *hex, const char *wanted)
{
    struct octets hold;
    char iccid[MID_ICCID];
    g_test_message("%s", hex);
    g_assert_true(mid_iccid_take(files(hex, &hold), iccid) == (wanted[0] != '\0'));
    g_assert_cmpstr(iccid, ==, wanted);
}

static void a_card_is_named_by_its_iccid(void)
{
    expect_iccid("0001 0002 2FE2 000A 98640880000000000021", "89468008000000000012");
    expect_iccid("0001 0004 3F002FE2 000A 986408800000000000F1", "8946800800000000001");
    expect_iccid("0002" IMSI "0002 2FE2 000A 986408800000000000FF", "894680080000000000");
    expect_iccid("0001 0002 2FE2 000A 9864088000000000F0FF", ""); /* 17 digits */
    expect_iccid("0001 0002 2FE2 000A 986408800000000000AF", "");
    expect_iccid("0001 0002 2FE2 000A 9864088000000000001F", ""); /* a digit behind the end */
    expect_iccid("0001 0002 2FE2 0009 986408800000000000", "");
    expect_iccid("0001 0004 7FFF2FE2 000A 98640880000000000021", "");
    expect_iccid("0001" IMSI, "");
    expect_iccid("0001 0002 2FE2 000A 9864", "");
}

static void a_usim_is_named_by_its_imsi(void)
{
    static struct mid_identity id;
    g_assert_cmpint(identity(MID_USIM, "0002" IMSI AD("2"), &id), ==, ERROR_NONE);
    g_assert_cmpstr(id.impi, ==, "232010000000000@ims.mnc001.mcc232.3gppnetwork.org");
    g_assert_cmpstr(id.bsf, ==, "bsf.mnc001.mcc232.pub.3gppnetwork.org");
    g_assert_cmpint(identity(MID_USIM, "0002" IMSI AD("3"), &id), ==, ERROR_NONE);
    g_assert_cmpstr(id.domain, ==, "ims.mnc010.mcc232.3gppnetwork.org");
    g_assert_cmpint(identity(MID_USIM, "0002 0004 7FFF6F07 0009 08 21 23 10 00 00 00 00 F0" AD("2"), &id), ==, ERROR_NONE); /* an even number of digits */
    g_assert_true(g_str_has_prefix(id.impi, "23201000000000@"));
    g_assert_cmpint(identity(MID_USIM, "0002 0004 7FFF6F07 0004 03 21 23 10" AD("2"), &id), ==, ERROR_MALFORMED);          /* 23201: only the network */
    g_assert_cmpint(identity(MID_USIM, "0002 0004 7FFF6F07 0005 04 21 23 10 F0" AD("3"), &id), ==, ERROR_MALFORMED);       /* 232010 too, with three digits */
    g_assert_cmpint(identity(MID_PCID, "0002 0004 7FFF6F07 0005 04 21 23 10 F0" AD("2"), &id), ==, ERROR_NONE);
    g_assert_cmpstr(id.impi, ==, "232010@ims.mnc001.mcc232.3gppnetwork.org");
    g_assert_cmpint(identity(MID_USIM, "0002 0004 7FFF6F07 0009 08 2A 23 10 00 00 00 00 00" AD("2"), &id), ==, ERROR_MALFORMED); /* no IMSI but another identity */
    g_assert_cmpint(identity(MID_USIM, "0001" AD("2"), &id), ==, ERROR_INCOMPLETE);
    g_assert_cmpint(identity(MID_USIM, "0001" IMSI, &id), ==, ERROR_INCOMPLETE);
    g_assert_cmpint(identity(MID_USIM, "0002" IMSI AD("4"), &id), ==, ERROR_MALFORMED);
    g_assert_cmpint(identity(MID_USIM, "0002 0004 7FFF6F07 0009 08 29 23 A0 00 00 00 00 00" AD("2"), &id), ==, ERROR_MALFORMED);
    g_assert_cmpint(identity(MID_USIM, "0002 0004 7FFF6F07 0009 09 29 23 10 00 00 00 00 00" AD("2"), &id), ==, ERROR_MALFORMED);
    g_assert_cmpint(identity(MID_USIM, "0002 0004 3F006F07 0009 08 29 23 10 00 00 00 00 00" AD("2"), &id), ==, ERROR_INCOMPLETE);
    g_assert_true(!id.impi[0]);
}

#define IMPI "0004 7FFF6F02 0005 80 03 614062"
#define DOMAIN "0004 7FFF6F03 0003 80 01 62"

static void an_isim_names_itself(void)
{
    static struct mid_identity id;
    g_assert_cmpint(identity(MID_ISIM, "0005" IMPI DOMAIN "0004 7FFF6F04 0005 80 02 6161 FF" "0004 7FFF6F04 0002 FFFF" "0004 7FFF6F04 0003 80 01 62", &id), ==, ERROR_NONE);
    g_assert_cmpstr(id.impi, ==, "a@b");
    g_assert_cmpstr(id.domain, ==, "b");
    g_assert_cmpstr(id.bsf, ==, "bsf.b");
    g_assert_cmpuint(id.impus, ==, 2); /* an empty record between them */
    g_assert_cmpstr(id.impu[0], ==, "aa");
    g_assert_cmpstr(id.impu[1], ==, "b");
    g_assert_cmpint(identity(MID_ISIM, "0002" IMPI DOMAIN, &id), ==, ERROR_NONE);
    g_assert_cmpuint(id.impus, ==, 0);
    static const struct {
        const char *hex;
        enum error_code rc;
    } rows[] = {
        { "0001" IMPI, ERROR_INCOMPLETE }, { "0001" DOMAIN, ERROR_INCOMPLETE }, { "0002 0004 7FFF6F02 0005 81 03 614062" DOMAIN, ERROR_MALFORMED },
        { "0002 0004 7FFF6F02 0005 80 04 614062" DOMAIN, ERROR_MALFORMED }, { "0002 0004 7FFF6F02 0003 80 01 61" DOMAIN, ERROR_MALFORMED },
        { "0002 0004 7FFF6F02 0005 80 03 612062" DOMAIN, ERROR_MALFORMED }, { "0002 0004 7FFF6F02 0005 80 03 614022" DOMAIN, ERROR_MALFORMED },
        { "0002 0004 7FFF6F02 0001 FF" DOMAIN, ERROR_MALFORMED }, { "0003" IMPI DOMAIN "0004 7FFF6F04 0003 80 02 62", ERROR_MALFORMED }, { "", ERROR_INCOMPLETE },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].hex);
        g_assert_cmpint(identity(MID_ISIM, rows[i].hex, &id), ==, rows[i].rc);
    }
    GString *many = g_string_new("000B" IMPI DOMAIN);
    for (int i = 0; i < 9; i++)
        g_string_append(many, "0004 7FFF6F04 0003 80 01 62");
    g_assert_cmpint(identity(MID_ISIM, many->str, &id), ==, ERROR_TOO_LARGE);
    g_string_free(many, TRUE);
}

static void the_bsf_of_an_isim_in_the_network_of_operators(void)
{
    static struct mid_identity id;
    GString *hex = g_string_new("0002 0004 7FFF6F02 0028 80 26");
    for (const char *p = "user@ims.mnc015.mcc234.3gppnetwork.org"; *p; p++)
        g_string_append_printf(hex, "%02x", *p);
    g_string_append(hex, DOMAIN);
    g_assert_cmpint(identity(MID_ISIM, hex->str, &id), ==, ERROR_NONE);
    g_assert_cmpstr(id.bsf, ==, "bsf.ims.mnc015.mcc234.pub.3gppnetwork.org");
    g_string_free(hex, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gba/parameters", parameters_are_taken_as_they_stand);
    g_test_add_func("/gba/parameters/refused", what_is_not_well_formed_is_refused);
    g_test_add_func("/gba/info", bootstrapping_info_is_read);
    g_test_add_func("/gba/info/refused", bootstrapping_info_that_is_none_is_refused);
    g_test_add_func("/gba/identity/usim", a_usim_is_named_by_its_imsi);
    g_test_add_func("/gba/identity/iccid", a_card_is_named_by_its_iccid);
    g_test_add_func("/gba/identity/isim", an_isim_names_itself);
    g_test_add_func("/gba/identity/bsf", the_bsf_of_an_isim_in_the_network_of_operators);
    return g_test_run();
}
