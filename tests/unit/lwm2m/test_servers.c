/* SPDX-License-Identifier: Apache-2.0 */
/* Several servers at one gateway: who may do what (object 2), what each is told, what waits while a server cannot be told, when one is tried again. */
#include "harness.h"

#include "lwm2m/firmware.h"
#include "lwm2m/objects/access_control.h"
#include "lwm2m/retry.h"

static struct lwm2m_client second;

/* The harness's client is server 7, instance 0; this one is server 9, instance 1. */
static struct lwm2m_client *make_two(struct lwm2m_client **first)
{
    struct lwm2m_client *c = make();
    *first = c;
    if (second.loop)
        reporting_clear(&second);
    memset(&second, 0, sizeof second);
    second.loop = c->loop;
    second.device = c->device;
    second.records.model = &model_managed;
    second.server = (struct server_values){ .instance = 1, .short_server_id = 9, .lifetime = 600, .client = &second };
    second.objects = (struct objects){ .model = &model_managed, .self = &second.server, .servers = c->objects.servers, .device = &second.device };
    c->objects.servers->at[c->objects.servers->count++] = &second.server;
    access_sync(&c->objects);
    return &second;
}

static unsigned read_text(struct lwm2m_client *c, const char *path)
{
    struct coap_answer a;
    return get(c, path, -1, &a);
}

/* The instance of object 2 that is about that instance; its path with the resource. */
static char *access_path(struct lwm2m_client *c, unsigned object, unsigned instance, const char *rest)
{
    for (size_t i = 0; i < ACCESS_ROWS; i++)
        if (c->objects.servers->access[i].used && c->objects.servers->access[i].object == object && c->objects.servers->access[i].instance == instance)
            return g_strdup_printf("/2/%zu%s", i, rest);
    g_error("no row for /%u/%u", object, instance);
}

static void test_alone(void)
{
    struct lwm2m_client *c = make();
    struct coap_answer a;
    access_sync(&c->objects);
    g_assert_cmpuint(get(c, "/2", CONTENT_SENML_JSON, &a), ==, CODE_NOT_FOUND); /* one server needs no rights */
    uint8_t links[512];
    struct writer w = writer_make(links, sizeof links);
    discover_put_registration(c, &w);
    links[w.len] = '\0';
    g_assert_null(strstr((char *)links, "</2>"));
}

static void test_defaults(void)
{
    struct lwm2m_client *first, *other = make_two(&first);
    g_assert_cmpuint(read_text(first, "/1/0/1"), ==, CODE_CONTENT);
    g_assert_cmpuint(read_text(first, "/1/1/1"), ==, CODE_UNAUTHORIZED); /* ets_950: an account is its own server's */
    g_assert_cmpuint(read_text(other, "/1/1/1"), ==, CODE_CONTENT);
    g_assert_cmpuint(read_text(other, "/1/0"), ==, CODE_UNAUTHORIZED);
    g_assert_cmpuint(put(other, METHOD_PUT, "/1/0/1", CONTENT_TEXT, "60", 2), ==, CODE_UNAUTHORIZED);
    g_assert_cmpuint(put(other, METHOD_POST, "/1/0/8", -1, "", 0), ==, CODE_UNAUTHORIZED);
    g_assert_cmpuint(put(other, METHOD_PUT, "/1/1/1", CONTENT_TEXT, "60", 2), ==, CODE_CHANGED);
    g_assert_cmpuint(first->server.lifetime, ==, 300);
    g_assert_cmpuint(second.server.lifetime, ==, 60);
    g_assert_cmpuint(read_text(other, "/3/0/0"), ==, CODE_CONTENT); /* all read the device, one rules it */
    reboots = 0;
    g_assert_cmpuint(put(other, METHOD_POST, "/3/0/4", -1, "", 0), ==, CODE_UNAUTHORIZED);
    g_assert_cmpuint(reboots, ==, 0);
    g_assert_cmpuint(put(first, METHOD_POST, "/3/0/4", -1, "", 0), ==, CODE_CHANGED);
    g_assert_cmpuint(set_attributes(other, "/3/0", "pmin=5"), ==, CODE_CHANGED);
    g_assert_cmpuint(set_attributes(other, "/1/0", "pmin=5"), ==, CODE_UNAUTHORIZED);
    g_assert_cmpuint(set_attributes(other, "/1", "pmin=5"), ==, CODE_CHANGED); /* of an object it needs no right */
    struct coap_answer a;
    g_assert_cmpuint(get(other, "/1", CONTENT_LINK, &a), ==, CODE_CONTENT); /* nor does Discover */
    g_assert_true(g_strstr_len((char *)a.body.data, (gssize)a.body.len, "</1/0/1>"));
    g_assert_cmpuint(get(other, "/1", CONTENT_SENML_JSON, &a), ==, CODE_CONTENT);
    expect_text(&a, "[{\"bn\":\"/1/\",\"n\":\"1/0\",\"v\":9},{\"n\":\"1/1\",\"v\":60},{\"n\":\"1/2\",\"v\":0},{\"n\":\"1/5\",\"v\":86400},{\"n\":\"1/6\",\"vb\":true},{\"n\":\"1/7\",\"vs\":\"U\"}]");
}

