/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves the engine, and to whom: the ACL of the MID decides. Promises that the whole body is read before anything is done, and that
 * an answer holds nothing that the right it was asked under does not cover. AUTHENTICATE opens no heap scope: it is the fast one. */
#include "tred/aka_requests.h"

#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "model/fields.h"
#include "tred/digest.h"
#include "tred/gba.h"
#include "tred/heap.h"
#include "tred/mid.h"
#include "tred/mide.h"
#include "tred/session.h"

enum { ID_CAP = sizeof ((struct mid_entry *)0)->id, EAP_AKA = 23, EAP_AKA_PRIME = 50, PATH_OCTETS = 16, UA_LEN = 5 };

typedef enum error_code run_fn(struct tre *t, unsigned peers, struct reader *in, struct writer *out);

static bool complete(struct reader *in)
{
    if (!reader_done(in))
        reader_fail(in);
    return !in->failed;
}

static enum error_code denied(const char *id, const char *what)
{
    log_warning("mide", "%s: its ACL does not allow this peer %s", id, what);
    return ERROR_DENIED;
}

static const struct {
    unsigned right;
    bool res, session;
    const char *name;
} purposes[] = {
    [TRE_FOR_USIM] = { RIGHT_AUTHENTICATE, true, false, "usim" },   [TRE_FOR_ISIM] = { RIGHT_AUTHENTICATE, true, false, "isim" },
    [TRE_FOR_EAP] = { RIGHT_AUTHENTICATE, true, true, "eap" },      [TRE_FOR_GBA] = { RIGHT_GBA, false, true, "gba" },
    [TRE_FOR_DIGEST] = { RIGHT_AUTHENTICATE, false, true, "digest" }, [TRE_FOR_GSM] = { RIGHT_GSM, true, false, "gsm" },
};

struct question {
    char id[ID_CAP];
    uint8_t purpose;
    struct slice rand, autn;
};

struct reply {
    enum aka_verdict verdict;
    struct aka_out out;
    uint8_t auts[AKA_AUTS];
    uint32_t session;
};

static enum error_code keep(struct tre *t, unsigned peers, const struct question *q, const struct engine *e, struct reply *r)
{
    struct session *s = session_new(t, peers);
    if (!s)
        return ERROR_NO_MEMORY;
    memcpy(s->mid, q->id, sizeof s->mid);
    memcpy(s->rand, q->rand.data, sizeof s->rand);
    memcpy(s->autn, q->autn.data, sizeof s->autn);
    s->rights = mide_rights(e, peers);
    s->gba = q->purpose == TRE_FOR_GBA;
    s->sync = r->verdict == AKA_SYNC;
    if (!s->sync) {
        memcpy(s->res, r->out.res, r->out.res_len);
        memcpy(s->ck, r->out.ck, sizeof s->ck);
        memcpy(s->ik, r->out.ik, sizeof s->ik);
        s->res_len = r->out.res_len;
    }
    r->session = s->number;
    return ERROR_NONE;
}

static void put_reply(const struct question *q, unsigned rights, const struct reply *r, struct writer *out)
{
    bool ok = r->verdict == AKA_OK, keys = ok && (q->purpose == TRE_FOR_USIM || q->purpose == TRE_FOR_ISIM) && (rights & RIGHT_CKIK);
    writer_u8(out, (uint8_t)r->verdict);
    writer_u32(out, r->session);
    fields_put(out, r->out.res, ok && purposes[q->purpose].res ? r->out.res_len : 0);
    fields_put(out, r->out.ck, keys ? sizeof r->out.ck : 0);
    fields_put(out, r->out.ik, keys ? sizeof r->out.ik : 0);
    fields_put(out, r->auts, r->verdict == AKA_SYNC ? sizeof r->auts : 0);
}

/* Whoever picks the RANDs learns what a 2G network would: nothing of it is there unless the issuer said so. */
static enum error_code authenticate_gsm(unsigned peers, const struct question *q, struct engine *e, struct writer *out)
{
    static const uint8_t none[AKA_AUTN] = { 0 };
    struct aka_out o = { .res_len = AKA_SRES };
    if (!slice_equal(q->autn, (struct slice){ none, sizeof none }))
        return ERROR_INVALID;
    enum error_code rc = mide_gsm(e, q->rand.data, o.res, o.ck);
    if (!rc) {
        writer_u8(out, AKA_OK);
        writer_u32(out, 0);
        fields_put(out, o.res, AKA_SRES);
        fields_put(out, o.ck, mide_rights(e, peers) & RIGHT_CKIK ? AKA_KC : 0);
        fields_put(out, NULL, 0);
        fields_put(out, NULL, 0);
    }
    log_debug("mide", "%s: AUTHENTICATE (gsm): %s", q->id, rc ? error_name(rc) : "ok");
    secret_zero(&o, sizeof o);
    return rc;
}

