/* SPDX-License-Identifier: Apache-2.0 */
/* Verification of pushes. Promises: constant-time comparison, a wrong typing is on disk before its answer leaves, a fitting MAC is found however many
 * wrong ones came. Must never tell more than fits / does not fit, nor look into the document. */
#include "tred/push.h"

#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "model/push_sec.h"
#include "tred/hmac.h"

enum { TYPED_MAX = 2 * PUSH_MAC_LEN, KEY_MAX = 8 + PUSH_MAC_LEN, PIN_MIN = 4, IMSI_MIN = 6, IMSI_MAX = 15 };

/* GSM 11.11 section 10.3.2: first nibble 9 for an odd number of digits, 1 for an even one, then the digits, low nibble first, and f where one is left. */
size_t push_imsi_key(struct slice imsi, uint8_t out[8])
{
    if (imsi.len < IMSI_MIN || imsi.len > IMSI_MAX)
        return 0;
    unsigned low = imsi.len % 2 ? 9 : 1;
    for (size_t i = 0; i <= imsi.len; i += 2) {
        unsigned high = i < imsi.len ? (unsigned)imsi.data[i] - '0' : 0xf, next = i + 1 < imsi.len ? (unsigned)imsi.data[i + 1] - '0' : 0;
        if ((high > 9 && i < imsi.len) || next > 9)
            return 0;
        out[i / 2] = (uint8_t)(high << 4 | low);
        low = next;
    }
    return imsi.len / 2 + 1;
}

struct hmac { /* wiped by who has it */
    uint8_t mac[HMAC_SHA1_LEN], key[KEY_MAX];
};

/* HMAC-SHA1 over the document under the key of the method (OMA-WAP-ProvBoot 5.2): IMSI, PIN, or IMSI and PIN. NOT_READY if the IMSI is needed and not
 * known. */
static enum error_code hmac_make(const struct push *p, struct slice pin, struct hmac *out)
{
    size_t len = 0;
    bool net = p->sec == PUSH_NETWPIN || p->sec == PUSH_USERNETWPIN;
    if (net && (len = push_imsi_key(p->imsi, out->key)) == 0)
        return ERROR_NOT_READY;
    if (p->sec != PUSH_NETWPIN) {
        memcpy(&out->key[len], pin.data, pin.len);
        len += pin.len;
    }
    struct slice key = { out->key, len };
    bool ok = p->sec == PUSH_NETWPIN ? hmac_sha1_kept(key, p->document, out->mac) : hmac_sha1(key, p->document, out->mac); /* DESIGN trust rule 1: the IMSI is no secret */
    return ok ? ERROR_NONE : ERROR_INTERNAL;
}

static enum error_code compare_mac(const struct push *p, struct slice pin, bool *fits)
{
    struct hmac h;
    enum error_code rc = hmac_make(p, pin, &h);
    *fits = !rc && secret_equal((struct slice){ h.mac, PUSH_MAC_LEN }, p->mac);
    secret_zero(&h, sizeof h);
    return rc;
}

/* USERPINMAC (5.2.1): the first half of the digits is the key, the second half m_i = M_i mod 10 of the first octets of the MAC. */
static enum error_code compare_digits(const struct push *p, bool *fits)
{
    struct hmac h = { .mac = { 0 } };
    size_t half = p->typed.len / 2;
    struct reader r = reader_make(p->typed.data, p->typed.len);
    struct slice pin = reader_take(&r, half), check = reader_take(&r, half);
    enum error_code rc = hmac_make(p, pin, &h);
    for (size_t i = 0; i < half; i++)
        h.mac[i] = (uint8_t)('0' + h.mac[i] % 10);
    *fits = !rc && secret_equal((struct slice){ h.mac, half }, check);
    secret_zero(&h, sizeof h);
    return rc;
}

/* --- typings: three for a message --- */

/* Rows are used in turn: behind one that never was, there is no other. */
static struct tries_row *tries_find(struct registry *r, struct slice message)
{
    for (size_t i = 0; i < REGISTRY_TRIES && r->tries[i].wrong; i++)
        if (slice_equal((struct slice){ r->tries[i].message, HASH_LEN }, message))
            return &r->tries[i];
    return NULL;
}

