/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent knows, as the objects and properties that D-Bus shows (the XML files in dbus/). Rooms write facts here; bus/ mirrors them; tests
 * read them. Property names are those of the XML. Writing an equal value changes nothing and tells nobody. */
#ifndef MODEL_TREE_H
#define MODEL_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tree_kind { TREE_MANAGER, TREE_MODEM, TREE_SIM, TREE_CONTEXT, TREE_MID, TREE_BEARER, TREE_ACCOUNT, TREE_JOB, TREE_DEVICE, TREE_KINDS };
enum tree_type { TREE_TEXT, TREE_NUMBER, TREE_FLAG, TREE_TEXTS };

struct tree;
struct node;

struct tree_value { /* text for s and o, number for y u t, flag for b, texts for as */
    enum tree_type type;
    const char *text;
    uint64_t number;
    bool flag;
    char *const *texts; /* NULL-terminated */
};

struct tree_listener { /* called at once, from inside the write; must not write to the tree */
    void (*added)(void *user, struct node *n);
    void (*removed)(void *user, struct node *n); /* n is valid during the call */
    void (*changed)(void *user, struct node *n, const char *property, const struct tree_value *value);
    void (*signal)(void *user, struct node *n, const char *name, const char *const *args, size_t count); /* text arguments */
};

struct tree *tree_new(void); /* with the Manager node; aborts without memory, like every writer here (the agent restarts) */
void tree_free(struct tree *t);
void tree_listen(struct tree *t, const struct tree_listener *l, void *user); /* one listener; it is told of what exists */
struct node *tree_manager(struct tree *t);
/* The node of that kind and id (any text; escaped in the path), made if absent. Announced by node_publish. */
struct node *tree_add(struct tree *t, enum tree_kind kind, const char *id);
struct node *tree_find(struct tree *t, enum tree_kind kind, const char *id);
struct node *tree_at(struct tree *t, const char *path);
struct node *tree_next(struct tree *t, enum tree_kind kind, struct node *after); /* NULL: the first */
void node_publish(struct node *n); /* once its first properties are set */
void node_remove(struct node *n);

enum tree_kind node_kind(const struct node *n);
const char *node_id(const struct node *n);
const char *node_path(const struct node *n); /* D-Bus object path */
void node_set(struct node *n, const char *property, const char *text);
void node_set_number(struct node *n, const char *property, uint64_t number);
void node_set_flag(struct node *n, const char *property, bool flag);
void node_set_texts(struct node *n, const char *property, const char *const *texts, size_t count);
const struct tree_value *node_get(const struct node *n, const char *property); /* NULL if never set */
const char *node_text(const struct node *n, const char *property);             /* "" if never set or no text */
void node_each(const struct node *n, void (*fn)(void *user, const char *property, const struct tree_value *value), void *user);
void node_signal(struct node *n, const char *name, const char *const *args, size_t count);
const char *tree_kind_name(enum tree_kind kind); /* "Manager", "Modem", .. */

#endif
