/* SPDX-License-Identifier: Apache-2.0 */
/* The table of leaves and the instances that servers make. Inside dm/ only. */
#ifndef DM_NODES_H
#define DM_NODES_H

#include "dm/tree.h"

enum dm_access { DM_GET = 1, DM_ADD = 2, DM_REPLACE = 4, DM_DELETE = 8, DM_EXEC = 16 };

struct dm_row {
    const char *path;   /* without "./"; '*' stands for a name that the server chose */
    unsigned access;    /* enum dm_access */
    enum dm_format format;
    size_t min, max;    /* octets, or values of an int */
    /* Status; NOT_FOUND without a value. NULL: never readable, or the TRE is asked. */
    int (*get)(const struct dm_tree *t, const char *name, unsigned field, struct dm_value *out);
    /* Status; the value is within format and bounds. NULL: never written. */
    int (*set)(struct dm_tree *t, const char *name, unsigned field, struct slice value);
    bool (*has)(const struct dm_tree *t, const char *name, unsigned field); /* for what cannot be read; NULL: ask get */
    unsigned field;
    enum dm_ask ask;
};

extern const struct dm_row dm_rows[];
extern const size_t dm_row_count;

bool dm_row_present(const struct dm_row *row, const struct dm_tree *t, const char *name);
/* Instances below ./GatewayAgent/Mid and ./GatewayAgent/LwM2M; path is that of a row. */
bool dm_instance_exists(const struct dm_tree *t, const char *path, const char *name);
int dm_instance_make(struct dm_tree *t, const char *path, const char *name);   /* OK, FULL */
void dm_instance_drop(struct dm_tree *t, const char *path, const char *name);
const char *dm_instance_name(const struct dm_tree *t, const char *path, size_t i); /* "" if free */

#endif
