/* SPDX-License-Identifier: Apache-2.0 */
/* A filter of system calls (seccomp) out of tables: what is not in them is refused, or ends the process. */
#ifndef BASE_FILTER_H
#define BASE_FILTER_H

#include <linux/audit.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define FILTER_ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define FILTER_ARCH AUDIT_ARCH_ARM
#elif defined(__mips__) && defined(__MIPSEL__)
#define FILTER_ARCH AUDIT_ARCH_MIPSEL
#elif defined(__mips__)
#define FILTER_ARCH AUDIT_ARCH_MIPS
#elif defined(__riscv) && __riscv_xlen == 64
#define FILTER_ARCH AUDIT_ARCH_RISCV64
#else
#error "no seccomp architecture for this machine"
#endif

struct filter_numbers {
    const int *list;
    size_t count;
};

#define FILTER_NUMBERS(array) { (array), sizeof(array) / sizeof *(array) }

struct filter {
    struct filter_numbers allowed;  /* system calls, whatever their arguments are; memory may be mapped and protected besides, but never executable */
    struct filter_numbers families; /* of socket(); none: no socket */
    bool threads;                   /* may be made; processes never */
    bool kill;                      /* what is refused ends the process (SIGSYS), else it fails with EPERM */
};

/* For all threads of the process, for ever. The caller has set PR_SET_NO_NEW_PRIVS. False with errno: the caller must not serve. */
bool filter_enter(const struct filter *f);

#endif
