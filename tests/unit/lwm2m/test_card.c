/* SPDX-License-Identifier: Apache-2.0 */
/* The accounts of a card's LwM2M file: in TLV, from the vectors, with each field wrong once and with certificates; in SenML; and how the two are told apart. */
#include <glib.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "codec/lwm2m_card.h"
#include "codec/lwm2m_tlv.h"
#include "lwm2m/card_pack.h"
#include "lwm2m/objects/servers.h"
#include "support/vectors.h"

static struct slice text_slice(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

/* ---- TLV ---- */

static void accounts_of_the_vectors(void)
{
    static const char *const names[] = { "lwm2m_file", "lwm2m_file_version_1_1" };
    json_t *image = vectors_index("card-image.json");
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        struct octets o = octets_of_hex(vector_text(json_object_get(image, names[i]), "hex"));
        struct settings *s = settings_new();
        struct error err = { 0 };
        g_assert_cmpint(card_pack_accounts(octets_slice(&o), s, &err), ==, ERROR_NONE);
        g_assert_cmpint(err.code, ==, ERROR_NONE);
        g_assert_cmpuint(s->lwm2ms, ==, 2);
        g_assert_cmpuint(s->lwm2m[1].short_server_id, ==, 0);
        g_assert_cmpstr(s->lwm2m[1].uri, ==, "coaps://bs.example.net:5684");
        g_assert_cmpuint(s->lwm2m[0].short_server_id, ==, 101);
        g_assert_cmpstr(s->lwm2m[0].uri, ==, "coaps://lwm2m.example.net:5684");
        g_assert_cmpstr(s->lwm2m[0].identity, ==, "dev-identity");
        g_assert_cmpuint(s->lwm2m[0].key_len, ==, 16);
        g_assert_cmpuint(s->lwm2m[0].key[0], ==, 0x20);
        g_assert_cmpuint(s->lwm2m[0].lifetime, ==, 86400);
        settings_free(s);
        octets_free(&o);
    }
    json_decref(image);
}

#define URI "C8 00 11 63 6F 61 70 73 3A 2F 2F 68 2E 65 78 61 6D 70 6C 65"
#define URI_TLS "C8 00 15 63 6F 61 70 73 2B 74 63 70 3A 2F 2F 68 2E 65 78 61 6D 70 6C 65"
#define URI_PLAIN "C8 00 10 63 6F 61 70 3A 2F 2F 68 2E 65 78 61 6D 70 6C 65"
#define IDENTITY "C1 03 69"
#define KEY "C8 05 10 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F"
/* One server, Short Server ID 7, lifetime 60; sizes are written by hand on purpose. */
#define SECURITY_7 URI "C1 01 00 C1 02 00" IDENTITY KEY "C1 0A 07"
#define SERVER_7 "C1 00 07 C1 01 3C C1 07 55"

