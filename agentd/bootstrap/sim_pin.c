/* SPDX-License-Identifier: Apache-2.0 */
/* Remembered PINs. Invariants: before an automatic try the store says that it is being made, so that a crash in between is not followed by another; a
 * PIN that the card refused is forgotten before anything else happens; with fewer than two known tries nothing is tried by itself.
 *
 *   look: locked, ICCID known, sealed PIN, tries >= 2, no mark -> mark -> unseal -> try    taken: mark gone    refused: PIN and mark gone
 *         no answer: the mark stays, and with it a hint that only a person resolves */
#include "bootstrap/sim_pin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "model/tre_wire.h"

enum { CARDS = 8, TRIES_MIN = 2, SIM_ID = 40, MODEM_PATH = 128, SEALED_MAX = 256, SEALED_TEXT = 2 * SEALED_MAX + 1 };

struct card { /* present now */
    char sim[SIM_ID], modem[MODEM_PATH];
    bool tried, refused;
};

struct attempt {
    struct attempt *next;
    struct sim_pins *pins;
    char sim[SIM_ID];
    bool automatic, remember;
    struct secret *pin;
    uint32_t call;
    uint64_t timer;
    enum error_code status;
    const char *text;
    modem_done_fn *fn;
    void *user;
};

struct sim_pins {
    struct site *site;
    struct card card[CARDS];
    struct attempt *attempts;
};

/* --- what the store keeps: the sealed PIN as hex, and the mark of a try under way --- */

static char *key_of(const char *kind, const char *sim, char *out, size_t cap)
{
    (void)snprintf(out, cap, "%s/%s", kind, sim);
    return out;
}

static bool is_kept(struct sim_pins *p, const char *kind, const char *sim)
{
    char key[64], value[SEALED_TEXT];
    return store_value_get(p->site->store, key_of(kind, sim, key, sizeof key), value, sizeof value) && value[0];
}

/* "" is gone. */
static enum error_code keep(struct sim_pins *p, const char *sim, const char *pin, const char *mark, struct error *err)
{
    char key[64];
    enum error_code rc = store_begin(p->site->store, err);
    if (rc)
        return rc;
    if (pin)
        store_value_put(p->site->store, key_of("sim-pin", sim, key, sizeof key), pin);
    if (mark)
        store_value_put(p->site->store, key_of("sim-pin-try", sim, key, sizeof key), mark);
    return store_commit(p->site->store, err);
}

static void keep_or_report(struct sim_pins *p, const char *sim, const char *pin, const char *mark)
{
    struct error e = { 0 };
    if (keep(p, sim, pin, mark, &e))
        site_report(p->site, "sim", 0, &e);
}

static bool sealed_pin(struct sim_pins *p, const char *sim, uint8_t *out, size_t *len)
{
    char key[64], hex[SEALED_TEXT];
    if (!store_value_get(p->site->store, key_of("sim-pin", sim, key, sizeof key), hex, sizeof hex) || !hex[0])
        return false;
    return text_hex_decode((struct slice){ (const uint8_t *)hex, strlen(hex) }, out, SEALED_MAX, len);
}

/* --- cards --- */

static bool has_iccid(const char *sim)
{
    return strncmp(sim, "iccid-", 6) == 0;
}

static bool is_present(struct sim_pins *p, const struct card *c)
{
    const struct modem_facts *f;
    for (size_t n = 0; (f = modem_at(p->site->modem, n)); n++)
        if (strcmp(f->sim, c->sim) == 0 && strcmp(f->path, c->modem) == 0)
            return true;
    return false;
}

/* The card of a modem; one that was unplugged, or taken out, is another when it is back. NULL: too many. */
static struct card *card_of(struct sim_pins *p, const struct modem_facts *f)
{
    struct card *free_slot = NULL;
    for (size_t i = 0; i < CARDS; i++) {
        struct card *c = &p->card[i];
        if (c->sim[0] && !is_present(p, c))
            *c = (struct card){ 0 };
        if (c->sim[0] && strcmp(c->sim, f->sim) == 0 && strcmp(c->modem, f->path) == 0)
            return c;
        if (!c->sim[0])
            free_slot = c;
    }
    if (free_slot) {
        (void)text_copy(free_slot->sim, sizeof free_slot->sim, f->sim);
        (void)text_copy(free_slot->modem, sizeof free_slot->modem, f->path);
    }
    return free_slot;
}

