/* SPDX-License-Identifier: Apache-2.0 */
/* Object 2, LwM2M Access Control (Core TS 1.1.1 clause 8, appendix E.3): rows of owner and rights, and the questions that every operation asks first. Never
 * itself subject to a row: any server reads it, only the owner of a row writes it. */
#include "lwm2m/objects/access_control.h"

#include "base/log.h"
#include "lwm2m/objects/objects.h"
#include "lwm2m/objects/staged.h"

static bool several(const struct objects *o)
{
    return o->servers && o->servers->count > 1;
}

static struct access_row *row_of(struct servers *s, uint16_t object, uint16_t instance)
{
    for (size_t i = 0; i < ACCESS_ROWS; i++)
        if (s->access[i].used && s->access[i].object == object && s->access[i].instance == instance)
            return &s->access[i];
    return NULL;
}

static const struct access_entry *entry_of(const struct access_row *row, uint16_t short_server_id)
{
    for (size_t i = 0; i < row->count; i++)
        if (row->acl[i].short_server_id == short_server_id)
            return &row->acl[i];
    return NULL;
}

/* ---- rights ---- */

/* The row of an instance that no server created. */
static struct access_row given(const struct servers *s, uint16_t object, uint16_t instance)
{
    struct access_row row = { .used = true, .object = object, .instance = instance, .owner = server_first(s)->short_server_id };
    for (size_t i = 0; object == object_server.id && i < s->count; i++)
        if (s->at[i]->instance == instance)
            row.owner = s->at[i]->short_server_id;
    if (object != object_server.id && instance != ACCESS_WHOLE_OBJECT)
        row.acl[row.count++] = (struct access_entry){ ACCESS_DEFAULT, ACCESS_READ };
    return row;
}

/* Clause 8.2.1: the entry of the server; else it is the owner and may everything; else the default entry. */
static unsigned rights(const struct access_row *row, uint16_t short_server_id)
{
    const struct access_entry *own = entry_of(row, short_server_id), *others = entry_of(row, ACCESS_DEFAULT);
    if (own)
        return own->rights;
    if (row->owner == short_server_id)
        return ACCESS_ALL;
    return others ? others->rights : 0;
}

bool access_may(const struct objects *o, uint16_t object, uint16_t instance, enum access_right right)
{
    if (!several(o))
        return true;
    if (object == object_access_control.id)
        return right == ACCESS_READ || (right == ACCESS_WRITE && instance < ACCESS_ROWS && o->servers->access[instance].owner == o->self->short_server_id);
    const struct access_row *row = row_of(o->servers, object, instance);
    struct access_row other;
    if (!row) {
        other = given(o->servers, object, instance);
        row = &other;
    }
    return rights(row, o->self->short_server_id) & right;
}

bool access_may_read_some(struct objects *o, uint16_t object)
{
    const struct object *at = object_find(o->model, object);
    uint16_t id;
    size_t i = 0;
    for (; several(o) && at && object_instance(o, at, i, &id); i++)
        if (access_may(o, object, id, ACCESS_READ))
            return true;
    return i == 0;
}

/* ---- rows ---- */

static struct access_row *add_row(struct servers *s, const struct access_row *row)
{
    for (size_t i = 0; i < ACCESS_ROWS; i++)
        if (!s->access[i].used) {
            s->access[i] = *row;
            return &s->access[i];
        }
    return NULL; /* what has no row is as one that no server created */
}

static void want_row(struct servers *s, uint16_t object, uint16_t instance)
{
    struct access_row row;
    if (row_of(s, object, instance))
        return;
    row = given(s, object, instance);
    (void)add_row(s, &row);
}

static bool has_target(struct objects *o, const struct access_row *row)
{
    const struct object *object = object_find(o->model, row->object);
    return object && (row->instance == ACCESS_WHOLE_OBJECT ? object->create != NULL : object_has_instance(o, object, row->instance));
}

void access_sync(struct objects *o)
{
    uint16_t id;
    if (!several(o))
        return; /* rows are kept: the second server may come again */
    for (size_t i = 0; i < ACCESS_ROWS && !o->servers->held; i++)
        if (o->servers->access[i].used && !has_target(o, &o->servers->access[i]))
            o->servers->access[i].used = false;
    for (size_t i = 0; i < o->model->count; i++) {
        const struct object *object = o->model->objects[i];
        if (object == &object_access_control)
            continue;
        if (object->create)
            want_row(o->servers, object->id, ACCESS_WHOLE_OBJECT);
        for (size_t n = 0; object_instance(o, object, n, &id); n++)
            want_row(o->servers, object->id, id);
    }
}

