/* SPDX-License-Identifier: Apache-2.0 */
/* The state store: what is committed is there after reopening, what is not is not; faults leave the old state. */
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/resource.h>

#include "store/history.h"
#include "store/store.h"

struct fixture {
    char *dir, *path;
    struct store *store;
};

static void reopen(struct fixture *f)
{
    struct error err = { 0 };
    store_close(f->store);
    g_assert_cmpint(store_open(f->path, &f->store, &err), ==, ERROR_NONE);
}

static void set_up(struct fixture *f, gconstpointer data)
{
    (void)data;
    f->dir = g_dir_make_tmp("store-XXXXXX", NULL);
    f->path = g_build_filename(f->dir, "agent.db", NULL);
    f->store = NULL;
    reopen(f);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
    (void)data;
    store_close(f->store);
    g_unlink(f->path);
    g_autofree char *journal = g_strconcat(f->path, "-journal", NULL);
    g_unlink(journal);
    g_rmdir(f->dir);
    g_free(f->path);
    g_free(f->dir);
}

static void begin(struct fixture *f)
{
    struct error err;
    g_assert_cmpint(store_begin(f->store, &err), ==, ERROR_NONE);
}

static void commit(struct fixture *f)
{
    struct error err = { 0 };
    g_assert_cmpint(store_commit(f->store, &err), ==, ERROR_NONE);
}

