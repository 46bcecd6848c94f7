/* SPDX-License-Identifier: Apache-2.0 */
/* A management session whose end meets a TRE that is away: the nonces that it came to, its message and its job, on a clock of ours. Notification, session and TRE are
 * played here, at the functions that session.c calls; apply, store and tree are the real ones. */
#include <glib.h>
#include <string.h>

#include "../support/fake_loop.h"
#include "base/text.h"
#include "bootstrap/apply.h"
#include "bootstrap/execution/omadm.h"
#include "bootstrap/service/room.h"
#include "bootstrap/session.h"
#include "codec/notification.h"
#include "model/settings_octets.h"

enum { WAIT_MS = 180000, POLL_MS = 1000, CALL = 7, SESSION = 0x21 };
#define SERVER "com.example.dm"
#define ITEM "usim-" SERVER

struct play {
    struct fake_loop loop;
    struct site site;
    struct service service;
    struct sessions *sessions;
    struct trust_status tre;
    struct dm_account account;
    uint8_t hash[32];
    /* what session.c asked for */
    conductor_take_fn *take;
    void *take_user;
    trust_octets_fn *judged, *sealed;
    void *judged_user, *sealed_user;
    dm_done_fn *ended;
    void *ended_user;
    uint8_t nonce;  /* of the account that is being sealed */
    unsigned seals; /* how often */
    unsigned postponed, opens;
    enum error_code open_status;
    bool held, settled;
    enum error_code cause;
};
static struct play *now;

/* --- what session.c calls --- */

void __wrap_conductor_take(struct conductor *c, enum trigger_kind kind, conductor_take_fn *fn, void *user);
void __wrap_conductor_take(struct conductor *c, enum trigger_kind kind, conductor_take_fn *fn, void *user)
{
    (void)c, (void)kind;
    now->take = fn;
    now->take_user = user;
}

bool __wrap_conductor_hold(struct conductor *c);
bool __wrap_conductor_hold(struct conductor *c)
{
    (void)c;
    bool idle = !now->held;
    now->held = true;
    return idle;
}

void __wrap_conductor_release(struct conductor *c);
void __wrap_conductor_release(struct conductor *c)
{
    (void)c;
    now->held = false;
}

void __wrap_conductor_settle(struct conductor *c, const uint8_t hash[32], const struct error *error);
void __wrap_conductor_settle(struct conductor *c, const uint8_t hash[32], const struct error *error)
{
    (void)c;
    g_assert_cmpmem(hash, 32, now->hash, 32);
    g_assert_false(now->settled);
    now->settled = true;
    now->cause = error ? error->code : ERROR_NONE;
}

void __wrap_conductor_postpone(struct conductor *c, const uint8_t hash[32]);
void __wrap_conductor_postpone(struct conductor *c, const uint8_t hash[32])
{
    (void)c;
    g_assert_cmpmem(hash, 32, now->hash, 32);
    now->postponed++;
}

bool __wrap_service_lease(struct service *s, const char *context, struct lease *out);
bool __wrap_service_lease(struct service *s, const char *context, struct lease *out)
{
    (void)s, (void)context;
    *out = (struct lease){ .bound = false };
    return true;
}

void __wrap_service_dm_open(struct service *s, const struct item_row *row, service_account_fn *fn, void *user);
void __wrap_service_dm_open(struct service *s, const struct item_row *row, service_account_fn *fn, void *user)
{
    (void)s, (void)row;
    now->opens++;
    fn(user, now->open_status, now->open_status ? NULL : &now->account);
}

struct omadm *__wrap_omadm_start(struct site *site, const struct omadm_task *task, dm_done_fn *fn, void (*waiting)(void *user, const char *text), void *user);
struct omadm *__wrap_omadm_start(struct site *site, const struct omadm_task *task, dm_done_fn *fn, void (*waiting)(void *user, const char *text), void *user)
{
    (void)site, (void)waiting;
    g_assert_cmpuint(task->session_id, ==, SESSION);
    now->ended = fn;
    now->ended_user = user;
    return NULL;
}