static void name(struct servers *s, uint16_t id, const char *text)
{
    s->portfolio[id].used = true;
    (void)text_copy(s->portfolio[id].identity[0], sizeof s->portfolio[id].identity[0], text);
}

/* What a server wrote while it was on trial, alone, is there when it comes to the others, and takes nothing from them. */
static void test_comes_with_names(void)
{
    struct lwm2m_client *first, *other = make_two(&first);
    struct servers *all = first->objects.servers;
    struct servers alone = { .count = 0 };
    name(all, 0, "of the first");
    name(&alone, 0, "of the second");
    name(&alone, 2, "too");
    all->access[0] = (struct access_row){ .used = true, .object = 16, .instance = 0, .owner = 7 };
    portfolio_move(&other->objects, &alone);
    g_assert_cmpstr(all->portfolio[0].identity[0], ==, "of the first");
    g_assert_cmpstr(all->portfolio[1].identity[0], ==, "of the second");
    g_assert_cmpstr(all->portfolio[2].identity[0], ==, "too");
    g_assert_true(all->portfolio[1].used && all->portfolio[2].used && !all->portfolio[3].used && !alone.portfolio[0].used);
    g_assert_cmpuint(put(other, METHOD_PUT, "/16/1/0/0", CONTENT_TEXT, "again", 5), ==, CODE_CHANGED);
    g_assert_cmpuint(put(first, METHOD_PUT, "/16/1/0/0", CONTENT_TEXT, "no", 2), ==, CODE_UNAUTHORIZED);
}

/* Its number is its own again when it comes back to where no other is: no second instance. */
static void test_comes_back_with_names(void)
{
    struct lwm2m_client *c = make();
    struct servers *all = c->objects.servers, alone = { .count = 0 };
    name(all, 0, "before");
    name(&alone, 0, "now");
    portfolio_move(&c->objects, &alone);
    g_assert_cmpstr(all->portfolio[0].identity[0], ==, "now");
    g_assert_false(all->portfolio[1].used);
}

static void test_composite(void)
{
    struct lwm2m_client *first, *other = make_two(&first);
    struct coap_answer a;
    static const char paths[] = "[{\"n\":\"/1/0/1\"},{\"n\":\"/1/1/1\"}]";
    struct ask ask = { METHOD_FETCH, "/", NULL, CONTENT_SENML_JSON, CONTENT_SENML_JSON, -1, paths, sizeof paths - 1 };
    g_assert_cmpuint(send(other, &ask, &a), ==, CODE_CONTENT);
    expect_text(&a, "[{\"bn\":\"/\",\"n\":\"1/1/1\",\"v\":600}]");
    static const char both[] = "[{\"n\":\"/1/1/1\",\"v\":90},{\"n\":\"/1/0/1\",\"v\":90}]";
    g_assert_cmpuint(put(other, METHOD_IPATCH, "/", CONTENT_SENML_JSON, both, sizeof both - 1), ==, CODE_UNAUTHORIZED);
    g_assert_cmpuint(second.server.lifetime, ==, 600); /* all or nothing */
}

static void test_rights(void)
{
    struct lwm2m_client *first, *other = make_two(&first);
    struct coap_answer a;
    g_autofree char *acl = access_path(first, 3, 0, "/2"), *entry = access_path(first, 3, 0, "/2/9"), *owner = access_path(first, 3, 0, "/3");
    g_assert_cmpuint(get(other, acl, CONTENT_TLV, &a), ==, CODE_CONTENT); /* any server reads it */
    expect_hex(&a, "8302" "410001");
    g_assert_cmpuint(put(other, METHOD_PUT, owner, CONTENT_TEXT, "9", 1), ==, CODE_UNAUTHORIZED); /* its owner writes it */
    g_assert_cmpuint(put(first, METHOD_PUT, acl, CONTENT_TLV, "\x83\x02\x41\x09\x05", 5), ==, CODE_CHANGED); /* read and execute, for 9 alone */
    reboots = 0;
    g_assert_cmpuint(put(other, METHOD_POST, "/3/0/4", -1, "", 0), ==, CODE_CHANGED);
    g_assert_cmpuint(reboots, ==, 1);
    g_assert_cmpuint(put(first, METHOD_PUT, entry, CONTENT_TEXT, "4", 1), ==, CODE_CHANGED);
    g_assert_cmpuint(read_text(other, "/3/0/0"), ==, CODE_UNAUTHORIZED);
    g_assert_cmpuint(read_text(other, "/3"), ==, CODE_UNAUTHORIZED);
    g_assert_cmpuint(read_text(first, "/3/0/0"), ==, CODE_CONTENT);
    g_assert_cmpuint(put(first, METHOD_PUT, acl, CONTENT_TLV, "\x83\x02\x41\x09\x20", 5), ==, CODE_BAD_REQUEST); /* no such right */
    g_assert_cmpuint(put(first, METHOD_PUT, acl, CONTENT_TLV, "\x83\x02\x41\x0a\x01", 5), ==, CODE_BAD_REQUEST); /* no such server */
    g_assert_cmpuint(put(first, METHOD_PUT, acl, CONTENT_TLV, "\x83\x02\x41\x07\x01", 5), ==, CODE_CHANGED); /* the owner's own entry binds it too */
    g_assert_cmpuint(put(first, METHOD_POST, "/3/0/4", -1, "", 0), ==, CODE_UNAUTHORIZED);
    g_assert_cmpuint(put(first, METHOD_PUT, owner, CONTENT_TEXT, "9", 1), ==, CODE_CHANGED);
    g_assert_cmpuint(put(first, METHOD_PUT, owner, CONTENT_TEXT, "7", 1), ==, CODE_UNAUTHORIZED);
    g_assert_cmpuint(put(other, METHOD_POST, "/3/0/4", -1, "", 0), ==, CODE_CHANGED);
    g_assert_cmpuint(put(other, METHOD_DELETE, "/2/0", -1, "", 0), ==, CODE_METHOD_NOT_ALLOWED);
}

