#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The main job as a story: each step as it happens, with its time; at the end the status.

Owns: the order of the story and its clock. Promises: exit status 0 only if the gateway is managed and its report was taken. Must never be run outside
of tests/lab/enter.    usage: quickstart.py FOLDER [--stay]
"""
import os
import re
import signal
import subprocess
import sys
import time

from world import BUILD, PIN, TREE, World, agentctl, until

BEGIN = time.monotonic()
STORY = re.compile(r"^(?:notice|warning) +\[([^\]]+)\] (.*)$")


def say(who, text):
    print(f"{time.monotonic() - BEGIN:7.2f}  {who:9} {text}", flush=True)


def follow(world, told):
    """What agentd and agent-tred log at notice level is the story."""
    for program in ("agentd", "tred"):
        lines = world.log(program).splitlines()
        for line in lines[told.get(program, 0):]:
            match = STORY.match(line)
            if match:
                say(program, f"[{match[1]}] {match[2]}")
        told[program] = len(lines)


def tell(world, told):
    say("factory", "roots, factory data; agent-tred makes its keys, they leave as certificate requests")
    say("lab", "operator in its own network namespace; dbus-daemon, polkitd, ModemManager on a simulated QMI modem")
    world.up()
    say("operator", "DM server, LwM2M server, DNS are up")
    world.start()
    say("gateway", "agent-tred, agent-modemd, agentd run under their own users; the state directory was empty")
    until("the modem", lambda: follow(world, told) or (world.one("Modem") or {}).get("State") in ("registered", "connected"), 60)
    push = world.push()
    say("operator", f"sends an SMS: OMA CP bootstrap, {push.stat().st_size} octets, SEC=USERPIN, parts in reverse order")
    world.sms(push, "--pause", "0", reverse=True)
    until("the report", lambda: follow(world, told) or world.one("Job", State="succeeded") or world.one("Job", State="failed"), 120)
    world.managed(10)
    address = subprocess.run(["ip", "-brief", "address", "show", "dev", "wwan0"], capture_output=True, text=True, check=True).stdout.strip()
    say("gateway", f"bearer: {' '.join(address.split())}")
    for event in world.lwm2m_events():
        if event["event"] == "register":
            say("operator", f"LwM2M registration of {event.get('ep')}")


def stay():
    print(f"\nthe laboratory is running; try\n"
          "  busctl tree org.gatewayagent.Agent1\n"
          "  busctl introspect org.gatewayagent.Agent1 /org/gatewayagent/Agent1\n"
          "  agentctl status | list | show bearer | monitor\n"
          f"  python3 {TREE}/tests/operator/push.py --help      (device PIN {PIN})\n"
          "  lab modem network-drop | lab unplug | lab replug\n"
          "  ping -I 192.0.2.10 198.51.100.20", flush=True)
    os.environ["PATH"] = f"{BUILD}/agentd/ctl:{os.environ['PATH']}"
    if sys.stdin.isatty():
        print("`exit` ends it.", flush=True)
        subprocess.run(["/bin/bash", "--norc"], check=False)
    else:
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


def main() -> int:
    world, told, code = World(sys.argv[1]), {}, 1
    try:
        tell(world, told)
        code = 0
    except Exception as problem:                          # the story ends with its reason
        if world.is_up():
            follow(world, told)
        say("FAILED", str(problem))
    print("\n$ agentctl status\n" + agentctl("status", check=False).stdout, flush=True)
    if "--stay" in sys.argv and code == 0:
        stay()
    world.down()
    return code


if __name__ == "__main__":
    sys.exit(main())
