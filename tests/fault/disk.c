/* SPDX-License-Identifier: Apache-2.0 */
/* The disk fails, or the power does, at every changing system call of every step; images of power cuts by the dice; every octet on disk changed once.
 * Always: exactly one readable MID, the old or the new one, and the other one untouched. FAULT_SEED and FAULT_IMAGES change dice and count. */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "journal.h"
#include "key_steps.h"
#include "steps.h"
#include "tred/heap.h"
#include "tred/lifecycle.h"

enum { IMAGES = 10000, AGAIN_EVERY = 50 };

struct fault {
    int error; /* of the call that fails; -1: killed there, every later call fails too */
    bool lucky; /* what was not synced has arrived all the same */
};

static void restart_and_check(struct mem *m, enum step s, bool done)
{
    struct tre *t = mid_bench_start(m);
    g_assert_false(t->mid_damaged);
    step_check(t, s, done);
    step_check_files(t);
    g_assert_true(step_seen(t, s) == step_after(s) || step_do(t, s)); /* and it can be done, or done again */
    step_check(t, s, true);
    step_check_files(t);
    mid_bench_stop(t);
}

/* The process goes on, and is asked again. The disk is then as it was before that. */
static void again(struct tre *t, struct mem *m, enum step s)
{
    struct mem *disk = g_memdup2(m, sizeof *m);
    m->fail_at = 0;
    g_assert_true(step_do(t, s));
    step_check(t, s, true);
    if (!lifecycle_holds_keys((enum mid_state)(step_after(s) % 10)))
        step_check_files(t);
    *m = *disk;
    g_free(disk);
}

/* True while call n is inside the step. */
static bool fails_at(enum step s, int n, const struct fault *f)
{
    struct mem *m = step_disk(s);
    struct tre *t = mid_bench_start(m);
    g_assert_cmpint(step_seen(t, s), ==, step_before(s));
    m->calls = 0;
    m->fail_at = n;
    m->fail_errno = f->error;
    m->cut = f->error < 0;
    bool done = step_do(t, s), inside = m->calls >= n;
    int seen = step_seen(t, s);
    g_assert_true(seen == step_after(s) || seen == step_before(s)); /* in the process that goes on, too */
    if (done && !lifecycle_holds_keys((enum mid_state)(seen % 10)))
        step_check_files(t); /* who says so has removed them */
    if (!m->cut)
        again(t, m, s);
    mid_bench_stop(t);
    mem_power_cut(m, f->lucky);
    restart_and_check(m, s, done);
    g_free(m);
    return inside;
}

static void every_call_fails_or_is_the_last(gconstpointer step)
{
    static const struct fault faults[] = { { ENOSPC, true }, { ENOSPC, false }, { EIO, true }, { EIO, false }, { EINTR, true }, { EINTR, false }, { -1, true }, { -1, false } };
    int points = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(faults); i++)
        for (int n = 1; fails_at((enum step)GPOINTER_TO_INT(step), n, &faults[i]); n++)
            points++;
    g_test_message("%s: %d points (ENOSPC, EIO, EINTR, kill)", step_name((enum step)GPOINTER_TO_INT(step)), points);
    g_assert_cmpint(points, >=, 5 * (int)G_N_ELEMENTS(faults)); /* one record alone: open, write, fsync, rename, fsync of the directory */
}

static guint from_environment(const char *name, guint otherwise)
{
    const char *text = g_getenv(name);
    return text ? (guint)strtoul(text, NULL, 10) : otherwise;
}

static void power_cuts_leave_the_old_or_the_new(void)
{
    guint images = from_environment("FAULT_IMAGES", IMAGES), seed = from_environment("FAULT_SEED", 1), kinds[2] = { 0 };
    GRand *dice = g_rand_new_with_seed(seed);
    for (guint s = 0, made = 0; s < STEPS; s++) {
        struct mem *m = step_disk((enum step)s);
        struct tre *t = mid_bench_start(m);
        struct journal *j = journal_new(m, &t->vfs);
        g_assert_true(step_do(t, (enum step)s));
        for (; made < images * (s + 1) / STEPS; made++) {
            struct mem *image = journal_image(j, (size_t)g_rand_int_range(dice, 0, (gint32)journal_length(j) + 1), dice);
            struct tre *after = mid_bench_start(image);
            g_assert_false(after->mid_damaged);
            step_check(after, (enum step)s, false);
            step_check_files(after);
            kinds[step_seen(after, (enum step)s) == step_after((enum step)s)]++;
            if (made % AGAIN_EVERY == 0)
                g_assert_true(step_seen(after, (enum step)s) == step_after((enum step)s) || step_do(after, (enum step)s));
            mid_bench_stop(after);
            g_free(image);
        }
        mid_bench_stop(t);
        journal_free(j);
        g_free(m);
    }
    g_rand_free(dice);
    g_test_message("%u images (seed %u): %u old, %u new", kinds[0] + kinds[1], seed, kinds[0], kinds[1]);
    g_assert_cmpuint(kinds[0] + kinds[1], ==, images);
    g_assert_true(images < 1000 || (kinds[0] > images / 10 && kinds[1] > images / 10)); /* the dice visit both */
}

