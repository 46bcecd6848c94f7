# SPDX-License-Identifier: Apache-2.0
"""A TPM 2.0: the real swtpm on a Unix socket, and the two commands by which firmware measures itself, as octets (TPM 2.0 part 3).

Owns FOLDER (the TPM's state) and its process. start() is a power-up: registers are zero again, what is non-volatile stays. swtpm serves one connection at a
time: measure before the program under test starts. Must never be asked what the program under test is asked.
"""
import hashlib
import os
import socket
import struct
import subprocess
import time
from pathlib import Path

BANK = bytes.fromhex("000b")  # SHA-256
NO_SESSIONS, SESSIONS, PASSWORD = 0x8001, 0x8002, 0x40000009
PCR_EXTEND, PCR_READ, NV_UNDEFINE, OWNER = 0x182, 0x17E, 0x122, 0x40000001


class Tpm:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.path = self.folder / "socket"
        self.process = None

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.folder}", "--server", f"type=unixio,path={self.path}",
                                             "--flags", "not-need-init,startup-clear"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + 20
        while True:
            try:
                self.read(0)
                return self
            except (FileNotFoundError, ConnectionRefusedError):
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("swtpm: " + (self.folder / "log").read_text(errors="replace")[-500:]) from None
                time.sleep(0.02)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def restart(self):
        self.stop()
        return self.start()

    def command(self, tag, code, body):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(str(self.path))
            s.sendall(struct.pack(">HII", tag, 10 + len(body), code) + body)
            answer = b""
            while len(answer) < 10 or len(answer) < struct.unpack(">I", answer[2:6])[0]:
                part = s.recv(4096)
                if not part:
                    raise RuntimeError("swtpm closed the connection")
                answer += part
        code = struct.unpack(">I", answer[6:10])[0]
        if code:
            raise RuntimeError(f"TPM answered {code:#x}")
        return answer[10:]

    def authorised(self, code, handles, body=b""):
        """A command with the empty password, as everything here has."""
        auth = struct.pack(">IHBH", PASSWORD, 0, 0, 0)
        self.command(SESSIONS, code, handles + struct.pack(">I", len(auth)) + auth + body)

    def extend(self, index, text):
        """What firmware does with what it starts next (section 22.2)."""
        self.authorised(PCR_EXTEND, struct.pack(">I", index), struct.pack(">I", 1) + BANK + hashlib.sha256(text.encode()).digest())

    def undefine(self, index):
        """What the TPM's owner can do with a counter (section 31.4)."""
        self.authorised(NV_UNDEFINE, struct.pack(">II", OWNER, index))

    def read(self, index):
        """The value of a register in the SHA-256 bank (section 22.4)."""
        return self.command(NO_SESSIONS, PCR_READ, struct.pack(">I", 1) + BANK + b"\3" + (1 << index).to_bytes(3, "little"))[-32:]

    def boot(self, *measured):
        """A power-up in which registers were extended: (index, text)."""
        self.restart()
        for index, text in measured:
            self.extend(index, text)
        return self

    def give_to(self, uid, gid):
        """Who may open the socket, like the group of /dev/tpmrm0."""
        self.folder.chmod(0o755)
        os.chown(self.path, uid, gid)
