/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of the TRE. The permit table comes from TRE_OPS; each handler reads its whole body before it acts. Must never write
 * an answer that holds a key. */
#include "tred/requests.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "config.h"
#include "model/fields.h"
#include "tred/aka_requests.h"
#include "tred/derive.h"
#include "tred/enrolment.h"
#include "tred/evidence.h"
#include "tred/handshake.h"
#include "tred/heap.h"
#include "tred/mid.h"
#include "tred/mid_order.h"
#include "tred/notification.h"
#include "tred/push.h"
#include "tred/token.h"

enum { CONTEXT_CAP = 33, LABEL_CAP = 129, BLOB_FORMAT = 1 };

typedef enum error_code request_fn(struct tre *t, struct reader *in, struct writer *out);

static bool complete(struct reader *in)
{
    if (!reader_done(in))
        reader_fail(in);
    return !in->failed;
}

static bool context_valid(const char *context)
{
    return text_is_name(context, "_-", CONTEXT_CAP - 1);
}

static enum error_code do_status(struct tre *t, struct reader *in, struct writer *out)
{
    (void)in;
    writer_u8(out, (uint8_t)t->state);
    writer_u8(out, (uint8_t)t->backend->table->number);
    writer_put(out, t->identity.tre_id, TRE_ID_LEN);
    fields_put_text(out, t->identity.gateway_id);
    fields_put_text(out, AGENT_VERSION);
    writer_u16(out, (uint16_t)t->cause);
    return ERROR_NONE;
}

static enum error_code do_keys(struct tre *t, struct reader *in, struct writer *out)
{
    (void)in;
    uint8_t *der = NULL;
    size_t len = 0;
    enum error_code rc = identity_certificate(&t->store, &der, &len);
    if (rc)
        log_warning("keys", "the stored PfC certificate cannot be read: %s", error_text(rc));
    fields_put(out, t->identity.pfc.der, t->identity.pfc.len);
    fields_put(out, t->identity.transport.der, t->identity.transport.len);
    fields_put(out, der, rc ? 0 : len);
    store_release(der, len);
    return ERROR_NONE;
}

static enum error_code do_verify_push(struct tre *t, struct reader *in, struct writer *out)
{
    struct push p = { .sec = reader_u8(in) };
    size_t mac_len = reader_u8(in);
    if (mac_len != 0 && mac_len != PUSH_MAC_LEN)
        reader_fail(in);
    p.mac = reader_take(in, mac_len);
    p.message = reader_take(in, HASH_LEN);
    p.imsi = fields_take(in);
    p.typed = fields_take(in);
    p.document = reader_take(in, reader_left(in));
    if (!complete(in))
        return ERROR_MALFORMED;
    uint8_t tries_left = 0;
    enum error_code rc = push_verify(t, &p, &tries_left);
    writer_u8(out, tries_left);
    return rc;
}

/* Associated data of a blob: its label. Blob = u8 format | nonce | ciphertext | tag. */
static enum error_code do_seal(struct tre *t, struct reader *in, struct writer *out)
{
    char label[LABEL_CAP];
    fields_take_text(in, label, sizeof label);
    struct slice plain = reader_take(in, reader_left(in));
    if (!complete(in))
        return ERROR_MALFORMED;
    if (!label[0])
        return ERROR_INVALID;
    size_t len = plain.len + SEAL_OVERHEAD;
    uint8_t *blob = heap_pages(len);
    if (!blob)
        return ERROR_NO_MEMORY;
    enum error_code rc = seal_octets(&t->seal, SEAL_BLOB, (struct slice){ (const uint8_t *)label, strlen(label) }, plain, blob);
    if (!rc) {
        writer_u8(out, BLOB_FORMAT);
        writer_put(out, blob, len);
    }
    heap_drop(blob, len);
    return rc;
}

/* The plain of a blob, in pages that heap_drop takes with blob.len; NULL with *rc set. */
static uint8_t *open_blob(struct tre *t, const char *label, struct slice blob, struct slice *plain, enum error_code *rc)
{
    struct reader r = reader_make(blob.data, blob.len);
    *rc = ERROR_DENIED;
    if (!label[0] || reader_u8(&r) != BLOB_FORMAT || reader_left(&r) < SEAL_OVERHEAD)
        return NULL;
    struct slice sealed = reader_take(&r, reader_left(&r));
    uint8_t *pages = heap_pages(blob.len);
    *rc = pages ? unseal_octets(&t->seal, SEAL_BLOB, (struct slice){ (const uint8_t *)label, strlen(label) }, sealed, pages) : ERROR_NO_MEMORY;
    *plain = (struct slice){ pages, sealed.len - SEAL_OVERHEAD };
    if (*rc)
        heap_drop(pages, blob.len);
    return *rc ? NULL : pages;
}

