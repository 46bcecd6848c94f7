# SPDX-License-Identifier: Apache-2.0
"""Networks of the laboratory.

Owns: the namespaces `operator` (servers 198.51.100.10 and .20, 2001:db8:51::10 and, as NAT64 would show .20, 64:ff9b::c633:6414) and `internet` (what lies behind the DSL line), the links
between them, their resolvers.

    gateway (here)                      operator
      wwan0  =====veth=====  wwan0peer  192.0.2.1, 192.0.2.53 (resolver), only while a packet call stands
      wwan1  =====veth=====  wwan1peer  the same, of the second modem (--modems 2)
      dsl0   =====veth=====  dsl0peer   in internet: 203.0.113.1 (router, resolver)
                             core0 ==== core1: internet to operator, only with --uplink-reaches-operator

Promises: without that option nothing leads from the DSL line to the operator.
Must never give wwan0 an address: that is the work of whoever installs a bearer.
"""
import os
import shutil
import signal
from pathlib import Path

from labproc import folder, pid_of, quiet, require, run, start

SERVERS = ("198.51.100.10/32", "198.51.100.20/32", "2001:db8:51::10/128", "64:ff9b::c633:6414/128")
OPERATOR_NET, UPLINK_NET = "198.51.100.0/24", "203.0.113.0/24"
UPLINK_ADDRESS, UPLINK_ROUTER = "203.0.113.2/24", "203.0.113.1"
OPERATOR_RESOLVER = ("192.0.2.53", "2001:db8:c0::53")
WWAN_INDEX = 100                                      # as the device description says


def ip(namespace: str, *words: str) -> None:
    run("ip", *(("-n", namespace) if namespace else ()), *words)


def forwarding(namespace: str) -> None:
    run("ip", "netns", "exec", namespace, "sysctl", "-qw", "net.ipv4.ip_forward=1")
    run("ip", "netns", "exec", namespace, "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0")


def namespace_make(name: str) -> None:
    run("ip", "netns", "add", name)
    ip(name, "link", "set", "lo", "up")
    Path(f"/etc/netns/{name}").mkdir(parents=True, exist_ok=True)
    Path(f"/etc/netns/{name}/resolv.conf").write_text("# no resolver here\n")


def operator_make() -> None:
    namespace_make("operator")
    for address in SERVERS:
        ip("operator", "address", "add", address, "dev", "lo")


def wwan_make(number: int) -> None:
    """A modem's network port, as it is after the modem was plugged in: down, no address, no carrier."""
    ip("", "link", "add", f"wwan{number}", "index", str(WWAN_INDEX + number), "address", f"02:00:00:00:00:0{number + 1}", "type", "veth",
       "peer", "name", f"wwan{number}peer", "netns", "operator")


def wwan_delete(number: int) -> None:
    quiet("ip", "link", "delete", f"wwan{number}")


def uplink_make(reaches_operator: bool) -> None:
    namespace_make("internet")
    ip("", "link", "add", "dsl0", "type", "veth", "peer", "name", "dsl0peer", "netns", "internet")
    ip("internet", "address", "add", f"{UPLINK_ROUTER}/24", "dev", "dsl0peer")
    ip("internet", "link", "set", "dsl0peer", "up")
    ip("", "address", "add", UPLINK_ADDRESS, "dev", "dsl0")
    ip("", "link", "set", "dsl0", "up")
    ip("", "route", "add", "default", "via", UPLINK_ROUTER)
    forwarding("internet")
    if reaches_operator:
        core_make()
    else:
        ip("internet", "route", "add", "unreachable", OPERATOR_NET)
    resolver_start("internet", (UPLINK_ROUTER,))
    Path("/etc/resolv.conf").write_text(f"nameserver {UPLINK_ROUTER}\n")


def core_make() -> None:
    ip("internet", "link", "add", "core0", "type", "veth", "peer", "name", "core1", "netns", "operator")
    ip("internet", "address", "add", "100.64.0.1/30", "dev", "core0")
    ip("operator", "address", "add", "100.64.0.2/30", "dev", "core1")
    ip("internet", "link", "set", "core0", "up")
    ip("operator", "link", "set", "core1", "up")
    ip("internet", "route", "add", OPERATOR_NET, "via", "100.64.0.2")
    ip("operator", "route", "add", UPLINK_NET, "via", "100.64.0.1")


def uplink_set(up: bool) -> None:
    ip("", "link", "set", "dsl0", "up" if up else "down")
    if up:
        ip("", "route", "replace", "default", "via", UPLINK_ROUTER)


def resolver_start(namespace: str, addresses) -> None:
    """Answers from DIR/hosts only, at those addresses while they are there, and the servers in its namespace. Its socket is of all addresses: with one for each
    (--bind-dynamic), which has to follow them as they come and go, questions to an address that was up were refused for seconds, once in some hundred bearers."""
    name = f"dns-{namespace}"
    start(name, "ip", "netns", "exec", namespace, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
          "--user=root", "--pid-file=", "--log-facility=-", "--no-resolv", "--no-hosts", "--local=/#/",
          f"--addn-hosts={folder()}/hosts", *(f"--listen-address={a}" for a in ("127.0.0.1", *addresses)), "--local-ttl=1")
    require(name)


def hosts_replace(path: str) -> None:
    """The resolvers know the names of PATH from now on."""
    shutil.copyfile(path, folder() / "hosts")
    for pid in filter(None, (pid_of("dns-operator"), pid_of("dns-internet"))):
        os.kill(pid, signal.SIGHUP)


def networks_delete() -> None:
    for link in ("wwan0", "wwan1", "dsl0"):
        quiet("ip", "link", "delete", link)
    for name in ("operator", "internet"):
        quiet("ip", "netns", "delete", name)
    Path("/etc/resolv.conf").write_text("# no resolver yet\n")
