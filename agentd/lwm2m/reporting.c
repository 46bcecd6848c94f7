/* SPDX-License-Identifier: Apache-2.0 */
/* The information reporting interface (Core TS 1.1.1 clause 6.4): who observes what, and when a value is worth a notification. One timer for all
 * observations, none without; values are read only when something changed or a period ends. Notifications are confirmable unless the server asked
 * otherwise (con=0), and then still once a day, so that a server that forgot us can say so by RST. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lwm2m/interfaces.h"
#include "lwm2m/objects/access_control.h"

enum { KEPT_MAX = 16, /* notifications of one observation that wait for the server, without hqmax */ KEPT_OCTETS_MAX = 65536, /* of one server */
       CONTINUOUS_S = 60, /* a clock is reported this often unless pmax asks for something else */ CONFIRM_MS = 24 * 3600 * 1000 /* RFC 7641 clause 4.5 */, ROOM_STEP = 16,
       SEQUENCE_GAP = 1 << 22 /* more than an observation notifies between two writings; less than half of the 24 bits of clause 3.4 of RFC 7641 */ };

/* There may be thousands: what few have is behind a pointer. */
struct observation {
    struct coap_token token;
    bool dirty, unheard;          /* something changed since it was looked at; the last report was not acknowledged */
    uint8_t doubted;              /* of before a restart: 2 until its first notification, 1 until the second: does the server know it? */
    struct path path;
    uint16_t format;
    uint32_t sequence;            /* RFC 7641 clause 3.4: grows with each notification */
    uint32_t kept_count;
    struct kept *kept;            /* oldest first, owned */
    struct paths *paths;          /* of a composite observation, owned; else NULL */
    struct attributes *attributes; /* of the request, owned; NULL: none */
    uint64_t sent_at, confirmed_at, evaluated_at; /* loop milliseconds */
    uint64_t look_at;             /* loop milliseconds of the next look without a change, UINT64_MAX: none */
    uint64_t digest;              /* of the values last reported */
    double number;                /* value last reported, of a numeric resource */
};

/* A notification that waits for the server. */
struct kept {
    struct kept *next;
    size_t len;
    uint8_t octets[];
};

struct reading {
    uint64_t digest;
    double number;
    bool numeric, boolean; /* one value that gt, lt and st, or edge, apply to */
    bool continuous;       /* the observed resource itself changes with time */
};

/* ---- values ---- */

static uint64_t digest(struct slice octets)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a; no adversary: a collision costs one notification */
    for (size_t i = 0; i < octets.len; i++) {
        h ^= octets.data[i];
        h = (h & 0xffffffffu) * 1099511628211u ^ (h >> 32) * 0x1b3u << 32;
    }
    return h;
}

static bool read_values(struct lwm2m_client *c, const struct observation *o)
{
    return o->paths ? composite_values(c, o->paths) : objects_read(&c->objects, &o->path, &c->records);
}

static void drop_continuous(struct records *records)
{
    size_t kept = 0;
    for (size_t i = 0; i < records->count; i++)
        if (!resource_at(records->model, &records->at[i].path)->continuous)
            records->at[kept++] = records->at[i];
    records->count = kept;
}

/* Digest of the records; what changes with time counts only when it is itself observed. */
static struct reading take_reading(struct lwm2m_client *c, const struct observation *o)
{
    static const struct path root = { 0 };
    struct reading out = { 0 };
    uint8_t octets[COAP_ANSWER_MAX];
    struct writer w = writer_make(octets, sizeof octets);
    read_values(c, o);
    if (!o->paths && o->path.depth >= PATH_RESOURCE)
        out.continuous = c->records.count && resource_at(c->objects.model, &c->records.at[0].path)->continuous;
    else
        drop_continuous(&c->records);
    if (!o->paths && path_value_type(c, &o->path) != VALUE_NONE && c->records.count == 1) {
        out.numeric = value_is_number(c->records.at[0].value.type);
        out.boolean = c->records.at[0].value.type == VALUE_BOOLEAN;
        out.number = value_number(&c->records.at[0].value);
    }
    format_senml_cbor.put(&w, &root, &c->records);
    out.digest = digest(writer_slice(&w));
    return out;
}

/* ---- the list ---- */

