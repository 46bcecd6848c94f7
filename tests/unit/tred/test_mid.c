/* SPDX-License-Identifier: Apache-2.0 */
/* The power fails at every changing system call of an installation, an update, a step of the lifecycle and an erasure (R4, R16): afterwards
 * the MID is the old or the new one, intact, never neither and never blocked. Packages are made by mid_package.py with openssl. */
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "support.h"
#include "tred/heap.h"
#include "tred/mid.h"
#include "tred/mide.h"
#include "tred/provision.h"
#include "tred/token.h"

static char *dir;
static struct mem ready, with_one; /* provisioned with an open token; the same with version 1 ACTIVE */
static GBytes *packages[3];        /* by version */

static void run(const char *const *argv)
{
    int status = 0;
    GError *err = NULL;
    if (!g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status, &err) ||
        !g_spawn_check_wait_status(status, &err))
        g_error("%s %s: %s", argv[0], argv[1], err->message);
}

static char *in_dir(const char *name)
{
    return g_build_filename(dir, name, NULL);
}

/* Puts a file of the real state directory into the memory one. */
static void mem_import(struct mem *m, const char *name)
{
    char *path = g_build_filename(dir, "state", name, NULL), *data;
    gsize len, done = 0;
    struct vfs v = mem_vfs(m);
    g_assert_true(g_file_get_contents(path, &data, &len, NULL));
    int fd = v.open(m, name, VFS_CREATE);
    while (done < len)
        done += (gsize)v.write(m, fd, &data[done], len - done);
    g_assert_cmpint(v.fsync(m, fd), ==, 0);
    v.close(m, fd);
    g_assert_cmpint(v.fsync_dir(m), ==, 0);
    g_free(data);
    g_free(path);
}

/* The TRE as it starts over what is on the disk of m. */
static struct tre *tre_start(struct mem *m)
{
    struct tre *t = g_new0(struct tre, 1);
    t->backend = support_backend();
    t->vfs = mem_vfs(m);
    t->store = (struct store){ &t->vfs, &t->seal };
    g_assert_cmpint(seal_load(&t->seal, t->backend, &t->vfs), ==, ERROR_NONE);
    g_assert_cmpint(identity_load(&t->identity, &t->store), ==, ERROR_NONE);
    enum error_code rc = registry_load(&t->registry, &t->store);
    if (rc == ERROR_NOT_FOUND) {
        struct registry first = { .counter = 0 };
        rc = registry_commit(&t->registry, &first, &t->store);
    }
    g_assert_cmpint(rc, ==, ERROR_NONE);
    t->state = TRE_READY;
    t->mid_damaged = !mid_check_all(t);
    return t;
}

static void tre_stop(struct tre *t)
{
    seal_close(&t->seal);
    g_free(t);
}

static enum mid_result install(struct tre *t, int version)
{
    const struct mid_row *row;
    gsize len;
    const uint8_t *data = g_bytes_get_data(packages[version], &len);
    struct mid_package p = { .context = "usim", .octets = { data, len } };
    return mid_install(t, &p, &row);
}

static void make_package(const struct tre *t, const uint8_t token[32], int version)
{
    char id[33], pfc[257], tok[65], *out = in_dir("package.der"), *sho = in_dir("sho"), *csr = in_dir("transport.csr"), *data;
    char number[2] = { (char)('0' + version), 0 };
    gsize len;
    const char *argv[] = { "/usr/bin/python3", TEST_DIR "/mid_package.py", "make", sho, text_hex(t->identity.tre_id, 16, id),
                           text_hex(t->identity.pfc.der, t->identity.pfc.len, pfc), csr, text_hex(token, 32, tok),
                           "30313233343536373839616263646566", out, number, NULL };
    run(argv);
    g_assert_true(g_file_get_contents(out, &data, &len, NULL));
    packages[version] = g_bytes_new_take(data, len);
    g_free(out);
    g_free(sho);
    g_free(csr);
}