static const char identity[] = "\x83\x00\x41\x00""a";

static void test_create(void)
{
    struct lwm2m_client *first, *other = make_two(&first);
    struct coap_answer a;
    struct ask create = { METHOD_POST, "/16", NULL, CONTENT_TLV, -1, -1, identity, sizeof identity - 1 };
    g_assert_cmpuint(send(other, &create, &a), ==, CODE_UNAUTHORIZED);
    g_autofree char *whole = access_path(first, 16, ACCESS_WHOLE_OBJECT, "/2");
    g_assert_cmpuint(put(first, METHOD_PUT, whole, CONTENT_TLV, "\x83\x02\x41\x09\x10", 5), ==, CODE_CHANGED);
    g_assert_cmpuint(send(other, &create, &a), ==, CODE_CREATED);
    g_assert_cmpuint(first->server.effects & EFFECT_OBJECTS, ==, EFFECT_OBJECTS); /* all servers hear of it */
    g_assert_cmpuint(second.server.effects & EFFECT_OBJECTS, ==, EFFECT_OBJECTS);
    g_autofree char *owner = access_path(first, 16, 0, "/3");
    g_assert_cmpuint(get(first, owner, CONTENT_TEXT, &a), ==, CODE_CONTENT);
    expect_text(&a, "9"); /* who creates owns */
    g_assert_cmpuint(read_text(first, "/16/0"), ==, CODE_UNAUTHORIZED);
    g_assert_cmpuint(put(first, METHOD_DELETE, "/16/0", -1, "", 0), ==, CODE_UNAUTHORIZED);
    g_assert_cmpuint(put(other, METHOD_DELETE, "/16/0", -1, "", 0), ==, CODE_DELETED);
    g_assert_cmpuint(get(first, owner, CONTENT_TEXT, &a), ==, CODE_NOT_FOUND); /* the row went with it */
}

static void test_gone(void)
{
    struct lwm2m_client *first, *other = make_two(&first);
    struct servers *s = first->objects.servers;
    g_autofree char *acl = access_path(first, 3, 0, "/2"), *owner = access_path(first, 3, 0, "/3");
    g_assert_cmpuint(put(first, METHOD_PUT, acl, CONTENT_TLV, "\x83\x02\x41\x09\x0f", 5), ==, CODE_CHANGED);
    s->at[0] = s->at[1]; /* server 7 leaves */
    s->count = 1;
    access_server_gone(s, 7);
    g_assert_cmpuint(put(other, METHOD_POST, "/3/0/4", -1, "", 0), ==, CODE_CHANGED); /* alone: everything */
    struct server_values third = { .instance = 0, .short_server_id = 3, .client = first };
    s->at[1] = s->at[0];
    s->at[0] = &third;
    s->count = 2;
    struct coap_answer a;
    g_assert_cmpuint(get(other, owner, CONTENT_TEXT, &a), ==, CODE_CONTENT);
    expect_text(&a, "9"); /* 9 had the right to write and delete */
    access_server_gone(s, 9);
    g_assert_cmpuint(get(other, acl, CONTENT_TLV, &a), ==, CODE_CONTENT);
    expect_hex(&a, "8002"); /* its entry is away */
}