static const struct {
    const char *name, *security, *server; /* content of /0/0 and of /1/0 (NULL: no such object) */
    enum error_code rc;
} files[] = {
    { "good", SECURITY_7, SERVER_7, ERROR_NONE },
    { "over TLS", URI_TLS "C1 01 00 C1 02 00" IDENTITY KEY "C1 0A 07", SERVER_7, ERROR_NONE },
    { "no lifetime", SECURITY_7, "C1 00 07 C1 07 55", ERROR_INCOMPLETE },
    { "no binding", SECURITY_7, "C1 00 07 C1 01 3C", ERROR_INCOMPLETE },
    { "resources of others", SECURITY_7 "E1 10 00 2A C1 0B 00", SERVER_7 "C1 08 00", ERROR_NONE },
    { "server id of four octets", URI "C1 01 00 C1 02 00" IDENTITY KEY "C4 0A 00 00 FF FE", "C4 00 00 00 FF FE C1 01 3C C1 07 54", ERROR_NONE },
    { "server id below 0", URI "C1 01 00 C1 02 00" IDENTITY KEY "C2 0A FF FE", SERVER_7, ERROR_INVALID },
    { "no security", URI_PLAIN "C1 01 00 C1 02 03 C1 0A 07", SERVER_7, ERROR_POLICY },
    { "no security on a secure scheme", URI "C1 01 00 C1 02 03 C1 0A 07", SERVER_7, ERROR_INVALID },
    { "raw public key", URI "C1 01 00 C1 02 01" IDENTITY KEY "C1 0A 07", SERVER_7, ERROR_NOT_SUPPORTED },
    { "no certificates", URI "C1 01 00 C1 02 02" IDENTITY KEY "C1 0A 07", SERVER_7, ERROR_INCOMPLETE },
    { "no such mode", URI "C1 01 00 C1 02 05" IDENTITY KEY "C1 0A 07", SERVER_7, ERROR_INVALID },
    { "no mode", URI "C1 01 00" IDENTITY KEY "C1 0A 07", SERVER_7, ERROR_INVALID },
    { "no such boolean", URI "C1 01 02 C1 02 00" IDENTITY KEY "C1 0A 07", SERVER_7, ERROR_INVALID },
    { "coap without s", "C7 00 63 6F 61 70 3A 2F 2F C1 01 00 C1 02 00" IDENTITY KEY "C1 0A 07", SERVER_7, ERROR_INVALID },
    { "no URI", "C1 01 00 C1 02 00" IDENTITY KEY "C1 0A 07", SERVER_7, ERROR_INCOMPLETE },
    { "NUL in the identity", URI "C1 01 00 C1 02 00 C2 03 00 69" KEY "C1 0A 07", SERVER_7, ERROR_INCOMPLETE },
    { "lifetime of three octets", SECURITY_7, "C1 00 07 C3 01 00 00 3C", ERROR_INVALID },
    { "server id of three octets", URI "C1 01 00 C1 02 00" IDENTITY KEY "C3 0A 00 00 07", SERVER_7, ERROR_INVALID },
    { "no key", URI "C1 01 00 C1 02 00" IDENTITY "C1 0A 07", SERVER_7, ERROR_INCOMPLETE },
    { "key of 15 octets", URI "C1 01 00 C1 02 00" IDENTITY "C8 05 0F 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E C1 0A 07", SERVER_7, ERROR_NONE },
    { "server id 0", URI "C1 01 00 C1 02 00" IDENTITY KEY "C1 0A 00", SERVER_7, ERROR_INVALID },
    { "server id 65535", URI "C1 01 00 C1 02 00" IDENTITY KEY "C2 0A FF FF", SERVER_7, ERROR_INVALID },
    { "no server id", URI "C1 01 00 C1 02 00" IDENTITY KEY, SERVER_7, ERROR_INCOMPLETE },
    { "another server", SECURITY_7, "C1 00 08 C1 01 3C", ERROR_INCOMPLETE },
    { "no object 1", SECURITY_7, NULL, ERROR_INCOMPLETE },
    { "no object 0", NULL, SERVER_7, ERROR_INCOMPLETE },
    { "lifetime 0", SECURITY_7, "C1 00 07 C1 07 55 C1 01 00", ERROR_INVALID },
    { "negative lifetime", SECURITY_7, "C1 00 07 C1 01 FF", ERROR_INVALID },
    { "SMS binding", SECURITY_7, "C1 00 07 C1 01 3C C1 07 53", ERROR_NOT_SUPPORTED },
    { "resource twice", SECURITY_7 "C1 0A 08", SERVER_7, ERROR_MALFORMED },
    { "instance in an instance", SECURITY_7 "00 00", SERVER_7, ERROR_MALFORMED },
    { "resource over the instance", SECURITY_7 "C8 06 10 00", SERVER_7, ERROR_MALFORMED },
    { "bootstrap server alone", URI "C1 01 01 C1 02 00" IDENTITY KEY, NULL, ERROR_NONE },
};