static struct slice octets(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

static const struct inbox_row message = { .hash = { 7 }, .source = "sms-qmi", .received = 1795000000 };

static void test_inbox(struct fixture *f, gconstpointer data)
{
    (void)data;
    struct inbox_row row;
    char buf[16];
    size_t len;
    begin(f);
    store_inbox_add(f->store, &message, octets("sealed"));
    commit(f);
    reopen(f);
    g_assert_true(store_inbox_pending(f->store, 0, &row));
    g_assert_false(store_inbox_pending(f->store, 1, &row));
    g_assert_true(store_inbox_octets(f->store, message.hash, buf, sizeof buf, &len));
    g_assert_cmpmem(buf, (int)len, "sealed", 6);
    g_assert_false(store_inbox_octets(f->store, message.hash, buf, 5, &len));
    begin(f);
    store_inbox_set(f->store, message.hash, INBOX_FAILED, "Timeout", false);
    store_inbox_set(f->store, message.hash, INBOX_PENDING, "", false);
    store_inbox_set(f->store, message.hash, INBOX_FAILED, "Timeout", false);
    commit(f);
    g_assert_true(store_inbox_get(f->store, message.hash, &row));
    g_assert_cmpuint(row.attempts, ==, 2);
    g_assert_cmpstr(row.cause, ==, "Timeout");
    begin(f);
    store_inbox_set(f->store, message.hash, INBOX_COMMITTED, "", true);
    commit(f);
    g_assert_false(store_inbox_octets(f->store, message.hash, buf, sizeof buf, &len));
    g_assert_true(store_inbox_get(f->store, message.hash, &row));
    g_assert_cmpint(row.state, ==, INBOX_COMMITTED);
}

static void test_refused_messages_are_bounded_and_others_stay(struct fixture *f, gconstpointer data)
{
    (void)data;
    begin(f);
    for (uint8_t i = 0; i < 20; i++) {
        struct inbox_row row = { .hash = { i }, .state = i % 4 == 1 ? INBOX_REFUSED : i % 4 == 3 ? INBOX_DONE : INBOX_COMMITTED };
        store_inbox_add(f->store, &row, octets("x"));
    }
    store_inbox_prune(f->store, 3);
    commit(f);
    size_t refused = 0, committed = 0;
    for (uint8_t i = 0; i < 20; i++) {
        struct inbox_row row, key = { .hash = { i } };
        if (store_inbox_get(f->store, key.hash, &row))
            *(row.state == INBOX_COMMITTED ? &committed : &refused) += 1;
    }
    g_assert_cmpuint(refused, ==, 3);
    g_assert_cmpuint(committed, ==, 10);
}

static struct inbox_row row_of(unsigned n, enum inbox_state state)
{
    struct inbox_row row = { .state = state };
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize len = sizeof row.hash;
    g_checksum_update(sum, (const guchar *)&n, sizeof n);
    g_checksum_get_digest(sum, row.hash, &len);
    return row;
}

static bool known(struct fixture *f, unsigned n, enum inbox_state *state)
{
    struct inbox_row key = row_of(n, INBOX_PENDING), row;
    bool found = store_inbox_get(f->store, key.hash, &row);
    *state = found ? row.state : INBOX_PENDING;
    return found;
}

/* 500 authentic messages: the newest 32 are rows, the older ones stay known for ever, across restarts and any flood of what is forgettable. */
static void test_what_falls_out_stays_refused(struct fixture *f, gconstpointer data)
{
    (void)data;
    static const enum inbox_state authentic[] = { INBOX_COMMITTED, INBOX_FAILED, INBOX_DENIED };
    enum inbox_state state;
    begin(f);
    for (unsigned n = 0; n < 500; n++) {
        struct inbox_row row = row_of(n, authentic[n % 3]);
        store_inbox_add(f->store, &row, octets("x"));
        store_inbox_prune(f->store, 8);
    }
    commit(f);
    begin(f);
    for (unsigned n = 1000; n < 1100; n++) {
        struct inbox_row row = row_of(n, n % 2 ? INBOX_REFUSED : INBOX_DONE);
        store_inbox_add(f->store, &row, octets("x"));
        store_inbox_prune(f->store, 8);
    }
    commit(f);
    reopen(f);
    for (unsigned n = 0; n < 500; n++) {
        g_assert_true(known(f, n, &state));
        g_assert_cmpint(state, ==, n < 500 - STORE_INBOX_REMEMBERED ? INBOX_COMMITTED : authentic[n % 3]);
    }
    for (unsigned n = 1000; n < 1100; n++)
        g_assert_true(known(f, n, &state) == (n >= 1092)); /* forgotten: judged again, to the same end */
    unsigned taken_for_known = 0;
    for (unsigned n = 10000; n < 13000; n++)
        taken_for_known += known(f, n, &state);
    g_assert_cmpuint(taken_for_known, <=, 1); /* (1 - e^(-4 * 468 / 65536))^4 is 6 in 10^7 */
    GStatBuf size;
    g_assert_cmpint(g_stat(f->path, &size), ==, 0);
    g_assert_cmpint(size.st_size, <, 128 * 1024);
}

/* The old truth stays when the filter cannot be written: nothing is forgotten. */
static void test_a_full_disk_forgets_nothing(struct fixture *f, gconstpointer data)
{
    (void)data;
    struct error err = { 0 };
    enum inbox_state state;
    begin(f);
    for (unsigned n = 0; n < 40; n++) {
        struct inbox_row row = row_of(n, INBOX_COMMITTED);
        store_inbox_add(f->store, &row, octets("x"));
    }
    commit(f);
    GStatBuf before;
    g_assert_cmpint(g_stat(f->path, &before), ==, 0);
    struct rlimit old, tight = { .rlim_cur = (rlim_t)before.st_size };
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &old), ==, 0);
    tight.rlim_max = old.rlim_max;
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &tight), ==, 0);
    begin(f);
    store_inbox_prune(f->store, 8);
    enum error_code rc = store_commit(f->store, &err);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &old), ==, 0);
    g_assert_true(rc == ERROR_NO_SPACE || rc == ERROR_STORAGE);
    for (unsigned n = 0; n < 40; n++)
        g_assert_true(known(f, n, &state) && state == INBOX_COMMITTED);
    begin(f);
    store_inbox_prune(f->store, 8);
    commit(f);
    for (unsigned n = 0; n < 40; n++)
        g_assert_true(known(f, n, &state));
}

static void test_same_message_twice_fails_the_transaction(struct fixture *f, gconstpointer data)
{
    (void)data;
    struct error err = { 0 };
    char value[8];
    begin(f);
    store_inbox_add(f->store, &message, octets("a"));
    commit(f);
    begin(f);
    store_value_put(f->store, "k", "v");
    store_inbox_add(f->store, &message, octets("b"));
    g_assert_cmpint(store_commit(f->store, &err), ==, ERROR_STORAGE);
    g_assert_cmpstr(err.text, !=, "");
    g_assert_false(store_value_get(f->store, "k", value, sizeof value)); /* nothing of it is there */
}

