/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of facts: a list of nodes, each with a list of named values. Small numbers, so lists are enough.
 * Owns every text it hands out; a pointer stays valid until that property is written again. */
#include "model/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOT_PATH "/org/gatewayagent/Agent1"

struct property {
    struct property *next;
    char *name;
    bool unset; /* made, never written: the first write is a change */
    struct tree_value value;
};

struct node {
    struct node *next;
    struct tree *tree;
    enum tree_kind kind;
    char *id, *path;
    bool published;
    struct property *properties;
};

struct tree {
    struct node *nodes;
    struct tree_listener listener;
    void *user;
};

static const char *const kind_names[TREE_KINDS] = { "Manager", "Modem", "Sim", "Context", "Mid", "Bearer", "Account", "Job", "Device" };
static const char *const kind_folders[TREE_KINDS] = { "", "modem", "sim", "context", "mid", "bearer", "account", "job", "device" };

static void *need(void *p)
{
    if (!p)
        abort();
    return p;
}

/* D-Bus object path elements: every octet outside A-Z a-z 0-9 as _xx, like systemd's bus_label_escape. */
static char *path_of(enum tree_kind kind, const char *id)
{
    if (kind == TREE_MANAGER)
        return need(strdup(ROOT_PATH));
    size_t cap = sizeof ROOT_PATH + 16 + 3 * strlen(id) + 2;
    char *out = need(malloc(cap));
    int n = snprintf(out, cap, ROOT_PATH "/%s/", kind_folders[kind]);
    size_t at = (size_t)n;
    for (const unsigned char *p = (const unsigned char *)id; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');
        at += (size_t)snprintf(&out[at], cap - at, plain ? "%c" : "_%02x", *p);
    }
    if (!*id)
        (void)snprintf(&out[at], cap - at, "_");
    return out;
}

static void value_clear(struct tree_value *v)
{
    free((char *)(uintptr_t)v->text);
    for (char *const *p = v->texts; p && *p; p++)
        free(*p);
    free((void *)(uintptr_t)v->texts);
    *v = (struct tree_value){ 0 };
}

struct tree *tree_new(void)
{
    struct tree *t = need(calloc(1, sizeof *t));
    node_publish(tree_add(t, TREE_MANAGER, ""));
    return t;
}

static void node_free(struct node *n)
{
    for (struct property *p = n->properties; p;) {
        struct property *next = p->next;
        value_clear(&p->value);
        free(p->name);
        free(p);
        p = next;
    }
    free(n->id);
    free(n->path);
    free(n);
}

void tree_free(struct tree *t)
{
    if (!t)
        return;
    for (struct node *n = t->nodes; n;) {
        struct node *next = n->next;
        node_free(n);
        n = next;
    }
    free(t);
}

void tree_listen(struct tree *t, const struct tree_listener *l, void *user)
{
    t->listener = l ? *l : (struct tree_listener){ 0 };
    t->user = user;
    for (struct node *n = t->nodes; n; n = n->next)
        if (n->published && t->listener.added)
            t->listener.added(user, n);
}

struct node *tree_manager(struct tree *t)
{
    return tree_find(t, TREE_MANAGER, "");
}

struct node *tree_find(struct tree *t, enum tree_kind kind, const char *id)
{
    for (struct node *n = t->nodes; n; n = n->next)
        if (n->kind == kind && strcmp(n->id, id) == 0)
            return n;
    return NULL;
}

struct node *tree_at(struct tree *t, const char *path)
{
    for (struct node *n = t->nodes; n; n = n->next)
        if (strcmp(n->path, path) == 0)
            return n;
    return NULL;
}

struct node *tree_next(struct tree *t, enum tree_kind kind, struct node *after)
{
    for (struct node *n = after ? after->next : t->nodes; n; n = n->next)
        if (n->kind == kind)
            return n;
    return NULL;
}

struct node *tree_add(struct tree *t, enum tree_kind kind, const char *id)
{
    struct node *n = tree_find(t, kind, id);
    if (n)
        return n;
    n = need(calloc(1, sizeof *n));
    *n = (struct node){ .tree = t, .kind = kind, .id = need(strdup(id)), .path = path_of(kind, id) };
    struct node **at = &t->nodes; /* at the end: listings keep the order of creation */
    while (*at)
        at = &(*at)->next;
    *at = n;
    return n;
}

