/* SPDX-License-Identifier: Apache-2.0 */
/* The three functions. Owns no state; what depends on the key is wiped. */
#include "codec/factory_credentials.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "base/writer.h"

enum { MD5_LEN = 16, SHA256_LEN = 32, PASSWORD_OCTETS = 24, BASE36_DIGITS = 10, MIXED = 16 };

static bool digits(const char *imei)
{
    return strlen(imei) == FACTORY_IMEI && strspn(imei, "0123456789") == FACTORY_IMEI;
}

bool factory_imei_valid(const char *imei)
{
    unsigned sum = 0;
    if (!digits(imei))
        return false;
    for (size_t i = 0; i < FACTORY_IMEI; i++) {
        unsigned v = (unsigned)(imei[i] - '0') * (i % 2 ? 2 : 1);
        sum += v > 9 ? v - 9 : v;
    }
    return sum % 10 == 0;
}

/* --- keyed --- */

static void put_field(struct writer *w, const char *text)
{
    writer_u16(w, (uint16_t)strlen(text));
    writer_text(w, text);
}

static bool hmac(struct slice key, struct slice data, uint8_t out[SHA256_LEN])
{
    return key.len >= FACTORY_KEY_MIN && key.len <= FACTORY_KEY_MAX && HMAC(EVP_sha256(), key.data, (int)key.len, data.data, data.len, out, NULL);
}

/* HMAC-SHA-256(key, domain 00 | label | name | server). */
static bool derive(struct slice key, const char *domain, const char *const fields[3], uint8_t out[SHA256_LEN])
{
    uint8_t data[640];
    struct writer w = writer_make(data, sizeof data);
    writer_text(&w, domain);
    writer_u8(&w, 0);
    for (size_t i = 0; i < 3; i++)
        put_field(&w, fields[i]);
    return !w.failed && hmac(key, writer_slice(&w), out);
}

/* Base64 for URLs (RFC 4648 section 5) of 24 octets, which needs no padding. */
static void password(const uint8_t *octets, char out[33])
{
    (void)text_base64_encode((struct slice){ octets, PASSWORD_OCTETS }, out, 33);
    for (char *p = out; *p; p++)
        *p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
}

static bool keyed(struct slice key, const char *imei, const char *server_id, struct factory_credentials *out)
{
    static const char *const labels[] = { "ClientPW", "ServerPW", "ClientNonce", "ServerNonce" };
    uint8_t d[4][SHA256_LEN];
    bool ok = true;
    for (size_t i = 0; ok && i < 4; i++)
        ok = derive(key, "oma-dm-factory-v1", (const char *const[]){ labels[i], imei, server_id }, d[i]);
    if (ok) {
        password(d[0], out->client);
        password(d[1], out->server);
        memcpy(out->client_nonce, d[2], FACTORY_NONCE);
        memcpy(out->server_nonce, d[3], FACTORY_NONCE);
        out->nonce_len = FACTORY_NONCE;
        (void)snprintf(out->user, sizeof out->user, "urn:imei:%s", imei);
    }
    secret_zero(d, sizeof d);
    return ok;
}

bool factory_psk(struct slice key, const char *endpoint, const char *server, uint8_t out[FACTORY_PSK])
{
    return derive(key, "lwm2m-factory-v1", (const char *const[]){ "PSK", endpoint, server }, out);
}

bool factory_device_key(struct slice key, const char *imei, uint8_t out[FACTORY_KEY_MIN])
{
    return digits(imei) && hmac(key, (struct slice){ (const uint8_t *)imei, FACTORY_IMEI }, out);
}

/* --- FCS11384 --- */

static bool md5(const char *text, uint8_t out[MD5_LEN])
{
    return EVP_Digest(text, strlen(text), out, NULL, EVP_md5(), NULL) == 1;
}

static bool md5_base64(const char *a, const char *b, const char *c, char out[33])
{
    char text[320];
    uint8_t d[MD5_LEN];
    (void)snprintf(text, sizeof text, "%s:%s%s", a, b, c); /* an IMEI and at most FACTORY_SERVER_ID_MAX octets */
    return md5(text, d) && text_base64_encode((struct slice){ d, sizeof d }, out, 33);
}

