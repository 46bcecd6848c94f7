# SPDX-License-Identifier: Apache-2.0
"""The DM client against a scripted server over real TLS, in a network namespace of its own. Argument: the client tool."""
import base64
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

if os.environ.get("DM_TEST_INSIDE") != "1":
    os.environ["DM_TEST_INSIDE"] = "1"
    enter = str(pathlib.Path(__file__).resolve().parents[2] / "lab/enter")
    os.execv(enter, [enter, sys.executable, *sys.argv])
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import server as dm  # noqa: E402
import wbxml  # noqa: E402
from server import FINAL, Server, command, item  # noqa: E402

TOOL = sys.argv.pop(1)
FOLDER = pathlib.Path(tempfile.mkdtemp())
dm.make_certificates(FOLDER)
PACKAGE = bytes(i * 7 & 255 for i in range(30000))


def end(message):
    return [FINAL]


class Base(unittest.TestCase):
    def session(self, script, *args, auth="md5", client_auth=None, expect="None", **options):
        self.server = Server(FOLDER, script, auth, **options)
        self.addCleanup(self.server.close)
        host = options.get("host", "localhost")
        run = subprocess.run([TOOL, f"url=https://{host}:{self.server.port}/dm", f"roots={FOLDER}/root.pem", f"auth={client_auth or auth}", *args],
                             capture_output=True, text=True, timeout=60)
        if self.server.errors:
            raise self.server.errors[0]
        self.assertNotIn("Sanitizer", run.stderr)
        self.assertIn(run.returncode, (0, 1), run.stderr)
        self.out = dict(line.split("=", 1) for line in run.stdout.splitlines())
        self.lines = run.stdout.splitlines()
        self.assertEqual(self.out["error"], expect, run.stdout + run.stderr)
        self.assertNotIn("secret", run.stderr)
        return self.server.messages

    def ask(self, *commands, **options):
        """One package of commands; gives the client's answer to it."""
        messages = self.session([lambda m: [*commands, FINAL], end], **options)
        return messages[1]


class Package1(Base):
    def test_it_has_alert_devinfo_and_credentials(self):
        m = self.session([end])[0]
        self.assertEqual(m.alerts(), ["1201"])
        items = {wbxml.find(i, "Source", "LocURI"): wbxml.find(i, "Data") for i in wbxml.children(m.all("Replace")[0], "Item")}
        self.assertEqual(items, {"./DevInfo/DevId": dm.DEVICE, "./DevInfo/Man": "Example", "./DevInfo/Mod": "GW1", "./DevInfo/DmV": "1.2",
                                 "./DevInfo/Lang": "en"})
        self.assertEqual(wbxml.find(m.header, "Meta", "MaxMsgSize"), "16384")
        self.assertEqual(wbxml.find(m.header, "Source", "LocName"), "client-user")
        self.assertTrue(m.final)

    def test_report_alert_must_be_answered_with_200(self):
        def answered(code):
            def script(m):
                alert = m.all("Alert")[1]
                self.assertEqual(wbxml.find(alert, "Data"), "1226")
                self.assertEqual(wbxml.find(alert, "Item", "Source", "LocURI"), "./GatewayAgent/Bootstrap/usim")
                self.assertEqual(wbxml.find(alert, "Item", "Meta", "Type"), "org.gatewayagent.bootstrap.result")
                self.assertEqual(wbxml.find(alert, "Item", "Data"), "7")
                return [command("Status", 1, ("MsgRef", m.id), ("CmdRef", wbxml.find(alert, "CmdID")), ("Cmd", "Alert"), ("Data", str(code))), FINAL]
            return script
        self.session([answered(200)], "report=7")
        self.session([answered(500)], "report=7", expect="ServerStatus")
        self.session([end], "report=7", expect="ServerStatus")


