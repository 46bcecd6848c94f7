/* SPDX-License-Identifier: Apache-2.0 */
/* The session: messages out and in, its state table, its limits and its end. Promises one call of the done function, from the loop, after which the
 * session is gone; an answer is looked at in this order: HTTP, form, header, our credentials, the server's, and only then commands.
 *
 *   IDLE --start--> WAITING --answer--> WORKING --worked--> WAITING
 *                                               --finished--> ENDED      any --failed--> ENDED
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <strings.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "config.h"
#include "dm/session.h"

#define CONTENT_TYPE "application/vnd.syncml.dm+wbxml"

static void start_package(struct dm_session *s);
static void send_message(struct dm_session *s);
static void do_commands(struct dm_session *s);
static void end_session(struct dm_session *s);

static const char *const state_names[] = { "IDLE", "WAITING", "WORKING", "ENDED" };
static const char *const event_names[] = { "start", "answer", "worked", "finished", "failed" };

static const struct {
    enum dm_state state;
    enum dm_event event;
    enum dm_state next;
    void (*action)(struct dm_session *s);
} arrows[] = {
    { DM_IDLE, DM_EV_START, DM_WAITING, start_package },
    { DM_WAITING, DM_EV_ANSWER, DM_WORKING, do_commands },
    { DM_WORKING, DM_EV_WORKED, DM_WAITING, send_message },
    { DM_WORKING, DM_EV_FINISHED, DM_ENDED, end_session },
    { DM_IDLE, DM_EV_FAILED, DM_ENDED, end_session },
    { DM_WAITING, DM_EV_FAILED, DM_ENDED, end_session },
    { DM_WORKING, DM_EV_FAILED, DM_ENDED, end_session },
};

void session_post(struct dm_session *s, enum dm_event event)
{
    for (size_t i = 0; i < sizeof arrows / sizeof arrows[0]; i++)
        if (arrows[i].state == s->state && arrows[i].event == event) {
            log_debug(s->log, "%s --%s--> %s", state_names[s->state], event_names[event], state_names[arrows[i].next]);
            s->state = arrows[i].next;
            arrows[i].action(s);
            return;
        }
    log_error(s->log, "event %s has no meaning in state %s", event_names[event], state_names[s->state]);
}

void session_fail(struct dm_session *s, enum error_code code, const char *format, ...)
{
    char text[160];
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    error_set(&s->error, code, "%s", text);
    session_post(s, DM_EV_FAILED);
}

static void session_free(struct dm_session *s)
{
    loop_cancel(s->loop, &s->timer);
    loop_cancel(s->loop, &s->starter);
    if (s->call)
        trust_cancel(s->trust, s->call);
    large_clear(s);
    dm_tree_clear(&s->tree);
    outbox_reset(&s->outbox);
    if (s->arena.data)
        arena_reset(&s->arena);
    free(s->arena.data);
    free(s->document);
    free(s->roots_pem);
    secret_zero(s, sizeof *s);
    free(s);
}

/* Doc management-objects: Uri, ShortServerId, Identity and Key make an account. */
static void collect_lwm2m(struct dm_session *s, struct dm_outcome *o)
{
    for (size_t i = 0; i < DM_INSTANCES; i++) {
        const struct dm_lwm2m *l = &s->tree.vendor.lwm2m[i];
        const struct lwm2m_account *a = &l->account;
        const char *missing = !*a->uri ? "Uri" : !a->short_server_id ? "ShortServerId" : !*a->identity ? "Identity" : !a->key_len ? "Key" : NULL;
        if (!*l->name)
            continue;
        if (missing) {
            if (!s->error.code)
                error_set(&s->error, ERROR_INCOMPLETE, "LwM2M account %s lacks %s", l->name, missing);
            continue;
        }
        o->lwm2m[o->lwm2ms] = *a;
        if (!*a->endpoint)
            (void)text_copy(o->lwm2m[o->lwm2ms].endpoint, sizeof a->endpoint, s->tree.device->gateway_id);
        o->lwm2ms++;
    }
}

