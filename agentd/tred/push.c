/* SPDX-License-Identifier: Apache-2.0 */
/* Verification of pushes. Promises: constant-time comparison, a wrong PIN is on disk before its answer leaves. Must never tell more than
 * fits / does not fit, nor look into the document. */
#include "tred/push.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"

enum { KEY_MAX = 8 + IDENTITY_PIN_MAX, IMSI_MIN = 6, IMSI_MAX = 15 };

static uint8_t nibble(struct slice imsi, size_t i)
{
    return i < imsi.len ? (uint8_t)(imsi.data[i] - '0') : 0xf;
}

/* GSM 11.11 section 10.3.2: first nibble 9 for an odd number of digits, 1 for an even one, then the digits, low nibble first. */
size_t push_imsi_key(struct slice imsi, uint8_t out[8])
{
    if (imsi.len < IMSI_MIN || imsi.len > IMSI_MAX)
        return 0;
    for (size_t i = 0; i < imsi.len; i++)
        if (imsi.data[i] < '0' || imsi.data[i] > '9')
            return 0;
    size_t len = imsi.len / 2 + 1;
    out[0] = (uint8_t)((nibble(imsi, 0) << 4) | (imsi.len % 2 ? 9 : 1));
    for (size_t i = 1; i < len; i++)
        out[i] = (uint8_t)((nibble(imsi, 2 * i) << 4) | nibble(imsi, 2 * i - 1));
    return len;
}

/* HMAC key of the method (OMA-WAP-ProvBoot 5.2). NOT_READY if the IMSI is needed and not known. */
static enum error_code key_make(const struct push *p, struct slice pin, uint8_t key[KEY_MAX], size_t *len)
{
    *len = 0;
    if (p->sec != PUSH_USERPIN && (*len = push_imsi_key(p->imsi, key)) == 0)
        return ERROR_NOT_READY;
    if (p->sec != PUSH_NETWPIN) {
        memcpy(&key[*len], pin.data, pin.len);
        *len += pin.len;
    }
    return ERROR_NONE;
}

static enum error_code compare(const struct tre *t, const struct push *p, bool *fits)
{
    uint8_t key[KEY_MAX], mac[EVP_MAX_MD_SIZE];
    size_t key_len;
    unsigned mac_len = 0;
    struct identity_secrets secrets;
    enum error_code rc = identity_open(&secrets, &t->store);
    if (rc)
        return rc;
    rc = secrets.pin.len <= IDENTITY_PIN_MAX ? key_make(p, secrets.pin, key, &key_len) : ERROR_STORAGE;
    identity_close(&secrets);
    if (!rc && !HMAC(EVP_sha1(), key, (int)key_len, p->document.data, p->document.len, mac, &mac_len))
        rc = ERROR_INTERNAL;
    *fits = !rc && secret_equal((struct slice){ mac, mac_len }, p->mac);
    secret_zero(key, sizeof key);
    secret_zero(mac, sizeof mac);
    return rc;
}

static struct tries_row *tries_find(struct registry *r, struct slice message)
{
    for (size_t i = 0; i < REGISTRY_TRIES; i++)
        if (r->tries[i].wrong && slice_equal((struct slice){ r->tries[i].message, HASH_LEN }, message))
            return &r->tries[i];
    return NULL;
}

/* The row of a message; a new one takes the place of the oldest. */
static struct tries_row *tries_row(struct registry *r, struct slice message)
{
    struct tries_row *row = tries_find(r, message);
    if (row)
        return row;
    row = &r->tries[r->tries_next];
    r->tries_next = (uint16_t)((r->tries_next + 1) % REGISTRY_TRIES);
    row->wrong = 0;
    memcpy(row->message, message.data, HASH_LEN);
    return row;
}

/* Wrong PINs over all messages are forgiven one by one as time goes by. */
static void forgive(struct tre *t)
{
    uint64_t now = tre_now_ms();
    if (!t->forgiven_ms)
        t->forgiven_ms = now;
    while (now - t->forgiven_ms >= PUSH_FORGIVE_MS && t->registry.guesses) {
        t->registry.guesses--;
        t->forgiven_ms += PUSH_FORGIVE_MS;
    }
    if (!t->registry.guesses)
        t->forgiven_ms = now;
}

/* Counts a wrong MAC. Only guesses of a PIN are written at once: the IMSI is no secret, and a flood must not wear out the flash. */
static enum error_code count_wrong(struct tre *t, const struct push *p, uint8_t *tries_left)
{
    struct registry next = t->registry;
    struct tries_row *row = tries_row(&next, p->message);
    row->wrong = (uint8_t)(row->wrong + 1);
    *tries_left = (uint8_t)(row->wrong < PUSH_TRIES ? PUSH_TRIES - row->wrong : 0);
    log_notice("push", "MAC does not fit (SEC %u); tries left %u", p->sec, *tries_left);
    if (p->sec == PUSH_NETWPIN) {
        t->registry = next;
        return ERROR_MAC_MISMATCH;
    }
    next.guesses = (uint16_t)(next.guesses + 1);
    enum error_code rc = registry_commit(&t->registry, &next, &t->store);
    return rc ? rc : ERROR_MAC_MISMATCH;
}

static enum error_code check_form(const struct push *p)
{
    if (p->sec > PUSH_USERPINMAC)
        return ERROR_SEC_UNKNOWN;
    if (p->sec == PUSH_USERPINMAC)
        return ERROR_PIN_REQUIRED;
    return p->mac.len == PUSH_MAC_LEN ? ERROR_NONE : ERROR_MAC_MISSING;
}

enum error_code push_verify(struct tre *t, const struct push *p, uint8_t *tries_left)
{
    struct tries_row *row = tries_find(&t->registry, p->message);
    *tries_left = (uint8_t)(!row ? PUSH_TRIES : row->wrong < PUSH_TRIES ? PUSH_TRIES - row->wrong : 0);
    enum error_code rc = check_form(p);
    if (rc)
        return rc;
    if (*tries_left == 0)
        return ERROR_DENIED;
    forgive(t);
    if (p->sec != PUSH_NETWPIN && t->registry.guesses >= PUSH_GUESSES_MAX) {
        log_warning("push", "the PIN was guessed too often; further messages wait");
        return ERROR_BUSY;
    }
    bool fits = false;
    rc = compare(t, p, &fits);
    if (rc)
        return rc;
    return fits ? ERROR_NONE : count_wrong(t, p, tries_left);
}
