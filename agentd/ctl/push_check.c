/* SPDX-License-Identifier: Apache-2.0 */
/* OMA-WAP-ProvBoot 5.2: HMAC-SHA1 over the document with the key that SEC names; USERPINMAC by its check digits (5.2.1). */
#include "ctl/push_check.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/secret.h"
#include "base/writer.h"
#include "model/trigger.h"

const char *push_mac_name(enum push_mac m)
{
    static const char *const names[] = { "ok", "bad", "missing", "unchecked" };
    return names[m];
}

const char *push_sec_name(const struct wsp_push *push)
{
    static const char *const names[] = { "NETWPIN", "USERPIN", "USERNETWPIN", "USERPINMAC" };
    if (!push->has_sec)
        return NULL;
    return push->sec <= PUSH_USERPINMAC ? names[push->sec] : "unknown";
}

/* EF_IMSI coding without its length octet (GSM 11.11 10.3.2): parity nibble first, nibbles swapped, filler F. */
static void put_imsi(struct writer *w, const char *imsi)
{
    size_t digits = strlen(imsi);
    uint8_t high = (uint8_t)(imsi[0] - '0');
    writer_u8(w, (uint8_t)(high << 4 | (digits % 2 ? 9 : 1)));
    for (size_t i = 1; i < digits; i += 2) {
        uint8_t low = (uint8_t)(imsi[i] - '0');
        uint8_t next = i + 1 < digits ? (uint8_t)(imsi[i + 1] - '0') : 0x0f;
        writer_u8(w, (uint8_t)(next << 4 | low));
    }
}

static bool compute(struct slice key, struct slice body, uint8_t mac[20])
{
    unsigned len = 0;
    return HMAC(EVP_sha1(), key.data, (int)key.len, body.data, body.len, mac, &len) && len == 20;
}

static enum push_mac check_mac(const struct wsp_push *push, const char *imsi, const char *pin, struct error *err)
{
    uint8_t key[80], want[20], have[20];
    struct writer w = writer_make(key, sizeof key);
    if (!push->has_mac) {
        error_set(err, ERROR_MAC_MISSING, "SEC without MAC parameter");
        return PUSH_MAC_MISSING;
    }
    if (wsp_mac_decode(push, have, err))
        return PUSH_MAC_BAD;
    bool net = push->sec == PUSH_NETWPIN || push->sec == PUSH_USERNETWPIN, user = push->sec != PUSH_NETWPIN;
    if ((net && !imsi) || (user && !pin)) {
        error_set(err, ERROR_PIN_REQUIRED, "%s needs %s", push_sec_name(push), net && !imsi ? "--imsi" : "--pin");
        return PUSH_MAC_UNCHECKED;
    }
    if (net)
        put_imsi(&w, imsi);
    if (user)
        writer_text(&w, pin);
    bool ok = !w.failed && compute(writer_slice(&w), push->body, want) && secret_equal((struct slice){ want, 20 }, (struct slice){ have, 20 });
    secret_zero(key, sizeof key);
    if (!ok)
        error_set(err, ERROR_MAC_MISMATCH, "the MAC does not fit document and key");
    return ok ? PUSH_MAC_OK : PUSH_MAC_BAD;
}

/* The typed string is even and at least 10 long: PIN, then as many digits m_i = (M_i mod 10). */
static enum push_mac check_digits(const struct wsp_push *push, const char *typed, struct error *err)
{
    uint8_t mac[20];
    if (!typed) {
        error_set(err, ERROR_PIN_REQUIRED, "USERPINMAC needs --pin with the check digits");
        return PUSH_MAC_UNCHECKED;
    }
    size_t len = strlen(typed), half = len / 2;
    bool ok = len % 2 == 0 && len >= 10 && half <= sizeof mac && compute((struct slice){ (const uint8_t *)typed, half }, push->body, mac);
    for (size_t i = 0; ok && i < half; i++)
        ok = typed[half + i] == '0' + mac[i] % 10;
    if (!ok)
        error_set(err, ERROR_MAC_MISMATCH, "the check digits do not fit document and PIN");
    return ok ? PUSH_MAC_OK : PUSH_MAC_BAD;
}

static enum push_mac authenticate(const struct wsp_push *push, const char *imsi, const char *pin, struct error *err)
{
    if (!push->has_sec) {
        error_set(err, ERROR_MAC_MISSING, "no SEC parameter: the message is not authenticated");
        return PUSH_MAC_MISSING;
    }
    if (push->sec > PUSH_USERPINMAC) {
        error_set(err, ERROR_SEC_UNKNOWN, "SEC %u is unknown", push->sec);
        return push->has_mac ? PUSH_MAC_BAD : PUSH_MAC_MISSING;
    }
    return push->sec == PUSH_USERPINMAC ? check_digits(push, pin, err) : check_mac(push, imsi, pin, err);
}

static enum error_code parse(const struct wsp_push *push, struct arena *arena, struct prov_node **root, struct error *err)
{
    if (push->media == WSP_MEDIA_CP_WBXML)
        return prov_decode_wbxml(push->body, arena, root, err);
    if (push->media == WSP_MEDIA_CP_XML)
        return prov_decode_xml(push->body, arena, root, err);
    return error_set(err, ERROR_NOT_SUPPORTED, "content type is not OMA client provisioning");
}

void push_check_run(struct slice pdu, const char *imsi, const char *pin, struct arena *arena, struct push_check *out)
{
    *out = (struct push_check){ .mac = PUSH_MAC_UNCHECKED };
    struct error parse_error = { 0 };
    if (wsp_push_parse(pdu, &out->push, &out->error))
        return;
    out->has_header = true;
    out->mac = authenticate(&out->push, imsi, pin, &out->error);
    out->auth_error = out->error;
    if (out->mac == PUSH_MAC_BAD)
        return;
    enum error_code rc = parse(&out->push, arena, &out->document, &parse_error);
    if (rc) {
        out->document = NULL;
        out->error = parse_error;
    }
    out->accepted = !rc && out->mac == PUSH_MAC_OK;
}