static enum error_code do_unseal(struct tre *t, struct reader *in, struct writer *out)
{
    char label[LABEL_CAP];
    struct slice plain;
    enum error_code rc;
    fields_take_text(in, label, sizeof label);
    struct slice blob = reader_take(in, reader_left(in));
    if (!complete(in))
        return ERROR_MALFORMED;
    uint8_t *pages = open_blob(t, label, blob, &plain, &rc);
    if (pages)
        writer_put(out, plain.data, plain.len);
    heap_drop(pages, blob.len);
    return rc;
}

static enum error_code do_verify_notification(struct tre *t, struct reader *in, struct writer *out)
{
    char label[LABEL_CAP];
    struct slice plain;
    enum error_code rc;
    enum tre_nonce nonce = TRE_NONCE_STORED;
    fields_take_text(in, label, sizeof label);
    struct slice blob = fields_take(in);
    unsigned readings = reader_u8(in);
    struct slice body = reader_take(in, reader_left(in));
    if (!complete(in))
        return ERROR_MALFORMED;
    uint8_t *pages = open_blob(t, label, blob, &plain, &rc);
    if (pages)
        rc = notification_verify(plain, body, readings, &nonce);
    heap_drop(pages, blob.len);
    if (!rc)
        writer_u8(out, (uint8_t)nonce);
    return rc;
}

static enum error_code do_token_open(struct tre *t, struct reader *in, struct writer *out)
{
    char context[CONTEXT_CAP];
    uint8_t token[TRE_TOKEN_LEN];
    fields_take_text(in, context, sizeof context);
    if (!complete(in))
        return ERROR_MALFORMED;
    enum error_code rc = context_valid(context) ? token_open(t, context, token) : ERROR_INVALID;
    if (!rc)
        writer_put(out, token, sizeof token);
    secret_zero(token, sizeof token);
    return rc;
}

static enum error_code do_token_spend(struct tre *t, struct reader *in, struct writer *out)
{
    char context[CONTEXT_CAP];
    (void)out;
    fields_take_text(in, context, sizeof context);
    if (!complete(in))
        return ERROR_MALFORMED;
    return context_valid(context) ? token_spend(t, context) : ERROR_INVALID;
}

static enum error_code do_evidence(struct tre *t, struct reader *in, struct writer *out)
{
    char context[CONTEXT_CAP], host[EVIDENCE_HOST_MAX + 1];
    fields_take_text(in, context, sizeof context);
    struct slice nonce = fields_take(in);
    fields_take_text(in, host, sizeof host);
    uint64_t now = reader_u64(in);
    struct evidence_request q = { .context = context, .nonce = nonce, .host = host, .now = now, .form = (enum tre_form)reader_u8(in) };
    if (!complete(in))
        return ERROR_MALFORMED;
    enum error_code rc = context_valid(context) ? evidence_make(t, &q, out) : ERROR_INVALID;
    if (rc)
        out->len = 0;
    return rc;
}

static enum error_code do_pfc_request(struct tre *t, struct reader *in, struct writer *out)
{
    uint8_t successor = reader_u8(in);
    return in->failed || successor > 1 ? ERROR_INVALID : enrolment_request(t, successor == 1, out);
}

static enum error_code do_pfc_certificate(struct tre *t, struct reader *in, struct writer *out)
{
    (void)out;
    return enrolment_take(t, reader_take(in, reader_left(in)));
}

static enum error_code do_mid_install(struct tre *t, struct reader *in, struct writer *out)
{
    char context[CONTEXT_CAP];
    fields_take_text(in, context, sizeof context);
    struct mid_package p = { .context = context, .now = reader_u64(in) };
    p.octets = reader_take(in, reader_left(in));
    if (!complete(in))
        return ERROR_MALFORMED;
    if (!context_valid(context))
        return ERROR_INVALID;
    const struct mid_row *row = NULL;
    enum mid_result result = mid_install(t, &p, &row);
    writer_u8(out, (uint8_t)result);
    if (result == MID_OK)
        registry_entry(&row->entry, out);
    return mid_result_error(result);
}

static enum error_code do_mid_order(struct tre *t, struct reader *in, struct writer *out)
{
    uint8_t receipt[MID_ORDER_RECEIPT_MAX];
    struct writer w = writer_make(receipt, sizeof receipt);
    uint64_t now = reader_u64(in);
    struct slice octets = reader_take(in, reader_left(in));
    if (!complete(in))
        return ERROR_MALFORMED;
    enum mid_result result = mid_order(t, octets, now, &w);
    writer_u8(out, (uint8_t)result);
    writer_put(out, receipt, w.len);
    return mid_result_error(result);
}

