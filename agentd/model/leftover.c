/* SPDX-License-Identifier: Apache-2.0 */
/* Fields one behind the other. */
#include "model/leftover.h"

#include "model/fields.h"

bool leftover_add(struct leftover *k, const struct leftover_parm *p)
{
    struct writer w = writer_make(&k->octets[k->len], sizeof k->octets - k->len);
    fields_put(&w, p->path.data, p->path.len);
    fields_put(&w, p->value.data, p->value.len);
    if (!w.failed)
        k->len += w.len;
    return !w.failed;
}

bool leftover_next(const struct leftover *k, size_t *at, struct leftover_parm *out)
{
    struct reader r = reader_make(k->octets, k->len);
    (void)reader_take(&r, *at);
    out->path = fields_take(&r);
    out->value = fields_take(&r);
    *at = r.pos;
    return !r.failed;
}

void leftover_paths(const struct leftover *k, char *out, size_t cap)
{
    static const char rest[] = " ..";
    struct writer w = writer_make(out, cap - sizeof rest);
    struct leftover_parm p;
    for (size_t at = 0; leftover_next(k, &at, &p);) {
        struct writer longer = w;
        if (w.len)
            writer_text(&longer, ", ");
        writer_put(&longer, p.path.data, p.path.len);
        if (longer.failed) {
            w.cap = cap - 1;
            writer_text(&w, rest);
            break;
        }
        w = longer;
    }
    out[w.len] = '\0';
}
