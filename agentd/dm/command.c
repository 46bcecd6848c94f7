/* SPDX-License-Identifier: Apache-2.0 */
/* The server's commands as a queue of single items, carried out in order (OMA DM Protocol 1.2, section 8.3; SyncML RepPro 1.2, section 6.6). A command
 * that waits for the TRE leaves the queue standing; remote.c sets it going again. Atomic is one task: everything in it or nothing. */
#include "base/log.h"
#include "base/text.h"
#include "dm/session.h"

struct slice command_uri(const struct dm_task *t)
{
    return syncml_text2(t->item, SYNCML_TARGET, SYNCML_LOC_URI);
}

void command_answer(struct dm_session *s, const struct dm_task *t, int status)
{
    if (syncml_child(t->cmd, SYNCML_NO_RESP))
        return;
    outbox_status(&s->outbox, &(struct dm_status_out){ .msg_ref = s->msg_ref, .cmd_ref = syncml_text(t->cmd, SYNCML_CMD_ID),
                                                       .cmd = syncml_name(t->cmd->element), .target_ref = command_uri(t), .status = status });
}

static bool is_command(const struct syncml_node *n)
{
    switch ((int)n->element) {
    case SYNCML_ADD:
    case SYNCML_ALERT:
    case SYNCML_ATOMIC:
    case SYNCML_COPY:
    case SYNCML_DELETE:
    case SYNCML_EXEC:
    case SYNCML_GET:
    case SYNCML_REPLACE:
    case SYNCML_SEQUENCE:
        return true;
    }
    return false;
}

/* An alert may come without items; every other command has at least one. */
static size_t count_tasks(const struct syncml_node *body, bool descend)
{
    size_t n = 0;
    for (const struct syncml_node *c = body->child; c; c = c->next) {
        if (!is_command(c))
            continue;
        size_t items = 0;
        for (const struct syncml_node *i = c->child; i && c->element != SYNCML_ATOMIC && c->element != SYNCML_ALERT; i = i->next)
            items += i->element == SYNCML_ITEM;
        n += items ? items : 1;
        if (c->element == SYNCML_SEQUENCE && descend) /* as deep as a document may be: SYNCML_DEPTH_MAX */
            n += count_tasks(c, true);
    }
    return n;
}

static void add_tasks(struct dm_session *s, const struct syncml_node *body, bool descend)
{
    for (const struct syncml_node *c = body->child; c; c = c->next) {
        size_t before = s->task_count;
        if (!is_command(c))
            continue;
        for (const struct syncml_node *i = c->child; i && c->element != SYNCML_ATOMIC && c->element != SYNCML_ALERT; i = i->next)
            if (i->element == SYNCML_ITEM)
                s->tasks[s->task_count++] = (struct dm_task){ c, i };
        if (s->task_count == before)
            s->tasks[s->task_count++] = (struct dm_task){ c, NULL };
        if (c->element == SYNCML_SEQUENCE && descend)
            add_tasks(s, c, true);
    }
}

bool command_queue(struct dm_session *s, const struct syncml_node *body)
{
    size_t n = count_tasks(body, true);
    s->task = s->task_count = 0;
    s->tasks = n ? arena_get(&s->arena, n * sizeof *s->tasks) : NULL;
    if (n && !s->tasks)
        return false;
    add_tasks(s, body, true);
    return true;
}

static struct dm_input input_of(const struct dm_task *t)
{
    const struct syncml_node *data = syncml_child(t->item, SYNCML_DATA);
    struct slice format = syncml_text2(t->item, SYNCML_META, SYNCML_FORMAT);
    if (!format.len)
        format = syncml_text2(t->cmd, SYNCML_META, SYNCML_FORMAT);
    return (struct dm_input){ .format = format, .data = data ? data->text : (struct slice){ NULL, 0 }, .opaque = data && data->opaque,
                              .add = t->cmd->element == SYNCML_ADD };
}

/* True if the answer is given; false if the TRE has been asked. */
static bool run_get(struct dm_session *s, const struct dm_task *t)
{
    struct dm_value value;
    enum dm_ask ask;
    char name[DM_NAME_CAP];
    int status = dm_tree_get(&s->tree, command_uri(t), &value, &ask, name);
    if (status == DM_OK && ask != DM_ASK_NOTHING)
        return remote_ask(s, t, ask, name);
    command_answer(s, t, status);
    if (status == DM_OK)
        outbox_results(&s->outbox, s->msg_ref, syncml_text(t->cmd, SYNCML_CMD_ID), command_uri(t), value.format,
                       (struct slice){ value.octets, value.len });
    return true;
}

