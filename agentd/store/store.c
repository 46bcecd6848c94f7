/* SPDX-License-Identifier: Apache-2.0 */
/* The database: connection, schema, transactions, and the small statements of each table. Owns the file; promises that a step is there wholly or not
 * at all; must never see a secret that is not sealed. A failed write poisons its transaction until store_commit reports it. */
#include "store/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/text.h"
#include "store/history.h"
#include "store/replay_filter.h"

enum { SCHEMA_VERSION = 3, HISTORY_KEEP = 500, COMMITTED_AND_CLOSES = 2 /* of context.committed */ };

struct store {
    sqlite3 *db;
    bool open;   /* inside a transaction */
    int failure; /* first SQLite code that failed inside it */
    char failed_sql[64];
};

static const char *const schema_1 =
    "CREATE TABLE value(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE inbox(seq INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, source TEXT NOT NULL, state INTEGER NOT NULL,"
    " received INTEGER NOT NULL, attempts INTEGER NOT NULL, cause TEXT NOT NULL, sealed BLOB);"
    "CREATE TABLE context(name TEXT PRIMARY KEY, committed INTEGER NOT NULL, source TEXT NOT NULL, server_id TEXT NOT NULL,"
    " provurl TEXT NOT NULL, last_error TEXT NOT NULL, committed_at INTEGER NOT NULL, attempts INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE job(id INTEGER PRIMARY KEY AUTOINCREMENT, context TEXT NOT NULL, source TEXT NOT NULL, step TEXT NOT NULL,"
    " hash BLOB NOT NULL, created INTEGER NOT NULL, error TEXT NOT NULL, text TEXT NOT NULL, hint TEXT NOT NULL,"
    " mid TEXT NOT NULL, result INTEGER NOT NULL);"
    "CREATE TABLE item(kind TEXT NOT NULL, id TEXT NOT NULL, staged INTEGER NOT NULL, job INTEGER NOT NULL, context TEXT NOT NULL,"
    " sealed BLOB NOT NULL,"
    " PRIMARY KEY(kind, id, staged)) WITHOUT ROWID;"
    "CREATE TABLE history(seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, job INTEGER NOT NULL, event TEXT NOT NULL, text TEXT NOT NULL);";

/* From one version to the next. */
static const char *const migrations[SCHEMA_VERSION] = {
    schema_1,
    "ALTER TABLE inbox ADD COLUMN sim TEXT NOT NULL DEFAULT '';",
    "CREATE TABLE octets(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;",
};

static enum error_code code_of(int rc)
{
    return (rc & 0xff) == SQLITE_FULL ? ERROR_NO_SPACE : ERROR_STORAGE;
}

static enum error_code report(struct store *s, int rc, const char *what, struct error *err)
{
    return error_set(err, code_of(rc), "state store: %s: %s", what, s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc));
}

static int user_version(sqlite3 *db)
{
    sqlite3_stmt *st = NULL;
    int version = -1;
    if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
        version = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return version;
}

/* One migration a version, each a transaction; a newer file is left alone. */
static enum error_code migrate(struct store *s, struct error *err)
{
    int version = user_version(s->db);
    if (version < 0)
        return report(s, sqlite3_errcode(s->db), "not a database", err);
    if (version > SCHEMA_VERSION)
        return error_set(err, ERROR_NEWER_STATE, "state store has schema %d, this version knows %d", version, SCHEMA_VERSION);
    for (; version < SCHEMA_VERSION; version++) {
        char sql[4096];
        (void)snprintf(sql, sizeof sql, "BEGIN IMMEDIATE;%sPRAGMA user_version=%d;COMMIT;", migrations[version], version + 1);
        int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
        if (rc == SQLITE_OK)
            continue;
        enum error_code code = report(s, rc, "cannot make the tables", err);
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        return code;
    }
    return ERROR_NONE;
}

