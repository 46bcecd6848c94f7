/* SPDX-License-Identifier: Apache-2.0 */
/* What agent-tred can no longer do behind its sandbox, each tried in a process of its own (R14): killed by the filter, or refused by Landlock. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "tred/sandbox.h"

enum { REFUSED = 40, DONE = 41, FAILED = 42 };

static char *state;

static int try_file_inside(void)
{
    char *path = g_build_filename(state, "file", NULL);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0 && close(fd) == 0 ? DONE : FAILED;
}

static int try_file_outside(void)
{
    int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    return fd >= 0 ? DONE : errno == EACCES ? REFUSED : FAILED;
}

static int try_create_outside(void)
{
    int fd = open("/run/agent-tred-test", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return fd >= 0 ? DONE : errno == EACCES ? REFUSED : FAILED;
}

static int try_socket_inet(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? DONE : FAILED;
}

static int try_socket_unix(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? DONE : FAILED;
}

static int try_exec(void)
{
    execl("/bin/true", "true", (char *)NULL);
    return FAILED;
}

static int try_fork(void)
{
    return fork() >= 0 ? DONE : FAILED;
}

static int try_ptrace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? DONE : FAILED;
}

static int try_executable_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ? DONE : FAILED;
}

static int try_make_executable(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0 ? DONE : FAILED;
}

static int try_kill(void)
{
    return kill(getppid(), 0) == 0 ? DONE : FAILED;
}

static const struct {
    const char *name;
    int (*fn)(void);
    int expected; /* exit status, or -signal */
} tries[] = {
    { "file_inside", try_file_inside, DONE },
    { "file_outside", try_file_outside, REFUSED },
    { "create_outside", try_create_outside, REFUSED },
    { "socket_inet", try_socket_inet, -SIGSYS },
    { "socket_unix", try_socket_unix, -SIGSYS },
    { "exec", try_exec, -SIGSYS },
    { "fork", try_fork, -SIGSYS },
    { "ptrace", try_ptrace, -SIGSYS },
    { "executable_memory", try_executable_memory, -SIGSYS },
    { "make_executable", try_make_executable, -SIGSYS },
    { "kill", try_kill, -SIGSYS },
};

static void attempt(gconstpointer index)
{
    size_t i = GPOINTER_TO_SIZE(index);
    int status, expected = tries[i].expected;
    if (expected == REFUSED && syscall(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1)
        expected = DONE; /* a kernel without Landlock: user and mode of the files guard them */
    pid_t child = fork();
    if (child == 0) {
        if (!sandbox_harden() || !sandbox_enter(state, NULL))
            _exit(FAILED);
        _exit(tries[i].fn());
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status), ==, expected);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    log_set(LOG_LEVEL_ERROR, LOG_TARGET_STDERR, NULL);
    state = g_dir_make_tmp("sandboxXXXXXX", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tries); i++) {
        char *path = g_strdup_printf("/sandbox/%s", tries[i].name);
        g_test_add_data_func(path, GSIZE_TO_POINTER(i), attempt);
        g_free(path);
    }
    int rc = g_test_run();
    char *file = g_build_filename(state, "file", NULL);
    (void)g_unlink(file);
    (void)g_rmdir(state);
    g_free(file);
    return rc;
}
