/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the state of each connection's key. Promises: a key is in charon only while its MID is ACTIVE and its time has not ended; one that charon lost, by
 * a restart or by swanctl, is loaded again. Keeps no key: each load asks the TRE.
 *
 *   OFF -MID ACTIVE, charon there-> ASKING -key-> LOADED -its end-> ASKING
 *                                   ASKING -no Ks, or refused-> WAITING -Ks is there, or time-> ASKING
 *   any -MID not ACTIVE, or charon gone-> OFF
 */
#include "usimd/ike.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "codec/vici.h"
#include "usimd/ike_text.h"
#include "usimd/vici_link.h"

enum { AGAIN_FIRST_MS = 2 * 1000, AGAIN_LAST_MS = 60 * 1000, LOOK_MS = 20 * 1000, FIRST_LOOK_MS = 2 * 1000, SECOND_MS = 1000, NAF_ID_MAX = 260 };

enum state { OFF, ASKING, WAITING, LOADED };

struct entry {
    struct ike *ike;
    const struct ike_setting *setting;
    enum state state;
    char mid[65];
    uint32_t generation; /* of the question to the TRE; late answers carry another one */
    uint64_t timer, ends_ms, again_ms; /* the latter: the wait before the key is asked for once more */
    enum error_code told;
};

struct ike {
    const struct loop *loop;
    struct tre *tre;
    struct vici_link *link;
    struct entry entries[SETTINGS_IKE];
    size_t count;
};

struct question {
    struct entry *entry;
    uint32_t generation;
};

static void ask(struct entry *e);
static void on_timer(void *user);

static void wait(struct entry *e, uint64_t delay_ms)
{
    loop_cancel(e->ike->loop, &e->timer);
    e->timer = loop_timer(e->ike->loop, delay_ms, on_timer, e);
}

static void on_done(void *user, bool known, struct slice message)
{
    struct entry *e = user;
    struct slice why = vici_value(message, "errmsg");
    if (known && slice_is(vici_value(message, "success"), "yes"))
        return;
    log_warning("ike", "%s: charon refuses: %.*s", e->setting->name, (int)(why.len < 120 ? why.len : 120), why.len ? (const char *)why.data : "");
}

typedef void put_fn(struct writer *w, const struct ike_setting *s);

static void tell(struct entry *e, put_fn *put, vici_answer_fn *fn)
{
    uint8_t packet[IKE_PACKET_MAX];
    struct writer w = writer_make(packet, sizeof packet);
    put(&w, e->setting);
    vici_link_send(e->ike->link, writer_slice(&w), fn, e);
}

static void load(struct entry *e, const struct tre_naf *naf)
{
    uint8_t packet[IKE_PACKET_MAX];
    struct writer w = writer_make(packet, sizeof packet);
    ike_put_shared(&w, e->setting, naf->btid, naf->key);
    vici_link_send(e->ike->link, writer_slice(&w), on_done, e);
    secret_zero(packet, sizeof packet);
    if (!e->setting->keys)
        return;
    w = writer_make(packet, sizeof packet);
    ike_put_connection(&w, e->setting, naf->btid);
    if (w.failed)
        log_error("ike", "%s: the connection is too long", e->setting->name);
    else
        vici_link_send(e->ike->link, writer_slice(&w), on_done, e);
}

/* Security associations that a MID brought about end with it; an ended key leaves them. */
static void unload(struct entry *e, bool all)
{
    if (e->state != LOADED || !vici_link_up(e->ike->link))
        return;
    tell(e, ike_put_unload_shared, on_done);
    if (all && e->setting->keys)
        tell(e, ike_put_unload_connection, on_done);
    if (all)
        tell(e, ike_put_terminate, NULL); /* none may be there */
    log_notice("ike", "%s: key of %s taken out of charon", e->setting->name, e->mid);
}

static void off(struct entry *e)
{
    loop_cancel(e->ike->loop, &e->timer);
    e->state = OFF;
    e->again_ms = 0;
    e->generation++;
    e->mid[0] = '\0';
}

/* --- the key --- */

/* Soon at first: an agentd that has just lost the TRE, as we had, did not hear the question. */
static void no_key(struct entry *e, enum error_code status)
{
    e->state = WAITING;
    e->again_ms = e->again_ms ? 2 * e->again_ms : AGAIN_FIRST_MS;
    if (e->again_ms > AGAIN_LAST_MS)
        e->again_ms = AGAIN_LAST_MS;
    wait(e, e->again_ms);
    if (status == e->told)
        return;
    e->told = status;
    if (status == ERROR_NOT_READY)
        log_info("ike", "%s: no bootstrapped key of %s yet; agentd is asked for one", e->setting->name, e->mid);
    else
        log_warning("ike", "%s: no key of %s: %s%s", e->setting->name, e->mid, error_text(status),
                    status == ERROR_DENIED ? " (its ACL must name `gba` for agent-usimd)" : "");
}