enum error_code store_open(const char *path, struct store **out, struct error *err)
{
    struct store *s = calloc(1, sizeof *s);
    if (!s)
        return error_set(err, ERROR_NO_MEMORY, "state store");
    mode_t old = umask(0077);
    int rc = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    umask(old);
    enum error_code code = rc == SQLITE_OK ? ERROR_NONE : report(s, rc, path, err);
    if (!code) {
        (void)sqlite3_busy_timeout(s->db, 2000);
        (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 0, 0); /* memory is scarcer than time here: no pool, few pages kept */
        rc = sqlite3_exec(s->db,
                          "PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA cache_size=-16;"
                          "PRAGMA cache_spill=OFF;",
                          NULL, NULL, NULL);
        code = rc == SQLITE_OK ? migrate(s, err) : report(s, rc, path, err);
    }
    if (code) {
        store_close(s);
        return code;
    }
    *out = s;
    return ERROR_NONE;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    store_rollback(s);
    (void)sqlite3_close(s->db);
    free(s);
}

enum error_code store_begin(struct store *s, struct error *err)
{
    s->failure = SQLITE_OK;
    int rc = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    s->open = rc == SQLITE_OK;
    return s->open ? ERROR_NONE : report(s, rc, "begin", err);
}

void store_rollback(struct store *s)
{
    if (s->open)
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    s->open = false;
    s->failure = SQLITE_OK;
}

enum error_code store_commit(struct store *s, struct error *err)
{
    enum error_code code = ERROR_NONE;
    if (s->failure != SQLITE_OK) {
        code = error_set(err, code_of(s->failure), "state store: %s: %s", s->failed_sql, sqlite3_errstr(s->failure));
    } else {
        int rc = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
        if (rc == SQLITE_OK) {
            s->open = false;
            (void)sqlite3_db_release_memory(s->db);
            return ERROR_NONE;
        }
        code = report(s, rc, "commit", err);
    }
    store_rollback(s);
    return code;
}

/* A message that waited or failed is refused like those that were carried out: it is one of before, too. */
enum error_code store_reset(struct store *s, struct error *err)
{
    static const char sql[] = "DELETE FROM value WHERE key NOT IN('factory','clock-floor','replay-filter','bbn-seq','lan-seq') AND key NOT GLOB 'bei-seq/*';"
                              "UPDATE inbox SET sim='',sealed=NULL;"
                              "UPDATE inbox SET state=6,cause='Replayed' WHERE state IN(0,2,4);"
                              "DELETE FROM context;DELETE FROM job;DELETE FROM item;DELETE FROM octets;DELETE FROM history;";
    _Static_assert(INBOX_PENDING == 0 && INBOX_FAILED == 2 && INBOX_VERIFIED == 4 && INBOX_DENIED == 6, "states by their numbers");
    enum error_code code = store_begin(s, err);
    int rc = code ? SQLITE_OK : sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        code = report(s, rc, "reset", err);
        store_rollback(s);
    }
    return code ? code : store_commit(s, err);
}

/* --- statements --- */


static sqlite3_stmt *prepare(struct store *s, const char *sql)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
    if (rc != SQLITE_OK)
        log_error("store", "%s: %s", sql, sqlite3_errmsg(s->db));
    return st;
}

static void bind_text(sqlite3_stmt *st, int at, const char *text)
{
    (void)sqlite3_bind_text(st, at, text, -1, SQLITE_TRANSIENT);
}

static void bind_hash(sqlite3_stmt *st, int at, const uint8_t *hash)
{
    (void)sqlite3_bind_blob(st, at, hash, STORE_HASH, SQLITE_TRANSIENT);
}

static void bind_number(sqlite3_stmt *st, int at, uint64_t v)
{
    (void)sqlite3_bind_int64(st, at, (sqlite3_int64)v);
}

static void bind_blob(sqlite3_stmt *st, int at, struct slice v)
{
    (void)sqlite3_bind_blob(st, at, v.len ? (const void *)v.data : "", (int)v.len, SQLITE_TRANSIENT);
}

/* Runs a write; a failure is remembered for store_commit. */
static void run(struct store *s, sqlite3_stmt *st, const char *what)
{
    int rc = !s->open ? SQLITE_MISUSE : st ? sqlite3_step(st) : SQLITE_ERROR;
    if (rc != SQLITE_DONE && rc != SQLITE_ROW && s->failure == SQLITE_OK) {
        s->failure = rc;
        (void)snprintf(s->failed_sql, sizeof s->failed_sql, "%s", what);
        if (!s->open)
            log_error("store", "write outside a transaction: %s", what);
    }
    (void)sqlite3_finalize(st);
}

static void column_text(sqlite3_stmt *st, int at, char *out, size_t cap)
{
    const char *text = (const char *)sqlite3_column_text(st, at);
    (void)text_copy(out, cap, text ? text : "");
}