class Authentication(Base):
    def test_md5_both_ways_renews_both_nonces(self):
        messages = self.session([lambda m: [command("Get", 1, item("./DevDetail/SwV")), FINAL], end])
        self.assertEqual(messages[1].statuses()[0], ("0", "SyncHdr", 212))
        self.assertIsNone(wbxml.find(messages[1].header, "Cred"))
        self.assertEqual(self.out["client-nonce"], self.server.client_nonce.hex())
        self.assertEqual(self.out["server-nonce"], self.server.server_nonce.hex())
        self.assertEqual(self.out["changed"], "1")

    def test_a_second_session_goes_on_with_the_nonces(self):
        server = Server(FOLDER, [lambda m: [command("Get", 1, item("./DevDetail/SwV")), FINAL], end])
        self.addCleanup(server.close)
        original = server.answer

        def restarting(message):
            if message.id == "1" and server.messages:
                server.authenticated = server.proved = False
                server.step = server.count = 0
            return original(message)
        server.answer = restarting
        run = subprocess.run([TOOL, f"url=https://localhost:{server.port}/dm", f"roots={FOLDER}/root.pem", "repeat=3"], capture_output=True, text=True)
        self.assertEqual((run.returncode, server.errors), (0, []), run.stderr)
        self.assertEqual(len(server.messages), 6)

    def test_hmac_both_ways(self):
        messages = self.session([lambda m: [command("Get", 1, item("./DevDetail/SwV")), FINAL],
                                 lambda m: [command("Get", 2, item("./DevInfo/Man")), FINAL], end], auth="hmac")
        self.assertEqual(messages[2].statuses()[0], ("0", "SyncHdr", 200))
        self.assertIsNotNone(messages[2].next_nonce())
        self.assertEqual(self.out["client-nonce"], self.server.client_nonce.hex())
        self.assertEqual(self.out["server-nonce"], self.server.server_nonce.hex())

    def test_basic_both_ways(self):
        self.session([lambda m: [command("Get", 1, item("./DevDetail/SwV")), FINAL], end], auth="basic")

    def test_a_challenge_is_answered_once_with_its_nonce(self):
        messages = self.session([end], client_nonce=b"another nonce 16")
        self.assertEqual(len(messages), 2)
        self.assertEqual(messages[1].alerts(), ["1201"])
        self.assertEqual(messages[1].statuses()[0][:2], ("0", "SyncHdr"))

    def test_a_stronger_type_may_be_demanded(self):
        messages = self.session([end], auth="hmac", client_auth="md5")
        self.assertIn("x-syncml-hmac", messages[1].headers)

    def test_a_weaker_type_may_not(self):
        messages = self.session([end], auth="basic", client_auth="md5", expect="ClientAuth")
        self.assertEqual(len(messages), 1)

    def test_wrong_client_secret(self):
        messages = self.session([end], "client-secret=wrong-one", expect="ClientAuth")
        self.assertEqual(len(messages), 2)
        self.assertEqual(self.out["client-nonce"], self.server.client_nonce.hex())  # the server had proved itself

    def test_nonces_of_an_unauthenticated_server_are_not_kept(self):
        self.session([end], "client-secret=wrong-one", expect="ClientAuth", server_secret="wrong-too")
        self.assertEqual(self.out["client-nonce"], dm.CLIENT[2].hex())
        self.assertEqual(self.out["server-nonce"], dm.SERVER[2].hex())
        self.assertEqual(self.out["changed"], "0")

    def test_wrong_server_secret_gets_no_command_done(self):
        add = command("Add", 1, item("./GatewayAgent/Platform/Nonce", b"n" * 16, "bin"))
        for auth in ("md5", "hmac"):
            messages = self.session([lambda m: [add, FINAL]] * 2, auth=auth, server_secret="wrong", expect="ServerAuth")
            self.assertEqual(len(messages), 2)
            self.assertEqual([s[1:] for s in messages[1].statuses()], [("SyncHdr", 401)])
            self.assertEqual(messages[1].all("Alert") + messages[1].all("Results"), [])
            self.assertIsNotNone(messages[1].next_nonce())

    def test_a_server_with_a_stale_nonce_recovers(self):
        for auth in ("md5", "hmac"):
            add = command("Add", 1, item("./GatewayAgent/Platform/Nonce", b"n" * 16, "bin"))
            messages = self.session([lambda m: [add, FINAL], lambda m: [add, FINAL], end], auth=auth, server_nonce=b"stale")
            self.assertEqual([m.status(1) for m in messages], [[], [], [200]])

    def test_a_server_that_proves_itself_by_our_challenge_and_ends_has_our_nonce(self):
        """Both had lost their nonces, as after a kill in a session: what it proved itself with is what its next notification is made with."""
        for auth in ("md5", "hmac"):
            messages = self.session([end], auth=auth, client_nonce=b"another nonce 16", server_nonce=b"stale")
            self.assertEqual([s[1:] for s in messages[1].statuses()], [("SyncHdr", 401)])
            self.assertEqual(self.out["client-nonce"], self.server.client_nonce.hex())
            self.assertEqual(self.out["server-nonce"], self.server.server_nonce.hex())

    def test_a_nonce_whose_message_is_not_answered_is_remembered_beside_the_one_before(self):
        """The server uses it from then on, if the message came; if not, it goes on with the one before: either begins the next session without a challenge."""
        get = command("Get", 1, item("./DevInfo/Man"))

        def gone(message):
            raise dm.Gone
        for auth in ("md5", "hmac"):
            self.session([lambda m: [get, FINAL], gone], auth=auth, expect="HttpStatus")
            given, client = self.server.server_nonce, self.server.client_nonce
            self.assertNotEqual(given, dm.SERVER[2])
            self.assertEqual((self.out["server-nonce"], self.out["given-nonce"], self.out["changed"]), (dm.SERVER[2].hex(), given.hex(), "1"))
            known = [f"given-nonce={base64.b64encode(given).decode()}", f"client-nonce={base64.b64encode(client).decode()}"]
            for nonce in (given, dm.SERVER[2]):
                messages = self.session([lambda m: [get, FINAL], end], *known, auth=auth, client_nonce=client, server_nonce=nonce)
                self.assertEqual(messages[1].statuses()[0][2], 212 if auth == "md5" else 200)
                self.assertEqual((self.out["server-nonce"], self.out["given-nonce"]), (self.server.server_nonce.hex(), ""))
            messages = self.session([gone], *known, auth=auth, client_nonce=client, server_nonce=given, expect="HttpStatus")
            self.assertEqual((self.out["server-nonce"], self.out["given-nonce"]), (dm.SERVER[2].hex(), given.hex()))  # nothing is proved
            self.session([lambda m: [get, FINAL], gone], *known, auth=auth, client_nonce=client, server_nonce=given, expect="HttpStatus")
            self.assertEqual((self.out["server-nonce"], self.out["given-nonce"]), (given.hex(), self.server.server_nonce.hex()))

    def test_a_nonce_that_is_over_proves_nothing(self):
        get = command("Get", 1, item("./DevInfo/Man"))

        def goes_back(message):
            self.server.server_nonce = dm.SERVER[2]
            return [get, FINAL]
        messages = self.session([lambda m: [get, FINAL], goes_back, end], auth="hmac")
        self.assertEqual([m.statuses()[0][2] for m in messages[1:]], [200, 401])
        for auth in ("md5", "hmac"):  # none was given: that is no nonce
            messages = self.session([lambda m: [get, FINAL], end, end], auth=auth, server_nonce=b"")
            self.assertEqual(messages[1].statuses()[0][2], 401)

    def test_a_stranger_moves_no_nonce(self):
        """Whoever does not prove itself is challenged, and that leaves nothing behind."""
        get = command("Get", 1, item("./DevInfo/Man"))
        for auth in ("md5", "hmac"):
            self.session([lambda m: [get, FINAL]] * 3, "given-nonce=Z2l2ZW4=", auth=auth, server_secret="wrong", expect="ServerAuth")
            self.assertEqual((self.out["server-nonce"], self.out["given-nonce"]), (dm.SERVER[2].hex(), b"given".hex()))

    def test_a_silent_server_is_challenged_once(self):
        get = command("Get", 1, item("./DevInfo/Man"))
        for auth in ("md5", "hmac"):
            messages = self.session([lambda m: [get, FINAL]] * 2, auth=auth, silent=True, expect="ServerAuth")
            self.assertEqual([s[1:] for s in messages[1].statuses()], [("SyncHdr", 407)])

    def test_a_session_that_ends_without_proof_fails(self):
        self.assertEqual(len(self.session([end], silent=True, expect="ServerAuth")), 1)

    def test_without_server_credentials_tls_suffices(self):
        self.session([lambda m: [command("Get", 1, item("./DevInfo/Man")), FINAL], end], "server-secret=", silent=True)


