/* SPDX-License-Identifier: Apache-2.0 */
/* Object 11, APN Connection Profile 1.1: the installed network access points. What a server writes is a draft (lwm2m/profiles.h) that is shown until it was tried.
 * Never shows a secret. */
#include <string.h>

#include "base/text.h"
#include "lwm2m/objects/objects.h"
#include "lwm2m/profiles.h"

/* ---- instances ---- */

static bool is_installed(const struct node *n)
{
    const struct tree_value *installed = n ? node_get(n, "Installed") : NULL;
    return installed && installed->flag;
}

static struct node *installed_node(const struct objects *o, const char *name)
{
    struct node *n = name && o->device->tree ? tree_find(o->device->tree, TREE_BEARER, name) : NULL;
    return is_installed(n) ? n : NULL;
}

static bool is_created(const struct objects *o, const char *name)
{
    return name && o->device->profiles && profiles_created(o->device->profiles, name);
}

static bool is_shown(const struct objects *o, const char *name)
{
    return is_created(o, name) || installed_node(o, name);
}

/* If all are given, one that is not there any more loses its own. */
static void make_room(struct objects *o)
{
    struct places *p = &o->servers->profiles;
    for (size_t i = p->count; p->count == PLACES && i-- > 0;)
        if (!is_shown(o, p->at[i].name))
            places_drop(p, i);
}

static bool give_place(struct objects *o, uint16_t id, const char *name)
{
    bool given = places_put(&o->servers->profiles, id, name);
    if (o->servers->changed)
        o->servers->changed(o->servers->user);
    return given;
}

static bool next_instance(struct objects *o, size_t index, uint16_t *id)
{
    struct places *p = &o->servers->profiles;
    struct tree *tree = o->device->tree;
    for (struct node *n = tree ? tree_next(tree, TREE_BEARER, NULL) : NULL; n; n = tree_next(tree, TREE_BEARER, n))
        if (is_installed(n) && !places_has(p, node_id(n))) {
            make_room(o);
            (void)give_place(o, places_free(p), node_id(n));
        }
    for (size_t i = 0; i < p->count; i++)
        if (is_shown(o, p->at[i].name) && index-- == 0) {
            *id = p->at[i].id;
            return true;
        }
    return false;
}

/* The name of the Bearer node that the instance is or will be; NULL: there is no such instance. */
static const char *name_of(const struct objects *o, uint16_t instance)
{
    const char *name = places_name(&o->servers->profiles, instance);
    return name && is_shown(o, name) ? name : NULL;
}

static struct node *bearer(const struct spot *s)
{
    return installed_node(s->o, places_name(&s->o->servers->profiles, s->instance));
}

bool profile_connected(const struct objects *o, uint16_t instance)
{
    const char *name = name_of(o, instance);
    const struct node *n = name && o->device->tree ? tree_find(o->device->tree, TREE_BEARER, name) : NULL; /* also one that is being proved */
    return n && strcmp(node_text(n, "State"), "connected") == 0;
}

/* What a server wrote and nobody has proved yet; NULL: nothing. */
static const struct napdef *draft(const struct spot *s)
{
    const char *name = s->o->device->profiles ? name_of(s->o, s->instance) : NULL;
    return name ? profiles_draft(s->o->device->profiles, name) : NULL;
}

static bool put_text(const char *text, struct value *v)
{
    *v = value_text(text);
    return v->octets.len > 0;
}

static bool read_property(struct spot *s, const char *property, struct value *v)
{
    struct node *n = bearer(s);
    return put_text(n ? node_text(n, property) : "", v);
}

static bool read_name(struct spot *s, struct value *v)
{
    const struct napdef *d = draft(s);
    return d && d->name[0] ? put_text(d->name, v) : read_property(s, "Name", v) || read_property(s, "NapId", v);
}

static bool read_apn(struct spot *s, struct value *v)
{
    const struct napdef *d = draft(s);
    return d ? put_text(d->apn, v) : read_property(s, "Apn", v);
}

static bool read_enabled(struct spot *s, struct value *v)
{
    const struct napdef *d = draft(s);
    const struct node *n = bearer(s);
    *v = value_integer(VALUE_BOOLEAN, d ? !d->disabled : n && strcmp(node_text(n, "State"), "disabled") != 0);
    return true;
}

/* The number that stands for the text of a property. */
struct numbered {
    const char *text;
    int64_t number;
};

static bool read_numbered(const char *text, const struct numbered *rows, size_t count, struct value *v)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].text, text) == 0) {
            *v = value_integer(VALUE_INTEGER, rows[i].number);
            return true;
        }
    return false;
}

