#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a running process do one system call and tells what came of it: what its filter is worth, without a word of its own code. x86-64, as root.

The process is stopped while it waits in a system call, does ours from the same instruction, gets its registers back and goes on. A text argument is put below its
stack. Must never be left attached.    usage: foreign_call.py PID NUMBER [INTEGER | TEXT]...    prints "returned N" or "killed by SIGNAL"
"""
import ctypes
import os
import platform
import signal
import subprocess
import sys

ATTACH, DETACH, STEP, GETREGS, SETREGS = 16, 17, 9, 12, 13
NUMBERS = {"getpid": 39, "getuid": 102, "socket": 41, "execve": 59, "fork": 57, "ptrace": 101, "openat": 257, "close": 3, "kill": 62, "connect": 42, "mprotect": 10,
           "clone": 56, "prctl": 157}
REGISTERS = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs gs").split()
ARGUMENTS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")
BELOW_STACK, SYSCALL = 4096, b"\x0f\x05"


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in REGISTERS]


def trace(request, pid, data=None):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if libc.ptrace(request, pid, None, data) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request} of {pid}")


def do(pid, number, words):
    trace(ATTACH, pid)
    os.waitpid(pid, 0)
    before, ours = Registers(), Registers()
    trace(GETREGS, pid, ctypes.byref(before))
    ctypes.memmove(ctypes.byref(ours), ctypes.byref(before), ctypes.sizeof(before))
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as mem:
        mem.seek(before.rip - len(SYSCALL))
        if mem.read(len(SYSCALL)) != SYSCALL:
            trace(DETACH, pid)
            raise RuntimeError("it is not in a system call")
        ours.rip, ours.rax, ours.orig_rax = before.rip - len(SYSCALL), number, 2 ** 64 - 1
        for i, (register, word) in enumerate(zip(ARGUMENTS, words)):
            if not word.lstrip("-").isdigit():
                at = before.rsp - BELOW_STACK + 256 * i
                mem.seek(at)
                mem.write(word.encode() + b"\0")
                word = str(at)
            setattr(ours, register, int(word) % 2 ** 64)
    trace(SETREGS, pid, ctypes.byref(ours))
    trace(STEP, pid)
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        return "killed by " + signal.Signals(os.WTERMSIG(status)).name
    trace(GETREGS, pid, ctypes.byref(ours))
    trace(SETREGS, pid, ctypes.byref(before))
    trace(DETACH, pid)
    return f"returned {ctypes.c_longlong(ours.rax).value}"


def here():
    """False where the numbers above are not those of the machine."""
    return platform.machine() == "x86_64"


def has_landlock():
    """Whether this kernel has it: landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION)."""
    return ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) >= 1


def need_numbers(case):
    if not here():
        case.skipTest("numbers of system calls are those of x86-64")


def need_landlock(case):
    """Else user and mode guard files, as the declaration of the sandbox says."""
    need_numbers(case)
    if not has_landlock():
        case.skipTest("this kernel has no Landlock")


def foreign_call(pid, name, *words):
    """In a process of its own: whoever started PID still gets its exit status."""
    done = subprocess.run([sys.executable, "-B", __file__, str(pid), str(NUMBERS[name]), *map(str, words)], capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.strip()


if __name__ == "__main__":
    print(do(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
