/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of SyncML, each beginning and ending on code page 0 of WBXML so that they can be strung together. */
#include "dm/outbox.h"

#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "dm/auth.h"

static struct syncml_writer begin(struct dm_outbox *o, struct writer *out, enum syncml_element element)
{
    struct syncml_writer w = { .out = out };
    char id[12];
    (void)snprintf(id, sizeof id, "%u", ++o->cmd_id);
    syncml_open(&w, element);
    syncml_put_text(&w, SYNCML_CMD_ID, id);
    return w;
}

static void finish(struct dm_outbox *o, struct syncml_writer *w)
{
    syncml_close(w);
    syncml_rewind(w);
    if (o->w.failed || o->pieces == DM_OUTBOX_PIECES)
        o->failed = true;
    else
        o->end[o->pieces++] = o->w.len;
}

void outbox_reset(struct dm_outbox *o)
{
    secret_zero(o->data, o->w.len);
    o->w = writer_make(o->data, sizeof o->data);
    o->pieces = o->sent = 0;
    o->failed = false;
}

bool outbox_empty(const struct dm_outbox *o)
{
    return o->sent == o->pieces;
}

/* An element with text that came from the server and goes back as it was; nothing if empty. */
static void put_echo(struct syncml_writer *w, enum syncml_element element, struct slice text)
{
    char copy[256];
    if (text.len && syncml_copy(text, copy, sizeof copy))
        syncml_put_text(w, element, copy);
}

static void put_challenge(struct syncml_writer *w, const struct dm_challenge *c)
{
    char nonce[100];
    syncml_open(w, SYNCML_CHAL);
    syncml_open(w, SYNCML_META);
    syncml_put_text(w, SYNCML_FORMAT, "b64");
    syncml_put_text(w, SYNCML_TYPE, dm_auth_type(c->type));
    if (c->nonce && text_base64_encode((struct slice){ c->nonce, c->nonce_len }, nonce, sizeof nonce))
        syncml_put_text(w, SYNCML_NEXT_NONCE, nonce);
    syncml_close(w);
    syncml_close(w);
}

static struct syncml_writer put_status(struct dm_outbox *o, struct writer *out, const struct dm_status_out *s)
{
    char data[12];
    struct syncml_writer w = begin(o, out, SYNCML_STATUS);
    syncml_put_text(&w, SYNCML_MSG_REF, s->msg_ref);
    put_echo(&w, SYNCML_CMD_REF, s->cmd_ref);
    syncml_put_text(&w, SYNCML_CMD, s->cmd);
    put_echo(&w, SYNCML_TARGET_REF, s->target_ref);
    put_echo(&w, SYNCML_SOURCE_REF, s->source_ref);
    if (s->challenge)
        put_challenge(&w, s->challenge);
    (void)snprintf(data, sizeof data, "%d", s->status);
    syncml_put_text(&w, SYNCML_DATA, data);
    return w;
}

void outbox_status(struct dm_outbox *o, const struct dm_status_out *s)
{
    struct syncml_writer w = put_status(o, &o->w, s);
    finish(o, &w);
}

void outbox_put_status(struct dm_outbox *o, struct writer *out, const struct dm_status_out *s)
{
    struct syncml_writer w = put_status(o, out, s);
    syncml_close(&w);
    syncml_rewind(&w);
}

static void put_place(struct syncml_writer *w, enum syncml_element element, const char *uri)
{
    syncml_open(w, element);
    syncml_put_text(w, SYNCML_LOC_URI, uri);
    syncml_close(w);
}

static void put_data(struct syncml_writer *w, enum dm_format format, struct slice value)
{
    char text[DM_VALUE_MAX + 1];
    if (format != DM_BIN && value.len < sizeof text && syncml_copy(value, text, sizeof text))
        syncml_put_text(w, SYNCML_DATA, text);
    else
        syncml_put_opaque(w, SYNCML_DATA, value);
}

