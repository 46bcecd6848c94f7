/* SPDX-License-Identifier: Apache-2.0 */
/* What an announcement in the LAN may say: TXT strings and host names, good and bad; nothing is taken of a bad one. */
#include <glib.h>
#include <string.h>

#include "net/discovery.h"

#define PIN "-_8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0"

static enum error_code txt(struct discovered *out, const char *text)
{
    struct error err = { 0 };
    return discovered_take_txt(out, (const uint8_t *)text, strlen(text), &err);
}

static void txt_strings(void)
{
    static const char *const passed_over[] = { "", "=", "path", "pin", "pins=x", "note=\x1b[2J", "path=/v1", "PATH=/v1", "pat=/v2" };
    static const char *const bad[] = { "path=", "path=/v2", "path=/v1/", "Path=/v", "pin=", "pin=" PIN "A", "pin=" PIN "=", "pin=+/8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0",
                                       "pin=-_8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB", "pin=-_8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB\"" };
    struct discovered d = { 0 };
    for (size_t i = 0; i < G_N_ELEMENTS(passed_over); i++)
        g_assert_cmpint(txt(&d, passed_over[i]), ==, ERROR_NONE);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_cmpint(txt(&d, bad[i]), ==, ERROR_INVALID);
    g_assert_false(d.has_pin);
    g_assert_cmpint(txt(&d, "pin=" PIN), ==, ERROR_NONE);
    g_assert_true(d.has_pin && d.pin[0] == 0xfb && d.pin[1] == 0xff && d.pin[31] == 0x1d);
    g_assert_cmpint(txt(&d, "pin=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), ==, ERROR_NONE);
    g_assert_cmpint(d.pin[0], ==, 0xfb); /* the first one counts */
}

static void hosts(void)
{
    char longest[DISCOVERY_HOST + 2];
    static const char *const bad[] = { "", "local", ".local", "bbn.operator.example", "bbn.local.", "bbn.local.example", "a@b.local", "a/b.local", "a b.local", "a:1.local",
                                       "-a.local", "bbnxlocal", "\xc3\xa9.local" };
    struct discovered d;
    struct error err = { 0 };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_cmpint(discovered_take_host(&d, bad[i], &err), ==, ERROR_INVALID);
    g_assert_cmpint(discovered_take_host(&d, "Node-1.LOCAL", &err), ==, ERROR_NONE);
    g_assert_cmpstr(d.host, ==, "node-1.local");
    memset(longest, 'a', sizeof longest);
    strcpy(&longest[DISCOVERY_HOST - 1 - 6], ".local");
    g_assert_cmpint(discovered_take_host(&d, longest, &err), ==, ERROR_NONE);
    strcpy(&longest[DISCOVERY_HOST - 6], ".local");
    longest[DISCOVERY_HOST - 7] = 'a';
    g_assert_cmpint(discovered_take_host(&d, longest, &err), ==, ERROR_INVALID);
}

static void addresses(void)
{
    static const struct {
        const char *text;
        int interface;
        enum error_code code;
        uint32_t zone;
    } rows[] = {
        { "192.0.2.1", 3, ERROR_NONE, 0 }, { "169.254.1.1", 3, ERROR_NONE, 0 }, { "2001:db8::1", 3, ERROR_NONE, 0 }, { "fd00::1", -1, ERROR_NONE, 0 },
        { "fe80::1", 3, ERROR_NONE, 3 }, { "febf::1", 7, ERROR_NONE, 7 }, { "fec0::1", 7, ERROR_NONE, 0 },
        { "fe80::1", 0, ERROR_INVALID, 0 }, { "fe80::1", -1, ERROR_INVALID, 0 },
        { "", 3, ERROR_INVALID, 0 }, { "fe80::1%lan0", 3, ERROR_INVALID, 0 }, { "node.local", 3, ERROR_INVALID, 0 },
        { "127.0.0.1", 3, ERROR_INVALID, 0 }, { "0.1.2.3", 3, ERROR_INVALID, 0 }, { "224.0.0.251", 3, ERROR_INVALID, 0 }, { "255.255.255.255", 3, ERROR_INVALID, 0 },
        { "::1", 3, ERROR_INVALID, 0 }, { "::", 3, ERROR_INVALID, 0 }, { "ff02::fb", 3, ERROR_INVALID, 0 }, { "::ffff:127.0.0.1", 3, ERROR_INVALID, 0 }, { "::2", 3, ERROR_NONE, 0 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct discovered d = { 0 };
        struct error err = { 0 };
        g_assert_cmpint(discovered_take_address(&d, rows[i].text, rows[i].interface, &err), ==, rows[i].code);
        g_assert_cmpuint(d.address.zone, ==, rows[i].zone);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/discovery/txt", txt_strings);
    g_test_add_func("/discovery/host", hosts);
    g_test_add_func("/discovery/address", addresses);
    return g_test_run();
}
