/* SPDX-License-Identifier: Apache-2.0 */
/* Object 13, Bearer Selection 1.1: which generation of network the modem prefers, as far as ModemManager can tell and set it. It knows one preference, not a list of
 * them; choosing operators and cells by hand, which the other resources would do, is nothing that this gateway lets a server do. */
#include <string.h>

#include "lwm2m/objects/objects.h"

static const struct {
    int64_t number; /* /13/0/0 */
    const char *mode;
} rows[] = { { 0, "none" }, { 2, "2g" }, { 3, "3g" }, { 4, "4g" }, { 16, "5g" } };

enum { ROWS = sizeof rows / sizeof rows[0] };

static bool while_known(const struct objects *o)
{
    const struct node *n = primary_modem(o);
    return o->device->prefer && n && node_text(n, "PreferredMode")[0];
}

static bool read_preferred(struct spot *s, struct value *v)
{
    const struct node *n = primary_modem(s->o);
    s->id = 0;
    for (size_t i = 0; n && s->index == 0 && i < ROWS; i++)
        if (strcmp(rows[i].mode, node_text(n, "PreferredMode")) == 0) {
            *v = value_integer(VALUE_INTEGER, rows[i].number);
            return true;
        }
    return false;
}

static const char *mode_of(int64_t number)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].number == number)
            return rows[i].mode;
    return NULL;
}

/* Others are no generation of a cellular network, or reserved. */
static bool check_preferred(const struct value *v)
{
    return mode_of(v->integer) != NULL;
}

static bool may_prefer(const struct objects *o, uint16_t instance, const struct value *v)
{
    const struct node *n = primary_modem(o);
    const struct tree_value *able = n ? node_get(n, "PreferableModes") : NULL;
    (void)instance;
    for (size_t i = 0; able && able->type == TREE_TEXTS && able->texts && able->texts[i]; i++)
        if (strcmp(able->texts[i], mode_of(v->integer)) == 0)
            return true;
    return false;
}

/* One preference; nothing happens where a replacing Write clears it before it is set. */
static void write_preferred(struct spot *s, const struct value *v)
{
    if (v)
        s->o->device->prefer(s->o->device->user, mode_of(v->integer));
}

static bool only_first(const struct objects *o, uint16_t instance, uint16_t id)
{
    (void)o;
    (void)instance;
    return id == 0;
}

static const struct resource resources[] = {
    { 0, VALUE_INTEGER, OPERATION_READ | OPERATION_WRITE, .multiple = true, .read = read_preferred, .check = check_preferred, .allowed = may_prefer, .write = write_preferred,
      .may_have = only_first },
};

const struct object object_bearer_selection = { .id = 13, .version = "1.1", .resources = resources, .count = 1, .present = while_known };
