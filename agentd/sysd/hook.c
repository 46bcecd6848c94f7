/* SPDX-License-Identifier: Apache-2.0 */
/* The child gets a fixed path, fixed arguments, two environment variables and its three standard descriptors; nothing of a request ever meets a shell. */
#include "sysd/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

enum { GRACE_MS = 5000, PATH_CAP = 256, CHUNK = 512, EXIT_NOT_STARTED = 126 };

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- is it the administrator's? ---- */

static bool is_roots_alone(const struct stat *st)
{
    return st->st_uid == 0 && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static enum error_code judge(int folder, const char *file, struct error *err)
{
    struct stat st;
    if (fstat(folder, &st) != 0 || !is_roots_alone(&st))
        return error_set(err, ERROR_DENIED, "the folder of hook %s can be written by others than root", file);
    if (fstatat(folder, file, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return error_set(err, ERROR_NOT_SUPPORTED, "there is no hook %s", file);
    if (!S_ISREG(st.st_mode) || !is_roots_alone(&st))
        return error_set(err, ERROR_DENIED, "hook %s is no plain file, or can be written by others than root", file);
    return st.st_mode & S_IXUSR ? ERROR_NONE : error_set(err, ERROR_DENIED, "hook %s is not executable", file);
}

enum error_code hook_look(const char *folder, const char *file, struct error *err)
{
    int dir = open(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0)
        return error_set(err, ERROR_NOT_SUPPORTED, "there is no hook %s", file);
    enum error_code rc = judge(dir, file, err);
    close(dir);
    return rc;
}

/* ---- start ---- */

/* Between fork and execve: no memory, no log. */
static void become(const char *path, const struct hook_order *order, int output)
{
    char *const argv[] = { (char *)(uintptr_t)path, (char *)(uintptr_t)order->verb, (char *)(uintptr_t)order->name[0], (char *)(uintptr_t)order->name[1], NULL };
    static char search[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", language[] = "LANG=C";
    char *const environment[] = { search, language, NULL };
    sigset_t none;
    (void)sigemptyset(&none);
    int input = order->input >= 0 ? order->input : open("/dev/null", O_RDONLY | O_CLOEXEC);
    bool ready = setsid() >= 0 && chdir("/") == 0 && dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0;
    (void)umask(022);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (ready)
        (void)execve(path, argv, environment); /* whatever else is open closes itself */
    _exit(EXIT_NOT_STARTED);
}

enum error_code hook_start(struct hook *h, const char *folder, const struct hook_order *order, struct error *err)
{
    char path[PATH_CAP];
    int ends[2];
    enum error_code rc = hook_look(folder, order->file, err);
    if (rc)
        return rc;
    int n = snprintf(path, sizeof path, "%s/%s", folder, order->file);
    if (n < 0 || (size_t)n >= sizeof path || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return error_set(err, ERROR_IO, "hook %s: %s", order->file, strerror(errno));
    (void)fcntl(ends[1], F_SETFL, 0); /* a hook may write as programs do */
    pid_t pid = fork();
    if (pid == 0)
        become(path, order, ends[1]);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return error_set(err, ERROR_IO, "hook %s: %s", order->file, strerror(errno));
    }
    *h = (struct hook){ .pid = pid, .output = ends[0], .deadline = now_ms() + (uint64_t)order->seconds * 1000 };
    log_notice("hook", "%s %s started", order->file, order->verb);
    return ERROR_NONE;
}

/* ---- while it runs ---- */

static void end_line(struct hook *h)
{
    h->line[h->len] = '\0';
    if (h->len) {
        memcpy(h->last, h->line, h->len + 1);
        log_info("hook", "%s", h->last);
    }
    h->len = 0;
}

static void take(struct hook *h, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n' || h->len == SYSD_OUTPUT_MAX)
            end_line(h);
        if (text[i] != '\n')
            h->line[h->len++] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    }
}

void hook_read(struct hook *h)
{
    char text[CHUNK];
    for (ssize_t n; h->output >= 0 && (n = read(h->output, text, sizeof text)) != 0;) {
        if (n < 0)
            return; /* that was all so far */
        take(h, text, (size_t)n);
    }
    if (h->output >= 0)
        close(h->output);
    h->output = -1;
}

bool hook_reap(struct hook *h, int *status)
{
    int how;
    if (!h->pid || waitpid(h->pid, &how, WNOHANG) != h->pid)
        return false;
    h->pid = 0;
    hook_read(h);
    end_line(h);
    if (h->output >= 0)
        close(h->output); /* a child of its own may hold the other end */
    h->output = -1;
    *status = WIFEXITED(how) ? WEXITSTATUS(how) : SYSD_EXIT_SIGNAL;
    return true;
}

int hook_wait_ms(const struct hook *h)
{
    if (!h->pid)
        return -1;
    uint64_t now = now_ms();
    return h->deadline > now ? (int)(h->deadline - now) : 0;
}

void hook_tick(struct hook *h)
{
    if (!h->pid || hook_wait_ms(h) > 0)
        return;
    log_warning("hook", "it took too long and is %s", h->late ? "killed" : "told to end");
    (void)kill(-h->pid, h->late ? SIGKILL : SIGTERM);
    h->late = true;
    h->deadline = now_ms() + GRACE_MS;
}
