/* SPDX-License-Identifier: Apache-2.0 */
/* Small values: "card/ID" is generation, hash of what was offered, hash of what is applied or "-"; "card-owner/CONTEXT" an id. */
#include "bootstrap/card_book.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { KEY_MAX = 96, VALUE_MAX = 192 };

void card_book_id(const char *iccid, char out[CARD_ID])
{
    uint8_t hash[32] = { 0 };
    char hex[65];
    (void)EVP_Digest(iccid, strlen(iccid), hash, NULL, EVP_sha256(), NULL);
    (void)text_copy(out, CARD_ID, text_hex(hash, sizeof hash, hex));
}

static const char *key_of(const char *prefix, const char *name, char out[KEY_MAX])
{
    (void)snprintf(out, KEY_MAX, "%s/%s", prefix, name);
    return out;
}

static bool read_hash(const char *text, uint8_t out[STORE_HASH])
{
    size_t len = 0;
    return text_hex_decode((struct slice){ (const uint8_t *)text, strlen(text) }, out, STORE_HASH, &len) && len == STORE_HASH;
}

bool card_book_get(struct store *s, const char *id, struct card_row *out)
{
    char key[KEY_MAX], value[VALUE_MAX], offered[65], applied[65];
    unsigned generation;
    if (!store_value_get(s, key_of("card", id, key), value, sizeof value) || sscanf(value, "%u %64s %64s", &generation, offered, applied) != 3)
        return false;
    *out = (struct card_row){ .generation = generation };
    out->is_applied = read_hash(applied, out->applied);
    return read_hash(offered, out->offered);
}

void card_book_put(struct store *s, const char *id, const struct card_row *row)
{
    char key[KEY_MAX], value[VALUE_MAX], offered[65], applied[65] = "-";
    if (row->is_applied)
        (void)text_hex(row->applied, sizeof row->applied, applied);
    (void)snprintf(value, sizeof value, "%u %s %s", (unsigned)row->generation, text_hex(row->offered, sizeof row->offered, offered), applied);
    store_value_put(s, key_of("card", id, key), value);
}

bool card_book_owner(struct store *s, const char *context, char out[CARD_ID])
{
    char key[KEY_MAX];
    return store_value_get(s, key_of("card-owner", context, key), out, CARD_ID) && out[0];
}

/* hash NULL: it is replaced, and the same content would be offered anew. */
static void set_applied(struct store *s, const char *id, const uint8_t *hash)
{
    struct card_row row;
    if (!card_book_get(s, id, &row))
        return;
    row.is_applied = hash != NULL;
    if (hash)
        memcpy(row.applied, hash, sizeof row.applied);
    else
        memset(row.offered, 0, sizeof row.offered);
    card_book_put(s, id, &row);
}

void card_book_commit(struct store *s, const char *context, const char *id, const uint8_t hash[STORE_HASH])
{
    char key[KEY_MAX], before[CARD_ID];
    bool owned = card_book_owner(s, context, before);
    if (owned && strcmp(before, id) != 0)
        set_applied(s, before, NULL);
    if (id[0])
        set_applied(s, id, hash);
    if (owned || id[0])
        store_value_put(s, key_of("card-owner", context, key), id);
}
