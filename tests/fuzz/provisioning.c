/* SPDX-License-Identifier: Apache-2.0 */
/* Target: a document, WBXML or (from '<') XML, as settings. Settings or an error with a text; settings keep the bounds of the model, and what the store
 * would keep of them reads back. */
#include <string.h>

#include "bootstrap/provisioning/provisioning.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(max_align_t) unsigned char memory[PROV_ARENA];
    static struct settings settings;
    struct arena arena = arena_make(memory, sizeof memory);
    struct slice doc = { data, size };
    struct prov_node *root = NULL;
    struct error err = { 0 };
    if (size && data[0] == '<' ? prov_decode_xml(doc, &arena, &root, NULL) : prov_decode_wbxml(doc, &arena, &root, NULL))
        return 0;
    enum error_code rc = provisioning_settings(root, &settings, &err);
    fuzz_check_error(rc, &err);
    if (!rc)
        fuzz_check_settings(&settings);
    return 0;
}