void access_forget(struct servers *s, uint16_t object, uint16_t instance)
{
    struct access_row *row = row_of(s, object, instance);
    if (row && row->fresh)
        row->fresh = false;
    else if (row)
        row->used = false;
}

void access_created(struct objects *o, uint16_t object, uint16_t instance)
{
    struct access_row row = { .used = true, .object = object, .instance = instance, .owner = o->self->short_server_id };
    access_deleted(o->servers, object, instance);
    if (several(o))
        (void)add_row(o->servers, &row);
}

void access_deleted(struct servers *s, uint16_t object, uint16_t instance)
{
    struct access_row *row = row_of(s, object, instance);
    if (row)
        row->used = false;
}

/* ---- a server that has gone ---- */

static unsigned weight(const struct access_row *row, uint16_t short_server_id)
{
    const struct access_entry *e = entry_of(row, short_server_id);
    return e ? !!(e->rights & ACCESS_WRITE) + !!(e->rights & ACCESS_DELETE) : 0;
}

static uint16_t next_owner(const struct servers *s, const struct access_row *row)
{
    const struct server_values *best = server_first(s);
    for (size_t i = 0; i < s->count; i++)
        if (weight(row, s->at[i]->short_server_id) > weight(row, best->short_server_id))
            best = s->at[i];
    return best->short_server_id;
}

void access_server_gone(struct servers *s, uint16_t short_server_id)
{
    for (size_t i = 0; i < ACCESS_ROWS; i++) {
        struct access_row *row = &s->access[i];
        for (size_t n = row->used ? row->count : 0; n-- > 0;)
            if (row->acl[n].short_server_id == short_server_id)
                row->acl[n] = row->acl[--row->count];
        if (row->used && row->owner == short_server_id && s->count)
            row->owner = next_owner(s, row);
    }
}

/* ---- what a bootstrap leaves ---- */

static bool is_of(const struct access_rights *r, uint16_t owner)
{
    return owner == ACCESS_BOOTSTRAP || access_rights_names(r, owner);
}

void access_take(const struct servers *s, struct access_rights *out)
{
    for (size_t i = 0; i < ACCESS_ROWS; i++)
        out->at[i] = s->access[i];
}

/* It keeps its number, unless a row that stays has that. */
static void put_row(struct servers *s, size_t index, const struct access_row *row)
{
    const struct access_row *other = row_of(s, row->object, row->instance);
    if (other && row->fresh)
        log_notice("lwm2m", "object 2: /%u/%u stays with server %u, of another context", (unsigned)row->object, (unsigned)row->instance, (unsigned)other->owner);
    if (other)
        return; /* or it is what the bootstrap wrote instead */
    if (s->access[index].used)
        (void)add_row(s, row);
    else
        s->access[index] = *row;
}

void access_put(struct servers *s, const struct access_rights *r)
{
    for (size_t i = 0; i < ACCESS_ROWS; i++)
        if (is_of(r, s->access[i].owner))
            s->access[i].used = false;
    for (int fresh = true; fresh >= false; fresh--)
        for (size_t i = 0; i < ACCESS_ROWS; i++)
            if (r->at[i].used && r->at[i].fresh == fresh)
                put_row(s, i, &r->at[i]);
}

/* ---- the table ---- */

static bool next_instance(struct objects *o, size_t index, uint16_t *id)
{
    for (uint16_t i = 0; several(o) && i < ACCESS_ROWS; i++)
        if (o->servers->access[i].used && index-- == 0) {
            *id = i;
            return true;
        }
    return false;
}

static struct access_row *row_at(const struct spot *s)
{
    return s->o->staged ? &s->o->staged->rights.at[s->instance] : &s->o->servers->access[s->instance];
}

static bool read_object(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, row_at(s)->object);
    return true;
}

static bool read_instance(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, row_at(s)->instance);
    return true;
}

/* Resource instances are short server ids, in ascending order. */
static bool read_acl(struct spot *s, struct value *v)
{
    const struct access_row *row = row_at(s);
    int last = -1;
    for (size_t n = 0; n <= s->index; n++) {
        const struct access_entry *next = NULL;
        for (size_t i = 0; i < row->count; i++)
            if (row->acl[i].short_server_id > last && (!next || row->acl[i].short_server_id < next->short_server_id))
                next = &row->acl[i];
        if (!next)
            return false;
        last = next->short_server_id;
        s->id = next->short_server_id;
        *v = value_integer(VALUE_INTEGER, next->rights);
    }
    return true;
}

