/* SPDX-License-Identifier: Apache-2.0 */
/* Promises: nothing of an instruction is used that its proof does not cover; a number once accepted from an issuer is never accepted again for other
 * octets, over restarts and without a clock. */
#include "bootstrap/instruction/instruction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "bootstrap/instruction/mechanism.h"
#include "codec/bei_proof.h"

#define RESULT "bei-result"

enum { RESULT_CAP = 512, LIFE_MAX = 30 * 24 * 3600, SKEW = 300, VALUE_CAP = 96, KEY_CAP = 224 };

/* --- signatures --- */

enum error_code instruction_verify(const struct factory_data *f, const struct bei_envelope *v, struct slice covered, struct error *err)
{
    char hex[2 * BEI_KID_LEN + 1];
    if (v->kind != BEI_SIGN1)
        return error_set(err, ERROR_MAC_MISSING, "instruction without MAC or signature");
    for (size_t i = 0; i < f->instruction_keys; i++) {
        const struct instruction_key *k = &f->instruction_key[i];
        if (!slice_equal((struct slice){ k->kid, sizeof k->kid }, v->kid))
            continue;
        return bei_signature_fits((struct slice){ k->spki, k->spki_len }, covered, v->proof) ? ERROR_NONE : error_set(err, ERROR_MAC_MISMATCH, "instruction: the signature does not fit");
    }
    return error_set(err, ERROR_UNKNOWN_KEY, "instruction: signed by %.16s..., which is none of instruction_keys", text_hex(v->kid.data, v->kid.len, hex));
}

/* --- reading --- */

static void take_origin(const struct bei *b, const struct bei_envelope *v, struct settings_origin *o)
{
    *o = (struct settings_origin){ .seq = b->seq, .issued = b->issued, .expires = b->expires };
    if (v->kind == BEI_SIGN1)
        (void)text_hex(v->kid.data, v->kid.len, o->signer);
    else
        (void)text_copy(o->signer, sizeof o->signer, v->kind == BEI_MAC0 ? "pin" : "local");
    (void)text_copy(o->issuer, sizeof o->issuer, b->issuer);
    (void)text_copy(o->id, sizeof o->id, b->id);
    (void)text_copy(o->subject, sizeof o->subject, b->subject);
    (void)text_copy(o->next, sizeof o->next, b->next);
}

enum error_code instruction_read(const struct wsp_push *push, struct trigger *t, struct error *err)
{
    struct bei_envelope v;
    struct bei b;
    char host[256];
    uint16_t port;
    enum error_code rc = bei_open(push->body, &v, err);
    if (!rc)
        rc = bei_read(v.payload, &b, err);
    if (!rc)
        rc = instruction_settings(&b, t->settings, err);
    if (!rc && b.next[0])
        rc = uri_split_any(b.next, BRIEFING_SCHEMES, host, sizeof host, &port, err);
    if (rc)
        return rc;
    take_origin(&b, &v, &t->settings->origin);
    (void)text_copy(t->context, sizeof t->context, b.context[0] ? b.context : "usim");
    (void)text_copy(t->settings->context, sizeof t->settings->context, t->context);
    return ERROR_NONE;
}

/* --- rules --- */

char *instruction_subject(const struct site *s, char *out, size_t cap)
{
    (void)snprintf(out, cap, "urn:gateway:%s", s->factory.gateway_id);
    return out;
}

static bool is_local(const struct settings_origin *o)
{
    return strcmp(o->signer, "local") == 0;
}

/* UEID of RFC 9711: 01 (RAND) and the TRE id, as in evidence. */
static bool is_own(const struct site *s, const char *subject)
{
    char own[97], ueid[48] = "ueid:01";
    if (strcmp(subject, instruction_subject(s, own, sizeof own)) == 0)
        return true;
    (void)text_hex(trust_status(s->trust)->tre_id, 16, &ueid[7]);
    return strcmp(subject, ueid) == 0;
}

static enum error_code judge_time(const struct site *s, const struct settings_origin *o, struct error *err)
{
    uint64_t now = clock_now(&s->clock);
    if (o->expires - o->issued > LIFE_MAX)
        return error_set(err, ERROR_EXPIRED, "instruction of %.60s is valid for more than 30 days", o->issuer);
    if (!now) {
        log_notice("instruction", "%s of %s: the clock is not trusted, only its number %llu is looked at", o->id, o->issuer, (unsigned long long)o->seq);
        return ERROR_NONE;
    }
    if (now + SKEW < o->issued)
        return error_set(err, ERROR_EXPIRED, "instruction of %.60s is not valid yet", o->issuer);
    return now < o->expires ? ERROR_NONE : error_set(err, ERROR_EXPIRED, "instruction of %.60s has expired", o->issuer);
}

static void seq_key(const struct settings_origin *o, char key[KEY_CAP])
{
    (void)snprintf(key, KEY_CAP, "bei-seq/%s/%s", o->signer, o->issuer);
}