static bool run_exec(struct dm_session *s, const struct dm_task *t)
{
    enum dm_ask ask;
    char name[DM_NAME_CAP];
    int status = dm_tree_exec(&s->tree, command_uri(t), &ask, name);
    if (status == DM_OK)
        return remote_ask(s, t, ask, name);
    command_answer(s, t, status);
    return true;
}

/* Alerts of a server: next message, abort, and questions to a user whom a gateway does not have. */
static int run_alert(struct dm_session *s, const struct dm_task *t)
{
    uint64_t code = 0;
    if (!text_decimal(syncml_text(t->cmd, SYNCML_DATA), 9999, &code))
        return DM_BAD_REQUEST;
    if (code == 1222)
        return DM_OK;
    if (code == 1225) {
        log_warning(s->log, "the server misses the end of an object");
        return DM_OK;
    }
    return code >= 1100 && code <= 1104 ? DM_NOT_EXECUTED : DM_OPTIONAL;
}

static int run_write(struct dm_session *s, const struct dm_task *t, bool in_atomic)
{
    struct dm_input in = input_of(t);
    switch ((int)t->cmd->element) {
    case SYNCML_ADD:
    case SYNCML_REPLACE:
        if (in_atomic && syncml_child(t->item, SYNCML_MORE_DATA))
            return DM_OPTIONAL; /* an Atomic fits one message */
        return large_take(s, t, &in);
    case SYNCML_DELETE:
        return dm_tree_delete(&s->tree, command_uri(t));
    case SYNCML_COPY:
        return DM_OPTIONAL;
    }
    return DM_NOT_ALLOWED; /* Get, Exec or another Atomic inside Atomic (RepPro 6.6.3) */
}

/* The items of an Atomic are tried on the tree; at the first failure the tree is what it was. */
static void run_atomic(struct dm_session *s, const struct dm_task *atomic)
{
    struct dm_task *outer = s->tasks;
    size_t outer_count = s->task_count, n = count_tasks(atomic->cmd, false), done = 0;
    struct dm_tree copy;
    int status = DM_OK;
    bool saved = dm_tree_save(&s->tree, &copy);
    struct dm_task *inner = saved && n ? arena_get(&s->arena, n * sizeof *inner) : NULL;
    if (!inner) {
        dm_tree_discard(&copy);
        command_answer(s, atomic, saved && !n ? DM_OK : DM_FAILED);
        return;
    }
    s->tasks = inner;
    s->task_count = 0;
    add_tasks(s, atomic->cmd, false);
    s->tasks = outer;
    s->task_count = outer_count;
    while (done < n && status == DM_OK) {
        status = inner[done].item ? run_write(s, &inner[done], true) : DM_BAD_REQUEST;
        done += status == DM_OK;
    }
    command_answer(s, atomic, status == DM_OK ? DM_OK : DM_ATOMIC_FAILED);
    for (size_t i = 0; i < n; i++)
        command_answer(s, &inner[i], status == DM_OK ? DM_OK : i < done ? DM_ROLLED_BACK : i == done ? status : DM_NOT_EXECUTED);
    if (status != DM_OK)
        dm_tree_restore(&s->tree, &copy);
    else
        dm_tree_discard(&copy);
}

/* True if the answer is given. */
static bool run_task(struct dm_session *s, const struct dm_task *t)
{
    bool whole = t->cmd->element == SYNCML_ALERT || t->cmd->element == SYNCML_ATOMIC || t->cmd->element == SYNCML_SEQUENCE;
    if (t->cmd->element != SYNCML_ADD && t->cmd->element != SYNCML_REPLACE && t->cmd->element != SYNCML_ALERT)
        large_interrupt(s);
    if (!whole && !t->item) {
        command_answer(s, t, DM_BAD_REQUEST);
        return true;
    }
    switch ((int)t->cmd->element) {
    case SYNCML_GET:
        return run_get(s, t);
    case SYNCML_EXEC:
        return run_exec(s, t);
    case SYNCML_ATOMIC:
        run_atomic(s, t);
        return true;
    case SYNCML_SEQUENCE: /* its commands follow in the queue */
        command_answer(s, t, DM_OK);
        return true;
    case SYNCML_ALERT:
        command_answer(s, t, run_alert(s, t));
        return true;
    }
    command_answer(s, t, run_write(s, t, false));
    return true;
}

void command_run(struct dm_session *s)
{
    while (s->task < s->task_count) {
        if (!run_task(s, &s->tasks[s->task]))
            return; /* the TRE is at work */
        s->task++;
    }
    bool quiet = s->task_count == 0 && s->server_final && outbox_empty(&s->outbox);
    if (!s->server_final && !s->next_wanted)
        (void)outbox_alert(&s->outbox, 1222, (struct slice){ NULL, 0 }); /* OMA DM Protocol 1.2, section 6.1 */
    session_post(s, quiet ? DM_EV_FINISHED : DM_EV_WORKED);
}
