/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of MIDs on disk: a provisioned TRE over the memory file system of support.h, packages and orders made by mid_package.py with openssl. */
#ifndef TESTS_TRED_MID_BENCH_H
#define TESTS_TRED_MID_BENCH_H

#include "support.h"
#include "tred/mid.h"

enum mid_bench_order { MID_BENCH_UNBLOCK = 2, MID_BENCH_MIGRATE = 3, MID_BENCH_ERASE = 4 }; /* numbers of the command */

/* Provisioned with an open registration; mid-1 in version 1 PROVISIONED, beside mid-2 that nothing happens to; the same with mid-1 ACTIVE,
 * and then BLOCKED. */
extern struct mem mid_bench_ready, mid_bench_one, mid_bench_active, mid_bench_blocked;

/* Makes them, once, and a folder for openssl that mid_bench_end removes. */
void mid_bench_setup(void);
void mid_bench_end(void);
/* The TRE as it starts over what is on the disk of m; NULL if it cannot. Give back with mid_bench_stop. */
struct tre *mid_bench_start(struct mem *m);
void mid_bench_stop(struct tre *t);
/* Hands over the package of mid-1 in that version, 1 or 2. */
enum mid_result mid_bench_install(struct tre *t, int version);
/* Hands over an order about mid-1 in version 1. */
enum mid_result mid_bench_command(struct tre *t, enum mid_bench_order command);
/* Whether the registry knows mid-1 by the hash of its package in its version. */
bool mid_bench_hash_known(struct tre *t);
/* Version * 10 + state of a MID; 0 if there is none. */
int mid_bench_seen(struct tre *t, const char *id);

#endif
