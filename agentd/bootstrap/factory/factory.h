/* SPDX-License-Identifier: Apache-2.0 */
/* The public part of the factory data (doc factory-data): read once, validated whole, kept in the store. */
#ifndef BOOTSTRAP_FACTORY_H
#define BOOTSTRAP_FACTORY_H

#include "bootstrap/site.h"

/* From the store, or from the file at path when the store has none yet. present is false, without error, if neither is there.
 * INVALID names key and reason; nothing is kept then. */
enum error_code factory_load(struct store *store, const char *path, struct factory_data *out, struct error *err);
void factory_clear(struct factory_data *f);

#endif
