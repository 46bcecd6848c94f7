/* SPDX-License-Identifier: Apache-2.0 */
/* Provisioning document -> settings: fields of a whole document, the rules one by one, pins, and the documents of the vectors. */
#include <glib.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/text.h"
#include "bootstrap/provisioning/provisioning.h"
#include "support/pages.h"
#include "support/vectors.h"

static void *memory;
static struct settings *settings;

static enum error_code map(const char *inner, struct error *err)
{
    g_autofree char *doc = g_strdup_printf("<wap-provisioningdoc version='1.1'>%s</wap-provisioningdoc>", inner);
    struct arena arena = arena_make(memory, PROV_ARENA);
    struct prov_node *root = NULL;
    g_assert_cmpint(prov_decode_xml((struct slice){ (const uint8_t *)doc, strlen(doc) }, &arena, &root, err), ==, ERROR_NONE);
    *err = (struct error){ 0 };
    return provisioning_settings(root, settings, err);
}

#define CHARACTERISTIC(type, inner) "<characteristic type='" type "'>" inner "</characteristic>"
#define PARM(name, value) "<parm name='" name "' value='" value "'/>"
#define NAPDEF(id, more) CHARACTERISTIC("NAPDEF", PARM("NAPID", id) PARM("NAME", "n") PARM("NAP-ADDRESS", "apn." id) PARM("NAP-ADDRTYPE", "APN") more)
#define VALIDITY(inner) CHARACTERISTIC("VALIDITY", inner)
#define APPSRV CHARACTERISTIC("APPAUTH", PARM("AAUTHLEVEL", "APPSRV") PARM("AAUTHNAME", "u") PARM("AAUTHSECRET", "s"))
#define W7_AT(address) CHARACTERISTIC("APPLICATION", PARM("APPID", "w7") PARM("PROVIDER-ID", "dm") address APPSRV)
#define W7(more) CHARACTERISTIC("APPLICATION", PARM("APPID", "w7") PARM("PROVIDER-ID", "dm") PARM("ADDR", "https://a.example/dm") more)
#define APPADDR(uri, port) CHARACTERISTIC("APPADDR", PARM("ADDR", uri) CHARACTERISTIC("PORT", port))

static void whole_document(void)
{
    struct error err;
    g_assert_cmpint(map(CHARACTERISTIC("BOOTSTRAP", PARM("NAME", "Operator") PARM("PROVURL", "https://a.example/p"))
                        NAPDEF("one", PARM("LOCAL-ADDRTYPE", "IPV6") "<parm name='INTERNET'/>"
                               CHARACTERISTIC("NAPAUTHINFO", PARM("AUTHTYPE", "CHAP") PARM("AUTHNAME", "au") PARM("AUTHSECRET", "as")))
                        NAPDEF("two", "") CHARACTERISTIC("PXLOGICAL", PARM("PROXY-ID", "p")) PARM("UNKNOWN", "x") CHARACTERISTIC("WHAT", "")
                        W7(PARM("NAME", "account") PARM("TO-NAPID", "two") PARM("INIT", "1")
                           CHARACTERISTIC("APPAUTH", PARM("AAUTHLEVEL", "APPSRV") PARM("AAUTHTYPE", "HMAC") PARM("AAUTHNAME", "cn") PARM("AAUTHSECRET", "cs")
                                          PARM("AAUTHDATA", "Tm9uY2U="))
                           CHARACTERISTIC("APPAUTH", PARM("AAUTHLEVEL", "CLIENT") PARM("AAUTHSECRET", "ss"))
                           CHARACTERISTIC("APPAUTH", PARM("AAUTHLEVEL", "OBEX")))
                        CHARACTERISTIC("VENDORCONFIG", PARM("NAME", "other") PARM("SERVER-PIN", "x"))
                        CHARACTERISTIC("VENDORCONFIG", PARM("NAME", "gateway-agent") PARM("CONTEXT", "m2m")), &err), ==, ERROR_NONE);
    g_assert_cmpstr(settings->provurl, ==, "https://a.example/p");
    g_assert_cmpstr(settings->bootstrap_name, ==, "Operator");
    g_assert_cmpstr(settings->context, ==, "m2m");
    g_assert_cmpuint(settings->napdefs, ==, 2);
    const struct napdef *n = settings_napdef(settings, "one");
    g_assert_cmpstr(n->apn, ==, "apn.one");
    g_assert_cmpstr(n->user, ==, "au");
    g_assert_cmpstr(n->password, ==, "as");
    g_assert_true(n->auth == NAPDEF_AUTH_CHAP && n->ip_type == NAPDEF_IPV6 && n->internet);
    n = settings_napdef(settings, "two");
    g_assert_true(n->auth == NAPDEF_AUTH_NONE && n->ip_type == NAPDEF_IPV4V6 && !n->internet);
    g_assert_cmpuint(settings->dms, ==, 1);
    const struct dm_account *a = &settings->dm[0];
    g_assert_cmpstr(a->server_id, ==, "dm");
    g_assert_cmpstr(a->name, ==, "account");
    g_assert_cmpstr(a->uri, ==, "https://a.example/dm");
    g_assert_cmpuint(a->napids, ==, 1);
    g_assert_cmpstr(a->napid[0], ==, "two");
    g_assert_cmpint(a->auth, ==, DM_AUTH_HMAC);
    g_assert_cmpstr(a->client.name, ==, "cn");
    g_assert_cmpstr(a->client.secret, ==, "cs");
    g_assert_true(slice_is((struct slice){ a->client.nonce, a->client.nonce_len }, "Nonce"));
    g_assert_cmpstr(a->server.name, ==, "dm");
    g_assert_cmpstr(a->server.secret, ==, "ss");
    g_assert_false(a->trust.has_pin);
}

#define PROXY(inner) CHARACTERISTIC("PXLOGICAL", PARM("PROXY-ID", "p") inner)
#define PORT(number) CHARACTERISTIC("PORT", PARM("PORTNBR", number) PARM("SERVICE", "OTA-HTTP-TO"))
#define PHYSICAL(address, more) CHARACTERISTIC("PXPHYSICAL", PARM("PHYSICAL-PROXY-ID", "1") PARM("PXADDR", address) PARM("TO-NAPID", "NAP1") more)
#define HTTP_PORT(number) CHARACTERISTIC("PORT", PARM("PORTNBR", number))
#define LOGIN(type, id) CHARACTERISTIC("PXAUTHINFO", PARM("PXAUTH-TYPE", type) PARM("PXAUTH-ID", id) PARM("PXAUTH-PW", "pw"))
#define ACCESS CHARACTERISTIC("ACCESS", PARM("RULE", "1"))
#define RULE(inner) CHARACTERISTIC("ACCESS", inner)
#define APP CHARACTERISTIC("APPLICATION", PARM("APPID", "w4"))

struct row {
    const char *name, *doc;
    enum error_code rc;
    const char *text; /* a word of the reason; or, when accepted, the URI of the first account */
};

