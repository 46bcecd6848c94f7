/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what came by descriptor, bounded and never blocking, and hands on. */
#include "calls.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd_config.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "bootstrap/instruction/local.h"
#include "bootstrap/service/upkeep.h"
#include "pn/authorize.h"
#include "trust/trust_aka.h"

enum { ACCOUNT_MAX = 4096, DOCUMENT_MAX = 66 * 1024 /* 32 KiB as hex, with line ends */, ORDER_MAX = 16 * 1024 };

static size_t read_all(int fd, uint8_t *out, size_t cap)
{
    size_t len = 0;
    for (ssize_t n = 1; n > 0 && len < cap; len += n > 0 ? (size_t)n : 0)
        n = pread(fd, &out[len], cap - len, (off_t)len);
    return len;
}

/* Hex with white space becomes octets in place; anything else stays as it is. */
static size_t unhex(uint8_t *data, size_t len)
{
    size_t digits = 0, out = 0;
    for (size_t i = 0; i < len; i++) {
        if (!isxdigit(data[i]) && !isspace(data[i]))
            return len;
        digits += isxdigit(data[i]) != 0;
    }
    if (!digits || digits % 2)
        return len;
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        if (isxdigit(data[i]))
            data[n++] = data[i];
    return text_hex_decode((struct slice){ data, n }, data, n, &out) ? out : len;
}

/* COSE_Mac0 or COSE_Sign1: a tag and a list of four, where a push has its PDU type. */
static bool is_instruction(const uint8_t *data, size_t len)
{
    return len > 2 && (data[0] == 0xD1 || data[0] == 0xD2) && data[1] == 0x84;
}

static bool is_url(struct slice document)
{
    return document.len > 8 && memcmp(document.data, "https://", 8) == 0;
}

static void bootstrap_url(struct calls *c, struct slice line, bus_job_fn *fn, void *fn_user)
{
    uint8_t octets[INSTRUCTION_LOCAL_MAX];
    struct writer w = writer_make(octets, sizeof octets);
    struct error e = { 0 };
    if (instruction_of_url(c->site, line, &w, &e))
        fn(fn_user, &e, "");
    else
        conductor_bootstrap(c->conductor, "ui", writer_slice(&w), fn, fn_user);
}

/* What a caller's descriptor holds: the count of octets, or an error. */
static size_t document_read(int fd, uint8_t *data, size_t cap, struct error *e)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        error_set(e, ERROR_INVALID, "the document must be a regular file");
    else if (st.st_size <= 0 || (size_t)st.st_size > cap)
        error_set(e, ERROR_TOO_LARGE, "the document must have 1..%zu octets", cap);
    return e->code ? 0 : read_all(fd, data, cap);
}

static void call_bootstrap(void *user, int fd, bus_job_fn *fn, void *fn_user)
{
    struct calls *c = user;
    struct error e = { 0 };
    uint8_t *data = malloc(DOCUMENT_MAX);
    if (!data)
        error_set(&e, ERROR_NO_MEMORY, "document");
    size_t len = e.code ? 0 : document_read(fd, data, DOCUMENT_MAX, &e);
    if (e.code) {
        free(data);
        fn(fn_user, &e, "");
        return;
    }
    len = unhex(data, len);
    struct slice document = { data, len };
    if (is_url(document))
        bootstrap_url(c, document, fn, fn_user);
    else
        conductor_bootstrap(c->conductor, is_instruction(data, len) ? "instruction" : "file", document, fn, fn_user);
    secret_zero(data, DOCUMENT_MAX);
    free(data);
}

static enum error_code call_reopen(void *user, const char *context, struct error *err)
{
    return conductor_reopen(((struct calls *)user)->conductor, context, err);
}

static void call_factory_reset(void *user, bus_outcome_fn *fn, void *fn_user)
{
    upkeep_order(((struct calls *)user)->site->upkeep, SYSD_OP_FACTORY_RESET, fn, fn_user);
}

static void call_submit_pin(void *user, const char *context, const char *digits, bus_job_fn *fn, void *fn_user)
{
    conductor_submit_pin(((struct calls *)user)->conductor, context, digits, fn, fn_user);
}

static enum error_code call_cancel(void *user, const char *job_id, struct error *err)
{
    struct calls *c = user;
    enum error_code rc = conductor_cancel(c->conductor, job_id, err);
    return rc == ERROR_NOT_FOUND ? sessions_cancel(c->sessions, job_id, err) : rc;
}