static void put_object(GByteArray *out, guint8 id, const char *instance)
{
    struct octets o = octets_of_hex(instance);
    guint8 head[] = { 0, id, 0, 0, (guint8)(o.len + 3), 0x08, 0, (guint8)o.len };
    g_assert_cmpuint(o.len, <, 250);
    g_byte_array_append(out, head, sizeof head);
    g_byte_array_append(out, o.data, (guint)o.len);
    octets_free(&o);
}

static GByteArray *file_make(const char *security, const char *server)
{
    GByteArray *out = g_byte_array_new();
    guint8 head[4] = { 0, (guint8)((security ? 1 : 0) + (server ? 1 : 0)) };
    g_byte_array_append(out, head, sizeof head);
    if (server) /* the order of objects is free */
        put_object(out, 1, server);
    if (security)
        put_object(out, 0, security);
    out->data[2] = (guint8)((out->len - 4) >> 8);
    out->data[3] = (guint8)(out->len - 4);
    return out;
}

static void accounts_of_files(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        GByteArray *f = file_make(files[i].security, files[i].server);
        struct settings *s = settings_new();
        struct error err = { 0 };
        g_test_message("%s", files[i].name);
        g_assert_cmpint(card_pack_accounts((struct slice){ f->data, f->len }, s, &err), ==, files[i].rc);
        g_assert_cmpint(err.code, ==, files[i].rc);
        g_assert_cmpuint(s->lwm2ms, ==, files[i].rc ? 0 : 1);
        if (files[i].rc) /* nothing of it stays */
            for (size_t k = 0; k < sizeof s->lwm2m; k++)
                g_assert_cmpuint(((const guint8 *)s->lwm2m)[k], ==, 0);
        settings_free(s);
        g_byte_array_unref(f);
    }
}

/* The numbers of the instances are the accounts' own; 65535 is none (Core TS 1.1.1 clause 7.3). */
static void instances_of_files(void)
{
    GByteArray *f = file_make(SECURITY_7, SERVER_7);
    struct settings *s = settings_new();
    guint8 *server = &f->data[4 + 6], *security = &server[2 + 9 + 6]; /* behind the heads of file, object and instance */
    g_assert_cmpuint(server[0], ==, 0);
    server[0] = 7;
    g_assert_cmpuint(security[0], ==, 0);
    security[0] = 12;
    g_assert_cmpint(card_pack_accounts((struct slice){ f->data, f->len }, s, NULL), ==, ERROR_NONE);
    g_assert_true(s->lwm2m[0].security_instance.given && s->lwm2m[0].security_instance.id == 12);
    g_assert_true(s->lwm2m[0].server_instance.given && s->lwm2m[0].server_instance.id == 7);
    settings_free(s);
    g_byte_array_unref(f);
}

