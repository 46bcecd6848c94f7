/* SPDX-License-Identifier: Apache-2.0 */
/* The procedure as a table of states. Promises: RES, CK and IK stay in the TRE; the BSF is believed only after its response-auth fits; one
 * resynchronisation a run. Must never log an IMPI.
 *
 *   NAMING -named-> ASKING -challenged-> AKA -computed-> ANSWERING -signed-> PROVING -informed-> CHECKING -signed-> BINDING -bound-> done
 *                                         ^------------- challenged, once, after AUTS ---|
 */
#include "mid/ub.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "codec/gba_info.h"
#include "codec/mid_identity.h"
#include "mid/aka_digest.h"

enum { TIMEOUT_MS = 30 * 1000, RESPONSE_MAX = GBA_INFO_OCTETS, URL_CAP = 512, SECONDS_MAX = 31 * 24 * 3600 };

enum state { NAMING, ASKING, AKA, ANSWERING, PROVING, CHECKING, BINDING, STATES };
enum event { NAMED, CHALLENGED, COMPUTED, SIGNED, INFORMED, BOUND };

struct ub {
    struct ub_request q;
    ub_done_fn *fn;
    void *user;
    enum state state;
    uint32_t call; /* of the TRE */
    bool asking;   /* HTTPS is under way */
    bool resynchronised;
    struct mid_identity id;
    char url[URL_CAP], host[256], path[URL_CAP];
    struct aka_challenge challenge;
    char cnonce[AKA_DIGEST_CNONCE + 1], response[AKA_DIGEST_HEX + 1], rspauth[AKA_DIGEST_HEX + 1];
    uint32_t nc, session;
    uint8_t auts[AKA_DIGEST_AUTS], body_md5[16];
    size_t auts_len;
    struct gba_info info;
};

typedef void action_fn(struct ub *u);
static action_fn ask, authenticate, sign, prove, check, bind_ks, finish;

static const struct {
    enum state from;
    enum event event;
    enum state to;
    action_fn *action;
} arrows[] = {
    { NAMING, NAMED, ASKING, ask },          { ASKING, CHALLENGED, AKA, authenticate },  { AKA, COMPUTED, ANSWERING, sign },
    { ANSWERING, SIGNED, PROVING, prove },   { PROVING, CHALLENGED, AKA, authenticate }, { PROVING, INFORMED, CHECKING, check },
    { CHECKING, SIGNED, BINDING, bind_ks },  { BINDING, BOUND, STATES, finish },
};

void ub_cancel(struct ub *u)
{
    if (!u)
        return;
    if (u->call)
        trust_cancel(u->q.trust, u->call);
    if (u->asking)
        https_cancel(u->q.https);
    if (u->session)
        (void)trust_session_end(u->q.trust, u->session);
    secret_zero(u, sizeof *u);
    free(u);
}

static void end(struct ub *u, const struct error *err)
{
    ub_done_fn *fn = u->fn;
    void *user = u->user;
    char btid[GBA_INFO_BTID + 1];
    int64_t ends = u->info.ends;
    (void)text_copy(btid, sizeof btid, err ? "" : u->info.btid);
    ub_cancel(u);
    fn(user, err, btid, ends);
}

static void fail(struct ub *u, const struct error *err)
{
    struct error e = *err;
    end(u, &e);
}

static void post(struct ub *u, enum event event)
{
    struct error e;
    for (size_t i = 0; i < sizeof arrows / sizeof *arrows; i++)
        if (arrows[i].from == u->state && arrows[i].event == event) {
            u->state = arrows[i].to;
            arrows[i].action(u);
            return;
        }
    (void)error_set(&e, ERROR_PROTOCOL, "BSF %.80s: an answer that does not belong there", u->host);
    fail(u, &e);
}

/* What the TRE refuses, in words that name the MID. */
static bool tre_failed(struct ub *u, enum error_code status, const char *what)
{
    struct error e;
    u->call = 0;
    if (!status)
        return false;
    (void)error_set(&e, status, "GBA of MID %.64s: %s: %s", u->q.mid_id, what, error_text(status));
    if (status == ERROR_DENIED)
        (void)text_copy(e.hint, sizeof e.hint, "its ACL must name identity and gba for agentd");
    fail(u, &e);
    return true;
}

/* --- NAMING --- */

/* https://HOST[:PORT][/PATH]; the derived one has neither port nor path. */
static enum error_code make_url(struct ub *u, struct error *err)
{
    uint16_t port;
    bool derived = !u->q.url[0];
    (void)snprintf(u->url, sizeof u->url, derived ? "https://%s/" : "%s", derived ? u->id.bsf : u->q.url);
    enum error_code rc = uri_split(u->url, "https", u->host, sizeof u->host, &port, err);
    const char *slash = rc ? NULL : strchr(&u->url[sizeof "https://" - 1], '/');
    return rc ? rc : text_copy(u->path, sizeof u->path, slash ? slash : "/") ? ERROR_NONE : ERROR_TOO_LARGE;
}

