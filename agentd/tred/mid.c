/* SPDX-License-Identifier: Apache-2.0 */
/* MIDs: the ten steps of an installation (doc mid-package section 3), the check at start, the steps of the lifecycle. Promises: the old MID
 * works until the new one is on disk; a refused package changes nothing. Must never log more of a MID than its id. */
#include "tred/mid.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "codec/mid_identity.h"
#include "tred/aka.h"
#include "tred/counters.h"
#include "tred/lifecycle.h"
#include "tred/mid_record.h"
#include "tred/package.h"

enum { EF_IMSI = 0x6f07, EF_AD = 0x6fad }; /* TS 31.102 clauses 4.2.2, 4.2.18 */

static bool holds_keys(const struct mid_row *m)
{
    return m->entry.id[0] && lifecycle_holds_keys(m->entry.state);
}

void mid_enter(struct mid_row *m, enum mid_state state, enum mid_reason reason, const char *note)
{
    log_notice("mid", "%s: %s -> %s (%s%s%s)", m->entry.id, m->entry.id[0] && m->changed ? mid_state_name(m->entry.state) : "(none)",
               mid_state_name(state), mid_reason_name(reason), note[0] ? "; " : "", note);
    if (state == MID_BLOCKED)
        m->previous = m->entry.state;
    if (!lifecycle_holds_keys(state))
        m->record = m->key = 0;
    m->entry.state = state;
    m->entry.reason = reason;
    m->changed = (uint64_t)time(NULL);
}

/* R2..R4: the record must open under its label with the counter that the registry knows. */
enum error_code mid_read(const struct tre *t, const struct mid_row *m, struct manifest *out)
{
    uint8_t *plain;
    size_t len;
    *out = (struct manifest){ .parsed = NULL };
    enum error_code rc = mid_record_read(t, m, &plain, &len);
    if (rc)
        return rc;
    bool ok = manifest_parse(out, (struct slice){ plain, len });
    store_release(plain, len);
    return ok ? ERROR_NONE : ERROR_NO_MEMORY; /* it is what was installed, and was parsed then */
}

/* The manifest, and every slot of the sequence numbers. */
enum error_code mid_verify(const struct tre *t, const struct mid_row *m)
{
    struct manifest manifest;
    struct counters counters;
    enum error_code rc = mid_read(t, m, &manifest);
    if (!rc)
        rc = counters_load(&t->store, registry_place(&t->registry, m), m->entry.id, &counters);
    manifest_free(&manifest);
    return rc == ERROR_NOT_FOUND || rc == ERROR_ROLLED_BACK ? ERROR_STORAGE : rc;
}

static void sweep(const struct tre *t)
{
    for (size_t i = 0; i < TRE_MID_MAX; i++) {
        const struct mid_row *m = &t->registry.mids[i];
        (void)mid_record_sweep(t, i, m);
        if (!holds_keys(m))
            (void)counters_erase(&t->store, i);
    }
}

/* What was found is in force in memory whatever happens to the disk. The damaged slot of a registry is written anew by it. */
static void store_blocked(struct tre *t, struct registry *next)
{
    t->registry = *next;
    if (registry_commit(&t->registry, next, &t->store))
        log_error("mid", "the registry cannot be stored");
}

bool mid_check_all(struct tre *t)
{
    struct registry next = t->registry;
    bool good = true, changed = false;
    for (size_t i = 0; i < TRE_MID_MAX; i++) {
        const struct mid_row *m = &t->registry.mids[i];
        enum error_code rc = holds_keys(m) ? mid_verify(t, m) : ERROR_NONE;
        bool damaged = rc == ERROR_STORAGE;
        good = good && !rc; /* without memory it is looked at again before its next use */
        if (!holds_keys(m) || (!damaged && !t->registry_old))
            continue;
        log_error("mid", "%s: %s", m->entry.id, damaged ? "the stored record is damaged; its issuer must install it again"
                                                        : "the registry may be an older one; its issuer must unblock it");
        good = false;
        if (lifecycle_next(m->entry.state, m->previous, LIFECYCLE_ANOMALY)) {
            mid_enter(&next.mids[i], MID_BLOCKED, MID_BY_INTEGRITY, "");
            changed = true;
        }
    }
    if (changed || t->registry_old)
        store_blocked(t, &next);
    sweep(t);
    return good;
}

/* 5. token and nonce of the open registration (R16, R23). */
static bool binding_good(struct tre *t, const struct mid_package *p, const struct manifest *m)
{
    uint8_t hash[HASH_LEN];
    const struct token_row *row = registry_token(&t->registry, p->context);
    if (!row || row->nonce_len == 0)
        return false;
    return SHA256(row->value, sizeof row->value, hash) && secret_equal((struct slice){ hash, sizeof hash }, m->token_hash) &&
           secret_equal((struct slice){ row->nonce, row->nonce_len }, m->nonce);
}

