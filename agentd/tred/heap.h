/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of the process: everything that libcrypto frees is zeroed first, and large buffers go back to the system. */
#ifndef TRED_HEAP_H
#define TRED_HEAP_H

#include <stddef.h>

/* Before the first use of libcrypto. Makes it zero what it frees, reads no configuration file, loads no error strings,
 * knows by name only the ciphers and digests that a MID package may use. */
void heap_start(void);
/* Pages of their own, zero; NULL without memory. heap_drop zeroes and unmaps them; NULL is fine. */
void *heap_pages(size_t len);
void heap_drop(void *pages, size_t len);
/* libcrypto keeps every algorithm of its provider once one was used, some 300 KiB. Between begin and end it works in a context of its own,
 * which end frees; no object of libcrypto may outlive its scope. Scopes do not nest. */
struct heap_scope {
    void *context;
};
void heap_scope_begin(struct heap_scope *s);
void heap_scope_end(struct heap_scope *s);
/* Leaves the scope without freeing it, for objects that live longer than a request; goes back to it. */
void heap_scope_park(struct heap_scope *s);
void heap_scope_resume(struct heap_scope *s);

#endif