static uint64_t column_number(sqlite3_stmt *st, int at)
{
    return (uint64_t)sqlite3_column_int64(st, at);
}

static void column_hash(sqlite3_stmt *st, int at, uint8_t *hash)
{
    const void *p = sqlite3_column_blob(st, at);
    if (p && sqlite3_column_bytes(st, at) == STORE_HASH)
        memcpy(hash, p, STORE_HASH);
    else
        memset(hash, 0, STORE_HASH);
}

static bool column_octets(sqlite3_stmt *st, int at, void *buf, size_t cap, size_t *len)
{
    const void *p = sqlite3_column_blob(st, at);
    size_t n = (size_t)sqlite3_column_bytes(st, at);
    if (!p || n > cap)
        return false;
    memcpy(buf, p, n);
    *len = n;
    return true;
}

static bool row(sqlite3_stmt *st)
{
    return st && sqlite3_step(st) == SQLITE_ROW;
}

/* --- values --- */

bool store_value_get(struct store *s, const char *key, char *out, size_t cap)
{
    sqlite3_stmt *st = prepare(s, "SELECT value FROM value WHERE key=?");
    bind_text(st, 1, key);
    bool found = row(st) && (size_t)sqlite3_column_bytes(st, 0) < cap;
    if (found)
        column_text(st, 0, out, cap);
    (void)sqlite3_finalize(st);
    return found;
}

void store_value_put(struct store *s, const char *key, const char *value)
{
    sqlite3_stmt *st = prepare(s, value ? "INSERT OR REPLACE INTO value VALUES(?,?)" : "DELETE FROM value WHERE key=?");
    bind_text(st, 1, key);
    if (value)
        bind_text(st, 2, value);
    run(s, st, "value");
}

bool store_octets_get(struct store *s, const char *key, void *buf, size_t cap, size_t *len)
{
    sqlite3_stmt *st = prepare(s, "SELECT value FROM octets WHERE key=?");
    bind_text(st, 1, key);
    bool found = row(st) && column_octets(st, 0, buf, cap, len);
    (void)sqlite3_finalize(st);
    return found;
}

void store_octets_put(struct store *s, const char *key, struct slice value)
{
    sqlite3_stmt *st = prepare(s, value.len ? "INSERT OR REPLACE INTO octets VALUES(?,?)" : "DELETE FROM octets WHERE key=?");
    bind_text(st, 1, key);
    if (value.len)
        bind_blob(st, 2, value);
    run(s, st, "octets");
}

/* --- inbox --- */

#define FILTER_KEY "replay-filter"
#define INBOX_COLUMNS "hash,source,state,received,attempts,cause,sim"

static void inbox_read(sqlite3_stmt *st, struct inbox_row *out)
{
    *out = (struct inbox_row){ .state = (enum inbox_state)sqlite3_column_int(st, 2), .received = column_number(st, 3) };
    out->attempts = (uint32_t)column_number(st, 4);
    column_hash(st, 0, out->hash);
    column_text(st, 1, out->source, sizeof out->source);
    column_text(st, 5, out->cause, sizeof out->cause);
    column_text(st, 6, out->sim, sizeof out->sim);
}

/* False if there is no filter yet: nothing has fallen out of the table. */
static bool filter_read(struct store *s, uint8_t filter[REPLAY_FILTER_OCTETS])
{
    char text[2 * REPLAY_FILTER_OCTETS + 1];
    size_t len = 0;
    return store_value_get(s, FILTER_KEY, text, sizeof text) &&
           text_hex_decode((struct slice){ (const uint8_t *)text, strlen(text) }, filter, REPLAY_FILTER_OCTETS, &len) && len == REPLAY_FILTER_OCTETS;
}

static bool fell_out(struct store *s, const uint8_t hash[STORE_HASH], struct inbox_row *out)
{
    uint8_t filter[REPLAY_FILTER_OCTETS];
    *out = (struct inbox_row){ .state = INBOX_COMMITTED };
    memcpy(out->hash, hash, STORE_HASH);
    return filter_read(s, filter) && replay_filter_has(filter, hash);
}