/* 4. this TRE, by id and by platform key (R21). */
static bool target_good(const struct tre *t, const struct manifest *m)
{
    return slice_equal((struct slice){ t->identity.tre_id, TRE_ID_LEN }, m->tre_id) &&
           slice_equal((struct slice){ t->identity.pfc.hash, HASH_LEN }, m->pfc_thumbprint);
}

/* 9. AUTHENTICATE with the known answer (TS 33.102 section 6.3.3), without touching SQN. */
static bool selftest_good(const struct manifest *m)
{
    struct aka_profile profile = manifest_profile(m);
    struct aka aka;
    struct aka_out out;
    uint8_t sqn[AKA_SQN];
    bool mac = false;
    bool ok = aka_open(&aka, &profile) && aka_f2345(&aka, m->rand.data, &out) && aka_check(&aka, &out, m->autn.data, sqn, &mac) && mac &&
              memcmp(sqn, m->sqn.data, sizeof sqn) > 0 && secret_equal((struct slice){ out.res, out.res_len }, m->res);
    aka_close(&aka);
    secret_zero(&out, sizeof out);
    secret_zero(sqn, sizeof sqn);
    return ok;
}

/* Lengths that fit the algorithm (doc mid-package, section 2). */
static bool profile_good(const struct manifest *m)
{
    switch (m->algorithm) {
    case MID_MILENAGE:
        return m->k.len == MILENAGE_BLOCK && m->op.len == MILENAGE_BLOCK && m->iterations == 1;
    case MID_TUAK:
        return m->op.len == TUAK_TOP && (m->res.len == 4 || m->res.len == 8 || m->res.len == 16);
    }
    return false;
}

/* The first file of that identifier in the application; empty if there is none. */
static struct slice file_of(const struct manifest *m, uint16_t fid)
{
    const uint8_t wanted[] = { 0x7f, 0xff, (uint8_t)(fid >> 8), (uint8_t)fid };
    for (size_t i = 0; i < manifest_file_count(m); i++) {
        struct slice path, content;
        manifest_file(m, i, &path, &content);
        if (slice_equal(path, (struct slice){ wanted, sizeof wanted }))
            return content;
    }
    return (struct slice){ NULL, 0 };
}

/* A PCID is an IMSI whose MCC and MNC lead to its ICF (R30), with the one algorithm that every network has (R31). */
static bool pcid_good(const struct manifest *m)
{
    struct mid_imsi imsi;
    struct error err = { 0 };
    return m->type != MID_PCID ||
           (m->algorithm == MID_MILENAGE && mid_imsi_take(file_of(m, EF_IMSI), file_of(m, EF_AD), &imsi, &err) == ERROR_NONE);
}

static enum mid_result check(struct tre *t, const struct mid_package *p, const struct manifest *m, const char *signer)
{
    const struct mid_row *old = registry_mid(&t->registry, m->id);
    if (strcmp(signer, m->issuer) != 0)
        return MID_BAD_SIGNATURE;
    if (!target_good(t, m))
        return MID_WRONG_TARGET;
    if (!binding_good(t, p, m))
        return MID_BAD_BINDING;
    if (p->now && (p->now < m->not_before || p->now > m->not_after)) /* 6. */
        return MID_BAD_POLICY;
    if (old && m->version <= old->entry.version) /* 7. R12 */
        return MID_OLD_VERSION;
    if (old && old->entry.state != MID_ERASED && (strcmp(old->entry.issuer, m->issuer) != 0 || old->entry.type != m->type))
        return MID_BAD_POLICY; /* an update comes from who issued it */
    if (m->min_backend > (unsigned)t->backend->table->number) /* 8. */
        return MID_WEAK_BACKEND;
    if (!profile_good(m) || !pcid_good(m))
        return MID_BAD_POLICY;
    return selftest_good(m) ? MID_OK : MID_SELFTEST;
}

/* The row for a MID: its own, a free one, or that of the oldest erased one. */
static struct mid_row *row_for(struct registry *r, const char *id)
{
    struct mid_row *row = registry_mid(r, id), *erased = NULL;
    for (size_t i = 0; !row && i < TRE_MID_MAX; i++) {
        struct mid_row *m = &r->mids[i];
        if (!m->entry.id[0])
            row = m;
        else if (m->entry.state == MID_ERASED && (!erased || m->changed < erased->changed))
            erased = m;
    }
    return row ? row : erased;
}

