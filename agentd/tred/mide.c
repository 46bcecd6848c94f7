/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the opened engines. Promises: no SEQ that was answered is answered again, whenever the power fails, with one fsync for many answers: the
 * record holds a ceiling, which a start takes as used. A burst doubles the distance of the next ceiling; the rest after it stores the true
 * numbers again. Must never keep a key longer than MIDE_IDLE_MS after its use. */
#include "tred/mide.h"

#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "tred/counters.h"
#include "tred/heap.h"
#include "tred/lifecycle.h"
#include "tred/mid.h"

enum { RESERVE_MAX = 1 << 14, PEERS = 2 };

struct engine {
    struct heap_scope scope; /* its libcrypto objects */
    struct aka aka;
    struct sqn sqn;
    struct counters stored; /* as on disk */
    uint64_t reserve;       /* SEQ between the next true one and the next ceiling */
    uint64_t used_ms, record;
    uint64_t saves; /* for the log at the end */
    uint64_t answers;
    unsigned rights[PEERS]; /* agentd, agent-usimd */
    enum mid_type type;
    uint8_t pin[MANIFEST_PIN];
    size_t pin_len;
};

static const char *id_of(const struct tre *t, size_t row)
{
    return t->registry.mids[row].entry.id;
}

/* In memory order the same octets that a record holds. */
static struct counters counters_now(const struct engine *e)
{
    struct counters c = e->stored;
    c.ind_bits = e->sqn.scheme.ind_bits;
    memcpy(c.seq, e->sqn.seq, sizeof c.seq);
    return c;
}

static enum error_code save(struct tre *t, size_t row, struct engine *e, const struct counters *c)
{
    struct heap_scope scope;
    heap_scope_begin(&scope);
    enum error_code rc = counters_save(&t->store, row, id_of(t, row), c);
    heap_scope_end(&scope);
    if (rc)
        log_error("mide", "%s: sequence numbers cannot be stored: %s", id_of(t, row), error_text(rc));
    else
        e->stored = *c;
    e->saves++;
    return rc;
}

/* The true numbers, once the burst is over. A failure leaves the ceiling, which is safe. */
static void settle(struct tre *t, size_t row, struct engine *e)
{
    struct counters c = counters_now(e);
    if (memcmp(c.seq, e->stored.seq, sizeof c.seq) != 0)
        (void)save(t, row, e, &c);
}

static void engine_close(struct tre *t, size_t row, bool settled)
{
    struct engine *e = t->engines[row];
    if (!e)
        return;
    if (settled)
        settle(t, row, e);
    log_debug("mide", "%s: closed after %llu answers, %llu times stored", id_of(t, row), (unsigned long long)e->answers, (unsigned long long)e->saves);
    aka_close(&e->aka);
    heap_scope_end(&e->scope);
    secret_pages_free(e, sizeof *e);
    t->engines[row] = NULL;
}

static void take_manifest(const struct tre *t, struct engine *e, const struct manifest *m)
{
    static const char *const programs[PEERS] = { "agentd", "agent-usimd" };
    const char *const users[PEERS] = { t->agentd_user, t->usimd_user };
    for (size_t i = 0; i < PEERS; i++)
        e->rights[i] = manifest_rights(m, programs[i]) | (users[i] ? manifest_rights(m, users[i]) : 0);
    e->rights[0] |= RIGHT_AUTHENTICATE; /* RES for the administrator's test, and no more */
    for (size_t i = 0; i < PEERS; i++)
        e->rights[i] &= ~t->identity.denied; /* R11: one "no" is enough */
    e->type = m->type;
    e->pin_len = m->pin.len;
    if (m->pin.len)
        memcpy(e->pin, m->pin.data, m->pin.len);
}

static bool engine_key(struct engine *e, const struct manifest *m)
{
    struct aka_profile profile = manifest_profile(m);
    heap_scope_begin(&e->scope);
    bool ok = aka_open(&e->aka, &profile);
    heap_scope_park(&e->scope);
    return ok;
}

