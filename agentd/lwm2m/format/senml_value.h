/* SPDX-License-Identifier: Apache-2.0 */
/* Records of SenML, of either form, into records or paths of the object tables. */
#ifndef LWM2M_SENML_VALUE_H
#define LWM2M_SENML_VALUE_H

#include "codec/senml.h"
#include "lwm2m/format/format.h"

struct senml_into { /* paths, or records below base */
    const struct path *base;
    struct records *records;
    struct paths *paths;
};

/* A senml_take_fn; user: struct senml_into. MALFORMED: a record without a value, a path with one; else as format_add. */
enum error_code senml_add(void *user, const struct senml_record *r);

#endif
