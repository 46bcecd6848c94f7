/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of NAPDEFs. Owns the locked pages of their passwords; wipes what it leaves. */
#include "bearer/bearer_plan.h"

#include <string.h>

#include "base/text.h"

bool plan_is_set(const struct plan *p)
{
    return p->id[0] != '\0';
}

void plan_clear(struct plan *p)
{
    secret_free(p->password);
    secret_zero(p, sizeof *p);
}

enum error_code plan_set(struct plan *p, const char *id, const struct napdef *napdef)
{
    plan_clear(p);
    bool named = napdef->apn[0] || strcmp(napdef->napid, NAPDEF_DEFAULT) == 0;
    if (!id[0] || strlen(id) >= sizeof p->id || !named)
        return ERROR_INVALID;
    p->password = secret_new();
    if (!p->password)
        return ERROR_NO_MEMORY;
    (void)secret_set(p->password, napdef->password, strlen(napdef->password));
    p->napdef = *napdef;
    secret_zero(p->napdef.password, sizeof p->napdef.password);
    (void)text_copy(p->id, sizeof p->id, id);
    return ERROR_NONE;
}

void plan_move(struct plan *to, struct plan *from)
{
    plan_clear(to);
    *to = *from;
    from->password = NULL;
    plan_clear(from);
}

bool plan_equal(const struct plan *a, const struct plan *b)
{
    const struct napdef *x = &a->napdef, *y = &b->napdef;
    return plan_is_set(a) && strcmp(a->id, b->id) == 0 && strcmp(x->apn, y->apn) == 0 && x->auth == y->auth &&
           strcmp(x->user, y->user) == 0 && x->ip_type == y->ip_type && a->limited == b->limited &&
           secret_equal(secret_slice(a->password), secret_slice(b->password));
}

void plan_open(const struct plan *p, struct napdef *out)
{
    struct slice password = secret_slice(p->password);
    *out = p->napdef;
    memset(out->password, 0, sizeof out->password);
    if (password.len < sizeof out->password)
        memcpy(out->password, password.data, password.len);
}