static const char *hint_for(struct sim_pins *p, const struct modem_facts *f, const struct card *c)
{
    bool remembered = is_kept(p, "sim-pin", f->sim);
    if (f->lock == SIM_UNLOCKED || f->lock == SIM_OTHER_LOCK)
        return f->lock == SIM_UNLOCKED ? "" : "ModemManager names the lock: mmcli -m any";
    if (f->lock == SIM_PUK)
        return error_hint(ERROR_SIM_PUK);
    if (f->pin_tries < TRIES_MIN)
        return error_hint(ERROR_PIN_LAST);
    if (c && c->refused)
        return "the remembered PIN was refused and is forgotten; agentctl sim remember";
    if (remembered && f->pin_tries == SIM_TRIES_UNKNOWN)
        return "the modem does not tell how many tries are left, so the remembered PIN is not tried; agentctl sim pin";
    if (remembered && is_kept(p, "sim-pin-try", f->sim))
        return "what the card said to the remembered PIN is not known, so it is not tried again; agentctl sim pin";
    return "agentctl sim pin";
}

static void show(struct sim_pins *p, const struct modem_facts *f, const struct card *c)
{
    struct node *n = tree_find(p->site->tree, TREE_SIM, f->sim);
    if (!n)
        return;
    node_set_flag(n, "PinRemembered", is_kept(p, "sim-pin", f->sim));
    node_set(n, "LockHint", hint_for(p, f, c));
}

/* --- tries --- */

static struct attempt *attempt_new(struct sim_pins *p, const char *sim)
{
    struct attempt *a = calloc(1, sizeof *a);
    if (a)
        a->pin = secret_new();
    if (!a || !a->pin)
        abort(); /* a caller that is never answered is worse */
    a->pins = p;
    a->next = p->attempts;
    p->attempts = a;
    (void)text_copy(a->sim, sizeof a->sim, sim);
    return a;
}

static void attempt_free(struct attempt *a)
{
    for (struct attempt **at = &a->pins->attempts; *at; at = &(*at)->next)
        if (*at == a) {
            *at = a->next;
            break;
        }
    loop_cancel(a->pins->site->loop, &a->timer);
    if (a->call)
        trust_cancel(a->pins->site->trust, a->call);
    secret_free(a->pin);
    free(a);
}

static void attempt_end(struct attempt *a, enum error_code status, const char *text)
{
    struct sim_pins *p = a->pins;
    modem_done_fn *fn = a->fn;
    void *user = a->user;
    attempt_free(a);
    sim_pins_look(p);
    if (fn)
        fn(user, status, text);
}

/* The card has taken it; if it cannot be kept, the person hears of that. */
static void on_sealed(void *user, enum error_code status, struct slice blob)
{
    struct attempt *a = user;
    struct error e = { .code = status };
    char hex[SEALED_TEXT] = "";
    a->call = 0;
    if (!status && blob.len <= SEALED_MAX)
        (void)keep(a->pins, a->sim, text_hex(blob.data, blob.len, hex), "", &e);
    else if (!status)
        e.code = ERROR_TOO_LARGE;
    if (!e.code)
        log_notice("sim", "%s: its PIN is remembered", a->sim);
    attempt_end(a, e.code, e.code ? "the card is unlocked, but the PIN cannot be remembered" : "");
}

static struct card *card_named(struct sim_pins *p, const char *sim)
{
    for (size_t i = 0; i < CARDS; i++)
        if (strcmp(p->card[i].sim, sim) == 0)
            return &p->card[i];
    return NULL;
}

static void refused_by_itself(struct sim_pins *p, const char *sim)
{
    struct error e;
    struct card *c = card_named(p, sim);
    if (c)
        c->refused = true;
    error_set(&e, ERROR_PIN_WRONG, "%s refused the remembered PIN, which is forgotten", sim);
    site_report(p->site, "sim", 0, &e);
}

static bool is_unknown(enum error_code status) /* whether the card saw it */
{
    return status == ERROR_TIMEOUT || status == ERROR_NO_MODEM;
}

static void on_sent(void *user, enum error_code status, const char *text)
{
    struct attempt *a = user;
    struct sim_pins *p = a->pins;
    char label[64];
    if (status == ERROR_PIN_WRONG && a->automatic)
        keep_or_report(p, a->sim, "", "");
    else if (!is_unknown(status) && (a->automatic || !status))
        keep_or_report(p, a->sim, NULL, "");
    if (status == ERROR_PIN_WRONG && a->automatic)
        refused_by_itself(p, a->sim);
    else if (!status)
        log_notice("sim", "%s: unlocked%s", a->sim, a->automatic ? " with the remembered PIN" : "");
    if (!status && a->remember)
        a->call = trust_seal(p->site->trust, key_of("sim-pin", a->sim, label, sizeof label), secret_slice(a->pin), on_sealed, a);
    else
        attempt_end(a, status, text);
}

