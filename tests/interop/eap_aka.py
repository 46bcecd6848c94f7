#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""EAP-AKA and EAP-AKA' by programs that are not ours: eapol_test with external_sim=1 asks agent-usimd over its control socket, hostapd is the RADIUS
server, the operator's AuC makes the vectors. usage (by eap_aka.sh): eap_aka.py BUILD [PATTERN]..."""
import os
import subprocess
from contextlib import contextmanager

from usim_gateway import IMSI, K, OPC, PATIENT, SUSPENDED, USIMD_UID, Gateway, main, until

NETWORKS = {"AKA": "0", "AKA'": "6", "SIM": "1"}


@contextmanager
def world(build, acl="authenticate,ckik,identity", active=True):
    g = Gateway(build)
    try:
        (g.dir / "wpa").mkdir(mode=0o777)
        os.chmod(g.dir / "wpa", 0o777)
        (g.dir / "agent-usimd.conf").write_text(f"[wpa]\nfolder={g.dir}/wpa\n")
        g.install(acl=acl, active=active)
        g.auc()
        g.hostapd()
        g.usimd(ready="ready; wpa_supplicant")
        yield g
    finally:
        g.close()


def run(g, method):
    network = {"eap": method, "identity": f'"{NETWORKS[method]}{IMSI}"'}
    head = f"ctrl_interface=DIR={g.dir}/wpa GROUP={USIMD_UID}\nexternal_sim=1\n"
    return g.eapol(network, ("-W",), head, 20)


def refused(g, method):
    """The supplicant was answered, and by no."""
    status, said = run(g, method)
    return status != 0 and "EAPOL test timed out" not in said


def expect(good, what, g):
    if not good:
        raise AssertionError(f"{what}\n{g.log('usimd')[-1500:]}")


def eap_aka_and_aka_prime_succeed_again_and_again(build):
    """One bridge for many supplicants: each makes the control socket anew. Both ends derive the same MSK (hostapd would refuse)."""
    with world(build) as g:
        for method in ("AKA", "AKA'", "AKA", "AKA'"):
            status, said = run(g, method)
            expect(status == 0 and said.rstrip().endswith("SUCCESS"), f"{method}: {status} {said[-300:]}", g)
        expect(len([e for e in g.events() if e["event"] == "auc.resync"]) == 0, "no resynchronisation was due", g)
        expect(g.log("usimd").count("attached") == 4, "attached four times", g)


def eap_sim_succeeds_where_the_issuer_allows_2g(build):
    """Two or three RANDs of one question, asked one by one; without `gsm` in the ACL, and for a MID that is not in service, the supplicant hears no at once."""
    with world(build, acl="authenticate,ckik,gsm,identity") as g:
        for _ in range(2):
            status, said = run(g, "SIM")
            expect(status == 0 and said.rstrip().endswith("SUCCESS"), f"EAP-SIM: {status} {said[-300:]}", g)
        expect(run(g, "AKA")[0] == 0, "and EAP-AKA beside it", g)
        g.tre.set_state("usim-1", SUSPENDED)
        expect(refused(g, "SIM") and "no USIM is ACTIVE" in g.log("usimd"), "suspended", g)
    with world(build) as g:
        expect(refused(g, "SIM") and "does not give SRES and Kc" in g.log("usimd"), "refused", g)


def a_card_that_is_ahead_resynchronises_and_succeeds(build):
    with world(build) as g:
        g.auc(sqn=0x8000)
        status, said = run(g, "AKA")
        expect(status == 0, f"first: {status} {said[-300:]}", g)
        for method in ("AKA", "AKA'"):
            g.auc(sqn=0x20)  # the network has lost its numbers
            status, said = run(g, method)
            expect(status == 0, f"{method}: {said[-300:]}", g)
        taken = [e["taken"] for e in g.events() if e["event"] == "auc.resync"]
        expect(taken == [True, True], f"AUTS was taken: {taken}", g)


def wire(g):
    """A switch port: hostapd asks for 802.1X at one end of a pair, with the AuC behind it."""
    subprocess.run(["ip", "link", "add", "port0", "type", "veth", "peer", "name", "port1"], check=True)
    for name in ("port0", "port1"):
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
    port(g)


def port(g, reauth=0):
    """The authenticator; reauth: seconds after which it asks again."""
    g.stop("port")
    (g.dir / "port_user").write_text('"0"*\tAKA\n"2"*\tAKA\n"4"*\tAKA\n')  # with pseudonyms
    settings = {"driver": "wired", "interface": "port1", "ieee8021x": 1, "use_pae_group_addr": 1, "eap_server": 1, "eap_user_file": g.dir / "port_user",
                "eap_sim_db": f"unix:{g.dir}/auc.sock", **PATIENT, "ctrl_interface": g.dir / "port", "eap_reauth_period": reauth}
    (g.dir / "port.conf").write_text("".join(f"{k}={v}\n" for k, v in settings.items()))
    g.start("port", "hostapd", g.dir / "port.conf", ready="AP-ENABLED")  # of an earlier one too: the supplicant sends its start again