/* False without memory. */
static bool row_fill(struct mid_row *row, const struct mid_package *p, const struct manifest *m)
{
    bool known = strcmp(row->entry.id, m->id) == 0;
    int state = lifecycle_next(known ? (int)row->entry.state : LIFECYCLE_NONE, row->previous, LIFECYCLE_PACKAGE);
    if (!known)
        *row = (struct mid_row){ .record = 0 };
    (void)text_copy(row->entry.id, sizeof row->entry.id, m->id);
    (void)text_copy(row->entry.issuer, sizeof row->entry.issuer, m->issuer);
    (void)text_copy(row->entry.context, sizeof row->entry.context, p->context);
    mid_enter(row, (enum mid_state)state, MID_BY_PACKAGE, p->now ? "" : "validity not checked, the clock is not trusted");
    row->entry.type = m->type;
    row->entry.version = m->version;
    row->entry.algorithm = m->algorithm;
    row->entry.not_after = m->not_after;
    row->share_mide = m->share_mide;
    row->session_check = m->session_check;
    row->order_only = m->order_only;
    memcpy(row->token_hash, m->token_hash.data, HASH_LEN);
    return SHA256(p->octets.data, p->octets.len, row->package_hash) != NULL;
}

static enum mid_result storage_result(enum error_code rc)
{
    return rc == ERROR_NONE ? MID_OK : rc == ERROR_NO_SPACE ? MID_NO_SPACE : MID_INTERNAL;
}

/* The sequence numbers go on over an update; a MID that is new here, or has lost them, starts with those of its package. */
static enum error_code counters_ready(const struct tre *t, size_t row, const struct manifest *m, bool update)
{
    struct counters c;
    if (update && counters_load(&t->store, row, m->id, &c) == ERROR_NONE)
        return ERROR_NONE;
    (void)counters_erase(&t->store, row);
    counters_start(&c, m);
    return counters_save(&t->store, row, m->id, &c);
}

/* 10. record into the free slot, then registry; only then the old record goes. */
static enum mid_result put_in(struct tre *t, const struct mid_package *p, const struct manifest *m, struct slice der, const struct mid_row **row)
{
    struct registry next = t->registry;
    struct mid_row *mine = row_for(&next, m->id);
    if (!mine)
        return MID_NO_SPACE;
    size_t at = registry_place(&next, mine);
    if (strcmp(mine->entry.id, m->id) == 0 &&
        !lifecycle_next(mine->entry.state, mine->previous, LIFECYCLE_PACKAGE))
        return MID_BAD_POLICY;
    bool update = strcmp(mine->entry.id, m->id) == 0 && holds_keys(mine);
    enum error_code rc = row_fill(mine, p, m) ? mid_record_write(t, at, mine, der) : ERROR_NO_MEMORY;
    if (!rc)
        rc = counters_ready(t, at, m, update);
    if (!rc)
        rc = registry_commit(&t->registry, &next, &t->store);
    if (!rc) /* else the disk may know either one: both stay, and the next start sweeps */
        (void)mid_record_sweep(t, at, &t->registry.mids[at]);
    *row = &t->registry.mids[at];
    return storage_result(rc);
}

static enum mid_result install_opened(struct tre *t, const struct mid_package *p, const struct package *opened, const struct mid_row **row)
{
    struct manifest m;
    struct slice der = { opened->manifest, opened->manifest_len };
    if (!manifest_parse(&m, der))
        return MID_MALFORMED;
    enum mid_result result = check(t, p, &m, opened->signer);
    if (result == MID_OK)
        result = put_in(t, p, &m, der, row);
    if (result != MID_OK)
        log_warning("mid", "%s: package refused with code %d", m.id, (int)result);
    manifest_free(&m);
    return result;
}

/* The same package for the same, still open, token was installed before. */
static const struct mid_row *installed_before(struct tre *t, const struct mid_package *p)
{
    uint8_t package[HASH_LEN], token[HASH_LEN];
    const struct token_row *open = registry_token(&t->registry, p->context);
    if (!open || !SHA256(p->octets.data, p->octets.len, package) || !SHA256(open->value, sizeof open->value, token))
        return NULL;
    for (size_t i = 0; i < TRE_MID_MAX; i++) {
        const struct mid_row *m = &t->registry.mids[i];
        if (holds_keys(m) && m->entry.state != MID_BLOCKED && memcmp(m->package_hash, package, HASH_LEN) == 0 &&
            memcmp(m->token_hash, token, HASH_LEN) == 0)
            return m;
    }
    return NULL;
}

enum mid_result mid_install(struct tre *t, const struct mid_package *p, const struct mid_row **row)
{
    *row = installed_before(t, p);
    if (*row)
        return MID_OK;
    struct identity_secrets secrets;
    struct package opened;
    if (identity_open(&secrets, &t->store))
        return MID_INTERNAL;
    bool good = package_open(&opened, p->octets, &secrets, p->now);
    identity_close(&secrets);
    enum mid_result result = good ? install_opened(t, p, &opened, row) : MID_BAD_SIGNATURE;
    package_close(&opened);
    return result;
}

