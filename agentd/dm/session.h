/* SPDX-License-Identifier: Apache-2.0 */
/* One session from the inside: what handshake.c, command.c, remote.c, large.c, message.c and session.c share. Inside dm/ only. */
#ifndef DM_SESSION_H
#define DM_SESSION_H

#include "base/arena.h"
#include "dm/auth.h"
#include "dm/dm.h"
#include "dm/outbox.h"
#include "dm/tree.h"

enum { DM_MESSAGES = 30, DM_MESSAGE_MS = 30000, DM_SESSION_MS = 120000, DM_MAX_MSG = 16384, DM_ARENA = 128 * 1024, DM_MESSAGE_CAP = 32 * 1024 };

enum dm_state { DM_IDLE, DM_WAITING, DM_WORKING, DM_ENDED };
enum dm_event { DM_EV_START, DM_EV_ANSWER, DM_EV_WORKED, DM_EV_FINISHED, DM_EV_FAILED };

struct dm_party { /* how one side proves itself */
    enum dm_auth type;
    bool ok, needed;     /* ok: authenticated (a server of which no credentials are known always is) */
    bool session;        /* accepted for the whole session (212) */
    unsigned refusals;
    uint8_t nonce[64];   /* client: for the next digest; server: the one that we gave out last */
    size_t nonce_len;
};

struct dm_large { /* an object that comes in chunks */
    bool active, add, opaque;
    char uri[DM_URI_CAP], format[8];
    size_t size, len;
    uint8_t *data;
};

struct dm_task { /* one item of one command */
    const struct syncml_node *cmd, *item;
};

struct dm_session {
    const struct loop *loop;
    struct https *https;
    struct trust *trust;
    dm_done_fn *fn;
    void *user;
    enum dm_state state;
    struct dm_account account, original;
    struct dm_device device;   /* its texts are borrowed */
    char url[256], host[256], context[33], log[48];
    char *roots_pem;
    struct lease lease;
    uint64_t now, timer, starter;
    bool report, by_server, server_final, next_wanted;
    int report_code, report_status;
    unsigned report_cmd;
    char session_id[5], msg_ref[12];
    unsigned msg_id, server_msg_id;
    size_t server_limit;
    struct dm_party client, server;
    int header_status;         /* for the server's SyncHdr; 0: none is due */
    bool challenge, hold;      /* the status carries a challenge; nothing else may be sent */
    uint8_t *document;         /* the server's message, */
    struct arena arena;        /* its tree */
    const struct syncml_node *root;
    struct dm_task *tasks;     /* and its commands */
    size_t task, task_count;
    uint32_t call;             /* open at the TRE */
    struct dm_tree tree;
    struct dm_large large;
    struct dm_outbox outbox;
    struct dm_mid mid;         /* what the last Install came to */
    struct error error;
};

/* session.c: the state table. The session may be gone afterwards: last statement of a function. */
void session_post(struct dm_session *s, enum dm_event event);
void session_fail(struct dm_session *s, enum error_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* handshake.c. client: false and err set if the session is over; s->client.ok says whether we are accepted. server: s->server.ok. */
void handshake_init(struct dm_session *s);
bool handshake_client(struct dm_session *s, const struct syncml_node *status, struct error *err);
bool handshake_server(struct dm_session *s, const struct syncml_node *hdr, const char *hmac, struct slice body, bool commands, struct error *err);
void handshake_gave(struct dm_session *s); /* the challenge that is due stands in the message: from then on the server may use its nonce, whether we hear of it or not */
void handshake_cred(struct dm_session *s, struct syncml_writer *w); /* Cred for SyncHdr, if one is due */
bool handshake_hmac(const struct dm_session *s, struct slice body, char *header, size_t cap); /* false: none is due */

/* message.c: the next message to the server; empty if it does not fit. */
struct slice message_make(struct dm_session *s, uint8_t *buffer, size_t cap);

/* command.c: puts the commands of a body in a queue, works through it, and posts WORKED or FINISHED at its end. */
bool command_queue(struct dm_session *s, const struct syncml_node *body);
void command_run(struct dm_session *s);
void command_answer(struct dm_session *s, const struct dm_task *t, int status);
struct slice command_uri(const struct dm_task *t); /* Target/LocURI of the item */

/* remote.c: what the TRE must do. True if the answer is given already; else command_run goes on when the TRE has answered. */
bool remote_ask(struct dm_session *s, const struct dm_task *t, enum dm_ask ask, const char *name);

/* large.c: one item of Add or Replace, whole or a chunk; its status. */
int large_take(struct dm_session *s, const struct dm_task *t, const struct dm_input *in);
void large_interrupt(struct dm_session *s); /* another command came first: Alert 1225 */
void large_clear(struct dm_session *s);
#endif
