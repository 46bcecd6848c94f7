/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the one order under way. Never pulls. */
#include "package_host.h"

static const struct loop *host_loop;
static void (*host_changed)(void);
static software_outcome_fn *host_outcome;
static void *host_user;
static uint64_t told;

static bool can(void *user)
{
    (void)user;
    return true;
}

static bool load(void *user, unsigned place, char *text, size_t cap)
{
    (void)user, (void)place, (void)text, (void)cap;
    return false;
}

static bool save(void *user, unsigned place, const char *text)
{
    (void)user, (void)place, (void)text;
    return true;
}

static void tell(void *user)
{
    (void)user;
    told = 0;
    host_changed();
}

static void changed(void *user)
{
    (void)user;
    if (!told)
        told = loop_timer(host_loop, 0, tell, NULL);
}

static void done(void *user)
{
    software_outcome_fn *outcome = host_outcome;
    (void)user;
    host_outcome = NULL;
    outcome(host_user, SOFTWARE_DONE, "operator-meter 1.0");
}

static bool order(void *user, const struct software_order *o, software_outcome_fn *outcome, void *outcome_user)
{
    (void)user;
    (void)o;
    if (host_outcome)
        return false;
    host_outcome = outcome;
    host_user = outcome_user;
    (void)loop_timer(host_loop, 0, done, NULL);
    return true;
}

static enum download_result fetch(void *user, const char *uri, download_sink_fn *sink, download_outcome_fn *outcome, void *outcome_user)
{
    (void)user, (void)uri, (void)sink, (void)outcome, (void)outcome_user;
    return DOWNLOAD_UNSUPPORTED_PROTOCOL;
}

static void fetch_stop(void *user)
{
    (void)user;
}

struct software *package_host_new(const struct loop *loop, const char *folder, void (*changed_fn)(void))
{
    struct software_host host = { .folder = folder, .can = can, .load = load, .save = save, .order = order, .changed = changed,
                                  .source = { .fetch = fetch, .fetch_stop = fetch_stop } };
    host_loop = loop;
    host_changed = changed_fn;
    return software_new(loop, &host);
}
