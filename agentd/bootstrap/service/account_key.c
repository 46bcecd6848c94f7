/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the TRE; if it has no Ks, the BSF once, then the TRE again. Must never keep a key: it goes into the account, which its owner wipes. */
#include "bootstrap/service/account_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/writer.h"
#include "mid/gba.h"
#include "model/mid.h"
#include "trust/trust_aka.h"

/* TS 24.109 clause 5.3.3.1: the name space of the PSK identity, then the B-TID. */
#define NAME_SPACE "3GPP-bootstrapping;"

enum { NAF_ID_MAX = sizeof ((struct lwm2m_gba *)0)->naf + sizeof ((struct lwm2m_gba *)0)->ua };

struct account_key {
    struct site *site;
    struct lwm2m_account *account;
    bool bootstrapped; /* the BSF was asked for this key */
    uint32_t call;
    uint64_t timer;
    struct gba_ask *ask;
    account_key_fn *fn;
    void *user;
};

bool account_key_is_made(const struct lwm2m_account *account)
{
    return account->key_from == LWM2M_KEY_NAF || account->x509.device;
}

void account_key_cancel(struct account_key *k)
{
    if (!k)
        return;
    loop_cancel(k->site->loop, &k->timer);
    if (k->call)
        trust_cancel(k->site->trust, k->call);
    gba_ask_cancel(k->site->gba, k->ask);
    free(k);
}

static void end(struct account_key *k, const struct error *error)
{
    k->fn(k->user, error);
    account_key_cancel(k);
}

static void fail(struct account_key *k, enum error_code code, const char *text)
{
    struct error e;
    const struct lwm2m_gba *g = &k->account->gba;
    error_set(&e, code, "key of MID %.64s for %.100s: %s", g->mid, g->naf, text);
    if (code == ERROR_DENIED)
        (void)text_copy(e.hint, sizeof e.hint, "its ACL must name naf, gba and identity for agentd");
    end(k, &e);
}

static void ask_tre(struct account_key *k);

static void on_bootstrapped(void *user, const struct error *error)
{
    struct account_key *k = user;
    k->ask = NULL;
    if (error)
        end(k, error);
    else
        ask_tre(k);
}

static void ask_bsf(struct account_key *k)
{
    k->bootstrapped = true;
    k->ask = gba_ask(k->site->gba, k->account->gba.mid, k->account->gba.bsf, on_bootstrapped, k);
}

static void take(struct account_key *k, const struct trust_naf *naf)
{
    struct lwm2m_account *a = k->account;
    int len = snprintf(a->identity, sizeof a->identity, "%s%s", NAME_SPACE, naf->btid);
    if (len < 0 || (size_t)len >= sizeof a->identity) {
        fail(k, ERROR_TOO_LARGE, "the B-TID is too long for an identity");
        return;
    }
    memcpy(a->key, naf->key.data, naf->key.len); /* 32 octets */
    a->key_len = naf->key.len;
    a->gba.ends_ms = loop_now(k->site->loop) + (uint64_t)naf->seconds * 1000;
    end(k, NULL);
}

static void on_key(void *user, enum error_code status, const struct trust_naf *naf)
{
    struct account_key *k = user;
    k->call = 0;
    if (status == ERROR_NOT_READY && !k->bootstrapped)
        ask_bsf(k);
    else if (status)
        fail(k, status, error_text(status));
    else
        take(k, naf);
}

static void ask_tre(struct account_key *k)
{
    uint8_t naf_id[NAF_ID_MAX];
    const struct lwm2m_gba *g = &k->account->gba;
    struct writer w = writer_make(naf_id, sizeof naf_id);
    writer_text(&w, g->naf); /* TS 33.220 annex B.3 */
    writer_put(&w, g->ua, sizeof g->ua);
    k->call = trust_naf_key(k->site->trust, g->mid, writer_slice(&w), on_key, k);
}

/* The MID of that name, or the one that is ACTIVE. NULL: none, or several (*count). */
static const char *find_mid(const struct site *s, const char *wanted, size_t *count)
{
    const char *found = NULL;
    *count = 0;
    for (struct node *n = tree_next(s->tree, TREE_MID, NULL); n; n = tree_next(s->tree, TREE_MID, n))
        if (strcmp(node_text(n, "State"), mid_state_name(MID_ACTIVE)) == 0 && (!wanted[0] || strcmp(node_id(n), wanted) == 0)) {
            found = node_id(n);
            (*count)++;
        }
    return *count == 1 ? found : NULL;
}

static void on_keys(void *user, enum error_code status, const struct trust_keys *keys)
{
    struct account_key *k = user;
    struct lwm2m_x509 *x = &k->account->x509;
    struct error e;
    k->call = 0;
    if (!status && (!keys->certificate.len || keys->certificate.len > sizeof x->certificate))
        status = ERROR_INCOMPLETE;
    if (status) {
        error_set(&e, status, "device certificate for %.100s: %s", k->account->uri, status == ERROR_INCOMPLETE ? "the gateway has none" : error_text(status));
        end(k, &e);
        return;
    }
    memcpy(x->certificate, keys->certificate.data, keys->certificate.len);
    x->certificate_len = keys->certificate.len;
    end(k, NULL);
}

static void begin(void *user)
{
    struct account_key *k = user;
    struct lwm2m_gba *g = &k->account->gba;
    size_t count;
    k->timer = 0;
    if (k->account->x509.device) {
        k->call = trust_keys(k->site->trust, on_keys, k);
        return;
    }
    const char *mid = find_mid(k->site, g->mid, &count);
    if (!mid) {
        fail(k, count ? ERROR_INCOMPLETE : ERROR_NOT_FOUND, count ? "several MIDs are ACTIVE; the instruction must name one in cred" : "no such MID is ACTIVE");
        return;
    }
    (void)text_copy(g->mid, sizeof g->mid, mid);
    if (k->bootstrapped)
        ask_bsf(k);
    else
        ask_tre(k);
}

struct account_key *account_key_fill(struct site *site, struct lwm2m_account *account, bool fresh, account_key_fn *fn, void *user)
{
    struct account_key *k = calloc(1, sizeof *k);
    if (!k)
        abort(); /* the agent restarts */
    *k = (struct account_key){ .site = site, .account = account, .bootstrapped = fresh, .fn = fn, .user = user };
    k->timer = loop_timer(site->loop, 0, begin, k);
    return k;
}