enum error_code mid_result_error(enum mid_result result)
{
    switch (result) {
    case MID_OK:
        return ERROR_NONE;
    case MID_BAD_SIGNATURE:
        return ERROR_MID_SIGNATURE;
    case MID_WRONG_TARGET:
        return ERROR_MID_TARGET;
    case MID_BAD_BINDING:
        return ERROR_MID_BINDING;
    case MID_OLD_VERSION:
        return ERROR_MID_VERSION;
    case MID_BAD_POLICY:
        return ERROR_MID_POLICY;
    case MID_NO_SPACE:
        return ERROR_NO_SPACE;
    case MID_WEAK_BACKEND:
        return ERROR_MID_BACKEND;
    case MID_SELFTEST:
        return ERROR_MID_SELFTEST;
    case MID_BUSY:
        return ERROR_BUSY;
    case MID_INTERNAL:
        return ERROR_INTERNAL;
    case MID_MALFORMED:
        return ERROR_MALFORMED;
    case MID_UNKNOWN:
        return ERROR_NOT_FOUND;
    case MID_DAMAGED:
        return ERROR_MID_BLOCKED;
    }
    return ERROR_INTERNAL;
}

/* One ACTIVE MID of a type in a context; engines are shared only if every MID that uses them agrees (R5). */
static bool may_activate(const struct tre *t, const struct mid_row *m)
{
    bool shares = m->share_mide && !(t->identity.denied & DENY_SHARE);
    for (size_t i = 0; i < TRE_MID_MAX; i++) {
        const struct mid_row *o = &t->registry.mids[i];
        if (o == m || !o->entry.id[0] || o->entry.state != MID_ACTIVE)
            continue;
        if (o->entry.type == m->entry.type && strcmp(o->entry.context, m->entry.context) == 0)
            return false;
        if (o->entry.algorithm == m->entry.algorithm && !(o->share_mide && shares))
            return false;
    }
    return true;
}

bool mid_forget(const struct tre *t, const struct mid_row *m)
{
    size_t at = registry_place(&t->registry, m);
    bool record = mid_record_sweep(t, at, m);
    return counters_erase(&t->store, at) && record;
}

static enum error_code commit_step(struct tre *t, const char *id, enum mid_state state, enum mid_reason reason, const struct mid_row **row)
{
    struct registry next = t->registry;
    mid_enter(registry_mid(&next, id), state, reason, "");
    enum error_code rc = registry_commit(&t->registry, &next, &t->store);
    *row = registry_mid(&t->registry, id);
    if (rc || lifecycle_holds_keys(state))
        return rc;
    return mid_forget(t, *row) ? ERROR_NONE : ERROR_STORAGE; /* R20 */
}

enum error_code mid_damaged(struct tre *t, const char *id)
{
    const struct mid_row *row;
    log_error("mid", "%s: a stored record is damaged; its issuer must install it again", id);
    enum error_code rc = commit_step(t, id, MID_BLOCKED, MID_BY_INTEGRITY, &row);
    return rc ? rc : ERROR_MID_BLOCKED;
}

/* What the lifecycle allows may still be against the policy of the MID or of this gateway; one "no" is enough (R10, R11). */
static bool request_allowed(const struct tre *t, const struct mid_row *m, enum lifecycle_event event)
{
    bool served = m->entry.state != MID_PROVISIONED && (m->entry.state != MID_BLOCKED || m->previous != MID_PROVISIONED);
    if (!lifecycle_next(m->entry.state, m->previous, event))
        return false;
    if (event == LIFECYCLE_ERASE)
        return !served || (!m->order_only && !(t->identity.denied & DENY_ERASE));
    return event != LIFECYCLE_ACTIVATE || may_activate(t, m);
}

enum error_code mid_set_state(struct tre *t, const char *id, enum mid_state state, const struct mid_row **row)
{
    struct mid_row *m = registry_mid(&t->registry, id);
    enum lifecycle_event event;
    if (!m)
        return ERROR_NOT_FOUND;
    if (m->entry.state == state) { /* asked again after a lost answer */
        *row = m;
        return lifecycle_holds_keys(state) || mid_forget(t, m) ? ERROR_NONE : ERROR_STORAGE;
    }
    if (!lifecycle_request(state, &event) || !request_allowed(t, m, event)) {
        log_warning("mid", "%s: %s -> %s refused", id, mid_state_name(m->entry.state), mid_state_name(state));
        return ERROR_POLICY;
    }
    enum error_code rc = event == LIFECYCLE_ACTIVATE ? mid_verify(t, m) : ERROR_NONE;
    if (rc)
        return rc == ERROR_STORAGE ? mid_damaged(t, id) : rc;
    return commit_step(t, id, state, MID_BY_REQUEST, row);
}
