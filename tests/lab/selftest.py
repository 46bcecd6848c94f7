#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Self-test of the laboratory; run it by the program selftest.

Owns: the cases. Each is named after what it shows. They share one laboratory a mode and run in the order written.
Must never use a program of the project: what is proved here is the ground that scenarios stand on.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

from selftest_tools import (AGENT_USER, CASES, MM, VISITOR, MessageClient, accepted, call_as, case, dns_lookup, lab,
                            modem_control, modem_path, modem_property, object_property, ping, refused, run_cases, sh, until)

DIR = sys.argv[1]
PUSH = os.urandom(300)                                # three SMS
GOOD = {"apn": "m2m.example.net", "user": "gw", "password": "apn-secret-7"}
AGENT = "org.gatewayagent.Agent1"
REGISTERED = 8
IPV4, IPV4V6 = 1, 4                                   # ModemManager's bearer IP families


def bearer_create(family=IPV4, **change):
    row = {**GOOD, **change}
    words = [w for k, v in row.items() for w in (k, "s", v)]
    return call_as(AGENT_USER, modem_path(), "Modem", "CreateBearer", "a{sv}", len(row) + 2, *words,
                   "allowed-auth", "u", "4", "ip-type", "u", family)


def bearer_connect(**change):
    path = accepted(bearer_create(**change)).split('"')[1]
    return path, call_as(AGENT_USER, path, "Bearer", "Connect")


def bearer_must_fail(why, **change):
    path, (done, text) = bearer_connect(**change)
    assert not done, "connected"
    attempt = modem_control("state")["attempts"][-1]
    assert attempt["result"] == why, (attempt, text)
    assert not modem_control("state")["peer_up"]
    accepted(call_as(AGENT_USER, modem_path(), "Modem", "DeleteBearer", "o", path))


def sms_paths():
    return modem_property("Messages", "Modem.Messaging")


def registered():
    return modem_property("State") >= REGISTERED


@case("qmi")
def the_modem_comes_up_with_real_ModemManager_and_polkitd():
    lab("up", "--dir", f"{DIR}/qmi", "--mode", "qmi", "--uplink", "--no-polkit-rule")
    assert modem_property("State") == 3, "the laboratory must not enable the modem"


@case("qmi")
def without_our_rule_the_service_user_is_refused():
    refused(call_as(AGENT_USER, modem_path(), "Modem", "Enable", "b", "true"))
    refused(bearer_create())
    refused(call_as(AGENT_USER, modem_path(), "Modem.Messaging", "Delete", "o", f"/{MM.replace('.', '/')}/SMS/0"))
    refused(call_as(AGENT_USER, modem_path(), "Modem.Location", "GetLocation"))


@case("qmi")
def with_our_rule_the_service_user_enables_and_others_do_not():
    lab("polkit-rule", "on")
    for user in (VISITOR, "gateway-tred"):
        refused(call_as(user, modem_path(), "Modem", "Enable", "b", "true"))
        refused(call_as(user, modem_path(), "Modem.Location", "GetLocation"))
    accepted(call_as(AGENT_USER, modem_path(), "Modem", "Enable", "b", "true"))
    accepted(call_as(AGENT_USER, modem_path(), "Modem.Location", "GetLocation"))
    until("registration", registered)


@case("qmi")
def the_rule_grants_nothing_else():
    refused(call_as(AGENT_USER, modem_path(), "Modem.Firmware", "List"))
    done = lab("run-as", AGENT_USER, "--", "busctl", "call", MM, "/org/freedesktop/ModemManager1", MM, "ScanDevices", check=False)
    refused((done.returncode == 0, done.stderr))


@case("qmi")
def a_burst_of_parts_arrives_in_both_message_clients():
    Path(DIR, "push").write_bytes(PUSH)
    second = MessageClient()
    lab("send", f"{DIR}/push", "--pause", "0")
    indexes = second.pump(3)
    assert len(indexes) == 3, indexes
    stored = modem_control("list")
    assert [second.read(i).hex() for i in indexes] == [stored[str(i)][1] for i in indexes]
    path = until("the message in ModemManager", sms_paths)[0]
    until("all of it", lambda: bytes(object_property(path, "Sms", "Data")) == PUSH)


