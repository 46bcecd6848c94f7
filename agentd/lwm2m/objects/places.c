/* SPDX-License-Identifier: Apache-2.0 */
/* A sorted list of at most PLACES. */
#include "lwm2m/objects/places.h"

#include <string.h>

#include "base/text.h"

const char *places_name(const struct places *p, uint16_t id)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->at[i].id == id)
            return p->at[i].name;
    return NULL;
}

bool places_has(const struct places *p, const char *name)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->at[i].name, name) == 0)
            return true;
    return false;
}

uint16_t places_free(const struct places *p)
{
    uint16_t id = 0;
    for (size_t i = 0; i < p->count && p->at[i].id == id; i++)
        id++;
    return id;
}

void places_drop(struct places *p, size_t index)
{
    memmove(&p->at[index], &p->at[index + 1], (--p->count - index) * sizeof p->at[0]);
}

bool places_put(struct places *p, uint16_t id, const char *name)
{
    struct places_entry entry = { .id = id };
    if (!text_copy(entry.name, sizeof entry.name, name))
        return false;
    for (size_t i = p->count; i-- > 0;)
        if (p->at[i].id == id || strcmp(p->at[i].name, name) == 0)
            places_drop(p, i);
    if (p->count == PLACES)
        return false;
    size_t at = 0;
    while (at < p->count && p->at[at].id < id)
        at++;
    memmove(&p->at[at + 1], &p->at[at], (p->count++ - at) * sizeof p->at[0]);
    p->at[at] = entry;
    return true;
}