/* The instance of object 1 is another server's now: nothing that was said of it counts, but what was said of others. */
static void test_fresh(void)
{
    struct lwm2m_client *first, *other = make_two(&first);
    g_autofree char *acl = access_path(first, 1, 0, "/2"), *device = access_path(first, 3, 0, "/2");
    g_assert_cmpuint(put(first, METHOD_PUT, acl, CONTENT_TLV, "\x83\x02\x41\x09\x0f", 5), ==, CODE_CHANGED);
    g_assert_cmpuint(put(first, METHOD_PUT, device, CONTENT_TLV, "\x83\x02\x41\x09\x04", 5), ==, CODE_CHANGED);
    g_assert_cmpuint(read_text(other, "/1/0/1"), ==, CODE_CONTENT);
    first->server.short_server_id = 8;
    g_assert_cmpuint(read_text(first, "/1/0/1"), ==, CODE_UNAUTHORIZED);
    access_forget(first->objects.servers, 1, 0);
    access_sync(&first->objects);
    g_assert_cmpuint(read_text(first, "/1/0/1"), ==, CODE_CONTENT);
    g_assert_cmpuint(read_text(other, "/1/0/1"), ==, CODE_UNAUTHORIZED);
    g_assert_cmpuint(read_text(other, "/1/1/1"), ==, CODE_CONTENT);
    g_assert_cmpuint(read_text(other, "/3/0/0"), ==, CODE_UNAUTHORIZED);
}

static void test_everyone_is_told(void)
{
    struct lwm2m_client *first, *other = make_two(&first);
    struct coap_answer a;
    g_assert_cmpuint(put(first, METHOD_POST, "/16", CONTENT_TLV, identity, sizeof identity - 1), ==, CODE_CREATED);
    g_autofree char *acl = access_path(first, 16, 0, "/2");
    g_assert_cmpuint(put(first, METHOD_PUT, acl, CONTENT_TLV, "\x83\x02\x41\x09\x01", 5), ==, CODE_CHANGED);
    second.link = first->link;
    struct ask ask = { METHOD_GET, "/16/0/0/0", NULL, -1, CONTENT_TEXT, 0, NULL, 0 };
    g_assert_cmpuint(send(other, &ask, &a), ==, CODE_CONTENT);
    advance(0);
    g_assert_cmpuint(put(first, METHOD_PUT, "/16/0/0/0", CONTENT_TEXT, "b", 1), ==, CODE_CHANGED); /* ets_951 */
    g_assert_cmpuint(notified, ==, 1);
    g_assert_cmpstr(last_body, ==, "b");
    g_assert_cmpuint(put(first, METHOD_PUT, acl, CONTENT_TLV, "\x83\x02\x41\x09\x00", 5), ==, CODE_CHANGED);
    g_assert_cmpuint(put(first, METHOD_PUT, "/16/0/0/0", CONTENT_TEXT, "c", 1), ==, CODE_CHANGED);
    g_assert_cmpuint(notified, ==, 1); /* the right to read has gone, and the observation with it */
    g_assert_cmpuint(second.observed, ==, 0);
}

/* ---- while the server cannot be told ---- */

static void set_lifetime(struct lwm2m_client *c, const char *text)
{
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/1", CONTENT_TEXT, text, strlen(text)), ==, CODE_CHANGED);
    advance(1000);
}

static void observe_as(struct lwm2m_client *c, int format)
{
    struct coap_answer a;
    struct ask ask = { METHOD_GET, "/1/0/1", NULL, -1, format, 0, NULL, 0 };
    g_assert_cmpuint(send(c, &ask, &a), ==, CODE_CONTENT);
    last_sequence = (uint32_t)a.observe;
    advance(0);
}

static void test_storing(void)
{
    struct lwm2m_client *c = make();
    clock_ms = 0;
    observe_as(c, CONTENT_SENML_JSON);
    c->held = true;
    set_lifetime(c, "60"); /* ets_560 */
    set_lifetime(c, "61");
    g_assert_cmpuint(notified, ==, 0);
    c->held = false;
    reporting_flush(c);
    g_assert_cmpuint(notified, ==, 2); /* both, in order, each with the time when it was so */
    g_assert_cmpstr(last_body, ==, "[{\"bn\":\"/1/0/1\",\"bt\":1700000001,\"v\":61}]");
    advance(10000);
    g_assert_cmpuint(notified, ==, 2); /* nothing is told twice */
    set_lifetime(c, "62");
    g_assert_cmpstr(last_body, ==, "[{\"bn\":\"/1/0/1\",\"v\":62}]"); /* what is so now needs no time */
    g_assert_cmpuint(c->kept_octets, ==, 0);
}

static void test_storing_cbor(void)
{
    struct lwm2m_client *c = make();
    clock_ms = 0;
    observe_as(c, CONTENT_SENML_CBOR);
    c->held = true;
    set_lifetime(c, "60");
    c->held = false;
    reporting_flush(c);
    static const char expected[] = "\x81\xa3\x21\x66/1/0/1\x22\x1a\x65\x53\xf1\x00\x02\x18\x3c"; /* [{-2: "/1/0/1", -3: 1700000000, 2: 60}] */
    g_assert_cmpmem(last_body, sizeof expected - 1, expected, sizeof expected - 1);
}

