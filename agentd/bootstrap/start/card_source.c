/* SPDX-License-Identifier: Apache-2.0 */
/* Two slots: the primary modem's card and the PC/SC reader's. What a slot shows is a closed set of words (Sim.BootstrapState). Card files pass through and are
 * not kept: they are sealed in the inbox, or read again. */
#include "bootstrap/start/card_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "bootstrap/card_book.h"
#include "bootstrap/start/card_document.h"
#include "card/card.h"
#include "model/tre_wire.h"

enum { SLOT_MODEM, SLOT_READER, SLOTS, NODE_MAX = 40, HASH_DIGITS = 12 };

struct slot {
    struct card_source *source;
    struct card *card;
    char device[64], path[128]; /* the modem's port and object: a new one is a new watch */
    char id[CARD_ID];           /* of the card that was read last, "" if none */
    char node[NODE_MAX];        /* its Sim node */
    bool own_node;              /* no modem shows it */
    const char *state;
    struct error error;         /* why it was refused */
    bool waits;                 /* for the TRE: read again */
    bool known;                 /* whether there is a card, and what it brings */
};

struct card_source {
    struct site *site;
    struct access *access;
    const char *dm_oid;
    card_offer_fn *offer;
    void *user;
    struct slot slot[SLOTS];
};

/* --- showing --- */

static void show_reader_card(struct slot *s, const char *iccid)
{
    char masked[32];
    struct node *n = tree_add(s->source->site->tree, TREE_SIM, s->node);
    node_set(n, "Iccid", text_mask(iccid, 6, 2, masked, sizeof masked));
    node_set(n, "Imsi", "");
    node_set(n, "OperatorId", "");
    node_set(n, "OperatorName", "");
    node_set(n, "Lock", "none");
    node_set(n, "BootstrapState", "");
    node_set(n, "BootstrapError", "");
    node_publish(n);
    s->own_node = true;
}

static void show(struct slot *s)
{
    struct node *n = s->node[0] ? tree_find(s->source->site->tree, TREE_SIM, s->node) : NULL;
    if (!n)
        return; /* the modem room will show it; card_source_look comes then */
    node_set(n, "BootstrapState", s->state);
    node_set(n, "BootstrapError", s->error.code ? error_name(s->error.code) : "");
}

static void set_state(struct slot *s, const char *state, const struct error *e)
{
    s->error = e ? *e : (struct error){ 0 };
    if (strcmp(s->state, state) != 0)
        log_notice("card", "%s: bootstrap files: %s%s%s", card_name(s->card), state, e ? ": " : "", e ? e->text : "");
    s->state = state;
    show(s);
}

static void refuse(struct slot *s, const char *state, const struct error *e)
{
    bool same = strcmp(s->state, state) == 0 && s->error.code == e->code;
    set_state(s, state, e);
    if (!same)
        site_report(s->source->site, "card", 0, e);
}

/* The card of the slot has this number: the Sim node of the modem room has the same id (facts.c). */
static void identify(struct slot *s, const char *iccid)
{
    char id[CARD_ID];
    card_book_id(iccid, id);
    if (strcmp(id, s->id) == 0)
        return;
    (void)text_copy(s->id, sizeof s->id, id);
    (void)snprintf(s->node, sizeof s->node, "iccid-%.*s", HASH_DIGITS, id);
    if (s == &s->source->slot[SLOT_READER])
        show_reader_card(s, iccid);
}

static void forget(struct slot *s)
{
    if (s->own_node)
        node_remove(tree_find(s->source->site->tree, TREE_SIM, s->node));
    s->own_node = s->waits = s->known = false;
    s->id[0] = s->node[0] = '\0';
    s->state = "";
    s->error = (struct error){ 0 };
}

/* --- deciding --- */

static bool same(const uint8_t a[STORE_HASH], const uint8_t b[STORE_HASH])
{
    return memcmp(a, b, STORE_HASH) == 0;
}