/* Record, counters, key: in that order, so that a damaged one is found before a key is in memory longer than needed. */
static enum error_code engine_fill(struct tre *t, size_t row, struct engine *e)
{
    struct manifest m;
    struct heap_scope scope;
    heap_scope_begin(&scope);
    enum error_code rc = mid_read(t, &t->registry.mids[row], &m);
    if (!rc && (rc = counters_load(&t->store, row, id_of(t, row), &e->stored)) == ERROR_NOT_FOUND)
        rc = ERROR_STORAGE; /* an installation made them: somebody took them away */
    if (rc) {
        manifest_free(&m);
        heap_scope_end(&scope);
        return rc;
    }
    counters_adapt(&e->stored, &m, &e->sqn);
    take_manifest(t, e, &m);
    heap_scope_park(&scope);
    bool ok = engine_key(e, &m);
    heap_scope_resume(&scope);
    manifest_free(&m);
    heap_scope_end(&scope);
    return ok ? ERROR_NONE : ERROR_INTERNAL;
}

static enum error_code engine_new(struct tre *t, size_t row)
{
    struct engine *e = secret_pages_new(sizeof *e);
    if (!e)
        return ERROR_NO_MEMORY;
    e->record = t->registry.mids[row].record;
    enum error_code rc = engine_fill(t, row, e);
    t->engines[row] = e;
    if (!rc)
        return ERROR_NONE;
    engine_close(t, row, false);
    if (rc != ERROR_STORAGE)
        return rc;
    struct heap_scope scope;
    heap_scope_begin(&scope);
    rc = mid_damaged(t, id_of(t, row));
    heap_scope_end(&scope);
    return rc;
}

static bool current(const struct tre *t, size_t row)
{
    const struct mid_row *m = &t->registry.mids[row];
    return t->engines[row] && m->entry.id[0] && m->entry.state == MID_ACTIVE && m->record == t->engines[row]->record;
}

enum error_code mide_open(struct tre *t, const char *id, struct engine **e)
{
    struct mid_row *m = registry_mid(&t->registry, id);
    if (!m)
        return ERROR_NOT_FOUND;
    if (m->entry.state != MID_ACTIVE)
        return m->entry.state == MID_BLOCKED ? ERROR_MID_BLOCKED : ERROR_NOT_READY;
    size_t row = registry_place(&t->registry, m);
    enum error_code rc = current(t, row) ? ERROR_NONE : engine_new(t, row);
    *e = t->engines[row];
    if (!rc)
        (*e)->used_ms = tre_now_ms();
    return rc;
}

unsigned mide_rights(const struct engine *e, unsigned peers)
{
    return (peers & TRE_PEER_AGENTD ? e->rights[0] : 0) | (peers & TRE_PEER_USIMD ? e->rights[1] : 0);
}

enum mid_type mide_type(const struct engine *e)
{
    return e->type;
}

/* Before an answer with this SQN may leave: at first its own number, then in growing steps a ceiling for every IND above the highest. */
static enum error_code reserve(struct tre *t, size_t row, struct engine *e, uint64_t sqn)
{
    unsigned ind = sqn_ind(&e->sqn, sqn);
    uint64_t seq = sqn_seq(&e->sqn, sqn), top = UINT64_C(0xffffffffffff) >> e->sqn.scheme.ind_bits;
    if (seq <= e->stored.seq[ind])
        return ERROR_NONE;
    struct counters c = counters_now(e);
    c.seq[ind] = seq;
    uint64_t highest = sqn_seq(&e->sqn, sqn_highest(&e->sqn)), ceiling = (seq > highest ? seq : highest) + e->reserve;
    for (size_t i = 0; e->reserve && i < SQN_SLOTS; i++)
        c.seq[i] = ceiling < top ? ceiling : top;
    e->reserve = e->reserve ? (e->reserve < RESERVE_MAX ? e->reserve * 2 : RESERVE_MAX) : 1;
    return save(t, row, e, &c);
}

static size_t row_with(const struct tre *t, const struct engine *e)
{
    size_t i = 0;
    while (i < TRE_MID_MAX - 1 && t->engines[i] != e)
        i++;
    return i;
}

