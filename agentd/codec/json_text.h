/* SPDX-License-Identifier: Apache-2.0 */
/* JSON that may hold secrets: read with jansson, whose copies are wiped. */
#ifndef CODEC_JSON_TEXT_H
#define CODEC_JSON_TEXT_H

#include <jansson.h>

#include "base/arena.h"
#include "base/reader.h"

json_t *json_load_payload(struct slice payload); /* NULL if it is no JSON or names a member twice; to be decref'd */
struct slice json_text(const json_t *v);         /* of a string, else empty; lives as long as v */
bool json_copy_text(const json_t *v, struct arena *arena, struct slice *out); /* v is a string; false: no memory */

#endif
