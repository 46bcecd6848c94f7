/* SPDX-License-Identifier: Apache-2.0 */
/* Target: the requests of agent-tred, as they come out of packets: a list of (u8 peers, u8 op, u16 length, body), each decided over a provisioned TRE with one
 * ACTIVE MID. Whatever is asked, the answer is a status or a refusal, a refused request has no body with keys in it, the registry on disk is the one in memory,
 * and neither K nor the device's keys are ever in an answer. Each input begins with the same TRE. */
#include <errno.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/log.h"
#include "base/wire.h"
#include "fuzz.h"
#include "tred/counters.h"
#include "tred/heap.h"
#include "tred/mid.h"
#include "tred/mid_record.h"
#include "tred/mide.h"
#include "tred/requests.h"
#include "tred/session.h"
#include "tred/token.h"

enum { FILES = 40, FILE_SIZE = 20 * 1024, REQUESTS = 8, KEY = 16 };

/* tests/unit/tred/mid_package.py: TS 35.208 set 1, PIN 4711, everything allowed to both programs */
static const char manifest_hex[] =
    "308201990201010c056d69642d310a01000201010c0b4578616d706c652053484f303404100000000000000000000000000000000004209979a4edd3c4ab5758797914e16896"
    "38057a7b3cf04fc1f819404bc3a70e9293042066687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f292504103031323334353637383961626364656618"
    "0f32303230303130313030303030305a180f32303430303130313030303030305a30060a01000a010030060101000101ff3061302c0c066167656e74640c2261757468656e74"
    "69636174652c636b696b2c6762612c6964656e746974792c6d736b30310c0b6167656e742d7573696d640c2261757468656e7469636174652c636b696b2c6762612c6964656e"
    "746974792c6d736b3013301104047fff6f07040908292601010000001030360410465b5ce8b199b49faa5f0a2ee238a6bc0410cd63cb71954a9f4e48a5994e37a02baf0402b9"
    "b90406000000000000800434373131302e041023553cbe9637a89d218ae64dae47bf35041055f328b43577b9b94a9ffac354dfafb30408a54211d5e3ba50bf";
static const uint8_t k[KEY] = { 0x46, 0x5b, 0x5c, 0xe8, 0xb1, 0x99, 0xb4, 0x9f, 0xaa, 0x5f, 0x0a, 0x2e, 0xe2, 0x38, 0xa6, 0xbc };

struct disk {
    struct {
        char name[24]; /* "": free */
        size_t len;
        uint8_t data[FILE_SIZE];
    } files[FILES];
};

static struct disk disk, fresh;
static bool changed; /* disk, since it was as fresh */
static struct {
    int file; /* + 1 */
    size_t pos;
} open_files[8];
static struct backend backend = { .table = &backend_software };
static struct tre tre, tre_fresh;
static uint8_t transport_key[121], answer[WIRE_MAX];

static int find(const char *name)
{
    for (int i = 0; i < FILES; i++)
        if (strcmp(disk.files[i].name, name) == 0)
            return i;
    return -1;
}

static int disk_open(void *ctx, const char *name, enum vfs_mode mode)
{
    int file = find(name);
    (void)ctx;
    if (file < 0 && mode != VFS_CREATE) {
        errno = ENOENT;
        return -1;
    }
    if (file < 0)
        file = find("");
    FUZZ_ASSERT(file >= 0);
    if (mode == VFS_CREATE) {
        disk.files[file].len = 0;
        snprintf(disk.files[file].name, sizeof disk.files[file].name, "%s", name);
    }
    for (int fd = 0; fd < 8; fd++)
        if (!open_files[fd].file) {
            open_files[fd].file = file + 1;
            open_files[fd].pos = 0;
            return fd;
        }
    FUZZ_ASSERT(!"descriptors leak");
    return -1;
}

static ssize_t disk_read(void *ctx, int fd, void *buf, size_t len)
{
    size_t left = disk.files[open_files[fd].file - 1].len - open_files[fd].pos, n = len < left ? len : left;
    (void)ctx;
    memcpy(buf, &disk.files[open_files[fd].file - 1].data[open_files[fd].pos], n);
    open_files[fd].pos += n;
    return (ssize_t)n;
}

static ssize_t disk_write(void *ctx, int fd, const void *buf, size_t len)
{
    size_t end = open_files[fd].pos + len;
    (void)ctx;
    changed = true;
    FUZZ_ASSERT(end <= FILE_SIZE);
    memcpy(&disk.files[open_files[fd].file - 1].data[open_files[fd].pos], buf, len);
    open_files[fd].pos = end;
    if (end > disk.files[open_files[fd].file - 1].len)
        disk.files[open_files[fd].file - 1].len = end;
    return (ssize_t)len;
}

static int disk_sync(void *ctx, int fd)
{
    (void)ctx;
    (void)fd;
    return 0;
}

static int disk_close(void *ctx, int fd)
{
    (void)ctx;
    open_files[fd].file = 0;
    return 0;
}

static int disk_unlink(void *ctx, const char *name)
{
    int file = find(name);
    (void)ctx;
    changed = true;
    errno = ENOENT;
    if (file >= 0)
        disk.files[file].name[0] = '\0';
    return file >= 0 ? 0 : -1;
}

static int disk_rename(void *ctx, const char *from, const char *to)
{
    (void)disk_unlink(ctx, to);
    int file = find(from);
    FUZZ_ASSERT(file >= 0);
    snprintf(disk.files[file].name, sizeof disk.files[file].name, "%s", to);
    return 0;
}

static int disk_sync_dir(void *ctx)
{
    (void)ctx;
    return 0;
}