static void test_not_storing(void)
{
    struct lwm2m_client *c = make();
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/6", CONTENT_TEXT, "0", 1), ==, CODE_CHANGED);
    observe_as(c, CONTENT_TEXT);
    c->held = true;
    set_lifetime(c, "60");
    set_lifetime(c, "61");
    g_assert_null(timer_fn); /* and nobody wakes for it */
    c->held = false;
    reporting_flush(c);
    advance(0);
    g_assert_cmpuint(notified, ==, 1); /* what it is now */
    g_assert_cmpstr(last_body, ==, "61");
}

static void test_storing_bounds(void)
{
    struct lwm2m_client *c = make();
    observe_as(c, CONTENT_TEXT);
    g_assert_cmpuint(set_attributes(c, "/1/0/1", "hqmax=2"), ==, CODE_CHANGED);
    c->held = true;
    set_lifetime(c, "60");
    set_lifetime(c, "61");
    set_lifetime(c, "62");
    g_assert_cmpuint(c->kept_octets, ==, 4);
    c->held = false;
    reporting_flush(c);
    g_assert_cmpuint(notified, ==, 2); /* the newest two */
    g_assert_cmpstr(last_body, ==, "62");
    g_assert_cmpuint(set_attributes(c, "/1/0/1", "hqmax=0"), ==, CODE_CHANGED);
    c->held = true;
    set_lifetime(c, "63");
    g_assert_cmpuint(c->kept_octets, ==, 0);
    c->held = false;
    g_assert_cmpuint(set_attributes(c, "/1/0/1", "hqmax"), ==, CODE_CHANGED);
    c->held = true;
    for (unsigned i = 0; i < 40; i++) {
        char text[8];
        g_snprintf(text, sizeof text, "%u", 100 + i);
        set_lifetime(c, text);
    }
    g_assert_cmpuint(c->kept_octets, ==, 16 * 3);
    reporting_clear(c);
    g_assert_cmpuint(c->kept_octets, ==, 0);
}

static void test_unheard(void)
{
    struct lwm2m_client *c = make();
    observe_as(c, CONTENT_TEXT);
    set_lifetime(c, "60");
    g_assert_cmpuint(notified, ==, 1);
    reporting_unheard(c, &(struct coap_token){ { 1, 2, 3 }, 3 });
    c->held = true;
    advance(0);
    c->held = false;
    reporting_flush(c);
    advance(0);
    g_assert_cmpuint(notified, ==, 2); /* told again, once */
    g_assert_cmpstr(last_body, ==, "60");
    advance(100000);
    g_assert_cmpuint(notified, ==, 2);
}

/* ---- of a bootstrap ---- */

/* What it left takes the place of what its servers owned; what a server of another context owns stays. */
static void test_bootstrapped(void)
{
    static struct access_rights rights;
    struct lwm2m_client *first, *other = make_two(&first);
    struct servers *s = first->objects.servers;
    rights = (struct access_rights){ .written = true, .server = { 7 }, .servers = 1 };
    rights.at[100] = (struct access_row){ .used = true, .fresh = true, .object = 3, .owner = 7, .count = 1, .acl = { { 9, ACCESS_READ | ACCESS_EXECUTE } } };
    rights.at[101] = (struct access_row){ .used = true, .object = 3, .owner = 7 }; /* of before: the fresh one is in its place */
    g_assert_cmpuint(put(other, METHOD_POST, "/3/0/4", CONTENT_TEXT, "", 0), ==, CODE_UNAUTHORIZED);
    access_put(s, &rights);
    g_assert_true(s->access[100].used && !s->access[101].used);
    access_sync(&first->objects);
    g_assert_cmpuint(put(other, METHOD_POST, "/3/0/4", CONTENT_TEXT, "", 0), ==, CODE_CHANGED);
    g_assert_cmpuint(read_text(other, "/3/0/13"), ==, CODE_CONTENT);
    g_autofree char *row = access_path(first, 3, 0, "");
    g_assert_cmpstr(row, ==, "/2/100");
    g_assert_cmpuint(put(other, METHOD_POST, "/16", CONTENT_TLV, identity, sizeof identity - 1), ==, CODE_UNAUTHORIZED);
    g_autofree char *create = access_path(first, 16, ACCESS_WHOLE_OBJECT, "/2");
    g_assert_cmpuint(put(first, METHOD_PUT, create, CONTENT_TLV, "\x83\x02\x41\x09\x10", 5), ==, CODE_CHANGED);
    g_assert_cmpuint(put(other, METHOD_POST, "/16", CONTENT_TLV, identity, sizeof identity - 1), ==, CODE_CREATED);
    g_autofree char *owned = access_path(first, 16, 0, "");
    rights.at[100] = (struct access_row){ .used = true, .fresh = true, .object = 16, .owner = 7 };
    access_put(s, &rights);
    access_sync(&first->objects);
    g_assert_cmpuint(read_text(first, "/16/0"), ==, CODE_UNAUTHORIZED); /* server 9's, which is none of this bootstrap */
    g_assert_cmpuint(put(other, METHOD_POST, "/3/0/4", CONTENT_TEXT, "", 0), ==, CODE_UNAUTHORIZED); /* as by default again */
    g_assert_cmpuint(put(other, METHOD_POST, "/16", CONTENT_TLV, identity, sizeof identity - 1), ==, CODE_UNAUTHORIZED);
}

