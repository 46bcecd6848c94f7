# SPDX-License-Identifier: Apache-2.0
"""What a serving trusted environment can no longer do, each call made by that very process (foreign_call.py), under the filter and the Landlock rules that it put
upon itself. Owns: the table of calls. A class for the benches of both programs."""
import os
import signal

from foreign_call import foreign_call, need_landlock, need_numbers

AT_FDCWD, EACCES = -100, 13
KILLED = (  # a call, and what it is
    ("a socket of the Internet", ("socket", 2, 1, 0)), ("a local socket", ("socket", 1, 1, 0)), ("a packet socket", ("socket", 17, 3, 0)),
    ("a connection", ("connect", 0, 0, 0)), ("a program", ("execve", "/bin/true", 0, 0)), ("a process", ("fork",)), ("tracing", ("ptrace", 0, 0, 0, 0)),
    ("tracing another", ("ptrace", 16, 1, 0, 0)), ("a signal to another", ("kill", 1, 0)), ("executable memory", ("mprotect", 0, 4096, 4)),
)
OUTSIDE = ("/etc/passwd", "/etc/hostname", "/proc/self/mem", "/proc/1/mem", "/dev/null", "/", "..")
CREATE = os.O_WRONLY | os.O_CREAT


class Denied:
    def denied_calls(self):
        need_numbers(self)
        # the control: what it may do is done, and its own folder is open
        self.assertEqual(foreign_call(self.proc.pid, "getpid"), f"returned {self.proc.pid}")
        inside = foreign_call(self.proc.pid, "openat", AT_FDCWD, self.state + "/probe", CREATE, 0o600)
        self.assertRegex(inside, r"^returned \d+$")
        foreign_call(self.proc.pid, "close", int(inside.split()[1]))
        os.unlink(self.state + "/probe")
        with self.subTest("files outside"):
            need_landlock(self)
            for path in OUTSIDE:
                self.assertEqual((path, foreign_call(self.proc.pid, "openat", AT_FDCWD, path, os.O_RDONLY)), (path, f"returned {-EACCES}"))
            made = self.dir + "/made"
            self.assertEqual(foreign_call(self.proc.pid, "openat", AT_FDCWD, made, CREATE, 0o600), f"returned {-EACCES}")
            self.assertFalse(os.path.exists(made))
        self.assertIsNone(self.proc.poll())
        for what, call in KILLED:
            self.assertEqual((what, foreign_call(self.proc.pid, *call)), (what, "killed by SIGSYS"))
            self.assertEqual(self.proc.wait(10), -signal.SIGSYS)
            self.restart()
            self.assertIsNone(self.proc.poll())
