/* SPDX-License-Identifier: Apache-2.0 */
/* The choice. Invariants: nothing is chosen before every installed NAPDEF is open; a NAPDEF that is better here is tried beside the promise that the
 * present one comes back if the network refuses it (and is not tried again in that network); one that is not valid here is never used here.
 *
 *   modem: the primary one if its SIM is the context's, else the one that has it, else the primary one
 *   look: not registered -> nothing is started      roaming, not allowed -> all goes down: Roaming      another SIM -> dropped: OtherSim
 *         none valid here -> dropped: PolicyDenied  the best is kept -> nothing to do                  else -> move to the best
 *   move: the present one valid here: connect; refused -> the present one again       not valid here: keep the best, with the back-off of bearer/ */
#include "bootstrap/way/ways.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "bootstrap/apply.h"
#include "bootstrap/policy.h"
#include "model/settings_octets.h"
#include "model/tre_wire.h"

enum { WAYS = WAYS_MAX, LOOK_AGAIN_MAX_S = 6 * 3600, PLACE = 64 };

struct nap {
    char id[STORE_NAME], context[STORE_NAME];
    struct napdef napdef;
    char refused_in[PLACE]; /* network and SIM where it was refused: not moved to again there */
};

struct ways {
    struct site *site;
    void (*moved)(void *user, const struct lease *lease);
    void *user;
    struct nap *way[WAYS]; /* secret pages; NULL: free slot */
    char kept[STORE_NAME], context[STORE_NAME], moving[STORE_NAME];
    char said[PLACE]; /* the refusal that was reported */
    size_t opening;
    bool held, again; /* again: more was installed while opening */
    uint64_t timer;
};

struct opening {
    struct ways *ways;
    char id[STORE_NAME], context[STORE_NAME];
};

static void choose(struct ways *w);

/* --- what is installed --- */

static struct nap *way_find(struct ways *w, const char *id)
{
    for (size_t i = 0; i < WAYS; i++)
        if (w->way[i] && strcmp(w->way[i]->id, id) == 0)
            return w->way[i];
    return NULL;
}

bool ways_napdef(struct ways *w, const char *id, struct napdef *out, char *context, size_t cap)
{
    const struct nap *way = way_find(w, id);
    if (!way || !text_copy(context, cap, way->context))
        return false;
    if (out)
        *out = way->napdef;
    return true;
}

size_t ways_count(const struct ways *w, const char *context)
{
    size_t count = 0;
    for (size_t i = 0; i < WAYS; i++)
        count += w->way[i] && strcmp(w->way[i]->context, context) == 0;
    return count;
}

bool ways_full(const struct ways *w)
{
    size_t count = 0;
    for (size_t i = 0; i < WAYS; i++)
        count += w->way[i] != NULL;
    return count == WAYS;
}

bool ways_uses(const struct ways *w, const char *id)
{
    const struct lease *lease = w->site->bearers ? bearers_lease(w->site->bearers) : NULL;
    return strcmp(w->kept, id) == 0 || strcmp(w->moving, id) == 0 || (lease && strcmp(lease->bearer, id) == 0);
}

bool ways_known(const struct ways *w)
{
    return w->opening == 0;
}

static size_t copy_of(const struct ways *w, const char *context, struct napdef *out, size_t cap)
{
    size_t count = 0;
    for (size_t i = 0; i < WAYS && count < cap; i++)
        if (w->way[i] && strcmp(w->way[i]->context, context) == 0)
            out[count++] = w->way[i]->napdef;
    return count;
}

size_t ways_copy(const struct ways *w, const char *context, struct napdef *out, size_t cap)
{
    size_t count = copy_of(w, context, out, cap);
    return count ? count : copy_of(w, w->context, out, cap);
}

static void way_drop(struct ways *w, size_t i)
{
    secret_pages_free(w->way[i], sizeof *w->way[i]);
    w->way[i] = NULL;
}

static void way_add(struct ways *w, const char *id, const char *context, const struct napdef *napdef)
{
    for (size_t i = 0; i < WAYS; i++) {
        if (w->way[i])
            continue;
        w->way[i] = secret_pages_new(sizeof *w->way[i]);
        if (!w->way[i])
            abort();
        (void)text_copy(w->way[i]->id, sizeof w->way[i]->id, id);
        (void)text_copy(w->way[i]->context, sizeof w->way[i]->context, context);
        w->way[i]->napdef = *napdef;
        (void)text_copy(w->context, sizeof w->context, context);
        return;
    }
    log_warning("bearer", "%s: more NAPDEFs are installed than can be used", id);
}

