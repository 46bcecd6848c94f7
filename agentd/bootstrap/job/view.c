/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of Job and Context, after dbus/org.gatewayagent.Agent1.Job.xml and .Context.xml. */
#include "bootstrap/job/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "base/secret.h"
#include "base/text.h"

enum { KEEP_MS = 60000 };

static void id_of(const struct job_row *row, char out[24])
{
    (void)snprintf(out, 24, "%llu", (unsigned long long)row->id);
}

static struct node *job_node(struct site *s, const struct job_row *row)
{
    char id[24];
    id_of(row, id);
    return tree_add(s->tree, TREE_JOB, id);
}

static struct node *context_node(struct site *s, const char *context)
{
    return tree_add(s->tree, TREE_CONTEXT, context);
}

static const char *state_of(const struct job_row *row, enum job_step step)
{
    if (step == JOB_REPORTED)
        return "succeeded";
    if (step == JOB_FAILED)
        return strcmp(row->error, error_name(ERROR_CANCELLED)) == 0 ? "cancelled" : "failed";
    return "running";
}

static void show(struct site *s, const struct job_row *row, enum job_step step)
{
    struct node *n = job_node(s, row), *context = context_node(s, row->context);
    const struct job_step_row *t = job_step_row(step);
    node_set(n, "State", state_of(row, step));
    node_set(n, "Step", t->name);
    node_set(n, "Phase", t->phase);
    node_set_number(n, "Progress", t->progress);
    node_set(n, "Error", row->error);
    node_set(n, "ErrorText", row->text);
    node_set(n, "Hint", row->hint);
    if (strcmp(node_text(n, "Kind"), "bootstrap") != 0)
        return;
    node_set(context, "Phase", job_step_is_final(step) ? "" : t->phase);
    if (!job_step_is_final(step) && step < JOB_COMMITTED)
        node_set(context, "State", "bootstrapping");
}

static void count_active(struct site *s)
{
    uint64_t active = 0;
    for (struct node *n = tree_next(s->tree, TREE_JOB, NULL); n; n = tree_next(s->tree, TREE_JOB, n))
        active += strcmp(node_text(n, "State"), "running") == 0;
    node_set_number(tree_manager(s->tree), "ActiveJobs", active);
}

void job_view_begin(struct site *s, const struct job_row *row, const char *kind, enum job_step step)
{
    struct node *n = job_node(s, row);
    node_set(n, "Kind", kind);
    node_set(n, "Context", node_path(context_node(s, row->context)));
    node_set(n, "Source", row->source);
    node_set_number(n, "StartedAt", row->created * 1000000);
    show(s, row, step);
    node_publish(n);
    count_active(s);
}

void job_view_step(struct site *s, const struct job_row *row, enum job_step from, const char *event, enum job_step to)
{
    show(s, row, to);
    const char *args[] = { job_step_row(from)->name, event, job_step_row(to)->name };
    node_signal(job_node(s, row), "StepChanged", args, 3);
    count_active(s);
}

void job_view_note(struct site *s, const struct job_row *row, const char *text)
{
    node_set(job_node(s, row), "ErrorText", text);
}

struct expiry {
    struct tree *tree;
    char id[24];
};

static void on_expired(void *user)
{
    struct expiry *e = user;
    node_remove(tree_find(e->tree, TREE_JOB, e->id));
    free(e);
    heap_trim(); /* a job with its sessions needed much, of the stack, too */
    secret_stack_wipe();
}

void job_view_end(struct site *s, const struct job_row *row, enum job_step step)
{
    show(s, row, step);
    job_view_context(s, row->context);
    count_active(s);
    struct expiry *e = calloc(1, sizeof *e);
    if (!e)
        return;
    e->tree = s->tree;
    id_of(row, e->id);
    (void)loop_timer(s->loop, KEEP_MS, on_expired, e);
}

void job_view_path(struct site *s, const struct job_row *row, char *out, size_t cap)
{
    (void)text_copy(out, cap, node_path(job_node(s, row)));
}

void job_view_context(struct site *s, const char *context)
{
    struct context_row row = { 0 };
    struct node *n = context_node(s, context);
    (void)store_context_get(s->store, context, &row);
    node_set(n, "Name", context);
    const struct tree_value *waiting = node_get(tree_manager(s->tree), "MessagesWaiting");
    node_set(n, "State", row.committed ? "committed" : waiting && waiting->number ? "pin-required" : "open");
    if (!node_get(n, "Phase"))
        node_set(n, "Phase", "");
    node_set(n, "Source", row.source);
    node_set(n, "ServerId", row.server_id);
    node_set(n, "ProvUrl", row.provurl);
    node_set_number(n, "CommittedAt", row.committed_at * 1000000);
    node_set_number(n, "Attempts", row.attempts);
    node_set(n, "LastError", row.last_error);
    node_publish(n);
}

void job_view_contexts(struct site *s)
{
    for (size_t i = 0; i < s->factory.context_count; i++)
        job_view_context(s, s->factory.contexts[i]);
}
