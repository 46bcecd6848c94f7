/* SPDX-License-Identifier: Apache-2.0 */
/* A provider of OpenSSL, linked in, in a library context of its own, so that nobody else's keys ever come to it: key management that knows the public half,
 * and a signature that hands whole messages over. */
#include "trust/device_key.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "model/tre_wire.h"
#include "trust/ask.h"

#define SIGNATURE_NAME "gateway-tre-ecdsa"
#define SOCKET_PARAM "gateway-tre-socket"

enum { POINT = 65, RAW = 64, BITS = 256, STRENGTH = 128, DER_MAX = 72 };

struct key {
    uint8_t point[POINT]; /* uncompressed, P-256 */
    const char *socket;   /* NULL: cannot sign */
};

/* ---- the TRE ---- */

static bool sign(const struct key *k, struct slice messages, uint8_t raw[RAW])
{
    struct slice answer;
    enum error_code rc = k->socket ? trust_ask(k->socket, TRE_OP_HANDSHAKE_SIGN, messages, &answer) : ERROR_PEER_LOST;
    if (!rc && answer.len != RAW)
        rc = ERROR_PROTOCOL;
    if (!rc)
        memcpy(raw, answer.data, RAW);
    else
        log_warning("tre", "the device key did not sign the handshake: %s", error_text(rc));
    return rc == ERROR_NONE;
}

/* ---- key management ---- */

static void *key_new(void *provider)
{
    (void)provider;
    return calloc(1, sizeof(struct key));
}

static void key_free(void *data)
{
    free(data);
}

static int key_has(const void *data, int selection)
{
    (void)selection; /* the private half is where the socket leads */
    return data != NULL;
}

static int key_match(const void *a, const void *b, int selection)
{
    (void)selection;
    return memcmp(((const struct key *)a)->point, ((const struct key *)b)->point, POINT) == 0;
}

static int key_import(void *data, int selection, const OSSL_PARAM params[])
{
    struct key *k = data;
    void *point = k->point;
    size_t len = 0;
    (void)selection;
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PUB_KEY), *s = OSSL_PARAM_locate_const(params, SOCKET_PARAM);
    if (s && OSSL_PARAM_get_utf8_ptr(s, &k->socket) != 1)
        return 0;
    return p && OSSL_PARAM_get_octet_string(p, &point, POINT, &len) == 1 && len == POINT;
}

static const OSSL_PARAM *key_import_types(int selection)
{
    static const OSSL_PARAM types[] = { OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0), OSSL_PARAM_utf8_ptr(SOCKET_PARAM, NULL, 0), OSSL_PARAM_END };
    (void)selection;
    return types;
}

static char group[] = "prime256v1";

/* The public half, for comparison with the certificate. */
static int key_export(void *data, int selection, OSSL_CALLBACK *fn, void *user)
{
    struct key *k = data;
    (void)selection;
    OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                            OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, k->point, POINT), OSSL_PARAM_construct_end() };
    return fn(params, user);
}

static const OSSL_PARAM *key_export_types(int selection)
{
    static const OSSL_PARAM types[] = { OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0), OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
                                        OSSL_PARAM_END };
    (void)selection;
    return types;
}

static int key_get(void *data, OSSL_PARAM params[])
{
    static const struct {
        const char *name;
        int value;
    } numbers[] = { { OSSL_PKEY_PARAM_BITS, BITS }, { OSSL_PKEY_PARAM_SECURITY_BITS, STRENGTH }, { OSSL_PKEY_PARAM_MAX_SIZE, DER_MAX } };
    (void)data;
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_GROUP_NAME);
    bool fine = !p || OSSL_PARAM_set_utf8_string(p, group) == 1;
    p = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_DEFAULT_DIGEST);
    fine = fine && (!p || OSSL_PARAM_set_utf8_string(p, "SHA256") == 1);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && fine; i++) {
        p = OSSL_PARAM_locate(params, numbers[i].name);
        fine = !p || OSSL_PARAM_set_int(p, numbers[i].value) == 1;
    }
    return fine;
}

static const OSSL_PARAM *key_gettable(void *provider)
{
    static const OSSL_PARAM types[] = { OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0), OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
                                        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL), OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
                                        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL), OSSL_PARAM_END };
    (void)provider;
    return types;
}

static const char *key_operation(int operation)
{
    return operation == OSSL_OP_SIGNATURE ? SIGNATURE_NAME : NULL;
}

#define ENTRY(id, function) { id, (void (*)(void))(function) }

static const OSSL_DISPATCH key_functions[] = {
    ENTRY(OSSL_FUNC_KEYMGMT_NEW, key_new), ENTRY(OSSL_FUNC_KEYMGMT_FREE, key_free), ENTRY(OSSL_FUNC_KEYMGMT_HAS, key_has),
    ENTRY(OSSL_FUNC_KEYMGMT_MATCH, key_match), ENTRY(OSSL_FUNC_KEYMGMT_IMPORT, key_import), ENTRY(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_import_types),
    ENTRY(OSSL_FUNC_KEYMGMT_EXPORT, key_export), ENTRY(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, key_export_types), ENTRY(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get),
    ENTRY(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_gettable), ENTRY(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, key_operation), { 0, NULL },
};