static bool credentials_changed(const struct dm_session *s)
{
    return memcmp(&s->account, &s->original, sizeof s->account) != 0;
}

static void end_session(struct dm_session *s)
{
    struct dm_outcome *o = calloc(1, sizeof *o);
    if (!o)
        abort(); /* the agent restarts */
    https_cancel(s->https);
    https_drop_connections(s->https); /* certificates and buffers are needed in sessions only */
    if (!s->error.code && s->large.active)
        error_set(&s->error, ERROR_INCOMPLETE, "object for %s ended early", s->large.uri);
    if (!s->error.code && s->report && s->report_status != DM_OK)
        error_set(&s->error, ERROR_SERVER_STATUS, "%.80s answered the report with status %d", s->host, s->report_status);
    *o = (struct dm_outcome){ .mid_attempted = s->mid.attempted, .mid_result = s->mid.result, .mid = s->mid.entry, .account = &s->account,
                              .credentials_changed = credentials_changed(s) };
    collect_lwm2m(s, o);
    if (s->error.code)
        log_warning(s->log, "session failed: %s", s->error.text);
    else
        log_info(s->log, "session ended after %u messages", s->msg_id);
    loop_cancel(s->loop, &s->timer);
    s->fn(s->user, s->error.code ? &s->error : NULL, o);
    secret_zero(o, sizeof *o);
    free(o);
    session_free(s);
}

static bool is_media_type(const char *given)
{
    size_t len = strlen(CONTENT_TYPE);
    return strncasecmp(given, CONTENT_TYPE, len) == 0 && (given[len] == '\0' || given[len] == ';' || given[len] == ' ');
}

/* The body must outlive its response: commands may wait for the TRE. */
static bool keep_document(struct dm_session *s, const struct https_response *r, struct error *err)
{
    free(s->document);
    s->document = malloc(r->body.len + 1);
    arena_reset(&s->arena);
    if (!s->document) {
        error_set(err, ERROR_NO_MEMORY, "no memory for a message");
        return false;
    }
    if (r->body.len)
        memcpy(s->document, r->body.data, r->body.len);
    struct error why = { .code = ERROR_NONE };
    s->root = syncml_decode((struct slice){ s->document, r->body.len }, &s->arena, &why);
    if (!s->root)
        error_set(err, ERROR_PROTOCOL, "%.60s sent no valid message: %.100s", s->host, why.text);
    return s->root != NULL;
}

/* Header of the server's message: versions, session, numbering, addressee (OMA DM Protocol 1.2, section 8.1). */
static const char *header_fault(struct dm_session *s, const struct syncml_node *hdr)
{
    uint64_t id = 0, limit = 0;
    if (!slice_is(syncml_text(hdr, SYNCML_VER_DTD), "1.2") || !slice_is(syncml_text(hdr, SYNCML_VER_PROTO), "DM/1.2"))
        return "a version other than DM/1.2";
    if (!slice_is(syncml_text(hdr, SYNCML_SESSION_ID), s->session_id))
        return "a message of another session";
    if (!text_decimal(syncml_text(hdr, SYNCML_MSG_ID), 1000000, &id) || id <= s->server_msg_id)
        return "a message number that does not rise";
    if (!slice_is(syncml_text2(hdr, SYNCML_TARGET, SYNCML_LOC_URI), s->tree.device->device_id))
        return "a message to another device";
    s->server_msg_id = (unsigned)id;
    (void)snprintf(s->msg_ref, sizeof s->msg_ref, "%u", s->server_msg_id);
    struct slice max = syncml_text2(hdr, SYNCML_META, SYNCML_MAX_MSG_SIZE);
    if (max.len && (!text_decimal(max, UINT32_MAX, &limit) || limit < 1024))
        return "a MaxMsgSize that is none";
    if (max.len)
        s->server_limit = limit < DM_MAX_MSG ? (size_t)limit : DM_MAX_MSG;
    return NULL;
}