const struct trust_status *__wrap_trust_status(const struct trust *t);
const struct trust_status *__wrap_trust_status(const struct trust *t)
{
    (void)t;
    return &now->tre;
}

uint32_t __wrap_trust_verify_notification(struct trust *t, const char *label, struct slice blob, uint8_t readings, struct slice body, trust_octets_fn *fn, void *user);
uint32_t __wrap_trust_verify_notification(struct trust *t, const char *label, struct slice blob, uint8_t readings, struct slice body, trust_octets_fn *fn, void *user)
{
    (void)t, (void)label, (void)blob, (void)readings, (void)body;
    now->judged = fn;
    now->judged_user = user;
    return CALL;
}

uint32_t __wrap_trust_seal(struct trust *t, const char *label, struct slice plain, trust_octets_fn *fn, void *user);
uint32_t __wrap_trust_seal(struct trust *t, const char *label, struct slice plain, trust_octets_fn *fn, void *user)
{
    struct dm_account a;
    (void)t;
    g_assert_cmpstr(label, ==, "dm/" ITEM);
    g_assert_null(now->sealed);
    g_assert_true(dm_account_read(plain, &a));
    now->nonce = a.server.nonce[0];
    now->seals++;
    now->sealed = fn;
    now->sealed_user = user;
    return CALL;
}

/* --- the play --- */

static void put_item(struct play *p, const char *octets)
{
    struct error e = { 0 };
    struct item_row row = { .kind = "dm", .id = ITEM, .context = "usim" };
    g_assert_cmpint(store_begin(p->site.store, &e), ==, ERROR_NONE);
    if (octets)
        store_item_put(p->site.store, &row, (struct slice){ (const uint8_t *)octets, strlen(octets) });
    else
        store_item_remove(p->site.store, row.kind, row.id);
    g_assert_cmpint(store_commit(p->site.store, &e), ==, ERROR_NONE);
}

static void put_message(struct play *p)
{
    struct error e = { 0 };
    struct inbox_row row = { .state = INBOX_PENDING };
    memset(p->hash, 0x5a, sizeof p->hash);
    memcpy(row.hash, p->hash, sizeof row.hash);
    g_assert_cmpint(store_begin(p->site.store, &e), ==, ERROR_NONE);
    store_inbox_add(p->site.store, &row, (struct slice){ (const uint8_t *)"m", 1 });
    g_assert_cmpint(store_commit(p->site.store, &e), ==, ERROR_NONE);
}

static void expect_message(struct play *p, enum inbox_state state)
{
    struct inbox_row row;
    g_assert_true(store_inbox_get(p->site.store, p->hash, &row));
    g_assert_cmpint(row.state, ==, state);
}

/* What is in the store; NULL: nothing. */
static void expect_item(struct play *p, const char *octets)
{
    char buf[64] = "";
    size_t len = 0;
    bool there = store_item_octets(p->site.store, "dm", ITEM, false, buf, sizeof buf, &len);
    g_assert_true(there == (octets != NULL));
    if (octets)
        g_assert_cmpstr(buf, ==, octets);
}

static void expect_job(struct play *p, const char *state, const char *error)
{
    struct job_row row;
    const struct node *n = tree_next(p->site.tree, TREE_JOB, NULL);
    g_assert_true(n && store_job_get(p->site.store, 1, &row));
    g_assert_cmpstr(node_text(n, "State"), ==, state);
    g_assert_cmpstr(node_text(n, "Error"), ==, error);
    g_assert_cmpstr(row.step, ==, strcmp(state, "succeeded") == 0 ? "REPORTED" : "FAILED");
    g_assert_cmpstr(row.error, ==, error);
}

static void expect_end(struct play *p, enum error_code cause)
{
    g_assert_true(p->settled && !p->held);
    g_assert_cmpint(p->cause, ==, cause);
    expect_message(p, cause ? INBOX_REFUSED : INBOX_DONE);
    g_assert_null(p->sealed);
}

