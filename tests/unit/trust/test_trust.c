/* SPDX-License-Identifier: Apache-2.0 */
/* The client against the real agent-tred (argv[1]): states as they come and go, silence, each request, bounds, cancel, MID nodes in the tree. */
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "glue/loop_glib.h"
#include "model/settings_octets.h"
#include "model/tre_wire.h"
#include "trust/trust_aka.h"

static const char *agent;
static char *dir, *socket_path;
static GPid pid;
static struct loop loop;
static struct tree *tree;
static struct trust *trust;
static int changes;

static struct { /* the last answer */
    int count;
    enum error_code status;
    uint8_t octets[70000];
    size_t len;
    uint8_t tries;
    enum mid_result result;
    enum tre_verdict verdict;
    struct mid_entry entry;
    struct trust_keys keys;
    uint8_t pfc[128];
} got;

static char *in_dir(const char *name)
{
    return g_build_filename(dir, name, NULL);
}

static void run(const char *const *argv)
{
    int status = 0;
    GError *err = NULL;
    if (!g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status, &err) ||
        !g_spawn_check_wait_status(status, &err))
        g_error("%s %s: %s", argv[0], argv[1], err->message);
}

static void die_with_parent(gpointer user)
{
    (void)user;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void agent_start(void)
{
    char *state = in_dir("state"), uid[16];
    GError *err = NULL;
    g_snprintf(uid, sizeof uid, "%u", (unsigned)getuid());
    const char *argv[] = { agent, "--state", state, "--socket", socket_path, "--agentd-user", uid, "--log-level", "err", NULL };
    if (!g_spawn_async(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, die_with_parent, NULL, &pid, &err))
        g_error("%s", err->message);
    g_free(state);
}

static void agent_stop(void)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static gboolean too_late(gpointer what)
{
    g_error("nothing happened in time: %s", (const char *)what);
    return G_SOURCE_REMOVE;
}

#define WAIT(condition) \
    do { \
        guint guard = g_timeout_add_seconds(30, too_late, (gpointer)(uintptr_t)#condition); \
        while (!(condition)) \
            g_main_context_iteration(NULL, TRUE); \
        g_source_remove(guard); \
    } while (0)

static void on_change(void *user)
{
    (void)user;
    changes++;
}

static void on_done(void *user, enum error_code status)
{
    (void)user;
    got.count++;
    got.status = status;
}

static void on_octets(void *user, enum error_code status, struct slice octets)
{
    on_done(user, status);
    got.len = octets.len;
    if (octets.len)
        memcpy(got.octets, octets.data, octets.len);
}

static void on_aka(void *user, enum error_code status, const struct trust_aka *aka)
{
    on_octets(user, status, aka ? aka->auts : (struct slice){ NULL, 0 });
    got.verdict = aka ? aka->verdict : TRE_AKA_OK;
}

static void on_verdict(void *user, enum error_code status, uint8_t tries_left)
{
    on_done(user, status);
    got.tries = tries_left;
}

static void on_mid(void *user, enum error_code status, enum mid_result result, const struct mid_entry *entry)
{
    on_done(user, status);
    got.result = result;
    g_assert_true((entry != NULL) == (status == ERROR_NONE));
    if (entry)
        got.entry = *entry;
}

static void on_keys(void *user, enum error_code status, const struct trust_keys *keys)
{
    on_done(user, status);
    got.keys = *keys;
    if (keys->pfc.len && keys->pfc.len <= sizeof got.pfc)
        memcpy(got.pfc, keys->pfc.data, keys->pfc.len);
}

/* Waits for the one answer of a call that was just made. */
static enum error_code answer(uint32_t id)
{
    g_assert_cmpuint(id, >, 0);
    int before = got.count;
    WAIT(got.count > before);
    g_assert_cmpint(got.count, ==, before + 1);
    return got.status;
}

static struct slice slice_of(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

static const char *manager(const char *property)
{
    return node_text(tree_manager(tree), property);
}

static void provision(void)
{
    char *sho = in_dir("sho"), *factory = in_dir("factory-secret.conf"), *state = in_dir("state");
    run((const char *[]){ "/usr/bin/python3", TEST_DIR "/mid_package.py", "init", sho, NULL });
    g_assert_true(g_file_set_contents_full(factory, "gateway_id=gw\ndevice_pin=1234\nmid_issuers=sho/root.pem\n", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    run((const char *[]){ agent, "--state", state, "--provision", factory, "--out", dir, NULL });
    g_free(sho);
    g_free(factory);
    g_free(state);
}

static void state_follows_the_tre(void)
{
    trust = trust_new(&loop, socket_path, tree, on_change, NULL);
    g_assert_cmpstr(manager("TreState"), ==, "absent");
    g_assert_cmpint(answer(trust_token_spend(trust, "usim", on_done, NULL)), ==, ERROR_PEER_LOST);
    agent_start();
    WAIT(strcmp(manager("TreState"), "unprovisioned") == 0);
    g_assert_cmpint(answer(trust_seal(trust, "a", slice_of("b"), on_octets, NULL)), ==, ERROR_UNPROVISIONED);
    provision();
    WAIT(strcmp(manager("TreState"), "ready") == 0); /* it looks again by itself */
    g_assert_cmpstr(manager("TreBackend"), ==, "software");
    g_assert_cmpstr(trust_status(trust)->gateway_id, ==, "gw");
    g_assert_true(trust_status(trust)->connected);
    g_assert_cmpint(changes, >=, 3);
}

static void seal_and_unseal(void)
{
    uint8_t blob[41000];
    char *large = g_strnfill(39990, 'x');
    const char *plains[] = { "", "secret", large };
    for (size_t i = 0; i < 3; i++) {
        g_assert_cmpint(answer(trust_seal(trust, "account", slice_of(plains[i]), on_octets, NULL)), ==, ERROR_NONE);
        size_t len = got.len;
        memcpy(blob, got.octets, len);
        g_assert_cmpint(answer(trust_unseal(trust, "account", (struct slice){ blob, len }, on_octets, NULL)), ==, ERROR_NONE);
        g_assert_true(got.len == strlen(plains[i]) && memcmp(got.octets, plains[i], got.len) == 0);
        g_assert_cmpint(answer(trust_unseal(trust, "other", (struct slice){ blob, len }, on_octets, NULL)), ==, ERROR_DENIED);
        g_assert_cmpuint(got.len, ==, 0);
    }
    g_free(large);
}

static uint32_t verify(struct slice mac, const char *typed)
{
    static const uint8_t hash[32] = { 1 };
    struct trust_push push = { .sec = 1, .typed = typed, .mac = mac, .message_hash = hash, .document = slice_of("d") };
    return trust_verify_push(trust, &push, on_verdict, NULL);
}

/* What the TRE would take for an attack never leaves: the TRE is still there afterwards. */
static void bounds_are_kept_here(void)
{
    static const uint8_t zeros[66000];
    char *long_text = g_strnfill(300, 'a');
    g_assert_cmpint(answer(trust_seal(trust, "a", (struct slice){ zeros, 40000 }, on_octets, NULL)), ==, ERROR_TOO_LARGE);
    g_assert_cmpint(answer(trust_seal(trust, "a", (struct slice){ zeros, 66000 }, on_octets, NULL)), ==, ERROR_TOO_LARGE);
    g_assert_cmpint(answer(trust_seal(trust, long_text, slice_of("a"), on_octets, NULL)), ==, ERROR_INVALID);
    g_assert_cmpint(answer(trust_token_open(trust, "", on_octets, NULL)), ==, ERROR_INVALID);
    g_assert_cmpint(answer(trust_token_open(trust, "no space", on_octets, NULL)), ==, ERROR_INVALID);
    g_assert_cmpint(answer(trust_evidence(trust, "usim", (struct slice){ zeros, 15 }, "", 0, TRE_FORM_SEMI_AUTONOMOUS, on_octets, NULL)), ==, ERROR_INVALID);
    g_assert_cmpint(answer(trust_evidence(trust, "usim", (struct slice){ zeros, 16 }, long_text, 0, TRE_FORM_SEMI_AUTONOMOUS, on_octets, NULL)), ==, ERROR_INVALID);
    g_assert_cmpint(answer(trust_mid_set_state(trust, long_text, MID_ACTIVE, on_mid, NULL)), ==, ERROR_INVALID);
    g_assert_cmpint(answer(trust_mid_install(trust, "usim", 0, (struct slice){ zeros, 60000 }, on_mid, NULL)), ==, ERROR_TOO_LARGE);
    g_assert_cmpint(answer(verify((struct slice){ zeros, 19 }, NULL)), ==, ERROR_INVALID);
    g_assert_cmpint(answer(verify((struct slice){ zeros, 20 }, "12345678901234567890123456789012345678901")), ==, ERROR_INVALID);
    g_assert_cmpint(answer(trust_token_spend(trust, "usim", on_done, NULL)), ==, ERROR_NONE);
    g_free(long_text);
}

static void push_verdict_carries_the_tries(void)
{
    static const uint8_t wrong[20];
    g_assert_cmpint(answer(verify((struct slice){ wrong, 20 }, NULL)), ==, ERROR_MAC_MISMATCH);
    g_assert_cmpint(got.tries, ==, 3);
    g_assert_cmpint(answer(verify((struct slice){ wrong, 20 }, "4321")), ==, ERROR_MAC_MISMATCH);
    g_assert_cmpint(got.tries, ==, 2);
    g_assert_cmpint(answer(verify((struct slice){ NULL, 0 }, NULL)), ==, ERROR_MAC_MISSING);
    g_assert_cmpint(got.tries, ==, 2);
}

/* The vector pkg0_v11_server_nonce16 and an account that only the TRE can open. */
static void notification_is_verified_with_the_sealed_secret(void)
{
    static const char *const hex = "180199170d8899e2cbe30333a95a4f4c02c800000012340e636f6d2e6578616d706c652e646d";
    struct dm_account a = { .server_id = "com.example.dm", .server = { .secret = "server-secret", .nonce_len = 16 } };
    uint8_t octets[SETTINGS_OCTETS_MAX], body[64], blob[5000];
    size_t len, blob_len;
    for (uint8_t i = 0; i < 16; i++)
        a.server.nonce[i] = 0x20 + i;
    struct writer w = writer_make(octets, sizeof octets);
    dm_account_write(&w, &a);
    g_assert_true(text_hex_decode(slice_of(hex), body, sizeof body, &len));
    g_assert_cmpint(answer(trust_seal(trust, "dm/x", writer_slice(&w), on_octets, NULL)), ==, ERROR_NONE);
    blob_len = got.len;
    memcpy(blob, got.octets, blob_len);
    struct slice sealed = { blob, blob_len }, whole = { body, len };
    g_assert_cmpint(answer(trust_verify_notification(trust, "dm/x", sealed, 0, whole, on_octets, NULL)), ==, ERROR_NONE);
    g_assert_true(got.len == 1 && got.octets[0] == TRE_NONCE_STORED);
    g_assert_cmpint(answer(trust_verify_notification(trust, "dm/y", sealed, 0, whole, on_octets, NULL)), ==, ERROR_DENIED);
    body[20] ^= 1;
    g_assert_cmpint(answer(trust_verify_notification(trust, "dm/x", sealed, 3, whole, on_octets, NULL)), ==, ERROR_MAC_MISMATCH);
    g_assert_cmpuint(got.len, ==, 0);
    g_assert_cmpint(answer(trust_verify_notification(trust, "dm/x", sealed, 0, (struct slice){ body, 3 }, on_octets, NULL)), ==, ERROR_MALFORMED);
    blob[40] ^= 1;
    g_assert_cmpint(answer(trust_verify_notification(trust, "dm/x", sealed, 0, whole, on_octets, NULL)), ==, ERROR_DENIED);
}

static void cancelled_call_never_answers(void)
{
    int before = got.count;
    trust_cancel(trust, trust_token_spend(trust, "usim", on_done, NULL));
    trust_cancel(trust, trust_seal(trust, "", slice_of(""), on_octets, NULL)); /* one that fails early */
    trust_cancel(trust, 12345);
    g_assert_cmpint(answer(trust_keys(trust, on_keys, NULL)), ==, ERROR_NONE);
    g_assert_cmpint(got.count, ==, before + 1);
}

/* TS 35.208 set 1: its SQN is further ahead than a new card goes, so that the answer is AUTS. */
static void challenge_is_answered(void)
{
    static const uint8_t rand[16] = { 0x23, 0x55, 0x3c, 0xbe, 0x96, 0x37, 0xa8, 0x9d, 0x21, 0x8a, 0xe6, 0x4d, 0xae, 0x47, 0xbf, 0x35 };
    uint8_t autn[16] = { 0x55, 0xf3, 0x28, 0xb4, 0x35, 0x77, 0xb9, 0xb9, 0x4a, 0x9f, 0xfa, 0xc3, 0x54, 0xdf, 0xaf, 0xb3 };
    g_assert_cmpint(answer(trust_authenticate(trust, "mid-1", rand, autn, on_aka, NULL)), ==, ERROR_NONE);
    g_assert_cmpint(got.verdict, ==, TRE_AKA_SYNC);
    g_assert_cmpuint(got.len, ==, 14);
    autn[15] ^= 1;
    g_assert_cmpint(answer(trust_authenticate(trust, "mid-1", rand, autn, on_aka, NULL)), ==, ERROR_NONE);
    g_assert_cmpint(got.verdict, ==, TRE_AKA_MAC);
    g_assert_cmpuint(got.len, ==, 0);
    g_assert_cmpint(answer(trust_authenticate(trust, "mid-9", rand, autn, on_aka, NULL)), ==, ERROR_NOT_FOUND);
    g_assert_cmpint(answer(trust_authenticate(trust, "", rand, autn, on_aka, NULL)), ==, ERROR_INVALID);
}

static void mid_appears_in_the_tree(void)
{
    char id[33], pfc[257], token[65], *sho = in_dir("sho"), *csr = in_dir("transport.csr"), *out = in_dir("package.der"), *package;
    gsize len;
    node_publish(tree_add(tree, TREE_CONTEXT, "usim"));
    g_assert_cmpint(answer(trust_keys(trust, on_keys, NULL)), ==, ERROR_NONE);
    text_hex(got.pfc, got.keys.pfc.len, pfc);
    g_assert_cmpint(answer(trust_token_open(trust, "usim", on_octets, NULL)), ==, ERROR_NONE);
    text_hex(got.octets, got.len, token);
    g_assert_cmpint(answer(trust_evidence(trust, "usim", slice_of("0123456789abcdef"), "plmn=24008", 0, TRE_FORM_SEMI_AUTONOMOUS, on_octets, NULL)), ==, ERROR_NONE);
    g_assert_cmpint(got.octets[0], ==, 0xd2); /* COSE_Sign1 */
    run((const char *[]){ "/usr/bin/python3", TEST_DIR "/mid_package.py", "make", sho, text_hex(trust_status(trust)->tre_id, 16, id), pfc, csr, token,
                          "30313233343536373839616263646566", out, "1", NULL });
    g_assert_true(g_file_get_contents(out, &package, &len, NULL));
    struct slice octets = { (const uint8_t *)package, len };
    g_assert_cmpint(answer(trust_mid_install(trust, "m2m", 0, octets, on_mid, NULL)), ==, ERROR_MID_BINDING);
    g_assert_cmpint(got.result, ==, MID_BAD_BINDING);
    g_assert_null(tree_find(tree, TREE_MID, "mid-1"));
    g_assert_cmpint(answer(trust_mid_install(trust, "usim", 0, octets, on_mid, NULL)), ==, ERROR_NONE);
    g_assert_cmpint(got.result, ==, MID_OK);
    struct node *n = tree_find(tree, TREE_MID, "mid-1");
    g_assert_nonnull(n);
    g_assert_cmpstr(node_text(n, "State"), ==, "PROVISIONED");
    g_assert_cmpstr(node_text(n, "Type"), ==, "usim");
    g_assert_cmpstr(node_text(n, "Issuer"), ==, "Example SHO");
    g_assert_cmpstr(node_text(n, "Algorithm"), ==, "milenage");
    g_assert_cmpuint(node_get(n, "Version")->number, ==, 1);
    g_assert_cmpuint(node_get(n, "NotAfter")->number, ==, 2208988800u * (uint64_t)1000000);
    g_assert_cmpstr(node_text(n, "Context"), ==, "/org/gatewayagent/Agent1/context/usim");
    g_assert_cmpint(answer(trust_mid_set_state(trust, "mid-1", MID_ACTIVE, on_mid, NULL)), ==, ERROR_NONE);
    g_assert_cmpint(got.entry.state, ==, MID_ACTIVE);
    g_assert_cmpstr(node_text(n, "State"), ==, "ACTIVE");
    g_assert_cmpint(answer(trust_mid_set_state(trust, "mid-1", MID_PROVISIONED, on_mid, NULL)), ==, ERROR_POLICY);
    challenge_is_answered();
    g_free(package);
    g_free(sho);
    g_free(csr);
    g_free(out);
}

/* It is asked again by itself, over the same connection. */
static void silence_is_not_for_ever(void)
{
    kill(pid, SIGSTOP);
    trust_free(trust);
    trust = trust_new(&loop, socket_path, tree, on_change, NULL);
    WAIT(trust_status(trust)->connected);
    g_assert_cmpint(answer(trust_token_spend(trust, "m2m", on_done, NULL)), ==, ERROR_TIMEOUT); /* asked after the status, so that ended before, too */
    g_assert_cmpstr(manager("TreState"), ==, "absent");
    kill(pid, SIGCONT);
    WAIT(strcmp(manager("TreState"), "ready") == 0);
    WAIT(tree_find(tree, TREE_MID, "mid-1") != NULL);
}

static void peer_that_dies_comes_back(void)
{
    uint32_t id = trust_token_spend(trust, "m2m", on_done, NULL);
    kill(pid, SIGSTOP);
    trust_cancel(trust, id);
    id = trust_token_spend(trust, "m2m", on_done, NULL);
    agent_stop();
    g_assert_cmpint(answer(id), ==, ERROR_PEER_LOST);
    g_assert_cmpstr(manager("TreState"), ==, "absent");
    g_assert_cmpstr(manager("TreBackend"), ==, "");
    g_assert_false(trust_status(trust)->connected);
    node_set(tree_find(tree, TREE_MID, "mid-1"), "State", "stale");
    node_publish(tree_add(tree, TREE_MID, "gone"));
    agent_start();
    WAIT(strcmp(manager("TreState"), "ready") == 0);
    WAIT(tree_find(tree, TREE_MID, "gone") == NULL);
    g_assert_cmpstr(node_text(tree_find(tree, TREE_MID, "mid-1"), "State"), ==, "ACTIVE");
    (void)trust_token_spend(trust, "m2m", on_done, NULL); /* open at the end: dropped without an answer */
    int before = got.count;
    trust_free(trust);
    trust_free(NULL);
    g_assert_cmpint(got.count, ==, before);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(argc, ==, 2);
    agent = argv[1];
    log_set(LOG_LEVEL_ERROR, LOG_TARGET_STDERR, NULL);
    dir = g_dir_make_tmp("trustXXXXXX", NULL);
    socket_path = in_dir("socket");
    char *state = in_dir("state");
    g_assert_cmpint(g_mkdir(state, 0700), ==, 0);
    loop_glib_init(&loop);
    tree = tree_new();
    g_test_add_func("/trust/1_state", state_follows_the_tre);
    g_test_add_func("/trust/2_seal", seal_and_unseal);
    g_test_add_func("/trust/3_bounds", bounds_are_kept_here);
    g_test_add_func("/trust/4_push", push_verdict_carries_the_tries);
    g_test_add_func("/trust/4_notification", notification_is_verified_with_the_sealed_secret);
    g_test_add_func("/trust/5_cancel", cancelled_call_never_answers);
    g_test_add_func("/trust/6_mid", mid_appears_in_the_tree);
    g_test_add_func("/trust/7_silence", silence_is_not_for_ever);
    g_test_add_func("/trust/8_peer", peer_that_dies_comes_back);
    int rc = g_test_run();
    agent_stop();
    tree_free(tree);
    loop_glib_done(&loop);
    run((const char *[]){ "/bin/rm", "-r", dir, NULL });
    g_free(state);
    return rc;
}
