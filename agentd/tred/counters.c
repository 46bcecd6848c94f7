/* SPDX-License-Identifier: Apache-2.0 */
/* Record sqnN.a and sqnN.b: u8 format | 32 octets keys | u8 IND bits | 32 u64 SEQ | u8 PIN tries left. Promises that what was saved is never
 * read lower; must never hold a key. */
#include "tred/counters.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/writer.h"
#include "model/tre_wire.h"

enum { FORMAT = 1, RECORD = 1 + COUNTERS_KEYS + 1 + 8 * SQN_SLOTS + 1, LABEL_CAP = 72 };

struct counters_name {
    char file[8], label[LABEL_CAP];
};

static struct counters_name name_of(size_t row, const char *id)
{
    struct counters_name n;
    (void)snprintf(n.file, sizeof n.file, "sqn%zu", row % TRE_MID_MAX);
    (void)snprintf(n.label, sizeof n.label, "sqn/%s", id);
    return n;
}

static void fingerprint(const struct manifest *m, uint8_t out[COUNTERS_KEYS])
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1 && EVP_DigestUpdate(c, m->k.data, m->k.len) == 1 &&
              EVP_DigestUpdate(c, m->op.data, m->op.len) == 1 && EVP_DigestFinal_ex(c, out, NULL) == 1;
    EVP_MD_CTX_free(c);
    if (!ok)
        memset(out, 0, COUNTERS_KEYS); /* like no record: the manifest's first SQN counts, and the engine does not open either */
}

void counters_start(struct counters *c, const struct manifest *m)
{
    struct sqn first;
    *c = (struct counters){ .ind_bits = m->scheme.ind_bits, .pin_left = COUNTERS_PIN_TRIES };
    fingerprint(m, c->keys);
    sqn_start(&first, &m->scheme, m->sqn.data);
    memcpy(c->seq, first.seq, sizeof c->seq);
}

enum error_code counters_load(const struct store *s, size_t row, const char *id, struct counters *c)
{
    uint8_t *plain;
    size_t len;
    struct counters_name n = name_of(row, id);
    enum error_code rc = store_read_whole(s, n.file, n.label, &plain, &len);
    if (rc)
        return rc;
    struct reader r = reader_make(plain, len);
    uint8_t format = reader_u8(&r);
    struct slice keys = reader_take(&r, COUNTERS_KEYS);
    c->ind_bits = reader_u8(&r);
    for (size_t i = 0; i < SQN_SLOTS; i++)
        c->seq[i] = reader_u64(&r);
    c->pin_left = reader_u8(&r);
    if (keys.len)
        memcpy(c->keys, keys.data, COUNTERS_KEYS);
    bool good = reader_done(&r) && format == FORMAT && c->ind_bits <= SQN_BITS_MAX;
    store_release(plain, len);
    return good ? ERROR_NONE : ERROR_STORAGE;
}

enum error_code counters_save(const struct store *s, size_t row, const char *id, const struct counters *c)
{
    uint8_t record[RECORD];
    uint64_t counter;
    struct counters_name n = name_of(row, id);
    struct writer w = writer_make(record, sizeof record);
    writer_u8(&w, FORMAT);
    writer_put(&w, c->keys, COUNTERS_KEYS);
    writer_u8(&w, c->ind_bits);
    for (size_t i = 0; i < SQN_SLOTS; i++)
        writer_u64(&w, c->seq[i]);
    writer_u8(&w, c->pin_left);
    return store_write(s, n.file, n.label, writer_slice(&w), 0, &counter);
}

bool counters_erase(const struct store *s, size_t row)
{
    return store_erase(s, name_of(row, "").file, 0);
}

/* The highest SQN of the record under its own IND length, for a manifest that has another one. */
static uint64_t highest(const struct counters *c)
{
    struct sqn s = { .scheme = { .ind_bits = c->ind_bits } };
    memcpy(s.seq, c->seq, sizeof s.seq);
    return sqn_highest(&s);
}

void counters_adapt(struct counters *c, const struct manifest *m, struct sqn *out)
{
    struct counters first;
    counters_start(&first, m);
    sqn_start(out, &m->scheme, m->sqn.data);
    if (memcmp(first.keys, c->keys, sizeof first.keys) != 0) {
        *c = first;
        return;
    }
    for (unsigned i = 0; i < 1u << m->scheme.ind_bits; i++) {
        uint64_t seq = c->ind_bits == m->scheme.ind_bits ? c->seq[i] : (highest(c) >> m->scheme.ind_bits) + 1;
        if (seq > out->seq[i])
            out->seq[i] = seq;
    }
    c->ind_bits = m->scheme.ind_bits;
    memcpy(c->seq, out->seq, sizeof c->seq);
}
