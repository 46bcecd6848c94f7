/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the clock, with one timer at most, and what was notified. */
#include "harness.h"

/* ---- a clock of ours, with one timer at most ---- */

uint64_t clock_ms;
static uint64_t timer_at;
loop_timer_fn *timer_fn;
static void *timer_user;

static uint64_t now_ms(void *ctx)
{
    (void)ctx;
    return clock_ms;
}

static uint64_t add_timer(void *ctx, uint64_t delay, loop_timer_fn *fn, void *user)
{
    (void)ctx;
    g_assert_null(timer_fn);
    timer_at = clock_ms + delay;
    timer_fn = fn;
    timer_user = user;
    return 1;
}

static void cancel(void *ctx, uint64_t id)
{
    (void)ctx;
    (void)id;
    timer_fn = NULL;
}

static const struct loop loop = { .now_ms = now_ms, .add_timer = add_timer, .cancel = cancel };

void advance(uint64_t ms)
{
    uint64_t end = clock_ms + ms;
    while (timer_fn && timer_at <= end) {
        loop_timer_fn *fn = timer_fn;
        clock_ms = timer_at;
        timer_fn = NULL;
        fn(timer_user);
    }
    clock_ms = end;
}

/* ---- notifications caught ---- */

unsigned notified;
uint32_t last_sequence;
char last_body[256];

bool last_confirmable;

enum error_code coap_link_notify(struct coap_link *link, const struct coap_notification *n)
{
    (void)link;
    notified++;
    g_assert_cmpuint(n->sequence, >, last_sequence);
    last_sequence = n->sequence;
    last_confirmable = n->confirmable;
    memcpy(last_body, n->body.data, n->body.len);
    last_body[n->body.len] = '\0';
    return ERROR_NONE;
}

void registration_spoke(struct lwm2m_client *c)
{
    (void)c; /* no registration, no queue mode */
}

unsigned unsettled;

void registration_unsettle(struct lwm2m_client *c)
{
    (void)c; /* nothing is kept over a restart */
    unsettled++;
}

/* ---- a client without a session ---- */

unsigned reboots;

unsigned clock_reads;

static uint64_t current_time(void *user)
{
    (void)user;
    clock_reads++;
    return 1700000000 + clock_ms / 1000;
}

static bool reboot(void *user)
{
    (void)user;
    reboots++;
    return true;
}

uint8_t body[COAP_ANSWER_MAX];

static struct servers shared;

struct lwm2m_client *make(void)
{
    static struct lwm2m_client c;
    timer_fn = NULL;
    if (c.loop)
        reporting_clear(&c);
    memset(&c, 0, sizeof c);
    notified = 0;
    last_sequence = 0;
    c.loop = &loop;
    c.link = (struct coap_link *)&c; /* only passed on to the catcher above */
    c.device = (struct lwm2m_device){ .manufacturer = "A \"B\"", .model = "m", .serial = "s", .firmware_version = "1", .current_time = current_time, .reboot = reboot };
    c.records.model = &model_managed;
    memset(&shared, 0, sizeof shared);
    c.server = (struct server_values){ .short_server_id = 7, .lifetime = 300, .client = &c };
    c.objects = (struct objects){ .model = &model_managed, .self = &c.server, .servers = &shared, .device = &c.device };
    shared.at[shared.count++] = &c.server;
    return &c;
}

struct slice text_slice(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

unsigned send(struct lwm2m_client *c, const struct ask *ask, struct coap_answer *answer)
{
    struct coap_request r = { .method = ask->method, .accept = ask->accept, .content_format = ask->format, .observe = ask->observe, .block1 = -1 };
    r.token = (struct coap_token){ { 1, 2, 3 }, 3 };
    char **segments = g_strsplit(&ask->path[1], "/", 0);
    char **queries = g_strsplit(ask->query ? ask->query : "", "&", 0);
    for (; segments[r.segments]; r.segments++)
        if (r.segments < COAP_SEGMENTS)
            r.segment[r.segments] = text_slice(segments[r.segments]);
    for (; queries[r.queries]; r.queries++)
        r.query[r.queries] = text_slice(queries[r.queries]);
    r.payload = (struct slice){ ask->payload, ask->len };
    *answer = (struct coap_answer){ .content_format = -1, .observe = -1, .body = writer_make(body, sizeof body) };
    device_management_serve(c, &r, answer);
    g_strfreev(segments);
    g_strfreev(queries);
    return (unsigned)answer->code;
}

unsigned get(struct lwm2m_client *c, const char *path, int accept, struct coap_answer *a)
{
    return send(c, &(struct ask){ METHOD_GET, path, NULL, -1, accept, -1, NULL, 0 }, a);
}

unsigned put(struct lwm2m_client *c, enum coap_method method, const char *path, int format, const void *payload, size_t len)
{
    struct coap_answer a;
    unsigned code = send(c, &(struct ask){ method, path, NULL, format, -1, -1, payload, len }, &a);
    advance(0);
    return code;
}

unsigned set_attributes(struct lwm2m_client *c, const char *path, const char *query)
{
    struct coap_answer a;
    unsigned code = send(c, &(struct ask){ METHOD_PUT, path, query, -1, -1, -1, NULL, 0 }, &a);
    advance(0);
    return code;
}

unsigned observe(struct lwm2m_client *c, const char *path, int action)
{
    struct coap_answer a;
    unsigned code = send(c, &(struct ask){ METHOD_GET, path, NULL, -1, CONTENT_TEXT, action, NULL, 0 }, &a);
    if (action == 0 && code == CODE_CONTENT) {
        g_assert_cmpint(a.observe, >=, 0);
        last_sequence = (uint32_t)a.observe;
    }
    return code;
}

void expect_text(const struct coap_answer *a, const char *text)
{
    g_assert_false(a->body.failed);
    g_assert_true(slice_is(writer_slice(&a->body), text));
}

void expect_hex(const struct coap_answer *a, const char *hex)
{
    char text[2 * sizeof body + 1];
    g_assert_cmpstr(text_hex(a->body.data, a->body.len, text), ==, hex);
}
