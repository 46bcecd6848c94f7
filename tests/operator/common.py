# SPDX-License-Identifier: Apache-2.0
"""What the operator's programs share: the event log, state files, the openssl command line, clean error ends.

Promises: an event is one JSON object a line, flushed at once, with `t` (Unix seconds) and `event`; a state file is replaced whole or not at all; a
program ends with one line of cause and status 1, never with a traceback for a wrong input. Must never write a secret into an event.
"""
from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator

sys.path.append(str(Path(__file__).resolve().parents[1] / "sim"))  # the simulated network's SMS builder serves the sender too


class Refused(Exception):
    """A wrong input or an impossible request; the text is for the user."""


class EventLog:
    """JSON lines in a file; safe for threads."""

    def __init__(self, path: Path | None, echo: bool = False) -> None:
        self.path, self.echo, self.lock = path, echo, threading.Lock()
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)

    def __call__(self, event: str, **fields: Any) -> None:
        line = json.dumps({"t": round(time.time(), 3), "event": event, **fields}, ensure_ascii=False)
        with self.lock:
            if self.path:
                with self.path.open("a", encoding="utf-8") as f:
                    f.write(line + "\n")
            if self.echo:
                print(line, flush=True)


def read_events(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def write_file(path: Path, data: bytes, mode: int = 0o644) -> None:
    """tmp, fsync, rename: whole or not at all."""
    tmp = path.with_name(path.name + f".{os.getpid()}.{threading.get_ident()}.new")
    fd = os.open(tmp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(fd, "wb") as f:
        f.write(data)
        f.flush()
        os.fsync(f.fileno())
    os.rename(tmp, path)


def load_json(path: Path, default: Any = None) -> Any:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return default
    except ValueError as e:
        raise Refused(f"{path}: not JSON: {e}") from None


@contextlib.contextmanager
def json_state(path: Path, mode: int = 0o600) -> Iterator[dict]:
    """A JSON object that several programs change: read under a lock, written back when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_name("." + path.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = load_json(path, {})
        yield state
        write_file(path, (json.dumps(state, indent=1, sort_keys=True) + "\n").encode(), mode)


def openssl(*args: str | Path, data: bytes | None = None) -> bytes:
    """Runs the openssl command line; its output, or Refused with its last words."""
    done = subprocess.run(["openssl", *map(str, args)], input=data, capture_output=True, check=False)
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        raise Refused(f"openssl {args[0]}: " + (" | ".join(words[-3:]) or f"status {done.returncode}"))
    return done.stdout


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def from_b64(text: str | bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused("not base64") from None


def run_program(main: Callable[[], int | None]) -> None:
    """Ends the process with the status of main; a Refused or a missing file is one line on stderr."""
    try:
        sys.exit(main() or 0)
    except (Refused, OSError) as e:
        print(f"{Path(sys.argv[0]).name}: {e}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