static const struct row rows[] = {
    { "empty", "", ERROR_NONE, "" },
    { "no napid", CHARACTERISTIC("NAPDEF", PARM("NAP-ADDRESS", "a")), ERROR_INCOMPLETE, "NAPID" },
    { "no nap-address", CHARACTERISTIC("NAPDEF", PARM("NAPID", "a")), ERROR_INCOMPLETE, "NAP-ADDRESS" },
    { "empty nap-address", CHARACTERISTIC("NAPDEF", PARM("NAPID", "a") PARM("NAP-ADDRESS", "")), ERROR_INCOMPLETE, "NAP-ADDRESS" },
    { "napid twice", NAPDEF("a", "") NAPDEF("a", ""), ERROR_INVALID, "NAPID a" },
    { "napid twice, one to dial", CHARACTERISTIC("NAPDEF", PARM("NAPID", "a") PARM("NAP-ADDRESS", "+49")) NAPDEF("a", ""), ERROR_INVALID, "NAPID a" },
    { "bad authtype", NAPDEF("a", CHARACTERISTIC("NAPAUTHINFO", PARM("AUTHTYPE", "MD5"))), ERROR_NOT_SUPPORTED, "AUTHTYPE" },
    { "no authtype", NAPDEF("a", CHARACTERISTIC("NAPAUTHINFO", PARM("AUTHNAME", "x"))), ERROR_INCOMPLETE, "AUTHTYPE" },
    { "bad addrtype", NAPDEF("a", PARM("LOCAL-ADDRTYPE", "X")), ERROR_INVALID, "LOCAL-ADDRTYPE" },
    { "every number", NAPDEF("a", PARM("LINKSPEED", "AUTOBAUDING") PARM("DNLINKSPEED", "4294967295") PARM("LINGER", "86400") PARM("DELIVERY-ERR-SDU", "7")
      PARM("DELIVERY-ORDER", "3") PARM("TRAFFIC-CLASS", "7") PARM("MAX-SDU-SIZE", "255") PARM("MAX-BITRATE-UPLINK", "255") PARM("MAX-BITRATE-DNLINK", "255")
      PARM("RESIDUAL-BER", "15") PARM("SDU-ERROR-RATIO", "15") PARM("TRAFFIC-HANDL-PRIO", "3") PARM("TRANSFER-DELAY", "63")
      PARM("GUARANTEED-BITRATE-UPLINK", "255") PARM("GUARANTEED-BITRATE-DNLINK", "255") PARM("MAX-NUM-RETRY", "255") PARM("FIRST-RETRY-TIMEOUT", "86400")
      PARM("REREG-THRESHOLD", "86400")), ERROR_NONE, "" },
    { "linkspeed", NAPDEF("a", PARM("LINKSPEED", "4294967296")), ERROR_INVALID, "LINKSPEED" },
    { "linger", NAPDEF("a", PARM("LINGER", "86401")), ERROR_INVALID, "LINGER" },
    { "linger is no speed", NAPDEF("a", PARM("LINGER", "AUTOBAUDING")), ERROR_INVALID, "LINGER" },
    { "delivery-err-sdu", NAPDEF("a", PARM("DELIVERY-ERR-SDU", "8")), ERROR_INVALID, "DELIVERY-ERR-SDU" },
    { "delivery-order", NAPDEF("a", PARM("DELIVERY-ORDER", "4")), ERROR_INVALID, "DELIVERY-ORDER" },
    { "residual-ber", NAPDEF("a", PARM("RESIDUAL-BER", "16")), ERROR_INVALID, "RESIDUAL-BER" },
    { "transfer-delay", NAPDEF("a", PARM("TRANSFER-DELAY", "64")), ERROR_INVALID, "TRANSFER-DELAY" },
    { "max-sdu-size", NAPDEF("a", PARM("MAX-SDU-SIZE", "x")), ERROR_INVALID, "MAX-SDU-SIZE" },
    { "dns-addr", NAPDEF("a", PARM("DNS-ADDR", "dns.example")), ERROR_INVALID, "DNS-ADDR" },
    { "empty dns-addr", NAPDEF("a", "<parm name='DNS-ADDR'/>"), ERROR_INVALID, "DNS-ADDR" },
    { "five dns-addr", NAPDEF("a", PARM("DNS-ADDR", "192.0.2.1") PARM("DNS-ADDR", "192.0.2.2") PARM("DNS-ADDR", "192.0.2.3") PARM("DNS-ADDR", "::4")
      PARM("DNS-ADDR", "::5")), ERROR_TOO_LARGE, "DNS-ADDR" },
    { "local-addr", NAPDEF("a", PARM("LOCAL-ADDR", "1.2.3")), ERROR_INVALID, "LOCAL-ADDR" },
    { "validity of nothing", NAPDEF("a", VALIDITY("")), ERROR_NONE, "" },
    { "country as mcc", NAPDEF("a", VALIDITY(PARM("COUNTRY", "262") PARM("NETWORK", "01"))), ERROR_NONE, "" },
    { "no country", NAPDEF("a", VALIDITY(PARM("COUNTRY", "ZZ"))), ERROR_INVALID, "COUNTRY" },
    { "long country", NAPDEF("a", VALIDITY(PARM("COUNTRY", "Germany"))), ERROR_INVALID, "COUNTRY" },
    { "mnc without country", NAPDEF("a", VALIDITY(PARM("NETWORK", "01"))), ERROR_INVALID, "NETWORK" },
    { "short network", NAPDEF("a", VALIDITY(PARM("COUNTRY", "DE") PARM("NETWORK", "2620"))), ERROR_INVALID, "NETWORK" },
    { "network of letters", NAPDEF("a", VALIDITY(PARM("NETWORK", "2620x"))), ERROR_INVALID, "NETWORK" },
    { "long sid", NAPDEF("a", VALIDITY(PARM("SID", "123456789012"))), ERROR_INVALID, "SID" },
    { "long soc", NAPDEF("a", VALIDITY(PARM("SOC", "123456789012"))), ERROR_INVALID, "SOC" },
    { "bad time", NAPDEF("a", VALIDITY(PARM("VALIDUNTIL", "2030-02-29T00:00:00Z"))), ERROR_INVALID, "VALIDUNTIL" },
    { "five validities", NAPDEF("a", VALIDITY("") VALIDITY("") VALIDITY("") VALIDITY("") VALIDITY("")), ERROR_TOO_LARGE, "VALIDITY" },
    { "five to-napid", W7(PARM("TO-NAPID", "1") PARM("TO-NAPID", "2") PARM("TO-NAPID", "3") PARM("TO-NAPID", "4") PARM("TO-NAPID", "5")), ERROR_TOO_LARGE,
      "TO-NAPID" },
    { "proxy without id", CHARACTERISTIC("PXLOGICAL", PARM("NAME", "p")), ERROR_INCOMPLETE, "PROXY-ID" },
    { "proxy twice", CHARACTERISTIC("PXLOGICAL", PARM("PROXY-ID", "p")) CHARACTERISTIC("PXLOGICAL", PARM("PROXY-ID", "p")), ERROR_INVALID, "PROXY-ID p" },
    { "proxy flag", CHARACTERISTIC("PXLOGICAL", PARM("PROXY-ID", "p") PARM("MASTER", "2")), ERROR_INVALID, "MASTER" },
    { "proxy auth", PROXY(CHARACTERISTIC("PXAUTHINFO", PARM("PXAUTH-TYPE", "X"))), ERROR_INVALID, "PXAUTH-TYPE" },
    { "no proxy auth type", PROXY(CHARACTERISTIC("PXAUTHINFO", PARM("PXAUTH-ID", "X"))), ERROR_INCOMPLETE, "PXAUTH-TYPE" },
    { "proxy port", PROXY(CHARACTERISTIC("PORT", PARM("PORTNBR", "0"))), ERROR_INVALID, "PORTNBR" },
    { "big proxy port", PROXY(CHARACTERISTIC("PORT", PARM("PORTNBR", "65536"))), ERROR_INVALID, "PORTNBR" },
    { "no proxy port", PROXY(CHARACTERISTIC("PORT", PARM("SERVICE", "CL-WSP"))), ERROR_INCOMPLETE, "PORTNBR" },
    { "five ports", PROXY(PORT("1") PORT("2") PORT("3") PORT("4") PORT("5")), ERROR_TOO_LARGE, "PORT" },
    { "physical proxy without id", PROXY(CHARACTERISTIC("PXPHYSICAL", PARM("PXADDR", "192.0.2.1"))), ERROR_INCOMPLETE, "PHYSICAL-PROXY-ID" },
    { "no pxaddr", PROXY(CHARACTERISTIC("PXPHYSICAL", PARM("PHYSICAL-PROXY-ID", "1"))), ERROR_INCOMPLETE, "PXADDR" },
    { "pxaddr is IPv4", PROXY(PHYSICAL("2001:db8::1", "")), ERROR_INVALID, "IPv4" },
    { "pxaddr is IPv6", PROXY(PHYSICAL("192.0.2.1", PARM("PXADDRTYPE", "IPV6"))), ERROR_INVALID, "IPv6" },
    { "pxaddr of another kind", PROXY(PHYSICAL("+491234", PARM("PXADDRTYPE", "E164"))), ERROR_NONE, "" },
    { "three physical proxies", PROXY(PHYSICAL("192.0.2.1", "") PHYSICAL("192.0.2.2", "") PHYSICAL("192.0.2.3", "")), ERROR_TOO_LARGE, "PXPHYSICAL" },
    { "five proxies", "" CHARACTERISTIC("PXLOGICAL", PARM("PROXY-ID", "1")) CHARACTERISTIC("PXLOGICAL", PARM("PROXY-ID", "2"))
      CHARACTERISTIC("PXLOGICAL", PARM("PROXY-ID", "3")) CHARACTERISTIC("PXLOGICAL", PARM("PROXY-ID", "4"))
      CHARACTERISTIC("PXLOGICAL", PARM("PROXY-ID", "5")), ERROR_TOO_LARGE, "PXLOGICAL" },
    { "to-proxy of nothing", W7(PARM("TO-PROXY", "q")) PROXY(PHYSICAL("192.0.2.1", HTTP_PORT("80"))), ERROR_INCOMPLETE, "TO-PROXY q" },
    { "five to-proxy", W7(PARM("TO-PROXY", "p") PARM("TO-PROXY", "2") PARM("TO-PROXY", "3") PARM("TO-PROXY", "4") PARM("TO-PROXY", "5")), ERROR_TOO_LARGE, "TO-PROXY" },
    { "to-proxy nowhere", W7(PARM("TO-PROXY", "p")) PROXY(HTTP_PORT("80")), ERROR_INCOMPLETE, "PXPHYSICAL" },
    { "to-proxy without port", W7(PARM("TO-PROXY", "p")) PROXY(PHYSICAL("192.0.2.1", "")), ERROR_INCOMPLETE, "PORT" },
    { "to-proxy for push only", W7(PARM("TO-PROXY", "p")) PROXY(PHYSICAL("192.0.2.1", PORT("81")) HTTP_PORT("80")), ERROR_INCOMPLETE, "PORT" },
    { "to-proxy by phone", W7(PARM("TO-PROXY", "p")) PROXY(PHYSICAL("+491234", PARM("PXADDRTYPE", "E164") HTTP_PORT("80"))), ERROR_NOT_SUPPORTED, "PXADDR" },
    { "to-proxy by wtls", W7(PARM("TO-PROXY", "p")) PROXY(PHYSICAL("192.0.2.1", HTTP_PORT("80")) LOGIN("WTLS-SS", "i")), ERROR_NOT_SUPPORTED, "WTLS-SS" },
    { "to-proxy without id", W7(PARM("TO-PROXY", "p")) PROXY(PHYSICAL("192.0.2.1", HTTP_PORT("80")) LOGIN("HTTP-BASIC", "")), ERROR_INVALID, "PXAUTH-ID" },
    { "to-proxy by a colon", W7(PARM("TO-PROXY", "p")) PROXY(PHYSICAL("192.0.2.1", HTTP_PORT("80")) LOGIN("HTTP-BASIC", "a:b")), ERROR_INVALID, "PXAUTH-ID" },
    { "access to no proxy", W7("") RULE(PARM("TO-PROXY", "q")), ERROR_INCOMPLETE, "ACCESS: TO-PROXY q" },
    { "access to no access point", W7("") RULE(PARM("TO-NAPID", "INTERNET") PARM("TO-NAPID", "q")), ERROR_INCOMPLETE, "ACCESS: TO-NAPID q" },
    { "access to no access point, for others", W7("") RULE(PARM("APPID", "w4") PARM("TO-NAPID", "q")), ERROR_NONE, "https://a.example/dm" },
    { "access by phone", W7("") RULE(PARM("TO-PROXY", "p")) PROXY(PHYSICAL("+491234", PARM("PXADDRTYPE", "E164") HTTP_PORT("80"))), ERROR_NOT_SUPPORTED, "PXADDR" },
    { "five accesses", ACCESS ACCESS ACCESS ACCESS ACCESS, ERROR_TOO_LARGE, "ACCESS" },
    { "client identity", CHARACTERISTIC("CLIENTIDENTITY", ""), ERROR_INCOMPLETE, "CLIENT-ID" },
    { "two client identities", CHARACTERISTIC("CLIENTIDENTITY", PARM("CLIENT-ID", "1")) CHARACTERISTIC("CLIENTIDENTITY", PARM("CLIENT-ID", "2")),
      ERROR_INVALID, "CLIENTIDENTITY" },
    { "bootstrap network", CHARACTERISTIC("BOOTSTRAP", PARM("NETWORK", "2620")), ERROR_INVALID, "NETWORK" },
    { "bootstrap country", CHARACTERISTIC("BOOTSTRAP", PARM("COUNTRY", "ZZ")), ERROR_INVALID, "COUNTRY" },
    { "context-allow", CHARACTERISTIC("BOOTSTRAP", PARM("CONTEXT-ALLOW", "yes")), ERROR_INVALID, "CONTEXT-ALLOW" },
    { "application without id", CHARACTERISTIC("APPLICATION", PARM("NAME", "x")), ERROR_INCOMPLETE, "APPID" },
    { "nine applications of others", APP APP APP APP APP APP APP APP APP, ERROR_TOO_LARGE, "APPLICATION" },
    { "control character", CHARACTERISTIC("BOOTSTRAP", PARM("NAME", "a&#10;b")), ERROR_INVALID, "control" },
    { "provurl without tls", CHARACTERISTIC("BOOTSTRAP", PARM("PROVURL", "http://a.example/")), ERROR_INVALID, "PROVURL" },
    { "provurl alone", CHARACTERISTIC("BOOTSTRAP", PARM("PROVURL", "https://a.example/p")), ERROR_NONE, "https://a.example/p" },
    { "no provider-id", CHARACTERISTIC("APPLICATION", PARM("APPID", "w7") PARM("ADDR", "https://a.example")), ERROR_INCOMPLETE, "PROVIDER-ID" },
    { "no addr", W7_AT(""), ERROR_INCOMPLETE, "ADDR" },
    { "no appaddr/addr", W7_AT("<characteristic type='APPADDR'/>"), ERROR_INCOMPLETE, "ADDR" },
    { "addr without tls", W7_AT(PARM("ADDR", "http://a.example/")), ERROR_INVALID, "https" },
    { "addr with user", W7_AT(PARM("ADDR", "https://a@b.example/")), ERROR_INVALID, "https" },
    { "other application", CHARACTERISTIC("APPLICATION", PARM("APPID", "w4")), ERROR_NONE, "" },
    { "addr", W7_AT(PARM("ADDR", "https://a.example")), ERROR_NONE, "https://a.example" },
    { "port", W7_AT(APPADDR("https://a.example/x?y:z", PARM("PORTNBR", "8443"))), ERROR_NONE, "https://a.example:8443/x?y:z" },
    { "port of an address", W7_AT(APPADDR("https://[2001:db8::1]/x", PARM("PORTNBR", "8443"))), ERROR_NONE, "https://[2001:db8::1]:8443/x" },
    { "port in the uri counts", W7_AT(APPADDR("https://a.example:444/x", PARM("PORTNBR", "8443"))), ERROR_NONE, "https://a.example:444/x" },
    { "port in the address uri", W7_AT(APPADDR("https://[::1]:444", PARM("PORTNBR", "8443"))), ERROR_NONE, "https://[::1]:444" },
    { "bad port", W7_AT(APPADDR("https://a.example/x", PARM("PORTNBR", "65536"))), ERROR_INVALID, "PORTNBR" },
    { "no portnbr", W7_AT(APPADDR("https://a.example/x", "")), ERROR_INCOMPLETE, "PORTNBR" },
    { "other host than provurl", CHARACTERISTIC("BOOTSTRAP", PARM("PROVURL", "https://b.example/p")) W7(APPSRV), ERROR_POLICY, "b.example" },
    { "host that begins as that of provurl", CHARACTERISTIC("BOOTSTRAP", PARM("PROVURL", "https://a.example/p")) W7_AT(PARM("ADDR", "https://a.example.net/")), ERROR_POLICY, "a.example.net" },
    { "host that ends before that of provurl", CHARACTERISTIC("BOOTSTRAP", PARM("PROVURL", "https://a.example.net/p")) W7_AT(PARM("ADDR", "https://a.example/")), ERROR_POLICY, "a.example.net" },
    { "other address than provurl", CHARACTERISTIC("BOOTSTRAP", PARM("PROVURL", "https://[2001:db8::1]/p")) W7_AT(PARM("ADDR", "https://[2001:db8::2]/")), ERROR_POLICY, "2001:db8::2" },
    { "same host in other case, with a port", CHARACTERISTIC("BOOTSTRAP", PARM("PROVURL", "https://A.example:444/p")) W7_AT(PARM("ADDR", "https://a.EXAMPLE/x?y:z")), ERROR_NONE, "https://a.EXAMPLE/x?y:z" },
    { "same host than provurl", CHARACTERISTIC("BOOTSTRAP", PARM("PROVURL", "https://A.example:444/p")) W7(APPSRV), ERROR_NONE, "https://a.example/dm" },
    { "no aauthname", W7(CHARACTERISTIC("APPAUTH", PARM("AAUTHLEVEL", "APPSRV") PARM("AAUTHSECRET", "s"))), ERROR_INCOMPLETE, "AAUTHNAME" },
    { "no aauthsecret", W7(CHARACTERISTIC("APPAUTH", PARM("AAUTHLEVEL", "APPSRV") PARM("AAUTHNAME", "s"))), ERROR_INCOMPLETE, "AAUTHSECRET" },
    { "bad aauthtype", W7(CHARACTERISTIC("APPAUTH", PARM("AAUTHLEVEL", "APPSRV") PARM("AAUTHTYPE", "X509"))), ERROR_NOT_SUPPORTED, "AAUTHTYPE" },
    { "bad aauthdata", W7(CHARACTERISTIC("APPAUTH", PARM("AAUTHLEVEL", "CLIENT") PARM("AAUTHSECRET", "s") PARM("AAUTHDATA", "Tm9u Y2U="))), ERROR_INVALID,
      "AAUTHDATA" },
    { "bad pin", CHARACTERISTIC("VENDORCONFIG", PARM("NAME", "gateway-agent") PARM("SERVER-PIN", "AAAA")), ERROR_INVALID, "SERVER-PIN" },
    { "bad certificate", CHARACTERISTIC("CertificateStore", CHARACTERISTIC("ROOT", CHARACTERISTIC("00", PARM("EncodedCertificate", "AAAA")))), ERROR_INVALID,
      "EncodedCertificate" },
};

