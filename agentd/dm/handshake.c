/* SPDX-License-Identifier: Apache-2.0 */
/* Mutual authentication of a session (OMA DM Security 1.2, section 5.1.3; OMA DM Protocol 1.2, section 9): our credentials and the server's
 * challenges, the server's credentials and our challenges, the nonces of both. Promises that s->server.ok is set only by a right digest (or when the account
 * has no server credentials, and then by TLS alone), and that nonces of a server that is not authenticated are not kept. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "dm/session.h"

static struct slice nonce_of(const struct dm_party *p)
{
    return (struct slice){ p->nonce, p->nonce_len };
}

/* The name for a digest: none where the secret is the hash of both already. */
static const char *digest_name(const struct dm_credential *c, const char *name)
{
    return c->hashed ? NULL : name;
}

static const char *server_name(const struct dm_session *s)
{
    return *s->account.server.name ? s->account.server.name : s->account.server_id;
}

void handshake_init(struct dm_session *s)
{
    const struct dm_credential *c = &s->account.client;
    s->client = (struct dm_party){ .type = s->account.auth, .needed = *c->name || *c->secret, .nonce_len = c->nonce_len };
    memcpy(s->client.nonce, c->nonce, c->nonce_len);
    s->server = (struct dm_party){ .type = s->account.auth, .needed = *s->account.server.secret != '\0' };
    s->server.ok = !s->server.needed;
    if (!s->server.needed)
        log_notice(s->log, "account %.64s has no server credentials: the server is authenticated by TLS only", s->account.server_id);
}

/* NextNonce feeds the next digest; it is kept once the server is authenticated (keep_nonces). */
static bool take_challenge(struct dm_session *s, const struct syncml_node *status, bool demand, struct error *err)
{
    const struct syncml_node *meta = syncml_child(syncml_child(status, SYNCML_CHAL), SYNCML_META);
    struct slice next = syncml_text(meta, SYNCML_NEXT_NONCE);
    const struct syncml_node *next_node = syncml_child(meta, SYNCML_NEXT_NONCE);
    enum dm_auth type;
    if (demand) {
        if (!meta || !dm_auth_from_type(syncml_text(meta, SYNCML_TYPE), &type)) {
            error_set(err, ERROR_CLIENT_AUTH, "%.80s refused our credentials and demands none that we know", s->host);
            return false;
        }
        if (type < s->account.auth) { /* basic < md5 < HMAC: never weaker than the account says */
            error_set(err, ERROR_CLIENT_AUTH, "%.80s demands %s, the account says %s", s->host, dm_auth_name(type), dm_auth_name(s->account.auth));
            return false;
        }
        s->client.type = type;
    }
    if (!next.len)
        return true;
    size_t len = 0;
    uint8_t nonce[sizeof s->client.nonce];
    if (next_node->opaque && next.len <= sizeof nonce) { /* a bin value as OPAQUE is the nonce itself when it is no Base64 */
        if (!text_base64_decode(next, nonce, sizeof nonce, &len)) {
            memcpy(nonce, next.data, next.len);
            len = next.len;
        }
    } else if (!text_base64_decode(next, nonce, sizeof nonce, &len) || len == 0) {
        error_set(err, ERROR_PROTOCOL, "%.80s sent a malformed NextNonce", s->host);
        return false;
    }
    memcpy(s->client.nonce, nonce, len);
    s->client.nonce_len = len;
    return true;
}

/* The server has shown that it has this one: what it had before is over. */
static void keep_server_nonce(struct dm_session *s, const uint8_t *nonce, size_t len)
{
    memcpy(s->account.server.nonce, nonce, len);
    s->account.server.nonce_len = len;
    s->account.given_len = 0;
}

/* Of an authenticated server only. */
static void keep_nonces(struct dm_session *s, bool server_has_ours)
{
    if (s->client.nonce_len) {
        memcpy(s->account.client.nonce, s->client.nonce, s->client.nonce_len);
        s->account.client.nonce_len = s->client.nonce_len;
    }
    if (server_has_ours && s->server.nonce_len)
        keep_server_nonce(s, s->server.nonce, s->server.nonce_len);
}

void handshake_gave(struct dm_session *s)
{
    if (!s->challenge || !s->server.ok)
        return;
    memcpy(s->account.given, s->server.nonce, s->server.nonce_len);
    s->account.given_len = s->server.nonce_len;
}