/* RespURI: where the next message goes; never to another host (trust was given to this one) (DESIGN of the account: one host). */
static const char *take_resp_uri(struct dm_session *s, const struct syncml_node *hdr)
{
    char url[sizeof s->url], host[sizeof s->host];
    uint16_t port;
    const struct syncml_node *n = syncml_child(hdr, SYNCML_RESP_URI);
    if (!n)
        return NULL;
    if (!syncml_copy(n->text, url, sizeof url) || uri_split(url, "https", host, sizeof host, &port, NULL) || strcasecmp(host, s->host) != 0)
        return "a RespURI to another host";
    (void)text_copy(s->url, sizeof s->url, url);
    return NULL;
}

/* The Status for our SyncHdr; others are noted. NULL: none, or a reference to a message that we did not send. */
static const struct syncml_node *take_statuses(struct dm_session *s, const struct syncml_node *body)
{
    const struct syncml_node *header = NULL;
    for (const struct syncml_node *n = body->child; n; n = n->next) {
        uint64_t msg = 0, cmd = 0, code = 0;
        if (n->element != SYNCML_STATUS)
            continue;
        if (!text_decimal(syncml_text(n, SYNCML_MSG_REF), s->msg_id, &msg) || !text_decimal(syncml_text(n, SYNCML_CMD_REF), 1000000, &cmd) ||
            !text_decimal(syncml_text(n, SYNCML_DATA), 999, &code))
            return NULL;
        if (cmd == 0 && msg == s->msg_id && !header)
            header = n;
        else if (s->report && cmd == s->report_cmd && cmd)
            s->report_status = (int)code;
        else if (cmd > s->outbox.cmd_id)
            return NULL;
        else if (code >= 400)
            log_info(s->log, "server answers status %u to command %u", (unsigned)code, (unsigned)cmd);
    }
    return header;
}

static bool has_commands(struct dm_session *s, const struct syncml_node *body, bool *aborted)
{
    bool any = false, wants_next = false;
    *aborted = false;
    for (const struct syncml_node *n = body->child; n; n = n->next) {
        if (n->element == SYNCML_STATUS || n->element == SYNCML_FINAL || n->element == SYNCML_RESULTS)
            continue;
        bool alert = n->element == SYNCML_ALERT;
        any = true;
        wants_next = wants_next || (alert && slice_is(syncml_text(n, SYNCML_DATA), "1222"));
        *aborted = *aborted || (alert && slice_is(syncml_text(n, SYNCML_DATA), "1223"));
    }
    s->next_wanted = wants_next;
    if (!wants_next) /* else the server's package stays as complete as it was */
        s->server_final = syncml_child(body, SYNCML_FINAL) != NULL;
    return any;
}

static void put_package_one(struct dm_session *s)
{
    char source[80], data[12];
    outbox_reset(&s->outbox);
    (void)outbox_alert(&s->outbox, s->by_server ? 1200 : 1201, (struct slice){ NULL, 0 });
    outbox_devinfo(&s->outbox, &s->tree);
    s->server_final = true;
    if (!s->report)
        return;
    (void)snprintf(source, sizeof source, "./GatewayAgent/Bootstrap/%s", s->context);
    (void)snprintf(data, sizeof data, "%d", s->report_code);
    s->report_cmd = outbox_generic(&s->outbox, &(struct dm_generic){ .source = source, .type = "org.gatewayagent.bootstrap.result", .format = "int",
                                                                      .data = data });
}