static void check_row(gconstpointer data)
{
    const struct row *row = data;
    struct error err;
    g_assert_cmpint(map(row->doc, &err), ==, row->rc);
    g_assert_cmpint(err.code, ==, row->rc);
    if (row->rc)
        g_assert_nonnull(strstr(err.text, row->text));
    else
        g_assert_cmpstr(settings->dms ? settings->dm[0].uri : "", ==, row->text);
}

/* The document of a NAPDEF with everything that it may have. */
static void every_parm_of_a_napdef(void)
{
    struct error err;
    g_assert_cmpint(map(NAPDEF("a", PARM("LINKSPEED", "AUTOBAUDING") PARM("DNLINKSPEED", "9600") PARM("TRAFFIC-CLASS", "3") PARM("REREG-THRESHOLD", "60")
                               PARM("DNS-ADDR", "192.0.2.53") PARM("DNS-ADDR", "2001:db8::53") PARM("LOCAL-ADDR", "192.0.2.7") "<parm name='T-BIT'/>"
                               VALIDITY(PARM("COUNTRY", "DE") PARM("NETWORK", "26201") PARM("VALIDUNTIL", "2030-01-01T00:00:00Z"))
                               VALIDITY(PARM("SID", "12") PARM("SOC", "34"))), &err), ==, ERROR_NONE);
    const struct napdef *n = &settings->napdef[0];
    g_assert_cmpuint(n->numbers, ==, 1U << NAPDEF_LINKSPEED | 1U << NAPDEF_DNLINKSPEED | 1U << NAPDEF_TRAFFIC_CLASS | 1U << NAPDEF_REREG_THRESHOLD);
    g_assert_cmpuint(n->number[NAPDEF_LINKSPEED], ==, 0);
    g_assert_cmpuint(n->number[NAPDEF_DNLINKSPEED], ==, 9600);
    g_assert_cmpuint(n->number[NAPDEF_TRAFFIC_CLASS], ==, 3);
    g_assert_cmpuint(n->number[NAPDEF_REREG_THRESHOLD], ==, 60);
    g_assert_cmpuint(n->dnss, ==, 2);
    g_assert_cmpstr(n->dns[0], ==, "192.0.2.53");
    g_assert_cmpstr(n->dns[1], ==, "2001:db8::53");
    g_assert_cmpstr(n->local_address, ==, "192.0.2.7");
    g_assert_true(n->mobile_ip && !n->internet);
    g_assert_cmpuint(n->validities, ==, 2);
    g_assert_cmpstr(n->validity[0].country, ==, "DE");
    g_assert_cmpstr(n->validity[0].network, ==, "26201");
    g_assert_cmpint(n->validity[0].until, ==, 1893456000);
    g_assert_cmpstr(n->validity[1].sid, ==, "12");
    g_assert_cmpstr(n->validity[1].soc, ==, "34");
}