static void key_make(uint8_t *der, size_t *len, struct identity_spki *spki)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    uint8_t *at = der;
    FUZZ_ASSERT(key && i2d_PrivateKey(key, NULL) <= 121);
    *len = (size_t)i2d_PrivateKey(key, &at);
    FUZZ_ASSERT(identity_spki_of(key, spki));
    EVP_PKEY_free(key);
}

/* Provisioned, a registration of context usim open, mid-1 ACTIVE. */
static void tre_make(void)
{
    uint8_t der[1024], signer[121], token[TRE_TOKEN_LEN];
    size_t signer_len, transport_len, len = 0;
    struct identity id = { .gateway_id = "gw" };
    struct manifest m;
    struct counters c;
    tre = (struct tre){ .backend = &backend, .state = TRE_READY, .dir.fd = -1, .agentd_user = "agentd", .usimd_user = "usimd",
                        .vfs = { NULL, disk_open, disk_read, disk_write, disk_sync, disk_close, disk_rename, disk_unlink, disk_sync_dir } };
    tre.store = (struct store){ .vfs = &tre.vfs, .seal = &tre.seal };
    FUZZ_ASSERT(seal_create(&tre.seal, &backend, &tre.vfs, (struct slice){ NULL, 0 }) == ERROR_NONE);
    key_make(signer, &signer_len, &id.pfc);
    key_make(transport_key, &transport_len, &id.transport);
    struct identity_secrets secrets = { .pin = { (const uint8_t *)"1234", 4 }, .pfc_key = { signer, signer_len }, .transport_key = { transport_key, transport_len } };
    FUZZ_ASSERT(identity_create(&id, &secrets, &tre.store) == ERROR_NONE && identity_load(&tre.identity, &tre.store) == ERROR_NONE);
    struct registry next = { .counter = 0 };
    for (size_t i = 0; manifest_hex[2 * i]; i++, len++) {
        unsigned octet;
        FUZZ_ASSERT(sscanf(&manifest_hex[2 * i], "%2x", &octet) == 1);
        der[i] = (uint8_t)octet;
    }
    FUZZ_ASSERT(manifest_parse(&m, (struct slice){ der, len }));
    next.mids[0] = (struct mid_row){ .entry = { .id = "mid-1", .version = 1, .state = MID_ACTIVE, .issuer = "Example SHO", .context = "usim" }, .session_check = true };
    FUZZ_ASSERT(mid_record_write(&tre, 0, &next.mids[0], (struct slice){ der, len }) == ERROR_NONE);
    counters_start(&c, &m);
    FUZZ_ASSERT(counters_save(&tre.store, 0, "mid-1", &c) == ERROR_NONE);
    FUZZ_ASSERT(registry_commit(&tre.registry, &next, &tre.store) == ERROR_NONE && token_open(&tre, "usim", token) == ERROR_NONE);
    manifest_free(&m);
    fresh = disk;
    changed = false;
    tre_fresh = tre;
}

static bool holds(struct slice data, const uint8_t *secret, size_t secret_len)
{
    return data.len && memmem(data.data, data.len, secret, secret_len) != NULL;
}

/* What the asker brought may come back, as a nonce does; libFuzzer learns secrets from the comparisons that look for them. */
static bool tells(struct slice out, struct slice input, const uint8_t *secret, size_t secret_len)
{
    return holds(out, secret, secret_len) && !holds(input, secret, secret_len);
}

/* The registry of the disk is that of the memory. */
static void check_registry(void)
{
    struct registry stored;
    FUZZ_ASSERT(registry_load(&stored, &tre.store) == ERROR_NONE && stored.counter == tre.registry.counter);
    for (size_t i = 0; i < TRE_MID_MAX; i++)
        FUZZ_ASSERT(stored.mids[i].entry.state == tre.registry.mids[i].entry.state);
}

static void ask(struct reader *r, struct slice input)
{
    unsigned peers = reader_u8(r) % 8;
    uint16_t op = reader_u8(r);
    size_t len = reader_u16(r);
    struct slice body = reader_take(r, len < reader_left(r) ? len : reader_left(r));
    struct writer out = writer_make(answer, sizeof answer);
    enum error_code status = ERROR_INTERNAL;
    enum requests_verdict verdict = requests_handle(&tre, peers, op, body, &status, &out);
    FUZZ_ASSERT(verdict == REQUEST_ANSWER || verdict == REQUEST_FORBIDDEN || verdict == REQUEST_MALFORMED);
    FUZZ_ASSERT(peers || verdict != REQUEST_ANSWER); /* a stranger gets nothing */
    FUZZ_ASSERT(out.len <= sizeof answer && error_name(status));
    struct slice told = { answer, out.len };
    FUZZ_ASSERT(!tells(told, input, k, sizeof k) && !tells(told, input, tre.seal.key->data, SEAL_KEY));
    FUZZ_ASSERT(!tells(told, input, &transport_key[7], 32)); /* the private number in ECPrivateKey (RFC 5915) */
    mide_refresh(&tre);
    session_sweep(&tre, false);
}

static void start_again(void)
{
    session_sweep(&tre, true);
    mide_close_all(&tre);
    if (changed)
        disk = fresh;
    changed = false;
    tre = tre_fresh;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!tre.backend) {
        heap_start();
        log_set((enum log_level)0, LOG_TARGET_STDERR, NULL);
        tre_make();
    }
    struct reader r = reader_make(data, size);
    for (size_t i = 0; i < REQUESTS && reader_left(&r) >= 4; i++)
        ask(&r, (struct slice){ data, size });
    if (tre.registry.counter != tre_fresh.registry.counter)
        check_registry();
    start_again();
    return 0;
}
