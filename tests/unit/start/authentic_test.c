/* SPDX-License-Identifier: Apache-2.0 */
/* From the octets of a message to its settings, through the code that judges them: routing, MAC in the TRE, readers. Of each authentic message, every bit
 * flipped and every truncation: refused, or (outside of document, SEC and MAC) the same settings. */
#include <glib.h>
#include <string.h>

#include "base/log.h"
#include "base/writer.h"
#include "bootstrap/start/route.h"
#include "support/vectors.h"
#include "tre_bench.h"

struct sample {
    char *name;
    struct octets pdu;
    char *imsi, *typed;
    struct tre_bench *tre;
};

struct outcome {
    enum error_code rc; /* of routing, MAC or reader */
    bool authentic;
    struct settings *settings;
    char context[33];
};

static enum error_code authenticate(const struct sample *s, const struct wsp_push *push, struct error *err)
{
    uint8_t mac[20];
    struct slice mac_octets = { NULL, 0 };
    if (!push->has_sec)
        return ERROR_MAC_MISSING;
    if (push->has_mac) {
        enum error_code rc = wsp_mac_decode(push, mac, err);
        if (rc)
            return rc;
        mac_octets = (struct slice){ mac, 20 };
    }
    return tre_bench_verify(s->tre, push->sec, mac_octets, s->imsi, s->typed, push->body);
}

static struct outcome judge(const struct sample *s, struct slice message)
{
    struct outcome o = { .authentic = false };
    struct wsp_push push;
    const struct route *route;
    struct error err = { 0 };
    o.rc = route_find("sms-qmi", message, &push, &route, &err);
    if (o.rc)
        return o;
    g_assert_cmpint(route->voucher, ==, ROUTE_BY_SEC);
    o.rc = authenticate(s, &push, &err);
    o.authentic = o.rc == ERROR_NONE;
    if (!o.authentic)
        return o;
    o.settings = settings_new();
    struct trigger t = { .kind = route->kind, .settings = o.settings };
    o.rc = route->read(&push, &t, &err);
    g_strlcpy(o.context, t.context, sizeof o.context);
    return o;
}

static bool same(const struct outcome *a, const struct outcome *b)
{
    return a->rc == b->rc && (a->rc || (strcmp(a->context, b->context) == 0 && memcmp(a->settings, b->settings, sizeof *a->settings) == 0));
}

/* Octets that must not change: document, SEC value, MAC value. */
static bool *guarded_octets(const struct octets *pdu)
{
    struct wsp_push push;
    g_assert_cmpint(wsp_push_parse(octets_slice(pdu), &push, NULL), ==, ERROR_NONE);
    bool *out = g_new0(bool, pdu->len);
    size_t body = pdu->len - push.body.len, mac = push.has_mac ? (size_t)(push.mac_text.data - pdu->data) : 0, found = 0;
    for (size_t i = 1; i < pdu->len; i++) {
        bool in_mac = push.has_mac && i >= mac && i < mac + push.mac_text.len;
        bool sec = i < body && !in_mac && pdu->data[i - 1] == 0x91 && pdu->data[i] == (0x80 | push.sec);
        out[i] = i >= body || in_mac || sec;
        found += sec;
    }
    g_assert_cmpuint(found, ==, 1);
    return out;
}

