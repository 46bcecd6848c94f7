/* SPDX-License-Identifier: Apache-2.0 */
/* A NAPDEF that this room was given, kept with its password in locked memory. Not for other rooms. */
#ifndef BEARER_BEARER_PLAN_H
#define BEARER_BEARER_PLAN_H

#include <stdbool.h>

#include "base/secret.h"
#include "model/settings.h"

enum { PLAN_ID = 64 };

struct plan {
    char id[PLAN_ID];         /* of the Bearer node; "" : nothing planned */
    struct napdef napdef;     /* password is empty here */
    struct secret *password;
    bool limited; /* for some hosts alone */
};

/* Copies; an earlier plan in p is dropped. ERROR_INVALID (no id, too long, no APN and not the default), ERROR_NO_MEMORY; then p is empty. */
enum error_code plan_set(struct plan *p, const char *id, const struct napdef *napdef);
void plan_clear(struct plan *p);
/* from becomes empty. */
void plan_move(struct plan *to, struct plan *from);
bool plan_is_set(const struct plan *p);
/* The same bearer: same id, APN, authentication, address type, and limited or not. */
bool plan_equal(const struct plan *a, const struct plan *b);
/* napdef with its password, for one call of the plug-in; wipe it with secret_zero afterwards. */
void plan_open(const struct plan *p, struct napdef *out);

#endif
