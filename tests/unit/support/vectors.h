/* SPDX-License-Identifier: Apache-2.0 */
/* Files of tests/vectors/oma, named by the environment variable VECTORS; a file that cannot be read ends the test program. */
#ifndef SUPPORT_VECTORS_H
#define SUPPORT_VECTORS_H

#include <jansson.h>

#include "base/reader.h"

struct octets { /* owned; octets_free */
    uint8_t *data;
    size_t len;
};

json_t *vectors_index(const char *file);     /* new reference */
struct octets vectors_file(const char *file);
struct octets octets_of_hex(const char *hex); /* spaces are skipped */
/* An exact copy in memory of its own, so that a sanitizer sees every octet beyond it. */
struct octets octets_copy(const void *data, size_t len);
void octets_free(struct octets *o);
struct slice octets_slice(const struct octets *o);
const char *vector_text(const json_t *object, const char *key); /* NULL if absent or null */

#endif