bool store_inbox_get(struct store *s, const uint8_t hash[STORE_HASH], struct inbox_row *out)
{
    sqlite3_stmt *st = prepare(s, "SELECT " INBOX_COLUMNS " FROM inbox WHERE hash=?");
    bind_hash(st, 1, hash);
    bool found = row(st);
    if (found)
        inbox_read(st, out);
    (void)sqlite3_finalize(st);
    return found || fell_out(s, hash, out);
}

void store_inbox_add(struct store *s, const struct inbox_row *r, struct slice sealed)
{
    sqlite3_stmt *st = prepare(s, "INSERT INTO inbox(" INBOX_COLUMNS ",sealed) VALUES(?,?,?,?,?,?,?,?)");
    bind_hash(st, 1, r->hash);
    bind_text(st, 2, r->source);
    bind_number(st, 3, (uint64_t)r->state);
    bind_number(st, 4, r->received);
    bind_number(st, 5, r->attempts);
    bind_text(st, 6, r->cause);
    bind_text(st, 7, r->sim);
    bind_blob(st, 8, sealed);
    run(s, st, "inbox");
}

void store_inbox_set(struct store *s, const uint8_t hash[STORE_HASH], enum inbox_state state, const char *cause, bool drop_octets)
{
    sqlite3_stmt *st = prepare(s, "UPDATE inbox SET attempts=attempts+(?1=2),state=?1,cause=?2,sealed=CASE WHEN ?3 THEN NULL ELSE sealed END WHERE hash=?4");
    bind_number(st, 1, (uint64_t)state);
    bind_text(st, 2, cause);
    bind_number(st, 3, drop_octets);
    bind_hash(st, 4, hash);
    run(s, st, "inbox");
}

bool store_inbox_octets(struct store *s, const uint8_t hash[STORE_HASH], void *buf, size_t cap, size_t *len)
{
    sqlite3_stmt *st = prepare(s, "SELECT sealed FROM inbox WHERE hash=?");
    bind_hash(st, 1, hash);
    bool found = row(st) && column_octets(st, 0, buf, cap, len);
    (void)sqlite3_finalize(st);
    return found;
}

bool store_inbox_pending(struct store *s, size_t n, struct inbox_row *out)
{
    sqlite3_stmt *st = prepare(s, "SELECT " INBOX_COLUMNS " FROM inbox WHERE state IN (0,4) ORDER BY seq LIMIT 1 OFFSET ?");
    bind_number(st, 1, n);
    bool found = row(st);
    if (found)
        inbox_read(st, out);
    (void)sqlite3_finalize(st);
    return found;
}

#define BEYOND_THE_REMEMBERED \
    " FROM inbox WHERE state IN (2,3,6) AND seq NOT IN (SELECT seq FROM inbox WHERE state IN (2,3,6) ORDER BY seq DESC LIMIT ?)"

/* What falls out stays known. */
static void prune_remembered(struct store *s)
{
    uint8_t filter[REPLAY_FILTER_OCTETS], hash[STORE_HASH];
    char text[2 * REPLAY_FILTER_OCTETS + 1];
    size_t count = 0;
    sqlite3_stmt *st = prepare(s, "SELECT hash" BEYOND_THE_REMEMBERED);
    bind_number(st, 1, STORE_INBOX_REMEMBERED);
    while (row(st)) {
        if (count++ == 0 && !filter_read(s, filter))
            memset(filter, 0, sizeof filter);
        column_hash(st, 0, hash);
        replay_filter_add(filter, hash);
    }
    (void)sqlite3_finalize(st);
    if (count == 0)
        return;
    store_value_put(s, FILTER_KEY, text_hex(filter, sizeof filter, text));
    st = prepare(s, "DELETE" BEYOND_THE_REMEMBERED);
    bind_number(st, 1, STORE_INBOX_REMEMBERED);
    run(s, st, "inbox");
}

void store_inbox_prune(struct store *s, size_t keep)
{
    sqlite3_stmt *st = prepare(s, "DELETE FROM inbox WHERE state IN (1,5) AND seq NOT IN (SELECT seq FROM inbox WHERE state IN (1,5) ORDER BY seq DESC LIMIT ?)");
    bind_number(st, 1, keep);
    run(s, st, "inbox");
    prune_remembered(s);
}

/* --- contexts --- */

