/* SPDX-License-Identifier: Apache-2.0 */
/* One run a call: challenge, AUTHENTICATE, response. Promises that RES stays in the TRE and that a wrong MAC of the network gets no answer. */
#include "pn/authorize.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "codec/mid_identity.h"
#include "mid/aka_digest.h"

struct run {
    struct trust *trust;
    authorize_fn *fn;
    void *user;
    char device[65], mid[65], impi[MID_IDENTITY_TEXT + 1];
    char method[32], uri[AKA_DIGEST_TEXT + 1], cnonce[AKA_DIGEST_CNONCE + 1];
    struct aka_challenge challenge;
    uint32_t session;
    uint8_t auts[AKA_DIGEST_AUTS];
    size_t auts_len;
};

static const uint8_t md5_of_nothing[16] = { 0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04, 0xe9, 0x80, 0x09, 0x98, 0xec, 0xf8, 0x42, 0x7e };

static void end(struct run *r, const struct error *err, const char *authorization)
{
    if (err->code)
        log_warning("pn", "%s: %s", r->device, err->text);
    if (r->session)
        (void)trust_session_end(r->trust, r->session);
    r->fn(r->user, err, authorization);
    free(r);
}

static void fail(struct run *r, enum error_code code, const char *what)
{
    struct error e;
    (void)error_set(&e, code, "MID %.64s: %s", r->mid, what);
    end(r, &e, "");
}

static void on_response(void *user, enum error_code status, struct slice digest)
{
    struct run *r = user;
    struct error none = { 0 };
    char response[AKA_DIGEST_HEX + 1] = "", header[AKA_DIGEST_HEADER];
    if (status) {
        fail(r, status, error_text(status));
        return;
    }
    memcpy(response, digest.data, AKA_DIGEST_HEX); /* trust/ has checked the length */
    struct aka_answer a = { .username = r->impi, .uri = r->uri, .cnonce = r->cnonce, .challenge = &r->challenge, .nc = 1, .response = response,
                            .auts = { r->auts, r->auts_len } };
    if (aka_authorization(&a, header))
        end(r, &none, header);
    else
        fail(r, ERROR_TOO_LARGE, "the challenge is too long");
}

static void on_aka(void *user, enum error_code status, const struct trust_aka *aka)
{
    struct run *r = user;
    uint8_t random[AKA_DIGEST_CNONCE / 2];
    if (status || aka->verdict == TRE_AKA_MAC) {
        fail(r, status ? status : ERROR_SERVER_AUTH, status ? error_text(status) : "the network did not prove itself (MAC)");
        return;
    }
    r->session = aka->session;
    if (aka->verdict == TRE_AKA_SYNC && aka->auts.len == sizeof r->auts) {
        r->auts_len = sizeof r->auts;
        memcpy(r->auts, aka->auts.data, sizeof r->auts);
        log_info("pn", "%s: out of step; the network gets AUTS", r->device);
    }
    if (RAND_bytes(random, sizeof random) != 1) {
        fail(r, ERROR_INTERNAL, "no random numbers");
        return;
    }
    (void)text_hex(random, sizeof random, r->cnonce);
    struct trust_digest d = { .session = r->session, .version = r->challenge.version, .qop = (uint8_t)r->challenge.qop, .nc = 1, .body = md5_of_nothing,
                              .username = r->impi, .realm = r->challenge.realm, .nonce = r->challenge.nonce, .uri = r->uri, .method = r->method,
                              .cnonce = r->challenge.qop == AKA_QOP_NONE ? "" : r->cnonce };
    (void)trust_digest(r->trust, &d, on_response, r);
}

static enum error_code check(struct run *r, const struct node *n, const struct authorize_request *q, struct error *err)
{
    if (strcmp(node_text(n, "State"), "assigned") != 0)
        return error_set(err, ERROR_NOT_READY, "device %.64s has no identity; see AssignIdentity", r->device);
    if (!text_is_name(q->method, "-", sizeof r->method - 1) || !text_copy(r->method, sizeof r->method, q->method))
        return error_set(err, ERROR_INVALID, "the method is a word such as REGISTER");
    if (!aka_digest_text(q->uri) || strchr(q->uri, ' ') || !text_copy(r->uri, sizeof r->uri, q->uri))
        return error_set(err, ERROR_INVALID, "the URI is one of at most %d printable characters", AKA_DIGEST_TEXT);
    return aka_challenge_read(q->challenge, &r->challenge, err);
}

void authorize(struct trust *trust, struct tree *tree, const char *device, const struct authorize_request *request, authorize_fn *fn, void *user)
{
    struct node *n = tree_find(tree, TREE_DEVICE, device);
    struct run *r = calloc(1, sizeof *r);
    struct error e = { 0 };
    if (!r)
        abort(); /* the agent restarts */
    *r = (struct run){ .trust = trust, .fn = fn, .user = user };
    (void)text_copy(r->device, sizeof r->device, device);
    if (!n)
        (void)error_set(&e, ERROR_NOT_FOUND, "no device %.64s", device);
    else
        (void)check(r, n, request, &e);
    if (e.code) {
        end(r, &e, "");
        return;
    }
    struct node *mid = tree_at(tree, node_text(n, "Mid"));
    (void)text_copy(r->mid, sizeof r->mid, mid ? node_id(mid) : "");
    (void)text_copy(r->impi, sizeof r->impi, node_text(n, "Impi"));
    (void)trust_digest_authenticate(trust, r->mid, r->challenge.rand, r->challenge.autn, on_aka, r);
}