/* Object 2: who owns what, and who else may do what. */
static void rights_of_files(void)
{
    static const struct {
        const char *row;
        enum error_code rc;
    } rows[] = {
        { "C1 00 03 C1 01 00 86 02 41 00 01 41 07 0F C1 03 07", ERROR_NONE },
        { "C1 00 03 C1 01 00 C1 03 07", ERROR_NONE },                 /* nobody else */
        { "C1 00 03 C4 01 00 00 FF FF C4 03 00 00 FF FF", ERROR_NONE }, /* the whole object; a bootstrap's own */
        { "C1 00 03 C1 01 00 C1 03 08", ERROR_INVALID },              /* no server of the file owns it */
        { "C1 00 03 C1 01 00 83 02 41 08 01 C1 03 07", ERROR_INVALID }, /* nor is it named */
        { "C1 00 03 C1 01 00 83 02 41 07 20 C1 03 07", ERROR_INVALID }, /* no such right */
        { "C1 00 03 C1 01 00 C1 02 01 C1 03 07", ERROR_INVALID },     /* not a multiple resource */
        { "C1 00 00 C1 01 00 C1 03 07", ERROR_INVALID },              /* nobody has rights on keys */
        { "C1 00 03 C1 01 00", ERROR_INVALID },
        { "C1 00 03 C3 01 00 00 00 C1 03 07", ERROR_INVALID },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GByteArray *f = file_make(SECURITY_7, SERVER_7);
        struct settings *s = settings_new();
        struct error err = { 0 };
        f->data[1]++;
        put_object(f, 2, rows[i].row);
        f->data[3] = (guint8)(f->len - 4);
        g_test_message("%s", rows[i].row);
        g_assert_cmpint(card_pack_accounts((struct slice){ f->data, f->len }, s, &err), ==, rows[i].rc);
        g_assert_true((err.code == ERROR_NONE) == (s->lwm2ms == 1) && (err.code == ERROR_NONE) == (s->rights && s->rights->written));
        if (i == 0)
            g_assert_true(s->rights->at[0].object == 3 && s->rights->at[0].owner == 7 && s->rights->at[0].count == 2 && s->rights->at[0].acl[1].short_server_id == 7 &&
                          s->rights->at[0].acl[1].rights == 15 && access_rights_names(s->rights, 7));
        settings_free(s);
        g_byte_array_unref(f);
    }
}

static void more_servers_than_fit(void)
{
    GByteArray *f = file_make(URI "C1 01 01 C1 02 00" IDENTITY KEY, NULL);
    struct settings *s = settings_new();
    s->lwm2ms = 1;
    s->lwm2m[0].short_server_id = 0;
    g_assert_cmpint(card_pack_accounts((struct slice){ f->data, f->len }, s, NULL), ==, ERROR_INVALID); /* one bootstrap server */
    s->lwm2m[0].short_server_id = 9;
    s->lwm2ms = SETTINGS_LWM2M;
    g_assert_cmpint(card_pack_accounts((struct slice){ f->data, f->len }, s, NULL), ==, ERROR_TOO_LARGE);
    g_assert_cmpuint(s->lwm2ms, ==, SETTINGS_LWM2M);
    settings_free(s);
    g_byte_array_unref(f);
}

/* --- certificates --- */

static struct octets der_of(int (*write)(const void *, unsigned char **), const void *what)
{
    unsigned char *der = NULL;
    int len = write(what, &der);
    g_assert_cmpint(len, >, 0);
    struct octets o = octets_copy(der, (size_t)len);
    OPENSSL_free(der);
    return o;
}

static int write_certificate(const void *certificate, unsigned char **der)
{
    return i2d_X509(certificate, der);
}

static int write_key(const void *key, unsigned char **der)
{
    return i2d_PrivateKey(key, der);
}

/* One that is ours and the server's. */
static void certify(struct octets *certificate, struct octets *key)
{
    EVP_PKEY *pair = EVP_EC_gen("P-256");
    X509 *made = X509_new();
    g_assert_true(pair && made && X509_set_pubkey(made, pair) && X509_gmtime_adj(X509_getm_notBefore(made), -3600) && X509_gmtime_adj(X509_getm_notAfter(made), 3600) &&
                  X509_sign(made, pair, EVP_sha256()) > 0);
    *certificate = der_of(write_certificate, made);
    *key = der_of(write_key, pair);
    X509_free(made);
    EVP_PKEY_free(pair);
}

static void put_u16(GByteArray *out, size_t v)
{
    guint8 octets[2] = { (guint8)(v >> 8), (guint8)v };
    g_byte_array_append(out, octets, sizeof octets);
}

/* The head of the file and object 0; values: the octets of all objects but the head of this one. */
static void put_security(GByteArray *out, size_t objects, size_t values, struct slice instances)
{
    put_u16(out, objects);
    put_u16(out, 5 + values);
    put_u16(out, 0);
    g_byte_array_append(out, (const guint8 *)"", 1);
    put_u16(out, instances.len);
    g_byte_array_append(out, instances.data, (guint)instances.len);
}