bool store_context_get(struct store *s, const char *name, struct context_row *out)
{
    sqlite3_stmt *st = prepare(s, "SELECT committed,source,server_id,provurl,last_error,committed_at,attempts FROM context WHERE name=?");
    bind_text(st, 1, name);
    bool found = row(st);
    if (found) {
        *out = (struct context_row){ .committed = sqlite3_column_int(st, 0) != 0, .closes_others = sqlite3_column_int(st, 0) == COMMITTED_AND_CLOSES,
                                     .committed_at = column_number(st, 5) };
        (void)text_copy(out->name, sizeof out->name, name);
        column_text(st, 1, out->source, sizeof out->source);
        column_text(st, 2, out->server_id, sizeof out->server_id);
        column_text(st, 3, out->provurl, sizeof out->provurl);
        column_text(st, 4, out->last_error, sizeof out->last_error);
        out->attempts = (uint32_t)column_number(st, 6);
    }
    (void)sqlite3_finalize(st);
    return found;
}

void store_context_put(struct store *s, const struct context_row *r)
{
    sqlite3_stmt *st = prepare(s, "INSERT OR REPLACE INTO context(name,committed,source,server_id,provurl,last_error,committed_at,attempts)"
                                  " VALUES(?,?,?,?,?,?,?,?)");
    bind_text(st, 1, r->name);
    bind_number(st, 2, !r->committed ? 0 : r->closes_others ? COMMITTED_AND_CLOSES : 1);
    bind_text(st, 3, r->source);
    bind_text(st, 4, r->server_id);
    bind_text(st, 5, r->provurl);
    bind_text(st, 6, r->last_error);
    bind_number(st, 7, r->committed_at);
    bind_number(st, 8, r->attempts);
    run(s, st, "context");
}

/* --- jobs --- */

#define JOB_COLUMNS "id,context,source,step,hash,created,error,text,hint,mid,result"

void store_job_put(struct store *s, struct job_row *r)
{
    sqlite3_stmt *st = prepare(s, "INSERT OR REPLACE INTO job(" JOB_COLUMNS ") VALUES(?,?,?,?,?,?,?,?,?,?,?)");
    if (r->id)
        bind_number(st, 1, r->id);
    bind_text(st, 2, r->context);
    bind_text(st, 3, r->source);
    bind_text(st, 4, r->step);
    bind_hash(st, 5, r->hash);
    bind_number(st, 6, r->created);
    bind_text(st, 7, r->error);
    bind_text(st, 8, r->text);
    bind_text(st, 9, r->hint);
    bind_text(st, 10, r->mid);
    (void)sqlite3_bind_int(st, 11, r->result);
    run(s, st, "job");
    if (!r->id)
        r->id = (uint64_t)sqlite3_last_insert_rowid(s->db);
}

static bool job_read(sqlite3_stmt *st, struct job_row *out)
{
    bool found = row(st);
    if (found) {
        *out = (struct job_row){ .id = column_number(st, 0), .created = column_number(st, 5), .result = sqlite3_column_int(st, 10) };
        column_text(st, 1, out->context, sizeof out->context);
        column_text(st, 2, out->source, sizeof out->source);
        column_text(st, 3, out->step, sizeof out->step);
        column_hash(st, 4, out->hash);
        column_text(st, 6, out->error, sizeof out->error);
        column_text(st, 7, out->text, sizeof out->text);
        column_text(st, 8, out->hint, sizeof out->hint);
        column_text(st, 9, out->mid, sizeof out->mid);
    }
    (void)sqlite3_finalize(st);
    return found;
}

bool store_job_open(struct store *s, struct job_row *out)
{
    return job_read(prepare(s, "SELECT " JOB_COLUMNS " FROM job WHERE step NOT IN ('REPORTED','FAILED') ORDER BY id LIMIT 1"), out);
}

bool store_job_get(struct store *s, uint64_t id, struct job_row *out)
{
    sqlite3_stmt *st = prepare(s, "SELECT " JOB_COLUMNS " FROM job WHERE id=?");
    bind_number(st, 1, id);
    return job_read(st, out);
}

/* --- items --- */

void store_item_put(struct store *s, const struct item_row *r, struct slice sealed)
{
    sqlite3_stmt *st = prepare(s, "INSERT OR REPLACE INTO item(kind,id,staged,job,context,sealed) VALUES(?,?,?,?,?,?)");
    bind_text(st, 1, r->kind);
    bind_text(st, 2, r->id);
    bind_number(st, 3, r->staged);
    bind_number(st, 4, r->job);
    bind_text(st, 5, r->context);
    bind_blob(st, 6, sealed);
    run(s, st, "item");
}