static void show_installed(struct ways *w)
{
    struct bearer_installed list[WAYS];
    size_t count = 0;
    for (size_t i = 0; i < WAYS; i++)
        if (w->way[i])
            list[count++] = (struct bearer_installed){ w->way[i]->id, &w->way[i]->napdef };
    if (w->site->bearers && !w->opening)
        bearers_show_installed(w->site->bearers, list, count);
}

void ways_put(struct ways *w, const char *context, const char *id, const struct napdef *napdef, bool used)
{
    struct nap *way = way_find(w, id);
    char present[STORE_NAME];
    (void)text_copy(present, sizeof present, w->context);
    if (way) {
        way->napdef = *napdef;
        way->refused_in[0] = '\0';
    } else {
        way_add(w, id, context, napdef);
    }
    if (used)
        w->kept[0] = '\0'; /* the choice is made anew */
    else
        (void)text_copy(w->context, sizeof w->context, present);
    show_installed(w);
    choose(w);
}

void ways_remove(struct ways *w, const char *id)
{
    for (size_t i = 0; i < WAYS; i++)
        if (w->way[i] && strcmp(w->way[i]->id, id) == 0)
            way_drop(w, i);
    show_installed(w);
}

static void on_open(void *user, enum error_code status, struct slice octets)
{
    struct opening *o = user;
    struct ways *w = o->ways;
    struct napdef napdef;
    if (!status && napdef_read(octets, &napdef))
        way_add(w, o->id, o->context, &napdef);
    else
        log_warning("bearer", "%s cannot be opened: %s", o->id, error_text(status ? status : ERROR_STORAGE));
    secret_zero(&napdef, sizeof napdef);
    free(o);
    if (--w->opening == 0 && w->again)
        ways_load(w, NULL);
    show_installed(w);
    choose(w);
}

static void open_way(struct ways *w, const struct item_row *row)
{
    struct opening *o = calloc(1, sizeof *o);
    if (!o || !apply_open(w->site, row->kind, row->id, on_open, o)) {
        free(o);
        return;
    }
    o->ways = w;
    (void)text_copy(o->id, sizeof o->id, row->id);
    (void)text_copy(o->context, sizeof o->context, row->context);
    w->opening++;
}

void ways_load(struct ways *w, const char *context)
{
    struct item_row row;
    for (size_t i = 0; context && i < WAYS; i++)
        if (w->way[i] && strcmp(w->way[i]->context, context) == 0) {
            if (strcmp(w->way[i]->id, w->kept) == 0)
                w->kept[0] = '\0';
            way_drop(w, i);
        }
    w->again = w->opening > 0;
    if (w->again || trust_status(w->site->trust)->state != TRE_READY)
        return;
    for (size_t n = 0; store_item_at(w->site->store, "bearer", false, n, &row); n++)
        if (!way_find(w, row.id))
            open_way(w, &row);
}

/* --- the SIM of a context --- */

static char *sim_key(const char *context, char *out, size_t cap)
{
    (void)snprintf(out, cap, "context-sim/%s", context);
    return out;
}

void ways_bind_sim(struct site *site, const char *context)
{
    char key[96], bound[PLACE];
    const struct modem_facts *m = site_modem(site);
    if (!m || !m->sim[0])
        return;
    (void)snprintf(bound, sizeof bound, "%s %s", m->sim, m->sim_plmn);
    store_value_put(site->store, sim_key(context, key, sizeof key), bound);
}

static char *preferred_key(const char *context, char *out, size_t cap)
{
    (void)snprintf(out, cap, "context-bearer/%s", context);
    return out;
}

void ways_prefer(struct site *site, const char *context, const char *id)
{
    char key[96];
    store_value_put(site->store, preferred_key(context, key, sizeof key), id);
}

void ways_erase(struct site *site, const char *context, const char *id)
{
    char key[96], preferred[STORE_NAME];
    store_item_remove(site->store, "bearer", id);
    if (store_value_get(site->store, preferred_key(context, key, sizeof key), preferred, sizeof preferred) && strcmp(preferred, id) == 0)
        ways_prefer(site, context, NULL);
}

