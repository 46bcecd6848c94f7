/* SPDX-License-Identifier: Apache-2.0 */
/* glibc keeps free pages that lie below one in use. */
#include <malloc.h>

#include "base/heap.h"

enum { LARGE = 16 * 1024 };

void heap_begin(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, LARGE); /* it would grow with what is freed, and a zeroed block in the heap is written to */
}

void heap_trim(void)
{
    (void)malloc_trim(0);
}
