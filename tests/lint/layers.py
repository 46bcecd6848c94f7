#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who may include whom. Owns: the order of the rooms; proved from every #include "..." of agentd/ and plugins/.

usage: layers.py [TREE] [--graph]     --graph prints room -> rooms that it includes
"""
import re
import sys
from pathlib import Path

# From the ground up: a room may include only rooms before it. "main" is what lies in agentd/ itself.
ROOMS = ["base", "model", "codec", "store", "glue", "access", "card", "trust", "net", "modem", "bearer", "mid", "pn", "dm", "lwm2m", "bootstrap", "bus", "main"]
PROGRAMS = {"tred": {"base", "codec", "model"}, "modemd": {"base", "codec", "model", "glue"}, "usimd": {"base", "codec", "model", "glue"},
            "sysd": {"base", "codec", "model"}, "ctl": {"base", "codec", "model"}}
FOR_PROGRAMS = {"glue"}  # composition only: no room may include it
WITHOUT_GLIB = {"base", "model", "codec", "store", "tred", "sysd"}
GLIB = re.compile(r"^(glib|gio|gmodule|gobject|libmm-glib|libqmi-glib|ModemManager)")
STAGES = ("start", "briefing", "execution")
CONDUCTOR = {"bootstrap/job/job.c"}
PURE = "codec"  # bytes in, value or error out
IMPURE_HEADERS = re.compile(r"^(unistd|fcntl|time|sys/(socket|time|stat|mman|ioctl)|poll|pthread|syslog|signal)\.h$")
IMPURE_ROOMS = {"base/log.h", "base/clock.h", "base/loop.h", "base/wire.h"}
IMPURE_CALLS = re.compile(r"\b(malloc|calloc|realloc|strdup|fopen|printf|time|clock_gettime)\s*\(")
GENERATED = {"config.h", "bus/agent-dbus.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


class Source:
    def __init__(self, path, base):
        self.name = path.relative_to(base).as_posix()
        self.text = COMMENT.sub("", path.read_text(encoding="utf-8"))
        found = INCLUDE.findall(self.text)
        self.ours = [name for mark, name in found if mark == '"']
        self.system = [name for mark, name in found if mark == "<"]
        self.room = self.name.split("/")[0] if "/" in self.name else "main"


def room_of(include):
    return include.split("/")[0] if "/" in include else "main"


def known_rooms(sources):
    for s in sources:
        if s.room not in ROOMS and s.room not in PROGRAMS:
            yield f"{s.name}: folder {s.room} is not in the table"


def resolved(sources):
    """Every quoted name is a file of ours, given from agentd/."""
    have = {s.name for s in sources} | GENERATED
    for s in sources:
        for name in s.ours:
            if name not in have:
                yield f'{s.name}: "{name}" does not exist, or is not given from agentd/'


def downwards(sources):
    for s in sources:
        if s.room not in ROOMS:
            continue
        for name in s.ours:
            to = room_of(name)
            if to in ROOMS and ROOMS.index(to) > ROOMS.index(s.room) and name != "config.h":
                yield f"{s.name}: {to} stands above {s.room} ({name})"
            if to in PROGRAMS:
                yield f"{s.name}: {to} is a program of its own ({name})"
            if to in FOR_PROGRAMS and s.room not in ("main", to):
                yield f"{s.name}: only programs include {to} ({name})"


def programs_alone(sources):
    for s in sources:
        for name in s.ours:
            to = room_of(name)
            if s.room in PROGRAMS and to != s.room and to not in PROGRAMS[s.room] and name != "config.h":
                yield f"{s.name}: {s.room} may not use {to} ({name})"


def free_of_glib(sources):
    for s in sources:
        for name in s.system:
            if s.room in WITHOUT_GLIB and GLIB.match(name):
                yield f"{s.name}: <{name}>"


def pure_codec(sources):
    for s in sources:
        if s.room != PURE:
            continue
        yield from (f"{s.name}: <{n}>" for n in s.system if IMPURE_HEADERS.match(n))
        yield from (f"{s.name}: {n}" for n in s.ours if n in IMPURE_ROOMS)
        yield from (f"{s.name}: {c}()" for c in IMPURE_CALLS.findall(s.text))


def stages_apart(sources):
    """Stages never include each other; one conductor knows them all."""
    for s in sources:
        stages = {name.split("/")[1] for name in s.ours if name.startswith("bootstrap/") and name.split("/")[1] in STAGES}
        own = s.name.split("/")[1] if s.name.startswith("bootstrap/") else ""
        if own in STAGES and stages - {own}:
            yield f"{s.name}: stage {own} includes {', '.join(sorted(stages - {own}))}"
        elif own not in STAGES and len(stages) > 1 and s.name not in CONDUCTOR:
            yield f"{s.name}: knows the stages {', '.join(sorted(stages))}; only {', '.join(CONDUCTOR)} may"


def no_cycles(sources):
    graph = {s.name: [n for n in s.ours] for s in sources}
    state = {}

    def visit(name, trail):
        if state.get(name) == "done" or name not in graph:
            return
        if state.get(name) == "open":
            yield " -> ".join([*trail[trail.index(name):], name])
            return
        state[name] = "open"
        for to in graph[name]:
            yield from visit(to, [*trail, name])
        state[name] = "done"

    for name in graph:
        yield from visit(name, [])


def rooms_without_cycles(sources):
    """Of two rooms at most one knows the other (what downwards allows among programs and helpers)."""
    pairs = {(s.room, room_of(n)) for s in sources for n in s.ours if room_of(n) != s.room and n not in GENERATED}
    return (f"{a} and {b} include each other" for a, b in sorted(pairs) if a < b and (b, a) in pairs)


def plugins(tree, sources):
    """A plug-in sees its table, values and base; nothing of the core."""
    own = {p.name for p in (tree / "plugins").rglob("*.h")}
    allowed = {s.name for s in sources if s.room in ("base", "model")} | {"bearer/plugin.h", "config.h"}
    for path in sorted((tree / "plugins").rglob("*.[ch]")):
        for mark, name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            if mark == '"' and name not in allowed and name not in own:
                yield f"{path.relative_to(tree)}: {name}"


def print_graph(sources):
    for room in [*ROOMS, *PROGRAMS]:
        used = {room_of(n) for s in sources if s.room == room for n in s.ours if n not in GENERATED} - {room}
        if any(s.room == room for s in sources):
            print(f"{room:10} -> {' '.join(sorted(used))}")


def main():
    words = [w for w in sys.argv[1:] if not w.startswith("--")]
    tree = Path(words[0] if words else Path(__file__).resolve().parents[2])
    sources = [Source(p, tree / "agentd") for p in sorted((tree / "agentd").rglob("*.[ch]"))]
    if "--graph" in sys.argv:
        print_graph(sources)
        return 0
    failed = 0
    rules = [known_rooms, resolved, downwards, programs_alone, free_of_glib, pure_codec, stages_apart, no_cycles, rooms_without_cycles]
    for rule, found in [*((r.__name__, list(r(sources))) for r in rules), ("plugins", list(plugins(tree, sources)))]:
        failed += bool(found)
        print(f"{'FAIL' if found else 'ok  '} {rule} ({len(sources)} files)" + "".join("\n  " + f for f in found))
    print(f"{len(rules) + 1 - failed} passed, {failed} failed")
    return 1 if failed or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