static void on_offered(void *user, const struct error *error)
{
    struct slot *s = user;
    struct card_row row;
    bool applied = s->id[0] && card_book_get(s->source->site->store, s->id, &row) && row.is_applied && same(row.applied, row.offered);
    if (!s->card || !s->id[0])
        return; /* the card left meanwhile */
    if (applied)
        set_state(s, "applied", NULL);
    else if (!error->code || error->code == ERROR_BUSY)
        set_state(s, "applying", NULL);
    else
        set_state(s, "refused", error); /* the inbox has reported it */
}

/* What the message asks for, as far as ownership goes: false if the context belongs to another source. A message that cannot be read is the inbox's to refuse. */
static bool may_apply(struct card_source *cs, struct slice message, struct error *e)
{
    struct wsp_push push = { .body = message };
    struct trigger t = { .kind = TRIGGER_CARD, .settings = settings_new() };
    struct context_row context;
    char owner[CARD_ID];
    bool foreign = t.settings && !document_read_card(&push, &t, NULL) && store_context_get(cs->site->store, t.context, &context) && context.committed &&
                   !card_book_owner(cs->site->store, t.context, owner);
    settings_free(t.settings);
    if (foreign)
        error_set(e, ERROR_CONTEXT_COMMITTED, "the card's bootstrap is for context %s, which was bootstrapped by %s", t.context, context.server_id);
    return !foreign;
}

static bool keep_row(struct card_source *cs, const char *id, const struct card_row *row, struct error *e)
{
    if (store_begin(cs->site->store, e))
        return false;
    card_book_put(cs->site->store, id, row);
    return store_commit(cs->site->store, e) == ERROR_NONE;
}

/* The message of this content: a new generation, unless it was offered last and is not applied (a restart, or a failure, came between; the inbox knows it
 * by its hash). False: unchanged. */
static bool compose(struct slot *s, const struct card_content *content, struct writer *w, struct card_row *row)
{
    uint8_t hash[STORE_HASH] = { 0 };
    bool known = card_book_get(s->source->site->store, s->id, row);
    card_document_write(w, s->id, known ? row->generation : 1, content);
    (void)card_document_hash(writer_slice(w), hash);
    if (known && row->is_applied && same(row->applied, hash))
        return false;
    bool again = known && same(row->offered, hash);
    if (!again) {
        row->generation++;
        memcpy(row->offered, hash, sizeof row->offered);
        w->len = 0;
        card_document_write(w, s->id, row->generation, content);
    }
    log_notice("card", "%s: bootstrap content %s (%zu files)", card_name(s->card), again ? "is not applied yet" : known ? "changed" : "found", content->count);
    return true;
}

static void offer(struct slot *s, struct slice message, const struct card_row *row)
{
    struct card_source *cs = s->source;
    struct error e = { 0 };
    if (!may_apply(cs, message, &e)) {
        refuse(s, "held", &e);
    } else if (!keep_row(cs, s->id, row, &e)) {
        refuse(s, "refused", &e);
    } else {
        set_state(s, "applying", NULL);
        cs->offer(cs->user, message, on_offered, s);
    }
}

/* A card without bootstrap files. What it brought earlier stays: it may be the last way to the operator (DESIGN trust rule 7). */
static void on_empty(struct slot *s)
{
    struct card_row row;
    struct error e;
    if (card_book_get(s->source->site->store, s->id, &row) && row.is_applied) {
        error_set(&e, ERROR_POLICY, "the card's bootstrap files are gone; what they brought stays until something replaces it");
        refuse(s, "emptied", &e);
        return;
    }
    set_state(s, "none", NULL);
}

static void on_content(void *user, const struct card_content *content)
{
    struct slot *s = user;
    struct card_row row = { 0 };
    identify(s, content->iccid);
    s->known = trust_status(s->source->site->trust)->state == TRE_READY;
    if (content->count == 0) {
        on_empty(s);
        return;
    }
    s->waits = trust_status(s->source->site->trust)->state != TRE_READY;
    if (s->waits) {
        set_state(s, "waiting", NULL);
        return;
    }
    uint8_t *space = secret_pages_new(CARD_DOCUMENT_MAX);
    if (!space)
        abort();
    struct writer w = writer_make(space, CARD_DOCUMENT_MAX);
    if (compose(s, content, &w, &row))
        offer(s, writer_slice(&w), &row);
    else
        set_state(s, "applied", NULL); /* unchanged: nothing happens */
    secret_pages_free(space, CARD_DOCUMENT_MAX);
}