/* ---- signature ---- */

struct signing {
    const struct key *key;
};

static void *signing_new(void *provider, const char *properties)
{
    (void)provider;
    (void)properties;
    return calloc(1, sizeof(struct signing));
}

static void signing_free(void *context)
{
    free(context);
}

/* Whole messages with SHA-256 alone: there is no way to have a digest signed. */
static int signing_begin(void *context, const char *digest, void *key, const OSSL_PARAM params[])
{
    (void)params;
    if (digest && digest[0] && strcasecmp(digest, "SHA256") != 0 && strcasecmp(digest, "SHA2-256") != 0)
        return 0;
    ((struct signing *)context)->key = key;
    return 1;
}

static int signature_der(const uint8_t raw[RAW], uint8_t *out, size_t *len, size_t cap)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, RAW / 2, NULL), *s = BN_bin2bn(&raw[RAW / 2], RAW / 2, NULL);
    uint8_t *der = NULL;
    if (!sig || !r || !s || ECDSA_SIG_set0(sig, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(sig);
        return 0;
    }
    int n = i2d_ECDSA_SIG(sig, &der);
    bool fits = n > 0 && (size_t)n <= cap;
    if (fits) {
        memcpy(out, der, (size_t)n);
        *len = (size_t)n;
    }
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);
    return fits;
}

static int signing_sign(void *context, unsigned char *out, size_t *len, size_t cap, const unsigned char *octets, size_t count)
{
    const struct key *k = ((struct signing *)context)->key;
    uint8_t raw[RAW];
    if (!out) {
        *len = DER_MAX;
        return 1;
    }
    return k && sign(k, (struct slice){ octets, count }, raw) && signature_der(raw, out, len, cap);
}

static const OSSL_DISPATCH signing_functions[] = {
    ENTRY(OSSL_FUNC_SIGNATURE_NEWCTX, signing_new), ENTRY(OSSL_FUNC_SIGNATURE_FREECTX, signing_free),
    ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, signing_begin), ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, signing_sign), { 0, NULL },
};

/* ---- provider ---- */

static const OSSL_ALGORITHM *query(void *provider, int operation, int *no_cache)
{
    static const OSSL_ALGORITHM keys[] = { { "EC:id-ecPublicKey:1.2.840.10045.2.1", "provider=gateway-tre", key_functions, NULL }, { NULL, NULL, NULL, NULL } };
    static const OSSL_ALGORITHM signatures[] = { { SIGNATURE_NAME, "provider=gateway-tre", signing_functions, NULL }, { NULL, NULL, NULL, NULL } };
    (void)provider;
    *no_cache = 0;
    return operation == OSSL_OP_KEYMGMT ? keys : operation == OSSL_OP_SIGNATURE ? signatures : NULL;
}

static int provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out, void **provider)
{
    static const OSSL_DISPATCH functions[] = { ENTRY(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query), { 0, NULL } };
    (void)in;
    *out = functions;
    *provider = (void *)(uintptr_t)handle; /* must not be NULL */
    return 1;
}

/* Made once, for the life of the process. */
static OSSL_LIB_CTX *library(void)
{
    static OSSL_LIB_CTX *made;
    OSSL_LIB_CTX *l = made ? NULL : OSSL_LIB_CTX_new();
    if (l && OSSL_PROVIDER_add_builtin(l, "gateway-tre", provider_init) == 1 && OSSL_PROVIDER_load(l, "gateway-tre"))
        made = l;
    else
        OSSL_LIB_CTX_free(l);
    return made;
}

static bool point_of(struct slice certificate, uint8_t point[POINT])
{
    const unsigned char *at = certificate.data;
    X509 *x = d2i_X509(NULL, &at, (long)certificate.len);
    EVP_PKEY *public = x ? X509_get0_pubkey(x) : NULL;
    char name[32];
    size_t len = 0;
    bool fine = public && EVP_PKEY_get_group_name(public, name, sizeof name, &len) == 1 && strcmp(name, group) == 0 &&
                EVP_PKEY_get_octet_string_param(public, OSSL_PKEY_PARAM_PUB_KEY, point, POINT, &len) == 1 && len == POINT;
    X509_free(x);
    return fine;
}

EVP_PKEY *device_key_open(struct slice certificate, const char *socket)
{
    uint8_t point[POINT];
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = point_of(certificate, point) && library() ? EVP_PKEY_CTX_new_from_name(library(), "EC", NULL) : NULL;
    OSSL_PARAM params[] = { OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
                            OSSL_PARAM_construct_utf8_ptr(SOCKET_PARAM, (char **)(uintptr_t)&socket, 0), OSSL_PARAM_construct_end() };
    if (context && (EVP_PKEY_fromdata_init(context) != 1 || EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params) != 1))
        key = NULL;
    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return key;
}
