/* SPDX-License-Identifier: Apache-2.0 */
/* The notification socket; stateless but for the watchdog's period. */
#include "glue/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct loop *watchdog_loop;
static uint64_t watchdog_ms;

static void notify_send(const char *text)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    size_t n = path ? strlen(path) : 0;
    if (n < 2 || n >= sizeof addr.sun_path)
        return;
    memcpy(addr.sun_path, path, n);
    if (path[0] == '@')
        addr.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&addr, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
    close(fd);
}

void notify_ready(void)
{
    notify_send("READY=1");
}

static void on_watchdog(void *user)
{
    (void)user;
    notify_send("WATCHDOG=1");
    (void)loop_timer(watchdog_loop, watchdog_ms, on_watchdog, NULL);
}

void notify_start(const struct loop *loop)
{
    const char *usec = getenv("WATCHDOG_USEC");
    watchdog_ms = usec ? strtoull(usec, NULL, 10) / 2000 : 0;
    watchdog_loop = loop;
    if (watchdog_ms)
        (void)loop_timer(loop, watchdog_ms, on_watchdog, NULL);
}
