/* SPDX-License-Identifier: Apache-2.0 */
/* Management objects -> the document of client provisioning that says the same (OMA DM Bootstrap 1.2, appendix on mapping, read backwards). Owns which
 * node becomes which parm, and which of several forms of an object counts; what a value may be is judged by provisioning.c. */
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "bootstrap/provisioning/provisioning.h"
#include "codec/dm_bootstrap.h"

enum kind { KIND_NONE, KIND_PROXY, KIND_NAP, KIND_ACCOUNT };
enum { OBJECTS = 24 };

struct object {
    enum kind kind;
    unsigned rank;       /* the higher of two forms of one object counts */
    const char *uri;     /* where it stands: "./Inbox/NAP1" */
    const char *id;      /* ServerID, NAPID, ProxyID */
    const struct tnds_node *node;
    bool dropped;
};

struct work {
    struct arena *arena;
    struct error *err;
    bool full;           /* the arena */
    struct object object[OBJECTS];
    size_t objects;
};

static const struct {
    const char *type;
    enum kind kind;
    unsigned rank;
} types[] = {
    { "urn:oma:mo:oma-dm-dmacc:1.0", KIND_ACCOUNT, 3 },          { "org.openmobilealliance/1.0/w7", KIND_ACCOUNT, 2 },
    { "urn:oma:mo:oma-connmo-nap:1.0", KIND_NAP, 3 },            { "org.openmobilealliance/1.0/ConnMO", KIND_NAP, 2 },
    { "urn:oma:mo:oma-connmo-proxy:1.0", KIND_PROXY, 3 },
};

/* --- texts and parms --- */

/* The value at that path as text; NULL if there is none. */
static const char *text_at(const struct tnds_node *n, const char *path)
{
    const struct tnds_node *at = tnds_find(n, path);
    return at && at->has_value && at->value.len ? (const char *)at->value.data : NULL; /* NUL stands behind it */
}

static struct prov_node *node_new(struct work *w, enum prov_element element, enum prov_word word)
{
    static struct prov_node nowhere;
    struct prov_node *n = arena_get(w->arena, sizeof *n);
    if (!n) {
        w->full = true;
        nowhere = (struct prov_node){ .element = PROV_PARM };
        return &nowhere;
    }
    n->element = element;
    n->word = word;
    return n;
}

static void hang(struct prov_node *parent, struct prov_node *n)
{
    struct prov_node **last = &parent->child;
    while (*last)
        last = &(*last)->next;
    *last = n;
    parent->words |= prov_word_bit(n->word);
}

static struct prov_node *characteristic(struct work *w, struct prov_node *parent, enum prov_word type)
{
    struct prov_node *n = node_new(w, PROV_CHARACTERISTIC, type);
    if (!w->full)
        hang(parent, n);
    return n;
}

/* NULL: no parm. */
static void parm(struct work *w, struct prov_node *parent, enum prov_word name, const char *value)
{
    if (!value)
        return;
    struct prov_node *n = node_new(w, PROV_PARM, name);
    n->octets = (struct slice){ (const uint8_t *)value, strlen(value) };
    if (!w->full)
        hang(parent, n);
}

/* A nonce: Base64 stays text, octets stay octets. */
static void parm_octets(struct work *w, struct prov_node *parent, enum prov_word name, const struct tnds_node *value)
{
    if (!value || !value->has_value)
        return;
    if (value->format == TNDS_B64) {
        parm(w, parent, name, (const char *)value->value.data);
        return;
    }
    struct prov_node *n = node_new(w, PROV_PARM, name);
    n->has_opaque = true;
    n->octets = value->value;
    if (!w->full)
        hang(parent, n);
}

/* --- which objects there are --- */

/* The DM 1.1 account has no registered type: it is known by its leaves (SyncML DM 1.1.2 standardised objects, ./SyncML/DMAcc/x). */
static bool is_account_11(const struct tnds_node *n)
{
    return tnds_child(n, "ServerID") && tnds_child(n, "Addr") && tnds_child(n, "ClientPW");
}

static enum kind kind_of(const struct tnds_node *n, unsigned *rank)
{
    for (size_t i = 0; n->is_object && i < sizeof types / sizeof *types; i++)
        if (strcmp(n->type, types[i].type) == 0) {
            *rank = types[i].rank;
            return types[i].kind;
        }
    *rank = 1;
    return is_account_11(n) ? KIND_ACCOUNT : KIND_NONE;
}

