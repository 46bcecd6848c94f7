# SPDX-License-Identifier: Apache-2.0
"""What a management server wrote: nothing that was answered with a success is lost, nothing that was refused is in force."""
import json
import subprocess
from pathlib import Path

from access_points import killed
from main_job import check_managed, expect, lwm2m
from scenarios import scenario
from second_server import account_file, ask, kept, observed_by_itself, state
from upkeep import read
from world import agentctl, run, until

STORE = Path("/var/lib/gateway-agent")


def senml(*records):
    return {"format": 110, "hex": json.dumps(records).encode().hex()}


def right_row(world):
    """The instance of object 2 that is about /3/0."""
    return next(r for r in range(64) if read(world, f"/2/{r}/0") == "3" and read(world, f"/2/{r}/1") == "0")


def attached(world):
    return str("pmin=8" in json.dumps(lwm2m(world, op="discover", path="/3/0")))


def requests(world):
    """Name, request, its answer, what then shows what."""
    row = right_row(world)

    def shows(path):
        return lambda: read(world, path)
    return (
        ("lifetime", {"op": "write", "path": "/1/0/1", "value": "777"}, "2.04", shows("/1/0/1"), "777"),
        ("account", {"op": "update", "path": "/1/0", **senml({"n": "/1/0/2", "v": 3}, {"n": "/1/0/5", "v": 999})}, "2.04", shows("/1/0/5"), "999"),
        ("rights", {"op": "write", "path": f"/2/{row}/2", **senml({"n": f"/2/{row}/2/102", "v": 5})}, "2.04", shows(f"/2/{row}/2/102"), "5"),
        ("portfolio", {"op": "write", "path": "/16/0/0/0", "value": "other"}, "2.04", shows("/16/0/0/0"), "other"),
        ("attributes", {"op": "attributes", "path": "/3/0", "query": ["pmin=8"]}, "2.04", lambda: attached(world), "True"),
        ("instance", {"op": "create", "path": "/16", **senml({"n": "/16/2/0/0", "vs": "second"})}, "2.01", shows("/16/2/0/0"), "second"),
        ("instance that goes", {"op": "delete", "path": "/16/1"}, "2.02", shows("/16/1/0/0"), "4.04"),
    )


def calm(world):
    """Both registrations are in the store, and nothing that a server does by itself is to come: a failure is a request's."""
    for each in ("GW-0001", "GW-0001-102"):
        until("what it observes by itself", lambda e=each: observed_by_itself(world, e))
        ask(world, each, "cancel", "/3/0/13")
    until("kept", lambda: kept("lwm2m/local-102/registration") and kept("lwm2m/usim-101/registration"))


def failures(world):
    return world.log().count("[lwm2m] NoSpace: state store: ")


@scenario(mode="none")
def what_a_server_wrote_outlives_a_kill_right_after_the_answer_or_is_refused(world):
    """Account, rights, portfolio, attributes, an instance more and less: with a full disk each is refused, tells why once and changes nothing; with room each is there
    after a kill that follows its answer."""
    world.up()
    (world.operator_dir / "dtls-sessions").touch()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=1m,mode=700,uid={run('id', '-u', 'gateway-agent').stdout.strip()}", "tmpfs", STORE], check=True)
    world.start()
    agentctl("bootstrap", world.push())
    check_managed(world)
    agentctl("account", "add", account_file(world, 102))
    until("both servers", lambda: state(world, 101) == state(world, 102) == "registered")
    for n, name in enumerate(("first", "last")):
        expect(name, lwm2m(world, op="create", path="/16", **senml({"n": f"/16/{n}/0/0", "vs": name}))["code"] == "2.01")
    rows = requests(world)
    calm(world)

    before = [shows() for *_, shows, _ in rows]
    ballast = STORE / "ballast"
    run("sh", "-c", f"cat /dev/zero > {ballast}", check=False)
    for n, (name, request, _, shows, _) in enumerate(rows):
        answer = lwm2m(world, **request)["code"]
        expect(f"{name}: refused: {answer}", answer == "5.00")
        expect(f"{name}: told, once: {failures(world)}", failures(world) == n + 1 and world.manager()["LastError"] == "NoSpace")
        expect(f"{name}: as it was: {shows()}", shows() == before[n])
    killed(world)
    for (name, *_, shows, _), former in zip(rows, before):
        until(f"{name}: as it was, after a kill", lambda s=shows, f=former: s() == f, 30)
    ballast.unlink()

    for name, request, code, shows, value in rows:
        answer = lwm2m(world, **request)["code"]
        killed(world)
        expect(f"{name}: {answer}", answer == code)
        until(f"{name} is {value}", lambda s=shows, v=value: s() == v, 30)