/* The engine, if it may be asked for that purpose. */
static enum error_code open_for(struct tre *t, unsigned peers, const struct question *q, struct engine **e)
{
    enum error_code rc = mide_open(t, q->id, e);
    if (rc)
        return rc;
    if (!(mide_rights(*e, peers) & purposes[q->purpose].right))
        return denied(q->id, purposes[q->purpose].name);
    bool usim = q->purpose == TRE_FOR_USIM || q->purpose == TRE_FOR_GSM;
    if ((usim && mide_type(*e) == MID_ISIM) || (q->purpose == TRE_FOR_ISIM && mide_type(*e) != MID_ISIM))
        return ERROR_INVALID;
    return purposes[q->purpose].session ? mide_check(t, *e) : ERROR_NONE;
}

static enum error_code authenticate(struct tre *t, unsigned peers, const struct question *q, struct writer *out)
{
    struct engine *e;
    struct reply r = { .session = 0 };
    enum error_code rc = open_for(t, peers, q, &e);
    if (!rc && q->purpose == TRE_FOR_GSM)
        return authenticate_gsm(peers, q, e, out);
    if (rc)
        return rc;
    rc = mide_authenticate(t, e, q->rand.data, q->autn.data, &r.verdict, &r.out, r.auts);
    if (!rc && purposes[q->purpose].session && r.verdict != AKA_MAC_FAILED)
        rc = keep(t, peers, q, e, &r);
    if (!rc)
        put_reply(q, mide_rights(e, peers), &r, out);
    if (!rc && r.verdict == AKA_MAC_FAILED)
        log_warning("mide", "%s: AUTHENTICATE (%s): MAC of the network is wrong", q->id, purposes[q->purpose].name);
    else
        log_debug("mide", "%s: AUTHENTICATE (%s): %s", q->id, purposes[q->purpose].name, rc ? error_name(rc) : r.verdict ? "out of step" : "ok");
    secret_zero(&r, sizeof r);
    return rc;
}

static enum error_code do_authenticate(struct tre *t, unsigned peers, struct reader *in, struct writer *out)
{
    struct question q;
    fields_take_text(in, q.id, sizeof q.id);
    q.purpose = reader_u8(in);
    q.rand = reader_take(in, AKA_RAND);
    q.autn = reader_take(in, AKA_AUTN);
    if (!complete(in))
        return ERROR_MALFORMED;
    return q.purpose >= TRE_FOR_USIM && q.purpose <= TRE_FOR_GSM ? authenticate(t, peers, &q, out) : ERROR_INVALID;
}

static enum error_code do_session_end(struct tre *t, unsigned peers, struct reader *in, struct writer *out)
{
    uint32_t number = reader_u32(in);
    (void)out;
    if (!complete(in))
        return ERROR_MALFORMED;
    struct session *s = session_find(t, peers, number);
    if (s)
        session_end(s);
    return ERROR_NONE;
}

static enum error_code do_eap_keys(struct tre *t, unsigned peers, struct reader *in, struct writer *out)
{
    uint8_t keys[KEYS_EAP_AKA_PRIME];
    struct session *s = session_find(t, peers, reader_u32(in));
    uint8_t type = reader_u8(in);
    struct slice identity = fields_take(in), name = fields_take(in);
    if (!complete(in))
        return ERROR_MALFORMED;
    bool prime = type == EAP_AKA_PRIME;
    if ((type != EAP_AKA && !prime) || identity.len == 0 || (name.len > 0) != prime)
        return ERROR_INVALID;
    if (!s || s->sync)
        return ERROR_NOT_FOUND;
    if (!(s->rights & RIGHT_MSK))
        return denied(s->mid, "keys of EAP");
    if (prime && !(s->autn[AKA_SQN] & 0x80)) /* RFC 9048 section 3.2: AMF separation bit */
        return ERROR_PROTOCOL;
    bool ok = prime ? keys_eap_aka_prime(identity, name, s->autn, s->ck, s->ik, keys) : keys_eap_aka(identity, s->ck, s->ik, keys);
    if (ok)
        writer_put(out, keys, prime ? KEYS_EAP_AKA_PRIME : KEYS_EAP_AKA);
    secret_zero(keys, sizeof keys);
    return ok ? ERROR_NONE : ERROR_INTERNAL;
}

