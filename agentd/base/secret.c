/* SPDX-License-Identifier: Apache-2.0 */
/* Secret memory; each heap secret has pages of its own so that locking and dump exclusion hit nothing else. */
#include "base/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STACK_WIPED = 32 * 1024 };

void *secret_pages_new(size_t len)
{
    void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    (void)mlock(p, len); /* best effort: the limit may be 0 */
    (void)madvise(p, len, MADV_DONTDUMP);
    return p;
}

void secret_pages_free(void *pages, size_t len)
{
    if (!pages)
        return;
    secret_zero(pages, len);
    (void)munmap(pages, len);
}

struct secret *secret_new(void)
{
    return secret_pages_new(sizeof(struct secret));
}

void secret_free(struct secret *s)
{
    secret_pages_free(s, sizeof *s);
}

bool secret_set(struct secret *s, const void *data, size_t len)
{
    secret_wipe(s);
    if (len > sizeof s->data)
        return false;
    if (len)
        memcpy(s->data, data, len);
    s->len = len;
    return true;
}

void secret_wipe(struct secret *s)
{
    secret_zero(s, sizeof *s);
}

struct slice secret_slice(const struct secret *s)
{
    return (struct slice){ s->data, s->len };
}

__attribute__((noinline)) void secret_stack_wipe(void)
{
    uint8_t dead[STACK_WIPED];
    size_t page = (size_t)sysconf(_SC_PAGESIZE), head = (page - (uintptr_t)dead % page) % page;
    secret_zero(dead, sizeof dead);
    if (sizeof dead >= head + page)
        (void)madvise(&dead[head], (sizeof dead - head) / page * page, MADV_DONTNEED);
}

void secret_zero(void *data, size_t len)
{
    if (len)
        explicit_bzero(data, len);
}

bool secret_equal(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return false;
    volatile uint64_t diff = 0; /* no step may be left out, whatever the ones before showed */
    size_t i = 0;
    for (; a.len - i >= sizeof diff; i += sizeof diff) {
        uint64_t x, y;
        memcpy(&x, &a.data[i], sizeof x);
        memcpy(&y, &b.data[i], sizeof y);
        diff = diff | (x ^ y);
    }
    for (; i < a.len; i++)
        diff = diff | (uint64_t)(a.data[i] ^ b.data[i]);
    return diff == 0;
}
