/* SPDX-License-Identifier: Apache-2.0 */
/* The verification of agent-tred in this process: its own code over a file system in memory. In a file of its own because agentd has rooms of the same
 * names. */
#ifndef TESTS_START_TRE_BENCH_H
#define TESTS_START_TRE_BENCH_H

#include "base/error.h"
#include "base/reader.h"

struct tre_bench;

struct tre_bench *tre_bench_new(const char *pin);
void tre_bench_free(struct tre_bench *b);
/* The verdict over one message as if it were the first: tries and budget are full again. */
enum error_code tre_bench_verify(struct tre_bench *b, uint8_t sec, struct slice mac, const char *imsi, const char *typed, struct slice document);
/* The same over an instruction with a MAC by the device PIN: covered is its MAC_structure. */
enum error_code tre_bench_instruction(struct tre_bench *b, struct slice mac, struct slice covered);
/* The verdict over a fitting USERPIN message after some wrong ones, and after ms of time; nothing is filled up. */
enum error_code tre_bench_after(struct tre_bench *b, uint64_t wrong, uint64_t ms, struct slice good_mac, struct slice document);

#endif
