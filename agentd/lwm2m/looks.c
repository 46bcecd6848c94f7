/* SPDX-License-Identifier: Apache-2.0 */
/* The library takes the events of a turn one after the other, a timer that is due it finds by itself in each turn, and its read of a socket with nothing in it
 * has no effect. So its one socket can be named again without asking, and once more each time that a message came. Never names a socket that the library has
 * not named in the same context. */
#include "lwm2m/looks.h"

#include <stdint.h>
#include <stdio.h>

enum {
    HURRY = 256,    /* looks in vain until a server counts as calm */
    TRY_EVERY = 64, /* turns with a calm one */
};

static size_t ask(struct looks *l, int fd)
{
    int n = epoll_wait(fd, l->event, LOOKS_MAX, 0);
    for (int i = 0; i < n; i++)
        if (l->event[i].data.ptr) /* the timer has none */
            l->socket = l->event[i].data;
    return n > 0 ? (size_t)n : 0;
}

size_t looks_begin(struct looks *l, int fd, bool settled, bool datagrams)
{
    l->came = 0;
    l->at_most = 1;
    if (!settled || !l->socket.ptr)
        return ask(l, fd);
    if (datagrams && (l->hurry || ++l->quiet >= TRY_EVERY))
        l->at_most = LOOKS_MAX;
    for (unsigned i = 0; i < l->at_most; i++)
        l->event[i] = (struct epoll_event){ .data = l->socket };
    l->event[0].events = EPOLLIN | EPOLLOUT; /* the library writes only if it waits for that */
    return l->at_most;
}

/* A server in a hurry has sent its next message by now, and a read in vain costs less than the way round the loop. */
void looks_more(struct looks *l)
{
    if (++l->came < l->at_most)
        l->event[l->came].events = EPOLLIN;
}

void looks_end(struct looks *l)
{
    if (l->at_most == 1)
        return;
    l->quiet = 0;
    l->hurry = l->came > 1 ? HURRY : l->hurry - (l->hurry > 0);
}

/* proc(5), fdinfo of an epoll descriptor: "tfd: 7 events: 19 data: 5581d0c0" and more. */
int looks_socket(const struct looks *l, int fd)
{
    char line[160];
    int found = -1, member;
    unsigned long long data;
    (void)snprintf(line, sizeof line, "/proc/self/fdinfo/%d", fd);
    FILE *in = l->socket.ptr ? fopen(line, "re") : NULL;
    while (in && fgets(line, sizeof line, in))
        if (sscanf(line, "tfd: %d events: %*x data: %llx", &member, &data) == 2 && (uintptr_t)data == (uintptr_t)l->socket.ptr)
            found = member;
    if (in)
        (void)fclose(in);
    return found;
}
