/* SPDX-License-Identifier: Apache-2.0 */
/* A whole DM session against a server that says anything: each message of the client is answered with a right header and the next piece of the input
 * (u16 length, octets) as content of SyncBody. The session must end, once, by itself, and leave nothing behind. HTTPS and TRE are stand-ins. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/dm/fake_trust.h"
#include "base/log.h"
#include "codec/syncml.h"
#include "dm/dm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TIMERS = 16 };

static struct {
    uint64_t id, due;
    loop_timer_fn *fn;
    void *user;
} timers[TIMERS];
static uint64_t now, last_id;

struct https {
    struct reader in;
    https_done_fn *fn;
    void *user;
    char session[8];
    char *url;
    unsigned messages;
};
static struct https server;
static const struct loop *the_loop;
static unsigned ended;

static uint64_t get_now(void *ctx)
{
    (void)ctx;
    return now;
}

static uint64_t add_timer(void *ctx, uint64_t delay_ms, loop_timer_fn *fn, void *user)
{
    (void)ctx;
    for (size_t i = 0; i < TIMERS; i++)
        if (!timers[i].id) {
            timers[i].id = ++last_id;
            timers[i].due = now + delay_ms;
            timers[i].fn = fn;
            timers[i].user = user;
            return last_id;
        }
    abort();
}

static uint64_t add_fd(void *ctx, int fd, bool readable, bool writable, loop_fd_fn *fn, void *user)
{
    (void)ctx, (void)fd, (void)readable, (void)writable, (void)fn, (void)user;
    abort();
}

static void cancel(void *ctx, uint64_t id)
{
    (void)ctx;
    for (size_t i = 0; i < TIMERS; i++)
        if (timers[i].id == id)
            timers[i].id = 0;
}

static bool run_timer(void)
{
    size_t at = TIMERS;
    for (size_t i = 0; i < TIMERS; i++)
        if (timers[i].id && (at == TIMERS || timers[i].due < timers[at].due))
            at = i;
    if (at == TIMERS)
        return false;
    now = timers[at].due > now ? timers[at].due : now;
    timers[at].id = 0;
    timers[at].fn(timers[at].user);
    return true;
}

static const char *no_header(const struct https_response *r, const char *name)
{
    (void)r, (void)name;
    return NULL;
}

static void put_answer(struct writer *w, struct slice content)
{
    char id[12];
    struct syncml_writer s = { .out = w };
    (void)snprintf(id, sizeof id, "%u", server.messages);
    syncml_put_header(w);
    syncml_open(&s, SYNCML_SYNCML);
    syncml_open(&s, SYNCML_SYNC_HDR);
    syncml_put_text(&s, SYNCML_VER_DTD, "1.2");
    syncml_put_text(&s, SYNCML_VER_PROTO, "DM/1.2");
    syncml_put_text(&s, SYNCML_SESSION_ID, server.session);
    syncml_put_text(&s, SYNCML_MSG_ID, id);
    syncml_open(&s, SYNCML_TARGET);
    syncml_put_text(&s, SYNCML_LOC_URI, "urn:gateway:1");
    syncml_close(&s);
    syncml_close(&s);
    syncml_open(&s, SYNCML_SYNC_BODY);
    syncml_open(&s, SYNCML_STATUS);
    syncml_put_text(&s, SYNCML_MSG_REF, id);
    syncml_put_text(&s, SYNCML_CMD_REF, "0");
    syncml_put_text(&s, SYNCML_DATA, "212");
    syncml_close(&s);
    writer_put(w, content.data, content.len);
    syncml_close(&s);
    syncml_close(&s);
}

static void on_answer(void *user)
{
    static uint8_t out[SYNCML_DOCUMENT_MAX];
    struct writer w = writer_make(out, sizeof out);
    (void)user;
    https_done_fn *fn = server.fn;
    server.fn = NULL;
    put_answer(&w, reader_take(&server.in, reader_u16(&server.in)));
    if (server.in.failed || w.failed) {
        struct error err;
        error_set(&err, ERROR_SERVER_CLOSED, "end of input");
        fn(server.user, &err, NULL);
        return;
    }
    struct https_response r = { .status = 200, .content_type = "application/vnd.syncml.dm+wbxml", .body = writer_slice(&w), .header = no_header };
    fn(server.user, NULL, &r);
}

enum error_code https_post(struct https *h, const struct https_request *request, https_done_fn *fn, void *user, struct error *err)
{
    static uint8_t memory[192 * 1024] __attribute__((aligned(16)));
    struct arena a = arena_make(memory, sizeof memory);
    const struct syncml_node *root = syncml_decode(request->body, &a, err);
    if (!root || !syncml_copy(syncml_text2(root, SYNCML_SYNC_HDR, SYNCML_SESSION_ID), h->session, sizeof h->session) || h->fn)
        abort(); /* what the client writes, it can read */
    h->fn = fn;
    h->user = user;
    h->messages++;
    (void)loop_timer(the_loop, 1, on_answer, NULL);
    return ERROR_NONE;
}

void https_cancel(struct https *h)
{
    if (h->fn)
        for (size_t i = 0; i < TIMERS; i++)
            if (timers[i].fn == on_answer)
                timers[i].id = 0;
    h->fn = NULL;
}

void https_drop_connections(struct https *h)
{
    (void)h;
}

static void on_done(void *user, const struct error *error, const struct dm_outcome *o)
{
    (void)user, (void)error;
    ended++;
    for (size_t i = 0; i < o->lwm2ms; i++)
        if (!*o->lwm2m[i].uri || !*o->lwm2m[i].identity || o->lwm2m[i].key_len < 16 || !o->lwm2m[i].short_server_id)
            abort(); /* only complete accounts come out */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct loop loop = { .now_ms = get_now, .add_timer = add_timer, .add_fd = add_fd, .cancel = cancel };
    static const struct dm_account account = { .server_id = "s", .uri = "https://h/dm", .auth = DM_AUTH_MD5 };
    static const struct dm_device device = { .device_id = "urn:gateway:1", .manufacturer = "m", .model = "m", .gateway_id = "1", .network = "n" };
    static const struct lease lease = { .bound = false };
    log_set(LOG_LEVEL_ERROR, LOG_TARGET_STDERR, "fuzz");
    memset(timers, 0, sizeof timers);
    now = ended = 0;
    the_loop = &loop;
    server = (struct https){ .in = reader_make(data, size) };
    struct trust *trust = fake_trust_new(&loop, &(struct fake_trust_setup){ .result = MID_OK, .delay_ms = 10 });
    struct dm_job job = { .account = &account, .context = "usim", .device = &device, .lease = &lease, .roots_pem = "", .now = 1 };
    if (!dm_session_start(&loop, &server, trust, &job, on_done, NULL, NULL))
        abort();
    while (run_timer())
        ;
    if (ended != 1 || server.fn)
        abort();
    fake_trust_free(trust);
    return 0;
}
