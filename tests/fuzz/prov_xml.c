/* SPDX-License-Identifier: Apache-2.0 */
/* Target: a provisioning document as XML. A tree or an error; any tree fits the arena that the header promises. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(max_align_t) unsigned char memory[PROV_ARENA];
    struct arena arena = arena_make(memory, sizeof memory);
    struct prov_node *root = NULL;
    struct error err = { 0 };
    enum error_code rc = prov_decode_xml((struct slice){ data, size }, &arena, &root, &err);
    fuzz_check_error(rc, &err);
    FUZZ_ASSERT((rc == ERROR_NONE) == (root != NULL));
    FUZZ_ASSERT(rc != ERROR_NO_MEMORY);
    if (root)
        fuzz_check_tree(root);
    return 0;
}
