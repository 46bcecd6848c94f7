/* SPDX-License-Identifier: Apache-2.0 */
/* Row n of the registry: manifest in midN.a and midN.b, its key in keyN.a and keyN.b. The labels tie both to the MID. A row of the first formats has no key
 * of its own: its manifest is sealed by the master key, until the next package. */
#include "tred/mid_record.h"

#include <openssl/rand.h>
#include <stdio.h>

enum { LABEL_CAP = 72 };

struct names {
    char file[8], key_file[8], label[LABEL_CAP], key_label[LABEL_CAP];
};

static struct names names_of(size_t at, const char *id)
{
    struct names n;
    (void)snprintf(n.file, sizeof n.file, "mid%zu", at % TRE_MID_MAX);
    (void)snprintf(n.key_file, sizeof n.key_file, "key%zu", at % TRE_MID_MAX);
    (void)snprintf(n.label, sizeof n.label, "mid/%s", id);
    (void)snprintf(n.key_label, sizeof n.key_label, "key/%s", id);
    return n;
}

/* What is gone, or older than the back end remembers, is damaged. */
static enum error_code damage(enum error_code rc)
{
    return rc == ERROR_NOT_FOUND || rc == ERROR_ROLLED_BACK ? ERROR_STORAGE : rc;
}

static enum error_code key_read(const struct tre *t, const struct mid_row *m, const struct names *n, struct seal *own)
{
    uint8_t *plain;
    size_t len;
    uint64_t counter;
    enum error_code rc = store_read(&t->store, n->key_file, n->key_label, m->key, &plain, &len, &counter);
    if (rc)
        return damage(rc);
    rc = len != SEAL_KEY ? ERROR_STORAGE : seal_own(own, plain) ? ERROR_NONE : ERROR_NO_MEMORY;
    store_release(plain, len);
    return rc;
}

enum error_code mid_record_read(const struct tre *t, const struct mid_row *m, uint8_t **plain, size_t *len)
{
    uint64_t counter;
    struct seal own = { .key = NULL };
    struct store s = t->store;
    struct names n = names_of(registry_place(&t->registry, m), m->entry.id);
    if (!m->record)
        return ERROR_STORAGE;
    enum error_code rc = m->key ? key_read(t, m, &n, &own) : ERROR_NONE;
    if (m->key)
        s.seal = &own;
    if (!rc)
        rc = damage(store_read(&s, n.file, n.label, m->record, plain, len, &counter));
    seal_close(&own);
    return rc;
}

enum error_code mid_record_write(const struct tre *t, size_t at, struct mid_row *m, struct slice plain)
{
    uint8_t key[SEAL_KEY];
    struct seal own = { .key = NULL };
    struct store s = t->store;
    struct names n = names_of(at, m->entry.id);
    uint64_t record = 0, number = 0;
    bool ready = RAND_bytes(key, sizeof key) == 1 && seal_own(&own, key);
    enum error_code rc = ready ? store_write(&t->store, n.key_file, n.key_label, (struct slice){ key, sizeof key }, m->key, &number) : ERROR_NO_MEMORY;
    secret_zero(key, sizeof key);
    s.seal = &own;
    if (!rc)
        rc = store_write(&s, n.file, n.label, plain, m->record, &record);
    seal_close(&own);
    if (!rc) {
        m->record = record;
        m->key = number;
    }
    return rc;
}

/* The key first: then the other may be found. */
bool mid_record_sweep(const struct tre *t, size_t at, const struct mid_row *m)
{
    struct names n = names_of(at, m->entry.id);
    bool key = store_erase(&t->store, n.key_file, m->key);
    return store_erase(&t->store, n.file, m->record) && key;
}
