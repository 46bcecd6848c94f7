/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded copies of files into descriptors that agentd can read at once. Never prints what it read. */
#include "ctl/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "base/secret.h"
#include "ctl/ctl.h"

enum { DOCUMENT_MAX = 66 * 1024, PIN_MAX = 41 };

static int open_source(const char *path)
{
    bool standard = !path || strcmp(path, "-") == 0;
    int fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        ctl_fail(CTL_USAGE, "", "%s: %s", standard ? "standard input" : path, g_strerror(errno));
    return fd;
}

/* Up to cap octets; -1 with errno. */
static ssize_t read_up_to(int fd, char *out, size_t cap)
{
    size_t len = 0;
    while (len < cap) {
        ssize_t n = read(fd, &out[len], cap - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

static int memory_file(const char *data, size_t len)
{
    int fd = memfd_create("document", MFD_CLOEXEC);
    if (fd >= 0 && write(fd, data, len) != (ssize_t)len) {
        close(fd);
        fd = -1;
    }
    if (fd < 0)
        ctl_fail(CTL_FAILED, "", "no memory file: %s", g_strerror(errno));
    return fd;
}

int input_text(const char *text)
{
    return memory_file(text, strlen(text));
}

int input_document(const char *path)
{
    int source = open_source(path), fd = -1;
    if (source < 0)
        return -1;
    g_autofree char *data = g_malloc(DOCUMENT_MAX + 1);
    ssize_t n = read_up_to(source, data, DOCUMENT_MAX + 1);
    if (n < 0)
        ctl_fail(CTL_USAGE, "", "%s: %s", path, g_strerror(errno));
    else if (n == 0 || n > DOCUMENT_MAX)
        ctl_fail(CTL_USAGE, "it must be one WAP push message of at most 32 KiB, binary or hex", "%s is %s", path, n ? "too large" : "empty");
    else
        fd = memory_file(data, (size_t)n);
    close(source);
    return fd;
}

/* One line, without echo where there is a terminal; its length. */
static size_t read_line(int source, char *out, size_t cap)
{
    struct termios saved, quiet;
    bool terminal = isatty(source) && tcgetattr(source, &saved) == 0;
    size_t len = 0;
    if (terminal) {
        quiet = saved;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(source, TCSAFLUSH, &quiet); /* before it is asked: from then on nothing typed is shown or lost */
        (void)fputs("PIN: ", stderr);
    }
    while (len < cap && read(source, &out[len], 1) == 1 && out[len] != '\n')
        len++;
    if (terminal) {
        (void)tcsetattr(source, TCSAFLUSH, &saved);
        (void)fputc('\n', stderr);
    }
    return len;
}

int input_pin(const char *path)
{
    char pin[PIN_MAX];
    int ends[2] = { -1, -1 }, source = open_source(path);
    if (source < 0)
        return -1;
    size_t len = read_line(source, pin, sizeof pin);
    close(source);
    bool good = pipe2(ends, O_CLOEXEC) == 0 && write(ends[1], pin, len) == (ssize_t)len;
    secret_zero(pin, sizeof pin);
    if (ends[1] >= 0)
        close(ends[1]);
    if (good)
        return ends[0];
    ctl_fail(CTL_FAILED, "", "no pipe: %s", g_strerror(errno));
    if (ends[0] >= 0)
        close(ends[0]);
    return -1;
}

bool input_yes(const char *question, const char *otherwise)
{
    char line[8];
    if (!isatty(STDIN_FILENO)) {
        ctl_fail(CTL_USAGE, otherwise, "there is no terminal to ask at");
        return false;
    }
    (void)fputs(question, stderr);
    bool yes = fgets(line, sizeof line, stdin) && strcmp(line, "yes\n") == 0;
    if (!yes)
        ctl_fail(CTL_USAGE, "", "nothing was done");
    return yes;
}
