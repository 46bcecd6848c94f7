/* SPDX-License-Identifier: Apache-2.0 */
/* Parms of a characteristic into fields of the model, with their checks: the only way in which provisioning takes a value; what it gives is marked as taken. Each returns ERROR_NONE,
 * INCOMPLETE (mandatory, not there), INVALID or TOO_LARGE with the characteristic's and the parm's name. */
#ifndef BOOTSTRAP_PROVISIONING_FIELDS_H
#define BOOTSTRAP_PROVISIONING_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "codec/prov.h"

/* A parm of `in`, a characteristic that `where` names in errors. */
struct field {
    struct prov_node *in;
    const char *where;
    enum prov_word name;
};

/* The value of the first such parm, without control characters; absent: "" unless mandatory. A mandatory one is not empty. */
enum error_code field_text(const struct field *f, bool mandatory, char *out, size_t cap, struct error *err);
/* Each such parm, in the order of the document, into out[max][cap] (one field after the other); *count of them. */
enum error_code field_texts(const struct field *f, char *out, size_t cap, size_t max, size_t *count, struct error *err);
/* A decimal number up to max; absent: ERROR_NONE, and *given is false. */
enum error_code field_number(const struct field *f, uint32_t max, uint32_t *out, bool *given, struct error *err);
/* The value of the first such parm, for who keeps its meaning: NULL if there is none; "" without value. Unlike prov_parm, which only looks. */
static inline const char *field_value(struct prov_node *in, enum prov_word name)
{
    struct prov_node *n = prov_parm_next(in, name, NULL);
    if (!n)
        return NULL;
    n->taken = true;
    return prov_value(n) ? prov_value(n) : "";
}
/* The parms of a characteristic are not taken any more: its struct is not used. */
void field_give_back(struct prov_node *in);
/* A text that is an IPv4 or IPv6 address; empty or absent: "". */
enum error_code field_address(const char *where, const char *name, const char *text, struct error *err);
/* Digits only, min to max of them. */
bool field_is_digits(const char *text, size_t min, size_t max);

#endif