/* Everything before commands. Answers are left in err. */
static bool take_answer(struct dm_session *s, const struct https_response *r, struct error *err)
{
    if (r->status != 200) {
        error_set(err, ERROR_HTTP, "%.80s answered HTTP status %ld", s->host, r->status);
        return false;
    }
    if (!is_media_type(r->content_type)) {
        error_set(err, ERROR_PROTOCOL, "%.80s answered with content type %.60s", s->host, r->content_type);
        return false;
    }
    if (!keep_document(s, r, err))
        return false;
    const struct syncml_node *hdr = syncml_child(s->root, SYNCML_SYNC_HDR), *body = syncml_child(s->root, SYNCML_SYNC_BODY);
    const char *fault = hdr && body ? header_fault(s, hdr) : "a message without header or body";
    if (!fault)
        fault = take_resp_uri(s, hdr);
    const struct syncml_node *status = fault ? NULL : take_statuses(s, body);
    if (!fault && !status)
        fault = "no status for our header, or one to what was never sent";
    if (fault) {
        error_set(err, ERROR_PROTOCOL, "%.80s sent %s", s->host, fault);
        return false;
    }
    bool aborted, commands = has_commands(s, body, &aborted);
    if (!handshake_client(s, status, err))
        return false;
    if (!handshake_server(s, hdr, r->header(r, "x-syncml-hmac"), r->body, commands || !s->server_final, err))
        return false;
    if (aborted && s->server.ok)
        error_set(err, ERROR_SERVER_STATUS, "%.80s aborted the session", s->host);
    return !(aborted && s->server.ok);
}

static void on_response(void *user, const struct error *error, const struct https_response *response)
{
    struct dm_session *s = user;
    struct error err = { .code = ERROR_NONE };
    if (error) {
        s->error = *error;
        session_post(s, DM_EV_FAILED);
    } else if (!take_answer(s, response, &err)) {
        s->error = err;
        session_post(s, DM_EV_FAILED);
    } else {
        session_post(s, DM_EV_ANSWER);
    }
}

/* OMA DM Protocol 1.2, section 9: challenged, we go back to package 1; while the server is not authenticated, its commands do not exist. */
static void do_commands(struct dm_session *s)
{
    if (!s->client.ok) {
        put_package_one(s);
        s->hold = false;
        session_post(s, DM_EV_WORKED);
    } else if (!s->server.ok) {
        session_post(s, DM_EV_WORKED);
    } else if (!command_queue(s, syncml_child(s->root, SYNCML_SYNC_BODY))) {
        session_fail(s, ERROR_PROTOCOL, "%.80s sent more commands than we keep", s->host);
    } else {
        command_run(s);
    }
}

static void start_package(struct dm_session *s)
{
    put_package_one(s);
    send_message(s);
}

static enum error_code post_message(struct dm_session *s, struct slice body, struct error *err)
{
    char hmac[400];
    const char *headers[4] = { "Accept: " CONTENT_TYPE, "Accept-Charset: utf-8", "User-Agent: gateway-agent/" AGENT_VERSION, NULL };
    const char *with_hmac[5] = { headers[0], headers[1], headers[2], hmac, NULL };
    bool has_hmac = handshake_hmac(s, body, hmac, sizeof hmac);
    struct https_request request = { .url = s->url, .content_type = CONTENT_TYPE, .headers = has_hmac ? with_hmac : headers, .body = body,
                                     .roots_pem = s->roots_pem, .trust = &s->account.trust, .proxy = &s->account.proxy, .lease = &s->lease, .max_response = SYNCML_DOCUMENT_MAX,
                                     .timeout_ms = DM_MESSAGE_MS, .now = s->now };
    return https_post(s->https, &request, on_response, s, err);
}

static void send_message(struct dm_session *s)
{
    if (s->outbox.failed) {
        session_fail(s, ERROR_PROTOCOL, "%.80s asks for more than fits", s->host);
        return;
    }
    if (s->msg_id == DM_MESSAGES) {
        session_fail(s, ERROR_PROTOCOL, "no end after %d messages", DM_MESSAGES);
        return;
    }
    s->msg_id++;
    uint8_t *buffer = malloc(DM_MESSAGE_CAP);
    struct slice body = buffer ? message_make(s, buffer, DM_MESSAGE_CAP) : (struct slice){ NULL, 0 };
    struct error err = { .code = ERROR_NONE };
    if (body.len == 0)
        error_set(&err, ERROR_TOO_LARGE, "message %u cannot be written", s->msg_id);
    else
        (void)post_message(s, body, &err);
    if (buffer)
        secret_zero(buffer, DM_MESSAGE_CAP);
    free(buffer);
    if (err.code) {
        s->error = err;
        session_post(s, DM_EV_FAILED);
    }
}

