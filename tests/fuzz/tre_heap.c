/* SPDX-License-Identifier: Apache-2.0 */
/* tred/heap.h without its care for memory that must not stay: a library context for each request makes the fuzzing of requests fifty times slower. */
#include "tred/heap.h"

#include <stdlib.h>

#include "base/secret.h"

void heap_start(void)
{
}

void *heap_pages(size_t len)
{
    return calloc(1, len);
}

void heap_drop(void *pages, size_t len)
{
    if (pages)
        secret_zero(pages, len);
    free(pages);
}

void heap_scope_begin(struct heap_scope *s)
{
    s->context = NULL;
}

void heap_scope_end(struct heap_scope *s)
{
    (void)s;
}

void heap_scope_park(struct heap_scope *s)
{
    (void)s;
}

void heap_scope_resume(struct heap_scope *s)
{
    (void)s;
}