static const struct numbered auth_rows[] = { { "pap", 0 }, { "chap", 1 }, { "none", 3 } };
static const struct numbered type_rows[] = { { "ipv4", 1 }, { "ipv6", 2 }, { "ipv4v6", 3 } };
enum { AUTHS = sizeof auth_rows / sizeof auth_rows[0], TYPES = sizeof type_rows / sizeof type_rows[0] };

static const char *property(const struct spot *s, const char *name)
{
    struct node *n = bearer(s);
    return n ? node_text(n, name) : "";
}

static bool read_auth(struct spot *s, struct value *v)
{
    const struct napdef *d = draft(s);
    return read_numbered(d ? napdef_auth_name(d->auth) : property(s, "Auth"), auth_rows, AUTHS, v);
}

static bool read_user(struct spot *s, struct value *v)
{
    const struct napdef *d = draft(s);
    return d ? put_text(d->user, v) : read_property(s, "User", v);
}

static bool read_type(struct spot *s, struct value *v)
{
    const struct napdef *d = draft(s);
    return read_numbered(d ? napdef_ip_name(d->ip_type) : property(s, "IpType"), type_rows, TYPES, v);
}

/* Of the last change that a server wrote: when it was tried, and how that ended. */
static const struct profile_attempt *attempt(const struct spot *s)
{
    const char *name = s->o->device->profiles && s->index == 0 ? name_of(s->o, s->instance) : NULL;
    return name ? profiles_attempt(s->o->device->profiles, name) : NULL;
}

static bool read_tried_at(struct spot *s, struct value *v)
{
    const struct profile_attempt *a = attempt(s);
    s->id = 0;
    *v = value_integer(VALUE_TIME, a ? (int64_t)a->at : 0);
    return a != NULL;
}

static bool read_tried_result(struct spot *s, struct value *v)
{
    const struct profile_attempt *a = attempt(s);
    s->id = 0;
    *v = value_integer(VALUE_INTEGER, a ? (int64_t)a->result : 0);
    return a != NULL;
}

/* ---- where it is valid ---- */

enum { MCC_DIGITS = 3, VALIDITY_TEXT = 8 /* "240,008" */ };

/* Networks alone can be told: of a country there may be several codes, and an end is no network's. */
static bool put_validity(const struct napdef_validity *from, char out[VALIDITY_TEXT])
{
    const char *network = from->network;
    size_t digits = strlen(network);
    bool whole = digits == MCC_DIGITS + 2 || digits == MCC_DIGITS + 3;
    memset(out, 0, VALIDITY_TEXT);
    if (!whole)
        return false;
    memcpy(out, network, MCC_DIGITS);
    out[MCC_DIGITS] = ',';
    memcpy(&out[MCC_DIGITS + 1], &network[MCC_DIGITS], digits - MCC_DIGITS);
    return true;
}

static bool nth_validity(const struct napdef *d, struct spot *s)
{
    size_t left = s->index;
    for (size_t i = 0; i < d->validities; i++)
        if (put_validity(&d->validity[i], s->o->validity[i]) && left-- == 0) {
            s->id = (uint16_t)i;
            return true;
        }
    return false;
}

static bool read_validity(struct spot *s, struct value *v)
{
    const struct node *n = bearer(s);
    const struct napdef *d = draft(s);
    struct napdef *installed = NULL;
    if (!d && n && s->o->device->profiles)
        d = installed = profiles_installed(s->o->device->profiles, node_id(n));
    bool found = d && nth_validity(d, s);
    profiles_close(installed);
    if (found)
        *v = value_text(s->o->validity[s->id]);
    return found;
}

/* ---- of the connection's interface ---- */

static bool read_counter(const struct spot *s, const char *name, struct value *v)
{
    const struct node *n = bearer(s);
    const char *root = s->o->device->root ? s->o->device->root : "";
    uint64_t counter;
    if (!n || strcmp(node_text(n, "State"), "connected") != 0 || !system_counter(root, node_text(n, "Interface"), name, &counter))
        return false;
    *v = value_integer(VALUE_INTEGER, counter <= INT64_MAX ? (int64_t)counter : INT64_MAX);
    return true;
}

static bool read_sent(struct spot *s, struct value *v)
{
    return read_counter(s, "tx_bytes", v);
}

static bool read_received(struct spot *s, struct value *v)
{
    return read_counter(s, "rx_bytes", v);
}

static bool read_packets(struct spot *s, struct value *v)
{
    return read_counter(s, "tx_packets", v);
}

/* ---- to write ---- */

/* An instance that there is, or one to be created. */
static bool may_write(const struct objects *o, uint16_t instance, const struct value *v)
{
    const char *name = name_of(o, instance);
    (void)v;
    return o->device->profiles && (name ? profiles_may(o->device->profiles, o->self->short_server_id, name) :
                                          profiles_may_create(o->device->profiles, o->self->short_server_id));
}

