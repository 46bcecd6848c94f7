/* SPDX-License-Identifier: Apache-2.0 */
/* The pure parts of modem/: which SMS is ours, cleaning of texts. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "modem/room.h"

static unsigned failures;

static void check(const char *what, bool good)
{
    failures += !good;
    (void)printf("%s - %s\n", good ? "ok" : "not ok", what);
}

static const struct {
    const char *what, *hex;
    enum modem_sms_kind kind;
} pushes[] = {
    { "binary connectivity, length and parameters", "01062f1f2db6918192303133", MODEM_SMS_OURS },
    { "binary connectivity, short length", "0106030242b6", MODEM_SMS_OTHER_PUSH },
    { "binary connectivity, general form", "01060403b68181ff", MODEM_SMS_OURS },
    { "binary connectivity as a long integer", "010603020136", MODEM_SMS_OURS },
    { "binary connectivity as a longer integer", "01060403020036", MODEM_SMS_OURS },
    { "a long integer that ends too early", "0106030402", MODEM_SMS_PERSONAL },
    { "another long integer", "010603020137" "00", MODEM_SMS_OTHER_PUSH },
    { "binary connectivity alone", "010601b6", MODEM_SMS_OURS },
    { "text connectivity", "010601b5", MODEM_SMS_OURS },
    { "DM notification", "010602c4af", MODEM_SMS_OURS },
    { "DM over WBXML", "010601c2", MODEM_SMS_OURS },
    { "DM over XML", "010601c3", MODEM_SMS_OURS },
    { "service indication", "010601ae", MODEM_SMS_OTHER_PUSH },
    { "MMS notification", "0106" "01" "be", MODEM_SMS_OTHER_PUSH },
    { "not a push", "010401b6", MODEM_SMS_PERSONAL },
    { "as text", "0106266170706c69636174696f6e2f766e642e7761702e636f6e6e65637469766974792d7762786d6c00", MODEM_SMS_OURS },
    { "as text behind a length", "0106271f256170706c69636174696f6e2f766e642e7761702e636f6e6e65637469766974792d7762786d6c00", MODEM_SMS_OURS },
    { "capitals", "0106204150504c49434154494f4e2f564e442e53594e434d4c2e4e4f54494649434154494f4e00", MODEM_SMS_OURS },
    { "MMS as text", "0106206170706c69636174696f6e2f766e642e7761702e6d6d732d6d65737361676500", MODEM_SMS_OTHER_PUSH },
    { "text cut short", "01060a6170706c69636174696f", MODEM_SMS_OTHER_PUSH },
    { "nothing after the headers' length", "010601", MODEM_SMS_PERSONAL },
    { "headers' length without end", "0106ffffffffff", MODEM_SMS_PERSONAL },
    { "two octets", "0106", MODEM_SMS_PERSONAL },
    { "one octet", "01", MODEM_SMS_PERSONAL },
};

static void test_push(void)
{
    uint8_t octets[128];
    size_t len = 0;
    for (size_t i = 0; i < sizeof pushes / sizeof *pushes; i++) {
        struct slice hex = { (const uint8_t *)pushes[i].hex, strlen(pushes[i].hex) };
        bool ok = text_hex_decode(hex, octets, sizeof octets, &len);
        check(pushes[i].what, ok && modem_sms_sort((struct slice){ octets, len }) == pushes[i].kind);
    }
    check("no octets at all", modem_sms_sort((struct slice){ NULL, 0 }) == MODEM_SMS_PERSONAL);
}

static void test_clean(void)
{
    char out[8];
    facts_clean(out, sizeof out, "a\nb\x1b" "c");
    check("control characters are replaced", strcmp(out, "a?b?c") == 0);
    facts_clean(out, sizeof out, "abcdef\xc3\xa4");
    check("a cut never splits a character", strcmp(out, "abcdef") == 0);
    facts_clean(out, sizeof out, NULL);
    check("nothing is empty", out[0] == '\0');
}

static const struct {
    const char *what, *access, *values, *told; /* told: strength, quality, noise */
} signals[] = {
    { "LTE", "lte", "{'rssi': <-60.0>, 'rsrq': <-10.0>, 'rsrp': <-90.0>, 'snr': <0.4>}", "-90 -10 0" },
    { "LTE rounded", "lte", "{'rsrq': <-10.5>, 'rsrp': <-90.4>, 'snr': <-3.6>}", "-90 -11 -4" },
    { "LTE of which some is unknown", "lte", "{'rsrp': <-1.7976931348623157e+308>, 'rsrq': <-9.0>}", " -9 " },
    { "LTE with numbers of another", "lte", "{'rssi': <-60.0>, 'ecio': <-9.0>}", "  " },
    { "NR", "5gnr", "{'rsrp': <-101.0>, 'rsrq': <-12.0>, 'snr': <20.0>}", "-101 -12 20" },
    { "UMTS", "umts", "{'rssi': <-70.0>, 'rscp': <-81.0>, 'ecio': <-9.0>}", "-81 -9 " },
    { "UMTS without RSCP", "umts", "{'rssi': <-70.0>, 'ecio': <-9.0>}", "-79 -9 " },
    { "UMTS without Ec/Io", "umts", "{'rssi': <-70.0>}", "  " },
    { "GSM", "gsm", "{'rssi': <-65.0>, 'snr': <9.0>}", "-65  " },
    { "a number that is none", "gsm", "{'rssi': <'-65'>}", "  " },
    { "another technology", "wimax", "{'rssi': <-65.0>}", "  " },
    { "nothing", "lte", "{}", "  " },
};

static void test_signal(void)
{
    struct radio r = { .denied = true };
    char told[32];
    for (size_t i = 0; i < G_N_ELEMENTS(signals); i++) {
        g_autoptr(GVariant) values = g_variant_ref_sink(g_variant_new_parsed(signals[i].values[1] == '}' ? "@a{sv} {}" : signals[i].values));
        radio_take(&r, signals[i].access, values);
        (void)snprintf(told, sizeof told, "%s %s %s", r.strength, r.quality, r.noise);
        check(signals[i].what, strcmp(told, signals[i].told) == 0);
    }
    radio_take(&r, "gsm", g_variant_new_parsed("{'rssi': <-65.0>}"));
    radio_take(&r, "gsm", NULL);
    check("no values at all", !r.strength[0] && r.denied);
}

int main(void)
{
    test_push();
    test_clean();
    test_signal();
    (void)printf("%u failed\n", failures);
    return failures != 0;
}
