/* SPDX-License-Identifier: Apache-2.0 */
/* From what a pack says to what the tables know. */
#include "lwm2m/format/senml_value.h"

static bool value_of(const struct senml_record *r, struct value *v)
{
    static const enum value_type types[] = { [SENML_NONE] = VALUE_NONE, [SENML_INTEGER] = VALUE_INTEGER, [SENML_REAL] = VALUE_FLOAT, [SENML_TEXT] = VALUE_STRING,
                                             [SENML_BOOLEAN] = VALUE_BOOLEAN, [SENML_OCTETS] = VALUE_OPAQUE, [SENML_LINK] = VALUE_OBJLNK };
    *v = (struct value){ .type = types[r->kind], .integer = r->integer, .real = r->real, .octets = r->octets };
    return r->kind != SENML_LINK || objlnk_parse(r->octets, &v->integer);
}

enum error_code senml_add(void *user, const struct senml_record *r)
{
    const struct senml_into *into = user;
    struct value v;
    struct path p;
    if ((into->paths != NULL) != (r->kind == SENML_NONE) || !value_of(r, &v)) /* RFC 8428 clause 4.2; a list of paths has no values */
        return ERROR_MALFORMED;
    if (into->paths)
        return format_add_path(into->paths, r->base, r->name);
    if (!format_name(r->base, r->name, &p))
        return ERROR_NOT_FOUND;
    return format_add(into->records, into->base, &p, v);
}
