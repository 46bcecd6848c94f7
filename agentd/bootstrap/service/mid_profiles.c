/* SPDX-License-Identifier: Apache-2.0 */
/* One row a MID whose ICCID was asked for, once a version. Decides only whose server may ask; whether a MID may be enabled is the TRE's to say. */
#include "bootstrap/service/mid_profiles.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "bootstrap/service/room.h"
#include "codec/mid_identity.h"
#include "trust/trust_aka.h"

enum { KEY_MAX = 80, VALUE_MAX = 48 };

struct row {
    struct mid_profiles *owner;
    char id[RSP_ID]; /* "": free */
    uint64_t version;
    char iccid[RSP_ICCID]; /* "": not known */
    bool asked; /* of this version, while it was ACTIVE */
    uint32_t call; /* to the TRE, 0: none */
};

struct mid_profiles {
    struct service *service;
    struct rsp *rsp;
    struct row row[RSP_PROFILES];
    rsp_outcome_fn *outcome; /* NULL: nothing is under way */
    void *user;
    char id[RSP_ID]; /* what is */
    uint32_t call;
    uint64_t timer;
};

/* ---- ICCIDs ---- */

static const char *key_of(const char *id, char key[KEY_MAX])
{
    (void)snprintf(key, KEY_MAX, "iccid.%s", id);
    return key;
}

static bool is_active(const struct node *n)
{
    return strcmp(node_text(n, "State"), mid_state_name(MID_ACTIVE)) == 0;
}

static uint64_t version_of(const struct node *n)
{
    const struct tree_value *v = node_get(n, "Version");
    return v ? v->number : 0;
}

/* An erased MID is nobody's: what was kept of it goes. */
static void forget(struct mid_profiles *m, const char *id)
{
    char key[KEY_MAX], value[VALUE_MAX];
    for (size_t i = 0; i < RSP_PROFILES; i++)
        if (strcmp(m->row[i].id, id) == 0)
            m->row[i].iccid[0] = '\0';
    if (store_value_get(m->service->site->store, key_of(id, key), value, sizeof value))
        site_keep(m->service->site, key, NULL);
}

static void forget_erased(struct mid_profiles *m)
{
    struct tree *tree = m->service->site->tree;
    for (struct node *n = tree_next(tree, TREE_MID, NULL); n; n = tree_next(tree, TREE_MID, n))
        if (strcmp(node_text(n, "State"), mid_state_name(MID_ERASED)) == 0)
            forget(m, node_id(n));
    for (size_t i = 0; i < RSP_PROFILES; i++)
        if (m->row[i].iccid[0] && !tree_find(tree, TREE_MID, m->row[i].id))
            forget(m, m->row[i].id);
}

static void tell(void *user)
{
    struct mid_profiles *m = user;
    m->timer = 0;
    forget_erased(m);
    service_facts_changed(m->service);
}

/* Not at once: it may be inside a request. */
static void changed(void *user)
{
    struct mid_profiles *m = user;
    if (!m->timer)
        m->timer = loop_timer(m->service->site->loop, 0, tell, m);
}

static void on_files(void *user, enum error_code status, struct slice files)
{
    struct row *r = user;
    struct mid_profiles *m = r->owner;
    char key[KEY_MAX], value[VALUE_MAX];
    r->call = 0;
    if (status || !mid_iccid_take(files, r->iccid)) {
        log_info("rsp", "%s has no ICCID for servers: %s", r->id, status ? error_text(status) : "it has no file EF_ICCID");
        return;
    }
    (void)snprintf(value, sizeof value, "%" PRIu64 " %s", r->version, r->iccid);
    site_keep(m->service->site, key_of(r->id, key), value);
    changed(m);
}

/* What was known before the agent started. */
static void recall(struct row *r)
{
    char key[KEY_MAX], value[VALUE_MAX];
    uint64_t version;
    bool found = store_value_get(r->owner->service->site->store, key_of(r->id, key), value, sizeof value);
    if (!found || sscanf(value, "%" SCNu64 " %20s", &version, r->iccid) != 2 || version != r->version)
        r->iccid[0] = '\0';
}

static struct row *row_of(struct mid_profiles *m, const struct node *n)
{
    struct row *spare = NULL;
    for (size_t i = 0; i < RSP_PROFILES; i++) {
        struct row *r = &m->row[i];
        if (strcmp(r->id, node_id(n)) == 0 && r->version == version_of(n))
            return r;
        bool gone = !tree_find(m->service->site->tree, TREE_MID, r->id) || strcmp(r->id, node_id(n)) == 0;
        if (!r->call && (!r->id[0] || gone) && !spare)
            spare = r;
    }
    if (!spare)
        return NULL;
    *spare = (struct row){ .owner = m, .version = version_of(n) };
    (void)text_copy(spare->id, sizeof spare->id, node_id(n));
    recall(spare);
    return spare;
}

