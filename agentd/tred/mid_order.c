/* SPDX-License-Identifier: Apache-2.0 */
/* Promises: an order counts once, whatever is replayed and whenever the power fails, because its number and its effect are one commit; an issuer
 * learns nothing of the MIDs of others, not even that they exist. Must never act on what is not signed. */
#include "tred/mid_order.h"

#include <openssl/sha.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "codec/cbor.h"
#include "tred/cose.h"
#include "tred/lifecycle.h"
#include "tred/order.h"
#include "tred/package.h"

enum { CLAIM_NONCE = 10, CLAIM_UEID = 256, UEID_RAND = 1 };

#define AAD "gateway-agent mid receipt v1"

/* What each command is to the lifecycle; discover is no event. */
static const struct {
    const char *name;
    enum lifecycle_event event;
    enum mid_reason reason;
} commands[] = {
    [ORDER_DISCOVER] = { .name = "discover" },
    [ORDER_BLOCK] = { "block", LIFECYCLE_ORDER_BLOCK, MID_BY_ORDER },
    [ORDER_UNBLOCK] = { "unblock", LIFECYCLE_ORDER_UNBLOCK, MID_BY_ORDER },
    [ORDER_MIGRATE] = { "migrate", LIFECYCLE_ORDER_MIGRATE, MID_BY_MIGRATION },
    [ORDER_ERASE] = { "erase", LIFECYCLE_ORDER_ERASE, MID_BY_ORDER },
};

static void put_named(struct writer *w, const char *key, const char *value)
{
    cbor_put_text(w, key);
    cbor_put_text(w, value);
}

/* Canonical order (RFC 8949 section 4.2.1), as in the whole receipt. */
static void put_mid(struct writer *w, const struct mid_row *m)
{
    cbor_put_map(w, 6);
    put_named(w, "id", m->entry.id);
    put_named(w, "type", mid_type_name(m->entry.type));
    put_named(w, "state", mid_state_name(m->entry.state));
    put_named(w, "reason", mid_reason_name(m->entry.reason));
    cbor_put_text(w, "package");
    cbor_put_bytes(w, m->package_hash, HASH_LEN);
    cbor_put_text(w, "version");
    cbor_put_uint(w, m->entry.version);
}

/* The MID of the order, or all of the issuer; never one of another issuer. */
static bool is_told(const struct order *o, const struct mid_row *m)
{
    return m->entry.id[0] && strcmp(m->entry.issuer, o->issuer) == 0 && (o->command == ORDER_DISCOVER || strcmp(m->entry.id, o->mid) == 0);
}

static enum error_code receipt(struct tre *t, const struct order *o, const uint8_t hash[HASH_LEN], enum mid_result result, struct writer *out)
{
    uint8_t payload[COSE_PAYLOAD_MAX], ueid[1 + TRE_ID_LEN] = { UEID_RAND };
    struct writer w = writer_make(payload, sizeof payload);
    uint64_t count = 0;
    memcpy(&ueid[1], t->identity.tre_id, TRE_ID_LEN);
    for (size_t i = 0; i < TRE_MID_MAX; i++)
        count += is_told(o, &t->registry.mids[i]);
    cbor_put_map(&w, 5);
    cbor_put_int(&w, CLAIM_NONCE);
    cbor_put_bytes(&w, o->nonce.data, o->nonce.len);
    cbor_put_int(&w, CLAIM_UEID);
    cbor_put_bytes(&w, ueid, sizeof ueid);
    cbor_put_text(&w, "mids");
    cbor_put_array(&w, count);
    for (size_t i = 0; i < TRE_MID_MAX; i++)
        if (is_told(o, &t->registry.mids[i]))
            put_mid(&w, &t->registry.mids[i]);
    cbor_put_text(&w, "order");
    cbor_put_bytes(&w, hash, HASH_LEN);
    cbor_put_text(&w, "result");
    cbor_put_uint(&w, (uint64_t)result);
    return w.failed ? ERROR_INTERNAL : cose_sign(t, (struct slice){ (const uint8_t *)AAD, sizeof AAD - 1 }, writer_slice(&w), out);
}

/* Whether the lifecycle and the MID itself allow it; *to: the state afterwards. */
static enum mid_result judge(const struct tre *t, const struct order *o, const struct mid_row *m, int *to)
{
    if (!m || strcmp(m->entry.issuer, o->issuer) != 0)
        return MID_UNKNOWN;
    if (!slice_equal(o->package, (struct slice){ m->package_hash, HASH_LEN }))
        return MID_BAD_BINDING; /* not the package that is installed */
    *to = lifecycle_next(m->entry.state, m->previous, commands[o->command].event);
    if (*to == LIFECYCLE_NONE)
        return MID_BAD_POLICY;
    enum error_code rc = o->command == ORDER_UNBLOCK ? mid_verify(t, m) : ERROR_NONE;
    return rc == ERROR_STORAGE ? MID_DAMAGED : rc ? MID_INTERNAL : MID_OK;
}