/* Nothing has ended, and nothing is asked of a TRE that is away. */
static void expect_waiting(struct play *p)
{
    g_assert_false(p->settled || p->sealed);
    g_assert_true(p->held);
    expect_message(p, INBOX_PENDING);
    expect_item(p, "old");
}

static void tre(struct play *p, enum tre_state state)
{
    p->tre = (struct trust_status){ .connected = state != 0, .state = (uint8_t)state };
}

/* The answer to what is being sealed; octets NULL: why there are none. */
static void answer(struct play *p, enum error_code status, const char *octets)
{
    trust_octets_fn *fn = p->sealed;
    g_assert_nonnull(fn);
    p->sealed = NULL;
    fn(p->sealed_user, status, octets ? (struct slice){ (const uint8_t *)octets, strlen(octets) } : (struct slice){ NULL, 0 });
}

static enum taken notify(struct play *p)
{
    uint8_t digest[NOTIFICATION_DIGEST] = { 0 }, octets[128];
    struct writer w = writer_make(octets, sizeof octets);
    struct notification n = { .digest = { digest, sizeof digest }, .by_server = true, .session_id = SESSION, .server_id = { (const uint8_t *)SERVER, strlen(SERVER) } };
    struct error e = { 0 };
    g_assert_true(notification_write(&n, &w));
    struct trigger t = { .kind = TRIGGER_NOTIFICATION, .source = "file", .body = writer_slice(&w) };
    memcpy(t.hash, p->hash, sizeof t.hash);
    return p->take(p->take_user, &t, &e);
}

/* A session to its end, which has moved the nonce on from 1 to 2. */
static void hold_session(struct play *p, const struct error *error)
{
    const uint8_t stored = TRE_NONCE_STORED;
    g_assert_cmpint(notify(p), ==, TAKEN_WORKING);
    p->judged(p->judged_user, ERROR_NONE, (struct slice){ &stored, 1 });
    fake_loop_run(&p->loop, 0);
    g_assert_nonnull(p->ended);
    struct dm_account moved = p->account;
    moved.server.nonce[0] = 2;
    struct dm_outcome outcome = { .credentials_changed = true, .account = &moved };
    p->ended(p->ended_user, error, &outcome);
    fake_loop_run(&p->loop, 0);
}

static void set_up(struct play *p, gconstpointer data)
{
    struct error e = { 0 };
    (void)data;
    fake_loop_init(&p->loop);
    p->site = (struct site){ .loop = &p->loop.loop, .tree = tree_new() };
    p->service.site = &p->site;
    g_assert_cmpint(store_open(":memory:", &p->site.store, &e), ==, ERROR_NONE);
    (void)text_copy(p->account.server_id, sizeof p->account.server_id, SERVER);
    (void)text_copy(p->account.uri, sizeof p->account.uri, "https://dm.example/dm");
    p->account.server.nonce[0] = 1;
    p->account.server.nonce_len = 1;
    put_item(p, "old");
    put_message(p);
    tre(p, TRE_READY);
    now = p;
    p->sessions = sessions_new(&p->site, &p->service, NULL);
    g_assert_nonnull(p->sessions);
}

static void tear_down(struct play *p, gconstpointer data)
{
    (void)data;
    sessions_free(p->sessions);
    fake_loop_run(&p->loop, WAIT_MS); /* nodes of jobs leave */
    store_close(p->site.store);
    tree_free(p->site.tree);
}

static void test_sealed_at_once(struct play *p, gconstpointer data)
{
    (void)data;
    hold_session(p, NULL);
    g_assert_cmpuint(p->nonce, ==, 2);
    answer(p, ERROR_NONE, "new");
    expect_item(p, "new");
    expect_end(p, ERROR_NONE);
    expect_job(p, "succeeded", "");
}

