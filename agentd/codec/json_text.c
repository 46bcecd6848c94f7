/* SPDX-License-Identifier: Apache-2.0 */
/* Loads with an allocator that forgets. */
#include "codec/json_text.h"

#include <malloc.h>
#include <stdlib.h>

#include "base/secret.h"

/* What is read may be a secret, and the library makes copies. */
static void wipe(void *block)
{
    secret_zero(block, malloc_usable_size(block));
    free(block);
}

json_t *json_load_payload(struct slice payload)
{
    json_set_alloc_funcs(malloc, wipe);
    json_error_t where;
    return json_loadb((const char *)payload.data, payload.len, JSON_REJECT_DUPLICATES, &where);
}

struct slice json_text(const json_t *v)
{
    return (struct slice){ (const uint8_t *)json_string_value(v), json_is_string(v) ? json_string_length(v) : 0 };
}

bool json_copy_text(const json_t *v, struct arena *arena, struct slice *out)
{
    char *copy = arena_text(arena, json_text(v));
    *out = (struct slice){ (const uint8_t *)copy, json_string_length(v) };
    return copy != NULL;
}