void outbox_results(struct dm_outbox *o, const char *msg_ref, struct slice cmd_ref, struct slice uri, enum dm_format format, struct slice value)
{
    char place[DM_URI_CAP];
    struct syncml_writer w = begin(o, &o->w, SYNCML_RESULTS);
    syncml_put_text(&w, SYNCML_MSG_REF, msg_ref);
    put_echo(&w, SYNCML_CMD_REF, cmd_ref);
    syncml_open(&w, SYNCML_ITEM);
    put_place(&w, SYNCML_SOURCE, syncml_copy(uri, place, sizeof place) ? place : "");
    syncml_open(&w, SYNCML_META);
    syncml_put_text(&w, SYNCML_FORMAT, dm_format_name(format));
    syncml_put_text(&w, SYNCML_TYPE, format == DM_BIN ? "application/octet-stream" : "text/plain");
    syncml_close(&w);
    put_data(&w, format, value);
    syncml_close(&w);
    finish(o, &w);
}

unsigned outbox_alert(struct dm_outbox *o, int code, struct slice target)
{
    char data[12], place[DM_URI_CAP];
    struct syncml_writer w = begin(o, &o->w, SYNCML_ALERT);
    (void)snprintf(data, sizeof data, "%d", code);
    syncml_put_text(&w, SYNCML_DATA, data);
    if (target.len && syncml_copy(target, place, sizeof place)) {
        syncml_open(&w, SYNCML_ITEM);
        put_place(&w, SYNCML_TARGET, place);
        syncml_close(&w);
    }
    finish(o, &w);
    return o->cmd_id;
}

unsigned outbox_generic(struct dm_outbox *o, const struct dm_generic *g)
{
    struct syncml_writer w = begin(o, &o->w, SYNCML_ALERT);
    syncml_put_text(&w, SYNCML_DATA, "1226");
    put_echo(&w, SYNCML_CORRELATOR, g->correlator);
    syncml_open(&w, SYNCML_ITEM);
    put_place(&w, SYNCML_SOURCE, g->source);
    syncml_open(&w, SYNCML_META);
    syncml_put_text(&w, SYNCML_TYPE, g->type);
    syncml_put_text(&w, SYNCML_FORMAT, g->format);
    syncml_put_text(&w, SYNCML_MARK, "informational");
    syncml_close(&w);
    syncml_put_text(&w, SYNCML_DATA, g->data);
    syncml_close(&w);
    finish(o, &w);
    return o->cmd_id;
}

void outbox_devinfo(struct dm_outbox *o, struct dm_tree *tree)
{
    static const char *const leaves[] = { "./DevInfo/DevId", "./DevInfo/Man", "./DevInfo/Mod", "./DevInfo/DmV", "./DevInfo/Lang" };
    struct syncml_writer w = begin(o, &o->w, SYNCML_REPLACE);
    for (size_t i = 0; i < sizeof leaves / sizeof leaves[0]; i++) {
        struct dm_value value;
        enum dm_ask ask;
        char name[DM_NAME_CAP];
        if (dm_tree_get(tree, (struct slice){ (const uint8_t *)leaves[i], strlen(leaves[i]) }, &value, &ask, name) != DM_OK)
            continue;
        syncml_open(&w, SYNCML_ITEM);
        put_place(&w, SYNCML_SOURCE, leaves[i]);
        put_data(&w, value.format, (struct slice){ value.octets, value.len });
        syncml_close(&w);
    }
    finish(o, &w);
}

bool outbox_pack(struct dm_outbox *o, struct writer *out, size_t limit)
{
    for (bool first = true; o->sent < o->pieces; first = false) {
        size_t start = o->sent ? o->end[o->sent - 1] : 0;
        size_t len = o->end[o->sent] - start;
        if (!first && (out->len + len > limit || out->len + len > out->cap))
            return false;
        writer_put(out, &o->data[start], len);
        o->sent++;
    }
    outbox_reset(o);
    return true;
}
