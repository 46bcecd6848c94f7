/* SPDX-License-Identifier: Apache-2.0 */
/* Time and allocations from the octets of a push to an authenticated model, beside libwbxml's conversion of the same document to XML and a cached EVP_MAC
 * over the same octets, all in one run. The MAC is checked by agent-tred's own push_verify: NETWPIN with the IMSI, USERNETWPIN with a PIN that somebody
 * typed (without one, agent-tred opens its sealed record for each such message: file and cipher, which this leaves out, as the socket). One document stands under both: the
 * second keys the MAC's context twice, so that no PIN stays in it, and so the rows tell what that costs. MAC and document are set beside the EVP_MAC twice: as a whole push in one
 * loop, header and all, where each finds code of the others in the caches; and, to tell what that is of it, as the sum of both, each of the three with the caches to itself. What an
 * authentic message takes and gives back around its decoding, the locked pages of struct settings and the arena, has a table of its own. The rounds of all take turns, so that the
 * machine's pace is the same for all, and begin with calls that do not count, for what ran before has left its own code in the caches; the median counts, in processor time of this process.
 * usage: codec-bench VECTOR_FOLDER */
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wbxml/wbxml.h>

#include "base/secret.h"
#include "base/text.h"
#include "base/writer.h"
#include "bootstrap/provisioning/provisioning.h"
#include "codec/wsp.h"
#include "model/push_sec.h"
#include "tred/push.h"

#define IMSI "262011234567890"

enum { ROUNDS = 41, WARM = 20, CALLS = 200, FILE_MAX = 65536 };

static size_t allocations;
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

#pragma GCC visibility push(default) /* so that libraries call these too */
void *malloc(size_t n)
{
    allocations++;
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    allocations++;
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    allocations++;
    return __libc_realloc(p, n);
}
#pragma GCC visibility pop

static struct {
    uint8_t pdu[FILE_MAX + 64], file[FILE_MAX];
    struct slice message, document;
    struct slice key, pin;
    enum push_sec sec;
    uint8_t mac[PUSH_MAC_LEN]; /* the right one */
    struct tre tre;
    unsigned char *memory;
    struct settings *settings;
    EVP_MAC_CTX *cached;
} b;

static void check(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "codec-bench: %s\n", what);
        exit(1);
    }
}

static void decode_into(struct settings *s)
{
    struct arena arena = arena_make(b.memory, PROV_ARENA);
    struct prov_node *root;
    check(!prov_decode_wbxml(b.document, &arena, &root, NULL), "document");
    enum error_code rc = provisioning_settings(root, s, NULL);
    check(!rc || rc == ERROR_POLICY, "settings"); /* the last check of all: a server on another host */
}

static void decode_document(void)
{
    decode_into(b.settings);
}

static void verify(uint8_t sec, struct slice mac, struct slice document)
{
    uint8_t hash[HASH_LEN] = { 0 }, tries_left;
    struct push p = { sec, mac, { hash, sizeof hash }, { (const uint8_t *)IMSI, strlen(IMSI) }, b.pin, document };
    check(!push_verify(&b.tre, &p, &tries_left), "MAC");
}

/* The header, then what the trusted environment does, then the document. */
static void whole(void)
{
    struct wsp_push push;
    uint8_t mac[PUSH_MAC_LEN];
    check(!wsp_push_parse(b.message, &push, NULL) && !wsp_mac_decode(&push, mac, NULL), "push");
    verify(push.sec, (struct slice){ mac, sizeof mac }, push.body);
    decode_document();
}

static void verify_alone(void)
{
    verify((uint8_t)b.sec, (struct slice){ b.mac, sizeof b.mac }, b.document);
}

static void cached_mac(void)
{
    size_t len;
    check(EVP_MAC_init(b.cached, b.key.data, b.key.len, NULL) && EVP_MAC_update(b.cached, b.document.data, b.document.len) &&
          EVP_MAC_final(b.cached, b.mac, &len, sizeof b.mac), "EVP_MAC");
}