static void on_failed(void *user, const struct error *error, const char *iccid)
{
    struct slot *s = user;
    s->known = true;
    if (iccid[0])
        identify(s, iccid);
    refuse(s, error->code == ERROR_PIN_REQUIRED ? "pin-needed" : error->code == ERROR_NOT_SUPPORTED ? "unreadable" : "refused", error);
}

static void on_reading(void *user)
{
    struct slot *s = user;
    s->known = false;
    if (!s->state[0])
        s->state = "reading";
}

static void on_absent(void *user)
{
    struct slot *s = user;
    forget(s);
    s->known = access_connected(s->source->access); /* not if agent-modemd went away */
}

/* --- slots --- */

static void slot_open(struct slot *s, const char *name)
{
    static const struct card_events events = { .reading = on_reading, .content = on_content, .failed = on_failed, .absent = on_absent };
    struct card_source *cs = s->source;
    s->card = card_new(cs->site->loop, cs->access, name, cs->dm_oid, &events, s);
    if (!s->card)
        abort();
}

static void slot_close(struct slot *s)
{
    forget(s);
    card_free(s->card);
    s->card = NULL;
    s->device[0] = s->path[0] = '\0';
}

static void look_at_modem(struct card_source *cs)
{
    struct slot *s = &cs->slot[SLOT_MODEM];
    const struct modem_facts *m = cs->site->modem ? modem_primary(cs->site->modem) : NULL;
    const char *device = m ? m->device : "", *path = m ? m->path : "";
    if (strcmp(device, s->device) == 0 && strcmp(path, s->path) == 0)
        return;
    slot_close(s);
    if (!device[0])
        return;
    (void)text_copy(s->device, sizeof s->device, device);
    (void)text_copy(s->path, sizeof s->path, path);
    slot_open(s, device);
}

/* A job has ended, or a restart forgot how: what the store says. */
static void look_at_job(struct slot *s)
{
    struct card_row row;
    const struct tree_value *jobs = node_get(tree_manager(s->source->site->tree), "ActiveJobs");
    bool running = jobs && jobs->number;
    bool open = strcmp(s->state, "applying") == 0 || strcmp(s->state, "failed") == 0;
    if (open && !running && card_book_get(s->source->site->store, s->id, &row))
        set_state(s, row.is_applied && same(row.applied, row.offered) ? "applied" : "failed", NULL); /* why is at the job */
}

bool card_source_known(const struct card_source *cs)
{
    bool modem_comes = !cs->slot[SLOT_MODEM].card && strcmp(node_text(tree_manager(cs->site->tree), "ModemManagerState"), "present") == 0;
    return !modem_comes && (!cs->slot[SLOT_MODEM].card || cs->slot[SLOT_MODEM].known) && cs->slot[SLOT_READER].known;
}

void card_source_look(struct card_source *cs)
{
    look_at_modem(cs);
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *s = &cs->slot[i];
        if (s->card && s->waits && trust_status(cs->site->trust)->state == TRE_READY) {
            s->waits = false;
            card_read_again(s->card);
        }
        if (s->card)
            look_at_job(s);
        show(s);
    }
}

struct card_source *card_source_new(struct site *site, struct access *access, const char *dm_oid, card_offer_fn *fn, void *user)
{
    struct card_source *cs = calloc(1, sizeof *cs);
    if (!cs)
        return NULL;
    *cs = (struct card_source){ .site = site, .access = access, .dm_oid = dm_oid, .offer = fn, .user = user };
    for (size_t i = 0; i < SLOTS; i++)
        cs->slot[i] = (struct slot){ .source = cs, .state = "" };
    slot_open(&cs->slot[SLOT_READER], CARD_PCSC);
    card_source_look(cs);
    return cs;
}

void card_source_free(struct card_source *cs)
{
    if (!cs)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        slot_close(&cs->slot[i]);
    free(cs);
}
