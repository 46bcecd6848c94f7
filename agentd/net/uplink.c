/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the kernel: a datagram socket that is connected has been given a route. Must never send. */
#include "net/uplink.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* Addresses for documentation (RFC 5737, RFC 3849): none but a default route leads to them. */
static const char any4[] = "203.0.113.1", any6[] = "2001:db8::1";
enum { DISCARD = 9 };

static bool leads_to(int family, const struct sockaddr *to, socklen_t len)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool there = fd >= 0 && connect(fd, to, len) == 0;
    if (fd >= 0)
        close(fd);
    return there;
}

bool uplink_is_there(void)
{
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(DISCARD) };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(DISCARD) };
    (void)inet_pton(AF_INET, any4, &four.sin_addr);
    (void)inet_pton(AF_INET6, any6, &six.sin6_addr);
    return leads_to(AF_INET, (const struct sockaddr *)&four, sizeof four) || leads_to(AF_INET6, (const struct sockaddr *)&six, sizeof six);
}
