/* SPDX-License-Identifier: Apache-2.0 */
/* The heap as the system sees it. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

/* From now on blocks of 16 KiB and more are pages of their own, which cost nothing until they are written, and go back when they are freed. */
void heap_begin(void);
void heap_trim(void); /* whole pages that are free go back to the system: after work that needed much. Nothing where the C library does so by itself */

#endif
