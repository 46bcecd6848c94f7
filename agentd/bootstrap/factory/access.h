/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the factory data that says which card is a PCID and where it may lead: key "initial_access" (doc factory-data). */
#ifndef BOOTSTRAP_FACTORY_ACCESS_H
#define BOOTSTRAP_FACTORY_ACCESS_H

#include <jansson.h>

#include "bootstrap/site.h"

/* Into out->initial. INVALID names the reason. */
enum error_code factory_access_take(json_t *object, struct factory_data *out, struct error *err);

#endif