/* What is in use is not put aside (DESIGN, trust rule 7). */
static bool may_enable(const struct objects *o, uint16_t instance, const struct value *v)
{
    const char *name = name_of(o, instance);
    return may_write(o, instance, v) && (v->integer == 1 || !name || profiles_may_go(o->device->profiles, o->self->short_server_id, name));
}

static struct napdef *edit(struct spot *s)
{
    const char *name = name_of(s->o, s->instance);
    return name ? profiles_edit(s->o->device->profiles, s->o->self->short_server_id, name) : NULL;
}

static bool create(struct objects *o, uint16_t id)
{
    const char *name = profiles_create(o->device->profiles, o->self->short_server_id);
    make_room(o);
    return name && give_place(o, id, name);
}

static bool keep(struct objects *o)
{
    return !o->device->profiles || profiles_keep(o->device->profiles);
}

static bool remove_instance(struct objects *o, uint16_t id)
{
    const char *name = name_of(o, id);
    return name && o->device->profiles && profiles_remove(o->device->profiles, o->self->short_server_id, name);
}

static bool is_text(const struct value *v, size_t cap)
{
    return v->octets.len < cap && !memchr(v->octets.data, 0, v->octets.len);
}

static void set_text(char *out, size_t cap, const struct value *v)
{
    memset(out, 0, cap);
    if (v && v->octets.len)
        memcpy(out, v->octets.data, v->octets.len);
}

static bool check_name(const struct value *v)
{
    return v->octets.len > 0 && is_text(v, sizeof ((struct napdef *)0)->name);
}

static void write_name(struct spot *s, const struct value *v)
{
    struct napdef *d = edit(s);
    if (d)
        set_text(d->name, sizeof d->name, v);
}

/* TS 23.003 clause 9.1: labels of letters, digits and hyphens. */
static bool check_apn(const struct value *v)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
    size_t i = 0;
    while (i < v->octets.len && v->octets.data[i] && strchr(allowed, v->octets.data[i]))
        i++;
    return v->octets.len > 0 && i == v->octets.len && is_text(v, sizeof ((struct napdef *)0)->apn);
}

static void write_apn(struct spot *s, const struct value *v)
{
    struct napdef *d = v ? edit(s) : NULL; /* a replacing Write without APN keeps it: there is no profile without one */
    if (d)
        set_text(d->apn, sizeof d->apn, v);
}

/* Enabled anew, it is tried as it is. A replacing Write that does not name it leaves it. */
static void write_enabled(struct spot *s, const struct value *v)
{
    struct napdef *d = v ? edit(s) : NULL;
    if (d)
        d->disabled = v->integer == 0;
}

static bool has_number(const struct numbered *rows, size_t count, const struct value *v)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].number == v->integer)
            return true;
    return false;
}

static bool check_auth(const struct value *v)
{
    return has_number(auth_rows, AUTHS, v); /* "PAP or CHAP" (2) is nothing that ModemManager is asked for */
}

static void write_auth(struct spot *s, const struct value *v)
{
    static const enum napdef_auth of[] = { NAPDEF_AUTH_PAP, NAPDEF_AUTH_CHAP, NAPDEF_AUTH_NONE, NAPDEF_AUTH_NONE };
    struct napdef *d = edit(s);
    if (d)
        d->auth = v ? of[v->integer] : NAPDEF_AUTH_NONE;
}

static bool check_user(const struct value *v)
{
    return is_text(v, sizeof ((struct napdef *)0)->user);
}

static void write_user(struct spot *s, const struct value *v)
{
    struct napdef *d = edit(s);
    if (d)
        set_text(d->user, sizeof d->user, v);
}

static bool check_secret(const struct value *v)
{
    return is_text(v, sizeof ((struct napdef *)0)->password);
}

static void write_secret(struct spot *s, const struct value *v)
{
    struct napdef *d = edit(s);
    if (d)
        set_text(d->password, sizeof d->password, v);
}

static bool check_type(const struct value *v)
{
    return has_number(type_rows, TYPES, v); /* Non-IP (0) has no session */
}

static void write_type(struct spot *s, const struct value *v)
{
    static const enum napdef_ip of[] = { NAPDEF_IPV4V6, NAPDEF_IPV4, NAPDEF_IPV6, NAPDEF_IPV4V6 };
    struct napdef *d = edit(s);
    if (d)
        d->ip_type = v ? of[v->integer] : NAPDEF_IPV4V6;
}

/* MCC, comma, MNC (TS 23.003 clause 2.2). */
static bool check_validity(const struct value *v)
{
    uint64_t number;
    struct reader r = reader_make(v->octets.data, v->octets.len);
    struct slice mcc = reader_take(&r, MCC_DIGITS);
    bool comma = reader_u8(&r) == ',';
    struct slice mnc = reader_take(&r, reader_left(&r));
    return comma && text_decimal(mcc, 999, &number) && (mnc.len == 2 || mnc.len == 3) && text_decimal(mnc, 999, &number);
}

