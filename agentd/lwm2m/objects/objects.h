/* SPDX-License-Identifier: Apache-2.0 */
/* Objects as const tables: one file per object, one row per resource. Handlers of the interfaces walk these tables and know no object by
 * name. Reading never fails half way: a resource that has no value now is left out. */
#ifndef LWM2M_OBJECTS_OBJECTS_H
#define LWM2M_OBJECTS_OBJECTS_H

#include "lwm2m/lwm2m.h"
#include "lwm2m/value.h"

enum operation { OPERATION_READ = 1, OPERATION_WRITE = 2, OPERATION_EXECUTE = 4 };
enum effect { EFFECT_UPDATE = 1, EFFECT_LIFETIME = 2 }; /* what a Write or Execute asks of the registration */

/* What the tables read and write: the state of the server's account, and the device. */
struct objects {
    uint16_t short_server_id;
    uint32_t lifetime;       /* /1/0/1, seconds */
    uint32_t pmin, pmax;     /* /1/0/2, /1/0/3: defaults for attributes; 0: none */
    bool store_notifications; /* /1/0/6 */
    const struct lwm2m_device *device;
    unsigned effects;        /* enum effect, set by write and execute, taken by the caller */
    char utc_offset[8];      /* /3/0/14, filled at each Read */
};

struct resource {
    uint16_t id;
    enum value_type type;
    uint8_t operations;  /* enum operation */
    bool multiple;
    bool continuous;     /* changes with time: not every change is worth a notification */
    bool mandatory;      /* a replacing Write of the instance must carry it */
    /* The index-th instance (0 only unless multiple) and its id; false: there is none. */
    bool (*read)(struct objects *o, size_t index, uint16_t *instance, struct value *v);
    bool (*check)(const struct value *v);                      /* range of a Write; NULL: any value of the type */
    void (*write)(struct objects *o, const struct value *v);   /* after check; cannot fail; NULL value: back to the default */
    bool (*execute)(struct objects *o, struct slice arguments); /* false: refused (4.05) */
};

struct object {
    uint16_t id;
    const char *version; /* ";ver=" in Register and Discover, NULL where the enabler's version says it (Core TS 1.1.1 clause 7.2.2) */
    const struct resource *resources;
    size_t count;
};

extern const struct object object_server; /* 1 */
extern const struct object object_device; /* 3 */

/* All objects but Security, by ascending id. */
extern const struct object *const object_table[];
extern const size_t object_count;

const struct object *object_find(uint16_t id); /* NULL if none */
bool object_has_instance(const struct object *object, uint16_t instance);
const struct resource *resource_find(const struct object *object, uint16_t id);
/* The resource that the path (depth RESOURCE or more) names, or NULL if path, instance or object do not exist. */
const struct resource *resource_at(const struct path *p);
/* True if something exists at the path now. */
bool path_exists(struct objects *o, const struct path *p);
/* The readable values at and below the path, which must exist and be no executable resource. False if they do not fit. */
bool objects_read(struct objects *o, const struct path *p, struct records *out);
/* Number of instances of a multiple resource. */
size_t resource_instances(struct objects *o, const struct resource *resource);

#endif
