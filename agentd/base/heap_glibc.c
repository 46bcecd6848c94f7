/* SPDX-License-Identifier: Apache-2.0 */
/* glibc keeps free pages that lie below one in use. */
#include <malloc.h>

#include "base/heap.h"

void heap_trim(void)
{
    (void)malloc_trim(0);
}
