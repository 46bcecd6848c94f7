/* SPDX-License-Identifier: Apache-2.0 */
/* Allocations of the code under test that fail once. The linker sends its malloc, calloc, realloc and mmap here (--wrap), and those of libcrypto come
 * through its heap (tred/heap.h); GLib's own do not. */
#ifndef FAULT_ALLOCATION_H
#define FAULT_ALLOCATION_H

/* The n-th allocation from now on fails; 0: none does. */
void allocation_fail(unsigned n);
/* Allocations since then. */
unsigned allocation_count(void);

#endif
