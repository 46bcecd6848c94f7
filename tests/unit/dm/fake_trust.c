/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of trust/trust.h that a DM session makes, answered from the loop with values that a test can recognise. */
#include "fake_trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct trust {
    const struct loop *loop;
    struct fake_trust_setup setup;
    uint64_t timer;
    uint32_t last, open;
    enum { CALL_OCTETS, CALL_KEYS, CALL_MID, CALL_ORDER, CALL_DONE } kind;
    uint8_t octets[2048];
    size_t len;
    trust_octets_fn *octets_fn;
    trust_keys_fn *keys_fn;
    trust_mid_fn *mid_fn;
    trust_order_fn *order_fn;
    trust_done_fn *done_fn;
    void *user;
};

struct trust *fake_trust_new(const struct loop *loop, const struct fake_trust_setup *setup)
{
    struct trust *t = calloc(1, sizeof *t);
    t->loop = loop;
    t->setup = *setup;
    return t;
}

void fake_trust_free(struct trust *t)
{
    loop_cancel(t->loop, &t->timer);
    free(t);
}

static void on_timer(void *user)
{
    struct trust *t = user;
    struct mid_entry entry = { .id = "mid-1", .version = 7, .state = MID_PROVISIONED, .issuer = "issuer" };
    t->timer = 0;
    t->open = 0;
    if (t->kind == CALL_OCTETS) {
        t->octets_fn(t->user, t->setup.error, (struct slice){ t->octets, t->setup.error ? 0 : t->len });
    } else if (t->kind == CALL_KEYS) {
        static const uint8_t pfc[91] = { 0x30, 0x59, 0x01 }, transport[91] = { 0x30, 0x59, 0x02 };
        t->keys_fn(t->user, t->setup.error, &(struct trust_keys){ .pfc = { pfc, 91 }, .transport = { transport, 91 } });
    } else if (t->kind == CALL_DONE) {
        t->done_fn(t->user, t->setup.error);
    } else if (t->kind == CALL_ORDER) {
        bool ok = t->setup.result == MID_OK && !t->setup.error;
        t->order_fn(t->user, ok ? ERROR_NONE : t->setup.error ? t->setup.error : ERROR_MID_SIGNATURE, t->setup.result, (struct slice){ t->octets, t->setup.error ? 0 : t->len });
    } else {
        bool ok = t->setup.result == MID_OK && !t->setup.error;
        t->mid_fn(t->user, ok ? ERROR_NONE : t->setup.error ? t->setup.error : ERROR_MID_SIGNATURE, t->setup.result, ok ? &entry : NULL);
    }
}

static uint32_t begin(struct trust *t, void *user)
{
    if (t->open)
        abort(); /* the session asks one thing at a time */
    t->user = user;
    t->open = ++t->last;
    t->timer = loop_timer(t->loop, t->setup.delay_ms, on_timer, t);
    return t->open;
}

uint32_t trust_keys(struct trust *t, trust_keys_fn *fn, void *user)
{
    t->kind = CALL_KEYS;
    t->keys_fn = fn;
    return begin(t, user);
}

uint32_t trust_token_open(struct trust *t, const char *context, trust_octets_fn *fn, void *user)
{
    t->kind = CALL_OCTETS;
    t->octets_fn = fn;
    t->len = 32;
    memset(t->octets, 0x11, 32);
    t->octets[31] = (uint8_t)context[0];
    return begin(t, user);
}

uint32_t trust_evidence(struct trust *t, const char *context, struct slice nonce, const char *host_facts, uint64_t now, enum tre_form form,
                        trust_octets_fn *fn, void *user)
{
    (void)now;
    t->kind = CALL_OCTETS;
    t->octets_fn = fn;
    t->len = (size_t)snprintf((char *)t->octets, sizeof t->octets, "evidence %s %s %d ", context, host_facts, (int)form);
    memcpy(&t->octets[t->len], nonce.data, nonce.len);
    t->len += nonce.len;
    if (t->setup.evidence_len > t->len)
        t->len = t->setup.evidence_len;
    return begin(t, user);
}

uint32_t trust_mid_install(struct trust *t, const char *context, uint64_t now, struct slice package, trust_mid_fn *fn, void *user)
{
    (void)context;
    (void)now;
    if (t->setup.package_file) {
        FILE *f = fopen(t->setup.package_file, "wb");
        if (!f || fwrite(package.data, 1, package.len, f) != package.len || fclose(f))
            abort();
    }
    t->kind = CALL_MID;
    t->mid_fn = fn;
    return begin(t, user);
}

uint32_t trust_pfc_request(struct trust *t, bool successor, trust_octets_fn *fn, void *user)
{
    t->kind = CALL_OCTETS;
    t->octets_fn = fn;
    t->len = (size_t)snprintf((char *)t->octets, sizeof t->octets, successor ? "key request" : "request");
    return begin(t, user);
}

/* Takes what is 64 times "c". */
uint32_t trust_pfc_certificate(struct trust *t, struct slice der, trust_done_fn *fn, void *user)
{
    t->kind = CALL_DONE;
    t->done_fn = fn;
    for (size_t i = 0; i < der.len; i++)
        if (der.len != 64 || der.data[i] != 'c')
            t->setup.error = ERROR_INVALID;
    return begin(t, user);
}

/* The receipt is the order backwards. */
uint32_t trust_mid_order(struct trust *t, uint64_t now, struct slice order, trust_order_fn *fn, void *user)
{
    (void)now;
    t->kind = CALL_ORDER;
    t->order_fn = fn;
    t->len = order.len < sizeof t->octets ? order.len : sizeof t->octets;
    for (size_t i = 0; i < t->len; i++)
        t->octets[i] = order.data[order.len - 1 - i];
    return begin(t, user);
}

void trust_cancel(struct trust *t, uint32_t id)
{
    if (t->open == id) {
        loop_cancel(t->loop, &t->timer);
        t->open = 0;
    }
}