static const char *id_of(enum kind kind, const struct tnds_node *n)
{
    switch (kind) {
    case KIND_ACCOUNT:
        return text_at(n, "ServerID");
    case KIND_NAP:
        return text_at(n, "NAPID");
    case KIND_PROXY:
        return text_at(n, "ProxyID");
    case KIND_NONE:
        break;
    }
    return NULL;
}

/* TNDS clause 5: a Path is that of the parent, below which the node stands; without one the node is what the target names. */
static const char *uri_of(struct work *w, const char *parent, const struct tnds_node *n, bool root)
{
    size_t cap = strlen(parent) + strlen(n->path) + strlen(n->name) + 3;
    char *out = arena_get(w->arena, cap);
    if (!out) {
        w->full = true;
        return "";
    }
    struct writer wr = writer_make(out, cap - 1);
    writer_text(&wr, root && *n->path ? n->path : parent);
    if (!root || *n->path) {
        writer_text(&wr, "/");
        writer_text(&wr, n->name);
    }
    return out;
}

/* Objects stand at the root of a tree or below folders that are none themselves. Recursion is bounded by TNDS_DEPTH_MAX. */
static enum error_code collect(struct work *w, const char *parent, const struct tnds_node *n, bool root)
{
    for (; n; n = n->next) {
        struct object o = { .uri = uri_of(w, parent, n, root), .node = n };
        o.kind = kind_of(n, &o.rank);
        o.id = id_of(o.kind, n);
        if (o.kind == KIND_NONE) {
            enum error_code rc = collect(w, o.uri, n->child, false);
            if (rc)
                return rc;
            continue;
        }
        if (w->objects == OBJECTS)
            return error_set(w->err, ERROR_TOO_LARGE, "more than %d management objects", OBJECTS);
        w->object[w->objects++] = o;
    }
    return ERROR_NONE;
}

/* DM Bootstrap 1.2: of several versions of one object the newest that is known. Two of one version are a contradiction. */
static enum error_code choose(struct work *w)
{
    for (size_t i = 0; i < w->objects; i++)
        for (size_t k = 0; k < i; k++) {
            struct object *a = &w->object[k], *b = &w->object[i];
            if (a->kind != b->kind || !a->id || !b->id || strcmp(a->id, b->id) != 0 || a->dropped || b->dropped)
                continue;
            if (a->rank == b->rank)
                return error_set(w->err, ERROR_INVALID, "%.60s stands twice among the management objects", a->id);
            (a->rank < b->rank ? a : b)->dropped = true;
        }
    return ERROR_NONE;
}

/* --- the way: a ConRef is the URI of an object, or its id --- */

static const struct object *object_of(const struct work *w, const char *ref, enum kind kind)
{
    for (size_t i = 0; i < w->objects; i++) {
        const struct object *o = &w->object[i];
        if (o->kind == kind && !o->dropped && (strcmp(o->uri, ref) == 0 || (o->id && strcmp(o->id, ref) == 0)))
            return o;
    }
    return NULL;
}

static void put_reference(struct work *w, struct prov_node *app, const char *ref)
{
    if (!ref)
        return;
    const struct object *proxy = object_of(w, ref, KIND_PROXY);
    const char *behind = proxy ? text_at(proxy->node, "ConRef") : NULL;
    const struct object *nap = object_of(w, behind ? behind : ref, KIND_NAP);
    parm(w, app, WORD_TO_NAPID, nap && nap->id ? nap->id : ref); /* one that names nothing is told so by provisioning */
}

static void put_references(struct work *w, struct prov_node *app, const struct tnds_node *account)
{
    put_reference(w, app, text_at(account, "PrefConRef"));
    const struct tnds_node *all = tnds_child(account, "ToConRef");
    for (const struct tnds_node *n = all ? all->child : NULL; n; n = n->next)
        put_reference(w, app, text_at(n, "ConRef"));
    put_reference(w, app, text_at(account, "ConRef")); /* DM 1.1 */
}

/* --- accounts --- */

static bool is_known_auth(const char *type)
{
    return type && (strcmp(type, "DIGEST") == 0 || strcmp(type, "HMAC") == 0 || strcmp(type, "BASIC") == 0);
}