static enum error_code do_digest(struct tre *t, unsigned peers, struct reader *in, struct writer *out)
{
    char response[DIGEST_TEXT];
    struct session *s = session_find(t, peers, reader_u32(in));
    struct digest d = { .version = reader_u8(in) };
    uint8_t qop = reader_u8(in);
    d.nc = reader_u32(in);
    d.body = reader_take(in, DIGEST_MD5).data;
    d.username = fields_take(in);
    d.realm = fields_take(in);
    d.nonce = fields_take(in);
    d.uri = fields_take(in);
    d.method = fields_take(in);
    d.cnonce = fields_take(in);
    if (!complete(in))
        return ERROR_MALFORMED;
    if ((d.version != 1 && d.version != 2) || qop > DIGEST_QOP_AUTH_INT)
        return ERROR_INVALID;
    if (!s)
        return ERROR_NOT_FOUND;
    d.qop = (enum digest_qop)qop;
    d.res = (struct slice){ s->res, s->res_len };
    d.ck = (struct slice){ s->ck, s->sync ? 0 : sizeof s->ck };
    d.ik = (struct slice){ s->ik, s->sync ? 0 : sizeof s->ik };
    if (!digest_response(&d, response))
        return ERROR_INTERNAL;
    writer_put(out, response, sizeof response);
    return ERROR_NONE;
}

/* agent-usimd by `gba`; agentd by `naf`, for the TLS sessions that it has itself (TS 33.222 clauses 5.3 and 5.4) and no other use of the key. */
static bool may_have_naf_key(const struct engine *e, unsigned peers, struct slice naf_id)
{
    static const uint8_t shared_key_tls[] = { 1, 0, 1 };
    struct reader r = reader_make(naf_id.data, naf_id.len);
    if ((peers & TRE_PEER_USIMD) && (mide_rights(e, peers) & RIGHT_GBA))
        return true;
    (void)reader_take(&r, naf_id.len > UA_LEN ? naf_id.len - UA_LEN : naf_id.len);
    bool tls = slice_equal(reader_take(&r, sizeof shared_key_tls), (struct slice){ shared_key_tls, sizeof shared_key_tls });
    return (peers & TRE_PEER_AGENTD) && tls && (mide_rights(e, TRE_PEER_AGENTD) & RIGHT_NAF);
}

/* B-TID and Ks_NAF, or the news for agentd that Ks is wanted. */
static enum error_code put_naf_key(struct tre *t, unsigned peers, const char *id, struct slice naf_id, struct writer *out)
{
    uint8_t key[KEYS_KS_NAF];
    uint32_t seconds;
    struct slice btid;
    enum error_code rc = gba_key(t, id, naf_id, key, &seconds, &btid);
    if (!rc) {
        writer_u32(out, seconds);
        fields_put(out, btid.data, btid.len);
        writer_put(out, key, sizeof key);
    } else if (rc == ERROR_NOT_READY && (peers & TRE_PEER_USIMD)) {
        t->news = (struct tre_news){ .peers = TRE_PEER_AGENTD, .op = TRE_OP_NAF_KEY };
        memcpy(t->news.mid, id, sizeof t->news.mid);
    }
    secret_zero(key, sizeof key);
    return rc;
}

static enum error_code do_naf_key(struct tre *t, unsigned peers, struct reader *in, struct writer *out)
{
    char id[ID_CAP] = "";
    struct engine *e;
    fields_take_text(in, id, sizeof id);
    struct slice naf_id = fields_take(in);
    if (!complete(in))
        return ERROR_MALFORMED;
    if (naf_id.len == 0 || naf_id.len > GBA_NAME_MAX)
        return ERROR_INVALID;
    enum error_code rc = mide_open(t, id, &e);
    if (rc)
        return rc;
    if (!may_have_naf_key(e, peers, naf_id))
        return denied(id, peers & TRE_PEER_USIMD ? "gba" : "naf, or not this use of the key");
    struct heap_scope scope;
    heap_scope_begin(&scope);
    rc = put_naf_key(t, peers, id, naf_id, out);
    heap_scope_end(&scope);
    return rc;
}