/* Rows of what comes later stay until all is there; the bootstrap's word on an account outlives that account's coming, once. */
static void test_held(void)
{
    struct lwm2m_client *first, *other = make_two(&first);
    struct servers *s = first->objects.servers;
    (void)other;
    s->access[100] = (struct access_row){ .used = true, .fresh = true, .object = 1, .instance = 5, .owner = 7, .count = 1, .acl = { { 9, ACCESS_READ } } };
    s->access[101] = (struct access_row){ .used = true, .object = 11, .instance = 40, .owner = 9 };
    s->held = true;
    access_sync(&first->objects);
    g_assert_true(s->access[100].used && s->access[101].used);
    access_forget(s, 1, 5);
    g_assert_true(s->access[100].used && !s->access[100].fresh);
    s->held = false;
    access_sync(&first->objects);
    g_assert_false(s->access[100].used || s->access[101].used);
    s->access[100] = (struct access_row){ .used = true, .object = 1, .instance = 5, .owner = 7 };
    access_forget(s, 1, 5);
    g_assert_false(s->access[100].used);
}

/* ---- over a restart ---- */

static void test_octets(void)
{
    struct lwm2m_client *first, *other = make_two(&first);
    static uint8_t octets[LWM2M_KEPT_MAX], again[LWM2M_KEPT_MAX];
    static struct servers loaded;
    g_assert_cmpuint(put(first, METHOD_POST, "/16", CONTENT_TLV, identity, sizeof identity - 1), ==, CODE_CREATED);
    g_autofree char *acl = access_path(first, 16, 0, "/2");
    g_assert_cmpuint(put(first, METHOD_PUT, acl, CONTENT_TLV, "\x83\x02\x41\x09\x03", 5), ==, CODE_CHANGED);
    first->objects.servers->severity = SEVERITY_MAX + 1;
    first->objects.servers->defer = 60;
    struct writer w = writer_make(octets, sizeof octets), v = writer_make(again, sizeof again);
    lwm2m_servers_write(first->objects.servers, &w);
    g_assert_true(!w.failed && lwm2m_servers_read(&loaded, writer_slice(&w)));
    g_assert_cmpstr(loaded.portfolio[0].identity[0], ==, "a");
    g_assert_true(loaded.severity == SEVERITY_MAX + 1 && loaded.defer == 60);
    for (size_t cut = 0; cut < w.len; cut++)
        g_assert_false(lwm2m_servers_read(&loaded, (struct slice){ octets, cut }));
    lwm2m_servers_write(&loaded, &v);
    g_assert_true(slice_equal(writer_slice(&v), writer_slice(&w))); /* a refused record changes nothing */
    g_assert_cmpuint(set_attributes(other, "/3/0/13", "pmin=5&gt=1.5"), ==, CODE_CHANGED);
    g_assert_cmpuint(put(other, METHOD_PUT, "/1/1/1", CONTENT_TEXT, "77", 2), ==, CODE_CHANGED);
    g_assert_cmpuint(put(other, METHOD_PUT, "/1/1/23", CONTENT_TEXT, "0", 1), ==, CODE_CHANGED);
    w = writer_make(octets, sizeof octets);
    lwm2m_client_write(other, &w);
    struct lwm2m_client *now = make();
    for (size_t cut = 0; cut < w.len; cut++)
        g_assert_false(lwm2m_client_read(now, (struct slice){ octets, cut }));
    g_assert_true(now->server.lifetime == 300 && now->attributes.count == 0);
    g_assert_true(!w.failed && lwm2m_client_read(now, writer_slice(&w)));
    g_assert_cmpuint(now->server.lifetime, ==, 77);
    g_assert_cmpuint(now->server.instance, ==, 1);
    g_assert_cmpuint(server_value(&now->server, SERVER_MUTE_SEND, true), ==, false);
    g_assert_cmpuint(now->attributes.count, ==, 1);
    g_assert_cmpmem(&now->attributes.at[0], sizeof now->attributes.at[0], &other->attributes.at[0], sizeof now->attributes.at[0]);
}

/* ---- stored before it is answered ---- */

struct state { /* what is kept, and what is asked of the registrations */
    uint8_t octets[2 * LWM2M_KEPT_MAX];
    size_t len;
    unsigned effects[2];
};
static struct state at_keep;
static bool keepable;
static unsigned keeps;

static void take_state(struct lwm2m_client *first, struct state *out)
{
    struct writer w = writer_make(out->octets, sizeof out->octets);
    lwm2m_servers_write(first->objects.servers, &w);
    lwm2m_client_write(first, &w);
    lwm2m_client_write(&second, &w);
    g_assert_false(w.failed);
    out->len = w.len;
    out->effects[0] = first->server.effects;
    out->effects[1] = second.server.effects;
}