@case("qmi")
def deleting_a_message_needs_the_rule():
    path = sms_paths()[0]
    refused(call_as(VISITOR, modem_path(), "Modem.Messaging", "Delete", "o", path))
    lab("polkit-rule", "off")
    refused(call_as(AGENT_USER, modem_path(), "Modem.Messaging", "Delete", "o", path))
    lab("polkit-rule", "on")
    accepted(call_as(AGENT_USER, modem_path(), "Modem.Messaging", "Delete", "o", path))
    assert modem_control("list") == {}


@case("qmi")
def a_wrong_access_point_or_password_does_not_connect():
    bearer_must_fail("unknown-apn", apn="wrong.example")
    bearer_must_fail("auth-failed", password="guess")
    bearer_must_fail("auth-failed", user="other")


@case("qmi")
def the_right_bearer_connects_and_packets_cross():
    sh("ip", "link", "set", "wwan0", "up")
    sh("ip", "address", "add", "192.0.2.10/24", "dev", "wwan0")
    sh("ip", "route", "add", "198.51.100.0/24", "via", "192.0.2.1", "dev", "wwan0", "onlink")
    assert not ping("198.51.100.10", "wwan0"), "crossed without a call"
    path, outcome = bearer_connect()
    accepted(outcome)
    config = object_property(path, "Bearer", "Ip4Config")
    assert config["method"]["data"] == 2 and config["address"]["data"] == "192.0.2.10", config
    assert object_property(path, "Bearer", "Interface") == "wwan0"
    until("a reply through the bearer", lambda: ping("198.51.100.10", "wwan0"), 5)
    assert ping("198.51.100.20", "wwan0")
    assert dns_lookup("192.0.2.53", "dm.example.net", "192.0.2.10") == ["198.51.100.10"]
    assert dns_lookup("192.0.2.53", "unknown.example.net", "192.0.2.10") == []


@case("qmi")
def a_drop_by_the_network_is_seen_by_ModemManager():
    assert modem_control("network-drop") == "1"
    bearer = modem_property("Bearers")[-1]
    until("the bearer's end", lambda: not object_property(bearer, "Bearer", "Connected"))
    assert not ping("198.51.100.10", "wwan0")
    modem_control("reject-next", "barred")
    assert not call_as(AGENT_USER, bearer, "Bearer", "Connect")[0]
    accepted(call_as(AGENT_USER, bearer, "Bearer", "Connect"))
    until("a reply through the bearer", lambda: ping("198.51.100.10", "wwan0"), 5)
    accepted(call_as(AGENT_USER, bearer, "Bearer", "Disconnect"))
    assert not modem_control("state")["peer_up"]


@case("qmi")
def a_dual_stack_request_gets_the_family_that_the_network_has():
    path, outcome = bearer_connect(family=IPV4V6)
    accepted(outcome)
    assert sorted(a["result"] for a in modem_control("state")["attempts"][-2:]) == ["accepted", "ipv4-only"]
    assert object_property(path, "Bearer", "Ip4Config")["address"]["data"] == "192.0.2.10"
    accepted(call_as(AGENT_USER, path, "Bearer", "Disconnect"))
    assert modem_control("state")["networks"] == {}


@case("qmi")
def the_uplink_does_not_reach_the_operator():
    sh("ip", "address", "flush", "dev", "wwan0")
    assert ping("203.0.113.1", "dsl0")
    assert not ping("198.51.100.10", "dsl0")
    assert dns_lookup("203.0.113.1", "dm.example.net") == ["198.51.100.10"]


@case("qmi")
def the_agents_name_belongs_to_its_user():
    own = "import sys; from gi.repository import Gio; b = Gio.bus_get_sync(1, None); " \
        "sys.exit(0 if b.call_sync('org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'RequestName', " \
        f"__import__('gi').repository.GLib.Variant('(su)', ('{AGENT}', 4)), None, 0, -1, None).unpack()[0] == 1 else 1)"
    for user, may in ((AGENT_USER, True), (VISITOR, False), ("gateway-tred", False), ("root", False)):
        done = lab("run-as", user, "--", "/usr/bin/python3", "-c", own, check=False)
        assert (done.returncode == 0) == may, (user, done.stderr)