static bool fcs11384(struct slice key, const char *imei, const char *server_id, struct factory_credentials *out)
{
    (void)key;
    memcpy(out->server_nonce, "14YJ55NI65RS25WA", FACTORY_NONCE);
    memcpy(out->client_nonce, "53LI62MI23HE33ST", FACTORY_NONCE);
    out->nonce_len = FACTORY_NONCE;
    return md5_base64(server_id, imei, "", out->server) && md5_base64(imei, server_id, "", out->client) &&
           md5_base64(imei, server_id, ":UserName", out->user);
}

/* --- FCS14345 --- */

static void base36(uint64_t n, char out[BASE36_DIGITS])
{
    for (size_t i = BASE36_DIGITS; i-- > 0; n /= 36)
        out[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[n % 36];
}

/* last, first, last but one, second ... */
static void mix(char t[MIXED])
{
    char m[MIXED];
    for (size_t i = 0; i < MIXED / 2; i++) {
        m[2 * i] = t[MIXED - 1 - i];
        m[2 * i + 1] = t[i];
    }
    memcpy(t, m, MIXED);
}

static bool fcs14345_password(const char *imei, const char *server_id, const uint8_t weights[FACTORY_IMEI], char out[33])
{
    static const uint8_t picked[] = { 2, 7, 8, 12, 25, 30 };
    unsigned s1 = 0, s2 = 0;
    char text[320], t[MIXED];
    uint8_t d[MD5_LEN];
    uint64_t number = 0;
    for (size_t i = 0; i + 3 < FACTORY_IMEI; i++) {
        s1 += (unsigned)imei[i + 3] * weights[i];
        s2 += (unsigned)imei[i + 3] * (unsigned)imei[i + 2] * weights[i];
    }
    (void)snprintf(text, sizeof text, "%s%u-%u%s", imei, s1, s2, server_id);
    (void)text_decimal((struct slice){ (const uint8_t *)imei, FACTORY_IMEI }, UINT64_MAX, &number); /* digits they are */
    if (!md5(text, d))
        return false;
    for (size_t i = 0; i < sizeof picked; i++) /* hex digits of d, the low nibble of an octet first */
        t[i] = "0123456789abcdef"[picked[i] % 2 ? d[picked[i] / 2] >> 4 : d[picked[i] / 2] & 0xf];
    base36(number, &t[sizeof picked]);
    for (int i = 0; i < 3; i++)
        mix(t);
    memcpy(out, t, MIXED);
    out[MIXED] = '\0';
    return true;
}

static bool fcs14345(struct slice key, const char *imei, const char *server_id, struct factory_credentials *out)
{
    static const uint8_t client[FACTORY_IMEI] = { 0x0e, 0x06, 0x10, 0x0c, 0x0a, 0x0e, 0x05, 0x0c, 0x12, 0x0a, 0x0b, 0x06, 0x0d, 0x0e, 0x05 };
    static const uint8_t server[FACTORY_IMEI] = { 0x0a, 0x06, 0x0e, 0x0e, 0x0a, 0x0b, 0x06, 0x0e, 0x0b, 0x04, 0x04, 0x07, 0x11, 0x0c, 0x0c };
    (void)key;
    return text_copy(out->user, sizeof out->user, imei) && fcs14345_password(imei, server_id, client, out->client) &&
           fcs14345_password(imei, server_id, server, out->server);
}

/* --- */

static const struct {
    const char *name;
    bool (*make)(struct slice key, const char *imei, const char *server_id, struct factory_credentials *out);
} methods[] = { [FACTORY_KEYED] = { "keyed", keyed }, [FACTORY_FCS11384] = { "fcs11384", fcs11384 }, [FACTORY_FCS14345] = { "fcs14345", fcs14345 } };

bool factory_credentials(enum factory_method method, struct slice key, const char *imei, const char *server_id, struct factory_credentials *out)
{
    size_t len = strlen(server_id);
    *out = (struct factory_credentials){ .nonce_len = 0 };
    if (!digits(imei) || len < 1 || len > FACTORY_SERVER_ID_MAX)
        return false;
    return methods[method].make(key, imei, server_id, out);
}

const char *factory_method_name(enum factory_method m)
{
    return methods[m].name;
}

bool factory_method_from_name(const char *name, enum factory_method *m)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(methods[i].name, name) == 0) {
            *m = (enum factory_method)i;
            return true;
        }
    return false;
}
