/* SPDX-License-Identifier: Apache-2.0 */
/* Target: the LwM2M file of a card, in TLV or SenML. Accounts within their bounds or an error that leaves none; the content is inside and its own content. */
#include <stdlib.h>
#include <string.h>

#include "codec/lwm2m_card.h"
#include "fuzz.h"
#include "lwm2m/card_pack.h"

static void check_account(const struct lwm2m_account *a)
{
    bool shared = a->mode == LWM2M_PSK;
    FUZZ_ASSERT(a->short_server_id <= 65534 && (a->lifetime > 0 || a->short_server_id == 0) && (shared || a->mode == LWM2M_X509));
    FUZZ_ASSERT(!shared || (a->key_len > 0 && a->key_len <= sizeof a->key && a->identity[0] && memchr(a->identity, 0, sizeof a->identity)));
    FUZZ_ASSERT(strncmp(a->uri, "coaps", 5) == 0 && memchr(a->uri, 0, sizeof a->uri));
}

static void clear(struct settings *s)
{
    free(s->rights);
    memset(s, 0, sizeof *s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct settings settings;
    struct slice in = { data, size }, content = lwm2m_card_content(in);
    struct error err = { 0 };
    clear(&settings);
    enum error_code rc = card_pack_accounts(in, &settings, &err);
    fuzz_check_error(rc, &err);
    FUZZ_ASSERT((rc == ERROR_NONE) == (settings.lwm2ms > 0));
    for (size_t i = 0; i < settings.lwm2ms; i++)
        check_account(&settings.lwm2m[i]);
    for (size_t i = 0; settings.rights && i < ACCESS_ROWS; i++)
        FUZZ_ASSERT(!settings.rights->at[i].used || (!rc && settings.rights->at[i].object && settings.rights->at[i].count <= ACCESS_ENTRIES));
    fuzz_check_inside(content, data, size);
    if (!rc) { /* the content alone says the same */
        FUZZ_ASSERT(lwm2m_card_content(content).len == content.len);
        clear(&settings);
        FUZZ_ASSERT(card_pack_accounts(content, &settings, NULL) == ERROR_NONE);
    }
    return 0;
}