enum error_code mide_check(struct tre *t, struct engine *e)
{
    const struct mid_row *m = &t->registry.mids[row_with(t, e)];
    if (!m->session_check)
        return ERROR_NONE;
    struct heap_scope scope;
    heap_scope_begin(&scope);
    enum error_code rc = mid_verify(t, m);
    if (rc == ERROR_STORAGE)
        rc = mid_damaged(t, m->entry.id);
    heap_scope_end(&scope);
    return rc;
}

static enum error_code judge(struct tre *t, struct engine *e, const uint8_t autn[16], const struct aka_out *out, enum aka_verdict *verdict, uint8_t auts[14])
{
    uint8_t octets[AKA_SQN];
    bool good;
    if (!aka_check(&e->aka, out, autn, octets, &good))
        return ERROR_INTERNAL;
    uint64_t sqn = sqn_from(octets);
    *verdict = AKA_MAC_FAILED;
    if (!good)
        return ERROR_NONE;
    *verdict = sqn_fresh(&e->sqn, sqn) ? AKA_OK : AKA_SYNC;
    if (*verdict == AKA_SYNC) {
        sqn_to(sqn_highest(&e->sqn), octets);
        return aka_resync(&e->aka, out, octets, auts) ? ERROR_NONE : ERROR_INTERNAL;
    }
    enum error_code rc = reserve(t, row_with(t, e), e, sqn);
    if (!rc)
        sqn_accept(&e->sqn, sqn);
    return rc;
}

enum error_code mide_authenticate(struct tre *t, struct engine *e, const uint8_t rand[16], const uint8_t autn[16], enum aka_verdict *verdict,
                                  struct aka_out *out, uint8_t auts[14])
{
    e->answers++;
    if (!aka_f2345(&e->aka, rand, out))
        return ERROR_INTERNAL;
    return judge(t, e, autn, out, verdict, auts);
}

enum error_code mide_gsm(struct engine *e, const uint8_t rand[16], uint8_t sres[AKA_SRES], uint8_t kc[AKA_KC])
{
    struct aka_out out;
    bool ok = aka_f2345(&e->aka, rand, &out);
    e->answers++;
    if (ok)
        aka_gsm(&out, sres, kc);
    secret_zero(&out, sizeof out);
    return ok ? ERROR_NONE : ERROR_INTERNAL;
}

/* The try is on disk before the PIN is looked at, so that pulling the plug gives no more tries. */
enum error_code mide_pin(struct tre *t, struct engine *e, struct slice pin, bool *enabled, uint8_t *left)
{
    struct counters c = e->stored;
    size_t row = row_with(t, e);
    *enabled = e->pin_len > 0;
    *left = c.pin_left;
    if (!*enabled || pin.len == 0)
        return ERROR_NONE;
    if (c.pin_left == 0)
        return ERROR_DENIED;
    c.pin_left--;
    enum error_code rc = save(t, row, e, &c);
    if (rc)
        return rc;
    bool right = secret_equal(pin, (struct slice){ e->pin, e->pin_len });
    if (right) {
        c.pin_left = COUNTERS_PIN_TRIES;
        rc = save(t, row, e, &c);
    }
    *left = e->stored.pin_left;
    return rc || right ? rc : ERROR_MAC_MISMATCH;
}

void mide_refresh(struct tre *t)
{
    uint64_t now = tre_now_ms();
    for (size_t i = 0; i < TRE_MID_MAX; i++)
        if (t->engines[i] && (!current(t, i) || now - t->engines[i]->used_ms >= MIDE_IDLE_MS))
            engine_close(t, i, lifecycle_holds_keys(t->registry.mids[i].entry.state));
}

int mide_wait_ms(const struct tre *t)
{
    uint64_t now = tre_now_ms(), first = UINT64_MAX;
    for (size_t i = 0; i < TRE_MID_MAX; i++)
        if (t->engines[i] && t->engines[i]->used_ms + MIDE_IDLE_MS < first)
            first = t->engines[i]->used_ms + MIDE_IDLE_MS;
    if (first == UINT64_MAX)
        return -1;
    return first > now ? (int)(first - now) : 0;
}

void mide_close_all(struct tre *t)
{
    for (size_t i = 0; i < TRE_MID_MAX; i++)
        engine_close(t, i, true);
}
