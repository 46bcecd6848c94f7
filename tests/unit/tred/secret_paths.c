/* SPDX-License-Identifier: Apache-2.0 */
/* For valgrind (secret_paths.py): the code that compares MACs, with what must stay secret marked as undefined, after the manner of ctgrind. Memcheck then names each
 * branch and each address that depends on it. The verdict of secret_equal, which is linked through a wrap here, is told to everybody; nothing else may be. */
#include <stdio.h>
#include <stdlib.h>
#include <valgrind/memcheck.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/writer.h"
#include "codec/notification.h"
#include "mid_bench.h"
#include "model/push_sec.h"
#include "model/settings_octets.h"
#include "tred/aka.h"
#include "tred/derive.h"
#include "tred/heap.h"
#include "tred/notification.h"
#include "tred/push.h"

enum { MAC = 20, LONGEST = 40 };

static uint8_t document[] = "a document whose MAC nobody may learn", hash[32] = { 1 };

static void tell(void *value, size_t len)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(value, len);
}

static void hide(void *value, size_t len)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(value, len);
}

static unsigned verdicts; /* of what was hidden */

bool __real_secret_equal(struct slice a, struct slice b);
bool __wrap_secret_equal(struct slice a, struct slice b);

bool __wrap_secret_equal(struct slice a, struct slice b)
{
    uint8_t bits = 0;
    bool equal = __real_secret_equal(a, b);
    verdicts += VALGRIND_GET_VBITS(&equal, &bits, 1) == 1 && bits != 0;
    tell(&equal, sizeof equal);
    return equal;
}

/* A way to a verdict that what is secret did not come to would prove nothing. */
static void told(const char *what, unsigned before)
{
    printf("%s: %u\n", what, verdicts - before);
    if (verdicts == before)
        abort();
}

/* The control: what ends at the first difference must be found. */
__attribute__((noinline)) static bool first_difference(const uint8_t *a, const uint8_t *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

static void leaky(void)
{
    uint8_t own[MAC] = { 1 }, given[MAC] = { 1 };
    hide(own, sizeof own);
    bool equal = first_difference(own, given, MAC);
    tell(&equal, sizeof equal);
}

static void equal_octets(void)
{
    uint8_t own[LONGEST], given[LONGEST];
    for (size_t len = 0; len <= LONGEST; len++)
        for (size_t wrong = 0; wrong <= len; wrong++) { /* the last one: none */
            for (size_t i = 0; i < len; i++)
                own[i] = given[i] = (uint8_t)(7 * i);
            if (wrong < len)
                given[wrong] ^= 0x80;
            hide(own, sizeof own);
            if (secret_equal((struct slice){ own, len }, (struct slice){ given, len }) != (wrong == len))
                abort();
        }
}

/* A message whose document, and so whose MAC, is secret; the MAC that it brings is not. */
static void push(struct tre *t, enum push_sec sec, const char *typed, const char *imsi)
{
    static const uint8_t mac[MAC] = { 2 };
    uint8_t tries = 0;
    struct push p = { .sec = (uint8_t)sec, .mac = { mac, sec == PUSH_USERPINMAC ? 0 : MAC }, .message = { hash, sizeof hash },
                      .imsi = { (const uint8_t *)imsi, strlen(imsi) }, .typed = { (const uint8_t *)typed, strlen(typed) },
                      .document = { document, sizeof document } };
    hide(document, sizeof document);
    if (push_verify(t, &p, &tries) != ERROR_MAC_MISMATCH)
        abort();
    hash[0]++;
}

static void push_all(struct tre *t)
{
    static const struct {
        enum push_sec sec;
        const char *what, *typed, *imsi;
    } rows[] = { { PUSH_NETWPIN, "NETWPIN", "", "240081111111111" }, { PUSH_USERPIN, "USERPIN", "", "" }, { PUSH_USERNETWPIN, "USERNETWPIN", "", "240081111111111" },
                 { PUSH_USERPIN, "typed PIN", "98765432", "" }, { PUSH_USERPINMAC, "USERPINMAC", "1234567890", "" } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned before = verdicts;
        push(t, rows[i].sec, rows[i].typed, rows[i].imsi);
        told(rows[i].what, before);
    }
}

static void instruction(struct tre *t)
{
    uint8_t body[64] = { 3 };
    struct reader in = reader_make(body, sizeof body);
    struct writer out = writer_make(NULL, 0);
    hide(&body[32], sizeof body - 32); /* what the MAC covers */
    if (derive_verify_instruction(t, &in, &out) != ERROR_MAC_MISMATCH)
        abort();
}

/* The digest of a trigger whose last octets are secret, under each of three nonces: hashes of it are encoded in Base64 on the way. */
static void notification(void)
{
    static const struct dm_account account = { .server_id = "dm.example", .server = { .secret = "password", .nonce = { 9 }, .nonce_len = 4 } };
    uint8_t octets[4096], body[NOTIFICATION_DIGEST + NOTIFICATION_HEADER + 64] = { 8 };
    struct notification n = { .digest = { body, NOTIFICATION_DIGEST }, .by_server = true, .server_id = { (const uint8_t *)"dm.example", 10 }, .vendor = { document, sizeof document } };
    struct writer a = writer_make(octets, sizeof octets), b = writer_make(body, sizeof body);
    enum tre_nonce nonce;
    tell(document, sizeof document);
    dm_account_write(&a, &account);
    if (!notification_write(&n, &b))
        abort();
    hide(&body[b.len - sizeof document], sizeof document);
    if (notification_verify(writer_slice(&a), writer_slice(&b), TRE_NONCE_ZERO | TRE_NONCE_TEXT, &nonce) != ERROR_MAC_MISMATCH)
        abort();
}

/* MAC-A of an AUTN under a secret K. */
static void authentication(enum mid_algorithm algorithm, const char *what)
{
    unsigned before = verdicts;
    static const uint8_t autn[AKA_AUTN] = { 4 }, rand_octets[AKA_RAND] = { 5 };
    uint8_t k[AKA_KEY] = { 6 }, op[32] = { 7 }, sqn[AKA_SQN];
    struct aka engine;
    struct aka_out out;
    struct aka_profile profile = { .algorithm = algorithm, .iterations = 1, .res_len = 8, .k = { k, sizeof k }, .op = { op, algorithm == MID_TUAK ? 32 : 16 } };
    bool good = true;
    hide(k, sizeof k);
    hide(op, sizeof op);
    if (!aka_open(&engine, &profile) || !aka_f2345(&engine, rand_octets, &out) || !aka_check(&engine, &out, autn, sqn, &good))
        abort();
    told(what, before);
    if (good)
        abort();
    aka_close(&engine);
}

int main(void)
{
    unsigned before;
    struct heap_scope scope;
    heap_start();
    log_set(LOG_LEVEL_ERROR, LOG_TARGET_STDERR, NULL);
    mid_bench_setup();
    struct tre *t = mid_bench_start(&mid_bench_ready);
    heap_scope_begin(&scope);
    leaky();
    before = verdicts;
    equal_octets();
    told("octets", before);
    push_all(t);
    before = verdicts;
    instruction(t);
    told("instruction", before);
    before = verdicts;
    notification();
    told("notification", before);
    authentication(MID_MILENAGE, "MILENAGE");
    authentication(MID_TUAK, "TUAK");
    heap_scope_end(&scope);
    mid_bench_stop(t);
    mid_bench_end();
    return EXIT_SUCCESS;
}
