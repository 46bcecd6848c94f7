# SPDX-License-Identifier: Apache-2.0
"""Accounts by hand, several servers at one gateway, and servers that go away: seen over the bus and in the operator's own event log."""
import contextlib
import json
import os
import secrets
import signal
import sqlite3

from main_job import expect
from scenarios import scenario
from world import TREE, agentctl, labproc, run, until

SERVER = ("/usr/bin/python3", "-B", TREE / "tests/operator/lwm2m_server.py")
LOCAL, FIRST = "account/lwm2m_2dlocal_2d102", "account/lwm2m_2dusim_2d101"


def account_file(world, server_id, **more):
    """A file for `agentctl account add`, of a server that knows the gateway under another name."""
    identity, key = f"GW-0001-{server_id}", secrets.token_hex(16)
    path = world.operator_dir / "psk.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), identity: {"key": key, "endpoint": identity}}))
    fields = {"uri": "coaps://lwm2m.operator.example:5684", "server-id": server_id, "identity": identity, "key": key, "endpoint": identity, "lifetime": 20, **more}
    out = world.dir / f"account-{server_id}"
    out.write_text("# by hand\n" + "".join(f"{k}={v}\n" for k, v in fields.items()))
    return out


def state(world, server_id):
    return (world.one("Account", ServerId=str(server_id)) or {}).get("State")


def ask(world, endpoint, operation, path, *more, folder=None):
    """What the operator's server of that registration, or the one of that folder, gets for an answer."""
    return json.loads(run(*SERVER, "ctl", "--dir", folder or world.operator_dir, operation, endpoint, path, *more, check=False).stdout)


def code(answer):
    return answer.get("code", answer)


def registers(world, endpoint):
    return sum(e["event"] == "register" and e["ep"] == endpoint for e in world.lwm2m_events())


def sends(world, endpoint):
    return [e for e in world.lwm2m_events() if e["event"] == "send" and e["ep"] == endpoint]


def refused(*words):
    done = agentctl(*words, check=False)
    return done.stderr if done.returncode else ""


