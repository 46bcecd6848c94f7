/* SPDX-License-Identifier: Apache-2.0 */
/* Send (Core TS 1.1.1 clause 6.4.6): values to a server that did not ask, when it allows that (/1/x/23). One at a time; the outcome is the server's answer. By
 * itself the client tells so how it is connected when that changed. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "lwm2m/interfaces.h"

enum { SEND_MAX = 1024 /* one message */ };

struct sending {
    struct coap_token token;
    lwm2m_sent_fn *fn; /* NULL: our own */
    void *user;
};

static void finish(struct lwm2m_client *c, const struct error *error)
{
    struct sending *s = c->sending;
    c->sending = NULL;
    if (s->fn)
        s->fn(s->user, error);
    else if (error)
        log_info("lwm2m", "server %u: %s", c->server.short_server_id, error->text);
    free(s);
}

void send_drop(struct lwm2m_client *c)
{
    struct error e;
    if (!c->sending)
        return;
    error_set(&e, ERROR_CONNECT, "the session with server %u ended before it answered Send", c->server.short_server_id);
    finish(c, &e);
}

bool send_answered(struct lwm2m_client *c, const struct coap_token *token, unsigned code)
{
    struct error e;
    if (!c->sending || !token_equal(token, &c->sending->token))
        return false;
    if (code == CODE_CHANGED) {
        finish(c, NULL);
        return true;
    }
    if (code)
        error_set(&e, ERROR_SERVER_STATUS, "server %u answered Send with %u.%02u", c->server.short_server_id, code >> 5, code & 31);
    else
        error_set(&e, ERROR_TIMEOUT, "server %u did not answer Send", c->server.short_server_id);
    finish(c, &e);
    return true;
}

/* ---- what is sent ---- */

static const struct format *format_of(const char *name)
{
    static const struct {
        const char *name;
        const struct format *format;
    } formats[] = { { "", &format_senml_cbor }, { "senml-cbor", &format_senml_cbor }, { "senml-json", &format_senml_json }, { "lwm2m-cbor", &format_lwm2m_cbor } };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(name, formats[i].name) == 0)
            return formats[i].format;
    return NULL;
}

static enum error_code take_paths(struct lwm2m_client *c, const char *text, struct paths *paths, struct error *err)
{
    paths->count = 0;
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, " ");
        struct path *p = &paths->at[paths->count];
        if (paths->count == PATHS_MAX)
            return error_set(err, ERROR_TOO_LARGE, "at most %d paths", PATHS_MAX);
        if (!path_parse((struct slice){ (const uint8_t *)at, len }, p) || p->depth == PATH_ROOT)
            return error_set(err, ERROR_INVALID, "%.*s is no path like /3/0/13", (int)(len < 40 ? len : 40), at);
        if (path_hidden(p) || !path_exists(&c->objects, p))
            return error_set(err, ERROR_NOT_FOUND, "there is nothing at %.*s", (int)(len < 40 ? len : 40), at);
        paths->count++;
        at += len + strspn(at + len, " ");
    }
    return paths->count ? ERROR_NONE : error_set(err, ERROR_INVALID, "no path to send");
}

/* Only what the server may read goes (clause 8.2.4). */
static enum error_code put_values(struct lwm2m_client *c, const struct paths *paths, const struct format *format, bool stamped, struct writer *w, struct error *err)
{
    static const struct path root = { 0 };
    if (!composite_values(c, paths))
        return error_set(err, ERROR_TOO_LARGE, "these are too many values");
    if (!c->records.count)
        return error_set(err, ERROR_NOT_FOUND, "nothing there has a value that server %u may read", c->server.short_server_id);
    c->records.time = stamped ? (int64_t)c->device.current_time(c->device.user) : 0;
    bool fine = format->put(w, &root, &c->records) && !w->failed;
    c->records.time = 0;
    return fine ? ERROR_NONE : error_set(err, ERROR_TOO_LARGE, "these values do not fit into %d octets", SEND_MAX);
}

static enum error_code check_ready(const struct lwm2m_client *c, struct error *err)
{
    unsigned id = c->server.short_server_id;
    if (c->phase != PHASE_REGISTERED && c->phase != PHASE_UPDATING && c->phase != PHASE_ASLEEP)
        return error_set(err, ERROR_NOT_READY, "not registered at server %u", id);
    if (c->version == LWM2M_1_0)
        return error_set(err, ERROR_NOT_SUPPORTED, "server %u speaks LwM2M 1.0, which has no Send", id);
    if (server_value(&c->server, SERVER_MUTE_SEND, true))
        return error_set(err, ERROR_POLICY, "server %u does not want Send: it has not written false to Mute Send (/1/%u/23)", id, c->server.instance);
    return c->sending ? error_set(err, ERROR_BUSY, "server %u has not answered the last Send yet", id) : ERROR_NONE;
}

static enum error_code post(struct lwm2m_client *c, const struct format *format, struct slice body, lwm2m_sent_fn *fn, void *user, struct error *err)
{
    struct sending *s = calloc(1, sizeof *s);
    struct coap_call call = { METHOD_POST, "/dp", NULL, format->number, body };
    enum error_code code = s ? coap_link_call(c->link, &call, &s->token) : ERROR_NO_MEMORY;
    if (code) {
        free(s);
        return error_set(err, code, "Send to server %u cannot be sent", c->server.short_server_id);
    }
    s->fn = fn;
    s->user = user;
    c->sending = s;
    registration_spoke(c);
    return ERROR_NONE;
}

enum error_code lwm2m_client_send(struct lwm2m_client *c, const char *paths_text, const char *format_name, lwm2m_sent_fn *fn, void *user, struct error *err)
{
    uint8_t octets[SEND_MAX];
    struct writer w = writer_make(octets, sizeof octets);
    struct paths paths;
    const struct format *format = format_of(format_name);
    if (!format)
        return error_set(err, ERROR_INVALID, "format %.20s; there are senml-cbor, senml-json and lwm2m-cbor", format_name);
    if (check_ready(c, err) || take_paths(c, paths_text, &paths, err) || put_values(c, &paths, format, true, &w, err))
        return err->code;
    return post(c, format, writer_slice(&w), fn, user, err);
}

/* ---- by itself ---- */

/* How the gateway is connected: bearer, addresses, APN of object 4. Told when it is not what was told before. */
void send_connection(struct lwm2m_client *c)
{
    static const struct paths connection = { .at = { { PATH_RESOURCE, { 4, 0, 0 } }, { PATH_RESOURCE, { 4, 0, 4 } }, { PATH_RESOURCE, { 4, 0, 7 } } }, .count = 3 };
    uint8_t octets[SEND_MAX];
    struct writer w = writer_make(octets, sizeof octets);
    struct error e = { 0 };
    if (check_ready(c, &e) || put_values(c, &connection, &format_senml_cbor, false, &w, &e))
        return;
    if (w.len == c->connection_len && memcmp(c->connection, octets, w.len) == 0)
        return;
    if (post(c, &format_senml_cbor, writer_slice(&w), NULL, NULL, &e))
        return;
    c->connection_len = w.len <= sizeof c->connection ? w.len : 0;
    memcpy(c->connection, octets, c->connection_len);
}