/* They are a set: one with a number that there is replaces it, any other is added. */
static void write_validity(struct spot *s, const struct value *v)
{
    struct napdef *d = edit(s);
    if (!d)
        return;
    if (!v) {
        memset(d->validity, 0, sizeof d->validity);
        d->validities = 0;
        return;
    }
    size_t at = s->id < d->validities ? s->id : d->validities;
    if (at >= NAPDEF_VALIDITIES)
        return;
    d->validities += at == d->validities;
    d->validity[at] = (struct napdef_validity){ .until = 0 };
    memcpy(d->validity[at].network, v->octets.data, MCC_DIGITS);
    memcpy(&d->validity[at].network[MCC_DIGITS], &v->octets.data[MCC_DIGITS + 1], v->octets.len - MCC_DIGITS - 1);
}

static bool may_have_validity(const struct objects *o, uint16_t instance, uint16_t id)
{
    (void)o;
    (void)instance;
    return id < NAPDEF_VALIDITIES;
}

/* ---- of the connection ---- */

static bool read_address(struct spot *s, struct value *v)
{
    s->id = (uint16_t)s->index;
    return bearer_address(bearer(s), "Addresses", s->index, v);
}

/* The n-th address of IPv6, with the number that it has among all; its prefix length. */
static bool read_prefix(struct spot *s, struct value *v)
{
    const struct node *n = bearer(s);
    const struct tree_value *list = n ? node_get(n, "Addresses") : NULL;
    size_t left = s->index;
    for (size_t i = 0; list && list->type == TREE_TEXTS && list->texts && list->texts[i]; i++) {
        const char *slash = strchr(list->texts[i], '/');
        if (!slash || !strchr(list->texts[i], ':') || left-- > 0)
            continue;
        s->id = (uint16_t)i;
        *v = value_text(&slash[1]);
        return true;
    }
    return false;
}

static bool read_gateway(struct spot *s, struct value *v)
{
    s->id = 0;
    return s->index == 0 && read_property(s, "Gateway", v);
}

static bool read_first_dns(struct spot *s, struct value *v)
{
    s->id = 0;
    return s->index == 0 && bearer_address(bearer(s), "Dns", 0, v);
}

static bool read_second_dns(struct spot *s, struct value *v)
{
    s->id = 0;
    return s->index == 0 && bearer_address(bearer(s), "Dns", 1, v);
}

enum { R = OPERATION_READ, W = OPERATION_WRITE, RW = OPERATION_READ | OPERATION_WRITE };

static const struct resource resources[] = {
    { 0, VALUE_STRING, RW, .mandatory = true, .read = read_name, .check = check_name, .allowed = may_write, .write = write_name },
    { 1, VALUE_STRING, RW, .read = read_apn, .check = check_apn, .allowed = may_write, .write = write_apn },
    { 3, VALUE_BOOLEAN, RW, .read = read_enabled, .allowed = may_enable, .write = write_enabled },
    { 4, VALUE_INTEGER, RW, .mandatory = true, .read = read_auth, .check = check_auth, .allowed = may_write, .write = write_auth },
    { 5, VALUE_STRING, RW, .read = read_user, .check = check_user, .allowed = may_write, .write = write_user },
    { 6, VALUE_STRING, W, .check = check_secret, .allowed = may_write, .write = write_secret },
    { 8, VALUE_STRING, RW, .multiple = true, .read = read_validity, .check = check_validity, .allowed = may_write, .write = write_validity, .may_have = may_have_validity },
    { 9, VALUE_TIME, R, .multiple = true, .read = read_tried_at },
    { 10, VALUE_INTEGER, R, .multiple = true, .read = read_tried_result },
    { 13, VALUE_INTEGER, R, .continuous = true, .read = read_sent },
    { 14, VALUE_INTEGER, R, .continuous = true, .read = read_received },
    { 15, VALUE_STRING, R, .multiple = true, .read = read_address },
    { 16, VALUE_STRING, R, .multiple = true, .read = read_prefix },
    { 18, VALUE_STRING, R, .multiple = true, .read = read_gateway },
    { 19, VALUE_STRING, R, .multiple = true, .read = read_first_dns },
    { 20, VALUE_STRING, R, .multiple = true, .read = read_second_dns },
    { 23, VALUE_INTEGER, R, .continuous = true, .read = read_packets },
    { 24, VALUE_INTEGER, RW, .read = read_type, .check = check_type, .allowed = may_write, .write = write_type },
};

const struct object object_profile = { .id = 11, .version = "1.1", .resources = resources, .count = sizeof resources / sizeof resources[0],
                                       .kept = true, .needs = 1, .instance = next_instance, .create = create, .remove = remove_instance, .keep = keep };
