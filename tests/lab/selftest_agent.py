#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Stands in for the agent on the bus, to show what our bus policy lets through.

usage: selftest_agent.py NAME             own NAME, one readable property, a signal every 0.2 s
       selftest_agent.py --listen NAME    exit 0 if one of its signals is heard within 1.5 s
Must never be used by a scenario.
"""
import sys

from gi.repository import Gio, GLib

XML = """<node><interface name="%s.Manager"><property name="State" type="s" access="read"/>
<signal name="Beat"/></interface></node>"""


def serve(bus, loop, name: str) -> None:
    info = Gio.DBusNodeInfo.new_for_xml(XML % name).interfaces[0]
    bus.register_object("/x", info, None, lambda *_: GLib.Variant("s", "idle"), None)
    Gio.bus_own_name_on_connection(bus, name, 0, None, lambda *_: loop.quit())
    GLib.timeout_add(200, lambda: bus.emit_signal(None, "/x", name + ".Manager", "Beat", None) or True)


def listen(bus, loop, name: str, heard: list) -> None:
    bus.signal_subscribe(name, name + ".Manager", "Beat", "/x", None, 0, lambda *_: (heard.append(1), loop.quit()))
    GLib.timeout_add(1500, loop.quit)


def main() -> int:
    loop, heard = GLib.MainLoop(), []
    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM, None)
    if sys.argv[1] == "--listen":
        listen(bus, loop, sys.argv[2], heard)
    else:
        serve(bus, loop, sys.argv[1])
    loop.run()
    return 0 if heard else 1


if __name__ == "__main__":
    sys.exit(main())