def supplicant(g):
    """A wpa_supplicant that stays; its process."""
    (g.dir / "supplicant.conf").write_text(f"ctrl_interface=DIR={g.dir}/wpa GROUP={USIMD_UID}\nexternal_sim=1\nap_scan=0\nfast_reauth=0\nnetwork={{\n"
                                           f'key_mgmt=IEEE8021X\neap=AKA\neapol_flags=0\nidentity="0{IMSI}"\n}}\n')
    return g.start("supplicant", "wpa_supplicant", "-Dwired", "-iport0", "-c", g.dir / "supplicant.conf")


def wpa(g, *words):
    return subprocess.run(["wpa_cli", "-p", g.dir / "wpa", "-s", g.dir, "-i", "port0", *words], capture_output=True, text=True, check=False).stdout


def authenticated(g):
    return "EAP state=SUCCESS" in wpa(g, "status")


def answers(g, what="network 0: ok"):
    return g.log("usimd").count(what)


def the_bridge_follows_a_supplicant_that_is_restarted_and_killed(build):
    """802.1X on a wire by a supplicant that stays: asked again and again, ended, killed with its socket left behind, its MID suspended in between."""
    with world(build) as g:
        wire(g)
        for n, end in enumerate(("terminate", "kill", "kill", "terminate"), 1):
            process = supplicant(g)
            until("authenticated", lambda: authenticated(g), 30)
            expect(answers(g) == n, f"one answer each: {answers(g)}, not {n}", g)
            getattr(process, end)()
            process.wait(10)
            g.processes.pop("supplicant")
        port(g, reauth=2)
        supplicant(g)
        until("authenticated", lambda: authenticated(g), 30)
        wpa(g, "set", "EAPOL::heldPeriod", "1")
        until("asked again and again", lambda: answers(g) >= 7, 30)
        g.tre.set_state("usim-1", SUSPENDED)
        until("no answer while suspended", lambda: "no USIM is ACTIVE" in g.log("usimd") and not authenticated(g), 30)
        g.tre.set_state("usim-1", 2)
        before = answers(g)
        port(g)  # the former one is quiet for a minute after a failure
        wpa(g, "reassociate")
        until("again, once active", lambda: answers(g) > before and authenticated(g), 60)
        expect(g.log("usimd").count("port0: attached") == 5, "attached once each", g)


def another_key_in_the_network_is_told_from_a_mac(build):
    with world(build) as g:
        path = g.dir / "subscribers.db"
        path.write_text(path.read_text().replace(K.hex(), "00" * 16))
        expect(refused(g, "AKA"), "refused", g)
        expect("MAC is wrong" in g.log("usimd"), "told in the log", g)


def without_ckik_in_the_acl_the_supplicant_gets_a_failure_at_once(build):
    with world(build, acl="authenticate,identity") as g:
        expect(refused(g, "AKA"), "no keys, no network", g)
        expect("does not give CK and IK" in g.log("usimd"), "told in the log", g)


def a_suspended_mid_answers_nobody_and_an_activated_one_does(build):
    with world(build) as g:
        g.tre.set_state("usim-1", SUSPENDED)
        expect(refused(g, "AKA"), "suspended", g)
        expect("no USIM is ACTIVE" in g.log("usimd"), "told in the log", g)
        g.tre.set_state("usim-1", 2)
        expect(run(g, "AKA")[0] == 0, "active again", g)


def the_bridge_outlives_tred_and_holds_no_key(build):
    with world(build) as g:
        expect(run(g, "AKA")[0] == 0, "before", g)
        expect(g.memory_has("usimd", K) == 0 and g.memory_has("usimd", OPC) == 0, "a long-term key in agent-usimd", g)
        g.tre.sock.close()
        g.stop("tred")
        (g.dir / "run/tred.sock").unlink()
        expect(refused(g, "AKA"), "without the trusted environment", g)
        g.tred()
        until("connection", lambda: g.log("usimd").rstrip().count("[tre] connected") > 1, 15)
        expect(run(g, "AKA")[0] == 0, "after", g)
        for secret in (K, OPC):
            for name in ("usimd", "tred"):
                expect(secret.hex() not in g.log(name), "a key in a log", g)
        subprocess.run(["kill", "-0", str(g.processes["usimd"].pid)], check=True)


if __name__ == "__main__":
    main([eap_aka_and_aka_prime_succeed_again_and_again, eap_sim_succeeds_where_the_issuer_allows_2g,
          the_bridge_follows_a_supplicant_that_is_restarted_and_killed, a_card_that_is_ahead_resynchronises_and_succeeds,
          another_key_in_the_network_is_told_from_a_mac, without_ckik_in_the_acl_the_supplicant_gets_a_failure_at_once,
          a_suspended_mid_answers_nobody_and_an_activated_one_does, the_bridge_outlives_tred_and_holds_no_key])
