/* SPDX-License-Identifier: Apache-2.0 */
/* Objects as const tables: one file per object, one row per resource. Handlers of the interfaces walk these tables and know no object by
 * name. Reading never fails half way: a resource that has no value now is left out. What a row claims (type, operations, multiplicity) is
 * compared with the OMA registry's facts by a test. */
#ifndef LWM2M_OBJECTS_OBJECTS_H
#define LWM2M_OBJECTS_OBJECTS_H

#include "lwm2m/objects/state.h"
#include "lwm2m/value.h"

enum operation { OPERATION_READ = 1, OPERATION_WRITE = 2, OPERATION_EXECUTE = 4 };

/* Where a resource handler is asked: the object instance, and which instance of a multiple resource. */
struct spot {
    struct objects *o;
    uint16_t instance; /* of the object */
    size_t index;      /* read: the n-th resource instance, 0 unless multiple */
    uint64_t now;      /* read: Unix seconds, 0 until a value needs them: those of an instance are all of one moment */
    const struct system_facts *system; /* read: as of that moment; NULL until a value needs them */
    uint16_t id;       /* of the resource instance; set by read, given to write */
};

struct resource {
    uint16_t id;
    enum value_type type;
    uint8_t operations;  /* enum operation */
    bool multiple, continuous; /* continuous: changes with time, not every change is worth a notification */
    bool mandatory, kept;      /* a replacing Write and a Create must carry it; as struct object has it, for this one */
    bool (*read)(struct spot *s, struct value *v);              /* false: there is no (such) instance now */
    bool (*check)(const struct value *v);                       /* range of a Write; NULL: any value of the type */
    bool (*fits)(const struct objects *o, uint16_t instance, const struct value *v); /* behind check: is it one for that instance (4.00)? NULL: always */
    bool (*allowed)(const struct objects *o, uint16_t instance, const struct value *v); /* may it be written now (4.05)? NULL: always */
    void (*write)(struct spot *s, const struct value *v);       /* after check; cannot fail; NULL value: back to the default, all instances away */
    bool (*execute)(struct spot *s, struct slice arguments);    /* false: refused (4.05) */
    bool (*may_have)(const struct objects *o, uint16_t instance, uint16_t id); /* may that instance, also one to be created, have this resource instance? NULL: any */
};

struct object {
    uint16_t id;
    const char *version; /* ";ver=" in Register and Discover, NULL where the enabler's version says it (Core TS 1.1.1 clause 7.2.2) */
    const char *core_version; /* of an object that the enabler defines, if it is not 1.0 */
    const struct resource *resources;
    size_t count;
    uint16_t needs; /* a resource that a Create must carry here beside those that are mandatory for all; 0: none */
    bool (*present)(const struct objects *o); /* false: this gateway has no such object now; NULL: always */
    /* Multiple-instance objects. NULL instance: the object has the one instance 0. */
    bool (*instance)(struct objects *o, size_t index, uint16_t *id); /* ids ascend; false: there is none */
    bool (*create)(struct objects *o, uint16_t id); /* an instance with default values; NULL: no server may; false: no room */
    bool (*remove)(struct objects *o, uint16_t id); /* NULL: no server may; false: this one stays (4.05) */
    bool kept; /* what servers write is stored before it is answered, or is as it was (5.00); what acts is written when the rest is stored */
    bool (*keep)(struct objects *o); /* stores what is this object's own, and with it what servers_keep would; false: its own is as it was. NULL: there is none */
};

extern const struct object object_staged_security, object_staged_server, object_staged_access; /* 0, 1 and 2 while a bootstrap server writes them */
extern const struct object object_server, object_server_1_2; /* 1 */
extern const struct object object_access_control; /* 2 */
extern const struct object object_device; /* 3 */
extern const struct object object_monitoring, object_statistics, object_cellular; /* 4, 7, 10 */
extern const struct object object_firmware, object_software; /* 5, 9 */
extern const struct object object_location, object_profile; /* 6, 11 */
extern const struct object object_bearer_selection; /* 13 */
extern const struct object object_portfolio; /* 16 */
extern const struct object object_event_log; /* 20 */
extern const struct object object_gateway; /* 25 */
extern const struct object object_remote_sim; /* 504 */

/* What one interface sees: objects by ascending id. */
struct model {
    const struct object *const *objects;
    size_t count;
};

extern const struct model model_managed, model_managed_1_2; /* of management servers up to LwM2M 1.1, and of 1.2: all but Security */
extern const struct model model_bootstrap; /* of the bootstrap server: accounts that are being written (staged.h) */

const struct object *object_find(const struct model *m, uint16_t id); /* NULL if none */
/* At or below object 0, 21 or 23, which only a bootstrap server may see: 4.01 whether it exists or not (Core TS 1.1.1 clause 6.3; 23: 1.2). */
bool path_hidden(const struct path *p);
bool object_present(const struct objects *o, const struct object *object); /* false also for NULL */
/* The index-th instance; false: there are fewer. */
bool object_instance(struct objects *o, const struct object *object, size_t index, uint16_t *id);
bool object_has_instance(struct objects *o, const struct object *object, uint16_t instance);
uint16_t object_free_instance(struct objects *o, const struct object *object); /* the lowest id that no instance has; LWM2M_NO_ID: all are taken */
const struct resource *resource_find(const struct object *object, uint16_t id);
/* The row for the path (depth RESOURCE or more), whether its instance exists or not; NULL: object or resource are unknown. */
const struct resource *resource_at(const struct model *m, const struct path *p);
/* True if something exists at the path now. */
bool path_exists(struct objects *o, const struct path *p);
/* The readable values at and below the path, which must exist and be no executable resource. False if they do not fit. */
bool objects_read(struct objects *o, const struct path *p, struct records *out);
bool objects_read_more(struct objects *o, const struct path *p, struct records *out); /* the same, behind what is there */
/* Number of instances of a multiple resource of that object instance. */
size_t resource_instances(struct objects *o, uint16_t instance, const struct resource *resource);
struct node *primary_modem(const struct objects *o); /* over which data goes usually; NULL: none */
bool profile_connected(const struct objects *o, uint16_t instance); /* of object 11 */
/* The index-th address of a Bearer's list of texts, without prefix length; false: there are fewer, or bearer is NULL. */
bool bearer_address(const struct node *bearer, const char *property, size_t index, struct value *v);

#endif