bool handshake_client(struct dm_session *s, const struct syncml_node *status, struct error *err)
{
    uint64_t code = 0;
    if (!text_decimal(syncml_text(status, SYNCML_DATA), 999, &code)) {
        error_set(err, ERROR_PROTOCOL, "%.80s sent a status without a number", s->host);
        return false;
    }
    s->client.ok = code == DM_OK || code == DM_AUTHENTICATED;
    if (s->client.ok) {
        s->client.session = s->client.session || (code == DM_AUTHENTICATED && s->client.type != DM_AUTH_HMAC);
        return take_challenge(s, status, false, err);
    }
    if (code != DM_BAD_CREDENTIALS && code != DM_NO_CREDENTIALS) {
        error_set(err, ERROR_SERVER_STATUS, "%.80s answered the session with status %u", s->host, (unsigned)code);
        return false;
    }
    if (!s->client.needed || s->client.refusals++ > 0) {
        if (s->server.ok && s->server.needed && take_challenge(s, status, false, err))
            keep_nonces(s, false); /* for the next session */
        error_set(err, ERROR_CLIENT_AUTH, "%.80s refused our credentials with status %u", s->host, (unsigned)code);
        return false;
    }
    s->client.session = false;
    log_info(s->log, "server answers %u, trying once more with its challenge", (unsigned)code);
    return take_challenge(s, status, true, err);
}

enum proof { PROOF_NONE, PROOF_WRONG, PROOF_RIGHT, PROOF_GIVEN, PROOF_RENEWED }; /* given, renewed: right, and made with the nonce that we sent last, in an earlier session or in this one */

/* The digest fits one of the nonces that the server may have: the account's, until it has shown another in this session, and the one that we sent last. */
static enum proof digest_fits(const struct dm_session *s, enum dm_auth type, const char *given, struct slice body)
{
    const struct dm_credential *c = &s->account.server;
    const struct {
        enum proof proof;
        bool allowed;
        struct slice nonce;
    } rows[] = {
        { PROOF_RIGHT, !s->server.ok || !s->server.nonce_len, { c->nonce, c->nonce_len } },
        { PROOF_GIVEN, s->account.given_len, { s->account.given, s->account.given_len } },
        { PROOF_RENEWED, s->server.nonce_len, nonce_of(&s->server) },
    };
    enum proof fits = PROOF_WRONG;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice nonce = rows[i].nonce;
        char want[DM_DIGEST_CAP] = "";
        bool made = type == DM_AUTH_BASIC ? dm_digest_basic(digest_name(c, server_name(s)), c->secret, want)
                  : type == DM_AUTH_MD5 ? dm_digest_md5(digest_name(c, server_name(s)), c->secret, nonce, want)
                                        : dm_digest_hmac(digest_name(c, server_name(s)), c->secret, nonce, body, want);
        if (made && dm_text_equal(want, given) && rows[i].allowed)
            fits = rows[i].proof;
        secret_zero(want, sizeof want);
    }
    return fits;
}

static enum proof check_cred(const struct dm_session *s, const struct syncml_node *cred)
{
    enum dm_auth type;
    char given[DM_DIGEST_CAP];
    if (!dm_auth_from_type(syncml_text2(cred, SYNCML_META, SYNCML_TYPE), &type) || type < s->account.auth || type == DM_AUTH_HMAC)
        return PROOF_WRONG;
    if (!syncml_copy(syncml_text(cred, SYNCML_DATA), given, sizeof given))
        return PROOF_WRONG;
    return digest_fits(s, type, given, (struct slice){ NULL, 0 });
}

static enum proof check_hmac(const struct dm_session *s, const char *header, struct slice body)
{
    char name[256], mac[64];
    if (!dm_hmac_parse(header, name, sizeof name, mac, sizeof mac) || strcmp(name, server_name(s)) != 0)
        return PROOF_WRONG;
    return digest_fits(s, DM_AUTH_HMAC, mac, body);
}