static void put_item(struct fixture *f, const char *kind, const char *id, const char *context, uint64_t job, const char *sealed)
{
    struct item_row row = { .staged = true, .job = job };
    g_strlcpy(row.kind, kind, sizeof row.kind);
    g_strlcpy(row.id, id, sizeof row.id);
    g_strlcpy(row.context, context, sizeof row.context);
    store_item_put(f->store, &row, octets(sealed));
}

static void test_items_are_staged_beside_and_replace_their_context(struct fixture *f, gconstpointer data)
{
    (void)data;
    struct item_row row;
    char buf[16];
    size_t len;
    begin(f);
    put_item(f, "bearer", "usim-old", "usim", 1, "old");
    put_item(f, "lwm2m", "m2m-9", "m2m", 2, "other");
    store_items_commit(f->store, 1);
    store_items_commit(f->store, 2);
    commit(f);
    begin(f);
    put_item(f, "bearer", "usim-new", "usim", 3, "new");
    commit(f);
    g_assert_true(store_item_at(f->store, "bearer", false, 0, &row)); /* the old one is still in service */
    g_assert_cmpstr(row.id, ==, "usim-old");
    begin(f);
    store_items_drop(f->store, 3);
    commit(f);
    g_assert_false(store_item_at(f->store, "bearer", true, 0, &row));
    begin(f);
    put_item(f, "bearer", "usim-new", "usim", 4, "new");
    store_items_commit(f->store, 4);
    commit(f);
    g_assert_true(store_item_at(f->store, "bearer", false, 0, &row));
    g_assert_cmpstr(row.id, ==, "usim-new");
    g_assert_false(store_item_at(f->store, "bearer", false, 1, &row));
    g_assert_true(store_item_octets(f->store, "lwm2m", "m2m-9", false, buf, sizeof buf, &len)); /* another context is not touched */
}

static void test_jobs(struct fixture *f, gconstpointer data)
{
    (void)data;
    struct job_row job = { .created = 5, .context = "usim", .step = "NEW" }, read;
    begin(f);
    store_job_put(f->store, &job);
    commit(f);
    g_assert_cmpuint(job.id, >, 0);
    g_strlcpy(job.step, "EXECUTING", sizeof job.step);
    g_strlcpy(job.mid, "mid1", sizeof job.mid);
    begin(f);
    store_job_put(f->store, &job);
    commit(f);
    reopen(f);
    g_assert_true(store_job_open(f->store, &read));
    g_assert_cmpuint(read.id, ==, job.id);
    g_assert_cmpstr(read.step, ==, "EXECUTING");
    g_assert_cmpstr(read.mid, ==, "mid1");
    g_strlcpy(job.step, "REPORTED", sizeof job.step);
    begin(f);
    store_job_put(f->store, &job);
    commit(f);
    g_assert_false(store_job_open(f->store, &read));
    g_assert_true(store_job_get(f->store, job.id, &read));
}

static bool add_event(void *user, const struct history_row *row)
{
    GString *seen = user;
    g_string_append_printf(seen, "%" G_GUINT64_FORMAT ":%s/%s@%" G_GUINT64_FORMAT "j%" G_GUINT64_FORMAT " ", row->seq, row->event, row->text, row->at, row->job);
    return strcmp(row->event, "stop") != 0;
}

static void expect_history(struct fixture *f, uint64_t after, uint64_t until, const char *text)
{
    GString *seen = g_string_new(NULL);
    store_history_each(f->store, after, until, add_event, seen);
    g_assert_cmpstr(seen->str, ==, text);
    g_string_free(seen, TRUE);
}

static void test_history_newest_first(struct fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_cmpuint(store_history_last(f->store), ==, 0);
    expect_history(f, 0, UINT64_MAX, "");
    begin(f);
    store_history_add(f->store, 10, 0, "a", "one");
    store_history_add(f->store, 11, 7, "stop", "two");
    store_history_add(f->store, 12, 7, "c", "");
    commit(f);
    g_assert_cmpuint(store_history_last(f->store), ==, 3);
    expect_history(f, 0, UINT64_MAX, "3:c/@12j7 2:stop/two@11j7 ");
    expect_history(f, 0, 1, "1:a/one@10j0 ");
    expect_history(f, 2, 3, "3:c/@12j7 ");
    expect_history(f, 3, UINT64_MAX, "");
}

