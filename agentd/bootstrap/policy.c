/* SPDX-License-Identifier: Apache-2.0 */
/* The rules; owns no state. */
#include "bootstrap/policy.h"

#include <string.h>

#include "bootstrap/apply.h"
#include "bootstrap/card_book.h"
#include "bootstrap/instruction/instruction.h"
#include "net/uplink.h"

enum { MODEM_GRACE_MS = 10000 };

static bool context_exists(const struct factory_data *f, const char *name)
{
    for (size_t i = 0; i < f->context_count; i++)
        if (strcmp(f->contexts[i], name) == 0)
            return true;
    return false;
}

static bool anything_installed(struct site *s)
{
    static const char *const kinds[] = { "bearer", "dm", "lwm2m" };
    struct item_row row;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (store_item_at(s->store, kinds[i], false, 0, &row))
            return true;
    return false;
}

/* The first bearer of a gateway that has none: whoever brings it, it replaces nothing, and whatever comes later outranks it. */
static enum error_code authorise_bearer(struct site *s, struct error *err)
{
    struct context_row row;
    for (size_t i = 0; i < s->factory.context_count; i++)
        if (store_context_get(s->store, s->factory.contexts[i], &row) && row.committed)
            return error_set(err, ERROR_POLICY, "a bearer without an account, but context %s is bootstrapped", row.name);
    if (anything_installed(s))
        return error_set(err, ERROR_POLICY, "a bearer without an account, but the gateway has one; nothing is replaced");
    return ERROR_NONE;
}

/* Trust rule 1: NETWPIN alone (the IMSI is no secret) brings bearers and nothing else. */
static enum error_code authorise_netwpin(const struct settings *set, struct error *err)
{
    if (set->beyond[0])
        return error_set(err, ERROR_POLICY, "NETWPIN alone does not authenticate %s", set->beyond);
    if (set->provurl[0])
        return error_set(err, ERROR_POLICY, "NETWPIN alone does not authenticate PROVURL");
    if (set->dms || set->lwm2ms)
        return error_set(err, ERROR_POLICY, "NETWPIN alone does not authenticate an account");
    return ERROR_NONE;
}

/* ProvCont 4.5: CONTEXT-ALLOW 0 of a committed bootstrap closes the other contexts, until its own is opened again. */
static enum error_code check_closed(struct site *s, const char *context, struct error *err)
{
    struct context_row row;
    for (size_t i = 0; i < s->factory.context_count; i++)
        if (strcmp(s->factory.contexts[i], context) != 0 && store_context_get(s->store, s->factory.contexts[i], &row) && row.committed &&
            row.closes_others)
            return error_set(err, ERROR_POLICY, "context %s is closed: %.100s bootstrapped %s with CONTEXT-ALLOW 0", context, row.server_id, row.name);
    return ERROR_NONE;
}

/* OMA DM Bootstrap, re-bootstrap: an account of that server in another context is not taken over from here. */
static bool server_elsewhere(struct site *s, const struct trigger *t, struct item_row *row)
{
    char id[STORE_NAME];
    for (size_t n = 0; t->settings->by_tree && store_item_at(s->store, "dm", false, n, row); n++)
        for (size_t i = 0; i < t->settings->dms; i++) {
            apply_id(row->context, t->settings->dm[i].server_id, id, sizeof id);
            if (strcmp(id, row->id) == 0 && strcmp(row->context, t->context) != 0)
                return true;
        }
    return false;
}

/* DESIGN section 4: a card whose content changed opens its context again; never one that another source has committed. */
static bool replaces_card(struct site *s, const struct trigger *t)
{
    char owner[CARD_ID];
    return t->kind == TRIGGER_CARD && card_book_owner(s->store, t->context, owner);
}

/* A w7 account to get the rest by, or (from a card) the LwM2M accounts themselves. */
static enum error_code is_complete(const struct settings *s, struct error *err)
{
    if (s->lwm2ms)
        return ERROR_NONE;
    if (s->dms == 0)
        return error_set(err, ERROR_INCOMPLETE, "the document has no w7 account (APPLICATION with APPID w7)");
    if (s->dm[0].client.secret[0] == '\0' && s->dm[0].secrets == DM_SECRETS_OWN)
        return error_set(err, ERROR_INCOMPLETE, "the w7 account has no client credentials (APPAUTH with AAUTHLEVEL APPSRV)");
    return ERROR_NONE;
}

