/* SPDX-License-Identifier: Apache-2.0 */
/* The table of attached attributes, and one table of what each attribute may be. Bounded; a row without attributes is given back. */
#include "lwm2m/attributes.h"

#include "base/text.h"

enum range { RANGE_SECONDS, RANGE_REAL, RANGE_STEP, RANGE_BIT, RANGE_COUNT };

static const struct {
    const char *name;
    enum range range;
    enum value_type only; /* FLOAT: any number; NONE: at every level */
} rules[ATTRIBUTES] = {
    [ATTRIBUTE_PMIN] = { "pmin", RANGE_SECONDS, VALUE_NONE }, [ATTRIBUTE_PMAX] = { "pmax", RANGE_SECONDS, VALUE_NONE },
    [ATTRIBUTE_EPMIN] = { "epmin", RANGE_SECONDS, VALUE_NONE }, [ATTRIBUTE_EPMAX] = { "epmax", RANGE_SECONDS, VALUE_NONE },
    [ATTRIBUTE_GT] = { "gt", RANGE_REAL, VALUE_FLOAT }, [ATTRIBUTE_LT] = { "lt", RANGE_REAL, VALUE_FLOAT }, [ATTRIBUTE_STEP] = { "st", RANGE_STEP, VALUE_FLOAT },
    [ATTRIBUTE_EDGE] = { "edge", RANGE_BIT, VALUE_BOOLEAN }, [ATTRIBUTE_CON] = { "con", RANGE_BIT, VALUE_NONE }, [ATTRIBUTE_HQMAX] = { "hqmax", RANGE_COUNT, VALUE_NONE },
};

bool attribute_has(const struct attributes *a, enum attribute which)
{
    return a->set & 1u << which;
}

double attribute_value(const struct attributes *a, enum attribute which, double otherwise)
{
    return attribute_has(a, which) ? a->value[which] : otherwise;
}

static bool read_value(enum range range, struct slice text, double *v)
{
    uint64_t number;
    switch (range) {
    case RANGE_SECONDS:
    case RANGE_COUNT:
    case RANGE_BIT:
        if (!text_decimal(text, range == RANGE_BIT ? 1 : range == RANGE_COUNT ? UINT16_MAX : INT32_MAX, &number))
            return false;
        *v = (double)number;
        return true;
    case RANGE_REAL:
        return real_parse(text, v);
    case RANGE_STEP:
        return real_parse(text, v) && *v > 0;
    }
    return false;
}

static bool applies(enum value_type only, enum value_type type)
{
    return only == VALUE_NONE || (only == VALUE_FLOAT ? value_is_number(type) : only == type);
}

static bool apply_query(struct attributes *a, enum value_type type, struct slice query)
{
    size_t equals = 0;
    while (equals < query.len && query.data[equals] != '=')
        equals++;
    for (unsigned i = 0; i < ATTRIBUTES; i++) {
        if (!slice_is((struct slice){ query.data, equals }, rules[i].name))
            continue;
        if (!applies(rules[i].only, type))
            return false;
        if (equals == query.len) { /* "pmin": unset */
            a->set &= ~(1u << i);
            return true;
        }
        a->set |= 1u << i;
        return read_value(rules[i].range, (struct slice){ &query.data[equals + 1], query.len - equals - 1 }, &a->value[i]);
    }
    return false;
}

/* Clause 5.1.2: lt < gt, and a step of st must fit twice between them; epmin < epmax. */
static bool consistent(const struct attributes *a)
{
    if (attribute_has(a, ATTRIBUTE_EPMIN) && attribute_has(a, ATTRIBUTE_EPMAX) && a->value[ATTRIBUTE_EPMIN] >= a->value[ATTRIBUTE_EPMAX])
        return false;
    if (!attribute_has(a, ATTRIBUTE_GT) || !attribute_has(a, ATTRIBUTE_LT))
        return true;
    double lt = a->value[ATTRIBUTE_LT], gt = a->value[ATTRIBUTE_GT], step = attribute_value(a, ATTRIBUTE_STEP, 0);
    return lt < gt && lt + 2 * step < gt;
}

bool attributes_apply(struct attributes *a, enum value_type type, const struct slice *queries, size_t count)
{
    struct attributes next = *a;
    for (size_t i = 0; i < count; i++)
        if (!apply_query(&next, type, queries[i]))
            return false;
    if (!consistent(&next))
        return false;
    *a = next;
    return true;
}

static struct attached *find(struct attribute_table *table, const struct path *p)
{
    for (size_t i = 0; i < table->count; i++)
        if (path_equal(&table->at[i].path, p))
            return &table->at[i];
    return NULL;
}

bool attributes_write(struct attribute_table *table, const struct path *p, enum value_type type, const struct slice *queries, size_t count)
{
    struct attributes next = attributes_own(table, p);
    if (!attributes_apply(&next, type, queries, count))
        return false;
    struct attached *row = find(table, p);
    if (!row && next.set) {
        if (table->count == ATTACHED_MAX)
            return false;
        row = &table->at[table->count++];
        row->path = *p;
    }
    if (row)
        row->attributes = next;
    if (row && !next.set)
        *row = table->at[--table->count];
    return true;
}

void attributes_forget(struct attribute_table *table, const struct path *p)
{
    for (size_t i = table->count; i-- > 0;)
        if (path_contains(p, &table->at[i].path))
            table->at[i] = table->at[--table->count];
}

struct attributes attributes_own(const struct attribute_table *table, const struct path *p)
{
    for (size_t i = 0; i < table->count; i++)
        if (path_equal(&table->at[i].path, p))
            return table->at[i].attributes;
    return (struct attributes){ 0 };
}

void attributes_override(struct attributes *a, const struct attributes *by)
{
    for (unsigned i = 0; i < ATTRIBUTES; i++)
        if (by->set & 1u << i)
            a->value[i] = by->value[i];
    a->set |= by->set;
}

struct attributes attributes_effective(const struct attribute_table *table, const struct path *p)
{
    struct attributes out = { 0 };
    for (uint8_t depth = PATH_OBJECT; depth <= p->depth; depth++) {
        struct path level = path_parent(p, depth);
        struct attributes own = attributes_own(table, &level);
        attributes_override(&out, &own);
    }
    return out;
}

void attributes_put(struct writer *w, const struct attributes *a)
{
    for (unsigned i = 0; i < ATTRIBUTES; i++) {
        if (!(a->set & 1u << i))
            continue;
        writer_u8(w, ';');
        writer_text(w, rules[i].name);
        writer_u8(w, '=');
        real_put(w, a->value[i]);
    }
}
