/* SPDX-License-Identifier: Apache-2.0 */
/* Host and port of URIs: names, literals, what is no authority, and which of two things is wrong. */
#include <glib.h>
#include <string.h>

#include "model/settings.h"

static const struct row {
    const char *uri, *scheme, *host;
    uint16_t port;
    const char *wrong; /* NULL: nothing */
} rows[] = {
    { "https://a.example", "https", "a.example", 443, NULL },
    { "https://a.example/", "https", "a.example", 443, NULL },
    { "https://a.example/p:1", "https", "a.example", 443, NULL },
    { "https://a.example?q:1", "https", "a.example", 443, NULL },
    { "https://a.example#f", "https", "a.example", 443, NULL },
    { "https://a.example:8443", "https", "a.example", 8443, NULL },
    { "https://a.example:1/p", "https", "a.example", 1, NULL },
    { "https://a.example:65535?q", "https", "a.example", 65535, NULL },
    { "https://192.0.2.1:7#f", "https", "192.0.2.1", 7, NULL },
    { "https://[2001:db8::1]", "https", "2001:db8::1", 443, NULL },
    { "https://[2001:db8::1]/p", "https", "2001:db8::1", 443, NULL },
    { "https://[2001:db8::1]:99/p", "https", "2001:db8::1", 99, NULL },
    { "coap://a.example", "coap", "a.example", 5683, NULL },
    { "coap+tcp://a.example", "coap+tcp", "a.example", 5683, NULL },
    { "coaps://[::1]", "coaps", "::1", 5684, NULL },
    { "coaps+tcp://a.example/", "coaps+tcp", "a.example", 5684, NULL },
    { "http://a.example", "https", "", 0, "URI must begin with https://" },
    { "https:/a.example", "https", "", 0, "URI must begin with https://" },
    { "", "https", "", 0, "URI must begin with https://" },
    { "https://", "https", "", 0, "URI has no usable host" },
    { "https:///p", "https", "", 0, "URI has no usable host" },
    { "https://:443", "https", "", 0, "URI has no usable host" },
    { "https://u@a.example", "https", "", 0, "URI has no usable host" },
    { "https://@a.example", "https", "", 0, "URI has no usable host" },
    { "https://[u@::1]", "https", "", 0, "URI has no usable host" },
    { "https://[]", "https", "", 0, "URI has no usable host" },
    { "https://[::1", "https", "", 0, "URI has no usable host" },
    { "https://[::1/p]", "https", "", 0, "URI has no usable host" },
    { "https://[::1?q]", "https", "", 0, "URI has no usable host" },
    { "https://u:p@a.example", "https", "", 0, "URI has a bad port" },
    { "https://[::1]x", "https", "", 0, "URI has a bad port" },
    { "https://[::1]99", "https", "", 0, "URI has a bad port" },
    { "https://a.example:", "https", "", 0, "URI has a bad port" },
    { "https://a.example:/p", "https", "", 0, "URI has a bad port" },
    { "https://a.example:0", "https", "", 0, "URI has a bad port" },
    { "https://a.example:65536", "https", "", 0, "URI has a bad port" },
    { "https://a.example:+1", "https", "", 0, "URI has a bad port" },
    { "https://a.example:1:2", "https", "", 0, "URI has a bad port" },
};

static void split(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct row *r = &rows[i];
        char host[64] = "";
        uint16_t port = 0;
        struct error err = { 0 };
        g_test_message("%s", r->uri);
        g_assert_cmpint(uri_split(r->uri, r->scheme, host, sizeof host, &port, &err), ==, r->wrong ? ERROR_INVALID : ERROR_NONE);
        g_assert_cmpstr(err.text, ==, r->wrong ? r->wrong : "");
        if (r->wrong)
            continue;
        g_assert_cmpstr(host, ==, r->host);
        g_assert_cmpuint(port, ==, r->port);
    }
}

static void host_that_just_fits(void)
{
    char host[10];
    uint16_t port = 0;
    g_assert_cmpint(uri_split("https://a.example", "https", host, sizeof host, &port, NULL), ==, ERROR_NONE);
    g_assert_cmpint(uri_split("https://aa.example", "https", host, sizeof host, &port, NULL), ==, ERROR_INVALID);
    g_assert_cmpint(uri_split("https://[fe80::1:1]", "https", host, sizeof host, &port, NULL), ==, ERROR_NONE);
    g_assert_cmpint(uri_split("https://[fe80::1:11]", "https", host, sizeof host, &port, NULL), ==, ERROR_INVALID);
}

static void one_of_several_schemes(void)
{
    char host[64];
    uint16_t port = 0;
    g_assert_cmpint(uri_split_any("coaps://a.example", "https coaps", host, sizeof host, &port, NULL), ==, ERROR_NONE);
    g_assert_cmpuint(port, ==, 5684);
    g_assert_cmpint(uri_split_any("https://a.example", "https coaps", host, sizeof host, &port, NULL), ==, ERROR_NONE);
    g_assert_cmpuint(port, ==, 443);
    g_assert_cmpint(uri_split_any("coap://a.example", "https coaps", host, sizeof host, &port, NULL), ==, ERROR_INVALID);
    g_assert_cmpint(uri_split_any("http", "https coaps", host, sizeof host, &port, NULL), ==, ERROR_INVALID);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/uri/split", split);
    g_test_add_func("/uri/host that just fits", host_that_just_fits);
    g_test_add_func("/uri/one of several schemes", one_of_several_schemes);
    return g_test_run();
}