/* The row of a message; a new one takes the place of the oldest. Rows come from typings alone, so that no sender can push one out. */
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

static uint8_t tries_of(struct registry *r, struct slice message)
{
    const struct tries_row *row = tries_find(r, message);
    return (uint8_t)(!row ? PUSH_TRIES : row->wrong < PUSH_TRIES ? PUSH_TRIES - row->wrong : 0);
}

/* A wrong typing; on disk before its answer leaves. */
static enum error_code count_typing(struct tre *t, const struct push *p, uint8_t *tries_left)
{
    struct registry next = t->registry;
    struct tries_row *row = tries_row(&next, p->message);
    row->wrong = (uint8_t)(row->wrong + 1);
    *tries_left = tries_of(&next, p->message);
    log_notice("push", "typed digits do not fit (SEC %u); tries left %u", p->sec, *tries_left);
    enum error_code rc = registry_commit(&t->registry, &next, &t->store);
    return rc ? rc : ERROR_MAC_MISMATCH;
}

/* --- budget: wrong MACs over all messages ---
 *
 * Anybody may send messages whose MAC is made with a guessed PIN: one message, one guess, and the same octets again are the same guess. A PIN of n digits
 * has N = 10^n values. If every message were believed whose MAC fits, 10^4 messages would find a PIN of four digits (half a day at one SMS in 4 s); if
 * messages were refused after some wrong ones, anybody could keep the owner's message out. So each MAC is always computed, and what is bounded is
 * which fitting one is believed without a person:
 *
 *   budget      B = N / 1000 wrong MACs (n = 4: 10, n = 6: 1000, n = 8: 100000, from n = 9 on 10^6), refilled evenly in 30 days of running time
 *   within it   a fitting MAC is believed. An attacker who always keeps within it makes B + B * t / 30 d guesses in time t: he is believed with
 *               probability 1/1000 at once and 1/1000 more every 30 days, at any rate of SMS
 *   spent       a fitting MAC is not refused: PIN_REQUIRED, and the owner types the digits on the gateway, where no sender reaches
 *
 * A flood against n = 8 must bring 100000 messages (4.6 days at one in 4 s) before the owner notices anything, and 26 s after its end the next message
 * is believed again; for n = 4 it is 3 days. Stored in a hundredth of B at a time, spent first: a flood does not wear out the flash, a restart only
 * costs budget. NETWPIN is not counted: the IMSI is no secret. */

enum { BUDGET_DIGITS_MAX = 9 };

uint64_t push_budget(size_t digits)
{
    uint64_t n = 1;
    for (size_t i = 3; i < digits && i < BUDGET_DIGITS_MAX; i++)
        n *= 10;
    return n;
}

static uint64_t budget_units(size_t digits)
{
    uint64_t whole = push_budget(digits);
    return whole < PUSH_BUDGET_UNITS ? whole : PUSH_BUDGET_UNITS;
}

static uint64_t budget_unit(size_t digits)
{
    return push_budget(digits) / budget_units(digits);
}

/* Guesses come back one by one; a unit of them that is whole again is written down with the next commit. */
static void budget_refill(struct tre *t, size_t digits)
{
    uint64_t now = tre_now_ms(), each = PUSH_BUDGET_DAYS * 24ull * 3600 * 1000 / push_budget(digits), unit = budget_unit(digits);
    if (!t->refilled_ms || !t->registry.guesses)
        t->refilled_ms = now;
    uint64_t back = (now - t->refilled_ms) / each;
    t->refilled_ms += back * each;
    t->unit_left += back;
    for (; back && t->registry.guesses && t->unit_left >= unit; t->unit_left -= unit)
        t->registry.guesses--;
    if (!t->registry.guesses)
        t->unit_left = 0;
}

/* Spent once the last unit is begun and used up. */
static bool budget_spent(struct tre *t, size_t digits)
{
    budget_refill(t, digits);
    return t->registry.guesses >= budget_units(digits) && t->unit_left == 0;
}

