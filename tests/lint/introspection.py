#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The running daemon says of itself what dbus/*.xml says: every method, argument, property, signal and annotation, nothing less and nothing more.

Owns: the comparison. An interface of which no object exists now cannot be looked at: skipped and named, or failed with --all.
Must never write to the bus.    usage: introspection.py [--address BUS] [--xml FOLDER] [--all]     (default: the system bus)
"""
import argparse
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

NAME = "org.gatewayagent.Agent1"
ROOT = "/org/gatewayagent/Agent1"
LOG = "/org/freedesktop/LogControl1"


def annotations(element):
    """But for those that speak to the code generator."""
    return sorted((a.get("name"), a.get("value")) for a in element.findall("annotation") if not a.get("name").startswith("org.gtk.GDBus.C."))


def arguments(element, default):
    return [(a.get("name"), a.get("type"), a.get("direction", default), tuple(annotations(a))) for a in element.findall("arg")]


def describe(interface):
    """Interface element -> {"method X": ..., "property Y": ...}; the order of members does not matter."""
    out = {"annotations": annotations(interface)}
    for element in interface:
        key = f"{element.tag} {element.get('name')}"
        if element.tag == "method":
            out[key] = arguments(element, "in"), annotations(element)
        elif element.tag == "signal":
            out[key] = [a[:2] for a in arguments(element, "out")], annotations(element)
        elif element.tag == "property":
            out[key] = element.get("type"), element.get("access"), annotations(element)
    return out


def declared(folder):
    return {i.get("name"): describe(i) for path in sorted(folder.glob("*.xml")) for i in ElementTree.parse(path).getroot().iter("interface")}


def unannotated(interfaces):
    """Properties that do not say whether they signal their changes."""
    name = "org.freedesktop.DBus.Property.EmitsChangedSignal"
    return [f"{i}: {key} without {name}" for i, members in interfaces.items() for key, value in members.items()
            if key.startswith("property ") and name not in dict(value[2])]


class Peer:
    def __init__(self, address):
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.connection = (Gio.DBusConnection.new_for_address_sync(address, flags, None, None) if address
                           else Gio.bus_get_sync(Gio.BusType.SYSTEM, None))

    def call(self, path, interface, method):
        return self.connection.call_sync(NAME, path, interface, method, None, None, Gio.DBusCallFlags.NO_AUTO_START, 10000, None).unpack()[0]

    def interfaces(self, path):
        root = ElementTree.fromstring(self.call(path, "org.freedesktop.DBus.Introspectable", "Introspect"))
        return {i.get("name"): describe(i) for i in root.findall("interface")}

    def paths(self):
        return [ROOT, LOG, *sorted(self.call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"))]


def differences(want, have):
    for key in sorted(set(want) | set(have)):
        if want.get(key) != have.get(key):
            yield f"{key}: XML {want.get(key)}, daemon {have.get(key)}"


def compare(want, peer):
    """Interface -> list of troubles; interfaces that no object has are absent."""
    out = {}
    for path in peer.paths():
        for name, have in peer.interfaces(path).items():
            if name.startswith("org.freedesktop.DBus"):
                continue
            troubles = out.setdefault(name, [])
            if name in want:
                troubles += [f"{path}: {d}" for d in differences(want[name], have)]
            else:
                troubles.append(f"{path}: an interface without XML")
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--address")
    parser.add_argument("--xml", type=Path, default=Path(__file__).resolve().parents[2] / "dbus")
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    want = declared(options.xml)
    try:
        found = compare(want, Peer(options.address))
    except GLib.Error as error:
        print(f"FAIL cannot ask the daemon: {error.message}\n0 passed, 1 failed")
        return 1
    failed = skipped = 0
    for text in unannotated(want):
        failed += 1
        print("FAIL " + text)
    for name in sorted(set(want) | set(found)):
        if name not in found and not options.all:
            skipped += 1
            print(f"skip {name}: no object has it now")
        elif name not in found or found[name]:
            failed += 1
            print("\n  ".join([f"FAIL {name}", *(found.get(name) or ["no object has it"])]))
    print(f"{len(set(want) | set(found)) - failed - skipped} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not found else 0


if __name__ == "__main__":
    sys.exit(main())
