/* SPDX-License-Identifier: Apache-2.0 */
/* One row a MID, its files asked for once a version. Must never keep what the TRE would no longer give. */
#include "pn/identities.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

struct row {
    struct identities *owner;
    char mid_id[65]; /* "": free */
    uint64_t version;
    uint32_t call; /* to the TRE, 0: none */
    bool known;
    struct mid_identity identity;
};

struct identities {
    struct trust *trust;
    struct tree *tree;
    void (*changed)(void *user);
    void *user;
    bool listed; /* by the TRE that is there now */
    struct row *rows[TRE_MID_MAX];
};

static void row_free(struct identities *s, size_t i)
{
    struct row *r = s->rows[i];
    if (!r)
        return;
    if (r->call)
        trust_cancel(s->trust, r->call);
    free(r);
    s->rows[i] = NULL;
}

static struct row *row_of(const struct identities *s, const char *mid_id)
{
    for (size_t i = 0; i < TRE_MID_MAX; i++)
        if (s->rows[i] && strcmp(s->rows[i]->mid_id, mid_id) == 0)
            return s->rows[i];
    return NULL;
}

/* The node of a MID that is an ACTIVE ISIM. */
static struct node *isim(const struct identities *s, const char *mid_id)
{
    struct node *n = tree_find(s->tree, TREE_MID, mid_id);
    bool good = n && strcmp(node_text(n, "State"), mid_state_name(MID_ACTIVE)) == 0 && strcmp(node_text(n, "Type"), mid_type_name(MID_ISIM)) == 0;
    return good ? n : NULL;
}

static uint64_t version_of(const struct node *n)
{
    const struct tree_value *v = node_get(n, "Version");
    return v ? v->number : 0;
}

static void show(const struct row *r)
{
    const char *texts[MID_IDENTITY_IMPUS];
    struct node *n = tree_find(r->owner->tree, TREE_MID, r->mid_id);
    for (size_t i = 0; i < r->identity.impus; i++)
        texts[i] = r->identity.impu[i];
    if (n)
        node_set_texts(n, "Impus", texts, r->identity.impus);
}

static void on_files(void *user, enum error_code status, struct slice files)
{
    struct row *r = user;
    struct error e = { 0 };
    r->call = 0;
    if (status)
        (void)error_set(&e, status, "files of MID %.64s: %s%s", r->mid_id, error_text(status), status == ERROR_DENIED ? " (its ACL must name identity for agentd)" : "");
    else
        (void)mid_identity_take(MID_ISIM, files, &r->identity, &e);
    r->known = e.code == ERROR_NONE;
    if (!r->known)
        log_warning("pn", "no identities for devices: %s", e.text);
    show(r);
    r->owner->changed(r->owner->user);
}

static void row_add(struct identities *s, struct node *n)
{
    for (size_t i = 0; i < TRE_MID_MAX; i++) {
        if (s->rows[i])
            continue;
        struct row *r = calloc(1, sizeof *r);
        if (!r)
            abort(); /* the agent restarts */
        r->owner = s;
        r->version = version_of(n);
        (void)text_copy(r->mid_id, sizeof r->mid_id, node_id(n));
        s->rows[i] = r;
        r->call = trust_files(s->trust, r->mid_id, on_files, r);
        return;
    }
}

static void look(struct identities *s)
{
    for (size_t i = 0; i < TRE_MID_MAX; i++) {
        const struct row *r = s->rows[i];
        const struct node *n = r && s->listed ? isim(s, r->mid_id) : NULL;
        if (r && (!n || version_of(n) != r->version))
            row_free(s, i);
    }
    for (struct node *n = tree_next(s->tree, TREE_MID, NULL); n && s->listed; n = tree_next(s->tree, TREE_MID, n))
        if (isim(s, node_id(n)) && !row_of(s, node_id(n)))
            row_add(s, n);
    s->changed(s->user);
}

void identities_look(struct identities *s)
{
    s->listed = true;
    look(s);
}

void identities_lost(struct identities *s)
{
    s->listed = false;
    look(s);
}

const struct mid_identity *identities_at(const struct identities *s, size_t n, const char **mid_id)
{
    for (size_t i = 0; i < TRE_MID_MAX; i++)
        if (s->rows[i] && s->rows[i]->known && n-- == 0) {
            *mid_id = s->rows[i]->mid_id;
            return &s->rows[i]->identity;
        }
    return NULL;
}

enum identities_state identities_of(const struct identities *s, const char *mid_id, const struct mid_identity **identity)
{
    const struct row *r = row_of(s, mid_id);
    if (!s->listed)
        return IDENTITIES_UNKNOWN;
    if (!isim(s, mid_id))
        return IDENTITIES_NONE;
    if (!r || !r->known)
        return IDENTITIES_UNKNOWN;
    if (identity)
        *identity = &r->identity;
    return IDENTITIES_KNOWN;
}

struct identities *identities_new(struct trust *trust, struct tree *tree, void (*changed)(void *user), void *user)
{
    struct identities *s = calloc(1, sizeof *s);
    if (!s)
        abort(); /* the agent restarts */
    *s = (struct identities){ .trust = trust, .tree = tree, .changed = changed, .user = user };
    return s;
}

void identities_free(struct identities *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < TRE_MID_MAX; i++)
        row_free(s, i);
    free(s);
}
