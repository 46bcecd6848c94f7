/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate names a program by the SHA-256 of its file, as URI of the subjectAltName (RFC 6920 section 3: ni:///sha-256;BASE64URL). Promises: no
 * certificate for other programs, or that another issuer made, is taken; another key is one that the former has vouched for (successor.c). */
#include "tred/enrolment.h"

#include <openssl/x509v3.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "tred/request.h"
#include "tred/successor.h"

#define PREFIX "ni:///sha-256;"
enum { DIGITS = 43, BASE64_CAP = 45, NAME_CAP = sizeof PREFIX + DIGITS };

/* RFC 4648 section 5, without padding. */
static void name_program(const uint8_t digest[HASH_LEN], char out[NAME_CAP])
{
    char digits[BASE64_CAP] = "";
    (void)text_base64_encode((struct slice){ digest, HASH_LEN }, digits, sizeof digits);
    memcpy(out, PREFIX, sizeof PREFIX - 1);
    for (size_t i = 0; i < DIGITS; i++)
        out[sizeof PREFIX - 1 + i] = (char)(digits[i] == '+' ? '-' : digits[i] == '/' ? '_' : digits[i]);
    out[NAME_CAP - 1] = '\0';
}

/* What a certificate says of programs: whether it names any, and whether one of them is this. */
struct claims {
    bool any, ours;
};

static struct claims read_claims(const X509 *x, const char *wanted)
{
    int found = -1;
    GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, &found, NULL);
    struct claims c = { .any = !names && found != -1 }; /* one that cannot be read may name another program */
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        int kind;
        const ASN1_STRING *text = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &kind);
        if (kind != GEN_URI || ASN1_STRING_length(text) < (int)sizeof PREFIX - 1 || memcmp(ASN1_STRING_get0_data(text), PREFIX, sizeof PREFIX - 1) != 0)
            continue;
        c.any = true;
        c.ours = c.ours || (ASN1_STRING_length(text) == NAME_CAP - 1 && memcmp(ASN1_STRING_get0_data(text), wanted, NAME_CAP - 1) == 0);
    }
    GENERAL_NAMES_free(names);
    return c;
}

static X509 *parse(struct slice der)
{
    const unsigned char *p = der.data;
    X509 *x = der.len && der.len <= IDENTITY_CERTIFICATE_MAX ? d2i_X509(NULL, &p, (long)der.len) : NULL;
    if (x && p == der.data + der.len)
        return x;
    X509_free(x);
    return NULL;
}

/* NULL with rc NONE: there is none. */
static X509 *stored(struct tre *t, enum error_code *rc)
{
    uint8_t *der = NULL;
    size_t len = 0;
    *rc = identity_certificate(&t->store, &der, &len);
    X509 *x = *rc || !len ? NULL : parse((struct slice){ der, len });
    if (!*rc && len && !x)
        *rc = ERROR_MALFORMED;
    store_release(der, len);
    return x;
}

/* False between the two steps of another key. */
static bool is_of_key(const X509 *x, const struct identity_spki *key)
{
    struct identity_spki spki;
    const EVP_PKEY *public = X509_get0_pubkey(x);
    return public && identity_spki_of(public, &spki) && slice_equal((struct slice){ spki.der, spki.len }, (struct slice){ key->der, key->len });
}

void enrolment_check(struct tre *t)
{
    char name[NAME_CAP];
    enum error_code rc;
    name_program(t->program, name);
    (void)successor_finish(t); /* until that is done the former key serves on, or enrolment is due */
    X509 *x = stored(t, &rc);
    struct claims c = x ? read_claims(x, name) : (struct claims){ .any = false };
    bool another_key = x && !is_of_key(x, &t->identity.pfc);
    X509_free(x);
    bool before = t->enrolment_due;
    t->enrolment_due = rc != ERROR_NONE || (c.any && !c.ours) || another_key;
    if (t->enrolment_due && !before)
        log_warning("enrolment", "%s: %s", error_text(ERROR_ENROLMENT), rc ? error_text(rc) : error_hint(ERROR_ENROLMENT));
}

static enum error_code request_by_this_key(struct tre *t, const char *name, struct writer *out)
{
    unsigned char *der = NULL;
    const unsigned char *spki = t->identity.pfc.der;
    struct identity_secrets secrets;
    enum error_code rc = identity_open(&secrets, &t->store);
    if (rc)
        return rc;
    struct requester by = { .key = d2i_PUBKEY(NULL, &spki, (long)t->identity.pfc.len), .backend = t->backend, .signer = secrets.pfc_key };
    X509_REQ *req = by.key ? request_make(t->identity.gateway_id, name, &by) : NULL;
    int len = req ? i2d_X509_REQ(req, &der) : 0;
    if (len > 0)
        writer_put(out, der, (size_t)len);
    X509_REQ_free(req);
    EVP_PKEY_free(by.key);
    OPENSSL_free(der);
    identity_close(&secrets);
    return len > 0 ? ERROR_NONE : ERROR_INTERNAL;
}

enum error_code enrolment_request(struct tre *t, bool successor, struct writer *out)
{
    char name[NAME_CAP];
    name_program(t->program, name);
    return successor ? successor_request(t, name, out) : request_by_this_key(t, name, out);
}

enum error_code enrolment_take(struct tre *t, struct slice der)
{
    char name[NAME_CAP];
    enum error_code rc;
    struct identity_spki key;
    name_program(t->program, name);
    X509 *former = stored(t, &rc), *x = parse(der);
    bool good = x && read_claims(x, name).ours && (!former || X509_NAME_cmp(X509_get_issuer_name(x), X509_get_issuer_name(former)) == 0);
    X509_free(former);
    X509_free(x);
    if (!good)
        return ERROR_INVALID;
    bool next = identity_spki_of_certificate(der, &key) && successor_is(t, &key);
    rc = next ? successor_install(t, der) : identity_set_certificate(&t->identity, der, &t->store);
    enrolment_check(t);
    if (rc || next)
        return rc;
    log_notice("enrolment", "another certificate of the platform key, for the program that runs");
    return ERROR_NONE;
}