@case("qmi")
def others_may_introspect_the_agent_but_neither_read_nor_hear_it():
    agent = subprocess.Popen(["lab", "run-as", AGENT_USER, "--", "/usr/bin/python3", sys.path[0] + "/selftest_agent.py", AGENT])
    try:
        until("the name", lambda: AGENT in sh("busctl", "list", "--acquired").stdout)
        for user, reads in (("root", True), (AGENT_USER, True), (VISITOR, False)):
            get = lab("run-as", user, "--", "busctl", "get-property", AGENT, "/x", AGENT + ".Manager", "State", check=False)
            assert (get.returncode == 0) == reads, (user, get.stdout, get.stderr)
            look = lab("run-as", user, "--", "busctl", "call", AGENT, "/x", "org.freedesktop.DBus.Introspectable", "Introspect",
                       check=False)
            assert look.returncode == 0, (user, look.stderr)
            heard = lab("run-as", user, "--", "/usr/bin/python3", sys.path[0] + "/selftest_agent.py", "--listen", AGENT, check=False)
            assert (heard.returncode == 0) == reads, (user, heard.stdout, heard.stderr)
    finally:
        agent.terminate()
        agent.wait()


@case("qmi")
def ModemManager_restarts_and_the_modem_leaves_and_returns():
    lab("mm-restart")
    before = modem_path()
    lab("unplug")
    assert not Path("/sys/class/net/wwan0").exists()
    lab("replug")
    assert modem_path() != before
    accepted(call_as(AGENT_USER, modem_path(), "Modem", "Enable", "b", "true"))
    until("registration", registered)
    lab("mm-stop")
    lab("mm-start")


@case("qmi")
def roaming_and_loss_of_the_network_are_seen_by_ModemManager():
    accepted(call_as(AGENT_USER, modem_path(), "Modem", "Enable", "b", "true"))
    until("registration at home", lambda: modem_property("RegistrationState", "Modem.Modem3gpp") == 1)
    for state, number, operator in (("roaming", 5, "26201"), ("home", 1, "24008")):
        modem_control("register", state)
        until(state, lambda: modem_property("RegistrationState", "Modem.Modem3gpp") == number)
        until("its operator", lambda: modem_property("OperatorCode", "Modem.Modem3gpp") == operator)
    modem_control("register", "searching")
    until("loss", lambda: not registered())
    modem_control("register", "denied")
    until("denial", lambda: modem_property("RegistrationState", "Modem.Modem3gpp") == 3)
    modem_control("register", "home")
    until("registration at home", registered)


@case("qmi")
def a_locked_card_opens_with_its_pin_and_counts_wrong_ones():
    lab("unplug")
    modem_control("card", "89460811111111111122", "240081111111112")
    modem_control("pin", "4711")
    lab("replug")
    until("the lock", lambda: modem_property("UnlockRequired") == 2)
    sim = modem_property("Sim")
    assert object_property(sim, "Sim", "SimIdentifier") == "89460811111111111122"
    assert object_property(sim, "Sim", "Imsi") == ""
    refused(call_as(VISITOR, sim, "Sim", "SendPin", "s", "4711"))
    assert not call_as(AGENT_USER, sim, "Sim", "SendPin", "s", "0000")[0]
    assert modem_control("state")["pin_tries"] == 2
    accepted(call_as(AGENT_USER, sim, "Sim", "SendPin", "s", "4711"))
    until("the opened card", lambda: modem_property("UnlockRequired") in (1, 3) and modem_property("State") == 3)
    assert object_property(modem_property("Sim"), "Sim", "Imsi") == "240081111111112"


@case("at")
def the_modem_comes_up_and_the_service_user_enables_it():
    lab("up", "--dir", f"{DIR}/at", "--mode", "at")
    refused(call_as(VISITOR, modem_path(), "Modem", "Enable", "b", "true"))
    accepted(call_as(AGENT_USER, modem_path(), "Modem", "Enable", "b", "true"))
    until("registration", registered)