static bool check_rights(const struct value *v)
{
    return v->integer >= 0 && v->integer <= ACCESS_ALL;
}

static bool is_server(const struct servers *s, uint16_t short_server_id)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->at[i]->short_server_id == short_server_id)
            return true;
    return false;
}

/* For servers that there are, and by default. */
static bool may_have_entry(const struct objects *o, uint16_t instance, uint16_t id)
{
    (void)instance;
    return id == ACCESS_DEFAULT || is_server(o->servers, id);
}

static void write_acl(struct spot *s, const struct value *v)
{
    struct access_row *row = row_at(s);
    if (!v) {
        row->count = 0;
        return;
    }
    for (size_t i = 0; i < row->count; i++)
        if (row->acl[i].short_server_id == s->id) {
            row->acl[i].rights = (uint8_t)v->integer;
            return;
        }
    if (row->count < ACCESS_ENTRIES)
        row->acl[row->count++] = (struct access_entry){ s->id, (uint8_t)v->integer };
}

static bool read_owner(struct spot *s, struct value *v)
{
    *v = value_integer(VALUE_INTEGER, row_at(s)->owner);
    return true;
}

static bool check_owner(const struct value *v)
{
    return v->integer > 0 && v->integer <= ACCESS_BOOTSTRAP;
}

static void write_owner(struct spot *s, const struct value *v)
{
    if (v)
        row_at(s)->owner = (uint16_t)v->integer;
}

enum { R = OPERATION_READ, RW = OPERATION_READ | OPERATION_WRITE };

static const struct resource resources[] = {
    { 0, VALUE_INTEGER, R, .read = read_object },
    { 1, VALUE_INTEGER, R, .read = read_instance },
    { 2, VALUE_INTEGER, RW, .multiple = true, .read = read_acl, .check = check_rights, .write = write_acl, .may_have = may_have_entry },
    { 3, VALUE_INTEGER, RW, .mandatory = true, .read = read_owner, .check = check_owner, .write = write_owner },
};

const struct object object_access_control = { .id = 2, .resources = resources, .count = sizeof resources / sizeof resources[0], .kept = true, .instance = next_instance,
                                              .present = several };

/* ---- 2, while a bootstrap server writes it ---- */

static bool next_staged(struct objects *o, size_t index, uint16_t *id)
{
    for (uint16_t i = 0; i < ACCESS_ROWS; i++)
        if (o->staged->rights.at[i].used && index-- == 0) {
            *id = i;
            return true;
        }
    return false;
}

static bool create_staged(struct objects *o, uint16_t id)
{
    if (id >= ACCESS_ROWS)
        return false;
    o->staged->rights.at[id] = (struct access_row){ .used = true };
    return true;
}

static bool remove_staged(struct objects *o, uint16_t id)
{
    o->staged->rights.at[id].used = false;
    o->staged->rights.written = true;
    return true;
}

static struct access_row *write_staged(const struct spot *s)
{
    struct access_row *row = &s->o->staged->rights.at[s->instance];
    row->fresh = s->o->staged->rights.written = true;
    return row;
}

static bool check_id(const struct value *v)
{
    return v->integer >= 0 && v->integer <= UINT16_MAX;
}

static void stage_object(struct spot *s, const struct value *v)
{
    write_staged(s)->object = v ? (uint16_t)v->integer : 0;
}

static void stage_instance(struct spot *s, const struct value *v)
{
    write_staged(s)->instance = v ? (uint16_t)v->integer : 0;
}

static void stage_acl(struct spot *s, const struct value *v)
{
    (void)write_staged(s);
    write_acl(s, v);
}

static void stage_owner(struct spot *s, const struct value *v)
{
    write_staged(s)->owner = v ? (uint16_t)v->integer : 0;
}

static const struct resource staged_resources[] = {
    { 0, VALUE_INTEGER, R, .mandatory = true, .read = read_object, .check = check_id, .write = stage_object },
    { 1, VALUE_INTEGER, R, .mandatory = true, .read = read_instance, .check = check_id, .write = stage_instance },
    { 2, VALUE_INTEGER, R, .multiple = true, .read = read_acl, .check = check_rights, .write = stage_acl },
    { 3, VALUE_INTEGER, R, .mandatory = true, .read = read_owner, .check = check_owner, .write = stage_owner },
};

const struct object object_staged_access = { .id = 2, .resources = staged_resources, .count = sizeof staged_resources / sizeof staged_resources[0],
                                             .instance = next_staged, .create = create_staged, .remove = remove_staged };