static void on_session_timeout(void *user)
{
    struct dm_session *s = user;
    s->timer = 0;
    session_fail(s, ERROR_TIMEOUT, "session with %.80s took more than %d s", s->host, DM_SESSION_MS / 1000);
}

static void on_start(void *user)
{
    struct dm_session *s = user;
    s->starter = 0;
    session_post(s, DM_EV_START);
}

/* SessionID: a random 16-bit number in hexadecimal, as in a notification (OMA DM Notification 1.2). */
static bool make_session_id(struct dm_session *s)
{
    uint8_t random[DM_NONCE_LEN];
    bool ok = dm_nonce_make(random);
    (void)snprintf(s->session_id, sizeof s->session_id, "%X", (unsigned)(random[0] << 8 | random[1]) | 1U);
    return ok;
}

static bool copy_job(struct dm_session *s, const struct dm_job *job, struct error *err)
{
    uint16_t port;
    const char *url = job->url ? job->url : job->account->uri;
    s->account = s->original = *job->account;
    s->lease = *job->lease;
    s->device = *job->device;
    s->tree = (struct dm_tree){ .device = &s->device, .account = &s->account };
    s->now = job->now;
    s->report = job->report;
    s->report_code = job->report_code;
    s->tree.management = job->management;
    s->by_server = job->by_server;
    if (s->by_server) /* OMA DM Notification 1.2 clause 6.2.2.5: the session that was asked for has its id */
        (void)snprintf(s->session_id, sizeof s->session_id, "%X", job->session_id);
    (void)snprintf(s->log, sizeof s->log, "dm/%.40s", job->account->server_id);
    if (!text_copy(s->url, sizeof s->url, url) || !text_copy(s->context, sizeof s->context, job->context ? job->context : ""))
        return error_set(err, ERROR_INVALID, "URL or context is too long") == ERROR_NONE;
    if (uri_split(s->url, "https", s->host, sizeof s->host, &port, err))
        return false;
    if (!job->device->device_id || !*job->device->device_id)
        return error_set(err, ERROR_INVALID, "the device has no id") == ERROR_NONE;
    if (strpbrk(s->account.client.name, "\",\r\n") || s->account.client.nonce_len > 64 || s->account.server.nonce_len > 64)
        return error_set(err, ERROR_INVALID, "the account's user name cannot be sent") == ERROR_NONE;
    s->roots_pem = job->roots_pem ? strdup(job->roots_pem) : NULL;
    return true;
}

struct dm_session *dm_session_start(const struct loop *loop, struct https *https, struct trust *trust, const struct dm_job *job,
                                    dm_done_fn *fn, void *user, struct error *err)
{
    struct dm_session *s = calloc(1, sizeof *s);
    if (!s)
        abort(); /* the agent restarts */
    s->loop = loop;
    s->https = https;
    s->trust = trust;
    s->fn = fn;
    s->user = user;
    s->server_limit = DM_MAX_MSG;
    outbox_reset(&s->outbox);
    void *memory = malloc(DM_ARENA);
    if (memory)
        s->arena = arena_make(memory, DM_ARENA);
    if (!memory || !make_session_id(s))
        error_set(err, ERROR_NO_MEMORY, "no memory or random numbers for a session");
    if (!memory || !*s->session_id || !copy_job(s, job, err)) {
        session_free(s);
        return NULL;
    }
    handshake_init(s);
    const char *proxy = s->account.proxy.host;
    log_info(s->log, "session %s with %.80s%s%s%.80s", s->session_id, s->host, s->report ? " (report)" : "", proxy[0] ? " through proxy " : "", proxy);
    s->starter = loop_timer(loop, 0, on_start, s);
    s->timer = loop_timer(loop, DM_SESSION_MS, on_session_timeout, s);
    return s;
}

void dm_session_stop(struct dm_session *s, const struct error *why)
{
    s->error = *why;
    session_post(s, DM_EV_FAILED);
}

void dm_session_cancel(struct dm_session *s)
{
    if (!s)
        return;
    https_cancel(s->https);
    session_free(s);
}