static struct mem_content *content_of(struct mem *m, const char *name)
{
    for (size_t i = 0; i < MEM_FILES; i++)
        if (strcmp(m->now[i].name, name) == 0)
            return &m->contents[m->now[i].content];
    g_error("no file %s", name);
}

/* One octet of one file changed: the TRE starts, and what is seen of mid-1 and mid-2 is as given (states). */
static void flip(const char *name, size_t at, int first, int second)
{
    struct mem *m = step_disk(STEP_UPDATE);
    content_of(m, name)->data[at] ^= (uint8_t)(1u << at % 8);
    struct tre *t = mid_bench_start(m);
    g_assert_cmpint(t->state, ==, TRE_READY);
    g_assert_true(t->mid_damaged);
    g_assert_cmpint(mid_bench_seen(t, "mid-1") % 10, ==, first);
    g_assert_cmpint(mid_bench_seen(t, "mid-2") % 10, ==, second);
    mid_bench_stop(t);
    g_free(m);
}

static void every_octet_of_a_record_blocks_that_mid(void)
{
    static const struct {
        const char *prefix;
        int first, second;
    } rows[] = {
        { "mid1.", MID_BLOCKED, MID_PROVISIONED }, { "key1.", MID_BLOCKED, MID_PROVISIONED }, { "key0.", MID_ACTIVE, MID_BLOCKED }, { "sqn1.", MID_BLOCKED, MID_PROVISIONED }, { "mid0.", MID_ACTIVE, MID_BLOCKED },
        { "sqn0.", MID_ACTIVE, MID_BLOCKED },      { "registry.", MID_BLOCKED, MID_BLOCKED }, /* it may be an older one */
    };
    size_t octets = 0, files = 0;
    for (size_t r = 0; r < G_N_ELEMENTS(rows); r++)
        for (size_t i = 0; i < MEM_FILES; i++) {
            const char *name = mid_bench_active.now[i].name;
            if (!name[0] || !g_str_has_prefix(name, rows[r].prefix))
                continue;
            size_t len = mid_bench_active.contents[mid_bench_active.now[i].content].len;
            for (size_t at = 0; at < len; at++)
                flip(name, at, rows[r].first, rows[r].second);
            octets += len;
            files++;
        }
    g_test_message("%zu octets of %zu files", octets, files);
    g_assert_cmpuint(files, ==, 8);
}

/* Identity and device key: nothing can be trusted then, and nothing is served. */
static void every_octet_of_the_identity_blocks_the_tre(void)
{
    static const char *const files[] = { "identity.a", "device.key" };
    size_t octets = 0;
    for (size_t f = 0; f < G_N_ELEMENTS(files); f++) {
        size_t len = content_of(&mid_bench_active, files[f])->len;
        for (size_t at = 0; at < len; at++, octets++) {
            struct mem *m = step_disk(STEP_UPDATE);
            content_of(m, files[f])->data[at] ^= (uint8_t)(1u << at % 8);
            struct tre *t = mid_bench_start(m);
            g_assert_cmpint(t->state, ==, TRE_BLOCKED);
            mid_bench_stop(t);
            g_free(m);
        }
    }
    g_test_message("%zu octets", octets);
}

int main(int argc, char **argv)
{
    heap_start();
    g_test_init(&argc, &argv, NULL);
    log_set((enum log_level)0, LOG_TARGET_STDERR, NULL); /* what is damaged is told thousands of times */
    mid_bench_setup();
    key_steps_setup();
    for (int s = 0; s < STEPS; s++) {
        char *path = g_strdup_printf("/fault/calls/%s", step_name((enum step)s));
        g_test_add_data_func(path, GINT_TO_POINTER(s), every_call_fails_or_is_the_last);
        g_free(path);
    }
    g_test_add_func("/fault/power", power_cuts_leave_the_old_or_the_new);
    g_test_add_func("/fault/octets/record", every_octet_of_a_record_blocks_that_mid);
    g_test_add_func("/fault/octets/identity", every_octet_of_the_identity_blocks_the_tre);
    int rc = g_test_run();
    mid_bench_end();
    return rc;
}
