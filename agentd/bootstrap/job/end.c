/* SPDX-License-Identifier: Apache-2.0 */
/* The two ends of a job: what was committed is taken into service and reported until the server has taken the report; what failed is undone, and what was in
 * service before comes back. */
#include <string.h>

#include "bootstrap/job/room.h"
#include "bootstrap/way/initial_access.h"

enum { REPORT_RETRY_MS = 30000, REPORT_RETRY_MAX_MS = 3600000 };

/* --- COMMITTED: report --- */

static void report(void *user);

static void report_later(struct conductor *c)
{
    c->report_delay_ms = c->report_delay_ms ? c->report_delay_ms * 2 : REPORT_RETRY_MS;
    if (c->report_delay_ms > REPORT_RETRY_MAX_MS)
        c->report_delay_ms = REPORT_RETRY_MAX_MS;
    c->timer = loop_timer(c->site->loop, c->report_delay_ms, report, c);
}

static void on_spent(void *user, enum error_code status)
{
    struct conductor *c = user;
    c->tre_call = 0;
    if (status) {
        report_later(c);
        return;
    }
    job_post(c, JOB_REPORT_TAKEN);
}

static void on_account_sealed(void *user, const struct error *error)
{
    struct conductor *c = user;
    struct error e = error ? *error : (struct error){ 0 };
    if (!error && !store_begin(c->site->store, &e)) {
        apply_stage(c->apply, false, 0);
        (void)store_commit(c->site->store, &e);
    }
    if (e.code)
        site_report(c->site, "report", c->row.id, &e);
    c->tre_call = trust_token_spend(c->site->trust, c->row.context, on_spent, c);
}

static void on_reported(void *user, const struct error *error, const struct dm_outcome *outcome)
{
    struct conductor *c = user;
    c->omadm = NULL;
    if (error) {
        site_report(c->site, "report", c->row.id, error);
        report_later(c);
        return;
    }
    apply_free(c->apply);
    c->apply = apply_account(c->site, outcome->account, c->row.context, on_account_sealed, c);
}

static void on_report_account(void *user, enum error_code status, const struct dm_account *account)
{
    struct conductor *c = user;
    if (!c->row.id || c->step != JOB_COMMITTED || c->omadm)
        return;
    if (status) {
        report_later(c);
        return;
    }
    struct omadm_task task = { .account = account, .context = c->row.context, .lease = &c->lease, .apn = "", .report = true,
                               .report_code = c->row.result };
    c->omadm = omadm_start(c->site, &task, on_reported, job_wait_note, c);
}

static bool has_dm_account(struct conductor *c)
{
    struct item_row row;
    for (size_t n = 0; store_item_at(c->site->store, "dm", false, n, &row); n++)
        if (strcmp(row.context, c->row.context) == 0)
            return true;
    return false;
}

/* Over the bearer that is kept; without one (host uplink) over the host's. After a restart the lease is not there at once. */
static void report(void *user)
{
    struct conductor *c = user;
    struct item_row row;
    c->timer = 0;
    if (!has_dm_account(c)) { /* nobody to report to: the server saw the gateway register */
        job_post(c, JOB_REPORT_TAKEN);
        return;
    }
    const struct lease *lease = c->site->bearers ? bearers_lease(c->site->bearers) : NULL;
    bool cellular = store_item_at(c->site->store, "bearer", false, 0, &row);
    if (cellular && !lease) {
        c->timer = loop_timer(c->site->loop, JOB_POLL_MS, report, c);
        return;
    }
    if (!cellular) /* a MID alone, whose own access point comes later, may be reported where it came from */
        lease = initial_access_is_due(c->site) ? initial_access_lease(c->site) : NULL;
    c->lease = lease ? *lease : (struct lease){ .bound = false };
    service_dm_account(c->service, c->row.context, on_report_account, c);
}

void job_adopt(struct conductor *c)
{
    job_drop_values(c);
    c->report_delay_ms = 0;
    service_adopt(c->service, c->row.context);
    job_view_context(c->site, c->row.context);
    struct context_row row;
    if (store_context_get(c->site->store, c->row.context, &row) && row.committed)
        c->timer = loop_timer(c->site->loop, 0, report, c);
    else
        job_post(c, JOB_REPORT_TAKEN); /* a bearer alone: there is nobody to report to */
}

/* --- ROLLING_BACK --- */

const char *job_other_mid(struct conductor *c, const char *state)
{
    struct node *context = tree_find(c->site->tree, TREE_CONTEXT, c->row.context);
    for (struct node *n = tree_next(c->site->tree, TREE_MID, NULL); context && n; n = tree_next(c->site->tree, TREE_MID, n))
        if (strcmp(node_text(n, "Context"), node_path(context)) == 0 && strcmp(node_text(n, "State"), state) == 0 &&
            strcmp(node_id(n), c->row.mid) != 0)
            return node_id(n);
    return NULL;
}

static void on_restored(void *user, enum error_code status, enum mid_result result, const struct mid_entry *entry)
{
    struct conductor *c = user;
    (void)status; /* the table goes on: FAILED says why, the MID's state is visible */
    (void)result;
    (void)entry;
    c->tre_call = 0;
    job_post(c, JOB_ROLLED_BACK);
}

static void restore_mid(struct conductor *c)
{
    const char *old = job_other_mid(c, mid_state_name(MID_SUSPENDED));
    if (old)
        c->tre_call = trust_mid_set_state(c->site->trust, old, MID_ACTIVE, on_restored, c);
    else
        job_post(c, JOB_ROLLED_BACK);
}

static void on_undone(void *user, enum error_code status, enum mid_result result, const struct mid_entry *entry)
{
    struct conductor *c = user;
    (void)status; /* NOT_FOUND and the like: there is nothing to undo */
    (void)result;
    (void)entry;
    c->tre_call = 0;
    restore_mid(c);
}

/* One that was never in service is erased; one that was, before the job or at its very end, waits for the next one. Only a job with a MID has put another one
 * out of service: what an administrator suspended stays so. */
static void undo_mid(struct conductor *c)
{
    struct node *mid = c->row.mid[0] ? tree_find(c->site->tree, TREE_MID, c->row.mid) : NULL;
    bool fresh = mid && strcmp(node_text(mid, "State"), mid_state_name(MID_PROVISIONED)) == 0;
    if (!mid)
        job_post(c, JOB_ROLLED_BACK);
    else
        c->tre_call = trust_mid_set_state(c->site->trust, c->row.mid, fresh ? MID_ERASED : MID_SUSPENDED, on_undone, c);
}

static void on_bearer_down(void *user)
{
    struct conductor *c = user;
    c->busy_connecting = false;
    service_restore(c->service);
}

void job_roll_back(struct conductor *c)
{
    service_drop_trial(c->service);
    job_drop_values(c);
    if (c->site->bearers && c->touched_bearer) {
        c->busy_connecting = true; /* until the old state is back */
        bearers_disconnect(c->site->bearers, on_bearer_down, c);
    }
    undo_mid(c);
}
