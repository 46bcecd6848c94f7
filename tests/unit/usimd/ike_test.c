/* SPDX-License-Identifier: Apache-2.0 */
/* [ike NAME] of agent-usimd.conf as settings, and as the messages that charon gets. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "codec/vici.h"
#include "usimd/ike_text.h"

static enum error_code settings_of(const char *text, struct usimd_settings *out)
{
    g_autofree char *path = NULL;
    struct error err = { 0 };
    int fd = g_file_open_tmp("usimd-XXXXXX", &path, NULL);
    g_assert_true(fd >= 0 && close(fd) == 0 && g_file_set_contents(path, text, -1, NULL));
    enum error_code rc = usimd_settings_read(path, true, out, &err);
    g_assert_cmpint(err.code, ==, rc);
    g_unlink(path);
    return rc;
}

static void settings_are_taken_or_refused(void)
{
    struct usimd_settings s;
    static const char *const bad[] = {
        "[ike]\nnaf=a\n", "[ike a]\n", "[ike a]\nnaf=\n", "[ike a b]\nnaf=x\n", "[ike ]\nnaf=x\n", "[ike a]\nnaf=x y\n", "[ike a]\nnaf=x\nua=01\n",
        "[ike a]\nnaf=x\nua=01000000zz\n", "[ike a]\nnaf=x\nkey=1\n", "[ike a connection]\nversion=2\n", "[vici]\nport=1\n", "[vici]\nsocket=charon\n[ike a]\nnaf=x\n",
        "[ike a]\nnaf=x\n[ike b connection]\nversion=2\n",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_test_message("%s", bad[i]);
        g_assert_cmpint(settings_of(bad[i], &s), ==, ERROR_INVALID);
        g_assert_true(s.ikes == 0 && !s.vici_socket);
    }
    g_assert_cmpint(settings_of("[vici]\nsocket=/x/charon.vici\n[ike a]\nnaf=naf.example\nua=0100000001\nidentity=me\nmid=m\npeer=p\n[ike b]\nnaf=n\n", &s), ==, ERROR_NONE);
    g_assert_cmpuint(s.ikes, ==, 2);
    g_assert_cmpstr(s.vici_socket, ==, "/x/charon.vici");
    g_assert_cmpstr(s.ike[0].peer, ==, "p");
    g_assert_true(s.ike[0].ua[4] == 1 && s.ike[1].ua[4] == 2 && !s.ike[0].keys && !s.ike[1].identity);
    g_assert_cmpstr(s.ike[1].peer, ==, "n");
    usimd_settings_clear(&s);
    g_assert_cmpint(settings_of("[ike a]\nnaf=n\n", &s), ==, ERROR_NONE);
    g_assert_cmpstr(s.vici_socket, ==, "/run/charon.vici");
    usimd_settings_clear(&s);
    GString *nine = g_string_new("");
    for (int i = 0; i < SETTINGS_IKE + 1; i++)
        g_string_append_printf(nine, "[ike a%d]\nnaf=n\n", i);
    g_assert_cmpint(settings_of(nine->str, &s), ==, ERROR_INVALID);
    g_string_free(nine, TRUE);
}

/* A message as text: a{b=c d=[e f]}. */
static char *text_of(const struct writer *w, const char *command)
{
    GString *out = g_string_new("");
    struct vici_packet p;
    struct vici_item item;
    struct slice octets = writer_slice(w);
    g_assert_true(octets.len > VICI_LENGTH && vici_read((struct slice){ &octets.data[VICI_LENGTH], octets.len - VICI_LENGTH }, &p));
    g_assert_true(p.type == VICI_REQUEST && slice_is(p.name, command));
    struct reader r = reader_make(p.message.data, p.message.len);
    while (vici_next(&r, &item)) {
        static const char *const forms[] = { [VICI_SECTION] = "%n{", [VICI_SECTION_END] = "}", [VICI_VALUE] = "%n=%v ", [VICI_LIST] = "%n=[",
                                             [VICI_ITEM] = "%v,", [VICI_LIST_END] = "] " };
        for (const char *f = forms[item.element]; *f; f++) {
            struct slice part = f[1] == 'n' ? item.name : item.value;
            if (*f != '%')
                g_string_append_c(out, *f);
            else if (f++)
                g_string_append_len(out, (const char *)part.data, (gssize)part.len);
        }
    }
    return g_string_free(out, FALSE);
}

static const struct slice btid = { (const uint8_t *)"AA==@bsf", 8 };

static void the_key_is_for_the_btid_and_the_peer(void)
{
    struct usimd_settings s;
    uint8_t packet[IKE_PACKET_MAX];
    struct writer w = writer_make(packet, sizeof packet);
    g_assert_cmpint(settings_of("[ike a]\nnaf=naf.example\n[ike b]\nnaf=n\nidentity=me@x\npeer=p\n", &s), ==, ERROR_NONE);
    ike_put_shared(&w, &s.ike[0], btid, (struct slice){ (const uint8_t *)"key", 3 });
    g_autofree char *a = text_of(&w, "load-shared");
    g_assert_cmpstr(a, ==, "id=gateway-agent-a type=IKE data=key owners=[rfc822:AA==@bsf,naf.example,] ");
    w = writer_make(packet, sizeof packet);
    ike_put_shared(&w, &s.ike[1], btid, (struct slice){ (const uint8_t *)"key", 3 });
    g_autofree char *b = text_of(&w, "load-shared");
    g_assert_cmpstr(b, ==, "id=gateway-agent-b type=IKE data=key owners=[me@x,p,] ");
    usimd_settings_clear(&s);
}

static void dotted_keys_become_sections_and_the_administrator_has_the_last_word(void)
{
    struct usimd_settings s;
    uint8_t packet[IKE_PACKET_MAX];
    struct writer w = writer_make(packet, sizeof packet);
    g_assert_cmpint(settings_of("[ike a]\nnaf=n\n[ike a connection]\nchildren.net.remote_ts=10.0.0.0/8, 192.0.2.0/24\nversion=0\nchildren.net.mode=tunnel\n"
                                "local.id=x\nchildren.net-2.mode=pass\nremote_addrs=192.0.2.1\n", &s), ==, ERROR_NONE);
    ike_put_connection(&w, &s.ike[0], btid);
    g_autofree char *text = text_of(&w, "load-conn");
    g_assert_cmpstr(text, ==, "a{children{net-2{mode=pass }net{mode=tunnel remote_ts=[10.0.0.0/8,192.0.2.0/24,] }}local{auth=psk id=x }remote{auth=psk id=n }"
                              "remote_addrs=[192.0.2.1,] version=0 }");
    usimd_settings_clear(&s);
    g_assert_cmpint(settings_of("[ike a]\nnaf=n\n[ike a connection]\nchildless=force\n", &s), ==, ERROR_NONE);
    w = writer_make(packet, sizeof packet);
    ike_put_connection(&w, &s.ike[0], btid);
    g_autofree char *plain = text_of(&w, "load-conn");
    g_assert_cmpstr(plain, ==, "a{childless=force local{auth=psk id=rfc822:AA==@bsf }remote{auth=psk id=n }remote_addrs=[n,] version=2 }");
    uint8_t small[64];
    w = writer_make(small, sizeof small);
    ike_put_connection(&w, &s.ike[0], btid);
    g_assert_true(writer_slice(&w).len == 0);
    usimd_settings_clear(&s);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/settings", settings_are_taken_or_refused);
    g_test_add_func("/ike/key", the_key_is_for_the_btid_and_the_peer);
    g_test_add_func("/ike/connection", dotted_keys_become_sections_and_the_administrator_has_the_last_word);
    return g_test_run();
}