static void setup(void)
{
    char *sho, *state, *factory;
    struct error err;
    uint8_t token[32];
    const struct mid_row *row;
    dir = g_dir_make_tmp("tredXXXXXX", NULL);
    sho = in_dir("sho");
    state = in_dir("state");
    factory = in_dir("factory-secret.conf");
    run((const char *[]){ "/usr/bin/python3", TEST_DIR "/mid_package.py", "init", sho, NULL });
    g_assert_cmpint(g_mkdir(state, 0700), ==, 0);
    g_assert_true(g_file_set_contents_full(factory, "gateway_id=gw\ndevice_pin=1234\nmid_issuers=sho/root.pem\n", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    if (provision_run(support_backend(), state, factory, dir, &err))
        g_error("%s", err.text);
    mem_import(&ready, "device.key");
    mem_import(&ready, "identity.a");
    struct tre *t = tre_start(&ready);
    g_assert_cmpint(token_open(t, "usim", token), ==, ERROR_NONE);
    g_assert_cmpint(token_set_nonce(t, "usim", (struct slice){ (const uint8_t *)"0123456789abcdef", 16 }), ==, ERROR_NONE);
    make_package(t, token, 1);
    make_package(t, token, 2);
    tre_stop(t);
    with_one = ready;
    t = tre_start(&with_one);
    g_assert_cmpint(install(t, 1), ==, MID_OK);
    g_assert_cmpint(mid_set_state(t, "mid-1", MID_ACTIVE, &row), ==, ERROR_NONE);
    tre_stop(t);
    g_free(sho);
    g_free(state);
    g_free(factory);
}

enum step { STEP_INSTALL, STEP_UPDATE, STEP_SUSPEND, STEP_ERASE };

static bool step_do(struct tre *t, enum step step)
{
    const struct mid_row *row;
    switch (step) {
    case STEP_INSTALL:
        return install(t, 1) == MID_OK;
    case STEP_UPDATE:
        return install(t, 2) == MID_OK;
    case STEP_SUSPEND:
        return mid_set_state(t, "mid-1", MID_SUSPENDED, &row) == ERROR_NONE;
    case STEP_ERASE:
        return mid_set_state(t, "mid-1", MID_ERASED, &row) == ERROR_NONE;
    }
    return false;
}

/* Version * 10 + state of the one MID; 0 if there is none. */
static int seen(struct tre *t)
{
    struct mid_row *m = registry_mid(&t->registry, "mid-1");
    return m ? (int)(m->entry.version * 10 + m->entry.state) : 0;
}

static const struct {
    struct mem *from;
    int before, after;
} plan[] = {
    [STEP_INSTALL] = { &ready, 0, 10 + MID_PROVISIONED },
    [STEP_UPDATE] = { &with_one, 10 + MID_ACTIVE, 20 + MID_ACTIVE },
    [STEP_SUSPEND] = { &with_one, 10 + MID_ACTIVE, 10 + MID_SUSPENDED },
    [STEP_ERASE] = { &with_one, 10 + MID_ACTIVE, 10 + MID_ERASED },
};

/* True while the n-th call is inside the step. */
static bool cut_at(enum step step, int n, bool cut, bool lucky)
{
    struct mem *m = g_memdup2(plan[step].from, sizeof *m);
    struct tre *t = tre_start(m);
    g_assert_cmpint(seen(t), ==, plan[step].before);
    m->calls = 0;
    m->fail_at = n;
    m->fail_errno = 28; /* ENOSPC */
    m->cut = cut;
    bool done = step_do(t, step), inside = m->calls >= n;
    tre_stop(t);
    mem_power_cut(m, lucky);
    t = tre_start(m);
    g_assert_false(t->mid_damaged);
    if (done)
        g_assert_cmpint(seen(t), ==, plan[step].after);
    else
        g_assert_true(seen(t) == plan[step].before || seen(t) == plan[step].after);
    g_assert_true(step_do(t, step)); /* and it can be done again */
    g_assert_cmpint(seen(t), ==, plan[step].after);
    tre_stop(t);
    g_free(m);
    return inside;
}

static void power_fails_at_every_call(gconstpointer step)
{
    int points = 0;
    for (int mode = 0; mode < 4; mode++)
        for (int n = 1; cut_at((enum step)GPOINTER_TO_INT(step), n, mode & 1, mode & 2); n++)
            points++;
    g_test_message("%d points", points);
    g_assert_cmpint(points, >, 20);
}

/* R20: no name of the erased MID is left, and what its files held is zero. */
static void tre_R20_erased_octets_are_overwritten(void)
{
    struct mem *m = g_memdup2(&with_one, sizeof *m);
    struct tre *t = tre_start(m);
    const struct mid_row *row;
    int content = -1;
    for (size_t i = 0; i < MEM_FILES; i++)
        if (g_str_has_prefix(m->now[i].name, "mid0."))
            content = m->now[i].content;
    g_assert_cmpint(content, >=, 0);
    g_assert_cmpint(mid_set_state(t, "mid-1", MID_ERASED, &row), ==, ERROR_NONE);
    for (size_t i = 0; i < m->contents[content].len; i++)
        g_assert_cmpint(m->contents[content].data[i], ==, 0);
    for (size_t i = 0; i < MEM_FILES; i++)
        g_assert_false(g_str_has_prefix(m->now[i].name, "mid"));
    tre_stop(t);
    g_free(m);
}

/* AUTN of a SQN for the key of mid_package.py (TS 35.208 set 1), made by the engine's own algorithms. */
static void autn_make(uint64_t sqn, const uint8_t rand[16], uint8_t autn[16])
{
    static const uint8_t k[] = { 0x46, 0x5b, 0x5c, 0xe8, 0xb1, 0x99, 0xb4, 0x9f, 0xaa, 0x5f, 0x0a, 0x2e, 0xe2, 0x38, 0xa6, 0xbc };
    static const uint8_t opc[] = { 0xcd, 0x63, 0xcb, 0x71, 0x95, 0x4a, 0x9f, 0x4e, 0x48, 0xa5, 0x99, 0x4e, 0x37, 0xa0, 0x2b, 0xaf };
    static const uint8_t amf[2] = { 0x80, 0 };
    struct aka_profile p = { .algorithm = MID_MILENAGE, .iterations = 1, .res_len = 8, .k = { k, 16 }, .op = { opc, 16 } };
    struct aka a;
    struct aka_out out;
    uint8_t octets[6];
    sqn_to(sqn, octets);
    g_assert_true(aka_open(&a, &p) && aka_f2345(&a, rand, &out) && aka_f1(&a, &out, octets, amf, &autn[8], NULL));
    for (size_t i = 0; i < 6; i++)
        autn[i] = octets[i] ^ out.ak[i];
    memcpy(&autn[6], amf, 2);
    aka_close(&a);
}

/* 0: not answered; else the verdict + 1. */
static int ask(struct tre *t, uint64_t sqn)
{
    static const uint8_t rand[16] = { 1 };
    uint8_t autn[16], auts[14];
    struct engine *e;
    struct aka_out out;
    enum aka_verdict verdict;
    autn_make(sqn, rand, autn);
    if (mide_open(t, "mid-1", &e) || mide_authenticate(t, e, rand, autn, &verdict, &out, auts))
        return 0;
    return (int)verdict + 1;
}

enum { BURST = 24 };

/* True while the n-th call is inside the burst. */
static bool burst_cut_at(int n, bool cut, bool lucky)
{
    struct mem *m = g_memdup2(&with_one, sizeof *m);
    struct tre *t = tre_start(m);
    uint64_t answered[BURST], count = 0, next = 0;
    m->calls = 0;
    m->fail_at = n;
    m->fail_errno = 28; /* ENOSPC */
    m->cut = cut;
    for (next = 32; next <= 32 * BURST; next += 33) /* SEQ and IND grow both */
        if (ask(t, next) == AKA_OK + 1)
            answered[count++] = next;
    if (n % 2)
        mide_close_all(t); /* the burst is over, and its true numbers are stored */
    bool inside = m->calls >= n;
    if (!inside)
        g_assert_cmpuint(count, ==, (32 * BURST - 32) / 33 + 1);
    if (!cut)
        m->fail_at = 0;
    mide_close_all(t);
    tre_stop(t);
    mem_power_cut(m, lucky);
    t = tre_start(m);
    g_assert_false(t->mid_damaged);
    for (uint64_t i = 0; i < count; i++)
        g_assert_cmpint(ask(t, answered[i]), ==, AKA_SYNC + 1);
    struct engine *e;
    g_assert_cmpint(mide_open(t, "mid-1", &e), ==, ERROR_NONE);
    g_assert_cmpint(ask(t, next + 32 * 64), ==, AKA_OK + 1); /* never further away than the ceiling's reserve */
    mide_close_all(t);
    tre_stop(t);
    g_free(m);
    return inside;
}

static void power_fails_at_every_call_of_a_burst(void)
{
    int points = 0;
    for (int mode = 0; mode < 4; mode++)
        for (int n = 1; burst_cut_at(n, mode & 1, mode & 2); n++)
            points++;
    g_test_message("%d points", points);
    g_assert_cmpint(points, >, 100);
}

int main(int argc, char **argv)
{
    heap_start();
    g_test_init(&argc, &argv, NULL);
    log_set(LOG_LEVEL_ERROR, LOG_TARGET_STDERR, NULL);
    setup();
    g_test_add_data_func("/mid/power/install", GINT_TO_POINTER(STEP_INSTALL), power_fails_at_every_call);
    g_test_add_data_func("/mid/power/update", GINT_TO_POINTER(STEP_UPDATE), power_fails_at_every_call);
    g_test_add_data_func("/mid/power/suspend", GINT_TO_POINTER(STEP_SUSPEND), power_fails_at_every_call);
    g_test_add_data_func("/mid/power/erase", GINT_TO_POINTER(STEP_ERASE), power_fails_at_every_call);
    g_test_add_func("/mid/power/authenticate", power_fails_at_every_call_of_a_burst);
    g_test_add_func("/mid/tre_R20_erased_octets_are_overwritten", tre_R20_erased_octets_are_overwritten);
    int rc = g_test_run();
    char *rm[] = { (char *)(uintptr_t)"/bin/rm", (char *)(uintptr_t)"-r", dir, NULL };
    run((const char *const *)rm);
    return rc;
}