void node_publish(struct node *n)
{
    if (n->published)
        return;
    n->published = true;
    if (n->tree->listener.added)
        n->tree->listener.added(n->tree->user, n);
}

void node_remove(struct node *n)
{
    if (!n)
        return;
    struct tree *t = n->tree;
    if (n->published && t->listener.removed)
        t->listener.removed(t->user, n);
    for (struct node **at = &t->nodes; *at; at = &(*at)->next)
        if (*at == n) {
            *at = n->next;
            break;
        }
    node_free(n);
}

enum tree_kind node_kind(const struct node *n)
{
    return n->kind;
}

const char *node_id(const struct node *n)
{
    return n->id;
}

const char *node_path(const struct node *n)
{
    return n->path;
}

static struct property *property_of(struct node *n, const char *name)
{
    struct property **at = &n->properties;
    for (; *at; at = &(*at)->next)
        if (strcmp((*at)->name, name) == 0)
            return *at;
    *at = need(calloc(1, sizeof **at));
    (*at)->name = need(strdup(name));
    (*at)->unset = true;
    return *at;
}

static void tell(struct node *n, struct property *p)
{
    p->unset = false;
    if (n->published && n->tree->listener.changed)
        n->tree->listener.changed(n->tree->user, n, p->name, &p->value);
}

void node_set(struct node *n, const char *property, const char *text)
{
    struct property *p = property_of(n, property);
    if (!p->unset && p->value.type == TREE_TEXT && strcmp(p->value.text, text) == 0)
        return;
    char *copy = need(strdup(text));
    value_clear(&p->value);
    p->value = (struct tree_value){ .type = TREE_TEXT, .text = copy };
    tell(n, p);
}

void node_set_number(struct node *n, const char *property, uint64_t number)
{
    struct property *p = property_of(n, property);
    if (!p->unset && p->value.type == TREE_NUMBER && p->value.number == number)
        return;
    value_clear(&p->value);
    p->value = (struct tree_value){ .type = TREE_NUMBER, .number = number };
    tell(n, p);
}

void node_set_flag(struct node *n, const char *property, bool flag)
{
    struct property *p = property_of(n, property);
    if (!p->unset && p->value.type == TREE_FLAG && p->value.flag == flag)
        return;
    value_clear(&p->value);
    p->value = (struct tree_value){ .type = TREE_FLAG, .flag = flag };
    tell(n, p);
}

static bool texts_equal(char *const *have, const char *const *want, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!have[i] || strcmp(have[i], want[i]) != 0)
            return false;
    return !have[count];
}

void node_set_texts(struct node *n, const char *property, const char *const *texts, size_t count)
{
    struct property *p = property_of(n, property);
    if (!p->unset && p->value.type == TREE_TEXTS && texts_equal(p->value.texts, texts, count))
        return;
    char **copy = need(calloc(count + 1, sizeof *copy));
    for (size_t i = 0; i < count; i++)
        copy[i] = need(strdup(texts[i]));
    value_clear(&p->value);
    p->value = (struct tree_value){ .type = TREE_TEXTS, .texts = copy };
    tell(n, p);
}

const struct tree_value *node_get(const struct node *n, const char *property)
{
    for (const struct property *p = n->properties; p; p = p->next)
        if (strcmp(p->name, property) == 0)
            return &p->value;
    return NULL;
}

const char *node_text(const struct node *n, const char *property)
{
    const struct tree_value *v = node_get(n, property);
    return v && v->type == TREE_TEXT ? v->text : "";
}

void node_each(const struct node *n, void (*fn)(void *user, const char *property, const struct tree_value *value), void *user)
{
    for (const struct property *p = n->properties; p; p = p->next)
        fn(user, p->name, &p->value);
}

void node_signal(struct node *n, const char *name, const char *const *args, size_t count)
{
    if (n->published && n->tree->listener.signal)
        n->tree->listener.signal(n->tree->user, n, name, args, count);
}

const char *tree_kind_name(enum tree_kind kind)
{
    return kind < TREE_KINDS ? kind_names[kind] : "";
}
