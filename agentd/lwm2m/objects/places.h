/* SPDX-License-Identifier: Apache-2.0 */
/* Which instance id a profile of object 11 has: it keeps it while others come and go, also over a restart, so that an observation never slides to another one. A
 * name is the id of a Bearer node. Plain values. */
#ifndef LWM2M_OBJECTS_PLACES_H
#define LWM2M_OBJECTS_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PLACES = 16, PLACE_TEXT = 65 };

struct places_entry {
    uint16_t id;
    char name[PLACE_TEXT];
};

struct places { /* ascending ids; those of names that are gone stay while there is room */
    struct places_entry at[PLACES];
    size_t count;
};

const char *places_name(const struct places *p, uint16_t id); /* NULL: nobody's */
bool places_has(const struct places *p, const char *name);
uint16_t places_free(const struct places *p); /* the lowest id that is nobody's */
/* Now id is that name's alone. False: no room, or the name is too long. */
bool places_put(struct places *p, uint16_t id, const char *name);
void places_drop(struct places *p, size_t index);

#endif
