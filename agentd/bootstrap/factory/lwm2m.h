/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the factory data that prepares LwM2M accounts: key "lwm2m" (doc factory-data). */
#ifndef BOOTSTRAP_FACTORY_LWM2M_H
#define BOOTSTRAP_FACTORY_LWM2M_H

#include <jansson.h>

#include "bootstrap/site.h"

/* Into out, whose contexts and OMA DM accounts are known. INVALID names entry and reason. */
enum error_code factory_lwm2m_take(json_t *list, struct factory_data *out, struct error *err);

#endif