/* The smaller the better: what AAuthPref names, then what this client can do, then the rest. */
static unsigned order_of(const struct tnds_node *auth, const char *preferred)
{
    const char *type = text_at(auth, "AAuthType");
    if (!is_known_auth(type))
        return 2;
    return preferred && strcmp(type, preferred) == 0 ? 0 : 1;
}

static void put_auth(struct work *w, struct prov_node *app, const struct tnds_node *auth)
{
    const char *level = text_at(auth, "AAuthLevel");
    bool client = level && strcmp(level, "CLCRED") == 0;
    if (!client && !(level && strcmp(level, "SRVCRED") == 0))
        return; /* OBEX, HTTP */
    struct prov_node *c = characteristic(w, app, WORD_APPAUTH);
    parm(w, c, WORD_AAUTHLEVEL, client ? "APPSRV" : "CLIENT");
    parm(w, c, WORD_AAUTHTYPE, text_at(auth, "AAuthType"));
    parm(w, c, WORD_AAUTHNAME, text_at(auth, "AAuthName"));
    parm(w, c, WORD_AAUTHSECRET, text_at(auth, "AAuthSecret"));
    parm_octets(w, c, WORD_AAUTHDATA, tnds_child(auth, "AAuthData"));
}

/* urn:oma:mo:oma-dm-dmacc:1.0 */
static void put_account_12(struct work *w, struct prov_node *app, const struct tnds_node *n)
{
    const struct tnds_node *addresses = tnds_child(n, "AppAddr"), *address = addresses ? addresses->child : NULL;
    const struct tnds_node *ports = tnds_child(address, "Port"), *auths = tnds_child(n, "AppAuth");
    if (address) {
        struct prov_node *c = characteristic(w, app, WORD_APPADDR);
        parm(w, c, WORD_ADDR, text_at(address, "Addr"));
        parm(w, c, WORD_ADDRTYPE, text_at(address, "AddrType"));
        if (ports && ports->child)
            parm(w, characteristic(w, c, WORD_PORT), WORD_PORTNBR, text_at(ports->child, "PortNbr"));
    }
    for (unsigned order = 0; order <= 2; order++)
        for (const struct tnds_node *a = auths ? auths->child : NULL; a; a = a->next)
            if (order_of(a, text_at(n, "AAuthPref")) == order)
                put_auth(w, app, a);
}

static const char *auth_type_11(const char *preference)
{
    static const char *const rows[][2] = { { "syncml:auth-md5", "DIGEST" }, { "syncml:auth-basic", "BASIC" }, { "syncml:auth-MAC", "HMAC" } };
    for (size_t i = 0; preference && i < sizeof rows / sizeof *rows; i++)
        if (strcasecmp(preference, rows[i][0]) == 0)
            return rows[i][1];
    return preference; /* unknown: refused by its name; absent: the default */
}

/* SyncML DM 1.1.2: ./SyncML/DMAcc/x */
static void put_account_11(struct work *w, struct prov_node *app, const struct tnds_node *n)
{
    struct prov_node *address = characteristic(w, app, WORD_APPADDR), *client = characteristic(w, app, WORD_APPAUTH);
    parm(w, address, WORD_ADDR, text_at(n, "Addr"));
    if (text_at(n, "PortNbr"))
        parm(w, characteristic(w, address, WORD_PORT), WORD_PORTNBR, text_at(n, "PortNbr"));
    parm(w, client, WORD_AAUTHLEVEL, "APPSRV");
    parm(w, client, WORD_AAUTHTYPE, auth_type_11(text_at(n, "AuthPref")));
    parm(w, client, WORD_AAUTHNAME, text_at(n, "UserName"));
    parm(w, client, WORD_AAUTHSECRET, text_at(n, "ClientPW"));
    parm_octets(w, client, WORD_AAUTHDATA, tnds_child(n, "ClientNonce"));
    if (!text_at(n, "ServerPW"))
        return;
    struct prov_node *server = characteristic(w, app, WORD_APPAUTH);
    parm(w, server, WORD_AAUTHLEVEL, "CLIENT");
    parm(w, server, WORD_AAUTHNAME, text_at(n, "ServerID"));
    parm(w, server, WORD_AAUTHSECRET, text_at(n, "ServerPW"));
    parm_octets(w, server, WORD_AAUTHDATA, tnds_child(n, "ServerNonce"));
}

