/* SPDX-License-Identifier: Apache-2.0 */
/* Targets: the data formats of LwM2M, one program each (FUZZ_FORMAT). The first octet names the path of the request, the rest is its payload. Records or
 * an error; what was read and is written reads as the same records, and what is written of those is the same octets. The object has a resource of every type. */
#include <math.h>
#include <string.h>

#include "fuzz.h"
#include "lwm2m/format/format.h"
#include "lwm2m/objects/objects.h"

enum { OBJECT = 3, ARENA = 1 << 16, OUT_MAX = 1 << 16 };

static const struct resource resources[] = {
    { 0, VALUE_STRING, OPERATION_READ | OPERATION_WRITE },
    { 1, VALUE_INTEGER, OPERATION_READ | OPERATION_WRITE },
    { 2, VALUE_UNSIGNED, OPERATION_READ | OPERATION_WRITE },
    { 3, VALUE_FLOAT, OPERATION_READ | OPERATION_WRITE },
    { 4, VALUE_BOOLEAN, OPERATION_READ | OPERATION_WRITE },
    { 5, VALUE_OPAQUE, OPERATION_READ | OPERATION_WRITE },
    { 6, VALUE_TIME, OPERATION_READ | OPERATION_WRITE },
    { 7, VALUE_OBJLNK, OPERATION_READ | OPERATION_WRITE },
    { 8, VALUE_CORELNK, OPERATION_READ | OPERATION_WRITE },
    { 9, VALUE_NONE, OPERATION_EXECUTE },
    { 10, VALUE_STRING, OPERATION_READ | OPERATION_WRITE, .multiple = true },
    { 11, VALUE_INTEGER, OPERATION_READ | OPERATION_WRITE, .multiple = true },
    { 12, VALUE_FLOAT, OPERATION_READ | OPERATION_WRITE, .multiple = true },
    { 13, VALUE_OPAQUE, OPERATION_READ | OPERATION_WRITE, .multiple = true },
};
static const struct object object = { .id = OBJECT, .resources = resources, .count = sizeof resources / sizeof *resources };
static const struct object *const objects[] = { &object };
static const struct model model = { objects, 1 };

static struct path base_path(uint8_t choice)
{
    struct path p = { .depth = choice >> 5 & 7, .id = { OBJECT, 0, choice & 31, choice & 1 } };
    p.depth = p.depth > PATH_RESOURCE_INSTANCE ? (uint8_t)PATH_RESOURCE : p.depth;
    for (size_t i = p.depth; i < 4; i++)
        p.id[i] = 0;
    return p;
}

static int by_path(const void *a, const void *b)
{
    const struct path *x = &((const struct record *)a)->path, *y = &((const struct record *)b)->path;
    for (size_t i = 0; i < 4; i++)
        if (x->id[i] != y->id[i])
            return x->id[i] < y->id[i] ? -1 : 1;
    return x->depth - y->depth;
}

/* In the order of paths, each once: as the object tables give them to a writer. */
static void tidy(struct records *r)
{
    qsort(r->at, r->count, sizeof r->at[0], by_path);
    size_t n = 0;
    for (size_t i = 0; i < r->count; i++)
        if (n == 0 || !path_equal(&r->at[n - 1].path, &r->at[i].path))
            r->at[n++] = r->at[i];
    r->count = n;
}

static bool same_value(const struct value *a, const struct value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case VALUE_STRING:
    case VALUE_OPAQUE:
    case VALUE_CORELNK:
        return slice_equal(a->octets, b->octets);
    case VALUE_FLOAT:
        return (isnan(a->real) && isnan(b->real)) || memcmp(&a->real, &b->real, sizeof a->real) == 0;
    case VALUE_NONE:
    case VALUE_INTEGER:
    case VALUE_UNSIGNED:
    case VALUE_BOOLEAN:
    case VALUE_TIME:
    case VALUE_OBJLNK:
        break;
    }
    return a->integer == b->integer;
}

static void check_record(const struct record *record, const struct path *base)
{
    const struct resource *resource = resource_at(&model, &record->path);
    FUZZ_ASSERT(resource && path_contains(base, &record->path));
    FUZZ_ASSERT(record->value.type == resource->type && record->multiple == resource->multiple);
    FUZZ_ASSERT(record->path.depth == (resource->multiple ? PATH_RESOURCE_INSTANCE : PATH_RESOURCE));
    if (record->value.type == VALUE_BOOLEAN)
        FUZZ_ASSERT(record->value.integer == 0 || record->value.integer == 1);
    if (record->value.type == VALUE_UNSIGNED)
        FUZZ_ASSERT(record->value.integer >= 0);
    if (record->value.type == VALUE_OBJLNK)
        FUZZ_ASSERT(record->value.integer >= 0 && record->value.integer <= UINT32_MAX);
}

static void check_paths(struct slice payload)
{
    static uint8_t memory[ARENA];
    struct arena arena = arena_make(memory, sizeof memory);
    static struct paths paths;
    paths.count = 0;
    if (!FUZZ_FORMAT.get_paths || FUZZ_FORMAT.get_paths(payload, &arena, &paths))
        return;
    FUZZ_ASSERT(paths.count <= PATHS_MAX);
    for (size_t i = 0; i < paths.count; i++)
        FUZZ_ASSERT(paths.at[i].depth <= PATH_RESOURCE_INSTANCE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[2][ARENA], out[2][OUT_MAX];
    static struct records first, again;
    if (size == 0 || size > OUT_MAX / 16)
        return 0;
    struct slice payload = { data + 1, size - 1 };
    struct path base = base_path(data[0]);
    struct arena arena = arena_make(memory[0], ARENA), arena2 = arena_make(memory[1], ARENA);
    check_paths(payload);
    first = (struct records){ .model = &model };
    again = (struct records){ .model = &model };
    enum error_code rc = FUZZ_FORMAT.get(payload, &base, &arena, &first);
    if (rc) {
        FUZZ_ASSERT(rc < ERROR_COUNT && error_text(rc)[0]);
        return 0;
    }
    FUZZ_ASSERT(first.count <= RECORDS_MAX);
    for (size_t i = 0; i < first.count; i++)
        check_record(&first.at[i], &base);
    tidy(&first);
    if (first.count == 0)
        return 0;
    struct writer w = writer_make(out[0], OUT_MAX), w2 = writer_make(out[1], OUT_MAX);
    FUZZ_ASSERT(FUZZ_FORMAT.put(&w, &base, &first) && !w.failed);
    FUZZ_ASSERT(FUZZ_FORMAT.get(writer_slice(&w), &base, &arena2, &again) == ERROR_NONE && first.count == again.count);
    for (size_t i = 0; i < first.count; i++)
        FUZZ_ASSERT(path_equal(&first.at[i].path, &again.at[i].path) && same_value(&first.at[i].value, &again.at[i].value));
    FUZZ_ASSERT(FUZZ_FORMAT.put(&w2, &base, &again) && slice_equal(writer_slice(&w), writer_slice(&w2)));
    return 0;
}