class Tree(Base):
    def test_gets(self):
        uris = ["./DevDetail/FwV", "./GatewayAgent/Platform/Network", "./GatewayAgent/Platform/Token", "./GatewayAgent/Platform/PublicKey",
                "./GatewayAgent/Platform/TransportKey", "./DMAcc/1/ServerID", "./DevInfo", "./DMAcc/1/AppAddr/1/Port/1/PortNbr"]
        m = self.ask(command("Get", 5, *[item(u) for u in uris]))
        self.assertEqual(m.status(5), [200] * len(uris))
        r = m.results()
        self.assertEqual(r["./DevDetail/FwV"], "1.0")
        self.assertEqual(r["./GatewayAgent/Platform/Token"], b"\x11" * 31 + b"u")
        self.assertEqual(r["./GatewayAgent/Platform/PublicKey"][:3], b"\x30\x59\x01")
        self.assertEqual(r["./GatewayAgent/Platform/TransportKey"][:3], b"\x30\x59\x02")
        self.assertEqual(r["./DevInfo"], "DevId/Man/Mod/DmV/Lang")
        self.assertEqual(r["./DMAcc/1/AppAddr/1/Port/1/PortNbr"], str(self.server.port))

    def test_what_may_not_be_read(self):
        cases = {"./GatewayAgent/Platform/Certificate": 404, "./GatewayAgent/Platform/Nonce": 405, "./GatewayAgent/Platform/Evidence": 404,
                 "./DMAcc/1/AppAuth/1/AAuthSecret": 405, "./DMAcc/1/AppAuth/2/AAuthData": 405, "./GatewayAgent/Mid/x/Package": 404, "./Nothing": 404,
                 "./DevInfo?prop=ACL": 406, "DevInfo/Man": 404, "./GatewayAgent/Mid/a.b": 404, "./" + "x" * 200: 414, "./DevInf": 404}
        m = self.ask(command("Get", 5, *[item(u) for u in cases]))
        self.assertEqual(m.status(5), list(cases.values()))
        self.assertEqual(m.results(), {})

    def test_evidence_over_the_nonce(self):
        nonce = bytes(range(100, 132))
        m = self.ask(command("Add", 1, item("./GatewayAgent/Platform/Nonce", nonce, "bin")), command("Get", 2, item("./GatewayAgent/Platform/Evidence")),
                     command("Replace", 3, item("./GatewayAgent/Platform/Nonce", base64.b64encode(nonce[:16]).decode(), "b64")),
                     command("Get", 4, item("./GatewayAgent/Platform/Evidence")))
        self.assertEqual([c for _, _, c in m.statuses()[1:]], [200] * 4)
        found = [wbxml.find(r, "Item", "Data") for r in m.all("Results")]
        self.assertTrue(found[0].endswith(b"roaming=no 0 " + nonce) and found[1].endswith(nonce[:16]), found)

    def test_form_of_the_evidence(self):
        nonce, form, evidence = "./GatewayAgent/Platform/Nonce", "./GatewayAgent/Platform/Form", "./GatewayAgent/Platform/Evidence"
        m = self.ask(command("Get", 1, item(form)), command("Replace", 2, item(nonce, bytes(16), "bin")), command("Replace", 3, item(form, "remote", "chr")),
                     command("Get", 4, item(evidence)), command("Replace", 5, item(form, "none", "chr")), command("Get", 6, item(form)),
                     command("Replace", 7, item(form, "autonomous", "chr")), command("Get", 8, item(evidence)))
        self.assertEqual([c for _, _, c in m.statuses()[1:]], [200, 200, 200, 200, 400, 200, 200, 200])
        found = [wbxml.find(r, "Item", "Data") for r in m.all("Results")]
        self.assertEqual((found[0], found[2]), ("semi-autonomous", "remote"))
        self.assertTrue(b"=no 2 " in found[1] and b"=no 1 " in found[3], found)

    def test_account_is_taken_over_with_defaults(self):
        def leaf(i, name, value, fmt):
            return command("Add", i, item(f"./GatewayAgent/LwM2M/main/{name}", value, fmt))
        m = self.ask(leaf(1, "Uri", "coaps://lwm2m.example.net", "chr"), leaf(2, "ShortServerId", "101", "int"), leaf(3, "Identity", "id-1", "chr"),
                     leaf(4, "Key", b"k" * 16, "bin"), command("Get", 5, item("./GatewayAgent/LwM2M/main/Uri")),
                     command("Get", 6, item("./GatewayAgent/LwM2M/main/Key")), command("Get", 7, item("./GatewayAgent/LwM2M")),
                     command("Get", 8, item("./GatewayAgent/LwM2M/main")))
        self.assertEqual([m.status(i) for i in range(1, 9)], [[200]] * 5 + [[405], [200], [200]])
        self.assertEqual(m.results()["./GatewayAgent/LwM2M"], "main")
        self.assertEqual(m.results()["./GatewayAgent/LwM2M/main"], "Uri/ShortServerId/Identity/Key")
        self.assertEqual(self.out["lwm2m0"], "coaps://lwm2m.example.net 101 id-1 gw-0001 86400")
        self.assertEqual(self.out["key"], "6b" * 16)

    def test_account_of_a_server_over_tls(self):
        root = "./GatewayAgent/LwM2M/main"
        account = (("Uri", "coaps+tcp://lwm2m.example.net:5684", "chr"), ("ShortServerId", "101", "int"), ("Identity", "id-1", "chr"), ("Key", b"k" * 16, "bin"))
        m = self.ask(*[command("Add", i, item(f"{root}/{name}", value, fmt)) for i, (name, value, fmt) in enumerate(account, 1)],
                     command("Add", 5, item(f"{root}/Binding", "T", "chr")), command("Get", 6, item(f"{root}/Binding")), command("Get", 7, item(f"{root}/Uri")))
        self.assertEqual([m.status(i) for i in range(1, 8)], [[200]] * 7)
        self.assertEqual((m.results()[f"{root}/Binding"], m.results()[f"{root}/Uri"]), ("T", account[0][1]))
        self.assertEqual(self.out["lwm2m0"], "coaps+tcp://lwm2m.example.net:5684 101 id-1 gw-0001 86400")

    def test_incomplete_account_names_what_is_missing(self):
        self.session([lambda m: [command("Add", 1, item("./GatewayAgent/LwM2M/a/Uri", "coaps://h")), FINAL], end], expect="Incomplete")
        self.assertIn("lacks ShortServerId", self.out["text"])

    def test_bad_values_are_refused(self):
        cases = [("Uri", "http://h", "chr", 400), ("Uri", "coaps://" + "h" * 300, "chr", 413), ("ShortServerId", "0", "int", 400),
                 ("ShortServerId", "65535", "int", 400), ("ShortServerId", "1", "chr", 415), ("Key", b"short", "bin", 400), ("Key", b"k" * 65, "bin", 413),
                 ("Key", "text-of-16-octets", None, 415), ("Identity", "i" * 129, "chr", 413), ("Identity", "a\nb", "chr", 400),
                 ("Lifetime", "19", "int", 400), ("Binding", "Q", "chr", 400), ("Binding", "UT", "chr", 413), ("Uri", "coap+tcp://h", "chr", 400), ("Uri", "coaps+tcp:h", "chr", 400), ("Unknown", "x", "chr", 404)]
        m = self.ask(*[command("Add", i + 1, item(f"./GatewayAgent/LwM2M/a/{n}", v, f)) for i, (n, v, f, _) in enumerate(cases)],
                     command("Get", 90, item("./GatewayAgent/LwM2M/a")))
        self.assertEqual([m.status(i + 1) for i in range(len(cases))], [[c] for *_, c in cases])
        self.assertEqual(m.status(90), [404])  # a refused leaf makes no account

    def test_add_replace_delete_rules(self):
        uri = "./GatewayAgent/LwM2M/a/Identity"
        m = self.ask(command("Replace", 1, item(uri, "x")), command("Add", 2, item(uri, "x")), command("Add", 3, item(uri, "y")),
                     command("Replace", 4, item(uri, "z")), command("Get", 5, item(uri)), command("Delete", 6, item(uri)),
                     command("Delete", 7, item("./GatewayAgent/LwM2M/a")), command("Get", 8, item(uri)), command("Add", 9, item("./DevInfo/Man", "x")),
                     command("Copy", 10, item(uri)), command("Add", 13, item("./GatewayAgent/LwM2M/a.b/Identity", "x")),
                     command("Add", 14, item(f"./GatewayAgent/LwM2M/{'n' * 33}/Identity", "x")), command("Add", 15, item("./GatewayAgent/LwM2M//Identity", "x")),
                     command("Exec", 11, item(uri)), command("Get", 12),
                     *[command("Add", 20 + i, item(f"./GatewayAgent/Mid/m{i}", None, "node")) for i in range(5)],
                     command("Add", 30, item("./GatewayAgent/Mid/m0", None, "node")), *[command("Delete", 40 + i, item(f"./GatewayAgent/Mid/m{i}"))
                                                                                  for i in range(4)])
        self.assertEqual([m.status(i)[0] for i in range(1, 13)], [404, 200, 418, 200, 200, 405, 200, 404, 405, 406, 404, 400])
        self.assertEqual([m.status(i)[0] for i in (13, 14, 15)], [404] * 3)
        self.assertEqual(m.results()[uri], "z")
        self.assertEqual([m.status(20 + i)[0] for i in range(5)], [200] * 4 + [420])
        self.assertEqual(m.status(30), [418])

    def test_credentials_may_be_changed(self):
        m = self.ask(command("Replace", 1, item("./DMAcc/1/AppAuth/1/AAuthSecret", "a-new-password")))
        self.assertEqual(m.status(1), [200])
        self.assertEqual((self.out["client-secret"], self.out["changed"]), ("a-new-password", "1"))


