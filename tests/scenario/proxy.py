# SPDX-License-Identifier: Apache-2.0
"""DM sessions through the HTTP proxy that a document names (TO-PROXY, ACCESS, PXLOGICAL): the real tinyproxy in the operator's network."""
from pathlib import Path

import labproc
from main_job import check_managed, check_no_secret_on_disk_or_in_logs, expect
from pushes import session
from scenarios import scenario
from world import TREE, until

ADDRESS, PORT, LOGIN = "198.51.100.20", 8888, "gw:proxy-secret-5"
PROXY = ("--proxy", ADDRESS, "--proxy-port", PORT)
TO_PROXY = (*PROXY, "--to-proxy", "PROXY1")
RULES = ("--also", "NAP2:other.example.net", "--access", "APPID=w7,DOMAIN=operator.example.com,TO-NAPID=NAP2",
         "--access", "APPID=w2,TO-NAPID=NAP2", "--access", "APPID=w7,PORTNBR=443,DOMAIN=operator.example,TO-PROXY=PROXY1")


def proxy_up(world):
    """It lets nobody in without that name and password; its own names come from a hosts file."""
    Path("/etc/netns/operator/hosts").write_text("198.51.100.10 dm.operator.example\n")
    conf, log = world.dir / "tinyproxy.conf", world.dir / "tinyproxy.log"
    conf.write_text(f'Port {PORT}\nListen {ADDRESS}\nBind {ADDRESS}\nTimeout 60\nLogFile "{log}"\nLogLevel Info\nBasicAuth {LOGIN.replace(":", " ")}\nConnectPort 443\n')
    labproc.start("proxy", TREE / "tests/lab/lab", "in", "operator", "--", "tinyproxy", "-d", "-c", conf)
    until("the proxy", lambda: log.exists() and "Accepting connections" in log.read_text())
    return log


def fails(world, says, *options):
    jobs = len([j for j in world.all("Job").values() if j["State"] == "failed"])
    world.sms(world.push(*TO_PROXY, *options))
    until(f"a failed job: {says}", lambda: len([j for j in world.all("Job").values() if j["State"] == "failed"]) > jobs, 60)
    text = world.manager()["LastErrorText"]
    expect(f"{says} in {world.manager()['LastError']}: {text}", world.manager()["LastError"] == "ProxyFailed" and says in text and f"proxy {ADDRESS} port" in text)
    expect("no session", not world.sessions())


@scenario(lab_options=("--uplink-reaches-operator",))
def the_dm_session_takes_the_proxy_of_its_document(world):
    """Nobody there; a wrong password; then, named by a rule of ACCESS, the main job through it over the bearer, and a later session that a notification asks for, after
    a restart."""
    world.up()
    world.start()
    fails(world, "connect")
    log = proxy_up(world)
    try:
        fails(world, "40", "--proxy-login", "gw:wrong")
        world.sms(world.push(*PROXY, *RULES, "--proxy-login", LOGIN))
        check_managed(world)
        check_no_secret_on_disk_or_in_logs(world)
        world.stop("agentd")
        world.start("agentd")
        world.managed()
        session(world, "4711", lambda: world.sms(world.push("--notify", "4711")))
        expect(f"the server saw nobody but the proxy: {world.sessions()}", {e["peer"] for e in world.sessions()} == {ADDRESS})
        peers = {line.split()[-1] for line in log.read_text().splitlines() if "Connect (file descriptor" in line}
        expect(f"the proxy saw nobody but the bearer: {peers}", peers == {"192.0.2.10"})
        expect("the password is nowhere", not any("proxy-secret-5" in text for text in (world.log(), *(p.read_text(errors="replace") for p in
                                                                                       Path("/var/lib/gateway-agent").glob("*")))))
    finally:
        labproc.stop("proxy")
