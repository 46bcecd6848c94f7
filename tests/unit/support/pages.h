/* SPDX-License-Identifier: Apache-2.0 */
/* Which pages of a mapping have memory. */
#ifndef SUPPORT_PAGES_H
#define SUPPORT_PAGES_H

#include <glib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The pages from p on, which begins one, that were touched. */
static inline size_t pages_touched(const void *p, size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), count = 0;
    g_autofree unsigned char *resident = g_malloc0(len / page + 1);
    g_assert_cmpint(mincore((void *)(uintptr_t)p, len, resident), ==, 0);
    for (size_t i = 0; i * page < len; i++)
        count += resident[i] & 1;
    return count;
}

#endif
