/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as a SyncML document: a tree or an error, never both; what is a tree can be written, and reads as the same tree. */
#include <stdlib.h>
#include <string.h>

#include "codec/syncml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t memory[192 * 1024] __attribute__((aligned(16))), again[384 * 1024] __attribute__((aligned(16))), out[512 * 1024];

static bool same(const struct syncml_node *a, const struct syncml_node *b)
{
    for (; a && b; a = a->next, b = b->next)
        if (a->element != b->element || a->opaque != b->opaque || !slice_equal(a->text, b->text) || !same(a->child, b->child))
            return false;
    return a == b;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = { .code = ERROR_NONE };
    struct arena a = arena_make(memory, sizeof memory), b = arena_make(again, sizeof again);
    const struct syncml_node *root = syncml_decode((struct slice){ data, size }, &a, &err);
    if ((root != NULL) != (err.code == ERROR_NONE))
        abort();
    if (!root)
        return 0;
    struct writer w = writer_make(out, sizeof out);
    if (!syncml_encode(root, &w))
        return 0; /* one text of the string table, named again and again */
    if (w.len > SYNCML_DOCUMENT_MAX)
        return 0;
    if (!same(root, syncml_decode(writer_slice(&w), &b, &err)))
        abort();
    return 0;
}
