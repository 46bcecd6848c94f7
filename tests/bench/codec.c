/* SPDX-License-Identifier: Apache-2.0 */
/* Time and allocations from the octets of a push to an authenticated model, beside libwbxml's conversion of the same document to XML and a cached EVP_MAC
 * over the same octets, all in one run. Prints a table; the median of many rounds counts, in processor time of this process (other load still spoils the caches).
 * usage: codec-bench VECTOR_FOLDER */
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wbxml/wbxml.h>

#include "bootstrap/provisioning.h"
#include "codec/wsp.h"
#include "tred/hmac.h"

enum { ROUNDS = 41, CALLS = 200, FILE_MAX = 65536 };

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
    uint8_t pdu[FILE_MAX];
    struct slice message, document;
    const uint8_t *key;
    size_t key_len;
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

static void decode_document(void)
{
    struct arena arena = arena_make(b.memory, PROV_ARENA);
    struct prov_node *root;
    check(!prov_decode_wbxml(b.document, &arena, &root, NULL), "document");
    enum error_code rc = provisioning_settings(root, b.settings, NULL);
    check(!rc || rc == ERROR_POLICY, "settings"); /* the last check of all: a server on another host */
}

/* As the trusted environment does it, after the header; then the document. */
static void whole(void)
{
    struct wsp_push push;
    uint8_t mac[20], have[20];
    check(!wsp_push_parse(b.message, &push, NULL) && !wsp_mac_decode(&push, have, NULL), "push");
    check(hmac_sha1((struct slice){ b.key, b.key_len }, push.body, mac) && memcmp(mac, have, 20) == 0, "MAC");
    decode_document();
}

static void cached_mac(void)
{
    uint8_t mac[20];
    size_t len;
    check(EVP_MAC_init(b.cached, b.key, b.key_len, NULL) && EVP_MAC_update(b.cached, b.document.data, b.document.len) &&
          EVP_MAC_final(b.cached, mac, &len, sizeof mac), "EVP_MAC");
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

/* Median microseconds of processor time of a call, and its allocations. */
static double measure(void (*fn)(void), size_t *allocated)
{
    double rounds[ROUNDS];
    fn();
    size_t before = allocations;
    fn();
    *allocated = allocations - before;
    for (size_t i = 0; i < ROUNDS; i++) {
        struct timespec from, to;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
        for (size_t k = 0; k < CALLS; k++)
            fn();
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
        rounds[i] = ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / CALLS / 1000;
    }
    qsort(rounds, ROUNDS, sizeof *rounds, by_value);
    return rounds[ROUNDS / 2];
}

static void bench(const char *folder, const char *name, const uint8_t *key, size_t key_len)
{
    char path[4096];
    struct wsp_push push;
    (void)snprintf(path, sizeof path, "%s/%s.pdu", folder, name);
    FILE *f = fopen(path, "rbe");
    check(f, path);
    b.message = (struct slice){ b.pdu, fread(b.pdu, 1, sizeof b.pdu, f) };
    (void)fclose(f);
    check(!wsp_push_parse(b.message, &push, NULL), "push");
    b.document = push.body;
    b.key = key;
    b.key_len = key_len;
    size_t n[4];
    double all = measure(whole, &n[0]), decode = measure(decode_document, &n[1]), mac = measure(cached_mac, &n[2]), peer = measure(libwbxml, &n[3]);
    printf("| %s, %zu octets | %.2f | %zu | %.2f | %zu | %.2f | %.2f | %zu | %.1f | %.1f |\n", name, b.document.len, all, n[0], decode, n[1], mac, peer, n[3],
           peer / decode, all / mac);
}

int main(int argc, char **argv)
{
    static const uint8_t imsi_key[] = { 0x29, 0x26, 0x10, 0x21, 0x43, 0x65, 0x87, 0x09 };
    static const uint8_t imsi_pin_key[] = { 0x29, 0x26, 0x10, 0x21, 0x43, 0x65, 0x87, 0x09, '1', '2', '3', '4' };
    OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string("digest", (char[]){ "SHA1" }, 0), OSSL_PARAM_construct_end() };
    check(argc == 2, "usage: codec-bench VECTOR_FOLDER");
    b.memory = aligned_alloc(64, PROV_ARENA);
    b.settings = settings_new();
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    b.cached = EVP_MAC_CTX_new(mac);
    check(b.memory && b.settings && b.cached && EVP_MAC_CTX_set_params(b.cached, params), "set-up");
    puts("| document | push to model, us | allocations | document to model, us | allocations | cached EVP_MAC, us | libwbxml to XML, us | allocations "
         "| libwbxml / document (aim 15) | push / EVP_MAC (aim 3) |");
    puts("|---|---|---|---|---|---|---|---|---|---|");
    bench(argv[1], "v01_bootstrap_nap_pap_netwpin", imsi_key, sizeof imsi_key);
    bench(argv[1], "v07_w7_dm_account", imsi_pin_key, sizeof imsi_pin_key); /* four parts */
    settings_free(b.settings);
    EVP_MAC_CTX_free(b.cached);
    EVP_MAC_free(mac);
    free(b.memory);
    return 0;
}
