/* SPDX-License-Identifier: Apache-2.0 */
/* The information reporting interface (Core TS 1.1.1 clause 6.4): who observes what, and when a value is worth a notification. One timer for all
 * observations; without observations none. Every notification is confirmable, so that a server that forgot us can say so by RST. */
#include <math.h>
#include <string.h>

#include "lwm2m/client.h"
#include "lwm2m/format.h"

enum { CONTINUOUS_S = 60 }; /* a clock is reported this often unless pmax asks for something else */

struct reading {
    uint64_t digest;
    double number;
    bool numeric;     /* one value that gt, lt and st apply to */
    bool continuous;  /* the observed resource itself changes with time */
};

static uint64_t digest(struct slice octets)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a; no adversary: a collision costs one notification */
    for (size_t i = 0; i < octets.len; i++) {
        h ^= octets.data[i];
        h = (h & 0xffffffffu) * 1099511628211u ^ (h >> 32) * 0x1b3u << 32;
    }
    return h;
}

/* Digest of the records; what changes with time counts only when it is itself observed. */
static struct reading take_reading(struct lwm2m_client *c, const struct path *p)
{
    struct reading out = { 0 };
    uint8_t octets[COAP_ANSWER_MAX / 4];
    struct writer w = writer_make(octets, sizeof octets);
    objects_read(&c->objects, p, &c->records);
    size_t kept = 0;
    for (size_t i = 0; i < c->records.count; i++) {
        bool continuous = resource_at(&c->records.at[i].path)->continuous;
        out.continuous = continuous && p->depth >= PATH_RESOURCE;
        if (!continuous || out.continuous)
            c->records.at[kept++] = c->records.at[i];
    }
    c->records.count = kept;
    if (p->depth >= PATH_RESOURCE && kept == 1) {
        out.numeric = value_is_number(c->records.at[0].value.type);
        out.number = value_number(&c->records.at[0].value);
    }
    format_tlv.put(&w, p, &c->records);
    out.digest = digest((struct slice){ octets, w.len });
    return out;
}

static struct observation *find(struct lwm2m_client *c, const struct coap_token *token)
{
    for (size_t i = 0; i < OBSERVATIONS_MAX; i++)
        if (c->observations[i].used && token_equal(&c->observations[i].token, token))
            return &c->observations[i];
    return NULL;
}

static struct observation *find_free(struct lwm2m_client *c)
{
    for (size_t i = 0; i < OBSERVATIONS_MAX; i++)
        if (!c->observations[i].used)
            return &c->observations[i];
    return NULL;
}

static void run(struct lwm2m_client *c);

static void on_report_timer(void *user)
{
    struct lwm2m_client *c = user;
    c->report_timer = 0;
    run(c);
}

static void run_later(struct lwm2m_client *c, uint64_t ms)
{
    loop_cancel(c->loop, &c->report_timer);
    c->report_timer = loop_timer(c->loop, ms, on_report_timer, c);
}

bool reporting_observe(struct lwm2m_client *c, const struct coap_token *token, const struct path *p, uint16_t format, int64_t *sequence)
{
    struct observation *o = find(c, token);
    uint32_t next = o ? o->sequence + 1 : 1;
    if (!o)
        o = find_free(c);
    if (!o)
        return false;
    struct reading now = take_reading(c, p);
    *o = (struct observation){ .used = true, .token = *token, .path = *p, .format = format, .sequence = next, .sent_at = loop_now(c->loop) };
    o->digest = now.digest;
    o->number = now.number;
    *sequence = next;
    run_later(c, 0);
    return true;
}

void reporting_cancel(struct lwm2m_client *c, const struct coap_token *token)
{
    struct observation *o = find(c, token);
    if (o)
        o->used = false;
}

bool reporting_has(const struct lwm2m_client *c, const struct coap_token *token)
{
    for (size_t i = 0; i < OBSERVATIONS_MAX; i++)
        if (c->observations[i].used && token_equal(&c->observations[i].token, token))
            return true;
    return false;
}

void reporting_clear(struct lwm2m_client *c)
{
    loop_cancel(c->loop, &c->report_timer);
    memset(c->observations, 0, sizeof c->observations);
}

static bool crosses(double limit, double before, double now)
{
    return (before <= limit && now > limit) || (before >= limit && now < limit);
}

/* Clause 5.1.2: gt and lt report a crossing in either direction, st a step since the last report; without them any change counts. */
static bool is_change(const struct observation *o, const struct reading *now, const struct attributes *a)
{
    if (!now->numeric || !(a->set & (ATTRIBUTE_GT | ATTRIBUTE_LT | ATTRIBUTE_STEP)))
        return now->digest != o->digest;
    return ((a->set & ATTRIBUTE_GT) && crosses(a->gt, o->number, now->number)) || ((a->set & ATTRIBUTE_LT) && crosses(a->lt, o->number, now->number)) ||
           ((a->set & ATTRIBUTE_STEP) && fabs(now->number - o->number) >= a->step);
}

static bool notify(struct lwm2m_client *c, struct observation *o, const struct reading *now)
{
    uint8_t octets[COAP_ANSWER_MAX];
    struct writer w = writer_make(octets, sizeof octets);
    const struct format *format = format_find(o->format);
    if (!objects_read(&c->objects, &o->path, &c->records) || !format->put(&w, &o->path, &c->records) || w.failed)
        return false;
    o->sequence++;
    o->sent_at = loop_now(c->loop);
    o->digest = now->digest;
    o->number = now->number;
    return coap_link_notify(c->link, &o->token, o->sequence, o->format, writer_slice(&w)) == ERROR_NONE;
}

/* Notifies if it is time; returns in how many milliseconds to look again, UINT64_MAX: not before something changes. */
static uint64_t run_one(struct lwm2m_client *c, struct observation *o)
{
    struct attributes a = attributes_effective(&c->attributes, &o->path);
    uint64_t pmin = 1000 * (uint64_t)(a.set & ATTRIBUTE_PMIN ? a.pmin : c->objects.pmin);
    uint64_t pmax = 1000 * (uint64_t)(a.set & ATTRIBUTE_PMAX ? a.pmax : c->objects.pmax);
    if (pmax < pmin)
        pmax = 0; /* clause 5.1.2: ignored */
    struct reading now = take_reading(c, &o->path);
    uint64_t age = loop_now(c->loop) - o->sent_at;
    uint64_t period = pmax;
    bool changed = is_change(o, &now, &a);
    if (now.continuous && !pmax) {
        period = pmin > CONTINUOUS_S * 1000 ? pmin : CONTINUOUS_S * 1000;
        changed = changed && age >= period;
    } else if (now.continuous) {
        changed = false; /* pmax is its clock */
    }
    bool due = (changed && age >= pmin) || (pmax && age >= pmax);
    if (due && !notify(c, o, &now))
        o->used = false;
    if (due)
        age = 0;
    if (changed && !due)
        return pmin - age;
    return period ? (period > age ? period - age : period) : UINT64_MAX;
}

/* Notifies what is due and sets the timer for the rest. */
static void run(struct lwm2m_client *c)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; c->link && i < OBSERVATIONS_MAX; i++) {
        uint64_t again = c->observations[i].used ? run_one(c, &c->observations[i]) : UINT64_MAX;
        next = again < next ? again : next;
    }
    if (next != UINT64_MAX)
        run_later(c, next);
}

void reporting_changed(struct lwm2m_client *c)
{
    for (size_t i = 0; i < OBSERVATIONS_MAX; i++)
        if (c->observations[i].used) {
            run_later(c, 0);
            return;
        }
}
