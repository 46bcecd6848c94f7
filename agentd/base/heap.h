/* SPDX-License-Identifier: Apache-2.0 */
/* The heap as the system sees it. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

void heap_trim(void); /* whole pages that are free go back to the system: after work that needed much. Nothing where the C library does so by itself */

#endif
