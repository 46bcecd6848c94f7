/* SPDX-License-Identifier: Apache-2.0 */
/* Secret memory; each heap secret has pages of its own so that locking and dump exclusion hit nothing else. */
#include "base/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STACK_WIPED = 32 * 1024, ASKED_PAGES = 64 };

/* Best effort: the limit may be 0. A page is taken from the system when it is first touched, locked at once; before Linux 4.4 all are taken here. */
static void lock(void *pages, size_t len)
{
    if (mlock2(pages, len, MLOCK_ONFAULT) != 0)
        (void)mlock(pages, len);
}

void *secret_pages_new(size_t len)
{
    void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    lock(p, len);
    (void)madvise(p, len, MADV_DONTDUMP);
    return p;
}

/* A page that was never touched has no memory, and to wipe it would be to take some. All are wiped where the system does not say which these are. */
static void wipe_touched(uint8_t *pages, size_t len, size_t page)
{
    unsigned char resident[ASKED_PAGES] = { 0 };
    if (mincore(pages, len, resident) != 0) {
        secret_zero(pages, len);
        return;
    }
    for (size_t at = 0; at < len; at += page)
        if (resident[at / page] & 1)
            secret_zero(&pages[at], len - at < page ? len - at : page);
}

void secret_pages_free(void *pages, size_t len)
{
    if (!pages)
        return;
    uint8_t *octets = pages;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), step = ASKED_PAGES * page;
    for (size_t at = 0; at < len; at += step)
        wipe_touched(&octets[at], len - at < step ? len - at : step, page);
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