static void send_pin(struct attempt *a)
{
    struct slice pin = secret_slice(a->pin);
    char digits[SECRET_MAX + 1] = "";
    memcpy(digits, pin.data, pin.len);
    modem_send_pin(a->pins->site->modem, a->sim, digits, on_sent, a);
    secret_zero(digits, sizeof digits);
}

static void on_unsealed(void *user, enum error_code status, struct slice pin)
{
    struct attempt *a = user;
    a->call = 0;
    if (!status && secret_set(a->pin, pin.data, pin.len)) {
        send_pin(a);
        return;
    }
    struct error e;
    error_set(&e, status ? status : ERROR_STORAGE, "the remembered PIN of %s cannot be opened", a->sim);
    keep_or_report(a->pins, a->sim, NULL, ""); /* no try was made */
    site_report(a->pins->site, "sim", 0, &e);
    attempt_end(a, e.code, e.text);
}

static bool is_due(struct sim_pins *p, const struct modem_facts *f, const struct card *c)
{
    return f->lock == SIM_PIN && has_iccid(f->sim) && c && !c->tried && f->pin_tries >= TRIES_MIN && f->pin_tries != SIM_TRIES_UNKNOWN &&
           trust_status(p->site->trust)->state == TRE_READY && is_kept(p, "sim-pin", f->sim) && !is_kept(p, "sim-pin-try", f->sim);
}

static void try_by_itself(struct sim_pins *p, struct card *c)
{
    uint8_t sealed[SEALED_MAX];
    char label[64];
    size_t len = 0;
    struct error e = { 0 };
    c->tried = true;
    if (!sealed_pin(p, c->sim, sealed, &len))
        return;
    if (keep(p, c->sim, NULL, "1", &e)) { /* a try that is not on record would be made again after a crash */
        site_report(p->site, "sim", 0, &e);
        return;
    }
    struct attempt *a = attempt_new(p, c->sim);
    a->automatic = true;
    a->call = trust_unseal(p->site->trust, key_of("sim-pin", c->sim, label, sizeof label), (struct slice){ sealed, len }, on_unsealed, a);
}

void sim_pins_look(struct sim_pins *p)
{
    const struct modem_facts *f;
    for (size_t n = 0; p->site->modem && (f = modem_at(p->site->modem, n)); n++) {
        struct card *c = f->sim[0] ? card_of(p, f) : NULL;
        if (is_due(p, f, c))
            try_by_itself(p, c);
        show(p, f, c);
    }
}

static void on_answer(void *user)
{
    struct attempt *a = user;
    a->timer = 0;
    attempt_end(a, a->status, a->text);
}

void sim_pins_send(struct sim_pins *p, const char *sim, const char *pin, bool remember, modem_done_fn *fn, void *user)
{
    struct attempt *a = attempt_new(p, sim);
    a->fn = fn;
    a->user = user;
    a->remember = remember;
    (void)secret_set(a->pin, pin, strlen(pin));
    struct card *c = card_named(p, sim);
    if (c) /* a person is at it: no try by itself any more, also because ModemManager shows the lock for a while after it is gone */
        c->tried = true;
    if (remember && !has_iccid(sim)) {
        a->status = ERROR_NOT_SUPPORTED;
        a->text = "this card does not tell its ICCID while locked, so that a PIN cannot be kept for it";
    } else if (remember && trust_status(p->site->trust)->state != TRE_READY) {
        a->status = ERROR_NOT_READY;
        a->text = "agent-tred is not there to seal the PIN";
    }
    if (a->status)
        a->timer = loop_timer(p->site->loop, 0, on_answer, a);
    else
        send_pin(a);
}

enum error_code sim_pins_forget(struct sim_pins *p, const char *sim, struct error *err)
{
    if (!is_kept(p, "sim-pin", sim))
        return error_set(err, ERROR_NOT_FOUND, "no PIN is remembered for %s", sim);
    enum error_code rc = keep(p, sim, "", "", err);
    sim_pins_look(p);
    return rc;
}

struct sim_pins *sim_pins_new(struct site *site)
{
    struct sim_pins *p = calloc(1, sizeof *p);
    if (p)
        p->site = site;
    return p;
}

void sim_pins_free(struct sim_pins *p)
{
    if (!p)
        return;
    while (p->attempts)
        attempt_free(p->attempts);
    free(p);
}