/* Rules of a document with the access points A and B and the proxy p (by NAP1), for a server at dm.example.net:8443. */
static const struct rule_row {
    const char *name, *rules, *napid, *proxy; /* of the account; "": none */
} rules[] = {
    { "no rule", "", "", "" },
    { "for all", RULE(PARM("TO-NAPID", "B")), "B", "" },
    { "whatever RULE says", RULE(PARM("RULE", "0") PARM("TO-NAPID", "B")), "B", "" },
    { "the first", RULE(PARM("TO-NAPID", "B")) RULE(PARM("TO-NAPID", "A")), "B", "" },
    { "that says something", RULE(PARM("APPID", "w7")) RULE(PARM("TO-NAPID", "A")), "A", "" },
    { "by application", RULE(PARM("APPID", "w4") PARM("TO-NAPID", "A")) RULE(PARM("APPID", "w2") PARM("APPID", "w7") PARM("APPID", "w5") PARM("TO-NAPID", "B")), "B", "" },
    { "by port", RULE(PARM("PORTNBR", "443") PARM("TO-NAPID", "A")) RULE(PARM("PORTNBR", "8443") PARM("TO-NAPID", "B")), "B", "" },
    { "by another port", RULE(PARM("PORTNBR", "843") PARM("TO-NAPID", "A")), "", "" },
    { "by domain", RULE(PARM("DOMAIN", "example.com") PARM("TO-NAPID", "A")) RULE(PARM("DOMAIN", "Example.net") PARM("TO-NAPID", "B")), "B", "" },
    { "by its whole name", RULE(PARM("DOMAIN", "dm.example.net") PARM("TO-NAPID", "B")), "B", "" },
    { "by half a label", RULE(PARM("DOMAIN", "ample.net") PARM("TO-NAPID", "A")), "", "" },
    { "by a longer name", RULE(PARM("DOMAIN", "a.dm.example.net") PARM("TO-NAPID", "A")), "", "" },
    { "by all of it", RULE(PARM("APPID", "w7") PARM("PORTNBR", "8443") PARM("DOMAIN", "org") PARM("TO-NAPID", "A")), "", "" },
    { "to a proxy", RULE(PARM("DOMAIN", "net") PARM("TO-PROXY", "p")), "NAP1", "192.0.2.1" },
    { "to a proxy by its own access point", RULE(PARM("TO-NAPID", "A") PARM("TO-PROXY", "p")), "NAP1", "192.0.2.1" },
    { "to INTERNET", RULE(PARM("TO-NAPID", "INTERNET")), "INTERNET", "" },
};

