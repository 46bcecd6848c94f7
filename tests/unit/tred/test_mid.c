/* SPDX-License-Identifier: Apache-2.0 */
/* The MID on disk beyond installation: what an erasure leaves (R20), and sequence numbers under a power cut at every changing system call. The other
 * steps are in tests/fault. */
#include <string.h>

#include "base/log.h"
#include "mid_bench.h"
#include "tred/heap.h"
#include "tred/mide.h"

/* R20: no name of the erased MID is left, and what its files held is zero. */
static void tre_R20_erased_octets_are_overwritten(void)
{
    struct mem *m = g_memdup2(&mid_bench_active, sizeof *m);
    struct tre *t = mid_bench_start(m);
    const struct mid_row *row;
    int content = -1;
    for (size_t i = 0; i < MEM_FILES; i++)
        if (g_str_has_prefix(m->now[i].name, "mid1."))
            content = m->now[i].content;
    g_assert_cmpint(content, >=, 0);
    g_assert_cmpint(mid_set_state(t, "mid-1", MID_ERASED, &row), ==, ERROR_NONE);
    for (size_t i = 0; i < m->contents[content].len; i++)
        g_assert_cmpint(m->contents[content].data[i], ==, 0);
    g_assert_true(m->contents[content].synced); /* before the name went */
    for (size_t i = 0; i < MEM_FILES; i++)
        g_assert_false(g_str_has_prefix(m->now[i].name, "mid1"));
    mid_bench_stop(t);
    g_free(m);
}

/* AUTN of a SQN for the key of mid_package.py (TS 35.208 set 1), made by the engine's own algorithms. */
static void autn_make(uint64_t sqn, const uint8_t rand[16], uint8_t autn[16])
{
    static const uint8_t k[] = { 0x46, 0x5b, 0x5c, 0xe8, 0xb1, 0x99, 0xb4, 0x9f, 0xaa, 0x5f, 0x0a, 0x2e, 0xe2, 0x38, 0xa6, 0xbc };
    static const uint8_t opc[] = { 0xcd, 0x63, 0xcb, 0x71, 0x95, 0x4a, 0x9f, 0x4e, 0x48, 0xa5, 0x99, 0x4e, 0x37, 0xa0, 0x2b, 0xaf };
    static const uint8_t amf[2] = { 0x80, 0 };
    struct aka_profile p = { .algorithm = MID_MILENAGE, .iterations = 1, .res_len = 8, .k = { k, 16 }, .op = { opc, 16 } };
    struct aka a;
    struct aka_out out;
    uint8_t octets[6];
    sqn_to(sqn, octets);
    g_assert_true(aka_open(&a, &p) && aka_f2345(&a, rand, &out) && aka_f1(&a, &out, octets, amf, &autn[8], NULL));
    for (size_t i = 0; i < 6; i++)
        autn[i] = octets[i] ^ out.ak[i];
    memcpy(&autn[6], amf, 2);
    aka_close(&a);
}

/* 0: not answered; else the verdict + 1. */
static int ask(struct tre *t, uint64_t sqn)
{
    static const uint8_t rand[16] = { 1 };
    uint8_t autn[16], auts[14];
    struct engine *e;
    struct aka_out out;
    enum aka_verdict verdict;
    autn_make(sqn, rand, autn);
    if (mide_open(t, "mid-1", &e) || mide_authenticate(t, e, rand, autn, &verdict, &out, auts))
        return 0;
    return (int)verdict + 1;
}

enum { BURST = 24 };

/* True while the n-th call is inside the burst. */
static bool burst_cut_at(int n, bool cut, bool lucky)
{
    struct mem *m = g_memdup2(&mid_bench_active, sizeof *m);
    struct tre *t = mid_bench_start(m);
    uint64_t answered[BURST], count = 0, next = 0;
    m->calls = 0;
    m->fail_at = n;
    m->fail_errno = 28; /* ENOSPC */
    m->cut = cut;
    for (next = 32; next <= 32 * BURST; next += 33) /* SEQ and IND grow both */
        if (ask(t, next) == AKA_OK + 1)
            answered[count++] = next;
    if (n % 2)
        mide_close_all(t); /* the burst is over, and its true numbers are stored */
    bool inside = m->calls >= n;
    if (!inside)
        g_assert_cmpuint(count, ==, (32 * BURST - 32) / 33 + 1);
    if (!cut)
        m->fail_at = 0;
    mide_close_all(t);
    mid_bench_stop(t);
    mem_power_cut(m, lucky);
    t = mid_bench_start(m);
    g_assert_false(t->mid_damaged);
    for (uint64_t i = 0; i < count; i++)
        g_assert_cmpint(ask(t, answered[i]), ==, AKA_SYNC + 1);
    struct engine *e;
    g_assert_cmpint(mide_open(t, "mid-1", &e), ==, ERROR_NONE);
    g_assert_cmpint(ask(t, next + 32 * 64), ==, AKA_OK + 1); /* never further away than the ceiling's reserve */
    mide_close_all(t);
    mid_bench_stop(t);
    g_free(m);
    return inside;
}

static void power_fails_at_every_call_of_a_burst(void)
{
    int points = 0;
    for (int mode = 0; mode < 4; mode++)
        for (int n = 1; burst_cut_at(n, mode & 1, mode & 2); n++)
            points++;
    g_test_message("%d points", points);
    g_assert_cmpint(points, >, 100);
}

int main(int argc, char **argv)
{
    heap_start();
    g_test_init(&argc, &argv, NULL);
    log_set(LOG_LEVEL_ERROR, LOG_TARGET_STDERR, NULL);
    mid_bench_setup();
    g_test_add_func("/mid/power/authenticate", power_fails_at_every_call_of_a_burst);
    g_test_add_func("/mid/tre_R20_erased_octets_are_overwritten", tre_R20_erased_octets_are_overwritten);
    int rc = g_test_run();
    mid_bench_end();
    return rc;
}