/* Object 0 with one instance of mode 2, and the object 1 of server 7. */
static GByteArray *certificate_file(const struct octets *certificate, const struct octets *key)
{
    uint8_t memory[4096];
    struct writer w = writer_make(memory, sizeof memory);
    struct octets server = octets_of_hex(SERVER_7);
    GByteArray *out = g_byte_array_new();
    tlv_put(&w, TLV_RESOURCE, 0, "coaps://h.example", 17);
    tlv_put_integer(&w, TLV_RESOURCE, 1, 0);
    tlv_put_integer(&w, TLV_RESOURCE, 2, LWM2M_X509);
    tlv_put(&w, TLV_RESOURCE, 3, certificate->data, certificate->len);
    tlv_put(&w, TLV_RESOURCE, 4, certificate->data, certificate->len);
    tlv_put(&w, TLV_RESOURCE, 5, key->data, key->len);
    tlv_put_integer(&w, TLV_RESOURCE, 10, 7);
    tlv_put(&w, TLV_RESOURCE, 14, "lwm2m.example", 13);
    tlv_wrap(&w, 0, TLV_OBJECT_INSTANCE, 3);
    g_assert_false(w.failed);
    put_security(out, 2, w.len + 8 + server.len, writer_slice(&w));
    put_object(out, 1, SERVER_7); /* 8 and the server */
    octets_free(&server);
    return out;
}

static void more_servers_than_a_bootstrap_may_write(void)
{
    static const guint8 mode[] = { 0xC1, 2, 0 };
    uint8_t memory[64];
    struct writer w = writer_make(memory, sizeof memory);
    GByteArray *f = g_byte_array_new();
    struct settings *s = settings_new();
    for (uint16_t id = 0; id < 7; id++) {
        size_t start = w.len;
        writer_put(&w, mode, sizeof mode);
        tlv_wrap(&w, start, TLV_OBJECT_INSTANCE, id);
    }
    put_security(f, 1, w.len, writer_slice(&w));
    g_assert_cmpint(card_pack_accounts((struct slice){ f->data, f->len }, s, NULL), ==, ERROR_TOO_LARGE);
    settings_free(s);
    g_byte_array_unref(f);
}

static void a_certificate(void)
{
    struct octets certificate, key, none = octets_of_hex("");
    struct error err = { 0 };
    struct settings *s = settings_new();
    certify(&certificate, &key);
    GByteArray *file = certificate_file(&certificate, &key);
    g_assert_cmpint(card_pack_accounts((struct slice){ file->data, file->len }, s, &err), ==, ERROR_NONE);
    g_assert_cmpuint(s->lwm2ms, ==, 1);
    const struct lwm2m_x509 *x = &s->lwm2m[0].x509;
    g_assert_true(s->lwm2m[0].mode == LWM2M_X509 && s->lwm2m[0].short_server_id == 7 && s->lwm2m[0].security_instance.id == 3 && s->lwm2m[0].lifetime == 60);
    g_assert_true(slice_equal((struct slice){ x->certificate, x->certificate_len }, octets_slice(&certificate)));
    g_assert_true(slice_equal((struct slice){ x->server, x->server_len }, octets_slice(&certificate)));
    g_assert_true(slice_equal((struct slice){ x->private_key, x->private_key_len }, octets_slice(&key)));
    g_assert_cmpstr(x->sni, ==, "lwm2m.example");
    settings_free(s);
    g_byte_array_unref(file);
    s = settings_new();
    file = certificate_file(&certificate, &none);
    g_assert_cmpint(card_pack_accounts((struct slice){ file->data, file->len }, s, &err), ==, ERROR_INCOMPLETE);
    g_assert_cmpuint(s->lwm2ms, ==, 0);
    g_assert_nonnull(strstr(err.text, "/0/3: "));
    settings_free(s);
    g_byte_array_unref(file);
    octets_free(&certificate);
    octets_free(&key);
    octets_free(&none);
}