/* A fresh nonce goes out with the status (basic has none); the account takes it over when the server has shown that it got it. */
static bool renew_nonce(struct dm_session *s, struct error *err)
{
    s->challenge = true;
    if (s->server.type == DM_AUTH_BASIC)
        return true;
    if (!dm_nonce_make(s->server.nonce)) {
        error_set(err, ERROR_INTERNAL, "the system gives no random numbers");
        return false;
    }
    s->server.nonce_len = DM_NONCE_LEN;
    return true;
}

static bool refuse(struct dm_session *s, enum proof proof, struct error *err)
{
    bool silent = proof == PROOF_NONE && !s->client.ok; /* it only challenged us: its credentials may follow */
    s->server.ok = s->server.session = false;
    if (!silent && s->server.refusals++ > 0) {
        error_set(err, ERROR_SERVER_AUTH, "%.80s did not authenticate: %s", s->host, proof == PROOF_NONE ? "no credentials" : "wrong credentials twice");
        return false;
    }
    if (!silent)
        log_warning(s->log, "the server %s: challenged once", proof == PROOF_NONE ? "sent no credentials" : "sent wrong credentials");
    s->header_status = proof == PROOF_NONE ? DM_NO_CREDENTIALS : DM_BAD_CREDENTIALS;
    s->hold = true;
    return renew_nonce(s, err);
}

bool handshake_server(struct dm_session *s, const struct syncml_node *hdr, const char *hmac, struct slice body, bool commands, struct error *err)
{
    const struct syncml_node *cred = syncml_child(hdr, SYNCML_CRED);
    s->hold = s->challenge = false;
    s->header_status = DM_OK;
    if (!s->server.needed) {
        keep_nonces(s, false);
        return true;
    }
    if (s->server.session) { /* 212: nothing more is asked in this session; the server has our nonce */
        keep_nonces(s, true);
        s->server.nonce_len = 0;
        return true;
    }
    enum proof proof = hmac ? check_hmac(s, hmac, body) : cred ? check_cred(s, cred) : PROOF_NONE;
    if (proof < PROOF_RIGHT) {
        bool ends = !commands && s->client.ok; /* nothing to answer: the session would end without proof */
        if (ends)
            s->server.refusals = 1;
        return refuse(s, proof, err);
    }
    s->server.ok = true;
    if (proof == PROOF_GIVEN)
        keep_server_nonce(s, s->account.given, s->account.given_len);
    s->server.session = !hmac;
    s->header_status = s->server.session ? DM_AUTHENTICATED : DM_OK;
    if (!hmac && dm_auth_from_type(syncml_text2(cred, SYNCML_META, SYNCML_TYPE), &s->server.type) && s->server.type == DM_AUTH_BASIC) {
        keep_nonces(s, false);
        return true;
    }
    if (hmac)
        s->server.type = DM_AUTH_HMAC;
    keep_nonces(s, proof == PROOF_RENEWED);
    return renew_nonce(s, err);
}

void handshake_cred(struct dm_session *s, struct syncml_writer *w)
{
    const struct dm_credential *c = &s->account.client;
    char digest[DM_DIGEST_CAP] = "";
    if (!s->client.needed || s->client.session || s->client.type == DM_AUTH_HMAC)
        return;
    bool made = s->client.type == DM_AUTH_BASIC ? dm_digest_basic(digest_name(c, c->name), c->secret, digest)
                                                : dm_digest_md5(digest_name(c, c->name), c->secret, nonce_of(&s->client), digest);
    if (!made)
        return;
    syncml_open(w, SYNCML_CRED);
    syncml_open(w, SYNCML_META);
    syncml_put_text(w, SYNCML_FORMAT, "b64");
    syncml_put_text(w, SYNCML_TYPE, dm_auth_type(s->client.type));
    syncml_close(w);
    syncml_put_text(w, SYNCML_DATA, digest);
    syncml_close(w);
    secret_zero(digest, sizeof digest);
}

bool handshake_hmac(const struct dm_session *s, struct slice body, char *header, size_t cap)
{
    const struct dm_credential *c = &s->account.client;
    char mac[DM_DIGEST_CAP];
    if (!s->client.needed || s->client.type != DM_AUTH_HMAC || !dm_digest_hmac(digest_name(c, c->name), c->secret, nonce_of(&s->client), body, mac))
        return false;
    return (size_t)snprintf(header, cap, "x-syncml-hmac: algorithm=MD5, username=\"%s\", mac=%s", c->name, mac) < cap;
}