static void on_files(void *user, enum error_code status, struct slice files)
{
    struct ub *u = user;
    struct error e = { 0 };
    if (tre_failed(u, status, "its files"))
        return;
    if (mid_identity_take(u->q.type, files, &u->id, &e) || make_url(u, &e)) {
        fail(u, &e);
        return;
    }
    post(u, NAMED);
}

/* --- ASKING, PROVING --- */

static enum error_code judge(const struct ub *u, long status, struct error *err)
{
    if (status == 403)
        return error_set(err, ERROR_CLIENT_AUTH, "BSF %.80s refuses the identity of MID %.64s (403)", u->host, u->q.mid_id);
    if (status == 401)
        return error_set(err, ERROR_CLIENT_AUTH, "BSF %.80s did not take the answer of MID %.64s (401 again)", u->host, u->q.mid_id);
    if (status == 400)
        return error_set(err, ERROR_PROTOCOL, "BSF %.80s does not understand us (400)", u->host);
    return error_set(err, ERROR_HTTP, "BSF %.80s answered %ld", u->host, status);
}

static enum error_code take_info(struct ub *u, const struct https_response *r, struct error *err)
{
    uint64_t now = clock_now(u->q.clock);
    unsigned len = 0;
    if (strncmp(r->content_type, "application/vnd.3gpp.bsf+xml", 28) != 0)
        return error_set(err, ERROR_PROTOCOL, "BSF %.80s: content type %.60s", u->host, r->content_type);
    const char *info = r->header(r, "Authentication-Info");
    enum error_code rc = info ? aka_rspauth_read(info, u->cnonce, u->nc, u->rspauth, err)
                              : error_set(err, ERROR_SERVER_AUTH, "BSF %.80s did not prove itself (no Authentication-Info)", u->host);
    if (!rc)
        rc = gba_info_read(r->body, &u->info, err);
    if (rc)
        return rc;
    if (u->info.ends <= (int64_t)now)
        return error_set(err, ERROR_EXPIRED, "BSF %.80s: the B-TID has expired already; check the clock of both sides", u->host);
    return EVP_Digest(r->body.data, r->body.len, u->body_md5, &len, EVP_md5(), NULL) == 1 ? ERROR_NONE : error_set(err, ERROR_INTERNAL, "MD5");
}

/* TS 24.109 clause 4.4: the BSF that was asked, with auth-int. */
static enum error_code take_challenge(struct ub *u, const struct https_response *r, struct error *err)
{
    const char *header = r->header(r, "WWW-Authenticate");
    if (!header)
        return error_set(err, ERROR_PROTOCOL, "BSF %.80s: 401 without WWW-Authenticate", u->host);
    struct error inner = { 0 };
    if (aka_challenge_read(header, &u->challenge, &inner))
        return error_set(err, ERROR_PROTOCOL, "BSF %.60s: %.120s", u->host, inner.text);
    if (strcasecmp(u->challenge.realm, u->host) != 0)
        return error_set(err, ERROR_PROTOCOL, "BSF %.80s answers for the realm %.80s", u->host, u->challenge.realm);
    if (u->challenge.qop != AKA_QOP_AUTH_INT || u->challenge.version != 1)
        return error_set(err, ERROR_PROTOCOL, "BSF %.80s: the challenge is not AKAv1-MD5 with auth-int", u->host);
    return ERROR_NONE;
}

static void on_response(void *user, const struct error *error, const struct https_response *r)
{
    struct ub *u = user;
    struct error e = { 0 };
    u->asking = false;
    if (error) {
        fail(u, error);
        return;
    }
    bool again = r->status == 401 && (u->state == ASKING || u->auts_len);
    bool informed = r->status == 200 && u->state == PROVING && !u->auts_len;
    if (again ? take_challenge(u, r, &e) : informed ? take_info(u, r, &e) : judge(u, r->status, &e))
        fail(u, &e);
    else
        post(u, again ? CHALLENGED : INFORMED);
}

static void request(struct ub *u, const struct aka_answer *answer)
{
    static const char agent[] = "User-Agent: gateway-agent 3gpp-gba"; /* TS 24.109 clause 4.4: product token of GBA_ME */
    char header[sizeof "Authorization: " + AKA_DIGEST_HEADER] = "Authorization: ", value[AKA_DIGEST_HEADER];
    const char *const headers[] = { header, agent, NULL };
    struct error e = { 0 };
    struct https_request q = { .url = u->url, .headers = headers, .roots_pem = u->q.roots_pem, .lease = &u->q.lease, .max_response = RESPONSE_MAX,
                               .timeout_ms = TIMEOUT_MS, .now = clock_now(u->q.clock) };
    if (!aka_authorization(answer, value))
        (void)error_set(&e, ERROR_TOO_LARGE, "BSF %.80s: its challenge is too long", u->host);
    (void)strncat(header, value, AKA_DIGEST_HEADER);
    if (!e.code)
        u->asking = https_post(u->q.https, &q, on_response, u, &e) == ERROR_NONE;
    if (!u->asking)
        fail(u, &e);
}

