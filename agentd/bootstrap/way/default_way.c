/* SPDX-License-Identifier: Apache-2.0 */
/* The order of the guesses: what has worked comes before what may. Owns no state. */
#include "bootstrap/way/default_way.h"

#include "base/text.h"
#include "bootstrap/service/room.h"

static void guess(const struct factory_data *f, struct napdef *out)
{
    bool factory = f->access_point.apn[0] != '\0';
    *out = (struct napdef){ .ip_type = factory ? f->access_point.ip_type : NAPDEF_IPV4V6 };
    (void)text_copy(out->napid, sizeof out->napid, factory ? "FACTORY" : NAPDEF_DEFAULT);
    (void)text_copy(out->name, sizeof out->name, factory ? "factory data" : "default of the network");
    (void)text_copy(out->apn, sizeof out->apn, f->access_point.apn);
}

/* Where the factory has said to whom the first access leads, nobody guesses another one. */
static bool may_guess(const struct factory_data *f)
{
    return f->access_point.apn[0] || !f->initial.napdef.apn[0];
}

bool default_way_add(struct service *s, const char *context, const struct dm_account *account, struct settings *out)
{
    size_t first = out->napdefs;
    if (!ways_known(s->ways))
        return false;
    out->napdefs += ways_copy(s->ways, context, &out->napdef[first], SETTINGS_NAPDEFS - first);
    if (out->napdefs == first && first < SETTINGS_NAPDEFS && may_guess(&s->site->factory))
        guess(&s->site->factory, &out->napdef[out->napdefs++]);
    for (size_t i = first; i < out->napdefs; i++)
        out->napdef[i].internet = out->napdef[i].internet || (account && account->napids); /* TO-NAPID "INTERNET": by any of these */
    return true;
}
