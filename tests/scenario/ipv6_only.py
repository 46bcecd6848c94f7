# SPDX-License-Identifier: Apache-2.0
"""A bearer with IPv6 alone."""
from main_job import check_managed, expect
from scenarios import scenario
from world import lab, run, until


@scenario(mode="qmi")
def the_main_job_over_a_bearer_with_ipv6_alone(world):
    """Resolver, DM server and LwM2M server have IPv6 addresses only; the last one that of a NAT64, which is used as the resolver gives it."""
    names = world.dir / "hosts6"
    world.box_options = ("--dm-addr", "2001:db8:51::10", "--lwm2m-addr", "64:ff9b::c633:6414")
    world.up()
    names.write_text("# IPv6 alone\n2001:db8:51::10 dm.operator.example\n64:ff9b::c633:6414 lwm2m.operator.example\n")
    lab("hosts", names)
    world.start()
    world.sms(world.push("--apn", "six.example.net", "--apn-auth", "none"))
    check_managed(world)
    bearer = until("the bearer", lambda: world.one("Bearer", State="connected", Installed=True))
    expect(f"IPv6 alone: {bearer}", bearer["Addresses"] == ["2001:db8:c0::10/64"] and bearer["Dns"] == ["2001:db8:c0::53"])
    expect("its gateway and MTU", bearer["Gateway"] == "2001:db8:c0::1" and bearer["Mtu"] == 1420)
    shown = run("ip", "address", "show", "dev", "wwan0").stdout
    expect(f"on the port: {shown}", "2001:db8:c0::10/64" in shown and "inet " not in shown and "mtu 1420" in shown)
    lab("modem", "network-drop")
    until("the loss", lambda: world.one("Bearer")["State"] != "connected", 30)
    until("managed again", lambda: world.one("Bearer", State="connected") and world.manager()["State"] == "managed", 90)