/* A receipt says of MIGRATING and ERASED that no key is left: then none is. */
static enum mid_result keys_gone(const struct tre *t, const struct order *o, enum mid_result result)
{
    for (size_t i = 0; result == MID_OK && o->mid[0] && i < TRE_MID_MAX; i++) {
        const struct mid_row *m = &t->registry.mids[i];
        if (strcmp(m->entry.id, o->mid) == 0 && !lifecycle_holds_keys(m->entry.state) && !mid_forget(t, m))
            return MID_INTERNAL;
    }
    return result;
}

/* One commit: the number of the order, its result, and its effect if it has one. */
static enum mid_result carry_out(struct tre *t, const struct order *o, const uint8_t hash[HASH_LEN])
{
    struct registry next = t->registry;
    struct mid_row *m = registry_mid(&next, o->mid);
    struct order_row *last = registry_order(&next, o->issuer);
    int to = LIFECYCLE_NONE;
    enum mid_result result = o->command == ORDER_DISCOVER ? MID_OK : judge(t, o, registry_mid(&t->registry, o->mid), &to);
    if (result == MID_INTERNAL) /* nothing was decided */
        return result;
    last->sequence = o->sequence;
    last->result = result;
    memcpy(last->hash, hash, HASH_LEN);
    if (to != LIFECYCLE_NONE && result == MID_OK)
        mid_enter(m, (enum mid_state)to, m->entry.state == MID_MIGRATING ? MID_BY_MIGRATION : commands[o->command].reason, o->issuer);
    enum error_code rc = registry_commit(&t->registry, &next, &t->store);
    if (rc)
        return rc == ERROR_NO_SPACE ? MID_NO_SPACE : MID_INTERNAL;
    return keys_gone(t, o, result);
}

static enum mid_result decide(struct tre *t, const struct order *o, const uint8_t hash[HASH_LEN], uint64_t now)
{
    if (now && now > o->not_after)
        return MID_BAD_POLICY;
    if (!registry_knows(&t->registry, o->issuer))
        return o->command == ORDER_DISCOVER ? MID_OK : MID_UNKNOWN;
    for (size_t i = 0; i < TRE_MID_MAX; i++) {
        const struct order_row *last = &t->registry.orders[i];
        if (strcmp(last->issuer, o->issuer) != 0 || o->sequence > last->sequence)
            continue;
        return memcmp(hash, last->hash, HASH_LEN) == 0 ? keys_gone(t, o, last->result) : MID_OLD_VERSION;
    }
    return carry_out(t, o, hash);
}

static enum mid_result order_opened(struct tre *t, const struct package *opened, uint64_t now, struct writer *out)
{
    struct order o;
    uint8_t hash[HASH_LEN];
    struct slice der = { opened->manifest, opened->manifest_len };
    if (!order_parse(&o, der))
        return MID_MALFORMED;
    enum mid_result result = MID_OK;
    if (strcmp(o.issuer, opened->signer) != 0)
        result = MID_BAD_SIGNATURE;
    else if (!slice_equal(o.tre_id, (struct slice){ t->identity.tre_id, TRE_ID_LEN }))
        result = MID_WRONG_TARGET;
    if (result == MID_OK) {
        bool named = SHA256(der.data, der.len, hash) != NULL;
        result = named ? decide(t, &o, hash, now) : MID_INTERNAL;
        if (named && receipt(t, &o, hash, result, out))
            log_error("mid", "order of %s: no receipt could be signed", o.issuer);
    }
    if (result == MID_OK)
        log_info("mid", "%s%s%s by order of %s", commands[o.command].name, o.mid[0] ? " " : "", o.mid, o.issuer);
    else
        log_warning("mid", "order of %s (%s%s%s) refused with code %d", o.issuer, commands[o.command].name, o.mid[0] ? " " : "", o.mid, (int)result);
    order_free(&o);
    return result;
}

enum mid_result mid_order(struct tre *t, struct slice octets, uint64_t now, struct writer *out)
{
    struct identity_secrets secrets;
    struct package opened;
    if (identity_open(&secrets, &t->store))
        return MID_INTERNAL;
    bool good = package_verify(&opened, octets, &secrets, now);
    identity_close(&secrets);
    if (!good)
        log_warning("mid", "order refused: signature or chain");
    enum mid_result result = good ? order_opened(t, &opened, now, out) : MID_BAD_SIGNATURE;
    package_close(&opened);
    return result;
}
