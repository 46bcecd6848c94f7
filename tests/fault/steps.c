/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of steps.h as a table. */
#include "steps.h"

#include "key_steps.h"
#include "tred/lifecycle.h"

enum { OTHER = 10 + MID_PROVISIONED, KEY_BEFORE = 100, KEY_AFTER = 200 };

static const struct {
    const char *name;
    struct mem *from;
    int before, after;
} plan[] = {
    [STEP_INSTALL] = { "install", &mid_bench_ready, 0, 10 + MID_PROVISIONED },
    [STEP_UPDATE] = { "update", &mid_bench_active, 10 + MID_ACTIVE, 20 + MID_ACTIVE },
    [STEP_ACTIVATE] = { "activate", &mid_bench_one, 10 + MID_PROVISIONED, 10 + MID_ACTIVE },
    [STEP_SUSPEND] = { "suspend", &mid_bench_active, 10 + MID_ACTIVE, 10 + MID_SUSPENDED },
    [STEP_UNBLOCK] = { "unblock", &mid_bench_blocked, 10 + MID_BLOCKED, 10 + MID_SUSPENDED },
    [STEP_MIGRATE] = { "migrate", &mid_bench_active, 10 + MID_ACTIVE, 10 + MID_MIGRATING },
    [STEP_ERASE] = { "erase", &mid_bench_active, 10 + MID_ACTIVE, 10 + MID_ERASED },
    [STEP_ORDERED_ERASE] = { "erase by order", &mid_bench_active, 10 + MID_ACTIVE, 10 + MID_ERASED },
    [STEP_ASK_KEY] = { "ask for a key", &mid_bench_active, KEY_BEFORE + 10 + MID_ACTIVE, KEY_AFTER + 10 + MID_ACTIVE },
    [STEP_REPLACE_KEY] = { "replace the key", &key_steps_asked, KEY_BEFORE + 10 + MID_ACTIVE, KEY_AFTER + 10 + MID_ACTIVE },
};

const char *step_name(enum step s)
{
    return plan[s].name;
}

struct mem *step_disk(enum step s)
{
    return g_memdup2(plan[s].from, sizeof *plan[s].from);
}

int step_before(enum step s)
{
    return plan[s].before;
}

int step_after(enum step s)
{
    return plan[s].after;
}

static bool request(struct tre *t, enum mid_state state)
{
    const struct mid_row *row;
    return mid_set_state(t, "mid-1", state, &row) == ERROR_NONE;
}

bool step_do(struct tre *t, enum step s)
{
    switch (s) {
    case STEP_INSTALL:
        return mid_bench_install(t, 1) == MID_OK;
    case STEP_UPDATE:
        return mid_bench_install(t, 2) == MID_OK;
    case STEP_ACTIVATE:
        return request(t, MID_ACTIVE);
    case STEP_SUSPEND:
        return request(t, MID_SUSPENDED);
    case STEP_UNBLOCK:
        return mid_bench_command(t, MID_BENCH_UNBLOCK) == MID_OK;
    case STEP_MIGRATE:
        return mid_bench_command(t, MID_BENCH_MIGRATE) == MID_OK;
    case STEP_ERASE:
        return request(t, MID_ERASED);
    case STEP_ORDERED_ERASE:
        return mid_bench_command(t, MID_BENCH_ERASE) == MID_OK;
    case STEP_ASK_KEY:
        return key_steps_ask(t);
    case STEP_REPLACE_KEY:
        return key_steps_install(t);
    case STEPS:
        break;
    }
    return false;
}

static int hundreds(struct tre *t, enum step s)
{
    if (s != STEP_ASK_KEY && s != STEP_REPLACE_KEY)
        return 0;
    return (s == STEP_ASK_KEY ? key_steps_is_asked(t) : key_steps_is_installed(t)) ? KEY_AFTER : KEY_BEFORE;
}

int step_seen(struct tre *t, enum step s)
{
    return hundreds(t, s) + mid_bench_seen(t, "mid-1");
}

static size_t files_of(const struct mem *m, const char *prefix)
{
    size_t count = 0;
    for (size_t i = 0; i < MEM_FILES; i++)
        count += m->now[i].name[0] && g_str_has_prefix(m->now[i].name, prefix);
    return count;
}

void step_check(struct tre *t, enum step s, bool done)
{
    int seen = step_seen(t, s);
    g_assert_cmpint(t->state, ==, TRE_READY);
    key_steps_check(t);
    g_assert_true(seen == plan[s].after || (!done && seen == plan[s].before));
    g_assert_true(!seen || mid_bench_hash_known(t)); /* what orders name it by */
    g_assert_cmpint(mid_bench_seen(t, "mid-2"), ==, OTHER);
    g_assert_cmpint(mid_verify(t, registry_mid(&t->registry, "mid-2")), ==, ERROR_NONE);
    if (seen && lifecycle_holds_keys((enum mid_state)(seen % 10)))
        g_assert_cmpint(mid_verify(t, registry_mid(&t->registry, "mid-1")), ==, ERROR_NONE);
}

void step_check_files(struct tre *t)
{
    int seen = mid_bench_seen(t, "mid-1");
    bool holds = seen && lifecycle_holds_keys((enum mid_state)(seen % 10));
    g_assert_cmpuint(files_of(t->vfs.ctx, "mid1."), ==, holds ? 1 : 0); /* no half one, and no second one */
    g_assert_cmpuint(files_of(t->vfs.ctx, "key1."), ==, holds ? 1 : 0);
    if (!holds)
        g_assert_cmpuint(files_of(t->vfs.ctx, "sqn1."), ==, 0);
    if (key_steps_is_installed(t)) {
        g_assert_cmpuint(files_of(t->vfs.ctx, "identity."), ==, 1);
        g_assert_cmpuint(files_of(t->vfs.ctx, "successor."), ==, 0);
    }
}
