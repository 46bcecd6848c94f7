/* SPDX-License-Identifier: Apache-2.0 */
/* The bench of mid_bench.h. Packages need openssl and a second; what is made from them is copied by the tests. */
#include "mid_bench.h"

#include <glib/gstdio.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tred/mid_order.h"
#include "tred/provision.h"
#include "tred/token.h"

static char *dir;
struct mem mid_bench_ready, mid_bench_one, mid_bench_active, mid_bench_blocked;
static GBytes *packages[4]; /* by version; 3: that of mid-2 */
static GBytes *orders[5];   /* by command */

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

struct tre *mid_bench_start(struct mem *m)
{
    struct tre *t = g_new0(struct tre, 1);
    t->backend = support_backend();
    t->vfs = mem_vfs(m);
    t->store = (struct store){ &t->vfs, &t->seal };
    t->dir.fd = -1;
    tre_start(t);
    return t;
}

void mid_bench_stop(struct tre *t)
{
    tre_close(t);
    g_free(t);
}

enum mid_result mid_bench_install(struct tre *t, int version)
{
    const struct mid_row *row;
    gsize len;
    const uint8_t *data = g_bytes_get_data(packages[version], &len);
    struct mid_package p = { .context = "usim", .octets = { data, len } };
    return mid_install(t, &p, &row);
}

enum mid_result mid_bench_command(struct tre *t, enum mid_bench_order command)
{
    uint8_t receipt[MID_ORDER_RECEIPT_MAX];
    struct writer w = writer_make(receipt, sizeof receipt);
    gsize len;
    const uint8_t *data = g_bytes_get_data(orders[command], &len);
    return mid_order(t, (struct slice){ data, len }, 0, &w);
}

bool mid_bench_hash_known(struct tre *t)
{
    uint8_t hash[HASH_LEN];
    gsize len;
    const struct mid_row *m = registry_mid(&t->registry, "mid-1");
    const uint8_t *data = m ? g_bytes_get_data(packages[m->entry.version], &len) : NULL;
    return data && SHA256(data, len, hash) && memcmp(hash, m->package_hash, HASH_LEN) == 0;
}

int mid_bench_seen(struct tre *t, const char *id)
{
    struct mid_row *m = registry_mid(&t->registry, id);
    return m ? (int)(m->entry.version * 10 + m->entry.state) : 0;
}

/* What `mid_package.py ARGV.. FILE LAST..` writes to FILE. */
static GBytes *made(const char *const *argv, char *out)
{
    char *data;
    gsize len;
    run(argv);
    g_assert_true(g_file_get_contents(out, &data, &len, NULL));
    return g_bytes_new_take(data, len);
}

static void make_package(const struct tre *t, const uint8_t token[32], size_t n, const char *version, const char *id)
{
    char tre_id[33], pfc[257], tok[65], *out = in_dir("package.der"), *sho = in_dir("sho"), *csr = in_dir("transport.csr");
    packages[n] = made((const char *[]){ "/usr/bin/python3", TEST_DIR "/mid_package.py", "make", sho, text_hex(t->identity.tre_id, 16, tre_id),
                                         text_hex(t->identity.pfc.der, t->identity.pfc.len, pfc), csr, text_hex(token, 32, tok),
                                         "30313233343536373839616263646566", out, version, id, NULL },
                       out);
    g_free(out);
    g_free(sho);
    g_free(csr);
}

static void make_order(const struct tre *t, size_t command)
{
    uint8_t hash[32];
    gsize len;
    const uint8_t *package = g_bytes_get_data(packages[1], &len);
    char tre_id[33], hex[65], number[2] = { (char)('0' + command), 0 }, *out = in_dir("order.cms"), *sho = in_dir("sho");
    orders[command] = made((const char *[]){ "/usr/bin/python3", TEST_DIR "/mid_package.py", "order", sho, text_hex(t->identity.tre_id, 16, tre_id),
                                             number, number, "mid-1", text_hex(SHA256(package, len, hash), 32, hex), out, NULL },
                           out);
    g_free(out);
    g_free(sho);
}

static void make_all(struct tre *t)
{
    uint8_t token[32];
    const struct mid_row *row;
    g_assert_cmpint(token_open(t, "usim", token), ==, ERROR_NONE);
    g_assert_cmpint(token_set_nonce(t, "usim", (struct slice){ (const uint8_t *)"0123456789abcdef", 16 }), ==, ERROR_NONE);
    make_package(t, token, 1, "1", "mid-1");
    make_package(t, token, 2, "2", "mid-1");
    make_package(t, token, 3, "1", "mid-2");
    make_order(t, MID_BENCH_UNBLOCK);
    make_order(t, MID_BENCH_MIGRATE);
    make_order(t, MID_BENCH_ERASE);
    g_assert_cmpint(mid_bench_install(t, 3), ==, MID_OK);
    mid_bench_ready = *(struct mem *)t->vfs.ctx;
    g_assert_cmpint(mid_bench_install(t, 1), ==, MID_OK);
    mid_bench_one = *(struct mem *)t->vfs.ctx;
    g_assert_cmpint(mid_set_state(t, "mid-1", MID_ACTIVE, &row), ==, ERROR_NONE);
    mid_bench_active = *(struct mem *)t->vfs.ctx;
    g_assert_cmpint(mid_set_state(t, "mid-1", MID_BLOCKED, &row), ==, ERROR_NONE);
    mid_bench_blocked = *(struct mem *)t->vfs.ctx;
}

void mid_bench_setup(void)
{
    static const char *const files[] = { "device.key", "identity.a", "registry.a" };
    static struct mem made_first;
    char *sho, *state, *factory;
    struct error err;
    dir = g_dir_make_tmp("tredXXXXXX", NULL);
    sho = in_dir("sho");
    state = in_dir("state");
    factory = in_dir("factory-secret.conf");
    run((const char *[]){ "/usr/bin/python3", TEST_DIR "/mid_package.py", "init", sho, NULL });
    g_assert_cmpint(g_mkdir(state, 0700), ==, 0);
    g_assert_true(g_file_set_contents_full(factory, "gateway_id=gw\ndevice_pin=1234\nmid_issuers=sho/root.pem\n", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    if (provision_run(support_backend(), state, factory, dir, &err))
        g_error("%s", err.text);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        mem_import(&made_first, files[i]);
    struct tre *t = mid_bench_start(&made_first);
    make_all(t);
    mid_bench_stop(t);
    g_free(sho);
    g_free(state);
    g_free(factory);
}

void mid_bench_end(void)
{
    run((const char *[]){ "/bin/rm", "-r", dir, NULL });
    g_free(dir);
}