static void put_account(struct work *w, struct prov_node *root, const struct object *o)
{
    struct prov_node *app = characteristic(w, root, WORD_APPLICATION);
    parm(w, app, WORD_APPID, text_at(o->node, "AppID") ? text_at(o->node, "AppID") : "w7");
    parm(w, app, WORD_PROVIDER_ID, o->id);
    parm(w, app, WORD_NAME, text_at(o->node, "Name"));
    put_references(w, app, o->node);
    if (is_account_11(o->node))
        put_account_11(w, app, o->node);
    else
        put_account_12(w, app, o->node);
}

/* --- access points --- */

/* ConnMO: the node itself, or its one instance below (AuthInfo/x/AuthType). */
static const struct tnds_node *auth_info(const struct tnds_node *nap)
{
    const struct tnds_node *n = tnds_child(nap, "AuthInfo");
    return n && n->child && !n->child->has_value && n->child->child ? n->child : n;
}

static void put_nap(struct work *w, struct prov_node *root, const struct object *o)
{
    struct prov_node *c = characteristic(w, root, WORD_NAPDEF);
    const struct tnds_node *auth = auth_info(o->node), *dns = tnds_child(o->node, "DNSAddr");
    parm(w, c, WORD_NAPID, o->id);
    parm(w, c, WORD_NAME, text_at(o->node, "Name"));
    parm(w, c, WORD_NAP_ADDRESS, text_at(o->node, "Addr"));
    parm(w, c, WORD_NAP_ADDRTYPE, text_at(o->node, "AddrType") ? text_at(o->node, "AddrType") : "APN");
    for (const struct tnds_node *d = dns ? dns->child : NULL; d; d = d->next)
        parm(w, c, WORD_DNS_ADDR, text_at(d, "DNSAddr"));
    if (!text_at(auth, "AuthType"))
        return;
    struct prov_node *a = characteristic(w, c, WORD_NAPAUTHINFO);
    parm(w, a, WORD_AUTHTYPE, text_at(auth, "AuthType"));
    parm(w, a, WORD_AUTHNAME, text_at(auth, "AuthName"));
    parm(w, a, WORD_AUTHSECRET, text_at(auth, "AuthSecret"));
}

/* --- all of it --- */

static enum error_code keep_acl(const struct work *w, struct settings *out)
{
    for (size_t i = 0; i < w->objects; i++) {
        const struct object *o = &w->object[i];
        for (size_t k = 0; k < out->dms && o->kind == KIND_ACCOUNT && !o->dropped; k++)
            if (strcmp(out->dm[k].server_id, o->id) == 0 && !text_copy(out->dm[k].acl, sizeof out->dm[k].acl, o->node->acl))
                return error_set(w->err, ERROR_TOO_LARGE, "the ACL of %.60s has more than %zu octets", o->id, sizeof out->dm[k].acl - 1);
    }
    return ERROR_NONE;
}

static enum error_code put_objects(struct work *w, struct prov_node *root)
{
    for (size_t i = 0; i < w->objects; i++) {
        const struct object *o = &w->object[i];
        if (!o->dropped && o->kind == KIND_ACCOUNT)
            put_account(w, root, o);
        if (!o->dropped && o->kind == KIND_NAP)
            put_nap(w, root, o);
    }
    return w->full ? error_set(w->err, ERROR_NO_MEMORY, "the management trees need too much memory") : ERROR_NONE;
}

enum error_code provisioning_trees(const struct dm_bootstrap *doc, struct arena *arena, struct settings *out, struct error *err)
{
    struct work w = { .arena = arena, .err = err };
    struct prov_node root = { .element = PROV_DOCUMENT };
    enum error_code rc = ERROR_NONE;
    for (const struct dm_bootstrap_item *i = doc->item; i && !rc; i = i->next)
        rc = collect(&w, i->target, i->root, true);
    if (!rc)
        rc = choose(&w);
    if (!rc)
        rc = put_objects(&w, &root);
    if (!rc)
        rc = provisioning_settings(&root, out, err);
    if (!rc)
        rc = keep_acl(&w, out);
    out->by_tree = true;
    return rc;
}
