/* SPDX-License-Identifier: Apache-2.0 */
/* NOTIFICATION attributes (Core TS 1.1.1 clause 5.1.2) attached to paths, of one server: the only thing that Write-Attributes changes. */
#ifndef LWM2M_ATTRIBUTES_H
#define LWM2M_ATTRIBUTES_H

#include "lwm2m/value.h"

enum attribute { ATTRIBUTE_PMIN = 1, ATTRIBUTE_PMAX = 2, ATTRIBUTE_GT = 4, ATTRIBUTE_LT = 8, ATTRIBUTE_STEP = 16 };

struct attributes {
    unsigned set; /* enum attribute: which of these have a value */
    uint32_t pmin, pmax; /* seconds */
    double gt, lt, step;
};

struct attached {
    struct path path;
    struct attributes attributes;
};

enum { ATTACHED_MAX = 32 };

struct attribute_table {
    struct attached at[ATTACHED_MAX];
    size_t count;
};

/* Applies the queries of one Write-Attributes ("pmin=10", "gt" without value unsets) to the path, all or nothing. numeric: the path is a
 * numeric resource, only then gt, lt and st are allowed. False (4.00): unknown name, bad value, or lt >= gt, or lt + 2 * st >= gt. */
bool attributes_write(struct attribute_table *table, const struct path *p, bool numeric, const struct slice *queries, size_t count);
/* What is attached to exactly this path. */
struct attributes attributes_own(const struct attribute_table *table, const struct path *p);
/* What counts at the path: resource instance before resource before object instance before object. */
struct attributes attributes_effective(const struct attribute_table *table, const struct path *p);
/* ";pmin=10;gt=2.5" */
void attributes_put(struct writer *w, const struct attributes *a);

#endif
