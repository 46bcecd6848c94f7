/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the factory data that says where a bootstrap may come from: instruction_keys, briefing, access_point, provurl, accounts, imei, lwm2m,
 * initial_access (doc factory-data). */
#ifndef BOOTSTRAP_FACTORY_SOURCES_H
#define BOOTSTRAP_FACTORY_SOURCES_H

#include <jansson.h>

#include "bootstrap/site.h"

/* Reads the keys into out, whose contexts are known. INVALID names key and reason. */
enum error_code factory_sources_take(json_t *root, struct factory_data *out, struct error *err);
bool factory_sources_key(const char *key); /* one of them */
/* The text "uri" of an object: a URL of one of the schemes in printable ASCII without spaces; false otherwise. */
bool factory_sources_uri(json_t *object, const char *schemes, char *out, size_t cap);
/* Its "context", one of the factory's; usim if absent. */
bool factory_sources_context(json_t *object, const struct factory_data *f, char *out, size_t cap);

#endif