enum error_code policy_authorise(struct site *s, const struct trigger *t, struct error *err)
{
    const struct settings *set = t->settings;
    struct context_row row;
    enum error_code rc = ERROR_NONE;
    if (!s->factory.present)
        return error_set(err, ERROR_UNPROVISIONED, "a trigger came, but the gateway has no factory data");
    if (!context_exists(&s->factory, t->context))
        return error_set(err, ERROR_POLICY, "the gateway has no context \"%s\"", t->context);
    struct item_row item;
    if (t->kind == TRIGGER_SETTINGS && t->sec == PUSH_NETWPIN && (rc = authorise_netwpin(set, err)))
        return rc;
    if (settings_is_bearer_only(set))
        return authorise_bearer(s, err);
    if (store_context_get(s->store, t->context, &row) && row.committed && !instruction_of_owner(s->store, t) && !replaces_card(s, t) &&
        t->kind != TRIGGER_RENEWAL)
        return error_set(err, ERROR_CONTEXT_COMMITTED, "context %s was bootstrapped by %s", t->context, row.server_id);
    if (server_elsewhere(s, t, &item))
        return error_set(err, ERROR_EXISTS, "the server has an account already, in context %.40s", item.context);
    rc = check_closed(s, t->context, err);
    return rc ? rc : is_complete(set, err);
}

static enum source_kind kind_of(const char *source)
{
    static const struct {
        const char *source;
        enum source_kind kind;
    } rows[] = { { "bbn", SOURCE_BBN }, { "factory", SOURCE_FACTORY }, { "lan", SOURCE_LAN }, { "sms-mm", SOURCE_SMS }, { "sms-qmi", SOURCE_SMS } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].source, source) == 0)
            return rows[i].kind;
    return SOURCE_UI; /* file, instruction, ui, card: in the owner's hand */
}

size_t policy_rank(const struct site *s, const char *source)
{
    size_t i = 0;
    while (i < s->sources.count && s->sources.kind[i] != kind_of(source))
        i++;
    return i;
}

/* What came by SMS is not proved over another uplink; a renewal takes the way that its context has. */
static bool needs_modem(const char *source)
{
    return strncmp(source, "sms-", 4) == 0 || strcmp(source, "lwm2m") == 0;
}

bool policy_host_leads(const struct site *s)
{
    return s->uplink == UPLINK_HOST || (s->uplink == UPLINK_AUTO && uplink_is_there());
}

enum way policy_way(struct site *s, const char *source, const struct napdef *napdef, uint64_t waited_ms)
{
    bool mm_present = strcmp(node_text(tree_manager(s->tree), "ModemManagerState"), "present") == 0;
    bool modem = site_modem(s) != NULL;
    if (s->uplink == UPLINK_HOST || (!napdef && policy_host_leads(s)))
        return WAY_HOST;
    if (modem)
        return WAY_CELLULAR;
    if (s->uplink == UPLINK_CELLULAR || (napdef && needs_modem(source)) || (mm_present && waited_ms < MODEM_GRACE_MS))
        return WAY_WAIT;
    return WAY_HOST;
}

static bool may_roam(const struct roaming_policy *r, const struct modem_facts *m)
{
    bool may = r->all;
    for (size_t i = 0; i < r->homes; i++)
        may = may || strcmp(r->home[i], m->sim_plmn) == 0;
    return may;
}

enum error_code policy_modem(struct site *s, struct error *err)
{
    const struct modem_facts *m = site_modem(s);
    if (!m)
        return error_set(err, ERROR_NO_MODEM, "waiting for a modem");
    if (!m->registered)
        return error_set(err, ERROR_NOT_REGISTERED, "modem %s is not registered yet", m->id);
    if (m->roaming && !may_roam(&s->roaming, m))
        return error_set(err, ERROR_ROAMING, "the modem is roaming in %s and cards of %s may not use data there", m->plmn, m->sim_plmn);
    return ERROR_NONE;
}
