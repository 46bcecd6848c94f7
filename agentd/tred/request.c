/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate requests. Promises a signature by the key that is asked to be certified, and no other octet of that key. */
#include "tred/request.h"

#include <openssl/ecdsa.h>
#include <openssl/x509v3.h>

static bool request_seal(X509_REQ *req, const struct requester *by)
{
    const X509_ALGOR *named = NULL;
    X509_ALGOR *algorithm = X509_ALGOR_new();
    ECDSA_SIG *sig = ECDSA_SIG_new();
    ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
    uint8_t raw[BACKEND_SIGNATURE];
    unsigned char *tbs = NULL, *der = NULL;
    bool ok = algorithm && sig && bits && X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_ecdsa_with_SHA256), V_ASN1_UNDEF, NULL) == 1 &&
              X509_REQ_set1_signature_algo(req, algorithm) == 1;
    X509_REQ_get0_signature(req, NULL, &named);
    int len = ok ? i2d_re_X509_REQ_tbs(req, &tbs) : 0;
    ok = len > 0 && named && by->backend->table->sign(by->backend, by->signer, (struct slice){ tbs, (size_t)len }, raw) == ERROR_NONE &&
         ECDSA_SIG_set0(sig, BN_bin2bn(raw, BACKEND_SIGNATURE / 2, NULL), BN_bin2bn(&raw[BACKEND_SIGNATURE / 2], BACKEND_SIGNATURE / 2, NULL)) == 1;
    int der_len = ok ? i2d_ECDSA_SIG(sig, &der) : 0;
    ok = der_len > 0 && ASN1_BIT_STRING_set(bits, der, der_len) == 1;
    if (ok) {
        bits->flags = (bits->flags & ~(ASN1_STRING_FLAG_BITS_LEFT | 7)) | ASN1_STRING_FLAG_BITS_LEFT; /* no unused bits */
        X509_REQ_set0_signature(req, bits);
        bits = NULL;
    }
    ASN1_BIT_STRING_free(bits);
    ECDSA_SIG_free(sig);
    X509_ALGOR_free(algorithm);
    OPENSSL_free(tbs);
    OPENSSL_free(der);
    return ok;
}

/* RFC 5280 section 4.2.1.6, in an extensionRequest (RFC 2985 section 5.4.2). */
static bool put_uri(X509_REQ *req, const char *uri)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    X509_EXTENSIONS *list = NULL;
    bool ok = names && name && text && ASN1_STRING_set(text, uri, -1) == 1;
    if (ok) {
        GENERAL_NAME_set0_value(name, GEN_URI, text);
        text = NULL;
        ok = sk_GENERAL_NAME_push(names, name) > 0;
    }
    if (ok)
        name = NULL;
    ok = ok && X509V3_add1_i2d(&list, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1 && X509_REQ_add_extensions(req, list) == 1;
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    ASN1_IA5STRING_free(text);
    GENERAL_NAME_free(name);
    GENERAL_NAMES_free(names);
    return ok;
}

X509_REQ *request_make(const char *cn, const char *uri, const struct requester *by)
{
    X509_REQ *req = X509_REQ_new();
    X509_NAME *name = req ? X509_REQ_get_subject_name(req) : NULL;
    bool ok = name && X509_REQ_set_version(req, X509_REQ_VERSION_1) == 1 &&
              X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0) == 1 &&
              X509_REQ_set_pubkey(req, by->key) == 1 && (!uri || put_uri(req, uri)) &&
              (by->backend ? request_seal(req, by) : X509_REQ_sign(req, by->key, EVP_sha256()) > 0);
    if (ok)
        return req;
    X509_REQ_free(req);
    return NULL;
}
