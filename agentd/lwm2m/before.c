/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of servers' writes, as it was before a request: if it cannot be stored, it is so again, in all accounts, with what the request asked of the
 * registrations. Plain values; owns a copy. */
#include <stdlib.h>

#include "lwm2m/interfaces.h"

struct before {
    struct servers servers;
    struct {
        struct server_values server;
        struct attribute_table attributes;
    } of[]; /* as servers.at */
};

struct before *before_take(const struct servers *s)
{
    struct before *b = malloc(sizeof *b + s->count * sizeof b->of[0]);
    if (!b)
        return NULL;
    b->servers = *s;
    for (size_t i = 0; i < s->count; i++) {
        b->of[i].server = *s->at[i];
        b->of[i].attributes = s->at[i]->client->attributes;
    }
    return b;
}

void before_end(struct before *b, struct servers *s, bool done)
{
    for (size_t i = 0; !done && i < s->count; i++) {
        *s->at[i] = b->of[i].server;
        s->at[i]->client->attributes = b->of[i].attributes;
    }
    if (!done)
        *s = b->servers;
    free(b);
}