void store_item_remove(struct store *s, const char *kind, const char *id)
{
    sqlite3_stmt *st = prepare(s, "DELETE FROM item WHERE staged=0 AND kind=? AND id=?");
    bind_text(st, 1, kind);
    bind_text(st, 2, id);
    run(s, st, "item");
}

bool store_item_octets(struct store *s, const char *kind, const char *id, bool staged, void *buf, size_t cap, size_t *len)
{
    sqlite3_stmt *st = prepare(s, "SELECT sealed FROM item WHERE kind=? AND id=? AND staged=?");
    bind_text(st, 1, kind);
    bind_text(st, 2, id);
    bind_number(st, 3, staged);
    bool found = row(st) && column_octets(st, 0, buf, cap, len);
    (void)sqlite3_finalize(st);
    return found;
}

bool store_item_at(struct store *s, const char *kind, bool staged, size_t n, struct item_row *out)
{
    sqlite3_stmt *st = prepare(s, "SELECT id,job,context FROM item WHERE kind=? AND staged=? ORDER BY id LIMIT 1 OFFSET ?");
    bind_text(st, 1, kind);
    bind_number(st, 2, staged);
    bind_number(st, 3, n);
    bool found = row(st);
    if (found) {
        *out = (struct item_row){ .staged = staged, .job = column_number(st, 1) };
        (void)text_copy(out->kind, sizeof out->kind, kind);
        column_text(st, 0, out->id, sizeof out->id);
        column_text(st, 2, out->context, sizeof out->context);
    }
    (void)sqlite3_finalize(st);
    return found;
}

void store_items_commit(struct store *s, uint64_t job)
{
    sqlite3_stmt *st = prepare(s, "DELETE FROM item WHERE staged=0 AND context IN (SELECT context FROM item WHERE staged=1 AND job=?)");
    bind_number(st, 1, job);
    run(s, st, "item");
    st = prepare(s, "UPDATE item SET staged=0 WHERE staged=1 AND job=?");
    bind_number(st, 1, job);
    run(s, st, "item");
}

void store_items_drop(struct store *s, uint64_t job)
{
    sqlite3_stmt *st = prepare(s, "DELETE FROM item WHERE staged=1 AND job=?");
    bind_number(st, 1, job);
    run(s, st, "item");
}

void store_history_add(struct store *s, uint64_t at, uint64_t job, const char *event, const char *text)
{
    sqlite3_stmt *st = prepare(s, "INSERT INTO history(at,job,event,text) VALUES(?,?,?,?)");
    bind_number(st, 1, at);
    bind_number(st, 2, job);
    bind_text(st, 3, event);
    bind_text(st, 4, text);
    run(s, st, "history");
    st = prepare(s, "DELETE FROM history WHERE seq <= (SELECT max(seq) FROM history) - ?");
    bind_number(st, 1, HISTORY_KEEP);
    run(s, st, "history");
}

void store_history_each(struct store *s, uint64_t after, uint64_t until, bool (*fn)(void *user, const struct history_row *row), void *user)
{
    sqlite3_stmt *st = prepare(s, "SELECT seq,at,job,event,text FROM history WHERE seq>? AND seq<=? ORDER BY seq DESC");
    bind_number(st, 1, after > INT64_MAX ? INT64_MAX : after);
    bind_number(st, 2, until > INT64_MAX ? INT64_MAX : until);
    for (bool more = true; more && st && sqlite3_step(st) == SQLITE_ROW;) {
        struct history_row row = { .seq = (uint64_t)sqlite3_column_int64(st, 0), .at = (uint64_t)sqlite3_column_int64(st, 1),
                                   .job = (uint64_t)sqlite3_column_int64(st, 2), .event = (const char *)sqlite3_column_text(st, 3),
                                   .text = (const char *)sqlite3_column_text(st, 4) };
        more = row.event && row.text && fn(user, &row);
    }
    sqlite3_finalize(st);
}

static bool take_seq(void *user, const struct history_row *row)
{
    *(uint64_t *)user = row->seq;
    return false;
}

uint64_t store_history_last(struct store *s)
{
    uint64_t seq = 0;
    store_history_each(s, 0, UINT64_MAX, take_seq, &seq);
    return seq;
}
