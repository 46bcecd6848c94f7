/* SPDX-License-Identifier: Apache-2.0 */
/* The allocator under libcrypto. Promises that no octet of a key stays in freed memory; must never hand out memory by other ways. */
#include "tred/heap.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/heap.h"
#include "base/secret.h"

static void *zeroing_malloc(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return malloc(len);
}

static void zeroing_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    if (p)
        secret_zero(p, malloc_usable_size(p));
    free(p);
}

static void *zeroing_realloc(void *p, size_t len, const char *file, int line)
{
    if (!p)
        return malloc(len);
    size_t had = malloc_usable_size(p);
    if (len && len <= had)
        return p;
    void *more = len ? malloc(len) : NULL;
    if (more)
        memcpy(more, p, had < len ? had : len);
    if (more || !len)
        zeroing_free(p, file, line);
    return more;
}

void heap_start(void)
{
    (void)CRYPTO_set_mem_functions(zeroing_malloc, zeroing_realloc, zeroing_free);
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_ATEXIT |
                                  OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS,
                              NULL);
    bool ok = EVP_add_cipher(EVP_aes_256_gcm()) && EVP_add_cipher(EVP_aes_128_wrap()) && EVP_add_cipher(EVP_aes_192_wrap()) &&
              EVP_add_cipher(EVP_aes_256_wrap()) && EVP_add_digest(EVP_sha256()) && EVP_add_digest(EVP_sha384()) &&
              EVP_add_digest(EVP_sha512());
    if (!ok)
        abort(); /* no memory at the very start */
}

void *heap_pages(size_t len)
{
    void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void heap_drop(void *pages, size_t len)
{
    if (!pages)
        return;
    secret_zero(pages, len);
    (void)munmap(pages, len);
}

void heap_scope_begin(struct heap_scope *s)
{
    s->context = OSSL_LIB_CTX_new(); /* NULL without memory: then the process-wide one serves */
    (void)OSSL_LIB_CTX_set0_default(s->context);
}

void heap_scope_end(struct heap_scope *s)
{
    (void)OSSL_LIB_CTX_set0_default(OSSL_LIB_CTX_get0_global_default());
    OSSL_LIB_CTX_free(s->context);
    s->context = NULL;
    heap_trim();
}

void heap_scope_park(struct heap_scope *s)
{
    (void)s;
    (void)OSSL_LIB_CTX_set0_default(OSSL_LIB_CTX_get0_global_default());
}

void heap_scope_resume(struct heap_scope *s)
{
    (void)OSSL_LIB_CTX_set0_default(s->context);
}