static void check_way(const char *document, const struct rule_row *row)
{
    struct error err;
    g_autofree char *whole = g_strdup_printf("%s%s" NAPDEF("A", "") NAPDEF("B", "") PROXY(PHYSICAL("192.0.2.1", HTTP_PORT("80"))), document, row->rules);
    (void)map(whole, &err);
    g_assert_cmpstr(err.text, ==, "");
    const struct dm_account *a = &settings->dm[0];
    g_assert_cmpuint(settings->dms, ==, 1);
    g_assert_cmpstr(a->napids ? a->napid[0] : "", ==, row->napid);
    g_assert_cmpstr(a->proxy.host, ==, row->proxy);
}

static void check_rule(gconstpointer data)
{
    const struct rule_row *row = data, of_account = { .rules = row->rules, .napid = "A", .proxy = "" },
                          of_proxy = { .rules = row->rules, .napid = "NAP1", .proxy = "192.0.2.1" };
    check_way(W7_AT(PARM("ADDR", "https://dm.example.net:8443/dm")), row);
    check_way(CHARACTERISTIC("BOOTSTRAP", PARM("PROVURL", "https://dm.example.net:8443/dm")), row);
    check_way(W7_AT(PARM("ADDR", "https://dm.example.net:8443/dm") PARM("TO-NAPID", "A")), &of_account);
    check_way(W7_AT(PARM("ADDR", "https://dm.example.net:8443/dm") PARM("TO-PROXY", "p")), &of_proxy);
}

/* All that is kept beside access points and accounts. */
static void extras(void)
{
    struct error err;
    g_assert_cmpint(map(CHARACTERISTIC("BOOTSTRAP", PARM("NETWORK", "26201") PARM("NETWORK", "26202") PARM("COUNTRY", "DE") PARM("PROXY-ID", "p")
                                       PARM("CONTEXT-ALLOW", "0"))
                        CHARACTERISTIC("PXLOGICAL", PARM("PROXY-ID", "p") PARM("NAME", "n") PARM("PROXY-PW", "pw") PARM("PROXY-PROVIDER-ID", "v")
                                       PARM("PPGAUTH-TYPE", "HTTP-BASIC") PARM("WSP-VERSION", "1.3") PARM("STARTPAGE", "http://s.example/")
                                       PARM("BASAUTH-ID", "bi") PARM("BASAUTH-PW", "bp") "<parm name='TRUST'/>" PARM("MASTER", "0") PARM("PUSHENABLED", "1")
                                       PARM("DOMAIN", "a.example") PARM("DOMAIN", "b.example") PORT("8080")
                                       CHARACTERISTIC("PXAUTHINFO", PARM("PXAUTH-TYPE", "HTTP-DIGEST") PARM("PXAUTH-ID", "ai") PARM("PXAUTH-PW", "ap"))
                                       PHYSICAL("192.0.2.1", PARM("PXADDR-FQDN", "px.example") PARM("DOMAIN", "c.example") PARM("PULLENABLED", "1") PORT("81")))
                        CHARACTERISTIC("ACCESS", PARM("RULE", "1") PARM("APPID", "w7") PARM("DOMAIN", "d") PARM("TO-NAPID", "NAP1") PARM("TO-PROXY", "p")
                                       PARM("PORTNBR", "80"))
                        CHARACTERISTIC("CLIENTIDENTITY", PARM("CLIENT-ID", "me"))
                        CHARACTERISTIC("APPLICATION", PARM("APPID", "w4") PARM("NAME", "mms"))
                        CHARACTERISTIC("NAPDEF", PARM("NAPID", "csd") PARM("NAME", "dial") PARM("NAP-ADDRESS", "+49"))
                        NAPDEF("other", PARM("BEARER", "WLAN") "<parm name='BEARER'/>" PARM("BEARER", "GSM-CSD"))
                        NAPDEF("packets", PARM("BEARER", "GSM-CSD") PARM("BEARER", "GSM-GPRS")) NAPDEF("newer", PARM("BEARER", "LTE")), &err), ==, ERROR_NONE);
    const struct settings_extras *x = &settings->extras;
    g_assert_true(x->networks == 2 && x->closed && x->proxy_ids == 1 && x->proxies == 1 && x->accesses == 1 && x->nameds == 3);
    g_assert_cmpstr(x->network[1], ==, "26202");
    g_assert_cmpstr(x->country, ==, "DE");
    g_assert_cmpstr(x->proxy_id[0], ==, "p");
    g_assert_cmpstr(x->client_id, ==, "me");
    const struct proxy *p = &x->proxy[0];
    const char *texts[] = { p->id, "p", p->name, "n", p->password, "pw", p->provider, "v", p->ppg_auth, "HTTP-BASIC", p->wsp_version, "1.3", p->startpage,
                            "http://s.example/", p->basic_id, "bi", p->basic_password, "bp", p->auth_id, "ai", p->auth_password, "ap", p->domain[0],
                            "a.example", p->domain[1], "b.example", p->port[0].service[0], "OTA-HTTP-TO", p->physical[0].id, "1", p->physical[0].address,
                            "192.0.2.1", p->physical[0].fqdn, "px.example", p->physical[0].napid[0], "NAP1", p->physical[0].domain[0], "c.example",
                            x->access[0].rule[0], "1", x->access[0].app[0], "w7", x->access[0].domain[0], "d", x->access[0].napid[0], "NAP1",
                            x->access[0].proxy[0], "p", x->access[0].port[0], "80", x->named[0].id, "w4", x->named[0].name, "mms", x->named[1].id, "csd",
                            x->named[1].what, "NAPDEF", x->named[2].id, "other" };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i += 2)
        g_assert_cmpstr(texts[i], ==, texts[i + 1]);
    g_assert_true(p->trust && !p->master && p->push && !p->pull && p->auth == PROXY_AUTH_HTTP_DIGEST && p->domains == 2 && p->ports == 1);
    g_assert_true(p->port[0].number == 8080 && p->physicals == 1 && p->physical[0].port[0].number == 81 && p->physical[0].pull && !p->physical[0].push);
    g_assert_cmpuint(settings->napdefs, ==, 2);
    g_assert_nonnull(settings_napdef(settings, "packets"));
    g_assert_nonnull(settings_napdef(settings, "newer"));
    g_assert_cmpint(map(CHARACTERISTIC("BOOTSTRAP", PARM("CONTEXT-ALLOW", "1")), &err), ==, ERROR_NONE);
    g_assert_false(settings->extras.closed);
    g_assert_cmpint(map("", &err), ==, ERROR_NONE);
    g_assert_false(settings->extras.closed);
}