/* What is wrong is said with the place where it is. */
static void refusals_say_where(void)
{
    static const struct {
        const char *security, *server, *text;
    } rows[] = {
        { URI "C1 01 00 C1 02 05" IDENTITY KEY "C1 0A 07", SERVER_7, "/0/0/2: it has no such value" },
        { URI "C1 01 00 C1 02 00" IDENTITY KEY "C1 0A 07", "C1 00 07 C3 01 00 00 3C", "/1/0/0: what follows is not of its type" },
        { URI "C1 01 00 C3 02 00 00 00", SERVER_7, "/0/0/1: what follows is not of its type" },
        { SECURITY_7 "C1 0A 08", SERVER_7, "/0/0/10: stands twice" },
        { SECURITY_7, "C1 00 07 C1 01 3C C1 07 53", "/1/0/7: binding S has neither UDP (U) nor TCP (T)" },
        { SECURITY_7, NULL, "/0/0: no instance of object 1 has its short server id 7" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GByteArray *f = file_make(rows[i].security, rows[i].server);
        struct settings *s = settings_new();
        struct error err = { 0 };
        g_autofree char *text = g_strdup_printf("LwM2M card file: %s", rows[i].text);
        g_assert_cmpint(card_pack_accounts((struct slice){ f->data, f->len }, s, &err), !=, ERROR_NONE);
        g_assert_cmpstr(err.text, ==, text);
        settings_free(s);
        g_byte_array_unref(f);
    }
}

/* The file as a whole. */
static void objects_of_files(void)
{
    static const struct {
        const char *hex;
        enum error_code rc;
    } rows[] = {
        { "00 00 00 00", ERROR_INCOMPLETE },
        { "00 02 00 0A 00 00 00 00 00 00 00 00 00 00", ERROR_INCOMPLETE }, /* object 0 twice, and empty */
        { "00 01 00 09 00 00 00 00 04 08 00 01 00", ERROR_MALFORMED },
        { "00 01 00 08 00 00 00 00 03 C1 02 00", ERROR_MALFORMED },        /* a resource, and no instance around it */
        { "00 01 00 07 00 00 00 00 03 C1 02", ERROR_TRUNCATED },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct octets o = octets_of_hex(rows[i].hex);
        struct settings *s = settings_new();
        g_test_message("%s", rows[i].hex);
        g_assert_cmpint(card_pack_accounts(octets_slice(&o), s, NULL), ==, rows[i].rc);
        settings_free(s);
        octets_free(&o);
    }
    GByteArray *f = file_make(SECURITY_7, SERVER_7);
    struct settings *s = settings_new();
    struct error err = { 0 };
    put_object(f, 3, "C1 00 07"); /* of another object: not ours to read */
    f->data[1]++;
    f->data[3] = (guint8)(f->len - 4);
    g_assert_cmpint(card_pack_accounts((struct slice){ f->data, f->len }, s, NULL), ==, ERROR_NONE);
    settings_free(s);
    s = settings_new();
    put_object(f, 1, SERVER_7);
    f->data[1]++;
    f->data[3] = (guint8)(f->len - 4);
    g_assert_cmpint(card_pack_accounts((struct slice){ f->data, f->len }, s, &err), ==, ERROR_MALFORMED);
    g_assert_cmpstr(err.text, ==, "LwM2M card file: object 1 stands twice");
    settings_free(s);
    g_byte_array_unref(f);
}

/* ---- SenML ---- */

static struct settings settings;

static void clear_settings(void)
{
    free(settings.rights);
    memset(&settings, 0, sizeof settings);
}

static enum error_code take_card(const char *file)
{
    static struct error err;
    err = (struct error){ 0 };
    enum error_code rc = card_pack_accounts(text_slice(file), &settings, &err);
    g_assert_true((rc == ERROR_NONE) == (err.text[0] == '\0'));
    return rc;
}

#define CARD_SERVER "{\"bn\":\"/0/1/\",\"n\":\"0\",\"vs\":\"coaps://new.example:5684\"},{\"n\":\"1\",\"vb\":false},{\"n\":\"2\",\"v\":0},{\"n\":\"3\",\"vd\":\"bmV3\"}," \
                    "{\"n\":\"5\",\"vd\":\"MDEyMzQ1Njc4OWFiY2RlZg\"},{\"n\":\"10\",\"v\":102}"
#define CARD_ACCOUNT "{\"bn\":\"/1/0/\",\"n\":\"0\",\"v\":102},{\"n\":\"1\",\"v\":600},{\"n\":\"7\",\"vs\":\"U\"},{\"n\":\"17\",\"v\":3}"
#define CARD_BOOTSTRAP "{\"bn\":\"/0/0/\",\"n\":\"0\",\"vs\":\"coaps://bs.example\"},{\"n\":\"1\",\"vb\":true},{\"n\":\"2\",\"v\":0},{\"n\":\"3\",\"vd\":\"YnM\"},{\"n\":\"5\",\"vd\":\"MDEyMzQ1Njc4OWFiY2RlZg\"}"

#define CARD_RIGHTS "{\"bn\":\"/2/4/\",\"n\":\"0\",\"v\":3},{\"n\":\"1\",\"v\":0},{\"n\":\"3\",\"v\":"

static void senml(void)
{
    clear_settings();
    g_assert_cmpint(take_card("[" CARD_BOOTSTRAP "," CARD_SERVER "," CARD_ACCOUNT "]\xff\xff"), ==, ERROR_NONE);
    g_assert_cmpuint(settings.lwm2ms, ==, 2);
    g_assert_true(settings.lwm2m[0].short_server_id == 102 && settings.lwm2m[0].lifetime == 600 && settings.lwm2m[0].server.value[SERVER_RETRY_COUNT] == 3);
    g_assert_cmpstr(settings.lwm2m[0].uri, ==, "coaps://new.example:5684");
    g_assert_true(memcmp(settings.lwm2m[0].key, "0123456789abcdef", 16) == 0 && settings.lwm2m[0].endpoint[0] == '\0');
    g_assert_true(settings.lwm2m[1].short_server_id == 0 && strcmp(settings.lwm2m[1].uri, "coaps://bs.example") == 0);
    g_assert_cmpint(take_card("[" CARD_SERVER "," CARD_ACCOUNT "]"), ==, ERROR_INVALID); /* server 102 is there already */
    g_assert_cmpuint(settings.lwm2ms, ==, 2);
    clear_settings();
    g_assert_cmpint(take_card("[" CARD_SERVER "," CARD_ACCOUNT "," CARD_RIGHTS "102}]"), ==, ERROR_NONE);
    g_assert_true(settings.rights && settings.rights->written && settings.rights->at[4].used && settings.rights->at[4].object == 3 && settings.rights->at[4].owner == 102);
    clear_settings();
    g_assert_cmpint(take_card("[" CARD_BOOTSTRAP "]"), ==, ERROR_NONE); /* which is enough */
    g_assert_true(!settings.rights || !settings.rights->written);
    settings.lwm2m[0].short_server_id = 7;
    settings.lwm2ms = SETTINGS_LWM2M - 1;
    g_assert_cmpint(take_card("[" CARD_BOOTSTRAP "," CARD_SERVER "," CARD_ACCOUNT "]"), ==, ERROR_TOO_LARGE);
    g_assert_cmpuint(settings.lwm2ms, ==, SETTINGS_LWM2M - 1);
}

static void senml_refused(void)
{
    static const struct {
        const char *file;
        enum error_code rc;
    } rows[] = {
        { "[" CARD_SERVER "," CARD_ACCOUNT "," CARD_RIGHTS "103}]", ERROR_INVALID }, /* whose owner is nobody here */
        { "[" CARD_SERVER "]", ERROR_INCOMPLETE },  { "[" CARD_ACCOUNT "]", ERROR_INCOMPLETE }, { "[]", ERROR_INCOMPLETE },
        { "[{}]", ERROR_MALFORMED },                { "[", ERROR_MALFORMED },                   { "[" CARD_BOOTSTRAP "]x", ERROR_MALFORMED },
        { "[{\"n\":\"/3/0/0\",\"vs\":\"x\"}]", ERROR_MALFORMED },
        { "[{\"bn\":\"/0/0/\",\"n\":\"0\",\"vs\":\"coap://bs.example\"},{\"n\":\"1\",\"vb\":true},{\"n\":\"2\",\"v\":3}]", ERROR_POLICY },
        { "[{\"bn\":\"/0/0/\",\"n\":\"0\",\"vs\":\"coaps://bs.example\"},{\"n\":\"1\",\"vb\":true},{\"n\":\"2\",\"v\":1}]", ERROR_NOT_SUPPORTED },
        { "\x9f\xff", ERROR_INCOMPLETE },            { "\x81\xa0", ERROR_MALFORMED },            { "\x81", ERROR_MALFORMED },
    };
    clear_settings();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].file);
        g_assert_cmpint(take_card(rows[i].file), ==, rows[i].rc);
        g_assert_cmpuint(settings.lwm2ms, ==, 0);
    }
}

