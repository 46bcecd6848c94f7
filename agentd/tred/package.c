/* SPDX-License-Identifier: Apache-2.0 */
/* Decrypt, then verify. Promises: nothing of the manifest is looked at before its signature and chain are good. Must never accept another
 * content type, digest or trust source than the page names. */
#include "tred/package.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"

enum { AUTH_LEVEL = 2 }; /* 112 bit and better: no SHA-1, no small RSA */

static CMS_ContentInfo *cms_parse(struct slice der, int type)
{
    const unsigned char *at = der.data;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)der.len);
    if (cms && at == &der.data[der.len] && OBJ_obj2nid(CMS_get0_type(cms)) == type)
        return cms;
    CMS_ContentInfo_free(cms);
    return NULL;
}

/* RFC 5083, RFC 5753: the plain octets in a BIO, or NULL. */
static BIO *decrypt(struct slice octets, const struct identity_secrets *secrets)
{
    CMS_ContentInfo *cms = cms_parse(octets, NID_id_smime_ct_authEnvelopedData);
    EVP_PKEY *key = cms ? identity_key(secrets->transport_key) : NULL;
    BIO *out = key ? BIO_new(BIO_s_mem()) : NULL;
    bool ok = out && CMS_decrypt(cms, key, NULL, NULL, out, CMS_BINARY) == 1;
    EVP_PKEY_free(key);
    CMS_ContentInfo_free(cms);
    if (ok)
        return out;
    BIO_free(out);
    return NULL;
}

static X509_STORE *roots_make(const struct identity_secrets *secrets, uint64_t now)
{
    X509_STORE *store = X509_STORE_new();
    if (!store)
        return NULL;
    X509_VERIFY_PARAM *param = X509_STORE_get0_param(store);
    X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
    X509_VERIFY_PARAM_set_depth(param, 4);
    if (now)
        X509_VERIFY_PARAM_set_time(param, (time_t)now);
    else
        (void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME);
    for (size_t i = 0; i < secrets->issuer_count; i++) {
        const unsigned char *at = secrets->issuers[i].data;
        X509 *x = d2i_X509(NULL, &at, (long)secrets->issuers[i].len);
        if (x)
            (void)X509_STORE_add_cert(store, x);
        X509_free(x);
    }
    return store;
}

static bool common_name(X509 *x, char out[65])
{
    const X509_NAME *name = X509_get_subject_name(x);
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0)
        return false;
    unsigned char *text = NULL;
    int len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    bool ok = len > 0 && len <= 64 && !memchr(text, 0, (size_t)len);
    if (ok) {
        memcpy(out, text, (size_t)len);
        out[len] = '\0';
    }
    OPENSSL_free(text);
    return ok;
}

static bool digest_good(CMS_SignerInfo *si)
{
    X509_ALGOR *digest = NULL;
    CMS_SignerInfo_get0_algs(si, NULL, NULL, &digest, NULL);
    int nid = digest ? OBJ_obj2nid(digest->algorithm) : NID_undef;
    return nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512;
}

/* Exactly one signer, whose certificate says that it may sign. */
static bool signer_good(CMS_ContentInfo *cms, char name[65])
{
    STACK_OF(X509) *signers = CMS_get0_signers(cms);
    STACK_OF(CMS_SignerInfo) *infos = CMS_get0_SignerInfos(cms);
    bool ok = signers && sk_X509_num(signers) == 1 && sk_CMS_SignerInfo_num(infos) == 1 && digest_good(sk_CMS_SignerInfo_value(infos, 0));
    X509 *x = ok ? sk_X509_value(signers, 0) : NULL;
    ok = x && (X509_get_extension_flags(x) & EXFLAG_KUSAGE) && (X509_get_key_usage(x) & KU_DIGITAL_SIGNATURE) && common_name(x, name);
    sk_X509_free(signers);
    return ok;
}

static bool content_take(BIO *content, struct package *p)
{
    char *data = NULL;
    long len = BIO_get_mem_data(content, &data);
    p->manifest = len > 0 ? malloc((size_t)len) : NULL;
    if (!p->manifest)
        return false;
    memcpy(p->manifest, data, (size_t)len);
    p->manifest_len = (size_t)len;
    return true;
}

/* RFC 5652 section 5.6. */
bool package_verify(struct package *p, struct slice octets, const struct identity_secrets *secrets, uint64_t now)
{
    *p = (struct package){ .manifest = NULL };
    CMS_ContentInfo *cms = cms_parse(octets, NID_pkcs7_signed);
    X509_STORE *roots = cms ? roots_make(secrets, now) : NULL;
    BIO *content = roots ? BIO_new(BIO_s_mem()) : NULL;
    bool ok = content && CMS_verify(cms, NULL, roots, NULL, content, CMS_BINARY) == 1 && signer_good(cms, p->signer) && content_take(content, p);
    BIO_free(content);
    X509_STORE_free(roots);
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return ok;
}

bool package_open(struct package *p, struct slice octets, const struct identity_secrets *secrets, uint64_t now)
{
    *p = (struct package){ .manifest = NULL };
    BIO *plain = octets.len <= PACKAGE_MAX ? decrypt(octets, secrets) : NULL;
    char *data = NULL;
    long len = plain ? BIO_get_mem_data(plain, &data) : 0;
    bool ok = len > 0 && package_verify(p, (struct slice){ (const uint8_t *)data, (size_t)len }, secrets, now);
    if (!ok)
        log_warning("mid", "package refused: %s", plain ? "signature or chain" : "cannot be decrypted");
    BIO_free(plain);
    ERR_clear_error();
    return ok;
}

void package_close(struct package *p)
{
    store_release(p->manifest, p->manifest_len);
    *p = (struct package){ .manifest = NULL };
}
