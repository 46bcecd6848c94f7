/* SPDX-License-Identifier: Apache-2.0 */
/* Record anchor.a and anchor.b: u8 format | u64 value | u8 count | count times (text name, u64 counter). With C the counter of the back end, what is on
 * disk says C, or C + 1 while a step is under way (record, anchor, step: an answer leaves after all three); less is an old copy. Must never step the
 * counter before the disk knows of it. */
#include "tred/anchor.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "base/writer.h"
#include "model/fields.h"
#include "tred/store.h"

enum { FORMAT = 1, RECORD_MAX = 1024 };

#define RECORD "anchor"

static bool take_all(struct anchor *a, struct slice plain)
{
    struct reader r = reader_make(plain.data, plain.len);
    uint8_t format = reader_u8(&r);
    a->value = reader_u64(&r);
    size_t count = reader_u8(&r);
    if (count > ANCHOR_ROWS)
        reader_fail(&r);
    for (size_t i = 0; i < count && !r.failed; i++) {
        fields_take_text(&r, a->rows[i].name, sizeof a->rows[i].name);
        a->rows[i].counter = reader_u64(&r);
    }
    return reader_done(&r) && format == FORMAT;
}

static size_t rows_used(const struct anchor *a)
{
    size_t n = 0;
    while (n < ANCHOR_ROWS && a->rows[n].name[0])
        n++;
    return n;
}

static enum error_code write_all(const struct anchor *a, const struct store *s)
{
    uint8_t plain[RECORD_MAX];
    uint64_t counter;
    struct writer w = writer_make(plain, sizeof plain);
    size_t count = rows_used(a);
    writer_u8(&w, FORMAT);
    writer_u64(&w, a->value);
    writer_u8(&w, (uint8_t)count);
    for (size_t i = 0; i < count; i++) {
        fields_put_text(&w, a->rows[i].name);
        writer_u64(&w, a->rows[i].counter);
    }
    struct store plainly = { .vfs = s->vfs, .seal = s->seal }; /* the anchor's own record is held by its value */
    return w.failed ? ERROR_INTERNAL : store_write(&plainly, RECORD, RECORD, writer_slice(&w), 0, &counter);
}

static enum error_code compare(struct anchor *a, uint64_t counter)
{
    if (a->value == counter)
        return ERROR_NONE;
    if (a->value == counter + 1) {
        log_notice("anchor", "a step was interrupted at %llu; finishing it", (unsigned long long)a->value);
        return a->backend->table->counter_step(a->backend);
    }
    log_error("anchor", "the state says %llu, the counter %llu", (unsigned long long)a->value, (unsigned long long)counter);
    return ERROR_ROLLED_BACK;
}

enum error_code anchor_load(struct anchor *a, struct backend *b, const struct store *s)
{
    uint64_t counter = 0, record;
    uint8_t *plain;
    size_t len;
    *a = (struct anchor){ .backend = b };
    enum error_code rc = b->table->counter_read(b, &counter);
    if (rc == ERROR_NOT_SUPPORTED)
        return ERROR_NONE;
    if (rc)
        return rc;
    struct store plainly = { .vfs = s->vfs, .seal = s->seal };
    rc = store_read(&plainly, RECORD, RECORD, 0, &plain, &len, &record);
    a->missing = rc == ERROR_NOT_FOUND;
    if (!rc) {
        rc = take_all(a, (struct slice){ plain, len }) ? compare(a, counter) : ERROR_STORAGE;
        store_release(plain, len);
    } else if (a->missing) {
        a->value = counter;
        rc = ERROR_NONE;
    }
    a->counted = !rc;
    return rc;
}

static bool row_set(struct anchor *a, const char *name, uint64_t counter)
{
    size_t i = 0;
    while (i < ANCHOR_ROWS && a->rows[i].name[0] && strcmp(a->rows[i].name, name) != 0)
        i++;
    if (i == ANCHOR_ROWS)
        return false;
    a->rows[i].counter = counter;
    return text_copy(a->rows[i].name, sizeof a->rows[i].name, name);
}

enum error_code anchor_note(struct anchor *a, const struct store *s, const char *name, uint64_t counter)
{
    if (!a || !a->counted)
        return ERROR_NONE;
    enum error_code rc = a->unsure ? a->backend->table->counter_read(a->backend, &a->value) : ERROR_NONE;
    if (rc)
        return rc;
    struct anchor next = *a;
    next.value++;
    next.missing = next.unsure = false;
    if (!row_set(&next, name, counter))
        return ERROR_INTERNAL;
    rc = write_all(&next, s);
    if (rc)
        return rc;
    rc = a->backend->table->counter_step(a->backend);
    if (rc)
        a->unsure = true;
    else
        *a = next;
    return rc;
}

uint64_t anchor_floor(const struct anchor *a, const char *name)
{
    for (size_t i = 0; a && a->counted && i < ANCHOR_ROWS; i++)
        if (strcmp(a->rows[i].name, name) == 0)
            return a->rows[i].counter;
    return 0;
}
