/* SPDX-License-Identifier: Apache-2.0 */
/* What a provisioning document says and no other field of struct settings holds: each parm by its path and its value, in the order of the document. What
 * acts on a parm (BEARER chooses the NAPDEF) has read it before; nothing acts on what is here. It is not stored, and lives as long as the settings. A value may be a
 * secret. */
#ifndef MODEL_LEFTOVER_H
#define MODEL_LEFTOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"

/* Some 400 parms: a document has a dozen. */
enum { LEFTOVER_MAX = 16 * 1024, LEFTOVER_PATH_MAX = 256 };

struct leftover {
    size_t len;
    uint8_t octets[LEFTOVER_MAX]; /* path and value, as fields (model/fields.h) */
};

struct leftover_parm { /* borrowed from the struct leftover */
    struct slice path;  /* NAPDEF 2/NAPAUTHINFO 1/SPI: which of its type beside it, from 1 on. A characteristic with nothing inside: itself */
    struct slice value; /* without one: empty */
};

bool leftover_add(struct leftover *k, const struct leftover_parm *p); /* false without room: nothing is added */
/* The parm at *at (0: the first), which then is that of the next; false behind the last one. */
bool leftover_next(const struct leftover *k, size_t *at, struct leftover_parm *out);
/* The paths in the order of the document, ", " between them, as far as cap (at least 4) lets; " .." stands for the rest. Values are not told. */
void leftover_paths(const struct leftover *k, char *out, size_t cap);

#endif