static void ask(struct ub *u)
{
    (void)text_copy(u->challenge.realm, sizeof u->challenge.realm, u->host);
    request(u, &(struct aka_answer){ .username = u->id.impi, .uri = u->path, .challenge = &u->challenge });
}

static void prove(struct ub *u)
{
    request(u, &(struct aka_answer){ .username = u->id.impi, .uri = u->path, .challenge = &u->challenge, .cnonce = u->cnonce, .nc = u->nc,
                                     .response = u->response, .auts = { u->auts, u->auts_len } });
}

/* --- AKA --- */

static enum error_code judge_aka(struct ub *u, const struct trust_aka *aka, struct error *err)
{
    bool sync = aka->verdict == TRE_AKA_SYNC;
    if (aka->verdict == TRE_AKA_MAC)
        return error_set(err, ERROR_SERVER_AUTH, "GBA of MID %.64s: the network behind BSF %.60s did not prove itself (MAC)", u->q.mid_id, u->host);
    if (sync && (u->resynchronised || aka->auts.len != AKA_DIGEST_AUTS))
        return error_set(err, ERROR_PROTOCOL, "GBA of MID %.64s: out of step again after AUTS", u->q.mid_id);
    u->auts_len = sync ? AKA_DIGEST_AUTS : 0;
    if (sync)
        memcpy(u->auts, aka->auts.data, AKA_DIGEST_AUTS);
    u->resynchronised = u->resynchronised || sync;
    if (sync)
        log_info("gba", "%s: out of step; the network gets AUTS", u->q.mid_id);
    return ERROR_NONE;
}

static void on_aka(void *user, enum error_code status, const struct trust_aka *aka)
{
    struct ub *u = user;
    struct error e = { 0 };
    uint8_t random[AKA_DIGEST_CNONCE / 2];
    if (tre_failed(u, status, "AUTHENTICATE"))
        return;
    u->session = aka->session;
    if (judge_aka(u, aka, &e) || RAND_bytes(random, sizeof random) != 1) {
        fail(u, &e);
        return;
    }
    (void)text_hex(random, sizeof random, u->cnonce);
    u->nc = 1;
    post(u, COMPUTED);
}

static void authenticate(struct ub *u)
{
    if (u->session)
        (void)trust_session_end(u->q.trust, u->session);
    u->session = 0;
    u->call = trust_gba_authenticate(u->q.trust, u->q.mid_id, u->challenge.rand, u->challenge.autn, on_aka, u);
}

/* --- ANSWERING, CHECKING --- */

static void on_signed(void *user, enum error_code status, struct slice digest)
{
    struct ub *u = user;
    struct error e;
    char text[AKA_DIGEST_HEX + 1] = "";
    if (tre_failed(u, status, "response"))
        return;
    memcpy(text, digest.data, AKA_DIGEST_HEX); /* trust/ has checked the length */
    if (u->state == ANSWERING) {
        (void)text_copy(u->response, sizeof u->response, text);
    } else if (strcmp(text, u->rspauth) != 0) {
        (void)error_set(&e, ERROR_SERVER_AUTH, "BSF %.80s did not prove itself (response-auth)", u->host);
        fail(u, &e);
        return;
    }
    post(u, SIGNED);
}

static void digest(struct ub *u, const char *method)
{
    struct trust_digest d = { .session = u->session, .version = 1, .qop = AKA_QOP_AUTH_INT, .nc = u->nc, .body = u->body_md5, .username = u->id.impi,
                              .realm = u->challenge.realm, .nonce = u->challenge.nonce,
                              .uri = u->path, .method = method, .cnonce = u->cnonce };
    u->call = trust_digest(u->q.trust, &d, on_signed, u);
}

static void sign(struct ub *u)
{
    unsigned len = 0;
    struct error e;
    if (EVP_Digest("", 0, u->body_md5, &len, EVP_md5(), NULL) != 1) {
        (void)error_set(&e, ERROR_INTERNAL, "MD5");
        fail(u, &e);
        return;
    }
    digest(u, "GET");
}

static void check(struct ub *u)
{
    digest(u, "");
}

/* --- BINDING --- */

static void on_bound(void *user, enum error_code status)
{
    struct ub *u = user;
    if (!tre_failed(u, status, "Ks"))
        post(u, BOUND);
}

static void bind_ks(struct ub *u)
{
    int64_t left = u->info.ends - (int64_t)clock_now(u->q.clock);
    uint32_t seconds = left > SECONDS_MAX ? SECONDS_MAX : left > 0 ? (uint32_t)left : 0;
    u->call = trust_gba_bind(u->q.trust, u->session, seconds, u->info.btid, u->id.impi, on_bound, u);
}

static void finish(struct ub *u)
{
    u->session = 0; /* the TRE has made Ks of it */
    end(u, NULL);
}

struct ub *ub_start(const struct ub_request *request, ub_done_fn *fn, void *user)
{
    struct ub *u = calloc(1, sizeof *u);
    if (!u)
        abort(); /* the agent restarts */
    *u = (struct ub){ .q = *request, .fn = fn, .user = user };
    u->call = trust_files(u->q.trust, u->q.mid_id, on_files, u);
    return u;
}
