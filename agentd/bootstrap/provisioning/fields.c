/* SPDX-License-Identifier: Apache-2.0 */
/* One value at a time; keeps nothing. */
#include "bootstrap/provisioning/fields.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"

static bool has_controls(struct slice text)
{
    for (size_t i = text_printable(text); i < text.len; i++)
        if (text.data[i] < 0x20 || text.data[i] == 0x7f)
            return true;
    return false;
}

/* A value that is no text is an empty one. */
static struct slice text_of(const struct prov_node *n)
{
    return n->has_opaque ? (struct slice){ NULL, 0 } : n->octets;
}

/* copy_text of any value, with a word why one is refused. Apart, so that the usual way is short. */
__attribute__((noinline)) static enum error_code copy_checked(const struct field *f, struct prov_node *n, char *out, size_t cap, struct error *err)
{
    struct slice text = text_of(n);
    if (text.len >= cap)
        return error_set(err, ERROR_INVALID, "%s: %s is longer than %zu octets", f->where, prov_word_text(f->name), cap - 1);
    if (has_controls(text))
        return error_set(err, ERROR_INVALID, "%s: %s holds control characters", f->where, prov_word_text(f->name));
    n->taken = true;
    out[text.len] = '\0';
    if (text.len)
        memcpy(out, text.data, text.len);
    return ERROR_NONE;
}

static inline enum error_code copy_text(const struct field *f, struct prov_node *n, char *out, size_t cap, struct error *err)
{
    if (!n->printable || n->octets.len >= cap)
        return copy_checked(f, n, out, cap, err);
    n->taken = true;
    out[n->octets.len] = '\0';
    memcpy(out, n->octets.data, n->octets.len);
    return ERROR_NONE;
}

enum error_code field_text(const struct field *f, bool mandatory, char *out, size_t cap, struct error *err)
{
    struct prov_node *n = prov_parm_next(f->in, f->name, NULL);
    out[0] = '\0';
    if (!n || (mandatory && text_of(n).len == 0))
        return mandatory ? error_set(err, ERROR_INCOMPLETE, "%s lacks %s", f->where, prov_word_text(f->name)) : ERROR_NONE;
    return copy_text(f, n, out, cap, err);
}

enum error_code field_texts(const struct field *f, char *out, size_t cap, size_t max, size_t *count, struct error *err)
{
    *count = 0;
    for (struct prov_node *n = NULL; (n = prov_parm_next(f->in, f->name, n));) {
        if (*count == max)
            return error_set(err, ERROR_TOO_LARGE, "%s: more than %zu %s", f->where, max, prov_word_text(f->name));
        if (text_of(n).len == 0)
            return error_set(err, ERROR_INVALID, "%s: %s is empty", f->where, prov_word_text(f->name));
        enum error_code rc = copy_text(f, n, &out[*count * cap], cap, err);
        if (rc)
            return rc;
        (*count)++;
    }
    return ERROR_NONE;
}

enum error_code field_number(const struct field *f, uint32_t max, uint32_t *out, bool *given, struct error *err)
{
    struct prov_node *n = prov_parm_next(f->in, f->name, NULL);
    uint64_t number = 0;
    *given = n != NULL;
    if (n && !text_decimal(text_of(n), max, &number))
        return error_set(err, ERROR_INVALID, "%s: %s is not a number up to %u", f->where, prov_word_text(f->name), (unsigned)max);
    *out = (uint32_t)number;
    if (n)
        n->taken = true;
    return ERROR_NONE;
}

void field_give_back(struct prov_node *in)
{
    for (struct prov_node *n = in->child; n; n = n->next)
        n->taken = false;
}

enum error_code field_address(const char *where, const char *name, const char *text, struct error *err)
{
    struct in6_addr scratch;
    if (!text[0] || inet_pton(AF_INET, text, &scratch) == 1 || inet_pton(AF_INET6, text, &scratch) == 1)
        return ERROR_NONE;
    return error_set(err, ERROR_INVALID, "%s: %s is not an IP address", where, name);
}

bool field_is_digits(const char *text, size_t min, size_t max)
{
    size_t len = strlen(text);
    return len >= min && len <= max && strspn(text, "0123456789") == len;
}
