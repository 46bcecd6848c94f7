#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""EAP-AKA and EAP-AKA' by programs that are not ours: eapol_test with external_sim=1 asks agent-usimd over its control socket, hostapd is the RADIUS
server, the operator's AuC makes the vectors. usage (by eap_aka.sh): eap_aka.py BUILD [PATTERN]..."""
import os
import subprocess
from contextlib import contextmanager

from usim_gateway import IMSI, K, OPC, SUSPENDED, USIMD_UID, Gateway, main, until

NETWORKS = {"AKA": "0", "AKA'": "6"}


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


def run(g, method, seconds=10):
    network = {"eap": method, "identity": f'"{NETWORKS[method]}{IMSI}"'}
    head = f"ctrl_interface=DIR={g.dir}/wpa GROUP={USIMD_UID}\nexternal_sim=1\n"
    return g.eapol(network, ("-W",), head, seconds)


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


def a_card_that_is_ahead_resynchronises_and_succeeds(build):
    with world(build) as g:
        g.auc(sqn=0x8000)
        expect(run(g, "AKA")[0] == 0, "first", g)
        for method in NETWORKS:
            g.auc(sqn=0x20)  # the network has lost its numbers
            status, said = run(g, method)
            expect(status == 0, f"{method}: {said[-300:]}", g)
        taken = [e["taken"] for e in g.events() if e["event"] == "auc.resync"]
        expect(taken == [True, True], f"AUTS was taken: {taken}", g)


def another_key_in_the_network_is_told_from_a_mac(build):
    with world(build) as g:
        path = g.dir / "subscribers.db"
        path.write_text(path.read_text().replace(K.hex(), "00" * 16))
        status, said = run(g, "AKA", 5)
        expect(status != 0 and said.rstrip().endswith("FAILURE"), f"refused: {status}", g)
        expect("MAC is wrong" in g.log("usimd"), "told in the log", g)


def without_ckik_in_the_acl_the_supplicant_gets_a_failure_at_once(build):
    with world(build, acl="authenticate,identity") as g:
        status, _ = run(g, "AKA", 5)
        expect(status != 0, "no keys, no network", g)
        expect("does not give CK and IK" in g.log("usimd"), "told in the log", g)


def a_suspended_mid_answers_nobody_and_an_activated_one_does(build):
    with world(build) as g:
        g.tre.set_state("usim-1", SUSPENDED)
        until("news", lambda: True)
        expect(run(g, "AKA", 5)[0] != 0, "suspended", g)
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
        expect(run(g, "AKA", 5)[0] != 0, "without the trusted environment", g)
        g.tred()
        until("connection", lambda: g.log("usimd").rstrip().count("[tre] connected") > 1, 15)
        expect(run(g, "AKA")[0] == 0, "after", g)
        for secret in (K, OPC):
            for name in ("usimd", "tred"):
                expect(secret.hex() not in g.log(name), "a key in a log", g)
        subprocess.run(["kill", "-0", str(g.processes["usimd"].pid)], check=True)


if __name__ == "__main__":
    main([eap_aka_and_aka_prime_succeed_again_and_again, a_card_that_is_ahead_resynchronises_and_succeeds,
          another_key_in_the_network_is_told_from_a_mac, without_ckik_in_the_acl_the_supplicant_gets_a_failure_at_once,
          a_suspended_mid_answers_nobody_and_an_activated_one_does, the_bridge_outlives_tred_and_holds_no_key])