/* The value is the SIM's id and its home network. A context that was bootstrapped before this was recorded may be used with any. */
static bool is_sim_of(struct ways *w, const char *context, const struct modem_facts *m)
{
    char key[96], bound[PLACE];
    if (!store_value_get(w->site->store, sim_key(context, key, sizeof key), bound, sizeof bound))
        return true;
    char *home = strchr(bound, ' ');
    if (home)
        *home++ = '\0';
    return strcmp(bound, m->sim) == 0 || (w->site->any_sim_of_operator && home && home[0] && strcmp(home, m->sim_plmn) == 0);
}

/* --- the choice --- */

static int64_t now_of(struct ways *w)
{
    return (int64_t)clock_now(&w->site->clock);
}

static char *place_of(const struct modem_facts *m, char *out, size_t cap)
{
    (void)snprintf(out, cap, "%s/%s", m->plmn, m->sim);
    return out;
}

static enum napdef_fit fit_here(struct ways *w, const struct nap *way, const struct modem_facts *m)
{
    return way && strcmp(way->context, w->context) == 0 ? napdef_fit(&way->napdef, m->plmn, now_of(w)) : NAPDEF_UNFIT;
}

/* What a management server proved last, in this run or a former one; NULL: nothing. */
static struct nap *preferred_way(struct ways *w)
{
    char key[96], id[STORE_NAME];
    return store_value_get(w->site->store, preferred_key(w->context, key, sizeof key), id, sizeof id) ? way_find(w, id) : NULL;
}

/* Slots are in the order of the store, which is that of the ids; equal fits: the present one stays, else the preferred one, else the first. */
static struct nap *best_way(struct ways *w, const struct modem_facts *m)
{
    char place[PLACE];
    struct nap *best = w->kept[0] ? way_find(w, w->kept) : preferred_way(w);
    enum napdef_fit best_fit = fit_here(w, best, m);
    place_of(m, place, sizeof place);
    for (size_t i = 0; i < WAYS; i++) {
        enum napdef_fit fit = fit_here(w, w->way[i], m);
        if (fit > best_fit && strcmp(w->way[i]->refused_in, place) != 0) {
            best = w->way[i];
            best_fit = fit;
        }
    }
    return best_fit == NAPDEF_UNFIT ? NULL : best;
}

static struct nap *first_way(struct ways *w)
{
    struct nap *preferred = preferred_way(w);
    if (preferred && !preferred->napdef.disabled)
        return preferred;
    for (size_t i = 0; i < WAYS; i++)
        if (w->way[i] && strcmp(w->way[i]->context, w->context) == 0 && !w->way[i]->napdef.disabled)
            return w->way[i];
    return NULL;
}

/* While NAPDEFs are being opened, whose they are is not known yet: what was proved stays where it is. */
static void choose_modem(struct ways *w)
{
    if (w->opening)
        return;
    const struct modem_facts *m = modem_primary(w->site->modem);
    if (w->context[0] && !(m && m->sim[0] && is_sim_of(w, w->context, m)))
        for (size_t n = 0; (m = modem_at(w->site->modem, n)) && !(m->sim[0] && is_sim_of(w, w->context, m)); n++)
            ;
    site_use_sim(w->site, m ? m->sim : "");
}

static void say(struct ways *w, const struct error *e)
{
    char text[PLACE] = "";
    const struct modem_facts *m = site_modem(w->site);
    if (e->code && m)
        (void)snprintf(text, sizeof text, "%s %s", error_name(e->code), e->code == ERROR_ROAMING ? "" : m->plmn); /* roaming: one place as good as another */
    if (strcmp(text, w->said) != 0 && e->code)
        site_report(w->site, "bearer", 0, e);
    (void)text_copy(w->said, sizeof w->said, text);
}

static void keep(struct ways *w, struct nap *way)
{
    (void)text_copy(w->kept, sizeof w->kept, way->id);
    bearers_keep(w->site->bearers, way->id, &way->napdef);
}

static void drop(struct ways *w, const struct error *why)
{
    say(w, why);
    w->kept[0] = '\0';
    bearers_drop(w->site->bearers, why);
}

static void on_moved(void *user, enum error_code status, const char *text, const struct lease *lease)
{
    struct ways *w = user;
    struct nap *way = way_find(w, w->moving);
    const struct modem_facts *m = site_modem(w->site);
    w->moving[0] = '\0';
    if (!way || w->held)
        return;
    if (!status) {
        keep(w, way);
        w->moved(w->user, lease);
        return;
    }
    if (m)
        (void)place_of(m, way->refused_in, sizeof way->refused_in);
    struct error e;
    error_set(&e, status, "bearer %s: %s; the former one is used again", way->napdef.apn, text && text[0] ? text : error_text(status));
    site_report(w->site, "bearer", 0, &e);
}

