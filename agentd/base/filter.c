/* SPDX-License-Identifier: Apache-2.0 */
/* The filter's program. Promises: the architecture is looked at first, no program can be started, no process made, no memory made executable by what the tables
 * do not name; must never be undone. */
#include "base/filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { PROGRAM_MAX = 320 };

static const int mappings[] = { /* without PROT_EXEC in the third argument */
    __NR_mmap, __NR_mprotect,
#ifdef __NR_mmap2
    __NR_mmap2,
#endif
};

struct program {
    struct sock_filter steps[PROGRAM_MAX];
    unsigned short len;
    uint32_t refusal;
};

static void step(struct program *p, struct sock_filter f)
{
    if (p->len < PROGRAM_MAX)
        p->steps[p->len++] = f;
}

static void load(struct program *p, size_t offset)
{
    step(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void verdict(struct program *p, uint32_t what)
{
    step(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what));
}

/* Skips that many steps unless what was loaded is that number. */
static void unless(struct program *p, int number, size_t skipped)
{
    step(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, (uint8_t)skipped));
}

/* The low half of argument n, wherever the machine keeps it. */
static size_t argument_offset(size_t n)
{
    static const union {
        uint16_t word;
        uint8_t first;
    } order = { 1 };
    return offsetof(struct seccomp_data, args) + n * sizeof(uint64_t) + (order.first ? 0 : sizeof(uint32_t));
}

/* A call whose argument n decides: with any of these bits it gets the one verdict, else the other. */
static void by_bits(struct program *p, int number, size_t n, uint32_t bits, uint32_t with, uint32_t without)
{
    unless(p, number, 4);
    load(p, argument_offset(n));
    step(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1));
    verdict(p, with);
    verdict(p, without);
}

/* A call whose first argument must be one of these. */
static void by_values(struct program *p, int number, const struct filter_numbers *values)
{
    unless(p, number, 2 + 2 * values->count);
    load(p, argument_offset(0));
    for (size_t i = 0; i < values->count; i++) {
        unless(p, values->list[i], 1);
        verdict(p, SECCOMP_RET_ALLOW);
    }
    verdict(p, p->refusal);
}

/* clone3 has its flags in memory, where no filter looks: without it libc takes clone. A thread gives itself a name. */
static void threads(struct program *p)
{
    unless(p, __NR_clone3, 1);
    verdict(p, SECCOMP_RET_ERRNO | ENOSYS);
    by_bits(p, __NR_clone, 0, CLONE_THREAD, SECCOMP_RET_ALLOW, p->refusal);
    by_values(p, __NR_prctl, &(struct filter_numbers){ (const int[]){ PR_SET_NAME }, 1 });
}

static void program_make(struct program *p, const struct filter *f)
{
    *p = (struct program){ .refusal = f->kill ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | EPERM };
    load(p, offsetof(struct seccomp_data, arch));
    step(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FILTER_ARCH, 1, 0));
    verdict(p, SECCOMP_RET_KILL_PROCESS);
    load(p, offsetof(struct seccomp_data, nr)); /* x32 numbers carry a high bit and match nothing below */
    for (size_t i = 0; i < f->allowed.count; i++) {
        unless(p, f->allowed.list[i], 1);
        verdict(p, SECCOMP_RET_ALLOW);
    }
    for (size_t i = 0; i < sizeof mappings / sizeof *mappings; i++)
        by_bits(p, mappings[i], 2, PROT_EXEC, p->refusal, SECCOMP_RET_ALLOW);
    if (f->families.count)
        by_values(p, __NR_socket, &f->families);
    if (f->threads)
        threads(p);
    verdict(p, p->refusal);
}

bool filter_enter(const struct filter *f)
{
    struct program p;
    program_make(&p, f);
    struct sock_fprog prog = { .len = p.len, .filter = p.steps };
    if (p.len == PROGRAM_MAX) {
        errno = E2BIG;
        return false;
    }
    return f->threads ? syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &prog) == 0
                      : prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0;
}
