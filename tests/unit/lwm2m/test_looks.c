/* SPDX-License-Identifier: Apache-2.0 */
/* What the CoAP library is told to look at, over a real epoll set made as the library makes its own: the timer without a name, the socket with one. */
#include <glib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lwm2m/looks.h"

static int set, timer, sock;
static char name; /* the library's socket */

static void fixture_begin(void)
{
    struct epoll_event of_timer = { .events = EPOLLIN }, of_socket = { .events = EPOLLIN, .data = { .ptr = &name } };
    set = epoll_create1(EPOLL_CLOEXEC);
    timer = eventfd(0, EFD_CLOEXEC);
    sock = eventfd(0, EFD_CLOEXEC);
    g_assert_cmpint(epoll_ctl(set, EPOLL_CTL_ADD, timer, &of_timer), ==, 0);
    g_assert_cmpint(epoll_ctl(set, EPOLL_CTL_ADD, sock, &of_socket), ==, 0);
}

static void fixture_end(void)
{
    close(sock);
    close(timer);
    close(set);
}

static void make_readable(int fd)
{
    g_assert_cmpint(eventfd_write(fd, 1), ==, 0);
}

/* A turn in which so many messages come, as the library walks the events; returns how often it read the socket. */
static unsigned turn(struct looks *l, bool datagrams, unsigned come)
{
    unsigned reads = 0;
    size_t n = looks_begin(l, set, true, datagrams);
    for (size_t i = 0; i < n; i++) {
        if (!(l->event[i].events & EPOLLIN))
            continue;
        g_assert_true(l->event[i].data.ptr == &name);
        reads++;
        if (come) {
            come--;
            looks_more(l);
        }
    }
    looks_end(l);
    return reads;
}

static void learn(struct looks *l)
{
    make_readable(sock);
    g_assert_cmpuint(looks_begin(l, set, false, true), ==, 1);
    looks_end(l);
}

static void test_asks_until_settled(void)
{
    struct looks l = { 0 };
    fixture_begin();
    g_assert_cmpuint(looks_begin(&l, set, true, true), ==, 0); /* settled, but the socket has no name yet */
    make_readable(timer);
    g_assert_cmpuint(looks_begin(&l, set, true, true), ==, 1);
    g_assert_null(l.event[0].data.ptr);
    make_readable(sock);
    g_assert_cmpuint(looks_begin(&l, set, false, true), ==, 2);
    g_assert_cmpuint(looks_begin(&l, set, false, true), ==, 2); /* named, but not settled */
    fixture_end();
}

static void test_names_without_asking(void)
{
    struct looks l = { 0 };
    fixture_begin();
    learn(&l);
    make_readable(timer);
    g_assert_cmpuint(looks_begin(&l, set, false, true), ==, 2); /* the timer takes no name away */
    for (int i = 0; i < 2; i++) {
        g_assert_cmpuint(looks_begin(&l, -1, true, i == 0), ==, 1);
        g_assert_true(l.event[0].data.ptr == &name);
        g_assert_cmpuint(l.event[0].events, ==, EPOLLIN | EPOLLOUT); /* who waits for room to write gets it */
        looks_end(&l);
    }
    fixture_end();
}

static unsigned turns_until_tried(struct looks *l)
{
    unsigned n = 1;
    while (turn(l, true, 1) == 1)
        n++;
    return n;
}

static void test_calm_and_hurried(void)
{
    struct looks l = { 0 };
    fixture_begin();
    learn(&l);
    g_assert_cmpuint(turns_until_tried(&l), ==, 64); /* a calm server is looked at once a turn */
    g_assert_cmpuint(turns_until_tried(&l), ==, 64);
    for (int i = 0; i < 63; i++)
        turn(&l, true, 1);
    g_assert_cmpuint(turn(&l, true, 3), ==, 4); /* in a hurry: until nothing comes */
    g_assert_cmpuint(turn(&l, true, 1), ==, 2);
    g_assert_cmpuint(turn(&l, true, 0), ==, 1);
    g_assert_cmpuint(turn(&l, true, 100), ==, LOOKS_MAX); /* the others on the loop have their turn */
    for (int i = 0; i < 256; i++)
        g_assert_cmpuint(turn(&l, true, 1), ==, 2);
    g_assert_cmpuint(turn(&l, true, 1), ==, 1); /* calm again */
    fixture_end();
}

static void test_streams_once(void)
{
    struct looks l = { 0 };
    fixture_begin();
    learn(&l);
    for (int i = 0; i < 200; i++)
        g_assert_cmpuint(turn(&l, false, 2), ==, 1);
    fixture_end();
}

static void test_finds_the_socket(void)
{
    struct looks l = { 0 };
    fixture_begin();
    g_assert_cmpint(looks_socket(&l, set), ==, -1); /* not named */
    learn(&l);
    g_assert_cmpint(looks_socket(&l, set), ==, sock);
    g_assert_cmpint(looks_socket(&l, sock), ==, -1); /* no epoll set */
    g_assert_cmpint(epoll_ctl(set, EPOLL_CTL_DEL, sock, NULL), ==, 0);
    g_assert_cmpint(looks_socket(&l, set), ==, -1);
    fixture_end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/looks/asks-until-settled", test_asks_until_settled);
    g_test_add_func("/looks/names-without-asking", test_names_without_asking);
    g_test_add_func("/looks/calm-and-hurried", test_calm_and_hurried);
    g_test_add_func("/looks/streams-once", test_streams_once);
    g_test_add_func("/looks/finds-the-socket", test_finds_the_socket);
    return g_test_run();
}