/* As many of them are touched, locked and wiped, as the last document took. */
static void settings_pages(void)
{
    struct settings *s = settings_new();
    check(s, "pages");
    decode_into(s);
    settings_free(s);
}

/* As much of it is touched, and wiped, as the last document took. */
static void document_arena(void)
{
    void *memory = malloc(PROV_ARENA);
    check(memory, "arena");
    struct arena arena = arena_make(memory, PROV_ARENA);
    struct prov_node *root;
    check(!prov_decode_wbxml(b.document, &arena, &root, NULL), "document");
    secret_zero(memory, arena.len);
    free(memory);
}

/* The decoding alone, to be taken off. */
static void document_tree(void)
{
    struct arena arena = arena_make(b.memory, PROV_ARENA);
    struct prov_node *root;
    check(!prov_decode_wbxml(b.document, &arena, &root, NULL), "document");
}

static void libwbxml(void)
{
    static WBXMLConvWBXML2XML *convert;
    WB_UTINY *xml = NULL;
    WB_ULONG len = 0;
    if (!convert)
        check(wbxml_conv_wbxml2xml_create(&convert) == WBXML_OK, "libwbxml");
    check(wbxml_conv_wbxml2xml_run(convert, (WB_UTINY *)(uintptr_t)b.document.data, (WB_ULONG)b.document.len, &xml, &len) == WBXML_OK, "libwbxml");
    free(xml); /* its allocator is malloc */
}

static int by_value(const void *x, const void *y)
{
    double a = *(const double *)x, c = *(const double *)y;
    return a < c ? -1 : a > c;
}

struct row {
    void (*fn)(void);
    size_t allocations; /* of a call */
    double rounds[ROUNDS], us; /* the median of them */
};

static double median(const double *values)
{
    double sorted[ROUNDS];
    memcpy(sorted, values, sizeof sorted);
    qsort(sorted, ROUNDS, sizeof *sorted, by_value);
    return sorted[ROUNDS / 2];
}

/* Of each round by itself, then the median: a neighbour who slows some rounds slows all of them. `with` (NULL: nothing) counts beside `of`. */
static double ratio(const struct row *of, const struct row *with, const struct row *to)
{
    double each[ROUNDS];
    for (size_t i = 0; i < ROUNDS; i++)
        each[i] = (of->rounds[i] + (with ? with->rounds[i] : 0)) / to->rounds[i];
    return median(each);
}

/* Median microseconds of processor time of a call, and its allocations. */
static void measure(struct row *rows, size_t count)
{
    for (size_t i = 0; i < count * (ROUNDS + 1); i++) { /* the first round of each warms up */
        struct row *r = &rows[i % count];
        struct timespec from, to;
        for (size_t k = 0; k < WARM; k++)
            r->fn();
        size_t before = allocations;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
        for (size_t k = 0; k < CALLS; k++)
            r->fn();
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
        r->allocations = (allocations - before) / CALLS;
        if (i >= count)
            r->rounds[i / count - 1] = ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / CALLS / 1000;
    }
    for (size_t i = 0; i < count; i++)
        rows[i].us = median(rows[i].rounds);
}

static void bench_memory(void)
{
    struct row rows[] = { { .fn = settings_pages }, { .fn = decode_document }, { .fn = document_arena }, { .fn = document_tree } };
    measure(rows, sizeof rows / sizeof *rows);
    printf("\n| struct settings, %zu octets, locked and wiped, us | arena of %d octets, us |\n|---|---|\n| %.1f | %.2f |\n", sizeof(struct settings), PROV_ARENA,
           rows[0].us - rows[1].us, rows[2].us - rows[3].us);
}

static void read_document(const char *folder, const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s.wbxml", folder, name);
    FILE *f = fopen(path, "rbe");
    check(f, path);
    b.document = (struct slice){ b.file, fread(b.file, 1, sizeof b.file, f) };
    (void)fclose(f);
}