class Groups(Base):
    def leaf(self, i, name, value, fmt="chr"):
        return command("Add", i, item(f"./GatewayAgent/LwM2M/a/{name}", value, fmt))

    def test_atomic_is_all(self):
        m = self.ask(command("Atomic", 1, self.leaf(2, "Uri", "coaps://h"), self.leaf(3, "ShortServerId", "5", "int"), self.leaf(4, "Identity", "i"),
                             self.leaf(5, "Key", b"k" * 16, "bin")))
        self.assertEqual([c for _, _, c in m.statuses()[1:]], [200] * 5)
        self.assertEqual(self.out["lwm2m0"], "coaps://h 5 i gw-0001 86400")

    def test_or_nothing(self):
        m = self.ask(command("Replace", 9, item("./DMAcc/1/Name", "before")),
                     command("Atomic", 1, self.leaf(2, "Uri", "coaps://h"), command("Replace", 3, item("./DMAcc/1/Name", "during")),
                             self.leaf(4, "ShortServerId", "0", "int"), self.leaf(5, "Identity", "i")),
                     command("Get", 6, item("./GatewayAgent/LwM2M/a")), command("Get", 7, item("./DMAcc/1/Name")))
        self.assertEqual([m.status(i) for i in (1, 2, 3, 4, 5, 6)], [[507], [216], [216], [400], [215], [404]])
        self.assertEqual(m.results()["./DMAcc/1/Name"], "before")

    def test_no_get_or_exec_in_atomic(self):
        m = self.ask(command("Atomic", 1, command("Get", 2, item("./DevInfo/Man"))), command("Atomic", 3, command("Exec", 4, item("./GatewayAgent"))))
        self.assertEqual([m.status(i) for i in (1, 2, 3, 4)], [[507], [405], [507], [405]])

    def test_sequence_runs_in_order(self):
        m = self.ask(command("Sequence", 1, command("Add", 2, item("./GatewayAgent/Mid/q", None, "node")), command("Sequence", 3, command(
            "Delete", 4, item("./GatewayAgent/Mid/q"))), command("Get", 5, item("./GatewayAgent/Mid/q"))))
        self.assertEqual([(r, c) for r, _, c in m.statuses()[1:]], [("1", 200), ("2", 200), ("3", 200), ("4", 200), ("5", 404)])

    def test_alerts_for_a_user_are_not_executed(self):
        m = self.ask(command("Alert", 1, ("Data", "1101")), command("Alert", 2, ("Data", "999")))
        self.assertEqual([m.status(1), m.status(2)], [[215], [406]])

    def test_abort_ends_the_session(self):
        self.session([lambda m: [command("Alert", 1, ("Data", "1223")), FINAL]], expect="ServerStatus")


