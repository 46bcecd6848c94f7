/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that agent-usimd may make while it serves: what GLib needs for its loop and for watching a folder, and libc for files, memory and local
 * sockets. No new program, no process, no socket but local and IPv4 ones. Numbers of the machine that it is built for. */
#ifndef USIMD_SYSCALLS_H
#define USIMD_SYSCALLS_H

#include <sys/socket.h>
#include <sys/syscall.h>

static const int syscalls_allowed[] = {
    __NR_read, __NR_write, __NR_readv, __NR_writev, __NR_pread64, __NR_close, __NR_openat, __NR_unlinkat, __NR_fstat, __NR_lseek, __NR_getdents64, __NR_readlinkat, __NR_faccessat,
    __NR_statfs, __NR_fstatfs, __NR_munmap, __NR_mremap, __NR_madvise, __NR_brk, __NR_mlock, __NR_mlock2, __NR_mincore, __NR_munlock, __NR_getrandom, __NR_fcntl, __NR_ioctl, __NR_dup, __NR_pipe2,
    __NR_eventfd2, __NR_connect, __NR_bind, __NR_shutdown, __NR_getsockname, __NR_getpeername, __NR_getsockopt, __NR_setsockopt, __NR_sendto, __NR_recvfrom,
    __NR_sendmsg, __NR_recvmsg, __NR_ppoll, __NR_futex, __NR_set_robust_list, __NR_clock_gettime, __NR_clock_nanosleep, __NR_nanosleep, __NR_gettimeofday, __NR_getpid, __NR_gettid,
    __NR_getuid, __NR_geteuid, __NR_getgid, __NR_getegid, __NR_uname, __NR_sysinfo, __NR_sched_getaffinity, __NR_sched_yield, __NR_prlimit64, __NR_inotify_init1,
    __NR_inotify_add_watch, __NR_inotify_rm_watch, __NR_rt_sigaction, __NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_sigaltstack, __NR_tgkill, __NR_restart_syscall,
    __NR_exit, __NR_exit_group,
#ifdef __NR_poll
    __NR_poll,
#endif
#ifdef __NR_open
    __NR_open,
#endif
#ifdef __NR_unlink
    __NR_unlink,
#endif
#ifdef __NR_access
    __NR_access,
#endif
#ifdef __NR_readlink
    __NR_readlink,
#endif
#ifdef __NR_newfstatat
    __NR_newfstatat,
#endif
#ifdef __NR_stat
    __NR_stat, __NR_lstat,
#endif
#ifdef __NR_statx
    __NR_statx,
#endif
#ifdef __NR_rseq
    __NR_rseq,
#endif
#ifdef __NR_time
    __NR_time,
#endif
#ifdef __NR_send
    __NR_send, __NR_recv,
#endif
#ifdef __NR_socketcall
    __NR_socketcall, /* some machines have no other; its arguments are out of sight */
#endif
#ifdef __NR__llseek
    __NR__llseek,
#endif
#ifdef __NR_fcntl64
    __NR_fcntl64, __NR_fstat64, __NR_fstatat64,
#endif
#ifdef __NR_clock_gettime64
    __NR_clock_gettime64, __NR_clock_nanosleep_time64, __NR_ppoll_time64, __NR_futex_time64,
#endif
};

static const int socket_families[] = { AF_UNIX, AF_INET };

#endif