static enum error_code budget_count(struct tre *t, size_t digits)
{
    if (budget_spent(t, digits))
        return ERROR_MAC_MISMATCH;
    if (t->unit_left == 0) {
        struct registry next = t->registry;
        next.guesses = (uint16_t)(next.guesses + 1);
        log_notice("push", "wrong MACs: %u of %u parts of the budget are spent", next.guesses, (unsigned)budget_units(digits));
        enum error_code rc = registry_commit(&t->registry, &next, &t->store);
        if (rc)
            return rc;
        t->unit_left = budget_unit(digits);
    }
    t->unit_left--;
    return ERROR_MAC_MISMATCH;
}

/* --- verdict --- */

static bool only_digits(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
    return true;
}

/* ProvBoot 5.2.1: the typed string of USERPINMAC is even and at least ten long; a PIN alone has as many digits as a device PIN. */
static bool typed_form(const struct push *p)
{
    size_t n = p->typed.len;
    if (p->sec == PUSH_USERPINMAC)
        return n % 2 == 0 && n >= 10 && n <= TYPED_MAX && only_digits(p->typed);
    return p->sec != PUSH_NETWPIN && n >= PIN_MIN && n <= IDENTITY_PIN_MAX && only_digits(p->typed);
}

static enum error_code verify_typed(struct tre *t, const struct push *p, uint8_t *tries_left)
{
    bool fits = false;
    if (*tries_left == 0)
        return ERROR_DENIED;
    if (!typed_form(p))
        return ERROR_INVALID;
    enum error_code rc = p->sec == PUSH_USERPINMAC ? compare_digits(p, &fits) : compare_mac(p, p->typed, &fits);
    return rc ? rc : fits ? ERROR_NONE : count_typing(t, p, tries_left);
}

static enum error_code verify_with_pin(struct tre *t, const struct push *p, struct slice pin)
{
    bool fits = false;
    if (pin.len > IDENTITY_PIN_MAX)
        return ERROR_STORAGE;
    if (pin.len == 0)
        return ERROR_PIN_REQUIRED; /* never a MAC under an empty key */
    enum error_code rc = compare_mac(p, pin, &fits);
    if (rc)
        return rc;
    if (!fits)
        return budget_count(t, pin.len);
    if (!budget_spent(t, pin.len))
        return ERROR_NONE;
    log_warning("push", "the MAC fits, but too many did not; the owner must type the digits");
    return ERROR_PIN_REQUIRED;
}

static enum error_code verify_sent(struct tre *t, const struct push *p)
{
    struct identity_secrets secrets;
    bool fits = false;
    enum error_code rc;
    if (p->sec == PUSH_NETWPIN) {
        rc = compare_mac(p, (struct slice){ NULL, 0 }, &fits);
        return rc ? rc : fits ? ERROR_NONE : ERROR_MAC_MISMATCH;
    }
    rc = identity_open(&secrets, &t->store);
    if (rc)
        return rc;
    rc = verify_with_pin(t, p, secrets.pin);
    identity_close(&secrets);
    return rc;
}

enum error_code push_verify(struct tre *t, const struct push *p, uint8_t *tries_left)
{
    *tries_left = tries_of(&t->registry, p->message);
    if (p->sec > PUSH_USERPINMAC)
        return ERROR_SEC_UNKNOWN;
    if (p->sec != PUSH_USERPINMAC && p->mac.len != PUSH_MAC_LEN)
        return ERROR_MAC_MISSING;
    if (p->typed.len)
        return verify_typed(t, p, tries_left);
    if (*tries_left == 0)
        return ERROR_DENIED;
    return p->sec == PUSH_USERPINMAC ? ERROR_PIN_REQUIRED : verify_sent(t, p);
}

enum error_code push_judge(struct tre *t, size_t digits, bool fits)
{
    if (!fits)
        return budget_count(t, digits);
    return budget_spent(t, digits) ? ERROR_DENIED : ERROR_NONE;
}