static void check_proxy(const char *doc, const char *host, uint16_t port, enum http_proxy_login login, const char *user)
{
    struct error err;
    g_assert_cmpint(map(doc, &err), ==, ERROR_NONE);
    const struct dm_account *a = &settings->dm[0];
    g_assert_cmpstr(a->proxy.host, ==, host);
    g_assert_cmpuint(a->proxy.port, ==, port);
    g_assert_cmpint(a->proxy.login, ==, login);
    g_assert_cmpstr(a->proxy.user, ==, user);
    g_assert_cmpstr(a->proxy.password, ==, user[0] ? "pw" : "");
}

/* The proxy before or behind the account that names it; its port, the logical one's; names; its NAPDEF is the account's. */
static void proxies(void)
{
    check_proxy(PROXY(PHYSICAL("192.0.2.1", PORT("81") HTTP_PORT("82") HTTP_PORT("83")) HTTP_PORT("84")) W7(PARM("TO-NAPID", "x") PARM("TO-PROXY", "p")), "192.0.2.1",
                82, HTTP_PROXY_OPEN, "");
    g_assert_true(settings->dm[0].napids == 1 && strcmp(settings->dm[0].napid[0], "NAP1") == 0);
    check_proxy(W7(PARM("TO-PROXY", "p") PARM("TO-PROXY", "q")) PROXY(PHYSICAL("2001:db8::1", PARM("PXADDRTYPE", "IPV6")) HTTP_PORT("84") LOGIN("HTTP-BASIC", "i")),
                "2001:db8::1", 84, HTTP_PROXY_BASIC, "i");
    check_proxy(APP W7(PARM("TO-PROXY", "p")) PROXY(PHYSICAL("px.example", PARM("PXADDRTYPE", "ALPHA") HTTP_PORT("1")) LOGIN("HTTP-DIGEST", "i")), "px.example", 1,
                HTTP_PROXY_DIGEST, "i");
    check_proxy(W7("") PROXY(PHYSICAL("192.0.2.1", HTTP_PORT("80"))), "", 0, HTTP_PROXY_OPEN, "");
}

static void aauthtypes(void)
{
    static const struct {
        const char *name;
        enum dm_auth auth;
    } types[] = { { "BASIC", DM_AUTH_BASIC }, { "DIGEST", DM_AUTH_MD5 }, { "HMAC", DM_AUTH_HMAC } };
    struct error err;
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autofree char *doc = g_strdup_printf(W7(CHARACTERISTIC("APPAUTH", PARM("AAUTHLEVEL", "APPSRV") "<parm name='AAUTHTYPE' value='%s'/>"
                                                  PARM("AAUTHNAME", "u") PARM("AAUTHSECRET", "s"))), types[i].name);
        g_assert_cmpint(map(doc, &err), ==, ERROR_NONE);
        g_assert_cmpint(settings->dm[0].auth, ==, types[i].auth);
    }
    g_assert_cmpint(map(W7(APPSRV), &err), ==, ERROR_NONE);
    g_assert_cmpint(settings->dm[0].auth, ==, DM_AUTH_MD5);
}

/* Several credentials of one level stand in the order of the server's preference. */
static void the_first_credential_counts(void)
{
    struct error err;
    g_assert_cmpint(map(W7(CHARACTERISTIC("APPAUTH", PARM("AAUTHLEVEL", "APPSRV") PARM("AAUTHTYPE", "HMAC") PARM("AAUTHNAME", "a") PARM("AAUTHSECRET", "b"))
                           CHARACTERISTIC("APPAUTH", PARM("AAUTHLEVEL", "APPSRV") PARM("AAUTHTYPE", "BASIC") PARM("AAUTHNAME", "c") PARM("AAUTHSECRET", "d"))),
                        &err), ==, ERROR_NONE);
    g_assert_cmpint(settings->dm[0].auth, ==, DM_AUTH_HMAC);
    g_assert_cmpstr(settings->dm[0].client.name, ==, "a");
    g_assert_cmpstr(settings->dm[0].client.secret, ==, "b");
}

/* The mark of such an account is that it has no secrets. */
static void account_of_provurl(void)
{
    struct error err;
    g_assert_cmpint(map(CHARACTERISTIC("BOOTSTRAP", PARM("NAME", "Operator") PARM("PROVURL", "https://a.example:444/p")), &err), ==, ERROR_NONE);
    g_assert_cmpuint(settings->dms, ==, 1);
    g_assert_cmpstr(settings->dm[0].server_id, ==, "a.example");
    g_assert_cmpstr(settings->dm[0].name, ==, "Operator");
    g_assert_cmpstr(settings->dm[0].client.secret, ==, "");
    g_assert_cmpstr(settings->dm[0].server.secret, ==, "");
    g_assert_cmpint(map(W7(APPSRV), &err), ==, ERROR_NONE);
    g_assert_cmpstr(settings->dm[0].client.secret, ==, "s");
}

static void bounds(void)
{
    struct error err;
    g_autoptr(GString) doc = g_string_new(NULL);
    for (int i = 0; i <= SETTINGS_NAPDEFS; i++) {
        g_assert_cmpint(map(doc->str, &err), ==, ERROR_NONE);
        g_string_append_printf(doc, "<characteristic type='NAPDEF'><parm name='NAPID' value='%d'/><parm name='NAP-ADDRESS' value='a'/>"
                               "<parm name='NAP-ADDRTYPE' value='APN'/></characteristic>", i);
    }
    g_assert_cmpint(map(doc->str, &err), ==, ERROR_TOO_LARGE);
    g_string_truncate(doc, 0);
    for (int i = 0; i < SETTINGS_DM; i++)
        g_string_append(doc, W7(APPSRV));
    g_assert_cmpint(map(doc->str, &err), ==, ERROR_NONE);
    g_string_append(doc, W7(APPSRV));
    g_assert_cmpint(map(doc->str, &err), ==, ERROR_TOO_LARGE);
    for (size_t len = 100; len <= 101; len++) { /* TS 23.003: an APN has at most 100 octets */
        g_autofree char *apn = g_strnfill(len, 'a');
        g_string_printf(doc, "<characteristic type='NAPDEF'><parm name='NAPID' value='1'/><parm name='NAP-ADDRESS' value='%s'/></characteristic>", apn);
        g_assert_cmpint(map(doc->str, &err), ==, len == 100 ? ERROR_NONE : ERROR_INVALID);
    }
}

/* A certificate of its own; the pin is the digest of its public key as OpenSSL gives it. */
static char *certificate(uint8_t digest[32])
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    g_assert_true(X509_set_pubkey(cert, key) && X509_sign(cert, key, EVP_sha256()) > 0);
    unsigned char *der = NULL, *spki = NULL;
    int len = i2d_X509(cert, &der), n = i2d_PUBKEY(key, &spki);
    g_assert_true(len > 0 && n > 0 && EVP_Digest(spki, (size_t)n, digest, NULL, EVP_sha256(), NULL));
    char *text = g_base64_encode(der, (gsize)len);
    OPENSSL_free(der);
    OPENSSL_free(spki);
    X509_free(cert);
    EVP_PKEY_free(key);
    return text;
}

