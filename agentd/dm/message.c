/* SPDX-License-Identifier: Apache-2.0 */
/* A message of the client: SyncHdr with credentials, the status of the server's SyncHdr first, then what the outbox holds as far as it fits, and
 * Final when the package is complete on both sides (OMA DM Protocol 1.2, sections 6.1 and 8). */
#include <stdio.h>
#include <string.h>

#include "dm/session.h"

static void put_place(struct syncml_writer *w, enum syncml_element element, const char *uri, const char *name)
{
    syncml_open(w, element);
    syncml_put_text(w, SYNCML_LOC_URI, uri);
    if (*name)
        syncml_put_text(w, SYNCML_LOC_NAME, name);
    syncml_close(w);
}

static void put_header(struct dm_session *s, struct syncml_writer *w)
{
    char number[12];
    syncml_open(w, SYNCML_SYNC_HDR);
    syncml_put_text(w, SYNCML_VER_DTD, "1.2");
    syncml_put_text(w, SYNCML_VER_PROTO, "DM/1.2");
    syncml_put_text(w, SYNCML_SESSION_ID, s->session_id);
    (void)snprintf(number, sizeof number, "%u", s->msg_id);
    syncml_put_text(w, SYNCML_MSG_ID, number);
    put_place(w, SYNCML_TARGET, s->url, "");
    put_place(w, SYNCML_SOURCE, s->tree.device->device_id, s->account.client.name);
    handshake_cred(s, w);
    syncml_open(w, SYNCML_META);
    (void)snprintf(number, sizeof number, "%d", DM_MAX_MSG);
    syncml_put_text(w, SYNCML_MAX_MSG_SIZE, number);
    (void)snprintf(number, sizeof number, "%d", DM_PACKAGE_MAX);
    syncml_put_text(w, SYNCML_MAX_OBJ_SIZE, number);
    syncml_close(w);
    syncml_close(w);
}

static void put_header_status(struct dm_session *s, struct writer *out)
{
    struct dm_challenge c = { .type = s->server.type, .nonce = s->server.nonce, .nonce_len = s->server.nonce_len };
    if (c.type == DM_AUTH_BASIC)
        c.nonce = NULL;
    struct dm_status_out status = { .msg_ref = s->msg_ref, .cmd_ref = { (const uint8_t *)"0", 1 }, .cmd = "SyncHdr",
                                    .target_ref = { (const uint8_t *)s->tree.device->device_id, strlen(s->tree.device->device_id) },
                                    .source_ref = { (const uint8_t *)s->url, strlen(s->url) }, .status = s->header_status,
                                    .challenge = s->challenge ? &c : NULL };
    if (s->header_status)
        outbox_put_status(&s->outbox, out, &status);
    handshake_gave(s);
    s->header_status = 0;
}

struct slice message_make(struct dm_session *s, uint8_t *buffer, size_t cap)
{
    enum { END = 8 }; /* Final and the ends of SyncBody and SyncML */
    struct writer out = writer_make(buffer, cap - END);
    struct syncml_writer w = { .out = &out };
    syncml_put_header(&out);
    syncml_open(&w, SYNCML_SYNCML);
    put_header(s, &w);
    syncml_open(&w, SYNCML_SYNC_BODY);
    syncml_rewind(&w);
    put_header_status(s, &out);
    bool all = s->hold || outbox_pack(&s->outbox, &out, s->server_limit - END);
    out.cap = cap;
    if (all && s->server_final)
        syncml_put_empty(&w, SYNCML_FINAL);
    syncml_close(&w);
    syncml_close(&w);
    return writer_slice(&out);
}