static struct observation *find(const struct lwm2m_client *c, const struct coap_token *token)
{
    for (size_t i = 0; i < c->observed; i++)
        if (token_equal(&c->observations[i].token, token))
            return &c->observations[i];
    return NULL;
}

static struct observation *add(struct lwm2m_client *c)
{
    if (c->observed == c->observations_room) {
        size_t room = c->observations_room + ROOM_STEP + c->observations_room / 2;
        struct observation *list = room <= OBSERVATIONS_MAX ? realloc(c->observations, room * sizeof *list) : NULL;
        if (!list)
            return NULL;
        c->observations = list;
        c->observations_room = room;
    }
    c->observations[c->observed] = (struct observation){ 0 };
    return &c->observations[c->observed++];
}

static void drop_oldest(struct lwm2m_client *c, struct observation *o)
{
    struct kept *k = o->kept;
    o->kept = k->next;
    o->kept_count--;
    c->kept_octets -= k->len;
    free(k);
}

static void dispose(struct lwm2m_client *c, struct observation *o)
{
    while (o->kept)
        drop_oldest(c, o);
    free(o->paths);
    free(o->attributes);
}

static void drop(struct lwm2m_client *c, struct observation *o)
{
    dispose(c, o);
    *o = c->observations[--c->observed];
    registration_unsettle(c);
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

/* What few observations have. False: no memory, and nothing is had. */
static bool give(struct observation *o, const struct paths *paths, const struct attributes *attributes)
{
    o->paths = paths ? malloc(sizeof *paths) : NULL;
    o->attributes = attributes->set ? malloc(sizeof *attributes) : NULL;
    if ((paths && !o->paths) || (attributes->set && !o->attributes)) {
        free(o->paths);
        free(o->attributes);
        return false;
    }
    if (paths)
        *o->paths = *paths;
    if (o->attributes)
        *o->attributes = *attributes;
    return true;
}

bool reporting_observe(struct lwm2m_client *c, const struct wish *wish, int64_t *sequence)
{
    struct observation *o = find(c, &wish->token);
    uint32_t next = o ? o->sequence + 1 : 1;
    struct observation new = { .token = wish->token, .path = wish->path, .format = wish->format, .sequence = next };
    if (!give(&new, wish->paths, &wish->attributes))
        return false;
    if (!o && !(o = add(c))) {
        dispose(c, &new);
        return false;
    }
    dispose(c, o);
    *o = new;
    o->sent_at = o->confirmed_at = o->evaluated_at = loop_now(c->loop);
    struct reading now = take_reading(c, o);
    o->digest = now.digest;
    o->number = now.number;
    o->dirty = true; /* to set its next look */
    *sequence = next;
    run_later(c, 0);
    registration_unsettle(c);
    return true;
}

void reporting_cancel(struct lwm2m_client *c, const struct coap_token *token)
{
    struct observation *o = find(c, token);
    if (o)
        drop(c, o);
}

bool reporting_cancel_same(struct lwm2m_client *c, const struct wish *wish)
{
    struct observation *o = find(c, &wish->token);
    bool same = o && o->paths && o->paths->count == wish->paths->count;
    for (size_t i = 0; same && i < wish->paths->count; i++)
        same = path_equal(&o->paths->at[i], &wish->paths->at[i]);
    if (same)
        drop(c, o);
    return same;
}

void reporting_unheard(struct lwm2m_client *c, const struct coap_token *token)
{
    struct observation *o = find(c, token);
    if (o)
        o->unheard = o->dirty = true;
}

bool reporting_reset(struct lwm2m_client *c, const struct coap_token *token)
{
    struct observation *o = find(c, token);
    bool doubted = o && o->doubted > 0;
    if (o)
        drop(c, o);
    return doubted;
}

bool reporting_has(const struct lwm2m_client *c, const struct coap_token *token)
{
    return find(c, token) != NULL;
}

static void forget(struct lwm2m_client *c, const struct path *p)
{
    attributes_forget(&c->attributes, p);
    for (size_t i = c->observed; i-- > 0;)
        if (!c->observations[i].paths && path_contains(p, &c->observations[i].path))
            drop(c, &c->observations[i]);
}

void reporting_forget_everywhere(struct lwm2m_client *c, const struct path *p)
{
    for (size_t i = 0; i < c->objects.servers->count; i++)
        forget(c->objects.servers->at[i]->client, p);
}

void reporting_clear(struct lwm2m_client *c)
{
    loop_cancel(c->loop, &c->report_timer);
    while (c->observed)
        dispose(c, &c->observations[--c->observed]);
    free(c->observations);
    c->observations = NULL;
    c->observations_room = 0;
}

/* ---- over a restart ---- */

static void write_one(struct writer *w, const struct observation *o)
{
    struct attached at = { .path = o->path };
    if (o->attributes)
        at.attributes = *o->attributes;
    writer_u8(w, o->token.len);
    writer_put(w, o->token.data, o->token.len);
    writer_u16(w, o->format);
    writer_u32(w, o->sequence);
    octets_put_attached(w, &at);
    writer_u8(w, o->paths ? (uint8_t)o->paths->count : 0);
    for (size_t i = 0; o->paths && i < o->paths->count; i++)
        octets_put_path(w, &o->paths->at[i]);
}

void reporting_write(const struct lwm2m_client *c, struct writer *w)
{
    writer_u16(w, (uint16_t)c->observed);
    for (size_t i = 0; i < c->observed; i++)
        write_one(w, &c->observations[i]);
}

static bool read_one(struct lwm2m_client *c, struct reader *r)
{
    struct observation *o = add(c);
    struct attached at = { 0 };
    if (!o)
        return false;
    uint8_t len = reader_u8(r);
    struct slice token = reader_take(r, len);
    if (token.len != len || len > sizeof o->token.data)
        return false;
    if (len)
        memcpy(o->token.data, token.data, len);
    o->token.len = len;
    o->format = reader_u16(r);
    o->sequence = reader_u32(r) + SEQUENCE_GAP;
    octets_get_attached(r, &at);
    o->path = at.path;
    o->sent_at = o->confirmed_at = o->evaluated_at = loop_now(c->loop);
    o->unheard = o->dirty = true; /* what it was when the process ended is not known */
    o->doubted = 2;
    struct paths paths = { .count = reader_u8(r) };
    for (size_t i = 0; i < paths.count && i < PATHS_MAX; i++)
        octets_get_path(r, &paths.at[i]);
    return !r->failed && paths.count <= PATHS_MAX && format_find(o->format) && give(o, paths.count ? &paths : NULL, &at.attributes);
}

bool reporting_read(struct lwm2m_client *c, struct reader *r)
{
    bool fine = true;
    reporting_clear(c);
    for (size_t n = reader_u16(r); n > 0 && fine; n--)
        fine = read_one(c, r);
    if (!fine || !reader_done(r))
        reporting_clear(c);
    return fine && reader_done(r);
}

/* ---- rules ---- */

static bool crosses(double limit, double before, double now)
{
    return (before <= limit && now > limit) || (before >= limit && now < limit);
}

/* The server has said what is worth a notification. */
static bool has_limit(const struct attributes *a)
{
    return attribute_has(a, ATTRIBUTE_GT) || attribute_has(a, ATTRIBUTE_LT) || attribute_has(a, ATTRIBUTE_STEP);
}

/* Clause 5.1.2: gt and lt report a crossing in either direction, st a step since the last report, edge one direction of a boolean (1.2); without them any
 * change counts. */
static bool is_change(const struct observation *o, const struct reading *now, const struct attributes *a)
{
    if (o->unheard)
        return true;
    if (now->boolean && attribute_has(a, ATTRIBUTE_EDGE))
        return now->number != o->number && (now->number != 0) == (a->value[ATTRIBUTE_EDGE] != 0);
    bool gt = attribute_has(a, ATTRIBUTE_GT), lt = attribute_has(a, ATTRIBUTE_LT), step = attribute_has(a, ATTRIBUTE_STEP);
    if (!now->numeric || !(gt || lt || step))
        return now->digest != o->digest;
    return (gt && crosses(a->value[ATTRIBUTE_GT], o->number, now->number)) || (lt && crosses(a->value[ATTRIBUTE_LT], o->number, now->number)) ||
           (step && fabs(now->number - o->number) >= a->value[ATTRIBUTE_STEP]);
}

/* Of a composite observation: the longest pmin and the shortest pmax of its paths. */
static struct attributes composite_attributes(const struct lwm2m_client *c, const struct paths *paths)
{
    struct attributes out = { 0 };
    for (size_t i = 0; i < paths->count; i++) {
        struct attributes a = attributes_effective(&c->attributes, &paths->at[i]);
        if (attribute_has(&a, ATTRIBUTE_PMIN) && a.value[ATTRIBUTE_PMIN] <= attribute_value(&out, ATTRIBUTE_PMIN, -1))
            a.set &= ~(1u << ATTRIBUTE_PMIN);
        if (attribute_has(&a, ATTRIBUTE_PMAX) && a.value[ATTRIBUTE_PMAX] >= attribute_value(&out, ATTRIBUTE_PMAX, INFINITY))
            a.set &= ~(1u << ATTRIBUTE_PMAX);
        a.set &= 1u << ATTRIBUTE_PMIN | 1u << ATTRIBUTE_PMAX | 1u << ATTRIBUTE_CON;
        attributes_override(&out, &a);
    }
    return out;
}

static struct attributes rules_of(const struct lwm2m_client *c, const struct observation *o)
{
    struct attributes a = o->paths ? composite_attributes(c, o->paths) : attributes_effective(&c->attributes, &o->path);
    if (o->attributes)
        attributes_override(&a, o->attributes);
    return a;
}

/* Clause 8.2.4: nothing where the right to read has gone. A composite observation leaves such values out by itself. */
static bool may_read(struct lwm2m_client *c, const struct observation *o)
{
    if (o->paths)
        return true;
    return o->path.depth == PATH_OBJECT ? access_may_read_some(&c->objects, o->path.id[0]) : access_may(&c->objects, o->path.id[0], o->path.id[1], ACCESS_READ);
}

static bool tell(struct lwm2m_client *c, struct observation *o, struct slice body, bool confirmable)
{
    struct coap_notification n = { .token = o->token, .sequence = ++o->sequence, .content_format = o->format, .body = body, .confirmable = confirmable };
    if (confirmable)
        o->confirmed_at = loop_now(c->loop);
    if (o->doubted)
        o->doubted--;
    registration_spoke(c);
    return coap_link_notify(c->link, &n) == ERROR_NONE;
}

/* Core TS 1.1.1 appendix E.2, resource 6; 1.2 clause 7.3.2: hqmax bounds it, and the oldest go. */
static void keep(struct lwm2m_client *c, struct observation *o, struct slice body, const struct attributes *a)
{
    size_t limit = (size_t)attribute_value(a, ATTRIBUTE_HQMAX, KEPT_MAX);
    struct kept *k = limit ? malloc(sizeof *k + body.len) : NULL;
    if (!k)
        return;
    *k = (struct kept){ .len = body.len };
    memcpy(k->octets, body.data, body.len);
    while (o->kept && (o->kept_count >= limit || c->kept_octets + body.len > KEPT_OCTETS_MAX))
        drop_oldest(c, o);
    if (c->kept_octets + body.len > KEPT_OCTETS_MAX) {
        free(k);
        return;
    }
    struct kept **last = &o->kept;
    while (*last)
        last = &(*last)->next;
    *last = k;
    o->kept_count++;
    c->kept_octets += body.len;
}

/* Tells the server, or keeps what it would be told. */
static bool notify(struct lwm2m_client *c, struct observation *o, const struct reading *now, const struct attributes *a)
{
    uint8_t octets[COAP_ANSWER_MAX];
    struct writer w = writer_make(octets, sizeof octets);
    const struct format *format = format_find(o->format);
    bool read = may_read(c, o) && read_values(c, o);
    c->records.time = c->held ? (int64_t)c->device.current_time(c->device.user) : 0;
    read = read && format->put(&w, &o->path, &c->records) && !w.failed;
    c->records.time = 0;
    if (!read)
        return false;
    uint64_t now_ms = loop_now(c->loop);
    bool confirmable = attribute_value(a, ATTRIBUTE_CON, server_value(&c->server, SERVER_NOTIFICATION_MODE, 1)) != 0 || now_ms >= o->confirmed_at + CONFIRM_MS;
    o->sent_at = now_ms;
    o->digest = now->digest;
    o->number = now->number;
    o->unheard = false;
    if (!c->held)
        return tell(c, o, writer_slice(&w), confirmable);
    keep(c, o, writer_slice(&w), a);
    return true;
}

static uint64_t milliseconds(const struct attributes *a, enum attribute which, uint32_t otherwise)
{
    return (uint64_t)attribute_value(a, which, otherwise) * 1000;
}

static uint64_t at_or_never(uint64_t start, uint64_t period)
{
    return period ? start + period : UINT64_MAX;
}

/* Notifies if it is time, and sets when to look again. False: it cannot be told any more. */
static bool run_one(struct lwm2m_client *c, struct observation *o)
{
    if (c->held && !server_value(&c->server, SERVER_STORING, true)) {
        o->dirty = true; /* looked at when the server is back */
        o->look_at = UINT64_MAX;
        return true;
    }
    struct attributes a = rules_of(c, o);
    uint64_t now_ms = loop_now(c->loop);
    uint64_t pmin = milliseconds(&a, ATTRIBUTE_PMIN, server_value(&c->server, SERVER_PMIN, 0)), pmax = milliseconds(&a, ATTRIBUTE_PMAX, server_value(&c->server, SERVER_PMAX, 0));
    uint64_t epmin = milliseconds(&a, ATTRIBUTE_EPMIN, 0), epmax = milliseconds(&a, ATTRIBUTE_EPMAX, 0);
    if (pmax < pmin)
        pmax = 0; /* clause 5.1.2: ignored */
    if (o->evaluated_at + epmin > now_ms && !(pmax && now_ms >= o->sent_at + pmax)) {
        o->look_at = o->evaluated_at + epmin; /* stays dirty */
        return true;
    }
    struct reading now = take_reading(c, o);
    o->evaluated_at = now_ms;
    bool changed = is_change(o, &now, &a);
    uint64_t period = pmax;
    if (now.continuous) { /* pmax is its clock, else a slow one of ours */
        period = pmax ? pmax : pmin > CONTINUOUS_S * 1000 ? pmin : CONTINUOUS_S * 1000;
        changed = changed && (has_limit(&a) || (!pmax && now_ms >= o->sent_at + period));
    }
    bool due = (changed && now_ms >= o->sent_at + pmin) || (pmax && now_ms >= o->sent_at + pmax);
    if (due && !notify(c, o, &now, &a))
        return false;
    o->dirty = changed && !due;
    o->look_at = o->dirty ? o->sent_at + pmin : at_or_never(o->sent_at, period);
    if (o->look_at <= now_ms)
        o->look_at = now_ms + period; /* it stood still for longer */
    uint64_t evaluate = at_or_never(now_ms, epmax);
    if (evaluate < o->look_at)
        o->look_at = evaluate;
    return true;
}

/* Looks at what changed or is due, and sets the timer for the rest. */
static void run(struct lwm2m_client *c)
{
    uint64_t next = UINT64_MAX, now = loop_now(c->loop);
    for (size_t i = c->link ? c->observed : 0; i-- > 0;) {
        struct observation *o = &c->observations[i];
        bool kept = (!o->dirty && o->look_at > now) || run_one(c, o); /* what is dropped moves the last one here, which was looked at */
        if (kept)
            next = o->look_at < next ? o->look_at : next;
        else
            drop(c, o);
    }
    if (next != UINT64_MAX)
        run_later(c, next > now ? next - now : 1);
}

void reporting_changed(struct lwm2m_client *c)
{
    for (size_t i = 0; i < c->observed; i++)
        c->observations[i].dirty = true;
    if (c->observed)
        run_later(c, 0);
}

void reporting_flush(struct lwm2m_client *c)
{
    for (size_t i = 0; i < c->observed; i++) {
        struct observation *o = &c->observations[i];
        for (; o->kept; drop_oldest(c, o))
            if (tell(c, o, (struct slice){ o->kept->octets, o->kept->len }, true))
                o->unheard = false;
    }
    reporting_changed(c);
}

void reporting_changed_everywhere(struct lwm2m_client *c)
{
    for (size_t i = 0; i < c->objects.servers->count; i++)
        reporting_changed(c->objects.servers->at[i]->client);
}
