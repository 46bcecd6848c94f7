/* SPDX-License-Identifier: Apache-2.0 */
/* Rooms of the trusted environment, one by one: seals, store under failures and power cuts, lifecycle, pushes. */
#include <errno.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "codec/dm_digest.h"
#include "model/fields.h"
#include "model/settings_octets.h"
#include "support.h"
#include "tred/heap.h"
#include "tred/hmac.h"
#include "tred/lifecycle.h"
#include "tred/mid.h"
#include "tred/notification.h"
#include "tred/push.h"
#include "tred/token.h"

static struct slice slice_of(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

struct bench { /* a store in memory */
    struct mem mem;
    struct vfs vfs;
    struct seal seal;
    struct store store;
};

static struct bench *bench_new(void)
{
    struct bench *b = g_new0(struct bench, 1);
    b->vfs = mem_vfs(&b->mem);
    b->store = (struct store){ &b->vfs, &b->seal };
    g_assert_cmpint(seal_create(&b->seal, support_backend(), &b->vfs, (struct slice){ NULL, 0 }), ==, ERROR_NONE);
    return b;
}

static void bench_free(struct bench *b)
{
    seal_close(&b->seal);
    g_free(b);
}

static void seal_opens_only_what_it_closed(void)
{
    struct bench *b = bench_new();
    uint8_t sealed[64], plain[64];
    struct slice p = slice_of("attack at dawn");
    g_assert_cmpint(seal_octets(&b->seal, SEAL_BLOB, slice_of("label"), p, sealed), ==, ERROR_NONE);
    struct slice s = { sealed, p.len + SEAL_OVERHEAD };
    g_assert_cmpint(unseal_octets(&b->seal, SEAL_BLOB, slice_of("label"), s, plain), ==, ERROR_NONE);
    assert_octets(plain, p.len, p.data, p.len);
    g_assert_cmpint(unseal_octets(&b->seal, SEAL_BLOB, slice_of("labem"), s, plain), ==, ERROR_DENIED);
    g_assert_cmpint(unseal_octets(&b->seal, SEAL_RECORD, slice_of("label"), s, plain), ==, ERROR_DENIED);
    for (size_t bit = 0; bit < s.len * 8; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        g_assert_cmpint(unseal_octets(&b->seal, SEAL_BLOB, slice_of("label"), s, plain), ==, ERROR_DENIED);
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    uint8_t again[64];
    g_assert_cmpint(seal_octets(&b->seal, SEAL_BLOB, slice_of("label"), p, again), ==, ERROR_NONE);
    g_assert_cmpint(memcmp(again, sealed, SEAL_NONCE), !=, 0);
    bench_free(b);
}

static char *value_of(const struct bench *b, uint64_t want, uint64_t *counter, enum error_code *rc)
{
    uint8_t *plain;
    size_t len;
    *rc = store_read(&b->store, "rec", "rec", want, &plain, &len, counter);
    char *text = *rc ? NULL : g_strndup((char *)plain, len);
    store_release(plain, len);
    return text;
}

static void assert_value(const struct bench *b, const char *expected)
{
    uint64_t counter;
    enum error_code rc;
    char *text = value_of(b, 0, &counter, &rc);
    g_assert_cmpstr(text, ==, expected);
    g_free(text);
}

static void store_keeps_the_newest_and_the_kept(void)
{
    struct bench *b = bench_new();
    uint64_t one, two, three, got;
    enum error_code rc;
    g_free(value_of(b, 0, &got, &rc));
    g_assert_cmpint(rc, ==, ERROR_NOT_FOUND);
    g_assert_cmpint(store_write(&b->store, "rec", "rec", slice_of("one"), 0, &one), ==, ERROR_NONE);
    assert_value(b, "one");
    g_assert_cmpint(store_write(&b->store, "rec", "rec", slice_of("two"), one, &two), ==, ERROR_NONE);
    assert_value(b, "two");
    g_assert_cmpint(store_write(&b->store, "rec", "rec", slice_of("three"), one, &three), ==, ERROR_NONE); /* "two" was never adopted */
    assert_value(b, "three");
    char *kept = value_of(b, one, &got, &rc);
    g_assert_cmpstr(kept, ==, "one");
    g_free(kept);
    g_assert_true(one < two && two < three);
    store_erase(&b->store, "rec", one);
    assert_value(b, "one");
    store_erase(&b->store, "rec", 0);
    g_free(value_of(b, 0, &got, &rc));
    g_assert_cmpint(rc, ==, ERROR_NOT_FOUND);
    bench_free(b);
}

static struct mem_content *content_of(struct bench *b, const char *name)
{
    for (size_t i = 0; i < MEM_FILES; i++)
        if (strcmp(b->mem.now[i].name, name) == 0)
            return &b->mem.contents[b->mem.now[i].content];
    g_error("no file %s", name);
}

/* R15: every octet of a slot damaged, and every length cut: the other slot is found, or nothing. */
static void store_never_gives_a_damaged_value(void)
{
    struct bench *b = bench_new();
    uint64_t one, two, got;
    enum error_code rc;
    g_assert_cmpint(store_write(&b->store, "rec", "rec", slice_of("old"), 0, &one), ==, ERROR_NONE);
    g_assert_cmpint(store_write(&b->store, "rec", "rec", slice_of("new"), one, &two), ==, ERROR_NONE);
    struct mem_content *newest = content_of(b, "rec.b");
    for (size_t i = 0; i < newest->len; i++) {
        newest->data[i] ^= 0x10;
        assert_value(b, "old");
        newest->data[i] ^= 0x10;
        size_t len = newest->len;
        newest->len = i;
        assert_value(b, "old");
        newest->len = len;
    }
    assert_value(b, "new");
    uint8_t *plain;
    size_t len;
    g_assert_cmpint(store_read(&b->store, "rec", "other", 0, &plain, &len, &got), ==, ERROR_STORAGE);
    newest->data[30] ^= 1;
    content_of(b, "rec.a")->data[30] ^= 1;
    g_free(value_of(b, 0, &got, &rc));
    g_assert_cmpint(rc, ==, ERROR_STORAGE);
    bench_free(b);
}

/* One update under a failure at the n-th changing call; true while n is still inside the update. */
static bool update_with_failure(int n, int error, bool cut, bool lucky)
{
    struct bench *b = bench_new();
    uint64_t one, two;
    g_assert_cmpint(store_write(&b->store, "rec", "rec", slice_of("one"), 0, &one), ==, ERROR_NONE);
    char *large = g_strnfill(3000, 'x');
    b->mem.calls = 0;
    b->mem.fail_at = n;
    b->mem.fail_errno = error;
    b->mem.cut = cut;
    enum error_code rc = store_write(&b->store, "rec", "rec", slice_of(large), one, &two);
    bool inside = b->mem.calls >= n;
    if (!inside)
        g_assert_cmpint(rc, ==, ERROR_NONE);
    if (inside && !cut)
        g_assert_cmpint(rc, ==, error == ENOSPC ? ERROR_NO_SPACE : ERROR_STORAGE);
    mem_power_cut(&b->mem, lucky);
    uint64_t got;
    enum error_code read;
    char *text = value_of(b, 0, &got, &read);
    if (rc == ERROR_NONE)
        g_assert_cmpstr(text, ==, large); /* what succeeded is there */
    else
        g_assert_true(g_strcmp0(text, "one") == 0 || g_strcmp0(text, large) == 0);
    g_assert_cmpint(store_write(&b->store, "rec", "rec", slice_of("three"), got, &two), ==, ERROR_NONE);
    assert_value(b, "three");
    g_free(text);
    g_free(large);
    bench_free(b);
    return inside;
}

static void store_survives_failure_and_power_cut_at_every_call(void)
{
    static const int errors[] = { ENOSPC, EIO };
    int points = 0;
    for (size_t e = 0; e < 2; e++)
        for (int cut = 0; cut < 2; cut++)
            for (int lucky = 0; lucky < 2; lucky++)
                for (int n = 1; update_with_failure(n, errors[e], cut, lucky); n++)
                    points++;
    g_test_message("%d points", points);
    g_assert_cmpint(points, >=, 8 * 8);
}

/* Every pair of state and event: letters of the next state, '.' refused. Rows: none, PROVISIONED .. ERASED. Columns: package, activate, suspend, block,
 * erase, anomaly, order to block, to unblock, to migrate, to erase. */
static void lifecycle_has_these_arrows_and_no_other(void)
{
    static const char letters[] = ".PASBME";
    static const char *const was_provisioned[] = { "P.........", "PA.BEBB.ME", "A.SBEBB.ME", "SA.BEBB.ME", "P...E..P.E", "....E....E", "P........." };
    static const char *const was_active[] = { "P.........", "PA.BEBB.ME", "A.SBEBB.ME", "SA.BEBB.ME", "S...E..S.E", "....E....E", "P........." };
    for (int from = LIFECYCLE_NONE; from <= MID_ERASED; from++)
        for (int e = 0; e < LIFECYCLE_EVENTS; e++)
            for (int before = MID_PROVISIONED; before <= MID_SUSPENDED; before++) {
                const char *row = (before == MID_PROVISIONED ? was_provisioned : was_active)[from];
                g_assert_cmpint(letters[lifecycle_next(from, (enum mid_state)before, (enum lifecycle_event)e)], ==, row[e]);
            }
    g_assert_cmpint(lifecycle_next(-1, MID_ACTIVE, LIFECYCLE_PACKAGE) + lifecycle_next(MID_ERASED + 1, MID_ACTIVE, LIFECYCLE_PACKAGE), ==, LIFECYCLE_NONE);
    g_assert_cmpint(lifecycle_next(MID_ACTIVE, MID_ACTIVE, (enum lifecycle_event)LIFECYCLE_EVENTS), ==, LIFECYCLE_NONE);
}

static void requests_are_the_events_of_this_gateway_only(void)
{
    static const int expected[] = { -1, -1, LIFECYCLE_ACTIVATE, LIFECYCLE_SUSPEND, LIFECYCLE_BLOCK, -1, LIFECYCLE_ERASE };
    for (int to = MID_PROVISIONED; to <= MID_ERASED; to++) {
        enum lifecycle_event e = LIFECYCLE_PACKAGE;
        g_assert_cmpint(lifecycle_request((enum mid_state)to, &e) ? (int)e : -1, ==, expected[to]);
    }
}

/* A counter whose answers get lost. */
static struct {
    uint64_t value;
    bool lose_before, lose_after;
} nv;

static enum error_code counter_read(struct backend *b, uint64_t *value)
{
    (void)b;
    *value = nv.value;
    return ERROR_NONE;
}

static enum error_code counter_step(struct backend *b)
{
    (void)b;
    if (nv.lose_before)
        return ERROR_TPM;
    nv.value++;
    return nv.lose_after ? ERROR_TPM : ERROR_NONE;
}

static uint64_t anchored_record; /* counter of the last one that was written */

static enum error_code anchored_write(struct store *s, const char *value)
{
    uint64_t before = anchored_record;
    enum error_code rc = store_write(s, "rec", "rec", slice_of(value), 0, &anchored_record);
    g_assert_cmpuint(anchored_record, >, before);
    return rc;
}

static void anchored_value(struct bench *b, struct backend *backend, const char *expected)
{
    struct anchor a;
    struct store s = { &b->vfs, &b->seal, &a };
    uint8_t *plain;
    size_t len;
    uint64_t record;
    g_assert_cmpint(anchor_load(&a, backend, &s), ==, ERROR_NONE);
    g_assert_cmpint(store_read(&s, "rec", "rec", 0, &plain, &len, &record), ==, ERROR_NONE);
    assert_octets(plain, len, expected, strlen(expected));
    store_release(plain, len);
}

/* Whatever becomes of the counter's answer, the next start finds the last value that was accepted, or the one after it, and takes neither for an old copy. */
static void anchor_survives_lost_answers(void)
{
    static const struct backend_table table = { .counter_read = counter_read, .counter_step = counter_step };
    struct backend backend = { .table = &table };
    struct bench *b = bench_new();
    struct anchor a;
    struct store s = { &b->vfs, &b->seal, &a };
    nv.value = 41;
    g_assert_cmpint(anchor_load(&a, &backend, &s), ==, ERROR_NONE);
    g_assert_true(a.missing);
    g_assert_cmpint(anchored_write(&s, "one"), ==, ERROR_NONE);
    g_assert_cmpuint(nv.value, ==, 42);
    for (int after = 0; after < 2; after++) {
        nv.lose_before = !after;
        nv.lose_after = after;
        g_assert_cmpint(anchored_write(&s, "lost"), ==, ERROR_TPM);
        nv.lose_before = nv.lose_after = false;
        g_assert_cmpint(anchored_write(&s, after ? "three" : "two"), ==, ERROR_NONE);
        g_assert_cmpuint(a.value, ==, nv.value);
        anchored_value(b, &backend, after ? "three" : "two");
    }
    nv.lose_after = true;
    g_assert_cmpint(anchored_write(&s, "four"), ==, ERROR_TPM);
    nv.lose_after = false;
    anchored_value(b, &backend, "four"); /* the machine ends here */
    g_assert_cmpint(anchor_load(&a, &backend, &s), ==, ERROR_NONE);
    store_erase(&s, "rec", 0); /* a name that is used again: its old values stay old */
    g_assert_cmpint(anchored_write(&s, "new"), ==, ERROR_NONE);
    anchored_value(b, &backend, "new");
    nv.value++;
    g_assert_cmpint(anchor_load(&a, &backend, &s), ==, ERROR_ROLLED_BACK);
    nv.value -= 2; /* another step of the disk than one ahead is none of ours */
    g_assert_cmpint(anchor_load(&a, &backend, &s), ==, ERROR_NONE);
    nv.value -= 2;
    g_assert_cmpint(anchor_load(&a, &backend, &s), ==, ERROR_ROLLED_BACK);
    bench_free(b);
}

static struct tre *tre_make(const char *pin)
{
    struct tre *t = g_new0(struct tre, 1);
    struct mem *m = g_new0(struct mem, 1);
    t->vfs = mem_vfs(m);
    t->store = (struct store){ &t->vfs, &t->seal };
    t->state = TRE_READY;
    t->backend = support_backend();
    g_assert_cmpint(seal_create(&t->seal, t->backend, &t->vfs, (struct slice){ NULL, 0 }), ==, ERROR_NONE);
    struct identity id = { .gateway_id = "gw", .pfc = { .len = 1 }, .transport = { .len = 1 } };
    struct identity_secrets secrets = { .pin = slice_of(pin), .pfc_key = slice_of("x"), .transport_key = slice_of("x") };
    g_assert_cmpint(identity_create(&id, &secrets, &t->store), ==, ERROR_NONE);
    g_assert_cmpint(identity_create(&id, &secrets, &t->store), ==, ERROR_EXISTS);
    struct registry first = { .counter = 0 };
    g_assert_cmpint(registry_commit(&t->registry, &first, &t->store), ==, ERROR_NONE);
    return t;
}

static void tre_unmake(struct tre *t)
{
    g_free(t->vfs.ctx);
    seal_close(&t->seal);
    g_free(t);
}

static uint8_t mac_octets[20];

static struct slice mac_of(const json_t *auth)
{
    const char *text = json_string_value(json_object_get(auth, "mac"));
    g_assert_nonnull(text);
    for (size_t i = 0; i < 20; i++)
        mac_octets[i] = (uint8_t)(g_ascii_xdigit_value(text[2 * i]) * 16 + g_ascii_xdigit_value(text[2 * i + 1]));
    return (struct slice){ mac_octets, 20 };
}

static const char *text_or(const json_t *o, const char *field, const char *other)
{
    const char *s = json_string_value(json_object_get(o, field));
    return s ? s : other;
}

/* Each accepted vector with SEC 0..2: the MAC of its index fits; every flipped bit of document or MAC, and every other SEC, is refused. */
static int push_check_vector(const json_t *v)
{
    json_t *auth = json_object_get(v, "auth");
    int sec = json_is_integer(json_object_get(auth, "sec")) ? (int)json_integer_value(json_object_get(auth, "sec")) : -1;
    if (sec < 0 || sec > 2 || strcmp(text_or(v, "verdict", ""), "accept") != 0 || strcmp(text_or(v, "kind", ""), "valid") != 0)
        return 0;
    char *file = g_strdup_printf("oma/%s.wbxml", text_or(v, "name", ""));
    char *path = g_build_filename(g_getenv("AGENT_VECTORS") ? g_getenv("AGENT_VECTORS") : TEST_VECTORS, file, NULL);
    bool there = g_file_test(path, G_FILE_TEST_EXISTS);
    g_free(path);
    if (!there) { /* a textual document */
        g_free(file);
        return 0;
    }
    GBytes *document = support_file(file);
    g_free(file);
    struct tre *t = tre_make(text_or(auth, "pin", "1234"));
    gsize len;
    uint8_t *copy = g_memdup2(g_bytes_get_data(document, NULL), g_bytes_get_size(document));
    len = g_bytes_get_size(document);
    uint8_t hash[32] = { 0 }, left;
    struct push p = { .sec = (uint8_t)sec, .mac = mac_of(auth), .message = { hash, 32 }, .imsi = slice_of(text_or(auth, "imsi", "")), .document = { copy, len } };
    g_assert_cmpint(push_verify(t, &p, &left), ==, ERROR_NONE);
    g_assert_cmpint(left, ==, 3);
    for (size_t bit = 0; bit < (len + 20) * 8; bit++) {
        uint8_t *at = bit < len * 8 ? &copy[bit / 8] : &mac_octets[bit / 8 - len];
        *at ^= (uint8_t)(1u << bit % 8);
        g_assert_cmpint(push_verify(t, &p, &left), ==, ERROR_MAC_MISMATCH);
        *at ^= (uint8_t)(1u << bit % 8);
    }
    p.sec = (uint8_t)((sec + 1) % 3);
    g_assert_cmpint(push_verify(t, &p, &left), !=, ERROR_NONE);
    g_free(copy);
    g_bytes_unref(document);
    tre_unmake(t);
    return 1;
}

static void push_accepts_the_vectors_and_no_flipped_bit(void)
{
    json_t *all = support_vectors("oma/index-cp.json"), *vectors = json_object_get(all, "vectors");
    int done = 0;
    for (size_t i = 0; i < json_array_size(vectors); i++)
        done += push_check_vector(json_array_get(vectors, i));
    g_test_message("%d vectors", done);
    g_assert_cmpint(done, >=, 8);
    uint8_t key[8];
    struct slice odd = support_hex(all, "imsi_key_hex"), even = support_hex(all, "imsi14_key_hex");
    assert_octets(key, push_imsi_key(slice_of(text_or(all, "imsi", "")), key), odd.data, odd.len);
    assert_octets(key, push_imsi_key(slice_of(text_or(all, "imsi14", "")), key), even.data, even.len);
    g_free((void *)(uintptr_t)odd.data);
    g_free((void *)(uintptr_t)even.data);
    json_decref(all);
    g_assert_cmpuint(push_imsi_key(slice_of("12345"), key), ==, 0);
    g_assert_cmpuint(push_imsi_key(slice_of("1234567890123456"), key), ==, 0);
    g_assert_cmpuint(push_imsi_key(slice_of("26201123456789a"), key), ==, 0);
}

/* A token that was given out is there after a power cut; a spent one is not. */
/* In any order of keys: the kept one is that of the call, a secret one leaves nothing, what is no key gives no MAC. */
static void macs_are_under_the_key_of_the_call(void)
{
    static const char *const keys[] = { "262011", "262011", "2620112", "262011", "12345678", "262011", "", "123456789", "262011" };
    static const uint8_t none[HMAC_SHA1_LEN];
    uint8_t data[300], mac[2][HMAC_SHA1_LEN], want[HMAC_SHA1_LEN];
    memset(data, 'd', sizeof data);
    for (size_t i = 0; i < 8 * G_N_ELEMENTS(keys); i++) {
        const char *text = keys[i % G_N_ELEMENTS(keys)];
        struct slice key = { (const uint8_t *)text, strlen(text) }, document = { data, 37 * i % sizeof data };
        bool good = key.len > 0, kept = good && key.len <= HMAC_KEPT_KEY_MAX;
        g_assert_true(hmac_sha1_kept(key, document, mac[0]) == kept);
        g_assert_true(hmac_sha1(key, document, mac[1]) == good);
        g_assert_nonnull(HMAC(EVP_sha1(), key.data, (int)key.len, document.data, document.len, want, NULL));
        g_assert_cmpmem(mac[0], sizeof mac[0], kept ? want : none, sizeof want);
        g_assert_cmpmem(mac[1], sizeof mac[1], good ? want : none, sizeof want);
    }
}

static void tokens_survive_power_cuts(void)
{
    for (int n = 1; n < 30; n++) {
        struct tre *t = tre_make("1234");
        struct mem *m = t->vfs.ctx;
        uint8_t token[32], again[32];
        m->calls = 0;
        m->fail_at = n;
        m->cut = true;
        bool given = token_open(t, "usim", token) == ERROR_NONE;
        bool spent = given && token_spend(t, "usim") == ERROR_NONE;
        mem_power_cut(m, n % 2);
        g_assert_cmpint(registry_load(&t->registry, &t->store), ==, ERROR_NONE);
        struct token_row *row = registry_token(&t->registry, "usim");
        if (spent)
            g_assert_null(row);
        if (given && row)
            assert_octets(row->value, 32, token, 32);
        g_assert_cmpint(token_open(t, "usim", again), ==, ERROR_NONE);
        tre_unmake(t);
    }
}

/* A record as the first format had it: no reasons, no policy of erasing, no orders. */
static void registry_reads_the_first_format(void)
{
    struct tre *t = tre_make("1234");
    uint8_t plain[8192], zeros[256] = { 0 };
    struct writer w = writer_make(plain, sizeof plain);
    struct registry loaded;
    uint64_t counter;
    writer_u8(&w, 1);
    for (size_t i = 0; i < REGISTRY_TOKENS; i++)
        writer_put(&w, zeros, 2 + TRE_TOKEN_LEN + 2); /* context, value, nonce */
    writer_put(&w, zeros, 4 + REGISTRY_TRIES);
    for (size_t i = 0; i < TRE_MID_MAX; i++) {
        fields_put_text(&w, i == 1 ? "mid-1" : "");
        writer_u8(&w, MID_ISIM);
        writer_u32(&w, 3);
        writer_u8(&w, MID_SUSPENDED);
        fields_put_text(&w, "SHO");
        writer_u8(&w, MID_TUAK);
        writer_u64(&w, 9);
        fields_put_text(&w, "usim");
        writer_put(&w, "\2\1\1", 3);
        writer_u64(&w, 77);
        writer_put(&w, zeros, 2 * HASH_LEN);
        writer_u64(&w, 5);
    }
    g_assert_cmpint(store_write(&t->store, "registry", "registry", writer_slice(&w), t->registry.counter, &counter), ==, ERROR_NONE);
    g_assert_cmpint(registry_load(&loaded, &t->store), ==, ERROR_NONE);
    const struct mid_row *m = registry_mid(&loaded, "mid-1");
    g_assert_nonnull(m);
    g_assert_cmpint(m->entry.state * 10 + m->entry.reason, ==, MID_SUSPENDED * 10 + MID_BY_REQUEST);
    g_assert_true(m->record == 77 && m->key == 0 && m->changed == 5 && !m->order_only && m->share_mide);
    g_assert_cmpint(registry_commit(&t->registry, &loaded, &t->store), ==, ERROR_NONE); /* and is stored in the newest */
    g_assert_cmpint(registry_load(&loaded, &t->store), ==, ERROR_NONE);
    g_assert_nonnull(registry_mid(&loaded, "mid-1"));
    tre_unmake(t);
}

/* Each issuer has its row; one without MIDs gives way, one with MIDs never does. */
static void order_rows_are_those_of_issuers_with_mids(void)
{
    struct registry r = { .counter = 0 };
    for (size_t i = 0; i < TRE_MID_MAX; i++) {
        (void)g_snprintf(r.mids[i].entry.id, sizeof r.mids[i].entry.id, "m%zu", i);
        (void)g_snprintf(r.mids[i].entry.issuer, sizeof r.mids[i].entry.issuer, "SHO %zu", i);
        registry_order(&r, r.mids[i].entry.issuer)->sequence = i + 1;
    }
    for (size_t i = 0; i < TRE_MID_MAX; i++)
        g_assert_cmpuint(registry_order(&r, r.mids[i].entry.issuer)->sequence, ==, i + 1);
    g_strlcpy(r.mids[5].entry.issuer, "another", sizeof r.mids[5].entry.issuer);
    g_assert_true(registry_knows(&r, "another") && !registry_knows(&r, "SHO 5"));
    g_assert_cmpuint(registry_order(&r, "another")->sequence, ==, 0);
    for (size_t i = 0; i < TRE_MID_MAX; i++)
        g_assert_cmpuint(registry_order(&r, r.mids[i].entry.issuer)->sequence, ==, i == 5 ? 0 : i + 1);
}

static void registry_reads_back_what_it_wrote(void)
{
    struct tre *t = tre_make("1234");
    struct registry next = t->registry, loaded;
    next.mids[7] = (struct mid_row){ .entry = { .id = "last", .type = MID_ISIM, .version = 7, .state = MID_BLOCKED, .issuer = "I", .not_after = 9,
                                                .context = "usim" },
                                     .previous = MID_ACTIVE, .share_mide = true, .order_only = true, .record = 77, .key = 78, .package_hash = { 1 }, .token_hash = { 2 }, .changed = 3 };
    next.mids[7].entry.reason = MID_BY_ORDER;
    next.orders[7] = (struct order_row){ .issuer = "I", .sequence = UINT64_MAX, .hash = { 4 }, .result = MID_DAMAGED };
    next.tokens[3] = (struct token_row){ .context = "m2m", .value = { 9 }, .nonce = { 8 }, .nonce_len = 64 };
    next.tries[63] = (struct tries_row){ .message = { 7 }, .wrong = 2 };
    next.guesses = 5;
    next.tries_next = 6;
    struct registry copy = next;
    g_assert_cmpint(registry_commit(&t->registry, &next, &t->store), ==, ERROR_NONE);
    g_assert_cmpint(registry_load(&loaded, &t->store), ==, ERROR_NONE);
    copy.counter = loaded.counter;
    g_assert_cmpint(memcmp(&copy.mids[7].entry, &loaded.mids[7].entry, sizeof copy.mids[7].entry), ==, 0);
    g_assert_cmpint(loaded.mids[7].previous, ==, MID_ACTIVE);
    g_assert_true(loaded.mids[7].share_mide && loaded.mids[7].order_only && !loaded.mids[7].session_check);
    assert_octets(copy.orders, sizeof copy.orders, loaded.orders, sizeof loaded.orders);
    g_assert_cmpuint(loaded.mids[7].record, ==, 77);
    g_assert_cmpuint(loaded.mids[7].key, ==, 78);
    g_assert_cmpuint(loaded.mids[7].changed, ==, 3);
    assert_octets(copy.tokens, sizeof copy.tokens, loaded.tokens, sizeof loaded.tokens);
    assert_octets(copy.tries, sizeof copy.tries, loaded.tries, sizeof loaded.tries);
    g_assert_cmpint(loaded.guesses * 10 + loaded.tries_next, ==, 56);
    tre_unmake(t);
}

struct notification_case { /* one vector with the account that its receiver has */
    struct slice account, body;
};

static enum error_code judge(const struct notification_case *c, unsigned readings)
{
    enum tre_nonce nonce = TRE_NONCE_STORED;
    enum error_code rc = notification_verify(c->account, c->body, readings, &nonce);
    if (rc == ERROR_NONE)
        g_assert_true(nonce == TRE_NONCE_STORED || (nonce & readings));
    return rc;
}

/* Each octet cut, each bit changed: refused, whatever readings of the default nonce are allowed. */
static void refuses_all_others(const struct notification_case *c)
{
    uint8_t *data = (uint8_t *)(uintptr_t)c->body.data;
    for (size_t len = 0; len < c->body.len; len++)
        g_assert_cmpint(judge(&(struct notification_case){ c->account, { data, len } }, 3), !=, ERROR_NONE);
    for (size_t bit = 0; bit < c->body.len * 8; bit++) {
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        g_assert_cmpint(judge(c, 3), !=, ERROR_NONE);
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* A digest that is right for a secret or a nonce that is not there proves nothing. */
static void notification_needs_secret_and_nonce(void)
{
    static const uint8_t trigger[] = { 0x02, 0xc8, 0, 0, 0, 0, 1, 1, 's' };
    static const struct {
        const char *secret;
        size_t nonce_len, given_len; /* given: the one that went out last */
        enum error_code rc;
    } rows[] = { { "secret", 4, 0, ERROR_NONE }, { "", 4, 0, ERROR_NOT_FOUND }, { "secret", 0, 0, ERROR_MAC_MISMATCH }, { "secret", 0, 4, ERROR_NONE } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dm_account a = { .server_id = "s", .server.nonce = "abc", .server.nonce_len = rows[i].nonce_len, .given = "abc", .given_len = rows[i].given_len };
        struct slice known = { a.given, rows[i].nonce_len + rows[i].given_len };
        uint8_t octets[SETTINGS_OCTETS_MAX], body[16 + sizeof trigger];
        char digest[DM_DIGEST_CAP];
        size_t len;
        struct writer w = writer_make(octets, sizeof octets);
        g_strlcpy(a.server.secret, rows[i].secret, sizeof a.server.secret);
        dm_account_write(&w, &a);
        g_assert_true(dm_digest_hmac("s", a.server.secret, known, (struct slice){ trigger, sizeof trigger }, digest));
        g_assert_true(text_base64_decode(slice_of(digest), body, 16, &len) && len == 16);
        memcpy(&body[16], trigger, sizeof trigger);
        g_assert_cmpint(judge(&(struct notification_case){ writer_slice(&w), { body, sizeof body } }, 0), ==, rows[i].rc);
    }
}

/* The receiver of the vectors has com.example.dm and com.mgmtsrv.manage; those of the default nonce come when its own one is another. */
static void notifications_are_those_of_the_vectors(void)
{
    json_t *index = support_vectors("oma/index-dm.json"), *v;
    size_t i, good = 0;
    json_array_foreach(json_object_get(index, "package0"), i, v) {
        const char *name = json_string_value(json_object_get(v, "name"));
        bool by_default = strstr(name, "_defnonce_") != NULL, unknown = strstr(name, "unknown_server") != NULL, text = strstr(name, "ascii") != NULL;
        struct slice nonce = support_hex(v, "nonce_hex"), body = support_hex(v, "package0_hex");
        struct dm_account a = { .server.nonce = { 1, 2, 3 }, .server.nonce_len = 16 };
        uint8_t octets[SETTINGS_OCTETS_MAX];
        struct writer w = writer_make(octets, sizeof octets);
        g_strlcpy(a.server_id, unknown ? "com.example.dm" : json_string_value(json_object_get(v, "server_id")), sizeof a.server_id);
        g_strlcpy(a.server.secret, json_string_value(json_object_get(v, "server_password")), sizeof a.server.secret);
        if (!by_default)
            memcpy(a.server.nonce, nonce.data, a.server.nonce_len = nonce.len);
        dm_account_write(&w, &a);
        struct notification_case c = { writer_slice(&w), body };
        bool accept = strcmp(json_string_value(json_object_get(v, "verdict")), "accept") == 0;
        g_test_message("%s", name);
        g_assert_cmpint(judge(&c, 0) == ERROR_NONE, ==, accept && !by_default);
        g_assert_cmpint(judge(&c, TRE_NONCE_ZERO) == ERROR_NONE, ==, accept); /* the standard's nonce, as the vectors read it */
        g_assert_cmpint(judge(&c, TRE_NONCE_TEXT) == ERROR_NONE, ==, text || (accept && !by_default));
        if (unknown)
            g_assert_cmpint(judge(&c, 3), ==, ERROR_NOT_FOUND);
        if (accept || text) {
            refuses_all_others(&c);
            good++;
        }
        a.server.secret[0] = '\0';
        w = writer_make(octets, sizeof octets);
        dm_account_write(&w, &a);
        g_assert_cmpint(judge(&(struct notification_case){ writer_slice(&w), body }, 3), !=, ERROR_NONE);
        g_free((void *)(uintptr_t)nonce.data);
        g_free((void *)(uintptr_t)body.data);
    }
    g_assert_cmpint(judge(&(struct notification_case){ { NULL, 0 }, { NULL, 0 } }, 3), !=, ERROR_NONE);
    g_assert_cmpuint(good, ==, 5);
    json_decref(index);
}

int main(int argc, char **argv)
{
    heap_start();
    g_test_init(&argc, &argv, NULL);
    log_set(LOG_LEVEL_ERROR, LOG_TARGET_STDERR, NULL);
    g_test_add_func("/tred/anchor", anchor_survives_lost_answers);
    g_test_add_func("/tred/seal", seal_opens_only_what_it_closed);
    g_test_add_func("/tred/store/slots", store_keeps_the_newest_and_the_kept);
    g_test_add_func("/tred/store/damage", store_never_gives_a_damaged_value);
    g_test_add_func("/tred/store/failures", store_survives_failure_and_power_cut_at_every_call);
    g_test_add_func("/tred/registry", registry_reads_back_what_it_wrote);
    g_test_add_func("/tred/tokens/power", tokens_survive_power_cuts);
    g_test_add_func("/tred/lifecycle/tre_R6_matrix", lifecycle_has_these_arrows_and_no_other);
    g_test_add_func("/tred/lifecycle/requests", requests_are_the_events_of_this_gateway_only);
    g_test_add_func("/tred/registry/orders", order_rows_are_those_of_issuers_with_mids);
    g_test_add_func("/tred/registry/first format", registry_reads_the_first_format);
    g_test_add_func("/tred/hmac", macs_are_under_the_key_of_the_call);
    g_test_add_func("/tred/push/vectors", push_accepts_the_vectors_and_no_flipped_bit);
    g_test_add_func("/tred/notification/secret and nonce", notification_needs_secret_and_nonce);
    g_test_add_func("/tred/notification/vectors", notifications_are_those_of_the_vectors);
    return g_test_run();
}