static enum error_code do_gba_bind(struct tre *t, unsigned peers, struct reader *in, struct writer *out)
{
    struct session *s = session_find(t, peers, reader_u32(in));
    uint32_t seconds = reader_u32(in);
    struct slice btid = fields_take(in), impi = fields_take(in);
    (void)out;
    if (!complete(in))
        return ERROR_MALFORMED;
    if (!s || s->sync || !s->gba)
        return ERROR_NOT_FOUND;
    struct tre_news news = { .peers = TRE_PEER_USIMD, .op = TRE_OP_GBA_BIND };
    memcpy(news.mid, s->mid, sizeof news.mid);
    enum error_code rc = gba_bind(t, s, seconds, btid, impi);
    if (!rc) {
        t->news = news;
        log_info("mide", "%s: Ks of GBA for %lu s", news.mid, (unsigned long)seconds);
    }
    return rc;
}

static enum error_code put_files(struct tre *t, const char *id, struct slice path, struct writer *out)
{
    struct manifest m;
    enum error_code rc = mid_read(t, registry_mid(&t->registry, id), &m);
    size_t at = out->len, count = 0;
    writer_u16(out, 0);
    for (size_t i = 0; !rc && i < manifest_file_count(&m); i++) {
        struct slice here, content;
        manifest_file(&m, i, &here, &content);
        if (path.len && !slice_equal(path, here))
            continue;
        fields_put(out, here.data, here.len);
        fields_put(out, content.data, content.len);
        count++;
    }
    manifest_free(&m);
    if (rc || out->failed)
        return rc ? rc : ERROR_TOO_LARGE;
    out->data[at + 1] = (uint8_t)count; /* at most MANIFEST_FILES */
    return count || !path.len ? ERROR_NONE : ERROR_NOT_FOUND;
}

static enum error_code do_read_file(struct tre *t, unsigned peers, struct reader *in, struct writer *out)
{
    char id[ID_CAP];
    struct engine *e;
    fields_take_text(in, id, sizeof id);
    struct slice path = fields_take(in);
    if (!complete(in))
        return ERROR_MALFORMED;
    if (path.len > PATH_OCTETS)
        return ERROR_INVALID;
    enum error_code rc = mide_open(t, id, &e);
    if (rc)
        return rc;
    if (!(mide_rights(e, peers) & RIGHT_IDENTITY))
        return denied(id, "its files");
    struct heap_scope scope;
    heap_scope_begin(&scope);
    rc = put_files(t, id, path, out);
    heap_scope_end(&scope);
    return rc;
}

static enum error_code do_verify_pin(struct tre *t, unsigned peers, struct reader *in, struct writer *out)
{
    char id[ID_CAP];
    struct engine *e;
    bool enabled;
    uint8_t left;
    fields_take_text(in, id, sizeof id);
    struct slice pin = fields_take(in);
    if (!complete(in))
        return ERROR_MALFORMED;
    if (pin.len > MANIFEST_PIN)
        return ERROR_INVALID;
    enum error_code rc = mide_open(t, id, &e);
    if (rc)
        return rc;
    if (!(mide_rights(e, peers) & RIGHT_AUTHENTICATE))
        return denied(id, "its PIN");
    rc = mide_pin(t, e, pin, &enabled, &left);
    writer_u8(out, enabled);
    writer_u8(out, left);
    return rc;
}

static const struct {
    uint16_t op;
    run_fn *run;
    bool scope; /* uses libcrypto beyond the engine */
} rows[] = {
    { TRE_OP_AUTHENTICATE, do_authenticate, false }, { TRE_OP_SESSION_END, do_session_end, false }, { TRE_OP_EAP_KEYS, do_eap_keys, true },
    { TRE_OP_DIGEST, do_digest, true },              { TRE_OP_NAF_KEY, do_naf_key, false },         { TRE_OP_READ_FILE, do_read_file, false },
    { TRE_OP_VERIFY_PIN, do_verify_pin, false },     { TRE_OP_GBA_BIND, do_gba_bind, false },
};

static size_t row_of(uint16_t op)
{
    size_t i = 0;
    while (i < sizeof rows / sizeof *rows && rows[i].op != op)
        i++;
    return i;
}

bool aka_requests_has(uint16_t op)
{
    return row_of(op) < sizeof rows / sizeof *rows;
}

enum error_code aka_requests_run(struct tre *t, unsigned peers, uint16_t op, struct reader *in, struct writer *out)
{
    size_t i = row_of(op);
    struct heap_scope scope;
    if (!rows[i].scope)
        return rows[i].run(t, peers, in, out);
    heap_scope_begin(&scope);
    enum error_code rc = rows[i].run(t, peers, in, out);
    heap_scope_end(&scope);
    return rc;
}