class Packages(Base):
    def install(self, *args, code=0, status=200, **options):
        target = FOLDER / "package"
        target.unlink(missing_ok=True)
        m = self.ask(command("Add", 1, item("./GatewayAgent/Mid/x/Package", PACKAGE[:9000], "bin")),
                     command("Exec", 2, item("./GatewayAgent/Mid/x/Install"), extra=[("Correlator", "c-77")]),
                     *[command("Get", i, item(f"./GatewayAgent/Mid/x/{n}")) for i, n in ((3, "Result"), (4, "MidId"), (5, "Version"), (6, "State"))],
                     command("Get", 7, item("./GatewayAgent/Mid/x/Package")), command("Exec", 8, item("./GatewayAgent/Mid/x/Install")), **options)
        self.assertEqual(m.status(2), [status])
        self.assertEqual(target.read_bytes(), PACKAGE[:9000])
        self.assertEqual(m.results()["./GatewayAgent/Mid/x/Result"], str(code))
        self.assertEqual((m.status(7), m.status(8)), ([405], [412]))
        alert = m.all("Alert")[0]
        self.assertEqual((wbxml.find(alert, "Data"), wbxml.find(alert, "Correlator")), ("1226", "c-77"))
        self.assertEqual(wbxml.find(alert, "Item", "Source", "LocURI"), "./GatewayAgent/Mid/x")
        self.assertEqual(wbxml.find(alert, "Item", "Meta"), [("Type", "org.gatewayagent.mid.install"), ("Format", "int"), ("Mark", "informational")])
        self.assertEqual(wbxml.find(alert, "Item", "Data"), str(code))
        return m

    def session(self, script, *args, **options):
        return super().session(script, *args, f"package={FOLDER}/package", *options.pop("tool", ()), **options)

    def test_install(self):
        m = self.install()
        self.assertEqual(m.results()["./GatewayAgent/Mid/x/MidId"], "mid-1")
        self.assertEqual(m.results()["./GatewayAgent/Mid/x/State"], "PROVISIONED")
        self.assertEqual((self.out["mid-attempted"], self.out["mid-result"], self.out["mid"]), ("1", "0", "mid-1"))

    def test_refused_package(self):
        m = self.install(code=3, status=500, tool=["result=3"])
        self.assertEqual([m.status(i) for i in (4, 5, 6)], [[404]] * 3)
        self.assertEqual(self.out["mid-result"], "3")

    def test_lost_tre_is_an_internal_result(self):
        self.install(code=10, status=500, tool=["trust-error=PeerLost"])

    def test_order(self):
        for code, status in (0, 200), (12, 500):
            m = self.ask(command("Exec", 1, item("./GatewayAgent/Order/Apply")), command("Get", 2, item("./GatewayAgent/Order/Result")),
                         command("Get", 3, item("./GatewayAgent/Order/Receipt")), command("Replace", 4, item("./GatewayAgent/Order/Octets", b"in order", "bin")),
                         command("Exec", 5, item("./GatewayAgent/Order/Apply")), command("Get", 6, item("./GatewayAgent/Order/Result")),
                         command("Get", 7, item("./GatewayAgent/Order/Receipt")), command("Get", 8, item("./GatewayAgent/Order/Octets")),
                         command("Exec", 9, item("./GatewayAgent/Order/Apply")), tool=[f"result={code}"])
            self.assertEqual([m.status(i) for i in range(1, 10)], [[412], [404], [404], [200], [status], [200], [200], [405], [412]])
            self.assertEqual(m.results()["./GatewayAgent/Order/Result"], str(code))
            self.assertEqual(m.results()["./GatewayAgent/Order/Receipt"], b"redro ni")
        m = self.ask(command("Add", 1, item("./GatewayAgent/Order/Octets", bytes(8193), "bin")), command("Add", 2, item("./GatewayAgent/Order/Octets", b"", "bin")))
        self.assertEqual([m.status(1), m.status(2)], [[413], [400]])

    def test_enrolment(self):
        node = "./GatewayAgent/Platform/"
        for certificate, status in (b"c" * 64, 200), (b"x" * 64, 500):
            m = self.ask(command("Exec", 1, item(node + "Enrol")), command("Get", 2, item(node + "Request")), command("Get", 3, item(node + "NewCertificate")),
                         command("Add", 4, item(node + "NewCertificate", certificate, "bin")), command("Exec", 5, item(node + "Enrol")),
                         command("Exec", 6, item(node + "Enrol")), command("Get", 7, item(node + "Enrol")), command("Replace", 8, item(node + "Request", b"r" * 64, "bin")))
            self.assertEqual([m.status(i) for i in range(1, 9)], [[412], [200], [405], [200], [status], [412], [405], [405]])
            self.assertEqual(m.results()[node + "Request"], b"request")
        self.assertEqual(self.ask(command("Get", 1, item(node + "KeyRequest"))).results()[node + "KeyRequest"], b"key request")
        m = self.ask(command("Add", 1, item(node + "NewCertificate", bytes(4097), "bin")), command("Add", 2, item(node + "NewCertificate", bytes(63), "bin")),
                     command("Replace", 3, item(node + "Nonce", bytes(16), "bin")), command("Get", 4, item(node + "Evidence")), tool=["trust-error=EnrolmentDue"])
        self.assertEqual([m.status(i) for i in range(1, 5)], [[413], [400], [200], [409]])

    def chunks(self, sizes, size=None, first=None, rest=()):
        """A script that sends PACKAGE in pieces and then `rest` in the message of the last one."""
        cuts = [sum(sizes[:i]) for i in range(len(sizes) + 1)]

        def step(i):
            last = i == len(sizes) - 1
            part = item("./GatewayAgent/Mid/x/Package", PACKAGE[cuts[i]:cuts[i + 1]], "bin", size=(size or cuts[-1]) if i == 0 else None, more=not last)
            return lambda m: [command("Add", i + 1, part), *((*rest, FINAL) if last else ())]
        return [step(i) for i in range(len(sizes))] + [end]

    def test_large_object(self):
        messages = self.session(self.chunks([12000, 12000, 6000], rest=[command("Exec", 50, item("./GatewayAgent/Mid/x/Install"))]))
        for i in (1, 2):
            self.assertEqual(messages[i].status(i), [213])
            self.assertEqual(messages[i].alerts(), ["1222"])
            self.assertFalse(messages[i].final)
        self.assertEqual((messages[3].status(3), messages[3].status(50), messages[3].final), ([200], [200], True))
        self.assertEqual((FOLDER / "package").read_bytes(), PACKAGE)

    def test_large_object_of_another_size(self):
        for size in (29999, 30001):
            messages = self.session(self.chunks([12000, 12000, 6000], size=size))
            self.assertEqual(messages[3].status(3), [424])

    def test_large_object_far_over_its_size(self):
        messages = self.session(self.chunks([9000, 9000], size=100))
        self.assertEqual(messages[1].status(1), [424])
        m = self.session([lambda m: [command("Add", 1, item("./GatewayAgent/Mid/x/Package", PACKAGE[:50], "bin", size=60, more=True))],
                          lambda m: [command("Add", 2, item("./GatewayAgent/Mid/x/Package", PACKAGE, "bin")), FINAL], end])[2]
        self.assertEqual(m.status(2), [424])

    def test_large_object_needs_a_bounded_size(self):
        part = item("./GatewayAgent/Mid/x/Package", b"x", "bin", more=True)
        m = self.session([lambda m: [command("Add", 1, part)], end])[1]
        self.assertEqual(m.status(1), [411])
        part = item("./GatewayAgent/Mid/x/Package", b"x", "bin", size=49153, more=True)
        m = self.session([lambda m: [command("Add", 1, part)], end])[1]
        self.assertEqual(m.status(1), [413])

    def test_interrupted_large_object(self):
        part = item("./GatewayAgent/Mid/x/Package", b"x" * 100, "bin", size=200, more=True)
        m = self.session([lambda m: [command("Add", 1, part)], lambda m: [command("Get", 2, item("./DevInfo/Man")), FINAL], end])[2]
        self.assertEqual((m.alerts(), m.status(2)), (["1225"], [200]))
        self.session([lambda m: [command("Add", 1, part), FINAL], end], expect="Incomplete")

    def test_results_over_several_messages(self):
        nonce = command("Add", 1, item("./GatewayAgent/Platform/Nonce", b"n" * 16, "bin"))
        gets = [command("Get", i, item("./GatewayAgent/Platform/Evidence")) for i in (2, 3, 4, 5)]

        def more(m):
            self.assertFalse(m.final)
            return [command("Alert", 1, ("Data", "1222"))]
        messages = self.session([lambda m: [nonce, *gets, FINAL], more, more, more, end], tool=["evidence=1500"], limit=2600)
        self.assertTrue(all(len(m.octets) <= 2600 for m in messages))
        self.assertEqual(sum(len(m.all("Results")) for m in messages), 4)
        self.assertEqual([m.final for m in messages], [True, False, False, False, True])

    def test_a_result_that_the_server_cannot_take(self):
        nonce = command("Add", 1, item("./GatewayAgent/Platform/Nonce", b"n" * 16, "bin"))
        m = self.ask(nonce, command("Get", 2, item("./GatewayAgent/Platform/Evidence")), tool=["evidence=2000"], limit=2048)
        self.assertEqual(m.status(2), [413])