static enum error_code call_update(void *user, const char *account_id, struct error *err)
{
    return service_update(((struct calls *)user)->service, account_id, err);
}

static enum error_code call_connect(void *user, const char *account_id, struct error *err)
{
    return accounts_connect(((struct calls *)user)->accounts, account_id, err);
}

static enum error_code call_disable(void *user, const char *account_id, uint32_t seconds, struct error *err)
{
    return accounts_disable(((struct calls *)user)->accounts, account_id, seconds, err);
}

static enum error_code call_remove(void *user, const char *account_id, struct error *err)
{
    return accounts_remove(((struct calls *)user)->accounts, account_id, err);
}

static void call_send(void *user, const char *account_id, const char *paths, const char *format, bus_done_fn *fn, void *fn_user)
{
    accounts_send(((struct calls *)user)->accounts, account_id, paths, format, fn, fn_user);
}

struct add_call {
    bus_job_fn *fn;
    void *user;
};

static void on_account_added(void *user, const struct error *error, const struct node *node)
{
    struct add_call call = *(struct add_call *)user;
    free(user);
    call.fn(call.user, error ? error : &(struct error){ 0 }, error ? "" : node_path(node));
}

static void call_add_account(void *user, int fd, bus_job_fn *fn, void *fn_user)
{
    struct calls *c = user;
    struct add_call *call = calloc(1, sizeof *call);
    uint8_t text[ACCOUNT_MAX];
    if (!call)
        abort();
    *call = (struct add_call){ fn, fn_user };
    size_t len = read_all(fd, text, sizeof text);
    accounts_add(c->accounts, (struct slice){ text, len }, on_account_added, call);
    secret_zero(text, sizeof text);
}

static void call_send_pin(void *user, const char *sim_id, const char *pin, bool remember, bus_done_fn *fn, void *fn_user)
{
    sim_pins_send(((struct calls *)user)->pins, sim_id, pin, remember, fn, fn_user);
}

static enum error_code call_forget_pin(void *user, const char *sim_id, struct error *err)
{
    return sim_pins_forget(((struct calls *)user)->pins, sim_id, err);
}

struct mid_call { /* one waiting caller */
    struct calls *calls;
    enum mid_state wanted;
    bus_outcome_fn *done;
    bus_aka_fn *aka;
    bus_order_fn *order;
    void *user;
    char id[65];
};

static struct mid_call *mid_call_new(struct calls *c, const char *id, bus_outcome_fn *done, bus_aka_fn *aka, void *user)
{
    struct mid_call *m = calloc(1, sizeof *m);
    if (!m)
        abort();
    *m = (struct mid_call){ .calls = c, .done = done, .aka = aka, .user = user };
    (void)text_copy(m->id, sizeof m->id, id);
    return m;
}

static void hint(struct error *e, const char *before, const char *name, const char *behind)
{
    (void)snprintf(e->hint, sizeof e->hint, "%s%s%s", before, name, behind);
}

/* Another MID that holds the place which m wants; NULL if none does. */
static const char *holder(struct tree *t, struct node *m)
{
    struct node *n = NULL;
    while ((n = tree_next(t, TREE_MID, n)))
        if (n != m && strcmp(node_text(n, "State"), mid_state_name(MID_ACTIVE)) == 0 && strcmp(node_text(n, "Type"), node_text(m, "Type")) == 0 &&
            strcmp(node_text(n, "Context"), node_text(m, "Context")) == 0)
            return node_id(n);
    return NULL;
}

/* The lifecycle has no such arrow (doc trusted-environment, section 1): where the MID is, and who leads it out. */
static void mid_refused(struct error *e, const char *id, const char *state)
{
    static const struct {
        enum mid_state state;
        bool named;
        const char *before, *behind;
    } ways[] = {
        { MID_ACTIVE, true, "agentctl mid suspend ", " comes first" },
        { MID_BLOCKED, false, "its issuer must unblock it: agentctl mid order FILE", "" },
        { MID_MIGRATING, false, "its issuer moves it to another gateway, or erases it", "" },
        { MID_ERASED, false, "its issuer must install it again", "" },
        { MID_PROVISIONED, true, "only one in service can be suspended: agentctl mid erase ", " removes it" },
    };
    (void)error_set(e, ERROR_POLICY, "MID %s is %s", id, state);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (strcmp(state, mid_state_name(ways[i].state)) == 0)
            hint(e, ways[i].before, ways[i].named ? id : "", ways[i].behind);
}

