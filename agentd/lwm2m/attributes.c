/* SPDX-License-Identifier: Apache-2.0 */
/* The table of attached attributes. Bounded; a row without attributes is given back. */
#include "lwm2m/attributes.h"

#include "base/text.h"

struct attribute_name {
    const char *name;
    enum attribute bit;
};

static const struct attribute_name names[] = {
    { "pmin", ATTRIBUTE_PMIN }, { "pmax", ATTRIBUTE_PMAX }, { "gt", ATTRIBUTE_GT }, { "lt", ATTRIBUTE_LT }, { "st", ATTRIBUTE_STEP },
};

enum { COUNT = sizeof names / sizeof names[0], NUMERIC_ONLY = ATTRIBUTE_GT | ATTRIBUTE_LT | ATTRIBUTE_STEP };

static double *real_of(struct attributes *a, enum attribute bit)
{
    return bit == ATTRIBUTE_GT ? &a->gt : bit == ATTRIBUTE_LT ? &a->lt : &a->step;
}

static bool apply(struct attributes *a, enum attribute bit, struct slice value)
{
    if (bit == ATTRIBUTE_PMIN || bit == ATTRIBUTE_PMAX) {
        uint64_t seconds;
        if (!text_decimal(value, INT32_MAX, &seconds))
            return false;
        *(bit == ATTRIBUTE_PMIN ? &a->pmin : &a->pmax) = (uint32_t)seconds;
    } else if (!real_parse(value, real_of(a, bit)) || (bit == ATTRIBUTE_STEP && a->step <= 0)) {
        return false;
    }
    a->set |= bit;
    return true;
}

static bool apply_query(struct attributes *a, bool numeric, struct slice query)
{
    size_t equals = 0;
    while (equals < query.len && query.data[equals] != '=')
        equals++;
    for (size_t i = 0; i < COUNT; i++) {
        if (!slice_is((struct slice){ query.data, equals }, names[i].name))
            continue;
        if ((names[i].bit & NUMERIC_ONLY) && !numeric)
            return false;
        if (equals == query.len) { /* "pmin": unset */
            a->set &= ~(unsigned)names[i].bit;
            return true;
        }
        return apply(a, names[i].bit, (struct slice){ &query.data[equals + 1], query.len - equals - 1 });
    }
    return false;
}

/* Clause 5.1.2: lt < gt, and a step of st must fit twice between them. */
static bool consistent(const struct attributes *a)
{
    bool band = (a->set & ATTRIBUTE_GT) && (a->set & ATTRIBUTE_LT);
    if (band && a->lt >= a->gt)
        return false;
    return !band || !(a->set & ATTRIBUTE_STEP) || a->lt + 2 * a->step < a->gt;
}

static struct attached *find(struct attribute_table *table, const struct path *p)
{
    for (size_t i = 0; i < table->count; i++)
        if (path_equal(&table->at[i].path, p))
            return &table->at[i];
    return NULL;
}

bool attributes_write(struct attribute_table *table, const struct path *p, bool numeric, const struct slice *queries, size_t count)
{
    struct attributes next = attributes_own(table, p);
    for (size_t i = 0; i < count; i++)
        if (!apply_query(&next, numeric, queries[i]))
            return false;
    if (!consistent(&next))
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

struct attributes attributes_own(const struct attribute_table *table, const struct path *p)
{
    for (size_t i = 0; i < table->count; i++)
        if (path_equal(&table->at[i].path, p))
            return table->at[i].attributes;
    return (struct attributes){ 0 };
}

struct attributes attributes_effective(const struct attribute_table *table, const struct path *p)
{
    struct attributes out = { 0 };
    for (uint8_t depth = PATH_OBJECT; depth <= p->depth; depth++) {
        struct path level = path_parent(p, depth);
        struct attributes own = attributes_own(table, &level);
        if (own.set & ATTRIBUTE_PMIN)
            out.pmin = own.pmin;
        if (own.set & ATTRIBUTE_PMAX)
            out.pmax = own.pmax;
        if (own.set & ATTRIBUTE_GT)
            out.gt = own.gt;
        if (own.set & ATTRIBUTE_LT)
            out.lt = own.lt;
        if (own.set & ATTRIBUTE_STEP)
            out.step = own.step;
        out.set |= own.set;
    }
    return out;
}

void attributes_put(struct writer *w, const struct attributes *a)
{
    struct attributes copy = *a;
    for (size_t i = 0; i < COUNT; i++) {
        if (!(a->set & names[i].bit))
            continue;
        writer_u8(w, ';');
        writer_text(w, names[i].name);
        writer_u8(w, '=');
        if (names[i].bit == ATTRIBUTE_PMIN || names[i].bit == ATTRIBUTE_PMAX)
            integer_put(w, names[i].bit == ATTRIBUTE_PMIN ? copy.pmin : copy.pmax);
        else
            real_put(w, *real_of(&copy, names[i].bit));
    }
}
