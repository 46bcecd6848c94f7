/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of secrets: locked, out of cores, taken as they are touched, wiped before they go back. A pipe keeps a page that was spliced into it, so that its octets are
 * still to be read when the process has given it back. */
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/filter.h"
#include "base/secret.h"
#include "support/pages.h"

enum { PAGES = 130, FEW = 5 }; /* more than are asked for at once */

static const size_t touched[FEW] = { 0, 1, 63, 64, PAGES - 1 };

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Not a whole number of pages. */
static size_t length(void)
{
    return PAGES * page_size() - 100;
}

static uint8_t *touch_few(void)
{
    uint8_t *p = secret_pages_new(length());
    g_assert_nonnull(p);
    for (size_t i = 0; i < FEW; i++)
        memset(&p[touched[i] * page_size()], 0xa5, page_size() - 100);
    return p;
}

/* True if the mapping that begins at p has that flag of /proc/PID/smaps. */
static bool has_flag(const void *p, const char *flag)
{
    g_autofree char *text = NULL, *begin = g_strdup_printf("\n%zx-", (size_t)(uintptr_t)p);
    g_assert_true(g_file_get_contents("/proc/self/smaps", &text, NULL, NULL));
    const char *flags = strstr(strstr(text, begin), "VmFlags:");
    g_autofree char *line = g_strndup(flags, strcspn(flags, "\n")), *word = g_strdup_printf(" %s ", flag);
    return strstr(line, word);
}

static bool may_lock(size_t len)
{
    struct rlimit limit;
    return geteuid() == 0 || (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur >= len);
}

static void are_locked_and_left_out_of_cores(void)
{
    uint8_t *p = touch_few();
    g_assert_true(has_flag(p, "dd"));
    if (may_lock(length()))
        g_assert_true(has_flag(p, "lo"));
    else
        g_test_skip("the limit of locked memory is too low");
    secret_pages_free(p, length());
}

static long faults(void)
{
    struct rusage usage;
    g_assert_cmpint(getrusage(RUSAGE_SELF, &usage), ==, 0);
    return usage.ru_minflt;
}

static void take_memory_as_they_are_touched(void)
{
    void *probe = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mlock2(probe, page_size(), MLOCK_ONFAULT) != 0) {
        g_test_skip("pages are not locked as they are touched: an old kernel, or the limit");
    } else {
        uint8_t *p = touch_few();
        g_assert_cmpuint(pages_touched(p, length()), ==, FEW);
        long before = faults();
        secret_pages_free(p, length());
        g_assert_cmpint(faults() - before, <, PAGES / 2); /* nor to be wiped */
    }
    (void)munmap(probe, page_size());
}

/* Gives the pages back: is there an octet of them that is not zero then? */
static bool leave_octets(uint8_t *p)
{
    int ends[2];
    uint8_t octets[256];
    g_assert_cmpint(pipe(ends), ==, 0);
    for (size_t i = 0; i < FEW; i++) {
        const struct iovec page = { &p[touched[i] * page_size()], page_size() - 100 };
        g_assert_cmpint(vmsplice(ends[1], &page, 1, 0), ==, page.iov_len);
    }
    secret_pages_free(p, length());
    (void)close(ends[1]);
    bool left = false;
    for (ssize_t n; (n = read(ends[0], octets, sizeof octets)) > 0;)
        for (ssize_t i = 0; i < n; i++)
            left |= octets[i] != 0;
    (void)close(ends[0]);
    return left;
}

static void are_wiped(void)
{
    g_assert_false(leave_octets(touch_few()));
    secret_pages_free(NULL, 1);
}

static bool child_says(bool (*good)(void))
{
    int status = -1;
    pid_t pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0)
        _exit(good() ? 0 : 1);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    return status == 0;
}

/* Without right and limit, and still to be looked at. */
static bool give_up_locking(void)
{
    static const struct rlimit none = { 0, 0 };
    return setrlimit(RLIMIT_MEMLOCK, &none) == 0 && (geteuid() != 0 || setuid(65534) == 0) && prctl(PR_SET_DUMPABLE, 1) == 0;
}

static bool good_without_lock(void)
{
    if (!give_up_locking())
        return false;
    uint8_t *p = touch_few();
    return has_flag(p, "dd") && !has_flag(p, "lo") && pages_touched(p, length()) == FEW && !leave_octets(p);
}

static void do_without_the_right_to_lock(void)
{
    g_assert_true(child_says(good_without_lock));
}

/* Neither mlock2 nor mincore. */
static const int old_calls[] = {
    __NR_read, __NR_write, __NR_close, __NR_openat, __NR_fstat, __NR_fcntl, __NR_lseek, __NR_pipe2, __NR_vmsplice, __NR_munmap, __NR_madvise, __NR_mlock, __NR_brk, __NR_futex,
    __NR_getrandom, __NR_geteuid, __NR_exit_group,
#ifdef __NR_pipe
    __NR_pipe,
#endif
#ifdef __NR_newfstatat
    __NR_newfstatat,
#endif
};

static bool good_on_an_old_system(void)
{
    static const struct filter filter = { .allowed = FILTER_NUMBERS(old_calls) };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !filter_enter(&filter))
        return false;
    unsigned char resident;
    uint8_t *p = touch_few();
    return mincore(p, 1, &resident) != 0 && has_flag(p, "dd") && has_flag(p, "lo") && !leave_octets(p);
}

static void are_locked_and_wiped_by_an_older_system(void)
{
    if (may_lock(length()))
        g_assert_true(child_says(good_on_an_old_system));
    else
        g_test_skip("the limit of locked memory is too low");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/secret pages/are locked and left out of cores", are_locked_and_left_out_of_cores);
    g_test_add_func("/secret pages/take memory as they are touched", take_memory_as_they_are_touched);
    g_test_add_func("/secret pages/are wiped", are_wiped);
    g_test_add_func("/secret pages/do without the right to lock", do_without_the_right_to_lock);
    g_test_add_func("/secret pages/are locked and wiped by an older system", are_locked_and_wiped_by_an_older_system);
    return g_test_run();
}
