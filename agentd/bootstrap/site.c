/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about the site as text, and the one place where failures become visible. */
#include "bootstrap/site.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/text.h"
#include "trust/device_key.h"

const struct modem_facts *site_modem(const struct site *s)
{
    if (!s->modem)
        return NULL;
    return s->data_sim[0] ? modem_of_sim(s->modem, s->data_sim) : modem_primary(s->modem);
}

void site_look_modem(struct site *s)
{
    const struct modem_facts *m = site_modem(s);
    if (s->bearers)
        bearers_set_modem(s->bearers, m ? m->path : "");
}

void site_use_sim(struct site *s, const char *sim)
{
    const struct modem_facts *before = site_modem(s), *now;
    (void)text_copy(s->data_sim, sizeof s->data_sim, sim);
    now = site_modem(s);
    if (now && before != now)
        log_notice("modem", "data goes over %s", now->id);
    site_look_modem(s);
}

static void add_fact(char *out, size_t cap, const char *key, const char *value)
{
    size_t n = strlen(out);
    if (value[0])
        (void)snprintf(&out[n], cap - n, "%s%s=%s", n ? ";" : "", key, value);
}

static void add_number(char *out, size_t cap, const char *key, uint32_t number)
{
    char text[16] = "";
    if (number)
        (void)snprintf(text, sizeof text, "%u", (unsigned)number);
    add_fact(out, cap, key, text);
}

char *site_network_facts(const struct site *s, const char *apn, char *out, size_t cap)
{
    const struct modem_facts *m = site_modem(s);
    out[0] = '\0';
    if (m && m->registered) {
        add_fact(out, cap, "plmn", m->plmn);
        add_fact(out, cap, "home", m->sim_plmn);
        add_fact(out, cap, "access", m->access);
        add_fact(out, cap, "roaming", m->roaming ? "yes" : "no");
        add_number(out, cap, "cell", m->cell);
        add_number(out, cap, "area", m->area);
    }
    if (apn[0])
        add_fact(out, cap, "bearer", apn);
    else
        add_fact(out, cap, "uplink", "host");
    return out;
}

const char *site_lease_apn(const struct site *s, const struct lease *lease)
{
    const struct node *bearer = lease->bound ? tree_find(s->tree, TREE_BEARER, lease->bearer) : NULL;
    return !bearer ? "" : node_text(bearer, "Apn")[0] ? node_text(bearer, "Apn") : "default";
}

struct lwm2m_rules site_lwm2m_rules(const struct site *s)
{
    return (struct lwm2m_rules){ .nosec = s->lwm2m_nosec, .roots_pem = s->factory.roots_pem, .device_key = device_key_open, .tre_socket = s->tre_socket };
}

uint64_t site_wall_clock(const struct site *s)
{
    uint64_t now = clock_now(&s->clock);
    time_t t = time(NULL);
    return now ? now : t > 0 ? (uint64_t)t : 0;
}

static void set_last_error(struct site *s, const struct error *e)
{
    struct node *m = tree_manager(s->tree);
    node_set(m, "LastError", error_name(e->code));
    node_set(m, "LastErrorText", e->text);
    node_set(m, "LastErrorHint", e->hint);
    node_set_number(m, "LastErrorTime", site_wall_clock(s) * 1000000);
}

static void show_error(struct site *s, const char *object, const struct error *e)
{
    log_warning(object, "%s: %s; %s", error_name(e->code), e->text, e->hint);
    set_last_error(s, e);
}

void site_report(struct site *s, const char *object, uint64_t job, const struct error *e)
{
    show_error(s, object, e);
    struct error ignored;
    if (store_begin(s->store, &ignored))
        return;
    store_history_add(s->store, site_wall_clock(s), job, error_name(e->code), e->text);
    (void)store_commit(s->store, &ignored);
}

/* One more of the counter, and of the cause: "MacMismatch=3". */
static void count(struct site *s, const char *counter, enum error_code cause)
{
    struct node *m = tree_manager(s->tree);
    const struct tree_value *v = node_get(m, counter);
    char text[ERROR_COUNT][48];
    const char *texts[ERROR_COUNT];
    size_t n = 0;
    node_set_number(m, counter, (v ? v->number : 0) + 1);
    s->causes[cause]++;
    for (int c = 0; c < ERROR_COUNT; c++)
        if (s->causes[c]) {
            (void)snprintf(text[n], sizeof text[n], "%s=%u", error_name((enum error_code)c), s->causes[c]);
            texts[n] = text[n];
            n++;
        }
    node_set_texts(m, "MessageCauses", texts, n);
}

void site_count_ignored(struct site *s, const char *object, const struct error *e)
{
    log_info(object, "%s: %s", error_name(e->code), e->text);
    count(s, "MessagesIgnored", e->code);
}

void site_report_refused(struct site *s, const char *object, const struct error *e)
{
    struct node *m = tree_manager(s->tree);
    count(s, "MessagesRefused", e->code);
    show_error(s, object, e);
    const char *args[] = { error_name(e->code), e->text, e->hint };
    node_signal(m, "Refused", args, 3);
}

bool site_keep(struct site *s, const char *key, const char *text)
{
    struct error e;
    enum error_code rc = store_begin(s->store, &e);
    if (!rc) {
        store_value_put(s->store, key, text);
        rc = store_commit(s->store, &e);
    }
    if (rc)
        site_report(s, key, 0, &e);
    return !rc;
}