static bool is_same(const struct state *a, const struct state *b)
{
    return a->len == b->len && memcmp(a->octets, b->octets, a->len) == 0;
}

static bool keep(void *user)
{
    keeps++;
    take_state(user, &at_keep);
    return keepable;
}

#define TEXT(text) text, sizeof text - 1
static const struct {
    const char *name, *path, *query; /* path "acl": of the row that is about /3/0 */
    enum coap_method method;
    int format;
    const char *payload;
    size_t len;
    unsigned code;
} changes[] = {
    { "lifetime", "/1/0/1", NULL, METHOD_PUT, CONTENT_TEXT, TEXT("60"), CODE_CHANGED },
    { "account", "/1/0", NULL, METHOD_PUT, CONTENT_SENML_JSON, TEXT("[{\"bn\":\"/1/0/\",\"n\":\"1\",\"v\":61},{\"n\":\"6\",\"vb\":false},{\"n\":\"7\",\"vs\":\"UQ\"}]"), CODE_CHANGED },
    { "rights", "acl", NULL, METHOD_PUT, CONTENT_TLV, TEXT("\x83\x02\x41\x09\x05"), CODE_CHANGED },
    { "portfolio", "/16/0/0/0", NULL, METHOD_PUT, CONTENT_TEXT, TEXT("b"), CODE_CHANGED },
    { "severity", "/5/0/11", NULL, METHOD_PUT, CONTENT_TEXT, TEXT("2"), CODE_CHANGED },
    { "deferral", "/5/0/13", NULL, METHOD_PUT, CONTENT_TEXT, TEXT("60"), CODE_CHANGED },
    { "two objects", "/", NULL, METHOD_IPATCH, CONTENT_SENML_JSON, TEXT("[{\"n\":\"/1/0/1\",\"v\":62},{\"n\":\"/16/0/0/1\",\"vs\":\"c\"}]"), CODE_CHANGED },
    { "attributes", "/3/0", "pmin=5", METHOD_PUT, -1, NULL, 0, CODE_CHANGED },
    { "create", "/16", NULL, METHOD_POST, CONTENT_TLV, identity, sizeof identity - 1, CODE_CREATED },
    { "delete", "/16/0", NULL, METHOD_DELETE, -1, NULL, 0, CODE_DELETED },
};

static bool can_update(void *user)
{
    (void)user;
    return true;
}

static bool load_nothing(void *user, char *text, size_t cap)
{
    (void)user;
    (void)text;
    (void)cap;
    return false;
}

static void test_kept(gconstpointer data)
{
    static struct state before, after;
    static const struct firmware_host host = { .folder = "/nonexistent", .can = can_update, .load = load_nothing };
    size_t n = GPOINTER_TO_SIZE(data);
    struct lwm2m_client *c;
    struct coap_answer a;
    (void)make_two(&c);
    c->device.firmware = firmware_new(c->loop, &host);
    g_autofree char *acl = access_path(c, 3, 0, "/2");
    struct ask ask = { changes[n].method, strcmp(changes[n].path, "acl") == 0 ? acl : changes[n].path, changes[n].query, changes[n].format, -1, -1, changes[n].payload, changes[n].len };
    g_assert_cmpuint(put(c, METHOD_POST, "/16", CONTENT_TLV, identity, sizeof identity - 1), ==, CODE_CREATED);
    g_assert_cmpuint(set_attributes(c, "/16/0", "pmax=9"), ==, CODE_CHANGED);
    g_assert_cmpuint(observe(c, "/16/0/0/0", 0), ==, CODE_CONTENT);
    advance(0);
    c->server.effects = 0;
    take_state(c, &before);
    c->objects.servers->keep = keep;
    c->objects.servers->user = c;

    keeps = 0;
    keepable = false;
    g_assert_cmpuint(send(c, &ask, &a), ==, CODE_INTERNAL);
    advance(0);
    g_assert_cmpuint(keeps, ==, 1);
    g_assert_false(is_same(&at_keep, &before));
    take_state(c, &after);
    g_assert_true(is_same(&after, &before));
    g_assert_cmpmem(after.effects, sizeof after.effects, before.effects, sizeof before.effects);
    g_assert_cmpuint(c->observed, ==, 1);
    g_assert_cmpuint(notified, ==, 0);

    keepable = true;
    g_assert_cmpuint(send(c, &ask, &a), ==, changes[n].code);
    advance(0);
    g_assert_cmpuint(keeps, ==, 2); /* once a request */
    take_state(c, &after);
    g_assert_true(is_same(&after, &at_keep)); /* whole */
    g_assert_false(is_same(&after, &before));
    g_assert_cmpuint(c->observed, ==, changes[n].code != CODE_DELETED);
    firmware_free(c->device.firmware);
    c->device.firmware = NULL;
}