/* "<seq> <hash of the message>" */
static enum error_code judge_seq(struct site *s, const struct trigger *t, struct error *err)
{
    const struct settings_origin *o = &t->settings->origin;
    char key[KEY_CAP], value[VALUE_CAP], hex[65], *rest = NULL;
    seq_key(o, key);
    if (!store_value_get(s->store, key, value, sizeof value))
        return ERROR_NONE;
    unsigned long long last = strtoull(value, &rest, 10);
    if (o->seq > last)
        return ERROR_NONE;
    if (o->seq == last && strcmp(rest + (*rest == ' '), text_hex(t->hash, sizeof t->hash, hex)) == 0)
        return ERROR_NONE;
    return error_set(err, ERROR_REPLAYED, "instruction of %.60s has number %llu, %llu was accepted before", o->issuer, (unsigned long long)o->seq, last);
}

enum error_code instruction_judge(struct site *s, const struct trigger *t, struct error *err)
{
    const struct settings_origin *o = &t->settings->origin;
    if (!is_own(s, o->subject))
        return error_set(err, ERROR_WRONG_SUBJECT, "instruction of %.60s is for %.80s", o->issuer, o->subject);
    if (is_local(o)) /* made here, for one use */
        return ERROR_NONE;
    enum error_code rc = judge_time(s, o, err);
    return rc ? rc : judge_seq(s, t, err);
}

/* --- result: "<state> <message> <seq> <phase> <code> <id> <next>", words without spaces --- */

static void result_open(struct store *store, const struct trigger *t, const char *hex)
{
    char value[RESULT_CAP];
    const struct settings_origin *o = &t->settings->origin;
    if (!o->next[0])
        return;
    (void)snprintf(value, sizeof value, "open %s %llu - - %s %s", hex, (unsigned long long)o->seq, o->id, o->next);
    store_value_put(store, RESULT, value);
}

static bool result_read(struct store *store, char state[8], char hex[65], struct instruction_result *r)
{
    char value[RESULT_CAP];
    unsigned long long seq = 0;
    *r = (struct instruction_result){ .seq = 0 };
    bool ok = store_value_get(store, RESULT, value, sizeof value) &&
              sscanf(value, "%7s %64s %llu %15s %31s %32s %255s", state, hex, &seq, r->phase, r->code, r->id, r->next) == 7;
    r->seq = seq;
    return ok;
}

void instruction_result_end(struct store *store, const uint8_t hash[32], const char *phase, const char *code)
{
    struct instruction_result r;
    char state[8], hex[65], own[65], value[RESULT_CAP];
    if (!result_read(store, state, hex, &r) || strcmp(hex, text_hex(hash, 32, own)) != 0)
        return;
    (void)snprintf(value, sizeof value, "due %s %llu %s %s %s %s", hex, (unsigned long long)r.seq, phase, code, r.id, r.next);
    store_value_put(store, RESULT, value);
}

bool instruction_result_due(struct store *store, struct instruction_result *out)
{
    char state[8], hex[65];
    return result_read(store, state, hex, out) && strcmp(state, "due") == 0;
}

void instruction_result_sent(struct store *store)
{
    store_value_put(store, RESULT, "");
}

static const char *node_key(const char *source)
{
    return strcmp(source, "bbn") == 0 ? "bbn-seq" : strcmp(source, "lan") == 0 ? "lan-seq" : NULL;
}

void instruction_accept(struct store *store, const struct trigger *t)
{
    char key[KEY_CAP], value[VALUE_CAP], hex[65];
    if (is_local(&t->settings->origin))
        return;
    seq_key(&t->settings->origin, key);
    (void)snprintf(value, sizeof value, "%llu %s", (unsigned long long)t->settings->origin.seq, text_hex(t->hash, sizeof t->hash, hex));
    store_value_put(store, key, value);
    if (node_key(t->source))
        store_value_put(store, node_key(t->source), value);
    result_open(store, t, hex);
}

uint64_t instruction_last_of_node(struct store *store, const char *source)
{
    char value[VALUE_CAP];
    return store_value_get(store, node_key(source), value, sizeof value) ? strtoull(value, NULL, 10) : 0;
}

/* --- owner of a context --- */

static void owner_key(const char *context, char key[KEY_CAP])
{
    (void)snprintf(key, KEY_CAP, "bei-owner/%s", context);
}

static void owner_value(const struct settings_origin *o, char value[KEY_CAP])
{
    (void)snprintf(value, KEY_CAP, "%s/%s", o->signer, o->issuer);
}

bool instruction_of_owner(struct store *store, const struct trigger *t)
{
    const struct settings_origin *o = &t->settings->origin;
    char key[KEY_CAP], value[KEY_CAP], own[KEY_CAP];
    owner_key(t->context, key);
    owner_value(o, own);
    bool is_signed = o->signer[0] && !is_local(o);
    return is_signed && store_value_get(store, key, value, sizeof value) && strcmp(value, own) == 0;
}

void instruction_own(struct store *store, const char *context, const struct settings_origin *origin)
{
    char key[KEY_CAP], value[KEY_CAP] = "";
    owner_key(context, key);
    if (origin->signer[0])
        owner_value(origin, value);
    store_value_put(store, key, value);
}
