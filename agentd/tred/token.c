/* SPDX-License-Identifier: Apache-2.0 */
/* Registration tokens in the registry. Promises: a token that was answered is on disk; a spent one never opens again. */
#include "tred/token.h"

#include <openssl/rand.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"

static struct token_row *row_free(struct registry *r)
{
    for (size_t i = 0; i < REGISTRY_TOKENS; i++)
        if (!r->tokens[i].context[0])
            return &r->tokens[i];
    return NULL;
}

enum error_code token_open(struct tre *t, const char *context, uint8_t token[TRE_TOKEN_LEN])
{
    struct token_row *row = registry_token(&t->registry, context);
    if (row) {
        memcpy(token, row->value, TRE_TOKEN_LEN);
        return ERROR_NONE;
    }
    struct registry next = t->registry;
    row = row_free(&next);
    if (!row)
        return ERROR_NO_SPACE;
    *row = (struct token_row){ .nonce_len = 0 };
    (void)text_copy(row->context, sizeof row->context, context);
    if (RAND_bytes(row->value, TRE_TOKEN_LEN) != 1)
        return ERROR_INTERNAL;
    memcpy(token, row->value, TRE_TOKEN_LEN);
    enum error_code rc = registry_commit(&t->registry, &next, &t->store);
    if (!rc)
        log_info("token", "registration of context %s opened", context);
    return rc;
}

enum error_code token_spend(struct tre *t, const char *context)
{
    if (!registry_token(&t->registry, context))
        return ERROR_NONE;
    struct registry next = t->registry;
    secret_zero(registry_token(&next, context), sizeof(struct token_row));
    enum error_code rc = registry_commit(&t->registry, &next, &t->store);
    if (!rc)
        log_info("token", "registration of context %s spent", context);
    return rc;
}

enum error_code token_set_nonce(struct tre *t, const char *context, struct slice nonce)
{
    struct token_row *row = registry_token(&t->registry, context);
    if (!row)
        return ERROR_NOT_READY;
    if (nonce.len == 0 || nonce.len > sizeof row->nonce)
        return ERROR_INVALID;
    if (slice_equal((struct slice){ row->nonce, row->nonce_len }, nonce))
        return ERROR_NONE;
    struct registry next = t->registry;
    row = registry_token(&next, context);
    memcpy(row->nonce, nonce.data, nonce.len);
    row->nonce_len = nonce.len;
    return registry_commit(&t->registry, &next, &t->store);
}