class Faults(Base):
    def broken(self, change, expect):
        server = Server(FOLDER, [end])
        self.addCleanup(server.close)
        original = server.answer
        server.answer = lambda message: change(*original(message))
        run = subprocess.run([TOOL, f"url=https://localhost:{server.port}/dm", f"roots={FOLDER}/root.pem"], capture_output=True, text=True, timeout=60)
        self.assertEqual(run.stdout.splitlines()[0], f"error={expect}", run.stdout)
        return run.stdout

    def edit(self, edit, expect="Protocol"):
        def change(answer, headers):
            root = wbxml.decode(answer)
            header, body = dict(root[1])["SyncHdr"], dict(root[1])["SyncBody"]
            edit(header, body)
            return wbxml.encode(("SyncML", [("SyncHdr", header), ("SyncBody", body)])), headers
        return self.broken(change, expect)

    @staticmethod
    def replace(part, name, content):
        part[[n for n, _ in part].index(name)] = (name, content)

    def test_no_wbxml(self):
        self.assertIn("localhost", self.broken(lambda a, h: (b"<SyncML/>", h), "Protocol"))
        self.broken(lambda a, h: (a[:-3], h), "Protocol")
        self.broken(lambda a, h: (b"", h), "Protocol")

    def test_wrong_headers(self):
        self.edit(lambda h, b: self.replace(h, "SessionID", "0"))
        self.edit(lambda h, b: self.replace(h, "MsgID", "0"))
        self.edit(lambda h, b: self.replace(h, "VerDTD", "1.1"))
        self.edit(lambda h, b: self.replace(h, "VerProto", "DM/1.3"))
        self.edit(lambda h, b: self.replace(h, "Target", [("LocURI", "urn:imei:1")]))
        self.edit(lambda h, b: h.append(("RespURI", "https://elsewhere.example/")))
        self.edit(lambda h, b: h.append(("RespURI", "http://localhost/")))

    def test_wrong_references(self):
        self.edit(lambda h, b: b.pop(0))
        self.edit(lambda h, b: self.replace(b[0][1], "MsgRef", "2"))
        self.edit(lambda h, b: self.replace(b[0][1], "CmdRef", "77"))
        self.edit(lambda h, b: self.replace(b[0][1], "Data", "abc"))
        self.edit(lambda h, b: self.replace(b[0][1], "Data", "503"), "ServerStatus")

    def test_resp_uri_on_the_same_host_is_followed(self):
        paths = []
        server = Server(FOLDER, [lambda m: [command("Get", 1, item("./DevInfo/Man")), FINAL], end])
        self.addCleanup(server.close)
        original, serve = server.header, server.serve

        def header(message, code):
            hdr, status = original(message, code)
            hdr[1].append(("RespURI", f"https://localhost:{server.port}/other?s=1"))
            return hdr, status

        def noting(request):
            paths.append(request.path)
            serve(request)
        server.header, server.serve = header, noting
        run = subprocess.run([TOOL, f"url=https://localhost:{server.port}/dm", f"roots={FOLDER}/root.pem"], capture_output=True, text=True, timeout=60)
        self.assertEqual((run.returncode, paths), (0, ["/dm", "/other?s=1"]), run.stdout)

    def test_http_status_and_type(self):
        server = Server(FOLDER, [])
        self.addCleanup(server.close)

        def refuse(request):
            request.send_error(503)
        server.serve = refuse
        run = subprocess.run([TOOL, f"url=https://localhost:{server.port}/dm", f"roots={FOLDER}/root.pem"], capture_output=True, text=True)
        self.assertEqual(run.stdout.splitlines()[:2], ["error=HttpStatus", "text=localhost answered HTTP status 503"])

        def html(request):
            request.send_response(200)
            request.send_header("Content-Type", "text/html")
            request.send_header("Content-Length", "0")
            request.end_headers()
        server.serve = html
        run = subprocess.run([TOOL, f"url=https://localhost:{server.port}/dm", f"roots={FOLDER}/root.pem"], capture_output=True, text=True)
        self.assertEqual(run.stdout.splitlines()[0], "error=Protocol")

    def test_endless_sessions_end(self):
        get = command("Get", 1, item("./DevInfo/Man"))
        messages = self.session([lambda m: [get, FINAL]] * 40, expect="Protocol")
        self.assertEqual(len(messages), 30)

    def test_cancel(self):
        for delay in (0, 3, 300):
            server = Server(FOLDER, [lambda m: [command("Get", 1, item("./GatewayAgent/Platform/Token")), FINAL], end])
            self.addCleanup(server.close)
            run = subprocess.run([TOOL, f"url=https://localhost:{server.port}/dm", f"roots={FOLDER}/root.pem", f"cancel={delay}", "delay=5000"],
                                 capture_output=True, text=True, timeout=60)
            self.assertEqual((run.returncode, run.stdout), (3, ""), run.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=1)