static void on_key(void *user, enum error_code status, const struct tre_naf *naf)
{
    struct question q = *(struct question *)user;
    struct entry *e = q.entry;
    free(user);
    if (e->generation != q.generation)
        return;
    if (status) {
        no_key(e, status);
    } else if (naf->seconds == 0) {
        e->state = WAITING; /* in its last second */
        wait(e, SECOND_MS);
    } else {
        load(e, naf);
        e->state = LOADED;
        e->told = ERROR_NONE;
        e->again_ms = 0;
        e->ends_ms = loop_now(e->ike->loop) + (uint64_t)naf->seconds * 1000;
        wait(e, FIRST_LOOK_MS < naf->seconds * 1000 ? FIRST_LOOK_MS : naf->seconds * 1000);
        log_notice("ike", "%s: key of %s for %s loaded into charon, for %lu s", e->setting->name, e->mid, e->setting->naf, (unsigned long)naf->seconds);
    }
}

static void ask(struct entry *e)
{
    uint8_t naf_id[NAF_ID_MAX];
    struct writer w = writer_make(naf_id, sizeof naf_id);
    struct question *q = malloc(sizeof *q);
    if (!q)
        abort();
    writer_text(&w, e->setting->naf); /* TS 33.220 annex B.3: FQDN and Ua security protocol identifier */
    writer_put(&w, e->setting->ua, sizeof e->setting->ua);
    loop_cancel(e->ike->loop, &e->timer);
    e->state = ASKING;
    *q = (struct question){ e, ++e->generation };
    tre_naf_key(e->ike->tre, e->mid, writer_slice(&w), on_key, q);
}

/* --- is it still there? swanctl unloads what is not in its files --- */

static void lost(struct entry *e, const char *what)
{
    if (e->state != LOADED)
        return;
    log_info("ike", "%s: charon has no longer its %s; loaded again", e->setting->name, what);
    ask(e);
}

static void on_keys(void *user, bool known, struct slice message)
{
    struct entry *e = user;
    char name[96];
    if (known && !vici_list_has(message, "keys", ike_key_name(e->setting, name, sizeof name)))
        lost(e, "key");
}

static void on_connections(void *user, bool known, struct slice message)
{
    struct entry *e = user;
    if (known && !vici_list_has(message, "conns", e->setting->name))
        lost(e, "connection");
}

static void query(struct entry *e, const char *command, vici_answer_fn *fn)
{
    uint8_t packet[64];
    struct writer w = writer_make(packet, sizeof packet);
    ike_put_query(&w, command);
    vici_link_send(e->ike->link, writer_slice(&w), fn, e);
}

static void look(struct entry *e)
{
    uint64_t now = loop_now(e->ike->loop), left = e->ends_ms > now ? e->ends_ms - now : 0;
    if (!left) {
        log_info("ike", "%s: the key has ended", e->setting->name);
        unload(e, false);
        ask(e);
        return;
    }
    query(e, "get-shared", on_keys);
    if (e->setting->keys)
        query(e, "get-conns", on_connections);
    wait(e, left < LOOK_MS ? left : LOOK_MS);
}

static void on_timer(void *user)
{
    struct entry *e = user;
    e->timer = 0;
    if (e->state == WAITING)
        ask(e);
    else if (e->state == LOADED)
        look(e);
}

/* --- MIDs and charon come and go --- */

static const struct mid_entry *mid_of(const struct entry *e)
{
    const struct mid_entry *usim = tre_mid(e->ike->tre, MID_USIM, e->setting->mid);
    return usim ? usim : tre_mid(e->ike->tre, MID_ISIM, e->setting->mid);
}

static void entry_look(struct entry *e)
{
    const struct mid_entry *m = mid_of(e);
    bool same = m && strcmp(m->id, e->mid) == 0;
    if (e->state != OFF && (!same || !vici_link_up(e->ike->link))) {
        unload(e, true);
        off(e);
    }
    if (e->state != OFF || !m || !vici_link_up(e->ike->link))
        return;
    (void)text_copy(e->mid, sizeof e->mid, m->id);
    e->told = ERROR_NONE;
    ask(e);
}

void ike_refresh(struct ike *i)
{
    for (size_t n = 0; n < i->count; n++)
        entry_look(&i->entries[n]);
}

static void on_link(void *user, bool up)
{
    (void)up;
    ike_refresh(user);
}

static void on_ks(void *user, const char *mid)
{
    struct ike *i = user;
    for (size_t n = 0; n < i->count; n++)
        if (i->entries[n].state == WAITING && strcmp(i->entries[n].mid, mid) == 0)
            ask(&i->entries[n]);
}

struct ike *ike_new(const struct loop *loop, struct tre *tre, const struct usimd_settings *settings)
{
    struct ike *i = calloc(1, sizeof *i);
    if (!i)
        return NULL;
    *i = (struct ike){ .loop = loop, .tre = tre, .count = settings->ikes };
    for (size_t n = 0; n < i->count; n++)
        i->entries[n] = (struct entry){ .ike = i, .setting = &settings->ike[n] };
    i->link = vici_link_new(loop, settings->vici_socket, on_link, i);
    if (!i->link) {
        free(i);
        return NULL;
    }
    tre_watch_ks(tre, on_ks, i);
    return i;
}

void ike_free(struct ike *i)
{
    if (!i)
        return;
    for (size_t n = 0; n < i->count; n++) {
        unload(&i->entries[n], true);
        off(&i->entries[n]);
    }
    tre_watch_ks(i->tre, NULL, NULL);
    vici_link_free(i->link);
    free(i);
}
