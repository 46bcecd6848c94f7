/* SPDX-License-Identifier: Apache-2.0 */
/* Digits that a person typed: kept, and wiped, while they are tried on one waiting message after the other. Must never show them. */
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "bootstrap/start/inbox_room.h"
#include "model/tre_wire.h"

static void submission_step(struct inbox *in);

static void submission_end(struct inbox *in, const struct error *e)
{
    inbox_done_fn *done = in->submission.done;
    void *user = in->submission.user;
    secret_zero(&in->submission, sizeof in->submission);
    done(user, e);
}

static void on_tried(void *user, const struct error *error)
{
    struct inbox *in = user;
    if (error->code == ERROR_MAC_MISMATCH || error->code == ERROR_DENIED || error->code == ERROR_INVALID || error->code == ERROR_NOT_FOUND ||
        error->code == ERROR_NOT_READY)
        submission_step(in);
    else
        submission_end(in, error);
}

static void submission_step(struct inbox *in)
{
    struct submission *s = &in->submission;
    struct error e;
    if (s->left.count == 0) {
        error_set(&e, ERROR_MAC_MISMATCH, "the digits fit none of %zu waiting messages; tries left: %u", s->tried, s->tries_left);
        submission_end(in, &e);
        return;
    }
    struct message *m = inbox_message_new(&(struct inbox_from){ "", "", "" });
    memcpy(m->hash, s->left.hash[s->left.count - 1], sizeof m->hash);
    (void)hashes_remove(&s->left, m->hash);
    s->tried++;
    m->typed = true;
    m->done = on_tried;
    m->user = in;
    error_set(&m->result, ERROR_NOT_FOUND, "the message is not in the store any more");
    (void)inbox_append(in, m);
}

void inbox_submit(struct inbox *in, const char *context, const char *digits, inbox_done_fn *done, void *user)
{
    struct error e = { 0 };
    struct submission *s = &in->submission;
    if (s->done)
        error_set(&e, ERROR_BUSY, "digits of somebody else are being tried");
    else if (in->waiting.count == 0)
        error_set(&e, ERROR_NOT_FOUND, "no message waits for digits");
    else if (trust_status(in->site->trust)->state != TRE_READY)
        error_set(&e, ERROR_NOT_READY, "agent-tred is not ready");
    else if (!text_copy(s->digits, sizeof s->digits, digits) || !text_copy(s->context, sizeof s->context, context))
        error_set(&e, ERROR_INVALID, "more than %d digits", INBOX_DIGITS_MAX);
    if (e.code) {
        done(user, &e);
        return;
    }
    s->left = in->waiting;
    s->done = done;
    s->user = user;
    submission_step(in);
}
