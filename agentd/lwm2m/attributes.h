/* SPDX-License-Identifier: Apache-2.0 */
/* NOTIFICATION attributes (Core TS 1.1.1 clause 5.1.2, 1.2 clause 7.3.2) attached to paths, of one server: the only thing that Write-Attributes changes. */
#ifndef LWM2M_ATTRIBUTES_H
#define LWM2M_ATTRIBUTES_H

#include "lwm2m/value.h"

enum attribute {
    ATTRIBUTE_PMIN, ATTRIBUTE_PMAX,   /* seconds between notifications */
    ATTRIBUTE_EPMIN, ATTRIBUTE_EPMAX, /* seconds between evaluations */
    ATTRIBUTE_GT, ATTRIBUTE_LT, ATTRIBUTE_STEP, /* of numbers */
    ATTRIBUTE_EDGE,  /* of booleans: 1 rising, 0 falling */
    ATTRIBUTE_CON,   /* 1: confirmable notifications, 0: not */
    ATTRIBUTE_HQMAX, /* notifications stored while the server cannot be reached */
    ATTRIBUTES,
};

struct attributes {
    unsigned set; /* bit 1 << enum attribute: has a value */
    double value[ATTRIBUTES];
};

struct attached {
    struct path path;
    struct attributes attributes;
};

enum { ATTACHED_MAX = 64 };

struct attribute_table {
    struct attached at[ATTACHED_MAX];
    size_t count;
};

/* Applies queries ("pmin=10"; "gt" without value unsets) to what is there, all or nothing. type: of the one value that they are about, NONE for a whole
 * object, instance or multiple resource: gt, lt and st need a number, edge a boolean. False (4.00): unknown name, bad value, a combination that clause
 * 5.1.2 refuses (lt >= gt, lt + 2 * st >= gt, epmin >= epmax). */
bool attributes_apply(struct attributes *a, enum value_type type, const struct slice *queries, size_t count);
/* The same for what is attached to the path. */
bool attributes_write(struct attribute_table *table, const struct path *p, enum value_type type, const struct slice *queries, size_t count);
void attributes_forget(struct attribute_table *table, const struct path *p); /* at and below p */
bool attribute_has(const struct attributes *a, enum attribute which);
/* The value, or what is taken without one. */
double attribute_value(const struct attributes *a, enum attribute which, double otherwise);
/* What is attached to exactly this path. */
struct attributes attributes_own(const struct attribute_table *table, const struct path *p);
/* What counts at the path: resource instance before resource before object instance before object. */
struct attributes attributes_effective(const struct attribute_table *table, const struct path *p);
void attributes_override(struct attributes *a, const struct attributes *by); /* values of `by` before those of a */
/* ";pmin=10;gt=2.5" */
void attributes_put(struct writer *w, const struct attributes *a);

#endif