/* What an administrator is told of a call that failed: which MID, how it is, what comes next. */
static void mid_failed(const struct mid_call *m, enum error_code status, struct error *e)
{
    struct node *n = tree_find(m->calls->site->tree, TREE_MID, m->id);
    const char *state = n ? node_text(n, "State") : "gone", *other = n && m->wanted == MID_ACTIVE ? holder(m->calls->site->tree, n) : NULL;
    if (status == ERROR_POLICY && other) {
        (void)error_set(e, status, "MID %s: %s of its type is ACTIVE in the same context", m->id, other);
        hint(e, "agentctl mid suspend ", other, " comes first");
    } else if (status == ERROR_POLICY && m->wanted == MID_ERASED && strcmp(state, mid_state_name(MID_SUSPENDED)) == 0) {
        (void)error_set(e, status, "MID %s: erasing it is left to its issuer", m->id);
        hint(e, "agentctl mid order FILE, with an order of its issuer", "", "");
    } else if (status == ERROR_POLICY) {
        mid_refused(e, m->id, state);
    } else if (status == ERROR_NOT_READY) {
        (void)error_set(e, status, "MID %s is %s, not ACTIVE", m->id, state);
        hint(e, "agentctl mid activate ", m->id, "");
    } else if (status == ERROR_PEER_LOST) {
        (void)error_set(e, status, "MID %s: agent-tred does not answer", m->id);
        hint(e, "see its log: journalctl -u gateway-tred, or logread", "", "");
    } else {
        (void)error_set(e, status, "MID %s: %s", m->id, error_text(status));
    }
}

static void on_mid_state(void *user, enum error_code status, enum mid_result result, const struct mid_entry *entry)
{
    struct mid_call *m = user;
    struct error e = { 0 };
    (void)result;
    if (status)
        mid_failed(m, status, &e);
    else
        log_info("mid", "%s: %s by a caller on the bus", m->id, mid_state_name(entry->state));
    m->done(m->user, &e);
    free(m);
}

/* The lock-out rule (DESIGN 5.7): what programs use is not erased in one step. */
static void call_mid_set_state(void *user, const char *mid_id, enum mid_state state, bus_outcome_fn *fn, void *fn_user)
{
    struct calls *c = user;
    struct node *n = tree_find(c->site->tree, TREE_MID, mid_id);
    struct mid_call *m = mid_call_new(c, mid_id, fn, NULL, fn_user);
    m->wanted = state;
    if (state == MID_ERASED && n && strcmp(node_text(n, "State"), mid_state_name(MID_ACTIVE)) == 0)
        on_mid_state(m, ERROR_POLICY, MID_OK, NULL);
    else
        (void)trust_mid_set_state(c->site->trust, mid_id, state, on_mid_state, m);
}

static void on_mid_order(void *user, enum error_code status, enum mid_result result, struct slice receipt)
{
    struct mid_call *m = user;
    struct error e = { 0 };
    if (status && result == MID_INTERNAL) /* not a decision of the TRE */
        (void)error_set(&e, status, "order: %s", error_text(status));
    log_info("mid", "order by a caller on the bus: result %d", (int)result);
    m->order(m->user, &e, result, receipt);
    free(m);
}

static void call_mid_order(void *user, int fd, bus_order_fn *fn, void *fn_user)
{
    struct calls *c = user;
    uint8_t octets[ORDER_MAX];
    struct error e = { 0 };
    size_t len = document_read(fd, octets, sizeof octets, &e);
    if (e.code) {
        fn(fn_user, &e, MID_INTERNAL, (struct slice){ NULL, 0 });
        return;
    }
    struct mid_call *m = mid_call_new(c, "", NULL, NULL, fn_user);
    m->order = fn;
    (void)trust_mid_order(c->site->trust, clock_now(&c->site->clock), (struct slice){ octets, len }, on_mid_order, m);
}