@case("at")
def a_message_in_parts_arrives_and_can_be_deleted():
    Path(DIR, "push").write_bytes(PUSH)
    lab("send", f"{DIR}/push", "--pause", "0.5")
    path = until("the message in ModemManager", sms_paths)[0]
    until("all of it", lambda: bytes(object_property(path, "Sms", "Data")) == PUSH)
    accepted(call_as(AGENT_USER, modem_path(), "Modem.Messaging", "Delete", "o", path))
    assert modem_control("list") == {"SM": {}, "ME": {}}


@case("at")
def answers_can_be_changed_and_the_modem_leaves_and_returns():
    before = modem_path()
    lab("unplug")
    modem_control("set", "AT+CPIN?", "+CPIN: SIM PIN")
    lab("replug")
    assert modem_path() != before
    until("the lock", lambda: modem_property("UnlockRequired") == 2)


@case("none")
def a_gateway_without_modem_reaches_the_operator_by_its_uplink():
    lab("up", "--dir", f"{DIR}/none", "--mode", "none")
    assert ping("198.51.100.10", "dsl0")
    assert sh("getent", "ahostsv4", "m2m.example.net").stdout.startswith("198.51.100.20 ")
    assert sh("getent", "ahostsv4", "unknown.example.net", check=False).returncode != 0


@case("none")
def the_resolvers_take_other_names():
    Path(DIR, "names").write_text("198.51.100.20 new.example.net\n")
    lab("hosts", f"{DIR}/names")
    until("the new name", lambda: sh("getent", "ahostsv4", "new.example.net", check=False).stdout.startswith("198.51.100.20 "))
    assert sh("getent", "ahostsv4", "m2m.example.net", check=False).returncode != 0


def status_of(user) -> dict:
    lines = lab("run-as", user, "--", "cat", "/proc/self/status").stdout.splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


@case("none")
def programs_run_without_privileges():
    for user, most in ((AGENT_USER, 0), ("gateway-tred", 0), (VISITOR, 0), ("root", 1 << 12)):      # CAP_NET_ADMIN
        status = status_of(user)
        assert status["NoNewPrivs"] == "1", user
        caps = {key: int(status[key], 16) for key in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")}
        assert caps == {"CapEff": most, "CapPrm": most, "CapBnd": most, "CapInh": 0, "CapAmb": 0}, (user, caps)


SOCKET = "import os, socket, sys; os.umask(0o117); s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); " \
    "s.{0}('/run/gateway-agent/x.sock'); s.listen(1) if '{0}' == 'bind' else None"


@case("none")
def programs_meet_in_their_folder_and_others_do_not():
    for server in ("gateway-tred", "root"):
        lab("run-as", server, "--", "/usr/bin/python3", "-c", SOCKET.format("bind"))
        for client, reaches in ((AGENT_USER, "refused"), (VISITOR, "Permission denied")):     # nobody accepts: refused is there
            done = lab("run-as", client, "--", "/usr/bin/python3", "-c", SOCKET.format("connect"), check=False)
            assert reaches in done.stderr, (server, client, done.stderr)
        assert lab("run-as", AGENT_USER, "--", "rm", "-f", "/run/gateway-agent/x.sock", check=False).returncode != 0
        os.unlink("/run/gateway-agent/x.sock")


@case("none")
def nothing_owns_the_names_of_modems():
    assert MM not in sh("busctl", "list").stdout
    assert not sh("mmcli", "-L", check=False).returncode == 0


def leftovers() -> list:
    rows = sh("ps", "-eo", "pid,args").stdout.splitlines()[1:]
    mine = ("inside.py", "selftest.py", "ps -eo")
    return [row for row in rows if not any(word in row for word in mine)]


def main() -> int:
    modes = sys.argv[2:] or list(CASES)
    passed = failed = 0
    for mode in modes:
        counts = run_cases(mode)
        lab("down")
        rest = leftovers()
        print("FAIL " + json.dumps(rest) if rest else "ok   " + f"{mode}: down leaves nothing")
        passed, failed = passed + counts[0] + (not rest), failed + counts[1] + bool(rest)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
