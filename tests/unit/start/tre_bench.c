/* SPDX-License-Identifier: Apache-2.0 */
/* Owns one struct tre without a process. */
#include "tre_bench.h"

#include <glib.h>
#include <string.h>

#include "../tred/support.h"
#include "model/push_sec.h"
#include "tred/derive.h"
#include "tred/push.h"

struct tre_bench {
    struct mem mem;
    struct tre tre;
};

static struct slice slice_of(const char *text)
{
    return (struct slice){ (const uint8_t *)text, text ? strlen(text) : 0 };
}

struct tre_bench *tre_bench_new(const char *pin)
{
    struct tre_bench *b = g_new0(struct tre_bench, 1);
    b->tre.backend = support_backend();
    b->tre.vfs = mem_vfs(&b->mem);
    b->tre.store = (struct store){ &b->tre.vfs, &b->tre.seal };
    b->tre.state = TRE_READY;
    g_assert_cmpint(seal_create(&b->tre.seal, b->tre.backend, &b->tre.vfs, (struct slice){ NULL, 0 }), ==, ERROR_NONE);
    struct identity id = { .gateway_id = "gw", .pfc = { .len = 1 }, .transport = { .len = 1 } };
    struct identity_secrets secrets = { .pin = slice_of(pin), .pfc_key = slice_of("x"), .transport_key = slice_of("x") };
    g_assert_cmpint(identity_create(&id, &secrets, &b->tre.store), ==, ERROR_NONE);
    b->tre.identity = id;
    struct registry first = { .counter = 0 };
    g_assert_cmpint(registry_commit(&b->tre.registry, &first, &b->tre.store), ==, ERROR_NONE);
    return b;
}

void tre_bench_free(struct tre_bench *b)
{
    seal_close(&b->tre.seal);
    g_free(b);
}

static enum error_code verify(struct tre_bench *b, const struct push *p)
{
    uint8_t left;
    return push_verify(&b->tre, p, &left);
}

static void fill_up(struct tre_bench *b)
{
    memset(b->tre.registry.tries, 0, sizeof b->tre.registry.tries);
    b->tre.registry.guesses = 1;
    b->tre.unit_left = 1000;
}

enum error_code tre_bench_verify(struct tre_bench *b, uint8_t sec, struct slice mac, const char *imsi, const char *typed, struct slice document)
{
    static const uint8_t hash[HASH_LEN] = { 1 };
    fill_up(b);
    return verify(b, &(struct push){ .sec = sec, .mac = mac, .message = { hash, HASH_LEN }, .imsi = slice_of(imsi), .typed = slice_of(typed),
                                     .document = document });
}

enum error_code tre_bench_instruction(struct tre_bench *b, struct slice mac, struct slice covered)
{
    uint8_t request[1024], answer[8];
    struct writer w = writer_make(request, sizeof request), out = writer_make(answer, sizeof answer);
    writer_put(&w, mac.data, mac.len);
    writer_put(&w, covered.data, covered.len);
    struct reader in = reader_make(request, w.len);
    fill_up(b);
    return w.failed ? ERROR_TOO_LARGE : derive_verify_instruction(&b->tre, &in, &out);
}

enum error_code tre_bench_after(struct tre_bench *b, uint64_t wrong, uint64_t ms, struct slice good_mac, struct slice document)
{
    static const uint8_t hash[HASH_LEN] = { 1 }, bad[PUSH_MAC_LEN];
    struct push p = { .sec = PUSH_USERPIN, .mac = { bad, PUSH_MAC_LEN }, .message = { hash, HASH_LEN }, .document = document };
    while (wrong--)
        g_assert_cmpint(verify(b, &p), ==, ERROR_MAC_MISMATCH);
    b->tre.refilled_ms -= ms;
    p.mac = good_mac;
    return verify(b, &p);
}
