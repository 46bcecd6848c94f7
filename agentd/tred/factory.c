/* SPDX-License-Identifier: Apache-2.0 */
/* factory-secret.conf, parsed by NCONF, refused whole for anything unknown. Must never print a value. */
#include "tred/factory.h"

#include <ctype.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "codec/factory_credentials.h"
#include "model/fields.h"

#define PSK_PREFIX "psk_"

enum { FILE_MAX = 16 * 1024, PIN_MIN = 4, PSK_OCTETS = FACTORY_PSKS * (2 + FACTORY_PSK_NAME + 2 + FACTORY_PSK_MAX) };

/* Sections and directives would bring in keys, and files, that nobody checked. */
static enum error_code check_lines(const char *text, const char *path, struct error *err)
{
    int line = 1;
    bool start = true;
    for (const char *p = text; *p; p++) {
        if (start && (*p == '[' || *p == '.'))
            return error_set(err, ERROR_INVALID, "%s line %d: sections and directives are not allowed", path, line);
        if (*p == '\n') {
            line++;
            start = true;
        } else if (!isspace((unsigned char)*p)) {
            start = false;
        }
    }
    return ERROR_NONE;
}

static bool digits_only(const char *text)
{
    for (; *text; text++)
        if (*text < '0' || *text > '9')
            return false;
    return true;
}

/* path relative to the folder of the file that names it */
static bool path_beside(const char *file, const char *path, char *out, size_t cap)
{
    const char *slash = strrchr(file, '/');
    int dir = path[0] == '/' || !slash ? 0 : (int)(strlen(file) - strlen(slash)) + 1;
    return snprintf(out, cap, "%.*s%s", dir, file, path) < (int)cap;
}

static bool is_root(X509 *x)
{
    return X509_check_ca(x) >= 1 && (X509_get_extension_flags(x) & EXFLAG_SS) != 0;
}

static enum error_code read_issuers(struct factory *f, const char *file, const char *value, struct error *err)
{
    char path[512];
    BIO *in = path_beside(file, value, path, sizeof path) ? BIO_new_file(path, "r") : NULL;
    if (!in)
        return error_set(err, ERROR_INVALID, "mid_issuers: cannot open the bundle");
    enum error_code rc = ERROR_NONE;
    for (X509 *x; !rc && (x = PEM_read_bio_X509(in, NULL, NULL, NULL)); X509_free(x)) {
        int len = f->issuer_count < IDENTITY_ISSUERS ? i2d_X509(x, &f->issuers[f->issuer_count]) : -1;
        if (len <= 0 || len > IDENTITY_CERTIFICATE_MAX || !is_root(x))
            rc = error_set(err, ERROR_INVALID, "mid_issuers: certificate %zu is no self-signed CA, too large, or over the limit of %d",
                           f->issuer_count + 1, IDENTITY_ISSUERS);
        if (f->issuer_count < IDENTITY_ISSUERS)
            f->issuer_len[f->issuer_count++] = len > 0 ? (size_t)len : 0;
    }
    bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(in);
    if (!rc && (!at_end || f->issuer_count == 0))
        rc = error_set(err, ERROR_INVALID, "mid_issuers: no PEM bundle of 1..%d certificates", IDENTITY_ISSUERS);
    return rc;
}

static enum error_code read_key(struct factory *f, const char *value, struct error *err)
{
    uint8_t key[FACTORY_KEY_MAX];
    size_t len = 0;
    bool good = text_hex_decode((struct slice){ (const uint8_t *)value, strlen(value) }, key, sizeof key, &len) && len >= FACTORY_KEY_MIN &&
                secret_set(f->derivation_key, key, len);
    secret_zero(key, sizeof key);
    return good ? ERROR_NONE : error_set(err, ERROR_INVALID, "derivation_key: %d to %d hex digits", 2 * FACTORY_KEY_MIN, 2 * FACTORY_KEY_MAX);
}

/* A PEM public key or certificate. */
static enum error_code read_authority(struct factory *f, const char *file, const char *value, struct error *err)
{
    char path[512];
    BIO *in = path_beside(file, value, path, sizeof path) ? BIO_new_file(path, "r") : NULL;
    EVP_PKEY *key = in ? PEM_read_bio_PUBKEY(in, NULL, NULL, NULL) : NULL;
    if (in && !key && BIO_reset(in) == 0) {
        X509 *x = PEM_read_bio_X509(in, NULL, NULL, NULL);
        key = x ? X509_get_pubkey(x) : NULL;
        X509_free(x);
    }
    struct identity_spki spki;
    bool good = key && EVP_PKEY_is_a(key, "EC") && identity_spki_of(key, &spki);
    if (good) {
        memcpy(f->authority, spki.der, spki.len);
        f->authority_len = spki.len;
    }
    ERR_clear_error();
    EVP_PKEY_free(key);
    BIO_free(in);
    return good ? ERROR_NONE : error_set(err, ERROR_INVALID, "platform_authority: no PEM file with a P-256 public key or its certificate");
}

/* psk_NAME = hex: a pre-shared key that accounts of the public part name. */
static enum error_code read_psk(struct factory *f, const char *name, const char *value, struct error *err)
{
    uint8_t key[FACTORY_PSK_MAX];
    size_t len = 0;
    if (!text_is_name(name, "_-", FACTORY_PSK_NAME) || f->psk_count == FACTORY_PSKS)
        return error_set(err, ERROR_INVALID, PSK_PREFIX "NAME: %d keys at most, with names of 1..%d of A-Z a-z 0-9 _ -", FACTORY_PSKS, FACTORY_PSK_NAME);
    bool good = text_hex_decode((struct slice){ (const uint8_t *)value, strlen(value) }, key, sizeof key, &len) && len >= FACTORY_PSK_MIN;
    if (good) {
        fields_put_text(&f->psks, name);
        fields_put(&f->psks, key, len);
        f->psk_count++;
    }
    secret_zero(key, sizeof key);
    return good ? ERROR_NONE : error_set(err, ERROR_INVALID, PSK_PREFIX "%s: %d to %d hex digits", name, 2 * FACTORY_PSK_MIN, 2 * FACTORY_PSK_MAX);
}

