/* SPDX-License-Identifier: Apache-2.0 */
/* Target: the LwM2M file of a card. Accounts within their bounds or an error that leaves none; the content is inside and its own content. */
#include <string.h>

#include "codec/lwm2m_card.h"
#include "fuzz.h"

static void check_account(const struct lwm2m_account *a)
{
    FUZZ_ASSERT(a->short_server_id <= 65534 && a->lifetime > 0);
    FUZZ_ASSERT(a->key_len >= 16 && a->key_len <= sizeof a->key);
    FUZZ_ASSERT(strncmp(a->uri, "coaps://", 8) == 0 && memchr(a->uri, 0, sizeof a->uri));
    FUZZ_ASSERT(a->identity[0] && memchr(a->identity, 0, sizeof a->identity));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct settings settings;
    struct slice in = { data, size }, content = lwm2m_card_content(in);
    struct error err = { 0 };
    memset(&settings, 0, sizeof settings);
    enum error_code rc = lwm2m_card_accounts(in, &settings, &err);
    fuzz_check_error(rc, &err);
    FUZZ_ASSERT((rc == ERROR_NONE) == (settings.lwm2ms > 0));
    for (size_t i = 0; i < settings.lwm2ms; i++)
        check_account(&settings.lwm2m[i]);
    fuzz_check_inside(content, data, size);
    if (!rc) { /* the content alone says the same */
        FUZZ_ASSERT(lwm2m_card_content(content).len == content.len);
        memset(&settings, 0, sizeof settings);
        FUZZ_ASSERT(lwm2m_card_accounts(content, &settings, NULL) == ERROR_NONE);
    }
    return 0;
}
