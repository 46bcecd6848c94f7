/* SPDX-License-Identifier: Apache-2.0 */
/* In place of net/'s resolve_host: knows the names "localhost" and "loopback6", addresses and nothing else, and answers from the loop as the contract says. */
#include <stdlib.h>
#include <string.h>

#include "net/https.h"

struct resolve {
    const struct loop *loop;
    uint64_t timer;
    char host[64];
    resolve_fn *fn;
    void *user;
};

static void on_timer(void *user)
{
    struct resolve *r = user;
    struct ip_address address = { 0 };
    bool known = strcmp(r->host, "localhost") == 0 ? ip_address_parse("127.0.0.1", &address)
                                                   : ip_address_parse(strcmp(r->host, "loopback6") == 0 ? "::1" : r->host, &address);
    r->fn(r->user, known ? ERROR_NONE : ERROR_NAME_LOOKUP, known ? "" : "unknown to the test", &address, known ? 1 : 0);
    free(r);
}

struct resolve *resolve_host(const struct loop *loop, const struct lease *lease, const char *host, resolve_fn *fn, void *user)
{
    (void)lease;
    struct resolve *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    *r = (struct resolve){ .loop = loop, .fn = fn, .user = user };
    strncpy(r->host, host, sizeof r->host - 1);
    r->timer = loop_timer(loop, 0, on_timer, r);
    return r;
}

void resolve_cancel(struct resolve *r)
{
    loop_cancel(r->loop, &r->timer);
    free(r);
}