def server_restarts(world):
    """The operator's LwM2M server is killed; the same one comes back without any memory of sessions and registrations."""
    pid = int((world.operator_dir / "box/lwm2m.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    until("the account that noticed", lambda: state(world, 102) == "retrying", 60)
    account = world.one("Account", ServerId="102")
    expect("it says why and when it tries again", account["LastError"] and account["LastErrorText"] and account["LastErrorHint"] and account["NextContact"])
    labproc.start("lwm2m-again", TREE / "tests/lab/lab", "in", "operator", "--", *SERVER, "run", "--dir", world.operator_dir, "--addr", "198.51.100.20")


def kept(key):
    """What the store has under that key."""
    with contextlib.closing(sqlite3.connect("file:/var/lib/gateway-agent/agent.db?mode=ro", uri=True, timeout=20)) as db:
        return db.execute("SELECT value FROM octets WHERE key = ?", (key,)).fetchone()


def observed_by_itself(world, endpoint):
    """After its last Register."""
    mine = [e for e in world.lwm2m_events() if e.get("ep") == endpoint]
    last = max(i for i, e in enumerate(mine) if e["event"] == "register")
    return any(e["event"] == "observe" for e in mine[last:])


def observed_over_a_restart(world, endpoint):
    """The same registration on the same DTLS session: the server need not begin anew (Core TS 1.1.1 clause 6.4.1)."""
    path = "/1/1/2"
    for each in ("GW-0001", endpoint):  # nothing that the server does by itself is to come in between
        until("what it observes by itself", lambda: observed_by_itself(world, each))
        ask(world, each, "cancel", "/3/0/13")
    expect("observed", ask(world, endpoint, "observe", path)["ok"])
    until("kept", lambda: kept("lwm2m/local-102/registration") and kept("lwm2m/usim-101/registration"))
    count = registers(world, endpoint)
    world.stop("agentd")
    world.start("agentd")
    until("both servers after a restart", lambda: state(world, 101) == state(world, 102) == "registered")
    seen = len(world.lwm2m_events())
    expect("written", code(ask(world, endpoint, "write", path, "--value", "3")) == "2.04")
    until("its notification", lambda: any(e["event"] == "notify" and e["ep"] == endpoint and e["path"] == path and "3" in json.dumps(e) for e in world.lwm2m_events()[seen:]))
    expect("without a Register", registers(world, endpoint) == count)


@scenario()
def a_second_server_shares_the_gateway_by_its_rights_and_each_is_found_again(world):
    """An account by hand beside the bootstrapped one: who may do what, Send, what servers wrote over a restart, a server that is killed, the last account."""
    world.up()
    (world.operator_dir / "dtls-sessions").touch()
    world.start()
    world.sms(world.push())
    world.managed()
    before = world.log()
    added = account_file(world, 102)
    (world.dir / "half").write_text("uri=coaps://a\n")
    expect("a file without key is refused", "needs uri" in refused("account", "add", world.dir / "half"))
    expect("added", agentctl("account", "add", added).stdout.strip() == LOCAL)
    until("both servers", lambda: state(world, 101) == state(world, 102) == "registered")
    expect("no secret in the log", json.loads((world.operator_dir / "psk.json").read_text())["GW-0001-102"]["key"] not in world.log()[len(before):])
    expect("twice is refused", "already" in refused("account", "add", added))

    own = "GW-0001-102"
    expect("ets_950: each has its account", code(ask(world, own, "read", "/1/1/1")) == "2.05" and code(ask(world, own, "read", "/1/0/1")) == "4.01")
    expect("ets_950: and the first server the device", code(ask(world, own, "execute", "/1/0/8")) == "4.01" and code(ask(world, own, "read", "/3/0/0")) == "2.05")
    expect("Send is muted until the server allows it", "Mute Send" in refused("account", "send", LOCAL, "/3/0/0"))
    expect("allowed", code(ask(world, own, "write", "/1/1/23", "--value", "0")) == "2.04")
    sent = len(sends(world, own))
    agentctl("account", "send", LOCAL, "/3/0/0", "/1/0/1", "senml-json")
    got = until("ets_306, ets_311: Send", lambda: sends(world, own)[sent:])[-1]
    expect("ets_306: what it may read", "/3/0/0" in json.dumps(got) and "/1/0/1" not in json.dumps(got))
    expect("ets_307: muted again", code(ask(world, own, "write", "/1/1/23", "--value", "1")) == "2.04" and "Mute Send" in refused("account", "send", LOCAL, "/3/0/0"))
    expect("and not", code(ask(world, own, "write", "/1/1/23", "--value", "0")) == "2.04")
    expect("attributes", code(ask(world, own, "attributes", "/3/0/13", "--query", "pmin=7")) == "2.04")
    expect("ets_951: they are this server's alone", "pmin=7" in json.dumps(ask(world, own, "discover", "/3/0")) and
           "pmin" not in json.dumps(ask(world, "GW-0001", "discover", "/3/0")))

    agentctl("account", "disable", LOCAL)
    until("de-registered", lambda: state(world, 102) == "disabled" and any(e["event"] == "deregister" and e["ep"] == own for e in world.lwm2m_events()))
    agentctl("account", "connect", LOCAL)
    until("registered again", lambda: state(world, 102) == "registered")

    observed_over_a_restart(world, own)
    expect("what a server wrote is there", "pmin=7" in json.dumps(ask(world, own, "discover", "/3/0")))
    agentctl("account", "send", LOCAL, "/3/0/0")
    expect("its rights and instances too", code(ask(world, own, "read", "/1/0/1")) == "4.01" and code(ask(world, own, "read", "/1/1/1")) == "2.05")

    count = registers(world, own)
    server_restarts(world)
    until("the killed server's registration", lambda: state(world, 102) == "registered", 90)
    expect("one Register, and no other", registers(world, own) == count + 1)
    agentctl("account", "remove", LOCAL)
    until("the second account is gone", lambda: state(world, 102) is None and any(e["event"] == "deregister" and e["ep"] == own for e in world.lwm2m_events()[-20:]))
    agentctl("account", "remove", FIRST)
    (last,) = world.all("Account")
    expect("the last one stays, the OMA DM account", "last account" in refused("account", "remove", last) and world.all("Account"))
