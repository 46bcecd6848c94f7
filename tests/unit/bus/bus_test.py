# SPDX-License-Identifier: Apache-2.0
"""Our D-Bus objects as clients meet them: tree, changes, signals, methods, errors. usage: bus_test.py BUS_DAEMON FOLDER_OF_XML [unittest arguments]"""
import json
import os
import subprocess
import sys
import time
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bench import NAME, ROOT, Bus, Daemon, sample  # noqa: E402

PROGRAM, XML = None, None
PROPERTIES = "org.freedesktop.DBus.Properties"
LOG = "/org/freedesktop/LogControl1"


def declared():
    """Interface -> {property: signature} by the XML."""
    out = {}
    for path in XML.glob("*.xml"):
        for interface in ElementTree.parse(path).getroot().iter("interface"):
            out[interface.get("name")] = {p.get("name"): p.get("type") for p in interface.iter("property")}
    return out


class OnTheBus(unittest.TestCase):
    def setUp(self):
        self.bus = Bus()
        self.addCleanup(self.bus.stop)
        self.daemon = Daemon(PROGRAM)
        self.assertEqual(self.daemon.said(), "owned")
        self.client = Gio.DBusConnection.new_for_address_sync(
            self.bus.address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        self.addCleanup(lambda: self.client.is_closed() or self.client.close_sync(None))
        self.seen = []
        self.client.signal_subscribe(NAME, None, None, None, None, 0, lambda *a: self.seen.append((a[2], a[4], a[5].unpack())))
        self.client.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId", None, None, 0, 60000, None)  # it listens

    def tearDown(self):
        if self.daemon.process.poll() is None:
            self.assertEqual(self.daemon.stop(), 0)

    def call(self, path, interface, method, args=None, fds=None):
        return self.client.call_with_unix_fd_list_sync(NAME, path, interface, method, args, None, 0, 60000, fds, None)[0]

    def refused(self, *args, **kwargs):
        with self.assertRaises(GLib.Error) as caught:
            self.call(*args, **kwargs)
        name = Gio.DBusError.get_remote_error(caught.exception)
        return name.rsplit(".", 1)[1] if name.startswith(NAME + ".Error.") else name, caught.exception.message

    def get(self, path, kind, name):
        interface = kind if "." in kind else f"{NAME}.{kind}"
        return self.call(path, PROPERTIES, "Get", GLib.Variant("(ss)", (interface, name))).unpack()[0]

    def signals(self, count, wait=60.0):
        """What came until there are count of them, and then what else comes at once."""
        context, end = GLib.MainContext.default(), time.monotonic() + wait
        while len(self.seen) < count and time.monotonic() < end:
            context.iteration(False) or time.sleep(0.01)
        self.call(ROOT, "org.freedesktop.DBus.Peer", "Ping")  # signals sent before its answer are here
        while context.iteration(False):
            pass
        out, self.seen[:] = list(self.seen), []
        return out


class Objects(OnTheBus):
    def test_managed_objects_are_the_tree_with_the_types_of_the_xml(self):
        paths = sample(self.daemon)
        managed = self.call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects").get_child_value(0)
        types = declared()
        objects = managed.unpack()
        self.assertEqual(set(objects), set(paths.values()))
        for i in range(managed.n_children()):
            interfaces = managed.get_child_value(i).get_child_value(1)
            path = managed.get_child_value(i).get_child_value(0).get_string()
            interface, properties = list(objects[path].items())[0]
            self.assertEqual(set(properties), set(types[interface]), path)
            raw = interfaces.get_child_value(0).get_child_value(1)
            for j in range(raw.n_children()):
                entry = raw.get_child_value(j)
                self.assertEqual(entry.get_child_value(1).get_variant().get_type_string(), types[interface][entry.get_child_value(0).get_string()])
        self.assertEqual(objects[paths["bearer"]][NAME + ".Bearer"]["Addresses"], ["192.0.2.2/30", "2001:db8::2/64"])
        self.assertEqual(objects[paths["job"]][NAME + ".Job"]["Progress"], 40)
        self.assertEqual(objects[paths["account"]][NAME + ".Account"]["LastContact"], 1700000100000000)
        self.assertEqual(objects[paths["account"]][NAME + ".Account"]["LastError"], "")
        self.assertIs(objects[paths["modem"]][NAME + ".Modem"]["QmiRoute"], True)

    def test_the_manager_stands_at_the_root(self):
        sample(self.daemon)
        values = self.call(ROOT, PROPERTIES, "GetAll", GLib.Variant("(s)", (NAME + ".Manager",))).unpack()[0]
        self.assertEqual(set(values), set(declared()[NAME + ".Manager"]))
        self.assertEqual(values["Capabilities"], ["dtls-psk", "oma-dm"])
        self.assertEqual((values["State"], values["ActiveJobs"], values["LastErrorTime"]), ("managed", 1, 0))

    def test_unwritten_properties_are_empty_and_a_path_is_a_path(self):
        path = self.daemon.node("Modem", "x")
        self.assertEqual((self.get(path, "Modem", "Sim"), self.get(path, "Modem", "Imei")), ("/", ""))
        self.assertEqual(self.get(self.daemon.node("Bearer", "x"), "Bearer", "Dns"), [])

    def test_nodes_come_and_go_with_their_properties(self):
        path = self.daemon.node("Bearer", "b 1", Apn="one")
        self.assertEqual(path, ROOT + "/bearer/b_201")
        ((where, name, args),) = self.signals(1)
        self.assertEqual((where, name, args[0]), (ROOT, "InterfacesAdded", path))
        self.assertEqual(args[1][NAME + ".Bearer"]["Apn"], "one")
        self.daemon.send("remove", path)
        self.assertEqual(self.signals(1), [(ROOT, "InterfacesRemoved", (path, [NAME + ".Bearer"]))])
        self.assertIn("Unknown", self.refused(path, PROPERTIES, "GetAll", GLib.Variant("(s)", (NAME + ".Bearer",)))[0])
        self.daemon.node("Bearer", "b 1", Apn="two")
        self.assertEqual(self.get(path, "Bearer", "Apn"), "two")

    def test_introspection_is_the_xml(self):
        sample(self.daemon)
        lint = Path(__file__).resolve().parents[2] / "lint/introspection.py"
        done = subprocess.run([sys.executable, lint, "--address", self.bus.address, "--xml", XML, "--all"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout.splitlines()[-1], r"^10 passed, 0 failed$")

    def test_busctl_reads_well(self):
        paths = sample(self.daemon)
        busctl = ["busctl", "--address=" + self.bus.address, "--no-pager"]
        tree = subprocess.run([*busctl, "tree", NAME], capture_output=True, text=True, check=True).stdout
        for path in paths.values():
            self.assertIn(path, tree)
        self.assertIn(LOG, tree)
        text = subprocess.run([*busctl, "introspect", NAME, paths["account"]], capture_output=True, text=True, check=True).stdout
        self.assertRegex(text, r'\.Uri +property +s +"coaps://op.example" +emits-change')
        self.assertRegex(text, r"\.Protocol +property +s +\"lwm2m\" +const")
        value = subprocess.run([*busctl, "-j", "get-property", NAME, paths["bearer"], NAME + ".Bearer", "Dns"], capture_output=True, text=True, check=True)
        self.assertEqual(json.loads(value.stdout), {"type": "as", "data": ["192.0.2.53"]})


class Changes(OnTheBus):
    def test_a_change_is_told_once_with_its_value(self):
        path = self.daemon.node("Account", "a", State="idle")
        self.signals(1)
        self.daemon.send("set", path, "State", "registered")
        self.assertEqual(self.signals(1), [(path, "PropertiesChanged", (NAME + ".Account", {"State": "registered"}, []))])
        self.daemon.send("set", path, "State", "registered")
        self.assertEqual(self.signals(1, wait=0.3), [])

    def test_the_root_changes_too(self):
        self.daemon.write(ROOT, State="idle")
        self.assertEqual(self.signals(1), [(ROOT, "PropertiesChanged", (NAME + ".Manager", {"State": "idle"}, []))])

    def test_a_burst_ends_at_the_last_value(self):
        path = self.daemon.node("Job", "9")
        self.signals(1)
        self.daemon.send("burst", path, "Progress", 100)
        out = self.signals(1)
        self.assertEqual(out[-1][2][1], {"Progress": 99})
        self.assertLess(len(out), 100)

    def test_a_signal_comes_behind_the_change_that_it_follows(self):
        path = self.daemon.node("Job", "9", Step="NEW")
        self.signals(1)
        self.daemon.send("step", path, "AUTHORISED")
        self.assertEqual([s[1:] for s in self.signals(2)], [("PropertiesChanged", (NAME + ".Job", {"Step": "AUTHORISED"}, [])),
                                                            ("StepChanged", ("", "", "AUTHORISED"))])

    def test_the_manager_signals_a_refusal(self):
        self.daemon.send("signal", ROOT, "Refused", "MacMismatch", "text", "hint")
        self.assertEqual(self.signals(1), [(ROOT, "Refused", ("MacMismatch", "text", "hint"))])

    def test_an_unknown_property_ends_the_program(self):
        self.daemon.process.stdin.write(f"set|{ROOT}|Nonsense|x\n")
        self.daemon.process.stdin.flush()
        self.assertIsNone(self.daemon.said())
        self.assertLess(self.daemon.process.wait(), 0)


class Methods(OnTheBus):
    def file(self, data):
        fd = os.memfd_create("document")
        os.write(fd, data)
        self.addCleanup(os.close, fd)
        return Gio.UnixFDList.new_from_array([os.dup(fd)])

    def test_bootstrap_hands_the_descriptor_on_and_returns_the_job(self):
        answer = self.call(ROOT, NAME + ".Manager", "Bootstrap", GLib.Variant("(h)", (0,)), self.file(b"document"))
        self.assertEqual(answer.unpack(), (ROOT + "/job/7",))
        self.assertEqual(self.daemon.said(), "call bootstrap document")

    def test_a_call_without_descriptor_is_invalid(self):
        self.assertEqual(self.refused(ROOT, NAME + ".Manager", "Bootstrap", GLib.Variant("(h)", (0,)))[0], "Invalid")
        self.assertEqual(self.refused(ROOT, NAME + ".Manager", "Bootstrap", GLib.Variant("(h)", (3,)), self.file(b"d"))[0], "Invalid")
        self.assertTrue(self.daemon.silent())

    def test_descriptors_do_not_pile_up(self):
        folder = Path(f"/proc/{self.daemon.process.pid}/fd")
        before = len(list(folder.iterdir()))
        for _ in range(20):
            self.call(ROOT, NAME + ".Manager", "Bootstrap", GLib.Variant("(h)", (0,)), self.file(b"d"))
        self.assertLessEqual(len(list(folder.iterdir())), before + 1)

    def test_each_method_reaches_its_call(self):
        paths = sample(self.daemon)
        for path, kind, method, args, said in ((ROOT, "Manager", "ReopenContext", GLib.Variant("(s)", ("usim",)), "reopen usim"),
                                               (ROOT, "Manager", "Reload", None, "reload"), (ROOT, "Manager", "FactoryReset", None, "factory-reset"),
                                               (paths["context"], "Context", "Reopen", None, "reopen usim"),
                                               (paths["job"], "Job", "Cancel", None, "cancel 7"),
                                               (paths["account"], "Account", "Update", None, "update lwm2m-101"),
                                               (paths["account"], "Account", "Connect", None, "connect lwm2m-101"),
                                               (paths["account"], "Account", "Disable", GLib.Variant("(u)", (60,)), "disable lwm2m-101 60"),
                                               (paths["account"], "Account", "Send", GLib.Variant("(ss)", ("/3/0 /4", "")), "send lwm2m-101 '/3/0 /4' ''"),
                                               (paths["account"], "Account", "Remove", None, "remove lwm2m-101")):
            self.assertEqual(self.call(path, f"{NAME}.{kind}", method, args).unpack(), ())
            self.assertEqual(self.daemon.said(), "call " + said)
        for method, state in ("Activate", "ACTIVE"), ("Suspend", "SUSPENDED"), ("Erase", "ERASED"):
            self.assertEqual(self.call(paths["mid"], NAME + ".Mid", method).unpack(), ())
            self.assertEqual(self.daemon.said(), "call mid mid-1 " + state)

    def test_a_device_is_added_gets_an_identity_answers_and_goes(self):
        device, interface = sample(self.daemon)["device"], NAME + ".Device"
        for path, kind, method, args, answer, said in (
                (ROOT, "Manager", "AddDevice", ("new",), (ROOT + "/device/new",), "add new"),
                (device, "Device", "AssignIdentity", ("",), ("sip:hall@home.example",), "assign hall "),
                (device, "Device", "AssignIdentity", ("sip:x",), ("sip:hall@home.example",), "assign hall sip:x"),
                (device, "Device", "Authorize", ("REGISTER", "sip:d", "Digest a"), ('Digest username="i"',), "authorize hall REGISTER sip:d Digest a"),
                (device, "Device", "RevokeIdentity", (), (), "revoke hall"), (device, "Device", "Remove", (), (), "remove hall")):
            variant = GLib.Variant("(" + "s" * len(args) + ")", args)
            self.assertEqual(self.call(path, f"{NAME}.{kind}", method, variant).unpack(), answer)
            self.assertEqual(self.daemon.said(), "call " + said)
        self.daemon.send("answer", "Exists", "device hall has an identity")
        self.assertEqual(self.refused(device, interface, "AssignIdentity", GLib.Variant("(s)", ("",)))[0], "Exists")

    def test_an_account_comes_by_descriptor(self):
        call = (ROOT, NAME + ".Manager", "AddAccount", GLib.Variant("(h)", (0,)))
        self.assertEqual(self.call(*call, self.file(b"uri=coaps://a")).unpack(), (ROOT + "/account/lwm2m_2d105",))
        self.assertEqual(self.daemon.said(), "call add 13 uri=coaps://a")
        self.assertEqual(self.refused(*call)[0], "Invalid")

    def test_a_mid_answers_challenges_of_sixteen_octets(self):
        mid, interface = sample(self.daemon)["mid"], NAME + ".Mid"
        rand, autn = "00112233445566778899aabbccddeeff", "FF" * 16
        self.assertEqual(self.call(mid, interface, "Authenticate", GLib.Variant("(ss)", (rand, autn))).unpack(), ("ok", "0123456789abcdef", ""))
        self.assertEqual(self.daemon.said(), f"call authenticate mid-1 {rand} {autn.lower()}")
        for bad in "", rand[:-1], rand[:-2], rand + "00", "g" * 32, " " + rand[1:]:
            self.assertEqual(self.refused(mid, interface, "Authenticate", GLib.Variant("(ss)", (bad, autn)))[0], "Invalid", bad)
            self.assertEqual(self.refused(mid, interface, "Authenticate", GLib.Variant("(ss)", (rand, bad)))[0], "Invalid", bad)
        self.assertTrue(self.daemon.silent())
        self.daemon.send("answer", "NotReady", "MID mid-1: it is not ACTIVE")
        self.assertEqual(self.refused(mid, interface, "Authenticate", GLib.Variant("(ss)", (rand, autn)))[0], "NotReady")

    def test_an_error_has_name_text_and_hint(self):
        paths = sample(self.daemon)
        self.daemon.send("answer", "NotCancellable", "job7 is committed")
        self.assertEqual(self.refused(paths["job"], NAME + ".Job", "Cancel"),
                         ("NotCancellable", f"GDBus.Error:{NAME}.Error.NotCancellable: job7 is committed; reopen the context instead"))
        self.daemon.send("answer", "MacMismatch", "MAC")
        self.assertEqual(self.refused(ROOT, NAME + ".Manager", "Bootstrap", GLib.Variant("(h)", (0,)), self.file(b"d"))[0], "MacMismatch")

    def test_a_pin_is_read_bounded_and_answered_later(self):
        path = self.daemon.node("Sim", "s1")
        answers = []
        self.client.call_with_unix_fd_list(NAME, path, NAME + ".Sim", "SendPin", GLib.Variant("(h)", (0,)), None, 0, 5000, self.pipe(b"1234\n"), None,
                                           lambda source, result: answers.append(self.finish(result)))
        while self.daemon.silent():
            GLib.MainContext.default().iteration(False)
        self.assertEqual(self.daemon.said(), "call pin s1 1234")
        self.assertEqual(answers, [])
        self.daemon.send("pin", "SimLocked", "2 tries left")
        end = time.monotonic() + 60
        while not answers and time.monotonic() < end:
            GLib.MainContext.default().iteration(False)
        self.assertRegex(answers[0], r"Error\.SimLocked: SIM PIN: 2 tries left; agentctl sim pin$")

    def finish(self, result):
        try:
            return self.client.call_with_unix_fd_list_finish(result)[0].unpack()
        except GLib.Error as error:
            return error.message

    def pipe(self, data):
        reader, writer = os.pipe()
        os.write(writer, data)
        self.addCleanup(os.close, writer)  # the writer stays open: the daemon must not wait for the end
        return Gio.UnixFDList.new_from_array([reader])

    def test_what_is_no_pin_is_refused_and_never_waited_for(self):
        path = self.daemon.node("Sim", "s1")
        for data in (b"", b"123", b"123456789", b"12a4", b"1234 ", b"1" * 40, b"\0001234", b"1234\0"):
            self.assertEqual(self.refused(path, NAME + ".Sim", "SendPin", GLib.Variant("(h)", (0,)), self.pipe(data))[0], "Invalid", data)
        self.assertTrue(self.daemon.silent())

    def test_typed_digits_reach_the_context(self):
        path = sample(self.daemon)["context"]
        submit = lambda data: (path, NAME + ".Context", "SubmitPin", GLib.Variant("(h)", (0,)), self.pipe(data))
        for data in (b"1234", b"1234561876\n", b"9" * 40 + b"\r\n"):
            self.assertEqual(self.call(*submit(data)).unpack(), (ROOT + "/job/7",))
            self.assertEqual(self.daemon.said(), "call submit usim " + data.decode().strip())
        for data in (b"", b"123", b"9" * 41, b"9" * 50, b"12345x1234", b"1234\0"):
            self.assertEqual(self.refused(*submit(data))[0], "Invalid", data)
        self.assertEqual(self.refused(path, NAME + ".Context", "SubmitPin", GLib.Variant("(h)", (0,)))[0], "Invalid")
        self.assertTrue(self.daemon.silent())
        self.daemon.send("answer", "MacMismatch", "the digits fit none")
        self.assertEqual(self.refused(*submit(b"1234"))[0], "MacMismatch")

    def test_a_client_that_left_harms_nobody(self):
        path = self.daemon.node("Sim", "s1")
        busctl = ["busctl", "--address=" + self.bus.address]
        other = Gio.DBusConnection.new_for_address_sync(
            self.bus.address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        other.call_with_unix_fd_list(NAME, path, NAME + ".Sim", "SendPin", GLib.Variant("(h)", (0,)), None, 0, 5000, self.pipe(b"1234"), None, None)
        self.assertEqual(self.daemon.said(), "call pin s1 1234")
        other.close_sync(None)
        self.daemon.send("pin", "None", "")
        subprocess.run([*busctl, "call", NAME, ROOT, "org.freedesktop.DBus.Peer", "Ping"], check=True, capture_output=True)


class LogControl(OnTheBus):
    def set(self, name, value):
        return self.call(LOG, PROPERTIES, "Set", GLib.Variant("(ssv)", ("org.freedesktop.LogControl1", name, GLib.Variant("s", value))))

    def test_the_level_is_set(self):
        self.assertEqual(self.get(LOG, "org.freedesktop.LogControl1", "LogLevel"), "info")
        self.set("LogLevel", "debug")
        self.assertEqual(self.daemon.send("level"), ["level debug"])
        self.assertEqual(self.get(LOG, "org.freedesktop.LogControl1", "LogLevel"), "debug")
        self.assertEqual(self.get(LOG, "org.freedesktop.LogControl1", "SyslogIdentifier"), "agentd")

    def test_a_wrong_level_or_target_is_refused_and_changes_nothing(self):
        for name, value, is_now in (("LogLevel", "loud", "info"), ("LogTarget", "printer", "console")):
            with self.assertRaises(GLib.Error) as caught:
                self.set(name, value)
            self.assertEqual(Gio.DBusError.get_remote_error(caught.exception), "org.freedesktop.DBus.Error.InvalidArgs")
            self.assertEqual(self.get(LOG, "org.freedesktop.LogControl1", name), is_now)
        self.assertEqual(self.daemon.send("level"), ["level info"])

    def test_the_target_is_set(self):
        self.set("LogTarget", "syslog")
        self.assertEqual(self.get(LOG, "org.freedesktop.LogControl1", "LogTarget"), "syslog")

    def test_a_level_set_elsewhere_is_read_here(self):
        """Reload sets the level without the bus."""
        self.daemon.send("loglevel", "debug")
        self.assertEqual(self.get(LOG, "org.freedesktop.LogControl1", "LogLevel"), "debug")


class Life(OnTheBus):
    def test_a_second_agent_does_not_get_the_name(self):
        second = Daemon(PROGRAM)
        self.assertEqual(second.said(), "lost")
        self.assertTrue(self.daemon.silent())
        self.daemon.stop()
        time.sleep(0.2)
        self.assertTrue(second.silent())  # nor later: it has no place in a queue
        second.stop()

    def test_the_end_of_the_bus_is_told_once(self):
        self.bus.process.terminate()
        self.bus.process.wait()
        self.assertEqual(self.daemon.said(), "lost")
        self.assertEqual(self.daemon.send("level"), ["level info"])
        self.assertTrue(self.daemon.silent())

    def test_without_a_bus_it_says_so(self):
        done = subprocess.run([PROGRAM], env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("system bus", done.stderr)

    def test_it_leaves_in_order_with_objects_on_the_bus(self):
        sample(self.daemon)
        self.assertEqual(self.daemon.stop(), 0)


if __name__ == "__main__":
    PROGRAM, XML = sys.argv[1], Path(sys.argv[2])
    os.environ["LC_ALL"] = "C.UTF-8"
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
