/* SPDX-License-Identifier: Apache-2.0 */
/* Factory reset. Promises that identity, factory keys, tombstones (ids and versions of MIDs), orders that were carried out and counted wrong MACs stay; that a
 * MID which its issuer or this gateway's policy holds stays and is named. Must never run beside the service. */
#include "tred/reset.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/owner.h"
#include "base/text.h"
#include "tred/mid.h"
#include "tred/token.h"

static enum error_code mids_erase(struct tre *t, struct error *err)
{
    for (size_t i = 0; i < TRE_MID_MAX; i++) {
        char id[sizeof t->registry.mids[i].entry.id];
        const struct mid_row *row;
        (void)text_copy(id, sizeof id, t->registry.mids[i].entry.id);
        enum error_code rc = id[0] ? mid_set_state(t, id, MID_ERASED, &row) : ERROR_NONE;
        if (rc == ERROR_POLICY)
            log_warning("reset", "%s stays: only its issuer may erase it", id);
        else if (rc)
            return error_set(err, rc, "%s cannot be erased: %s", id, error_text(rc));
    }
    return ERROR_NONE;
}

static enum error_code tokens_spend(struct tre *t, struct error *err)
{
    for (size_t i = 0; i < REGISTRY_TOKENS; i++) {
        char context[sizeof t->registry.tokens[i].context];
        (void)text_copy(context, sizeof context, t->registry.tokens[i].context);
        enum error_code rc = context[0] ? token_spend(t, context) : ERROR_NONE;
        if (rc)
            return error_set(err, rc, "the registration of context %s cannot be closed: %s", context, error_text(rc));
    }
    return ERROR_NONE;
}

static enum error_code opened_reset(struct tre *t, struct error *err)
{
    if (t->state == TRE_UNPROVISIONED)
        return error_set(err, ERROR_UNPROVISIONED, "nothing to reset: not provisioned");
    if (t->state != TRE_READY)
        return error_set(err, t->cause, "the state does not open: %s", error_text(t->cause));
    enum error_code rc = mids_erase(t, err);
    return rc ? rc : tokens_spend(t, err);
}

enum error_code reset_run(struct backend *b, const char *state, struct error *err)
{
    struct tre t;
    int dir = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || !owner_become(dir)) {
        if (dir >= 0)
            close(dir);
        return error_set(err, ERROR_STORAGE, "cannot open %s as its owner", state);
    }
    enum error_code rc = tre_open(&t, b, state);
    if (rc)
        (void)error_set(err, rc, "cannot open the state directory %s", state);
    else {
        rc = opened_reset(&t, err);
        tre_close(&t);
    }
    close(dir);
    return owner_end() || rc ? rc : error_set(err, ERROR_INTERNAL, "cannot return to the first user");
}