static void on_mid_aka(void *user, enum error_code status, const struct trust_aka *aka)
{
    static const char *const results[] = { [TRE_AKA_OK] = "ok", [TRE_AKA_SYNC] = "sync", [TRE_AKA_MAC] = "mac" };
    struct mid_call *m = user;
    struct error e = { 0 };
    char res[2 * 16 + 1] = "", auts[2 * 14 + 1] = "";
    if (status)
        mid_failed(m, status, &e);
    if (!status && aka->res.len <= 16 && aka->auts.len <= 14) {
        (void)text_hex(aka->res.data, aka->res.len, res);
        (void)text_hex(aka->auts.data, aka->auts.len, auts);
    }
    log_info("mid", "%s: AUTHENTICATE for a caller on the bus: %s", m->id, status ? error_name(status) : results[aka->verdict]);
    m->aka(m->user, &e, status ? "" : results[aka->verdict], res, auts);
    secret_zero(res, sizeof res);
    free(m);
}

static void call_mid_authenticate(void *user, const char *mid_id, const uint8_t rand[16], const uint8_t autn[16], bus_aka_fn *fn, void *fn_user)
{
    struct calls *c = user;
    (void)trust_authenticate(c->site->trust, mid_id, rand, autn, on_mid_aka, mid_call_new(c, mid_id, NULL, fn, fn_user));
}

static void call_device_add(void *user, const char *name, bus_text_fn *fn, void *fn_user)
{
    struct calls *c = user;
    struct error e = { 0 };
    struct node *n = devices_add(c->devices, name, &e) ? NULL : tree_find(c->site->tree, TREE_DEVICE, name);
    fn(fn_user, &e, n ? node_path(n) : "/");
}

static enum error_code call_device_remove(void *user, const char *device, struct error *err)
{
    return devices_remove(((struct calls *)user)->devices, device, err);
}

static void call_device_assign(void *user, const char *device, const char *impu, bus_text_fn *fn, void *fn_user)
{
    struct calls *c = user;
    struct error e = { 0 };
    (void)devices_assign(c->devices, device, impu, &e);
    struct node *n = tree_find(c->site->tree, TREE_DEVICE, device);
    fn(fn_user, &e, n ? node_text(n, "Impu") : "");
}

static enum error_code call_device_revoke(void *user, const char *device, struct error *err)
{
    return devices_revoke(((struct calls *)user)->devices, device, err);
}

static void call_device_authorize(void *user, const char *device, const struct bus_authorize *a, bus_text_fn *fn, void *fn_user)
{
    struct calls *c = user;
    authorize(c->site->trust, c->site->tree, device, &(struct authorize_request){ a->method, a->uri, a->challenge }, fn, fn_user);
}

/* Log level, roaming, the choice of modem and what triggers may do take effect at once; paths and plug-ins at the next start. */
static enum error_code call_reload(void *user, struct error *err)
{
    struct calls *c = user;
    struct agentd_config config;
    enum error_code rc = config_load(c->config_path, &config, err);
    if (rc)
        return rc;
    log_set_level(config.log_level);
    upkeep_look(c->site->upkeep); /* hooks may have been installed */
    c->site->default_nonce = config.default_nonce;
    c->site->lwm2m_triggers = config.lwm2m_triggers;
    c->site->lwm2m_nosec = config.lwm2m_nosec;
    c->site->lwm2m_pack = config.lwm2m_pack;
    c->site->roaming = config.roaming;
    c->site->any_sim_of_operator = config.any_sim_of_operator;
    if (c->site->modem)
        modem_watch_prefer(c->site->modem, config.primary_modem);
    service_look(c->service);
    conductor_poke(c->conductor);
    gba_retry(c->gba, config.bsf);
    return ERROR_NONE;
}

struct bus_calls calls_table(struct calls *calls)
{
    return (struct bus_calls){ .user = calls, .bootstrap = call_bootstrap, .reopen_context = call_reopen, .submit_pin = call_submit_pin,
                               .reload = call_reload, .job_cancel = call_cancel,
                               .account_update = call_update, .account_connect = call_connect, .account_disable = call_disable,
                               .account_remove = call_remove, .account_send = call_send, .account_add = call_add_account,
                               .sim_send_pin = call_send_pin, .sim_forget_pin = call_forget_pin,
                               .mid_set_state = call_mid_set_state, .mid_authenticate = call_mid_authenticate,
                               .device_add = call_device_add, .device_remove = call_device_remove, .device_assign = call_device_assign,
                               .device_revoke = call_device_revoke, .device_authorize = call_device_authorize, .mid_order = call_mid_order, .factory_reset = call_factory_reset };
}