static void flips(const struct sample *s, const struct outcome *good)
{
    bool *guarded = guarded_octets(&s->pdu);
    for (size_t bit = 0; bit < 8 * s->pdu.len; bit++) {
        s->pdu.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct outcome o = judge(s, octets_slice(&s->pdu));
        if (o.authentic && (guarded[bit / 8] || !same(&o, good)))
            g_error("%s: bit %zu of octet %zu is not protected", s->name, bit % 8, bit / 8);
        settings_free(o.settings);
        s->pdu.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    g_free(guarded);
}

static void truncations(const struct sample *s)
{
    for (size_t len = 0; len < s->pdu.len; len++) {
        struct octets cut = octets_copy(s->pdu.data, len);
        struct outcome o = judge(s, octets_slice(&cut));
        if (o.authentic)
            g_error("%s: its first %zu octets are taken for authentic", s->name, len);
        octets_free(&cut);
    }
}

static void check_sample(gconstpointer data)
{
    const struct sample *s = data;
    struct outcome good = judge(s, octets_slice(&s->pdu));
    g_assert_true(good.authentic);
    flips(s, &good);
    truncations(s);
    settings_free(good.settings);
}

/* --- samples --- */

static void add(struct sample s)
{
    g_autofree char *path = g_strdup_printf("/authentic/%s", s.name);
    g_test_add_data_func(path, g_memdup2(&s, sizeof s), check_sample);
}

static void add_vectors(const char *file, const char *part)
{
    json_t *index = vectors_index(file), *v;
    size_t i, added = 0;
    json_array_foreach(json_object_get(index, part), i, v) {
        const json_t *auth = json_object_get(v, "auth");
        const char *pin = vector_text(auth, "pin");
        if (strcmp(vector_text(v, "verdict"), "accept") != 0)
            continue;
        bool typed = vector_text(auth, "user_types") != NULL;
        added++;
        add((struct sample){ .name = g_strdup(vector_text(v, "name")), .pdu = vectors_file(vector_text(v, "pdu_file")),
                             .imsi = g_strdup(vector_text(auth, "imsi")), .typed = g_strdup(vector_text(auth, "user_types")),
                             .tre = tre_bench_new(pin && !typed ? pin : "1234") });
    }
    g_assert_cmpuint(added, >=, 4);
    json_decref(index);
}

static void hmac_of(const char *key, size_t key_len, struct slice document, guint8 mac[20])
{
    gsize len = 20;
    GHmac *h = g_hmac_new(G_CHECKSUM_SHA1, (const guchar *)key, key_len);
    g_hmac_update(h, document.data, (gssize)document.len);
    g_hmac_get_digest(h, mac, &len);
    g_hmac_unref(h);
}

static const struct method {
    uint8_t sec;
    const char *name, *key;
    size_t key_len;
    bool typed;
} methods[] = {
    { 0, "netwpin", "\x29\x26\x10\x21\x43\x65\x87\x09", 8, false },
    { 1, "userpin", "1234", 4, false },
    { 2, "usernetwpin", "\x29\x26\x10\x21\x43\x65\x87\x09" "1234", 12, false },
    { 3, "userpinmac", "13579246", 8, true },
};

/* A push as a sender makes it, of a document that the vectors have without security. */
static void add_made(const char *file, uint8_t media, const struct method *m)
{
    struct octets document = vectors_file(file);
    uint8_t *space = g_malloc(document.len + 64), mac[20];
    struct writer w = writer_make(space, document.len + 64);
    hmac_of(m->key, m->key_len, octets_slice(&document), mac);
    uint8_t length = m->typed ? 3 : 3 + 1 + 41;
    uint8_t head[] = { 7, 6, (uint8_t)(length + (length > 30 ? 2 : 1)) };
    writer_put(&w, head, sizeof head);
    if (length > 30)
        writer_u8(&w, 31);
    writer_u8(&w, length);
    uint8_t type[] = { media, 0x91, (uint8_t)(0x80 | m->sec) };
    writer_put(&w, type, sizeof type);
    g_autoptr(GString) typed = m->typed ? g_string_new(m->key) : NULL;
    if (m->typed) {
        for (size_t i = 0; i < m->key_len; i++)
            g_string_append_c(typed, (char)('0' + mac[i] % 10));
    } else {
        writer_u8(&w, 0x92);
        for (size_t i = 0; i < sizeof mac; i++) {
            g_autofree char *hex = g_strdup_printf("%02X", mac[i]);
            writer_put(&w, hex, 2);
        }
        writer_u8(&w, 0);
    }
    writer_put(&w, document.data, document.len);
    struct slice pdu = writer_slice(&w);
    add((struct sample){ .name = g_strdup_printf("%s %s", file, m->name), .pdu = octets_copy(pdu.data, pdu.len), .imsi = g_strdup("262011234567890"),
                         .typed = typed ? g_strdup(typed->str) : NULL, .tre = tre_bench_new("1234") });
    octets_free(&document);
    g_free(space);
}

/* The budget of wrong MACs and its refill, for short and long PINs (tred/push.c). */
static void budget_of_wrong_macs(void)
{
    enum { DAY = 24 * 3600 * 1000 };
    static const struct {
        const char *pin;
        uint64_t budget, refill_ms;
    } rows[] = { { "1357", 10, 3ull * DAY }, { "135791", 1000, 30ull * DAY / 1000 }, { "13579135", 100000, 30ull * DAY / 100000 } };
    struct slice document = { (const uint8_t *)"document", 8 };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct tre_bench *b = tre_bench_new(rows[i].pin);
        guint8 mac[20];
        hmac_of(rows[i].pin, strlen(rows[i].pin), document, mac);
        struct slice good = { mac, 20 };
        g_assert_cmpint(tre_bench_after(b, rows[i].budget - 1, 0, good, document), ==, ERROR_NONE);
        g_assert_cmpint(tre_bench_after(b, 1, 0, good, document), ==, ERROR_PIN_REQUIRED);
        g_assert_cmpint(tre_bench_after(b, 50, rows[i].refill_ms - 5000, good, document), ==, ERROR_PIN_REQUIRED);
        g_assert_cmpint(tre_bench_after(b, 0, 5000, good, document), ==, ERROR_NONE);
        tre_bench_free(b);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    log_set(LOG_LEVEL_ERROR, LOG_TARGET_STDERR, NULL);
    add_vectors("index-cp.json", "vectors");
    add_vectors("index-dm.json", "bootstrap");
    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        add_made("v01_bootstrap_nap_pap_netwpin.wbxml", 0xB6, &methods[i]);
        add_made("v21_textual_xml_push.xml", 0xB5, &methods[i]);
    }
    g_test_add_func("/authentic/budget", budget_of_wrong_macs);
    return g_test_run();
}
