/* SPDX-License-Identifier: Apache-2.0 */
/* Start of the trusted environment: load identity and registry, check each MID (R2). Promises: one damaged MID blocks that MID only; a registry
 * that may be an older one blocks them all, for it may have forgotten an order; the TRE is BLOCKED only if identity or registry cannot be trusted. */
#include "tred/tre.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "tred/enrolment.h"
#include "tred/gba.h"
#include "tred/mid.h"
#include "tred/mide.h"
#include "tred/session.h"

uint64_t tre_now_ms(void)
{
    struct timespec ts;
    if (clock_gettime(CLOCK_BOOTTIME, &ts) != 0)
        return 0;
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static enum error_code load(struct tre *t)
{
    enum error_code rc = identity_key_state(&t->store, seal_load(&t->seal, t->backend, &t->vfs));
    if (!rc)
        rc = anchor_load(&t->anchor, t->backend, &t->store);
    if (!rc)
        rc = identity_load(&t->identity, &t->store);
    if (!rc && t->anchor.missing)
        rc = ERROR_ROLLED_BACK; /* provisioning made one, before the identity: somebody took it away */
    if (rc)
        return rc;
    rc = registry_load(&t->registry, &t->store);
    if (rc)
        return rc == ERROR_NOT_FOUND ? ERROR_STORAGE : rc; /* provisioning made one: somebody took it away */
    rc = registry_check(&t->store);
    t->registry_old = rc == ERROR_STORAGE;
    return t->registry_old ? ERROR_NONE : rc;
}

void tre_start(struct tre *t)
{
    enum error_code rc = load(t);
    if (rc == ERROR_NOT_FOUND) {
        t->state = TRE_UNPROVISIONED;
        return;
    }
    t->state = rc ? TRE_BLOCKED : TRE_READY;
    t->cause = rc;
    if (rc) {
        log_error("tre", "BLOCKED: %s (%s back end); %s", error_text(rc), t->backend->table->name,
                  rc == ERROR_STORAGE ? "identity or registry cannot be trusted, restore the state directory or replace the unit" : error_hint(rc));
        return;
    }
    t->mid_damaged = !mid_check_all(t);
    enrolment_check(t);
    log_notice("tre", "ready; gateway %s, %s back end", t->identity.gateway_id, t->backend->table->name);
}

/* What runs here, as its own file says; zeros if that cannot be read. */
static void program_measure(uint8_t out[HASH_LEN])
{
    uint8_t part[4096];
    unsigned len = 0;
    size_t n;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    FILE *in = fopen("/proc/self/exe", "re");
    bool ok = c && in && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1;
    while (ok && (n = fread(part, 1, sizeof part, in)) > 0)
        ok = EVP_DigestUpdate(c, part, n) == 1;
    ok = ok && !ferror(in) && EVP_DigestFinal_ex(c, out, &len) == 1;
    if (in)
        (void)fclose(in);
    EVP_MD_CTX_free(c);
    if (!ok)
        memset(out, 0, HASH_LEN);
}

enum error_code tre_open(struct tre *t, struct backend *backend, const char *state_dir)
{
    *t = (struct tre){ .backend = backend, .state = TRE_UNPROVISIONED };
    if (!vfs_open(&t->vfs, &t->dir, state_dir)) {
        log_error("tre", "cannot open the state directory %s: %s", state_dir, strerror(errno));
        return ERROR_STORAGE;
    }
    program_measure(t->program);
    t->store = (struct store){ .vfs = &t->vfs, .seal = &t->seal, .anchor = &t->anchor };
    tre_start(t);
    if (t->state == TRE_UNPROVISIONED)
        log_notice("tre", "unprovisioned; run agent-tred --provision");
    return ERROR_NONE;
}

void tre_refresh(struct tre *t)
{
    if (t->state == TRE_UNPROVISIONED)
        tre_start(t);
}

void tre_close(struct tre *t)
{
    mide_close_all(t);
    session_sweep(t, true);
    gba_sweep(t, true);
    seal_close(&t->seal);
    vfs_close(&t->dir);
}
