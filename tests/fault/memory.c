/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of each step, and of a start, fails once, until a run goes through without any left to fail: a clean error, the old MID in service, nothing
 * blocked, and the same step succeeds right afterwards. FAULT_STRIDE: only every so many-th (default 1). */
#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocation.h"
#include "base/log.h"
#include "key_steps.h"
#include "steps.h"
#include "tred/heap.h"

static unsigned stride(void)
{
    const char *text = g_getenv("FAULT_STRIDE");
    unsigned n = text ? (unsigned)strtoul(text, NULL, 10) : 1;
    return n ? n : 1;
}

enum outcome { DONE, REFUSED, DIED, OUT_OF_REACH };

/* libcrypto 3.0 follows NULL after some of its own failed allocations. That ends the process, which is no half state either; anywhere else it is a bug. */
static void on_fault(int signal)
{
    void *frames[8];
    int n = backtrace(frames, 8);
    (void)signal;
    for (int i = 1; i < n; i++) {
        Dl_info where;
        if (!dladdr(frames[i], &where) || !where.dli_fname || strstr(where.dli_fname, "libc.so"))
            continue; /* the frame of the signal */
        _exit(strstr(where.dli_fname, "libcrypto") ? DIED : 99);
    }
    _exit(99);
}

/* The step in the scope of a request, as the server runs it, with the n-th allocation failing; and once more in the process that goes on. */
static enum outcome step_without(struct mem *m, enum step s, unsigned n)
{
    struct tre *t = mid_bench_start(m);
    struct heap_scope scope;
    heap_scope_begin(&scope);
    allocation_fail(n);
    bool done = step_do(t, s), reached = allocation_count() >= n;
    allocation_fail(0);
    heap_scope_end(&scope);
    struct mem *disk = g_memdup2(m, sizeof *m);
    heap_scope_begin(&scope); /* the next request */
    step_check(t, s, done);
    g_assert_true(step_seen(t, s) == step_after(s) || step_do(t, s));
    step_check(t, s, true);
    heap_scope_end(&scope);
    *m = *disk;
    return !reached ? OUT_OF_REACH : done ? DONE : REFUSED;
}

/* In a process of its own over a disk that both see. */
static enum outcome child_without(struct mem *m, enum step s, unsigned n)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        (void)signal(SIGSEGV, on_fault);
        _exit((int)step_without(m, s, n));
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) > OUT_OF_REACH)
        g_error("%s: allocation %u: status %x", step_name(s), n, (unsigned)status);
    return (enum outcome)WEXITSTATUS(status);
}

/* What the next start finds; and the step can be done, or done again. */
static void restart(struct mem *m, enum step s, bool done)
{
    struct tre *t = mid_bench_start(m);
    g_assert_false(t->mid_damaged);
    step_check(t, s, done);
    step_check_files(t);
    g_assert_true(step_seen(t, s) == step_after(s) || step_do(t, s));
    step_check(t, s, true);
    mid_bench_stop(t);
}

static void every_allocation_of_a_step_fails_once(gconstpointer step)
{
    enum step s = (enum step)GPOINTER_TO_INT(step);
    unsigned counts[OUT_OF_REACH + 1] = { 0 };
    struct mem *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    g_assert_true(shared != MAP_FAILED);
    for (unsigned n = 1; !counts[OUT_OF_REACH]; n += stride()) {
        struct mem *fresh = step_disk(s);
        *shared = *fresh;
        g_free(fresh);
        enum outcome o = child_without(shared, s, n);
        memset(shared->open_content, 0, sizeof shared->open_content); /* of a process that is gone */
        counts[o]++;
        restart(shared, s, o == DONE);
    }
    g_test_message("%s: %u allocations: %u done without, %u refused, %u ended the process in libcrypto", step_name(s),
                   counts[DONE] + counts[REFUSED] + counts[DIED], counts[DONE], counts[REFUSED], counts[DIED]);
    g_assert_cmpuint(counts[REFUSED], >, 0);
    g_assert_cmpuint(counts[DIED] * 100, <=, counts[DONE] + counts[REFUSED] + 100); /* rare */
    (void)munmap(shared, sizeof *shared);
}

/* A start that finds no memory blocks no MID: the next one finds all as it was. */
static bool start_without(unsigned n, unsigned *refused)
{
    struct mem *m = step_disk(STEP_UPDATE);
    struct heap_scope scope;
    heap_scope_begin(&scope); /* as main does */
    allocation_fail(n);
    struct tre *t = mid_bench_start(m);
    bool reached = allocation_count() >= n;
    allocation_fail(0);
    heap_scope_end(&scope);
    *refused += t->state != TRE_READY;
    mid_bench_stop(t);
    t = mid_bench_start(m);
    g_assert_false(t->mid_damaged);
    step_check(t, STEP_UPDATE, false);
    step_check_files(t);
    mid_bench_stop(t);
    g_free(m);
    return reached;
}

static void every_allocation_of_a_start_fails_once(void)
{
    unsigned points = 0, refused = 0;
    for (unsigned n = 1; start_without(n, &refused); n += stride() / 16 + 1)
        points++;
    g_test_message("start: %u allocations, %u of them needed", points, refused);
    g_assert_cmpuint(refused, >, 0);
}

int main(int argc, char **argv)
{
    heap_start();
    g_test_init(&argc, &argv, NULL);
    log_set((enum log_level)0, LOG_TARGET_STDERR, NULL); /* what is refused is told thousands of times */
    mid_bench_setup();
    key_steps_setup();
    (void)backtrace((void *[1]){ NULL }, 1); /* loads what it needs */
    for (int s = 0; s < STEPS; s++) {
        char *path = g_strdup_printf("/fault/memory/%s", step_name((enum step)s));
        g_test_add_data_func(path, GINT_TO_POINTER(s), every_allocation_of_a_step_fails_once);
        g_free(path);
    }
    g_test_add_func("/fault/memory/start", every_allocation_of_a_start_fails_once);
    int rc = g_test_run();
    mid_bench_end();
    return rc;
}