/* It dies with the question in its hands, and comes back within the wait. */
static void test_sealed_when_it_is_back(struct play *p, gconstpointer data)
{
    (void)data;
    hold_session(p, NULL);
    tre(p, 0);
    answer(p, ERROR_PEER_LOST, NULL);
    fake_loop_run(&p->loop, WAIT_MS / 2);
    expect_waiting(p);
    g_assert_cmpstr(node_text(tree_next(p->site.tree, TREE_JOB, NULL), "ErrorText"), ==, "waiting for agent-tred");
    g_assert_cmpuint(p->seals, ==, 1);
    tre(p, TRE_READY);
    fake_loop_run(&p->loop, POLL_MS);
    g_assert_cmpuint(p->nonce, ==, 2);
    answer(p, ERROR_NONE, "new");
    expect_item(p, "new");
    expect_end(p, ERROR_NONE);
    expect_job(p, "succeeded", "");
}

/* One that has failed has nonces too; a TRE that is blocked is asked for nothing. */
static void test_a_failed_one_is_sealed_too(struct play *p, gconstpointer data)
{
    struct error cancelled = { 0 };
    (void)data;
    error_set(&cancelled, ERROR_CANCELLED, "by the administrator");
    tre(p, TRE_BLOCKED);
    hold_session(p, &cancelled);
    fake_loop_run(&p->loop, WAIT_MS / 2);
    expect_waiting(p);
    tre(p, TRE_READY);
    fake_loop_run(&p->loop, POLL_MS);
    answer(p, ERROR_NONE, "new");
    expect_item(p, "new");
    expect_end(p, ERROR_CANCELLED);
    expect_job(p, "cancelled", "Cancelled");
}

/* Nothing is known of the message: it is nobody's, and is judged when it comes again. */
static void test_away_before(struct play *p, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(notify(p), ==, TAKEN_WORKING);
    p->judged(p->judged_user, ERROR_PEER_LOST, (struct slice){ NULL, 0 });
    g_assert_true(p->postponed == 1 && !p->settled && !p->held);
    hold_session(p, NULL);
    answer(p, ERROR_NONE, "new");
    g_assert_true(p->postponed == 1 && p->settled && p->cause == ERROR_NONE);
}

static void authentic_without_account(struct play *p)
{
    const uint8_t stored = TRE_NONCE_STORED;
    p->open_status = ERROR_PEER_LOST;
    tre(p, 0);
    g_assert_cmpint(notify(p), ==, TAKEN_WORKING);
    p->judged(p->judged_user, ERROR_NONE, (struct slice){ &stored, 1 });
    fake_loop_run(&p->loop, 5 * POLL_MS);
    g_assert_true(p->opens == 1 && !p->ended && p->held); /* not asked while it is not there */
}

static void test_away_for_the_account(struct play *p, gconstpointer data)
{
    (void)data;
    authentic_without_account(p);
    p->open_status = ERROR_NONE;
    tre(p, TRE_READY);
    fake_loop_run(&p->loop, POLL_MS);
    g_assert_true(p->opens == 2 && p->ended && !p->settled);
}

static void test_away_for_the_account_too_long(struct play *p, gconstpointer data)
{
    (void)data;
    authentic_without_account(p);
    fake_loop_run(&p->loop, WAIT_MS);
    expect_job(p, "failed", "Timeout");
    g_assert_true(p->postponed == 1 && !p->settled && !p->held);
}

