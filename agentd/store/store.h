/* SPDX-License-Identifier: Apache-2.0 */
/* State of agentd in one SQLite file (synchronous=FULL, rollback journal). Every write happens inside store_begin .. store_commit: one
 * transaction a step. Secrets come here only as blobs sealed by the TRE. Errors: NO_SPACE, STORAGE, NEWER_STATE; after one the
 * transaction is rolled back and the state is the old one. */
#ifndef STORE_STORE_H
#define STORE_STORE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "base/reader.h"

struct store;
enum { STORE_HASH = 32, STORE_NAME = 65 };
enum error_code store_open(const char *path, struct store **out, struct error *err);
void store_close(struct store *s);
enum error_code store_begin(struct store *s, struct error *err);
/* Commits; on failure everything since store_begin is undone. Also rolls back if a write since store_begin failed, and says why. */
enum error_code store_commit(struct store *s, struct error *err);
void store_rollback(struct store *s);
enum error_code store_reset(struct store *s, struct error *err); /* to factory data, time floor and what keeps all of before refused; a transaction of its own */

/* Factory data and small values. get: false if absent or longer than cap (text is NUL-terminated). */
bool store_value_get(struct store *s, const char *key, char *out, size_t cap);
void store_value_put(struct store *s, const char *key, const char *value); /* NULL removes the key */
/* The same of octets that are no secret; put of an empty value removes the key. */
bool store_octets_get(struct store *s, const char *key, void *buf, size_t cap, size_t *len);
void store_octets_put(struct store *s, const char *key, struct slice value);

/* Push messages, by SHA-256 of their octets: replay ids. */
enum inbox_state {
    INBOX_PENDING,   /* not judged, or its job has not ended */
    INBOX_REFUSED,
    INBOX_FAILED,    /* authentic; its job failed */
    INBOX_COMMITTED, /* its bootstrap is installed */
    INBOX_VERIFIED,  /* pending, and authenticated by digits that nobody keeps */
    INBOX_DONE,      /* carried out without a job */
    INBOX_DENIED     /* authentic, and refused by policy */
};
struct inbox_row {
    uint8_t hash[STORE_HASH];
    char source[16];     /* sms-mm, sms-qmi, file */
    enum inbox_state state;
    uint64_t received;   /* Unix seconds as the clock said */
    uint32_t attempts;
    char cause[32], sim[40]; /* error name, ""; Sim node of the card that it came to, "" */
};
bool store_inbox_get(struct store *s, const uint8_t hash[STORE_HASH], struct inbox_row *out);
void store_inbox_add(struct store *s, const struct inbox_row *row, struct slice sealed);
void store_inbox_set(struct store *s, const uint8_t hash[STORE_HASH], enum inbox_state state, const char *cause, bool drop_octets);
/* The sealed octets into buf; false if dropped or longer than cap. */
bool store_inbox_octets(struct store *s, const uint8_t hash[STORE_HASH], void *buf, size_t cap, size_t *len);
/* The n-th pending message in order of arrival; false past the end. */
bool store_inbox_pending(struct store *s, size_t n, struct inbox_row *out);
enum { STORE_INBOX_REMEMBERED = 32 };
/* Bounds the table, whoever sends what. Of REFUSED and DONE the newest `keep` stay; older ones are forgotten: again they would be judged again, to the
 * same end. Of FAILED, COMMITTED and DENIED, which only the owner's key can bring about, the newest STORE_INBOX_REMEMBERED stay as rows; older ones go
 * into a filter of fixed size (replay_filter.h) and are COMMITTED to store_inbox_get for ever. */
void store_inbox_prune(struct store *s, size_t keep);

struct context_row {
    char name[STORE_NAME];
    bool committed;
    bool closes_others; /* CONTEXT-ALLOW 0 */
    char source[16], server_id[256], provurl[256], last_error[32];
    uint64_t committed_at; /* Unix seconds */
    uint32_t attempts;
};
bool store_context_get(struct store *s, const char *name, struct context_row *out);
void store_context_put(struct store *s, const struct context_row *row);

struct job_row {
    uint64_t id; /* 0: not yet given */
    char context[STORE_NAME], source[16], step[16];
    uint8_t hash[STORE_HASH]; /* its message */
    uint64_t created;
    char error[32], text[192], hint[128];
    char mid[STORE_NAME];     /* MID that it installed, "" */
    int result;               /* code to report */
};
void store_job_put(struct store *s, struct job_row *row); /* inserts when id is 0 and fills it */
bool store_job_open(struct store *s, struct job_row *out); /* the one that has not ended, if any */
bool store_job_get(struct store *s, uint64_t id, struct job_row *out);

/* Installed and staged things: kind "bearer", "dm", "lwm2m"; id unique within a kind; sealed holds the whole value. */
struct item_row {
    char kind[8], id[STORE_NAME];
    bool staged;
    uint64_t job;
    char context[STORE_NAME];
};
void store_item_put(struct store *s, const struct item_row *row, struct slice sealed);
bool store_item_octets(struct store *s, const char *kind, const char *id, bool staged, void *buf, size_t cap, size_t *len);
bool store_item_at(struct store *s, const char *kind, bool staged, size_t n, struct item_row *out);
void store_item_remove(struct store *s, const char *kind, const char *id); /* an installed one */
void store_items_commit(struct store *s, uint64_t job); /* staged ones of the job replace all installed ones of its context */
void store_items_drop(struct store *s, uint64_t job);   /* staged ones of the job */
void store_history_add(struct store *s, uint64_t at, uint64_t job, const char *event, const char *text); /* bounded, oldest go */

#endif