/* ---- which it is ---- */

static struct slice content(const char *octets, size_t len)
{
    return lwm2m_card_content((struct slice){ (const uint8_t *)octets, len });
}

static void forms(void)
{
    g_assert_cmpint(lwm2m_card_form(text_slice("[]")), ==, LWM2M_CARD_JSON);
    g_assert_cmpint(lwm2m_card_form(text_slice("\x80")), ==, LWM2M_CARD_CBOR);
    g_assert_cmpint(lwm2m_card_form(text_slice("\x9f")), ==, LWM2M_CARD_CBOR);
    g_assert_cmpint(lwm2m_card_form(text_slice("\xa0")), ==, LWM2M_CARD_TLV);
    g_assert_cmpint(lwm2m_card_form((struct slice){ (const uint8_t *)"\0\1", 2 }), ==, LWM2M_CARD_TLV);
    g_assert_cmpint(lwm2m_card_form((struct slice){ NULL, 0 }), ==, LWM2M_CARD_TLV);
    g_assert_cmpuint(content("\x81\xa1\x02\x00\xff\xff", 6).len, ==, 4); /* the value 0 is none of the padding */
    g_assert_cmpuint(content("\x81\xa1\x02\x00\0\0", 6).len, ==, 4);
    g_assert_cmpuint(content("\x81\xa1\x02\x00\0\1", 6).len, ==, 6);     /* not padding: for the reader to refuse */
    g_assert_cmpuint(content("[]\0\xff", 4).len, ==, 2);
    g_assert_cmpuint(content("[\"\0 \"]", 6).len, ==, 6);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lwm2m/card/accounts of the vectors", accounts_of_the_vectors);
    g_test_add_func("/lwm2m/card/accounts of files", accounts_of_files);
    g_test_add_func("/lwm2m/card/accounts of files with numbers", instances_of_files);
    g_test_add_func("/lwm2m/card/rights of files", rights_of_files);
    g_test_add_func("/lwm2m/card/a certificate", a_certificate);
    g_test_add_func("/lwm2m/card/refusals say where", refusals_say_where);
    g_test_add_func("/lwm2m/card/objects of files", objects_of_files);
    g_test_add_func("/lwm2m/card/more servers than a bootstrap may write", more_servers_than_a_bootstrap_may_write);
    g_test_add_func("/lwm2m/card/more servers than fit", more_servers_than_fit);
    g_test_add_func("/lwm2m/card/senml", senml);
    g_test_add_func("/lwm2m/card/senml refused", senml_refused);
    g_test_add_func("/lwm2m/card/forms", forms);
    int failed = g_test_run();
    clear_settings();
    return failed;
}
