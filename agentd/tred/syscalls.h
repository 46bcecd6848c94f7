/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that agent-tred may make while it serves: what glibc and libcrypto need for files of the state directory, memory,
 * time, random numbers and packets. No network, no new process, no new program. Numbers of the machine that it is built for. */
#ifndef TRED_SYSCALLS_H
#define TRED_SYSCALLS_H

#include <sys/syscall.h>

/* Allowed whatever the arguments are. */
static const int syscalls_allowed[] = {
    __NR_read, __NR_write, __NR_pread64, __NR_close, __NR_fsync, __NR_openat, __NR_renameat, __NR_unlinkat, __NR_fstat, __NR_lseek,
    __NR_munmap, __NR_mremap, __NR_madvise, __NR_brk, __NR_mlock, __NR_mlock2, __NR_mincore, __NR_munlock, __NR_getrandom, __NR_memfd_create, __NR_fcntl,
    __NR_accept4, __NR_getsockopt, __NR_recvmsg, __NR_sendmsg, __NR_ppoll, __NR_futex, __NR_clock_gettime, __NR_gettimeofday, __NR_getpid,
    __NR_gettid, __NR_rt_sigaction, __NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_restart_syscall, __NR_exit, __NR_exit_group, __NR_sched_yield,
#ifdef __NR_poll
    __NR_poll,
#endif
#ifdef __NR_open
    __NR_open,
#endif
#ifdef __NR_rename
    __NR_rename,
#endif
#ifdef __NR_renameat2
    __NR_renameat2,
#endif
#ifdef __NR_newfstatat
    __NR_newfstatat,
#endif
#ifdef __NR_statx
    __NR_statx,
#endif
#ifdef __NR_time
    __NR_time,
#endif
#ifdef __NR__llseek
    __NR__llseek,
#endif
#ifdef __NR_fcntl64
    __NR_fcntl64,
#endif
#ifdef __NR_fstat64
    __NR_fstat64,
#endif
#ifdef __NR_fstatat64
    __NR_fstatat64,
#endif
#ifdef __NR_clock_gettime64
    __NR_clock_gettime64,
#endif
#ifdef __NR_ppoll_time64
    __NR_ppoll_time64,
#endif
#ifdef __NR_futex_time64
    __NR_futex_time64,
#endif
};

#endif