/* The job ends as failed; the nonces are there when the TRE is, and until then another agentd would find the message and the nonce that it was made with. */
static void test_away_for_long(struct play *p, gconstpointer data)
{
    struct error e = { 0 };
    (void)data;
    hold_session(p, NULL);
    tre(p, 0);
    answer(p, ERROR_PEER_LOST, NULL);
    fake_loop_run(&p->loop, WAIT_MS - POLL_MS);
    g_assert_cmpint(sessions_cancel(p->sessions, "1", &e), ==, ERROR_NOT_CANCELLABLE);
    g_assert_cmpstr(node_text(tree_next(p->site.tree, TREE_JOB, NULL), "State"), ==, "running");
    fake_loop_run(&p->loop, POLL_MS);
    expect_job(p, "failed", "Timeout");
    expect_waiting(p);
    g_assert_cmpint(sessions_cancel(p->sessions, "1", &e), ==, ERROR_NOT_FOUND);
    g_assert_cmpint(notify(p), ==, TAKEN_WORKING); /* the same message */
    p->hash[0] ^= 1;
    g_assert_cmpint(notify(p), ==, TAKEN_LATER);
    p->hash[0] ^= 1;
    fake_loop_run(&p->loop, 10 * WAIT_MS);
    expect_waiting(p);
    g_assert_null(tree_next(p->site.tree, TREE_JOB, NULL));
    tre(p, TRE_READY);
    fake_loop_run(&p->loop, POLL_MS);
    g_assert_cmpuint(p->nonce, ==, 2);
    answer(p, ERROR_NONE, "new");
    expect_item(p, "new");
    expect_end(p, ERROR_TIMEOUT);
    struct job_row other;
    g_assert_false(store_job_get(p->site.store, 2, &other));
}

/* There, and answers nothing: asked again, not more than once a second, and the job has its end. */
static void test_there_without_an_answer(struct play *p, gconstpointer data)
{
    (void)data;
    hold_session(p, NULL);
    for (unsigned i = 1; i <= WAIT_MS / POLL_MS; i++) {
        g_assert_cmpuint(p->seals, ==, i);
        answer(p, ERROR_TIMEOUT, NULL);
        fake_loop_run(&p->loop, POLL_MS);
    }
    expect_job(p, "failed", "Timeout");
    answer(p, ERROR_NONE, "new");
    expect_item(p, "new");
    expect_end(p, ERROR_TIMEOUT);
}

static void test_another_failure_ends_it(struct play *p, gconstpointer data)
{
    (void)data;
    hold_session(p, NULL);
    answer(p, ERROR_STORAGE, NULL);
    expect_item(p, "old");
    expect_end(p, ERROR_STORAGE);
    expect_job(p, "failed", error_name(ERROR_STORAGE));
    fake_loop_run(&p->loop, WAIT_MS);
    g_assert_cmpuint(p->seals, ==, 1);
}

static void test_what_was_removed_meanwhile_stays_so(struct play *p, gconstpointer data)
{
    (void)data;
    hold_session(p, NULL);
    answer(p, ERROR_PEER_LOST, NULL);
    put_item(p, NULL);
    fake_loop_run(&p->loop, POLL_MS);
    answer(p, ERROR_NONE, "new");
    expect_item(p, NULL);
    expect_end(p, ERROR_NONE);
}

/* agentd ends while it waits: nothing is left behind, in memory or in the store. */
static void test_the_end_of_agentd(struct play *p, gconstpointer data)
{
    (void)data;
    tre(p, 0);
    hold_session(p, NULL);
    fake_loop_run(&p->loop, POLL_MS);
    expect_waiting(p);
    sessions_free(p->sessions);
    p->sessions = NULL;
    g_assert_cmpuint(fake_loop_pending(&p->loop), ==, 0);
    expect_message(p, INBOX_PENDING);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*fn)(struct play *p, gconstpointer data);
    } tests[] = {
        { "/session/sealed-at-once", test_sealed_at_once },
        { "/session/sealed-when-it-is-back", test_sealed_when_it_is_back },
        { "/session/a-failed-one-is-sealed-too", test_a_failed_one_is_sealed_too },
        { "/session/away-before", test_away_before },
        { "/session/away-for-the-account", test_away_for_the_account },
        { "/session/away-for-the-account-too-long", test_away_for_the_account_too_long },
        { "/session/away-for-long", test_away_for_long },
        { "/session/there-without-an-answer", test_there_without_an_answer },
        { "/session/another-failure", test_another_failure_ends_it },
        { "/session/removed-meanwhile", test_what_was_removed_meanwhile_stays_so },
        { "/session/end-of-agentd", test_the_end_of_agentd },
    };
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        g_test_add(tests[i].name, struct play, NULL, set_up, tests[i].fn, tear_down);
    return g_test_run();
}