static bool take_row(struct mid_profiles *m, const struct node *n, struct rsp_profile *out)
{
    struct row *r = row_of(m, n);
    *out = (struct rsp_profile){ .active = is_active(n) };
    if (!r)
        return false;
    if (!r->iccid[0] && !r->asked && out->active) {
        r->asked = true;
        r->call = trust_files(m->service->site->trust, r->id, on_files, r);
    }
    return r->iccid[0] && text_copy(out->id, sizeof out->id, r->id) && text_copy(out->iccid, sizeof out->iccid, r->iccid) &&
           text_copy(out->issuer, sizeof out->issuer, node_text(n, "Issuer"));
}

static size_t profiles(void *user, struct rsp_profile out[RSP_PROFILES])
{
    struct mid_profiles *m = user;
    struct tree *tree = m->service->site->tree;
    size_t count = 0;
    for (int active = 1; active >= 0; active--)
        for (struct node *n = tree_next(tree, TREE_MID, NULL); n && count < RSP_PROFILES; n = tree_next(tree, TREE_MID, n))
            if (is_active(n) == (active == 1) && strcmp(node_text(n, "State"), mid_state_name(MID_ERASED)) != 0 && take_row(m, n, &out[count]))
                count++;
    return count;
}

/* ---- what a server may do ---- */

/* A server whose own key comes from a MID must not cut itself off (DESIGN, trust rule 7). */
static bool carries_an_account(const struct service *s, const char *context)
{
    for (size_t i = 0; i < sizeof s->entry / sizeof s->entry[0]; i++)
        if (s->entry[i].used && s->entry[i].made && strcmp(s->entry[i].context, context) == 0)
            return true;
    return false;
}

static bool may(void *user, uint16_t server, const struct rsp_profile *profile, bool enable)
{
    struct mid_profiles *m = user;
    struct error e = { 0 };
    const struct entry *own = service_entry_of(m->service, server);
    const struct node *n = tree_find(m->service->site->tree, TREE_MID, profile->id), *context = own ? tree_find(m->service->site->tree, TREE_CONTEXT, own->context) : NULL;
    if (!n || !context || strcmp(node_text(n, "Context"), node_path(context)) != 0)
        error_set(&e, ERROR_POLICY, "server %u may not change %s: it is of another context", server, profile->id);
    else if (!enable && carries_an_account(m->service, own->context))
        error_set(&e, ERROR_POLICY, "server %u may not disable %s: an account has its key from it", server, profile->id);
    if (e.code)
        site_report(m->service->site, "rsp", 0, &e);
    return e.code == ERROR_NONE;
}

static void on_state(void *user, enum error_code status, enum mid_result result, const struct mid_entry *entry)
{
    struct mid_profiles *m = user;
    rsp_outcome_fn *outcome = m->outcome;
    struct error e;
    (void)result;
    (void)entry;
    m->call = 0;
    m->outcome = NULL;
    if (status) {
        error_set(&e, status, "%s: %s", m->id, status == ERROR_POLICY ? "the lifecycle, its policy, or another ACTIVE MID does not allow it" : error_text(status));
        site_report(m->service->site, "rsp", 0, &e);
    }
    outcome(m->user, status == ERROR_NONE);
}

static void enable(void *user, const char *id, bool enable, rsp_outcome_fn *outcome, void *outcome_user)
{
    struct mid_profiles *m = user;
    m->outcome = outcome;
    m->user = outcome_user;
    (void)text_copy(m->id, sizeof m->id, id);
    m->call = trust_mid_set_state(m->service->site->trust, id, enable ? MID_ACTIVE : MID_SUSPENDED, on_state, m);
}

/* ---- life ---- */

struct rsp *mid_profiles_rsp(const struct mid_profiles *m)
{
    return m->rsp;
}

struct mid_profiles *mid_profiles_new(struct service *s)
{
    struct mid_profiles *m = calloc(1, sizeof *m);
    if (!m)
        abort();
    m->service = s;
    struct rsp_host host = { .profiles = profiles, .may = may, .enable = enable, .changed = changed, .user = m };
    m->rsp = rsp_new(&host);
    if (!m->rsp)
        abort();
    trust_watch_mids(s->site->trust, changed, m);
    return m;
}

void mid_profiles_free(struct mid_profiles *m)
{
    if (!m)
        return;
    struct trust *trust = m->service->site->trust;
    for (size_t i = 0; i < RSP_PROFILES; i++)
        if (m->row[i].call)
            trust_cancel(trust, m->row[i].call);
    if (m->call)
        trust_cancel(trust, m->call);
    trust_watch_mids(trust, NULL, m);
    loop_cancel(m->service->site->loop, &m->timer);
    rsp_free(m->rsp);
    free(m);
}
