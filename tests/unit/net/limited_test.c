/* SPDX-License-Identifier: Apache-2.0 */
/* Names over a limited lease: its hosts have the addresses that are known, and nothing else has one; no question is sent. */
#include <glib.h>
#include <string.h>

#include "glue/loop_glib.h"
#include "model/reach.h"
#include "net/https.h"

static struct {
    bool told;
    enum error_code status;
    size_t count;
    char first[64];
} answer;

static void on_addresses(void *user, enum error_code status, const char *text, const struct ip_address *addresses, size_t count)
{
    (void)user;
    (void)text;
    answer.told = true;
    answer.status = status;
    answer.count = count;
    answer.first[0] = '\0';
    if (count)
        (void)ip_address_text(&addresses[0], false, answer.first, sizeof answer.first);
}

static void test_only_its_hosts_have_addresses(void)
{
    static const struct {
        const char *host;
        enum error_code status;
        size_t count;
        const char *first;
    } rows[] = {
        { "dm.example", ERROR_NONE, 2, "198.51.100.10" }, { "DM.Example", ERROR_NONE, 2, "198.51.100.10" }, { "203.0.113.7", ERROR_NONE, 1, "203.0.113.7" },
        { "silent.example", ERROR_NAME_LOOKUP, 0, "" },   { "other.example", ERROR_POLICY, 0, "" },         { "m.example", ERROR_POLICY, 0, "" },
        { "203.0.113.8", ERROR_POLICY, 0, "" },           { "198.51.100.10", ERROR_POLICY, 0, "" },         { "localhost", ERROR_POLICY, 0, "" },
    };
    struct reach reach = { .host = { "dm.example", "203.0.113.7", "silent.example" }, .hosts = 3 };
    struct lease lease = { .bound = true, .reach = &reach };
    struct ip_address a;
    struct loop loop;
    loop_glib_init(&loop);
    reach_reset(&reach);
    g_assert_cmpuint(reach.addresses, ==, 1);
    for (size_t i = 0; i < 2; i++) /* twice: one address is one */
        for (size_t k = 0; k < 2 && ip_address_parse(k ? "2001:db8::10" : "198.51.100.10", &a); k++)
            reach_add(&reach, 0, &a);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        answer.told = false;
        (void)resolve_host(&loop, &lease, rows[i].host, on_addresses, NULL);
        g_assert_false(answer.told); /* never from inside */
        while (!answer.told)
            g_main_context_iteration(NULL, TRUE);
        g_assert_cmpint(answer.status, ==, rows[i].status);
        g_assert_cmpuint(answer.count, ==, rows[i].count);
        g_assert_cmpstr(answer.first, ==, rows[i].first);
    }
    for (size_t i = 0; i < 2 * (size_t)REACH_ADDRESSES; i++) {
        a.octets[15] = (uint8_t)i;
        reach_add(&reach, 1, &a);
    }
    g_assert_cmpuint(reach.addresses, ==, REACH_ADDRESSES);
    loop_glib_done(&loop);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/net/limited/only-its-hosts-have-addresses", test_only_its_hosts_have_addresses);
    return g_test_run();
}