/* What is refused for another cause asks nobody. */
static void test_not_kept(void)
{
    struct lwm2m_client *c = make();
    c->objects.servers->keep = keep;
    c->objects.servers->user = c;
    keeps = 0;
    g_assert_cmpuint(put(c, METHOD_PUT, "/1/0/1", CONTENT_TEXT, "0", 1), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(set_attributes(c, "/3/0", "lt=1"), ==, CODE_BAD_REQUEST);
    g_assert_cmpuint(put(c, METHOD_DELETE, "/16/0", -1, "", 0), ==, CODE_NOT_FOUND);
    g_assert_cmpuint(put(c, METHOD_POST, "/3/0/4", -1, "", 0), ==, CODE_CHANGED);
    g_assert_cmpuint(keeps, ==, 0);
}

/* ---- when a server is tried again ---- */

static void write_rule(struct server_values *v, enum server_resource which, uint32_t value)
{
    v->set.written |= 1u << which;
    v->set.value[which] = value;
}

static void test_retry(void)
{
    struct server_values v = { 0 };
    static const unsigned own[] = { 60, 120, 240, 480, 960, 1920, 3600, 3600 };
    for (unsigned i = 0; i < G_N_ELEMENTS(own); i++)
        g_assert_cmpuint(retry_after(&v, i + 1).delay_s, ==, own[i]);
    g_assert_false(retry_after(&v, 4).sequence_over);
    g_assert_true(retry_after(&v, 5).sequence_over && retry_after(&v, 5).all_over && !retry_after(&v, 4).all_over && retry_after(&v, 6).all_over && retry_after(&v, 6).sequence_over);
    write_rule(&v, SERVER_RETRY_COUNT, 3); /* the other defaults are the TS's */
    static const unsigned rules[] = { 60, 120, 86400, 60, 120, 86400 };
    for (unsigned i = 0; i < G_N_ELEMENTS(rules); i++)
        g_assert_cmpuint(retry_after(&v, i + 1).delay_s, ==, rules[i]);
    write_rule(&v, SERVER_RETRY_TIMER, 10);
    write_rule(&v, SERVER_SEQUENCE_DELAY, 100);
    write_rule(&v, SERVER_SEQUENCE_COUNT, 2);
    static const unsigned all[] = { 10, 20, 100, 10, 20, 100, 10 };
    for (unsigned i = 0; i < G_N_ELEMENTS(all); i++) {
        struct retry r = retry_after(&v, i + 1);
        g_assert_cmpuint(r.delay_s, ==, all[i]);
        g_assert_true(r.sequence_over == (i + 1 >= 3) && r.all_over == (i + 1 >= 6));
    }
    write_rule(&v, SERVER_RETRY_COUNT, 0); /* 0 of anything is no busy loop */
    write_rule(&v, SERVER_RETRY_TIMER, 0);
    write_rule(&v, SERVER_SEQUENCE_DELAY, 0);
    g_assert_cmpuint(retry_after(&v, 1).delay_s, ==, 1);
    write_rule(&v, SERVER_RETRY_COUNT, UINT32_MAX);
    write_rule(&v, SERVER_RETRY_TIMER, UINT32_MAX);
    write_rule(&v, SERVER_SEQUENCE_COUNT, UINT32_MAX);
    g_assert_cmpuint(retry_after(&v, 100).delay_s, ==, 30 * 86400);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lwm2m/servers/alone", test_alone);
    g_test_add_func("/lwm2m/servers/defaults", test_defaults);
    g_test_add_func("/lwm2m/servers/comes with names", test_comes_with_names);
    g_test_add_func("/lwm2m/servers/comes back with names", test_comes_back_with_names);
    g_test_add_func("/lwm2m/servers/composite", test_composite);
    g_test_add_func("/lwm2m/servers/rights", test_rights);
    g_test_add_func("/lwm2m/servers/create", test_create);
    g_test_add_func("/lwm2m/servers/gone", test_gone);
    g_test_add_func("/lwm2m/servers/fresh", test_fresh);
    g_test_add_func("/lwm2m/servers/everyone is told", test_everyone_is_told);
    g_test_add_func("/lwm2m/storing", test_storing);
    g_test_add_func("/lwm2m/storing/cbor", test_storing_cbor);
    g_test_add_func("/lwm2m/storing/off", test_not_storing);
    g_test_add_func("/lwm2m/storing/bounds", test_storing_bounds);
    g_test_add_func("/lwm2m/storing/unheard", test_unheard);
    g_test_add_func("/lwm2m/servers/bootstrapped", test_bootstrapped);
    g_test_add_func("/lwm2m/servers/held", test_held);
    g_test_add_func("/lwm2m/servers/octets", test_octets);
    for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autofree char *name = g_strdup_printf("/lwm2m/servers/kept/%s", changes[i].name);
        g_test_add_data_func(name, GSIZE_TO_POINTER(i), test_kept);
    }
    g_test_add_func("/lwm2m/servers/kept/not", test_not_kept);
    g_test_add_func("/lwm2m/retry", test_retry);
    return g_test_run();
}