static void pins(void)
{
    struct error err;
    uint8_t digest[32];
    g_autofree char *cert = certificate(digest);
    g_autofree char *by_key = g_base64_encode(digest, sizeof digest);
    char *docs[2] = {
        g_strdup_printf(W7(APPSRV) "<characteristic type='CertificateStore'><characteristic type='MY'><characteristic type='00'>"
                        "<parm name='EncodedCertificate' value='%s'/></characteristic></characteristic></characteristic>", cert),
        g_strdup_printf("<characteristic type='VENDORCONFIG'>" PARM("NAME", "gateway-agent") "<parm name='SERVER-PIN' value='%s'/></characteristic>" W7(APPSRV)
                        W7(APPSRV), by_key),
    };
    for (size_t i = 0; i < 2; i++) {
        g_assert_cmpint(map(docs[i], &err), ==, ERROR_NONE);
        for (size_t k = 0; k < settings->dms; k++) {
            g_assert_true(settings->dm[k].trust.has_pin);
            g_assert_cmpmem(settings->dm[k].trust.pin, 32, digest, 32);
        }
    }
    gsize len;
    guchar *der = g_base64_decode(cert, &len);
    g_autofree guchar *longer = g_malloc0(len + 1); /* an octet behind the certificate */
    memcpy(longer, der, len);
    g_autofree char *text = g_base64_encode(longer, len + 1);
    g_autofree char *doc = g_strdup_printf("<characteristic type='CertificateStore'><parm name='EncodedCertificate' value='%s'/></characteristic>", text);
    g_assert_cmpint(map(doc, &err), ==, ERROR_INVALID);
    g_free(der);
    g_free(docs[0]);
    g_free(docs[1]);
}

/* A value of octets where a text belongs is no text: a mandatory parm is missing, another one is empty, a number is none. */
static void check_kept(const char *expected)
{
    struct leftover_parm p;
    g_autoptr(GString) found = g_string_new(NULL);
    for (size_t at = 0; leftover_next(&settings->leftover, &at, &p);)
        g_string_append_printf(found, "%.*s=%.*s\n", (int)p.path.len, (const char *)p.path.data, (int)p.value.len, (const char *)p.value.data);
    g_assert_cmpstr(found->str, ==, expected);
}

static void check_leftover(const char *doc, const char *expected)
{
    struct error err;
    g_assert_cmpint(map(doc, &err), ==, ERROR_NONE);
    check_kept(expected);
}

#define MOBILE_IP(type) CHARACTERISTIC("NAPAUTHINFO", PARM("AUTHTYPE", type) PARM("AUTHNAME", "mn") PARM("AUTHSECRET", "ms") PARM("AUTH-ENTITY", "HA") PARM("SPI", "257"))
#define CHAP CHARACTERISTIC("NAPAUTHINFO", PARM("AUTHTYPE", "CHAP") PARM("AUTHNAME", "cn") PARM("AUTHSECRET", "cs"))

/* What has no field of its own is there by its path; what has one is not there again. */
static void leftovers(void)
{
    char paths[64];
    check_leftover(NAPDEF("a", "") W7(APPSRV) CHARACTERISTIC("PXLOGICAL", PARM("PROXY-ID", "p") PHYSICAL("192.0.2.1", "")) ACCESS, "");
    check_leftover(NAPDEF("a", "") NAPDEF("b", PARM("CALLTYPE", "V.110") PARM("NAME", "again") CHARACTERISTIC("DNS-ADDRINFO", "")),
                   "NAPDEF 2/CALLTYPE=V.110\nNAPDEF 2/NAME=again\nNAPDEF 2/DNS-ADDRINFO 1=\n");
    check_leftover(CHARACTERISTIC("NAPDEF", PARM("NAPID", "csd") PARM("NAP-ADDRESS", "+49") PARM("CALLTYPE", "V.110")),
                   "NAPDEF 1/NAP-ADDRESS=+49\nNAPDEF 1/CALLTYPE=V.110\n");
    check_leftover(NAPDEF("a", PARM("BEARER", "WLAN") CHARACTERISTIC("WLAN", PARM("PRI-SSID", "s") CHARACTERISTIC("EAP", PARM("PASSWORD", "pw")))),
                   "NAPDEF 1/NAP-ADDRESS=apn.a\nNAPDEF 1/NAP-ADDRTYPE=APN\nNAPDEF 1/BEARER=WLAN\nNAPDEF 1/WLAN 1/PRI-SSID=s\nNAPDEF 1/WLAN 1/EAP 1/PASSWORD=pw\n");
    check_leftover(CHARACTERISTIC("APPLICATION", PARM("APPID", "w2") PARM("NAME", "n") PARM("TO-PROXY", "p") CHARACTERISTIC("RESOURCE", PARM("URI", "u"))),
                   "APPLICATION 1/TO-PROXY=p\nAPPLICATION 1/RESOURCE 1/URI=u\n");
    check_leftover(W7(PARM("ADDR", "https://b.example") PARM("AACCEPT", "a") PARM("INIT", "1")
                      CHARACTERISTIC("APPAUTH", PARM("AAUTHLEVEL", "CLIENT") PARM("AAUTHTYPE", "HMAC") PARM("AAUTHSECRET", "s"))
                      CHARACTERISTIC("APPAUTH", PARM("AAUTHLEVEL", "OBEX") PARM("AAUTHSECRET", "o"))),
                   "APPLICATION 1/ADDR=https://b.example\nAPPLICATION 1/AACCEPT=a\nAPPLICATION 1/APPAUTH 1/AAUTHTYPE=HMAC\nAPPLICATION 1/APPAUTH 2/AAUTHLEVEL=OBEX\n"
                   "APPLICATION 1/APPAUTH 2/AAUTHSECRET=o\n");
    leftover_paths(&settings->leftover, paths, sizeof paths);
    g_assert_cmpstr(paths, ==, "APPLICATION 1/ADDR, APPLICATION 1/AACCEPT ..");
    check_leftover(CHARACTERISTIC("VENDORCONFIG", PARM("NAME", "other") PARM("WHAT", "x")) CHARACTERISTIC("WHAT", PARM("NAME", "x")), "VENDORCONFIG 1/NAME=other\n");
    leftover_paths(&settings->leftover, paths, sizeof paths);
    g_assert_cmpstr(paths, ==, "VENDORCONFIG 1/NAME");
    check_leftover("", "");
    leftover_paths(&settings->leftover, paths, sizeof paths);
    g_assert_cmpstr(paths, ==, "");
}

/* What authenticates to the agents of Mobile IP is not for the bearer, in whatever order. */
static void authentication_of_the_bearer(void)
{
    struct error err;
    check_leftover(NAPDEF("a", MOBILE_IP("MD5") CHAP), "NAPDEF 1/NAPAUTHINFO 1/AUTHTYPE=MD5\nNAPDEF 1/NAPAUTHINFO 1/AUTHNAME=mn\n"
                   "NAPDEF 1/NAPAUTHINFO 1/AUTHSECRET=ms\nNAPDEF 1/NAPAUTHINFO 1/AUTH-ENTITY=HA\nNAPDEF 1/NAPAUTHINFO 1/SPI=257\n");
    g_assert_cmpstr(settings->napdef[0].user, ==, "cn");
    g_assert_cmpint(map(NAPDEF("a", MOBILE_IP("PAP") CHAP), &err), ==, ERROR_NONE);
    g_assert_cmpstr(settings->napdef[0].user, ==, "mn");
    g_assert_cmpint(map(NAPDEF("a", MOBILE_IP("MD5")), &err), ==, ERROR_NONE);
    g_assert_cmpint(settings->napdef[0].auth, ==, NAPDEF_AUTH_NONE);
}