static void test_contexts(struct fixture *f, gconstpointer data)
{
    (void)data;
    struct context_row row = { .name = "usim", .committed = true, .server_id = "com.example", .committed_at = 9, .attempts = 2 }, read;
    g_assert_false(store_context_get(f->store, "usim", &read));
    begin(f);
    store_context_put(f->store, &row);
    commit(f);
    g_assert_true(store_context_get(f->store, "usim", &read));
    g_assert_true(read.committed);
    g_assert_cmpstr(read.server_id, ==, "com.example");
    g_assert_cmpuint(read.attempts, ==, 2);
}

static void test_rollback_and_write_outside_a_transaction(struct fixture *f, gconstpointer data)
{
    (void)data;
    char value[8];
    begin(f);
    store_value_put(f->store, "k", "v");
    store_rollback(f->store);
    g_assert_false(store_value_get(f->store, "k", value, sizeof value));
    store_value_put(f->store, "k", "v");
    g_assert_false(store_value_get(f->store, "k", value, sizeof value));
}

static void test_newer_state_is_refused_and_untouched(struct fixture *f, gconstpointer data)
{
    (void)data;
    struct error err = { 0 };
    sqlite3 *db;
    store_close(f->store);
    f->store = NULL;
    g_assert_cmpint(sqlite3_open(f->path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
    g_assert_cmpint(store_open(f->path, &f->store, &err), ==, ERROR_NEWER_STATE);
    g_assert_nonnull(strstr(err.text, "99"));
}

static void test_state_of_the_former_schema_is_taken_over(struct fixture *f, gconstpointer data)
{
    (void)data;
    struct error err = { 0 };
    struct inbox_row row;
    sqlite3 *db;
    begin(f);
    store_inbox_add(f->store, &message, octets("sealed"));
    commit(f);
    store_close(f->store);
    f->store = NULL;
    g_assert_cmpint(sqlite3_open(f->path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, "DROP TABLE octets; ALTER TABLE inbox DROP COLUMN sim; PRAGMA user_version=1", NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
    g_assert_cmpint(store_open(f->path, &f->store, &err), ==, ERROR_NONE);
    g_assert_true(store_inbox_get(f->store, message.hash, &row));
    g_assert_cmpstr(row.sim, ==, "");
    g_assert_cmpstr(row.source, ==, message.source);
}

/* The file may not grow: as on a full disk, a step fails whole and later ones work again. */
static void test_full_disk_keeps_the_old_state(struct fixture *f, gconstpointer data)
{
    (void)data;
    struct error err = { 0 };
    struct rlimit old, limit;
    char value[8];
    g_autofree char *big = g_strnfill(200000, 'x');
    begin(f);
    store_value_put(f->store, "k", "old");
    commit(f);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    limit = old;
    limit.rlim_cur = 60000;
    setrlimit(RLIMIT_FSIZE, &limit);
    begin(f);
    store_value_put(f->store, "k", "new");
    store_value_put(f->store, "big", big);
    enum error_code rc = store_commit(f->store, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    g_assert_true(rc == ERROR_STORAGE || rc == ERROR_NO_SPACE);
    g_assert_true(store_value_get(f->store, "k", value, sizeof value));
    g_assert_cmpstr(value, ==, "old");
    begin(f);
    store_value_put(f->store, "k", "new");
    commit(f);
    reopen(f);
    g_assert_true(store_value_get(f->store, "k", value, sizeof value));
    g_assert_cmpstr(value, ==, "new");
    begin(f);
    store_value_put(f->store, "k", NULL);
    commit(f);
    g_assert_false(store_value_get(f->store, "k", value, sizeof value));
}

static bool has_value(struct fixture *f, const char *key)
{
    char value[8];
    return store_value_get(f->store, key, value, sizeof value);
}

/* What the factory gave and what keeps messages and instructions of before refused, and nothing else; also after the next start. */
static void test_factory_reset(struct fixture *f, gconstpointer data)
{
    (void)data;
    static const char *const stay[] = { "factory", "clock-floor", "bbn-seq", "lan-seq", "bei-seq/root/operator" }, *const go[] = { "sim-pin/1", "bei-owner/usim", "session/a" };
    static const enum inbox_state after[] = { [INBOX_PENDING] = INBOX_DENIED,     [INBOX_REFUSED] = INBOX_REFUSED, [INBOX_FAILED] = INBOX_DENIED, [INBOX_COMMITTED] = INBOX_COMMITTED,
                                              [INBOX_VERIFIED] = INBOX_DENIED, [INBOX_DONE] = INBOX_DONE,       [INBOX_DENIED] = INBOX_DENIED };
    struct context_row context = { .name = "usim", .committed = true };
    struct item_row item = { .kind = "dm", .id = "a", .context = "usim" };
    struct job_row job = { .context = "usim", .step = "REPORTED" };
    struct error err = { 0 };
    begin(f);
    for (size_t i = 0; i < G_N_ELEMENTS(stay); i++)
        store_value_put(f->store, stay[i], "1");
    for (size_t i = 0; i < G_N_ELEMENTS(go); i++)
        store_value_put(f->store, go[i], "1");
    for (unsigned i = 0; i < G_N_ELEMENTS(after); i++) {
        struct inbox_row row = row_of(i, (enum inbox_state)i);
        store_inbox_add(f->store, &row, octets("sealed"));
    }
    for (unsigned i = 100; i < 140; i++) { /* more than are rows: some are in the filter */
        struct inbox_row row = row_of(i, INBOX_COMMITTED);
        store_inbox_add(f->store, &row, octets(""));
    }
    store_inbox_prune(f->store, 8);
    store_context_put(f->store, &context);
    store_item_put(f->store, &item, octets("sealed"));
    store_job_put(f->store, &job);
    store_octets_put(f->store, "lwm2m", octets("kept"));
    store_history_add(f->store, 1, 1, "installed", "");
    commit(f);
    g_assert_cmpint(store_reset(f->store, &err), ==, ERROR_NONE);
    reopen(f);
    for (size_t i = 0; i < G_N_ELEMENTS(stay); i++)
        g_assert_true(has_value(f, stay[i]));
    for (size_t i = 0; i < G_N_ELEMENTS(go); i++)
        g_assert_false(has_value(f, go[i]));
    char buf[16];
    size_t len;
    enum inbox_state state;
    for (unsigned i = 0; i < G_N_ELEMENTS(after); i++) {
        struct inbox_row row = row_of(i, INBOX_PENDING);
        g_assert_true(known(f, i, &state));
        g_assert_true(state == after[i] || state == INBOX_COMMITTED); /* it may have fallen out */
        g_assert_false(store_inbox_octets(f->store, row.hash, buf, sizeof buf, &len));
    }
    for (unsigned i = 100; i < 140; i++)
        g_assert_true(known(f, i, &state) && state == INBOX_COMMITTED);
    struct inbox_row row;
    g_assert_false(store_inbox_pending(f->store, 0, &row));
    g_assert_false(store_context_get(f->store, "usim", &context));
    g_assert_false(store_item_at(f->store, "dm", false, 0, &item));
    g_assert_false(store_job_get(f->store, job.id, &job));
    g_assert_false(store_octets_get(f->store, "lwm2m", buf, sizeof buf, &len));
    g_assert_cmpint(store_reset(f->store, &err), ==, ERROR_NONE); /* twice is once */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define CASE(name) g_test_add("/store/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
    CASE(inbox);
    CASE(refused_messages_are_bounded_and_others_stay);
    signal(SIGXFSZ, SIG_IGN);
    CASE(what_falls_out_stays_refused);
    CASE(a_full_disk_forgets_nothing);
    CASE(same_message_twice_fails_the_transaction);
    CASE(items_are_staged_beside_and_replace_their_context);
    CASE(jobs);
    CASE(history_newest_first);
    CASE(contexts);
    CASE(rollback_and_write_outside_a_transaction);
    CASE(newer_state_is_refused_and_untouched);
    CASE(factory_reset);
    CASE(state_of_the_former_schema_is_taken_over);
    CASE(full_disk_keeps_the_old_state);
    return g_test_run();
}