/* The document as a push with the header that the vectors have, and a MAC that fits. */
static void make_push(void)
{
    const uint8_t head[] = { 0x01, 0x06, 0x2f, 0x1f, 0x2d, 0xb6, 0x91, (uint8_t)(0x80 | b.sec), 0x92 }; /* connectivity WBXML; SEC; MAC */
    char digits[2 * PUSH_MAC_LEN + 1];
    struct writer w = writer_make(b.pdu, sizeof b.pdu);
    cached_mac();
    writer_put(&w, head, sizeof head);
    writer_put(&w, text_hex(b.mac, sizeof b.mac, digits), sizeof digits);
    writer_put(&w, b.document.data, b.document.len);
    b.message = writer_slice(&w);
}

static void bench(const char *name)
{
    make_push();
    struct row rows[] = { { .fn = whole }, { .fn = verify_alone }, { .fn = decode_document }, { .fn = cached_mac }, { .fn = libwbxml } };
    measure(rows, sizeof rows / sizeof *rows);
    const struct row *push = &rows[0], *mac = &rows[1], *document = &rows[2], *cached = &rows[3], *peer = &rows[4];
    printf("| %s, %zu octets | %.2f | %zu | %.2f | %.2f | %zu | %.2f | %.2f | %zu | %.1f | %.1f | %.1f |\n", name, b.document.len, push->us, push->allocations, mac->us,
           document->us, document->allocations, cached->us, peer->us, peer->allocations, ratio(peer, NULL, document), ratio(push, NULL, cached), ratio(mac, document, cached));
}

static void bench_netwpin(const char *name)
{
    static const uint8_t imsi[] = { 0x29, 0x26, 0x10, 0x21, 0x43, 0x65, 0x87, 0x09 };
    b.sec = PUSH_NETWPIN;
    b.key = (struct slice){ imsi, sizeof imsi };
    b.pin = (struct slice){ NULL, 0 };
    bench(name);
}

static void bench_usernetwpin(const char *name)
{
    static const uint8_t both[] = { 0x29, 0x26, 0x10, 0x21, 0x43, 0x65, 0x87, 0x09, '1', '2', '3', '4' }, pin[] = { '1', '2', '3', '4' };
    b.sec = PUSH_USERNETWPIN;
    b.key = (struct slice){ both, sizeof both };
    b.pin = (struct slice){ pin, sizeof pin };
    bench(name);
}

int main(int argc, char **argv)
{
    OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string("digest", (char[]){ "SHA1" }, 0), OSSL_PARAM_construct_end() };
    check(argc == 2, "usage: codec-bench VECTOR_FOLDER");
    b.memory = aligned_alloc(64, PROV_ARENA);
    b.settings = settings_new();
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    b.cached = EVP_MAC_CTX_new(mac);
    check(b.memory && b.settings && b.cached && EVP_MAC_CTX_set_params(b.cached, params), "set-up");
    puts("| document | push to model, us | allocations | push_verify alone, us | document to model, us | allocations | cached EVP_MAC, us | libwbxml to XML, us "
         "| allocations | libwbxml / document (aim 15) | push / EVP_MAC (aim 3) | (push_verify + document) / EVP_MAC |");
    puts("|---|---|---|---|---|---|---|---|---|---|---|---|");
    read_document(argv[1], "v01_bootstrap_nap_pap_netwpin");
    bench_netwpin("v01_bootstrap_nap_pap_netwpin, NETWPIN");
    read_document(argv[1], "v07_w7_dm_account");
    bench_netwpin("v07_w7_dm_account, NETWPIN"); /* four parts */
    bench_usernetwpin("v07_w7_dm_account, USERNETWPIN");
    bench_memory();
    settings_free(b.settings);
    EVP_MAC_CTX_free(b.cached);
    EVP_MAC_free(mac);
    free(b.memory);
    return 0;
}
