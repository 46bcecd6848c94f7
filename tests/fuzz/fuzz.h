/* SPDX-License-Identifier: Apache-2.0 */
/* What the targets share: the entry point of libFuzzer, and the oracle "value xor error". */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/reader.h"
#include "codec/prov.h"
#include "codec/sms_assembly.h"
#include "model/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_ASSERT(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort(); \
        } \
    } while (0)

/* An error has its code and a text; success leaves err alone. */
static inline void fuzz_check_error(enum error_code rc, const struct error *err)
{
    FUZZ_ASSERT(err->code == rc);
    FUZZ_ASSERT((rc == ERROR_NONE) == (err->text[0] == '\0'));
}

static inline void fuzz_check_inside(struct slice part, const uint8_t *data, size_t size)
{
    FUZZ_ASSERT(part.len == 0 || (part.data >= data && part.data - data <= (ptrdiff_t)(size - part.len) && part.len <= size));
}

/* The tree keeps the bounds of codec/prov.h, and written as WBXML and as XML (where XML can carry it) it is read as the same tree. */
void fuzz_check_tree(const struct prov_node *root);
/* Counts within bounds, mandatory texts there, and what the store would keep reads back. */
void fuzz_check_settings(const struct settings *s);
/* The parts of open and free messages are the parts ever used, each once. */
void fuzz_check_assembly(const struct sms_assembly *a);

#endif