static enum error_code take_value(struct factory *f, const char *file, const CONF_VALUE *v, struct error *err)
{
    size_t len = strlen(v->value);
    if (strcmp(v->name, "gateway_id") == 0) {
        if (!text_is_name(v->value, "._:-", 64))
            return error_set(err, ERROR_INVALID, "gateway_id: 1..64 of A-Z a-z 0-9 . _ : -");
        (void)text_copy(f->gateway_id, sizeof f->gateway_id, v->value);
        return ERROR_NONE;
    }
    if (strcmp(v->name, "device_pin") == 0) {
        if (len < PIN_MIN || len > IDENTITY_PIN_MAX || !digits_only(v->value))
            return error_set(err, ERROR_INVALID, "device_pin: %d..%d decimal digits", PIN_MIN, IDENTITY_PIN_MAX);
        return secret_set(f->pin, v->value, len) ? ERROR_NONE : ERROR_INTERNAL;
    }
    if (strcmp(v->name, "derivation_key") == 0)
        return read_key(f, v->value, err);
    if (strncmp(v->name, PSK_PREFIX, strlen(PSK_PREFIX)) == 0)
        return read_psk(f, &v->name[strlen(PSK_PREFIX)], v->value, err);
    if (strcmp(v->name, "mid_issuers") == 0)
        return read_issuers(f, file, v->value, err);
    if (strcmp(v->name, "mid_deny") == 0)
        return policy_words((struct slice){ (const uint8_t *)v->value, len }, POLICY_WORDS, &f->denied)
                   ? ERROR_NONE
                   : error_set(err, ERROR_INVALID, "mid_deny: words of authenticate, ckik, gba, identity, msk, naf, share, erase, apart by commas");
    if (strcmp(v->name, "platform_authority") == 0)
        return read_authority(f, file, v->value, err);
    if (strcmp(v->name, "pfc_certificate") == 0)
        return path_beside(file, v->value, f->certificate, sizeof f->certificate) ? ERROR_NONE
                                                                                  : error_set(err, ERROR_INVALID, "pfc_certificate: path too long");
    return error_set(err, ERROR_INVALID, "unknown key %.64s", v->name);
}

static enum error_code take_values(struct factory *f, const char *file, CONF *conf, struct error *err)
{
    STACK_OF(CONF_VALUE) *values = NCONF_get_section(conf, "default");
    enum error_code rc = ERROR_NONE;
    for (int i = 0; !rc && values && i < sk_CONF_VALUE_num(values); i++)
        rc = take_value(f, file, sk_CONF_VALUE_value(values, i), err);
    if (rc)
        return rc;
    if (!f->gateway_id[0] || !f->issuer_count)
        return error_set(err, ERROR_INVALID, "%s: gateway_id and mid_issuers are both needed", file);
    return ERROR_NONE;
}

static enum error_code parse(struct factory *f, const char *path, char *text, size_t len, struct error *err)
{
    enum error_code rc = strlen(text) == len ? check_lines(text, path, err) : error_set(err, ERROR_INVALID, "%s: no text file", path);
    if (rc)
        return rc;
    long line = 0;
    CONF *conf = NCONF_new(NULL);
    BIO *in = BIO_new_mem_buf(text, (int)len);
    if (conf && in && NCONF_load_bio(conf, in, &line) == 1)
        rc = take_values(f, path, conf, err);
    else
        rc = error_set(err, ERROR_INVALID, "%s line %ld: not `key = value`", path, line);
    BIO_free(in);
    NCONF_free(conf);
    return rc;
}

enum error_code factory_read(struct factory *f, const char *path, struct error *err)
{
    static char text[FILE_MAX + 1];
    *f = (struct factory){ .pin = secret_new(), .derivation_key = secret_new(), .psk_pages = secret_pages_new(PSK_OCTETS) };
    if (!f->pin || !f->derivation_key || !f->psk_pages)
        return error_set(err, ERROR_NO_MEMORY, "no memory");
    f->psks = writer_make(f->psk_pages, PSK_OCTETS);
    struct stat st;
    FILE *in = fopen(path, "re");
    if (!in)
        return error_set(err, ERROR_NOT_FOUND, "cannot open %s", path);
    (void)setvbuf(in, NULL, _IONBF, 0);
    bool private = fstat(fileno(in), &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) == 0;
    size_t len = fread(text, 1, sizeof text, in);
    (void)fclose(in);
    enum error_code rc = ERROR_NONE;
    if (!private)
        rc = error_set(err, ERROR_DENIED, "%s can be read by others: its mode must be 0600", path);
    else if (len > FILE_MAX)
        rc = error_set(err, ERROR_TOO_LARGE, "%s is larger than %d octets", path, FILE_MAX);
    else {
        text[len] = '\0';
        rc = parse(f, path, text, len, err);
    }
    secret_zero(text, sizeof text);
    return rc;
}

void factory_free(struct factory *f)
{
    secret_free(f->pin);
    secret_free(f->derivation_key);
    secret_pages_free(f->psk_pages, PSK_OCTETS);
    for (size_t i = 0; i < f->issuer_count; i++)
        OPENSSL_free(f->issuers[i]);
    *f = (struct factory){ .pin = NULL };
}
