/* SPDX-License-Identifier: Apache-2.0 */
/* As agent-tred does it, by the same functions of codec/; the keys come from the command line and the files that it names. */
#include "ctl/decode_proof.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/text.h"
#include "codec/bei_proof.h"
#include "codec/dm_digest.h"

enum { COVERED_MAX = BEI_OCTETS_MAX + 64, NONCE_MAX = 64 };

static enum push_mac verdict(bool fits, const char *what, struct error *err)
{
    if (!fits)
        error_set(err, ERROR_MAC_MISMATCH, "%s does not fit", what);
    return fits ? PUSH_MAC_OK : PUSH_MAC_BAD;
}

static enum push_mac give(const char *what, const char *options, struct error *err)
{
    error_set(err, ERROR_PIN_REQUIRED, "%s is not checked (give %s)", what, options);
    return PUSH_MAC_UNCHECKED;
}

static struct slice slice_of(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

/* ---- instruction ---- */

static enum push_mac check_mac(const struct bei_envelope *e, const struct decode_keys *keys, struct slice covered, struct error *err)
{
    bool fits = false;
    if (!keys->pin || !keys->gateway)
        return give("the MAC", keys->pin ? "--gateway" : keys->gateway ? "--pin" : "--pin and --gateway", err);
    (void)bei_mac_verify(slice_of(keys->pin), keys->gateway, covered, e->proof, &fits);
    return verdict(fits, "the MAC", err);
}

/* The kid of an envelope is the SHA-256 of the signer's SubjectPublicKeyInfo. */
static bool is_signer(const EVP_PKEY *key, const struct bei_envelope *e, unsigned char **spki, int *len)
{
    uint8_t kid[BEI_KID_LEN];
    *spki = NULL;
    *len = key ? i2d_PUBKEY(key, spki) : 0;
    if (*len > 0 && EVP_Digest(*spki, (size_t)*len, kid, NULL, EVP_sha256(), NULL) == 1 && slice_equal((struct slice){ kid, sizeof kid }, e->kid))
        return true;
    OPENSSL_free(*spki);
    return false;
}

/* The next certificate or public key of the file; NULL at its end. Other blocks are passed over. */
static EVP_PKEY *next_key(BIO *in)
{
    char *name = NULL, *header = NULL;
    unsigned char *der = NULL;
    long len = 0;
    EVP_PKEY *key = NULL;
    while (!key && PEM_read_bio(in, &name, &header, &der, &len) == 1) {
        const unsigned char *at = der;
        X509 *x = strcmp(name, PEM_STRING_X509) == 0 ? d2i_X509(NULL, &at, len) : NULL;
        key = x ? X509_get_pubkey(x) : strcmp(name, PEM_STRING_PUBLIC) == 0 ? d2i_PUBKEY(NULL, &at, len) : NULL;
        X509_free(x);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(der);
    }
    ERR_clear_error();
    return key;
}

static enum push_mac check_signature(const struct bei_envelope *e, const struct decode_keys *keys, struct slice covered, struct error *err)
{
    unsigned char *spki = NULL;
    int len = 0;
    bool found = false, fits = false;
    if (!keys->signers.len)
        return give("the signature", "--signer", err);
    BIO *in = BIO_new_mem_buf(keys->signers.data, (int)keys->signers.len);
    for (EVP_PKEY *key; in && !found && (key = next_key(in));) {
        found = is_signer(key, e, &spki, &len);
        EVP_PKEY_free(key);
    }
    BIO_free(in);
    if (found)
        fits = bei_signature_fits((struct slice){ spki, (size_t)len }, covered, e->proof);
    if (found)
        OPENSSL_free(spki);
    else
        error_set(err, ERROR_UNKNOWN_KEY, "the signature is not checked: its kid is of none of the keys of --signer");
    return found ? verdict(fits, "the signature", err) : PUSH_MAC_UNCHECKED;
}

enum push_mac proof_of_instruction(const struct bei_envelope *e, const struct decode_keys *keys, struct error *err)
{
    static uint8_t covered[COVERED_MAX];
    struct writer w = writer_make(covered, sizeof covered);
    bei_put_authenticated(&w, e);
    switch (e->kind) {
    case BEI_MAC0:
        return check_mac(e, keys, writer_slice(&w), err);
    case BEI_SIGN1:
        return check_signature(e, keys, writer_slice(&w), err);
    case BEI_BARE:
        break;
    }
    return PUSH_MAC_MISSING;
}

/* ---- notification ---- */

enum push_mac proof_of_notification(const struct notification *n, const struct decode_keys *keys, const char **nonce, struct error *err)
{
    uint8_t given[NONCE_MAX];
    size_t len = 0;
    char server[NOTIFICATION_SERVER_MAX + 1] = "";
    *nonce = NULL;
    if (!keys->password)
        return give("the digest", "--password, and --nonce", err);
    if (keys->nonce && !text_base64_decode(slice_of(keys->nonce), given, sizeof given, &len))
        return give("the digest", "--nonce as Base64 of at most 64 octets", err);
    memcpy(server, n->server_id.data, n->server_id.len);
    const struct {
        const char *name;
        bool used;
        struct slice octets;
    } rows[] = { { "given", keys->nonce != NULL, { given, len } }, { "default (4 octets)", true, { (const uint8_t *)"\0\0\0\0", 4 } },
                 { "default (text)", true, { (const uint8_t *)"0x00000000", 10 } } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows && !*nonce; i++)
        if (rows[i].used && dm_digest_fits(server, keys->password, rows[i].octets, n->trigger, n->digest))
            *nonce = rows[i].name;
    if (!*nonce && !keys->nonce)
        return give("the digest", "--nonce, for it fits neither default nonce", err);
    return verdict(*nonce != NULL, "the digest", err);
}