static void move_to(struct ways *w, struct nap *best, const struct modem_facts *m)
{
    struct nap *present = way_find(w, w->kept);
    log_notice("bearer", "%s is right in network %s", best->id, m->plmn);
    if (!present || fit_here(w, present, m) == NAPDEF_UNFIT) {
        keep(w, best);
        if (present)
            bearers_disconnect(w->site->bearers, NULL, NULL); /* what is kept comes up instead */
        return;
    }
    (void)text_copy(w->moving, sizeof w->moving, best->id);
    bearers_connect(w->site->bearers, best->id, &best->napdef, on_moved, w);
}

static void on_timer(void *user)
{
    struct ways *w = user;
    w->timer = 0;
    choose(w);
}

/* VALIDUNTIL: looks again when the next one of the context ends. */
static void look_again(struct ways *w)
{
    int64_t now = now_of(w), wait = LOOK_AGAIN_MAX_S;
    bool any = false;
    for (size_t i = 0; now && i < WAYS; i++)
        for (size_t v = 0; w->way[i] && v < w->way[i]->napdef.validities; v++) {
            int64_t left = w->way[i]->napdef.validity[v].until - now;
            any = any || left > 0;
            wait = left > 0 && left < wait ? left : wait;
        }
    loop_cancel(w->site->loop, &w->timer);
    if (any)
        w->timer = loop_timer(w->site->loop, (uint64_t)wait * 1000, on_timer, w);
}

static void choose_here(struct ways *w, const struct modem_facts *m)
{
    struct error e = { 0 };
    const struct lease *lease = bearers_lease(w->site->bearers);
    struct nap *proved = lease ? way_find(w, lease->bearer) : NULL;
    if (!w->kept[0] && proved) /* a job has just come this way */
        keep(w, proved);
    struct nap *best = best_way(w, m);
    if (!is_sim_of(w, w->context, m))
        error_set(&e, ERROR_OTHER_SIM, "the bearers of context %s belong to another card than %s", w->context, m->sim);
    else if (!best)
        error_set(&e, ERROR_POLICY, "no access point of context %s is valid in network %s", w->context, m->plmn);
    if (e.code) {
        if (!w->kept[0] && best) /* its node says why */
            keep(w, best);
        drop(w, &e);
        return;
    }
    say(w, &e);
    if (strcmp(best->id, w->kept) != 0)
        move_to(w, best, m);
}

static void choose(struct ways *w)
{
    struct error e = { 0 };
    if (!w->site->bearers || !w->site->modem)
        return;
    if (!w->held)
        choose_modem(w);
    const struct modem_facts *m = site_modem(w->site);
    enum error_code rc = policy_modem(w->site, &e);
    bearers_bar(w->site->bearers, rc ? &e : NULL, rc == ERROR_ROAMING);
    if (rc == ERROR_ROAMING && m->sim_ready)
        say(w, &e);
    if (w->held || w->opening || w->moving[0] || !w->context[0])
        return;
    look_again(w);
    if (!rc && m->sim_ready)
        choose_here(w, m);
    else if (!w->kept[0] && first_way(w)) /* its node says what is waited for */
        keep(w, first_way(w));
}

void ways_look(struct ways *w)
{
    choose(w);
}

void ways_hold(struct ways *w, bool held)
{
    struct nap *kept = way_find(w, w->kept);
    w->held = held;
    if (held)
        return;
    if (w->site->bearers && w->site->modem)
        choose_modem(w);
    if (kept && w->site->bearers)
        keep(w, kept);
    choose(w);
}

struct ways *ways_new(struct site *site, void (*moved)(void *user, const struct lease *lease), void *user)
{
    struct ways *w = calloc(1, sizeof *w);
    if (w)
        *w = (struct ways){ .site = site, .moved = moved, .user = user };
    return w;
}

void ways_free(struct ways *w)
{
    if (!w)
        return;
    loop_cancel(w->site->loop, &w->timer);
    for (size_t i = 0; i < WAYS; i++)
        if (w->way[i])
            way_drop(w, i);
    free(w);
}