static enum error_code do_mid_list(struct tre *t, struct reader *in, struct writer *out)
{
    (void)in;
    registry_list(&t->registry, out);
    return ERROR_NONE;
}

static enum error_code do_mid_set_state(struct tre *t, struct reader *in, struct writer *out)
{
    char id[sizeof ((struct mid_entry *)0)->id];
    fields_take_text(in, id, sizeof id);
    uint8_t state = reader_u8(in);
    if (!complete(in))
        return ERROR_MALFORMED;
    if (state < MID_PROVISIONED || state > MID_ERASED)
        return ERROR_INVALID;
    const struct mid_row *row = NULL;
    enum error_code rc = mid_set_state(t, id, (enum mid_state)state, &row);
    if (!rc)
        registry_entry(&row->entry, out);
    return rc;
}

static const struct {
    const char *name;
    uint16_t op;
    unsigned peers, states;
    size_t min, max;
} permits[] = {
#define X(symbol, number, peers, states, min, max) { #symbol, number, peers, states, min, max },
    TRE_OPS(X)
#undef X
};

static request_fn *const handlers[] = {
    [TRE_OP_STATUS] = do_status,           [TRE_OP_KEYS] = do_keys,
    [TRE_OP_VERIFY_PUSH] = do_verify_push, [TRE_OP_SEAL] = do_seal,
    [TRE_OP_UNSEAL] = do_unseal,           [TRE_OP_TOKEN_OPEN] = do_token_open,
    [TRE_OP_TOKEN_SPEND] = do_token_spend, [TRE_OP_EVIDENCE] = do_evidence,
    [TRE_OP_MID_INSTALL] = do_mid_install, [TRE_OP_MID_LIST] = do_mid_list,
    [TRE_OP_MID_SET_STATE] = do_mid_set_state, [TRE_OP_VERIFY_NOTIFICATION] = do_verify_notification,
    [TRE_OP_MID_ORDER] = do_mid_order,
    [TRE_OP_PFC_REQUEST] = do_pfc_request, [TRE_OP_PFC_CERTIFICATE] = do_pfc_certificate,
    [TRE_OP_VERIFY_INSTRUCTION] = derive_verify_instruction,
    [TRE_OP_SIGN_REQUEST] = derive_sign_request,
    [TRE_OP_CREDENTIALS] = derive_credentials,
    [TRE_OP_HANDSHAKE_SIGN] = handshake_sign,
};

const char *requests_name(uint16_t op)
{
    for (size_t i = 0; i < sizeof permits / sizeof *permits; i++)
        if (permits[i].op == op)
            return permits[i].name;
    return "unknown";
}

static enum requests_verdict permitted(struct tre *t, unsigned peers, size_t i, struct slice body, enum error_code *status, struct writer *out)
{
    tre_refresh(t);
    if (!(permits[i].states & t->state)) {
        *status = t->state == TRE_BLOCKED ? ERROR_TRE_BLOCKED : ERROR_UNPROVISIONED;
        return REQUEST_ANSWER;
    }
    struct reader in = reader_make(body.data, body.len);
    *status = aka_requests_has(permits[i].op) ? aka_requests_run(t, peers, permits[i].op, &in, out) : handlers[permits[i].op](t, &in, out);
    if (in.failed)
        return REQUEST_MALFORMED;
    if (out->failed) {
        *status = ERROR_INTERNAL;
        *out = writer_make(out->data, out->cap);
    }
    return REQUEST_ANSWER;
}

enum requests_verdict requests_handle(struct tre *t, unsigned peers, uint16_t op, struct slice body, enum error_code *status,
                                      struct writer *out)
{
    size_t i = 0;
    while (i < sizeof permits / sizeof *permits && permits[i].op != op)
        i++;
    if (i == sizeof permits / sizeof *permits)
        return REQUEST_MALFORMED;
    if (!(permits[i].peers & peers))
        return REQUEST_FORBIDDEN;
    if (body.len < permits[i].min || body.len > permits[i].max)
        return REQUEST_MALFORMED;
    if (aka_requests_has(op)) /* they know themselves when they need a scope */
        return permitted(t, peers, i, body, status, out);
    struct heap_scope scope;
    heap_scope_begin(&scope);
    enum requests_verdict verdict = permitted(t, peers, i, body, status, out);
    heap_scope_end(&scope);
    return verdict;
}