static void octets_are_no_text(void)
{
    static const struct {
        const char *hex;
        enum error_code rc;
        const char *apn;
    } cases[] = {
        { "87 11 06 03 61 00 01 87 08 06 03 62 00 01 87 09 06 89 01 87 07 06 03 63 00 01", ERROR_NONE, "b" },
        { "87 11 06 03 61 00 01 87 08 06 03 62 00 01 87 09 06 89 01 87 07 06 C3 01 63 01", ERROR_NONE, "b" },
        { "87 11 06 03 61 00 01 87 08 06 C3 01 62 01 87 09 06 89 01", ERROR_INCOMPLETE, "" },
        { "87 11 06 03 61 00 01 87 08 06 03 62 00 01 87 09 06 89 01 87 0F 06 C3 01 31 01", ERROR_INVALID, "b" },
        { "87 11 06 03 61 00 01 87 08 06 03 62 00 01 87 09 06 89 01 87 00 00 48 06 C3 01 31 01", ERROR_INVALID, "b" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *hex = g_strconcat("03 0B 6A 00 45 C6 55 01 ", cases[i].hex, " 01 01", NULL);
        struct octets doc = octets_of_hex(hex);
        struct arena arena = arena_make(memory, PROV_ARENA);
        struct prov_node *root = NULL;
        struct error err = { 0 };
        g_assert_cmpint(prov_decode_wbxml(octets_slice(&doc), &arena, &root, &err), ==, ERROR_NONE);
        g_assert_cmpint(provisioning_settings(root, settings, &err), ==, cases[i].rc);
        g_assert_cmpstr(settings->napdef[0].apn, ==, cases[i].apn);
        g_assert_cmpstr(settings->napdef[0].name, ==, i == 0 ? "c" : "");
        octets_free(&doc);
    }
}

/* Where the WBXML decoder knows that a value is printable, its length is looked at all the same: NAPID of `len` octets. */
static enum error_code napid_of(size_t len, struct error *err)
{
    static const char head[] = "\x03\x0B\x6A\0\x45\xC6\x55\x01\x87\x11\x06\x03", tail[] = "\0\x01\x87\x08\x06\x03" "apn\0\x01\x87\x09\x06\x89\x01\x01\x01";
    g_autoptr(GByteArray) doc = g_byte_array_new();
    g_autofree char *napid = g_strnfill(len, 'n');
    struct arena arena = arena_make(memory, PROV_ARENA);
    struct prov_node *root = NULL;
    g_byte_array_append(doc, (const uint8_t *)head, sizeof head - 1);
    g_byte_array_append(doc, (const uint8_t *)napid, (guint)len);
    g_byte_array_append(doc, (const uint8_t *)tail, sizeof tail - 1);
    g_assert_cmpint(prov_decode_wbxml((struct slice){ doc->data, doc->len }, &arena, &root, NULL), ==, ERROR_NONE);
    g_assert_true(root->child->child->printable);
    return provisioning_settings(root, settings, err);
}

static void printable_values_are_bounded(void)
{
    struct error err = { 0 };
    size_t max = sizeof settings->napdef[0].napid - 1;
    g_assert_cmpint(napid_of(max, &err), ==, ERROR_NONE);
    g_assert_cmpuint(strlen(settings->napdef[0].napid), ==, max);
    for (size_t len = max + 1; len <= PROV_MAX_VALUE; len += 662) {
        g_assert_cmpint(napid_of(len, &err), ==, ERROR_INVALID);
        g_assert_cmpstr(err.text, ==, "NAPDEF: NAPID is longer than 63 octets");
    }
}

/* Every accepted document becomes settings or a named refusal; no other end is possible. */
static void documents_of_the_vectors(void)
{
    static const struct {
        const char *name;
        enum error_code rc;
        size_t napdefs, dms;
    } expected[] = {
        { "v01_bootstrap_nap_pap_netwpin", ERROR_NONE, 1, 1 },
        { "v10_pxlogical_validity_access", ERROR_NONE, 1, 0 },
        { "v05_three_napdef_v4_v6_v4v6", ERROR_NONE, 3, 0 },
        { "v07_w7_dm_account", ERROR_POLICY, 1, 1 }, /* ADDR on another host than PROVURL */
        { "v12_opaque_nonce", ERROR_POLICY, 1, 1 },
        { "v08_certificate_store_inline_types", ERROR_INVALID, 1, 1 }, /* the certificate is made up */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_autofree char *file = g_strconcat(expected[i].name, ".wbxml", NULL);
        struct octets doc = vectors_file(file);
        struct arena arena = arena_make(memory, PROV_ARENA);
        struct prov_node *root = NULL;
        struct error err = { 0 };
        g_test_message("%s", file);
        g_assert_cmpint(prov_decode_wbxml(octets_slice(&doc), &arena, &root, &err), ==, ERROR_NONE);
        g_assert_cmpint(provisioning_settings(root, settings, &err), ==, expected[i].rc);
        g_assert_cmpuint(settings->napdefs, ==, expected[i].napdefs);
        g_assert_cmpuint(settings->dms, ==, expected[i].dms);
        if (strcmp(expected[i].name, "v12_opaque_nonce") == 0)
            g_assert_cmpuint(settings->dm[0].client.nonce_len, ==, 16);
        if (strcmp(expected[i].name, "v01_bootstrap_nap_pap_netwpin") == 0)
            check_kept("NAPDEF 1/BEARER=GSM-GPRS\n");
        octets_free(&doc);
    }
}

/* A push is answered for in locked pages: most of struct settings is never taken from the system. */
static void a_document_touches_few_pages(void)
{
    struct octets doc = vectors_file("v07_w7_dm_account.wbxml"); /* a NAPDEF and an account */
    struct arena arena = arena_make(memory, PROV_ARENA);
    struct prov_node *root = NULL;
    struct settings *fresh = settings_new();
    size_t before = pages_touched(fresh, sizeof *fresh);
    g_assert_cmpint(prov_decode_wbxml(octets_slice(&doc), &arena, &root, NULL), ==, ERROR_NONE);
    g_assert_cmpint(provisioning_settings(root, fresh, NULL), ==, ERROR_POLICY);
    if (before > 0)
        g_test_skip("this system takes locked pages before they are touched");
    else
        g_assert_cmpuint(pages_touched(fresh, sizeof *fresh), <=, 4); /* values and counts, extras, a NAPDEF, an account */
    settings_free(fresh);
    octets_free(&doc);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    memory = g_malloc(PROV_ARENA);
    settings = settings_new();
    g_test_add_func("/provisioning/whole document", whole_document);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/provisioning/%s", rows[i].name);
        g_test_add_data_func(path, &rows[i], check_row);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        g_autofree char *path = g_strdup_printf("/provisioning/access/%s", rules[i].name);
        g_test_add_data_func(path, &rules[i], check_rule);
    }
    g_test_add_func("/provisioning/every parm of a napdef", every_parm_of_a_napdef);
    g_test_add_func("/provisioning/extras", extras);
    g_test_add_func("/provisioning/proxies", proxies);
    g_test_add_func("/provisioning/aauthtypes", aauthtypes);
    g_test_add_func("/provisioning/the first credential counts", the_first_credential_counts);
    g_test_add_func("/provisioning/account of provurl", account_of_provurl);
    g_test_add_func("/provisioning/bounds", bounds);
    g_test_add_func("/provisioning/pins", pins);
    g_test_add_func("/provisioning/leftovers", leftovers);
    g_test_add_func("/provisioning/authentication of the bearer", authentication_of_the_bearer);
    g_test_add_func("/provisioning/octets are no text", octets_are_no_text);
    g_test_add_func("/provisioning/printable values are bounded", printable_values_are_bounded);
    g_test_add_func("/provisioning/documents of the vectors", documents_of_the_vectors);
    g_test_add_func("/provisioning/a document touches few pages", a_document_touches_few_pages);
    int rc = g_test_run();
    settings_free(settings);
    g_free(memory);
    return rc;
}
