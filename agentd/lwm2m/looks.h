/* SPDX-License-Identifier: Apache-2.0 */
/* What the CoAP library is to look at in its next turn. Promises: what woke us is served in that turn; a server in a hurry has up to LOOKS_MAX messages served
 * before the others on the loop have theirs. Asks the kernel only until the library has named its socket: a system call less for each request. */
#ifndef LWM2M_LOOKS_H
#define LWM2M_LOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/epoll.h>

enum { LOOKS_MAX = 16 };

struct looks {
    struct epoll_event event[LOOKS_MAX]; /* for the library */
    epoll_data_t socket;    /* the library's name of it; ptr NULL: not heard yet */
    unsigned came, at_most; /* messages of this turn */
    unsigned hurry, quiet;  /* 0: the server is calm; turns since it was tried */
};

/* Fills event[] for a turn, returns how many. fd: the library's epoll descriptor. settled: connected, so that there is nothing but messages and timers to come;
 * datagrams: each read brings one message. */
size_t looks_begin(struct looks *l, int fd, bool settled, bool datagrams);
/* A message came. */
void looks_more(struct looks *l);
/* After the turn. */
void looks_end(struct looks *l);
/* The socket that the library has named in its epoll set fd; -1: not named yet, or the kernel does not tell. */
int looks_socket(const struct looks *l, int fd);

#endif
