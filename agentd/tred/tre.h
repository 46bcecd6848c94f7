/* SPDX-License-Identifier: Apache-2.0 */
/* The running trusted environment: what its rooms share. One instance a process, one thread. */
#ifndef TRED_TRE_H
#define TRED_TRE_H

#include <stdbool.h>
#include <stdint.h>

#include "tred/backend.h"
#include "tred/identity.h"
#include "tred/registry.h"
#include "tred/seal.h"
#include "tred/store.h"

struct engine;
struct gba;
struct session;

struct tre {
    struct vfs_dir dir;
    struct vfs vfs;
    struct backend *backend; /* started; borrowed */
    uint8_t program[HASH_LEN]; /* SHA-256 of the program that runs */
    struct seal seal;
    struct anchor anchor;
    struct store store;
    enum tre_state state;
    enum error_code cause; /* why BLOCKED */
    struct identity identity;
    struct registry registry;
    bool registry_old;    /* a slot of the registry was damaged at start: it may be an older one */
    bool enrolment_due;   /* the certificate of the platform key was issued for other programs */
    bool mid_damaged;     /* the integrity check at start blocked a MID */
    uint64_t refilled_ms; /* CLOCK_BOOTTIME up to which the budget of wrong MACs is refilled, and what is left of the unit last stored (push.c) */
    uint64_t unit_left;
    const char *agentd_user, *usimd_user; /* names that an ACL may use for these programs; NULL: none */
    struct engine *engines[TRE_MID_MAX];  /* opened ones by row of the registry (mide.c) */
    struct session *sessions;             /* session.c */
    uint32_t last_session;
    struct gba *gba; /* gba.c */
    struct tre_news { /* what the server tells these peers before it answers the request that brought it; peers 0: nothing */
        unsigned peers;
        uint16_t op;
        char mid[65];
    } news;
};

/* Opens the state directory and checks everything in it; t is usable (perhaps UNPROVISIONED or BLOCKED) unless the directory itself
 * cannot be opened (STORAGE). */
enum error_code tre_open(struct tre *t, struct backend *backend, const char *state_dir);
/* The same over a directory that t->vfs and t->store already name. */
void tre_start(struct tre *t);
/* Looks again while unprovisioned: provisioning is done by another process. */
void tre_refresh(struct tre *t);
void tre_close(struct tre *t);
uint64_t tre_now_ms(void); /* CLOCK_BOOTTIME */

#endif
