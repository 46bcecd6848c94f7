#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The MID as UICC in a card reader: vsmartcard's vpcd behind pcscd, looked at by pcsc_scan and opensc-tool, used by eapol_test over PC/SC.
usage (by vpcd.sh): vpcd.py BUILD [PATTERN]..."""
import os
import re
import socket
import struct
import subprocess
from contextlib import contextmanager

from usim_gateway import ACTIVE, IMSI, ISIM, K, OPC, PCID, SUSPENDED, Gateway, bcd, main, subscribers, until

AID_USIM, AID_ISIM = "A0000000871002", "A0000000871004"


@contextmanager
def world(build, isim=False, acl="authenticate,ckik,gba,identity,msk", config="", **kw):
    g = Gateway(build, f"[card]\n{config}")
    try:
        g.install(acl=acl, **kw)
        if isim:
            g.install(mid_id="isim-1", mid_type=ISIM)
        subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
        os.mkdir("/run/pcscd")
        g.start("pcscd", "/usr/sbin/pcscd", "-f", "-x")
        until("vpcd", lambda: subprocess.run(["ss", "-ltn", "sport = 35963"], capture_output=True, text=True, check=True).stdout.count("35963"))
        g.usimd(ready="in the reader" if "identity" in acl else "left out")
        if "identity" in acl:
            until("card", lambda: subprocess.run(["opensc-tool", "-r", "0", "-a"], capture_output=True, check=False).returncode == 0, 20)
        yield g
    finally:
        g.close()
        subprocess.run(["umount", "-l", "/run"], check=False)


def apdus(*commands):
    """R-APDUs of opensc-tool: (data, status) each, as many as there are: the card may go in between."""
    words = [w for c in commands for w in ("-s", c)]
    done = subprocess.run(["opensc-tool", "-r", "0", *words], capture_output=True, text=True, check=False)
    out = []
    for part in re.split(r"(?m)^Sending: .*$", done.stdout)[1:]:
        sw = re.search(r"SW1=0x(..), SW2=0x(..)", part)
        if not sw:
            break
        data = "".join(re.findall(r"(?m)^((?:[0-9A-F]{2} )+)", part.split("\n", 2)[2] if part.count("\n") > 1 else "")).replace(" ", "")
        out.append((data, sw[1] + sw[2]))
    return out


def expect(good, what, g):
    if not good:
        raise AssertionError(f"{what}\n{g.log('usimd')[-1200:]}")


def vector(g):
    with subscribers.changing(g.dir / "subscribers.db") as db:
        return db[IMSI].next_vector()


def pcsc_scan_and_opensc_tool_see_a_card(build):
    with world(build) as g:
        said = subprocess.run(["timeout", "4", "pcsc_scan", "-n"], capture_output=True, text=True, check=False).stdout
        expect("3B 9F 96 80 1F C7 80 31" in said and "card inserted" in said.lower(), said[-500:], g)
        expect("Virtual PCD" in subprocess.run(["opensc-tool", "-l"], capture_output=True, text=True, check=True).stdout, "reader", g)


def files_are_found_by_identifier_path_and_short_identifier(build):
    with world(build, isim=True) as g:
        got = apdus("00A40004022F0000", "00B2010430", "00B2020430", f"00A4040407{AID_USIM}00", "00A40004026F0700", "00B0000009", "00B0870009", "00B0830004",
                    "00A40804047FFF6FAD00", f"00A4040407{AID_ISIM}00", "00B2012410", "00B2022410", "00B2032410", "00A40004026F9900")
        expect([sw for _, sw in got[:1]] == ["9000"] and got[0][0].startswith("62"), f"EF_DIR {got[0]}", g)
        expect(AID_USIM in got[1][0] and AID_ISIM in got[2][0], f"records of EF_DIR {got[1:3]}", g)
        expect(AID_USIM in got[3][0] and "C606900100830101" in got[3][0], f"FCP of the USIM {got[3]}", g)
        imsi = bcd(IMSI).hex().upper()
        expect(got[5] == (imsi, "9000") and got[6] == (imsi, "9000"), f"EF_IMSI by FID and SFI 07 {got[5:7]}", g)
        expect(got[7] == ("00000002", "9000"), f"SFI 03 is EF_AD {got[7]}", g)
        expect(got[8][1] == "9000" and "83026FAD" in got[8][0], f"by path {got[8]}", g)
        length = int(apdus(f"00A4040407{AID_ISIM}00", "00A40004026F0400")[1][0].split("8205")[1][4:8], 16)
        impus = apdus(f"00A4040407{AID_ISIM}00", *(f"00B20{n}24{length:02X}" for n in (1, 2, 3)))
        expect(bytes.fromhex(impus[1][0])[2:].startswith(b"sip:") and b"tel:+43123456789" in bytes.fromhex(impus[2][0]), f"IMPUs {impus}", g)
        expect(impus[3][1] == "6A83" and got[13][1] == "6A82", f"what is not there {impus[3]} {got[13]}", g)


def authenticate_gives_res_and_keys_or_auts_or_a_mac_error(build):
    with world(build, isim=True) as g:
        v, w = vector(g), vector(g)
        ask = lambda x, autn=None: f"0088008122" + "10" + x.rand.hex() + "10" + (autn or x.autn).hex()  # noqa: E731
        bad = bytes([w.autn[0]]) + w.autn[1:15] + bytes([w.autn[15] ^ 1])
        select = f"00A4040407{AID_USIM}00"
        good, again, mac = [apdus(select, ask(v) + "00")[1], apdus(select, ask(v) + "00")[1], apdus(select, ask(w, bad) + "00")[1]]
        want = ("DB08" + v.xres.hex() + "10" + v.ck.hex() + "10" + v.ik.hex()).upper()
        expect(good == (want, "9000"), f"{good}", g)
        expect(again[0].startswith("DC0E") and again[1] == "9000", f"{again}", g)
        expect(mac[1] == "9862", f"{mac}", g)
        isim = apdus(f"00A4040407{AID_ISIM}00", ask(w) + "00")[1]
        expect(isim[0].startswith("DB08" + w.xres.hex().upper()) and len(isim[0]) == 2 * 44, f"IMS AKA without Kc {isim}", g)
        outside = apdus("00A40004023F0000", ask(w))[1][1]
        gba, gsm = apdus(select, "0088008422" + "10" + "00" * 16 + "10" + "00" * 16)[1][1], apdus(select, ask(w)[:6] + "80" + ask(w)[8:])[1][1]
        expect((outside, gba, gsm) == ("6985", "9864", "9864"), f"{outside} {gba} {gsm}", g)


GSM_ACCESS = bytes([0, 0, 0, 4, 0])  # EF_UST: service 27


def usim_files(ust):
    return [("7FFF6F07", bcd(IMSI)), ("7FFF6FAD", bytes.fromhex("00000002")), ("7FFF6F38", ust), ("3F002FE2", bytes.fromhex("98880112000000000000"))]


def osmo(rand):
    """SRES and Kc as osmocom's tool has them."""
    said = subprocess.run(["osmo-auc-gen", "--3g", "-a", "MILENAGE", "-k", K.hex(), "-o", OPC.hex(), "-r", rand.hex()], capture_output=True, text=True, check=True).stdout
    return [re.search(name + r":\s*([0-9a-f]+)", said)[1].upper() for name in ("SRES", "Kc")]


def gsm_context_and_eap_sim_where_the_issuer_allows_2g(build):
    """SRES and Kc are those of osmocom's generator; eapol_test does EAP-SIM with them against hostapd; Kc stands beside CK and IK in the 3G context."""
    rand, select = os.urandom(16), f"00A4040407{AID_USIM}00"
    ask = "0088008011" + "10" + rand.hex()
    with world(build, acl="authenticate,ckik,gsm,identity", files=usim_files(GSM_ACCESS)) as g:
        sres, kc = osmo(rand)
        expect(apdus(select, ask + "00")[1] == (f"04{sres}08{kc}", "9000"), "04 SRES 08 Kc", g)
        v = vector(g)
        threeg = apdus(select, "0088008122" + "10" + v.rand.hex() + "10" + v.autn.hex() + "00")[1]
        expect(threeg[0].endswith("08" + osmo(v.rand)[1]), f"Kc in the 3G context {threeg}", g)
        got = [sw for _, sw in apdus(select, "0088008010" + "10" + rand.hex()[:30], "0088008022" + "10" + v.rand.hex() + "10" + v.autn.hex())[1:]]
        expect(got == ["6700", "6700"], f"lengths {got}", g)
        g.auc()
        g.hostapd()
        status, said = g.eapol({"eap": "SIM", "pcsc": '"Virtual PCD"'})
        expect(status == 0 and said.rstrip().endswith("SUCCESS"), f"EAP-SIM by PC/SC: {status} {said[-400:]}", g)
        expect([e["count"] for e in g.events() if e["event"] == "auc.triplets"], "triplets of the AuC", g)
    for acl, ust, sw in (("authenticate,ckik,identity", GSM_ACCESS, "6982"), ("authenticate,gsm,identity", GSM_ACCESS, "6982"),
                         ("authenticate,ckik,gsm,identity", bytes(5), "9864")):
        with world(build, acl=acl, files=usim_files(ust)) as g:
            expect(apdus(select, ask + "00")[1] == ("", sw), f"{acl}: {sw}", g)


def logical_channels_are_apart(build):
    with world(build) as g:
        got = apdus("0070000001", f"01A4040407{AID_USIM}00", "01B0870009")
        expect(got[0] == ("01", "9000") and got[2][1] == "9000", f"{got}", g)
        later = apdus("0070000001", f"01A4040407{AID_USIM}00", "00B0870009", "00708001", "01B0870009", "01F20000")
        expect(later[2][1] in ("6A82", "6986"), f"channel 0 stays at the MF {later[2]}", g)
        expect(later[4][1] == "6881", f"a closed channel {later[4]}", g)


def malformed_commands_are_answered_and_change_nothing(build):
    with world(build) as g:
        got = apdus("00A4040401A0", "00FF0000", "0CA40004023F00", "00B2010401", "00D6000001AA", "00A40104026F07", "0088008101AA")
        expect([sw for _, sw in got] == ["6A82", "6D00", "6E00", "6986", "6982", "6A86", "6985"], f"{got}", g)


def pin_guards_files_and_keys_and_is_counted_in_the_trusted_environment(build):
    with world(build, pin="4711") as g:
        select, read = f"00A4040407{AID_USIM}00", "00B0870009"
        pin = lambda digits: "0020000108" + digits.encode().ljust(8, b"\xff").hex()  # noqa: E731
        v = vector(g)
        ask = "0088008122" + "10" + v.rand.hex() + "10" + v.autn.hex()
        got = [sw for _, sw in apdus(select, read, ask, "00200001", pin("4712"), read, pin("4711"), read, "00200001")[1:]]
        expect(got == ["6982", "6982", "63C3", "63C2", "6982", "9000", "9000", "9000"], f"{got}", g)
        again = [sw for _, sw in apdus(select, pin("0000"), pin("0000"), pin("0000"), pin("4711"))[1:]]
        expect(again == ["63C2", "63C1", "6983", "6983"], f"{again}", g)


@contextmanager
def raw_reader(build, config=""):
    """The other end of vpcd's wire, for what OpenSC smooths over: gives a function from C-APDU to R-APDU, both hexadecimal."""
    with socket.create_server(("127.0.0.1", 35999)) as server:
        g = Gateway(build, "[card]\nport=35999\n" + config)
        try:
            g.install()
            g.usimd()
            peer, _ = server.accept()
            peer.settimeout(10)

            def exchange(command):
                body = bytes.fromhex(command)
                peer.sendall(struct.pack(">H", len(body)) + body)
                size = struct.unpack(">H", peer.recv(2, socket.MSG_WAITALL))[0]
                return peer.recv(size, socket.MSG_WAITALL).hex().upper()
            with peer:
                yield g, exchange
        finally:
            g.close()


def data_is_fetched_as_t0_wants_it_and_lengths_are_corrected(build):
    with raw_reader(build) as (g, x):
        imsi = bcd(IMSI).hex().upper()
        expect(x("04") == "3B9F96801FC78031A073BE21136743200718000001A5", "ATR", g)
        more = x(f"00A4040407{AID_USIM}")
        expect(more.startswith("61") and len(more) == 4, f"SELECT without Le: {more}", g)
        expect(x("00C00000FF") == "6C" + more[2:], "GET RESPONSE with too long a length", g)
        fcp = x("00C00000" + more[2:])
        expect(fcp.startswith("62") and fcp.endswith("9000") and len(fcp) == 2 * int(more[2:], 16) + 4, f"FCP {fcp}", g)
        expect(x("00C0000000") == "6985", "nothing is left to fetch", g)
        got = [x(c) for c in ("00B08700FF", "00B0870007", "00B0870809", "00B0870909", "00B0870000", "00B2010400")]
        expect(got == ["6C09", imsi[:14] + "9000", "6C01", "6B00", imsi + "9000", "6981"], f"{got}", g)
        expect(x("00A4000C022F00") == "9000" and x("00B2010400") == "6C30" and x("00B20104FF") == "6C30", "READ RECORD", g)
        expect(x("00A4") == "6700" and x("00A40000") != "" and x("00A400000500") == "6700", "cut commands", g)


def inline_hosts_get_their_data_at_once(build):
    with raw_reader(build, "inline=true\n") as (g, x):
        expect(x("00A40004022F00").startswith("62") and AID_USIM in x("00B2010400"), "SELECT and READ RECORD", g)


def eapol_test_uses_the_card_and_a_suspended_mid_is_pulled_out(build):
    with world(build, pin="1234") as g:
        g.auc()
        g.hostapd()
        network = {"eap": "AKA", "pcsc": '"Virtual PCD"', "pin": '"1234"'}
        status, said = g.eapol(network)
        expect(status == 0 and said.rstrip().endswith("SUCCESS"), f"EAP-AKA by PC/SC: {status} {said[-400:]}", g)
        g.auc(sqn=0x20)
        expect(g.eapol(network)[0] == 0, "resynchronisation by PC/SC", g)
        expect([e["taken"] for e in g.events() if e["event"] == "auc.resync"] == [True], "AUTS was taken", g)
        g.tre.set_state("usim-1", SUSPENDED)
        until("an empty reader", lambda: subprocess.run(["opensc-tool", "-r", "0", "-a"], capture_output=True, check=False).returncode != 0)
        g.tre.set_state("usim-1", 2)
        until("the card", lambda: subprocess.run(["opensc-tool", "-r", "0", "-a"], capture_output=True, check=False).returncode == 0, 20)


def another_operators_identity_takes_the_place_in_the_reader(build):
    with world(build) as g:
        read = (f"00A4040407{AID_USIM}00", "00B0870009")
        expect(apdus(*read)[1] == (bcd(IMSI).hex().upper(), "9000"), "the former one", g)
        other = "262420000000007"
        files = [("7FFF6F07", bcd(other)), ("7FFF6FAD", bytes.fromhex("00000002")), ("3F002FE2", bytes.fromhex("98880112000000000000"))]
        g.install(mid_id="usim-2", files=files, active=False)
        expect(apdus(*read)[1] == (bcd(IMSI).hex().upper(), "9000"), "one that waits beside it changes nothing", g)
        g.tre.set_state("usim-1", SUSPENDED)
        g.tre.set_state("usim-2", ACTIVE)
        until("the other card", lambda: [a for a in apdus(*read)[1:] if a == (bcd(other).hex().upper(), "9000")], 20)


def tre_R30_a_pcid_is_routed_to_its_icf_by_mcc_and_mnc(build):
    """eapol_test makes the identity out of the card: EF_AD says how many digits of the IMSI are the MNC, and the realm is the ICF's, which serves that one alone. A USIM in
    service takes the reader from the PCID."""
    for length, icf in (2, "mnc001.mcc232"), (3, "mnc010.mcc232"):
        files = [("7FFF6F07", bcd(IMSI)), ("7FFF6FAD", bytes([0, 0, 0, length])), ("7FFF6F38", bytes(9)), ("3F002FE2", bytes.fromhex("98880112000000000000"))]
        with world(build, mid_id="pcid-1", mid_type=PCID, files=files) as g:
            g.auc()
            g.hostapd(f'"0{IMSI}@wlan.{icf}.3gppnetwork.org"\tAKA\n')
            status, said = g.eapol({"eap": "AKA", "pcsc": '"Virtual PCD"'})
            expect(status == 0 and said.rstrip().endswith("SUCCESS"), f"{icf}: {status} {said[-400:]}", g)
            g.install(active=False)
            expect(apdus(f"00A4040407{AID_USIM}00", "00B0830004")[1] == (f"000000{length:02X}", "9000"), "the PCID, until a USIM is in service", g)
            g.tre.set_state("usim-1", ACTIVE)
            until("the USIM", lambda: [a for a in apdus(f"00A4040407{AID_USIM}00", "00B0830004")[1:] if a == ("00000002", "9000")] and "usim-1" in g.log("usimd"), 20)


def without_identity_in_the_acl_there_is_no_card(build):
    with world(build, acl="authenticate,ckik") as g:
        expect("must name `identity`" in g.log("usimd") and "in the reader" not in g.log("usimd"), "left out", g)


if __name__ == "__main__":
    main([pcsc_scan_and_opensc_tool_see_a_card, files_are_found_by_identifier_path_and_short_identifier,
          authenticate_gives_res_and_keys_or_auts_or_a_mac_error, gsm_context_and_eap_sim_where_the_issuer_allows_2g, logical_channels_are_apart, malformed_commands_are_answered_and_change_nothing,
          pin_guards_files_and_keys_and_is_counted_in_the_trusted_environment,
          data_is_fetched_as_t0_wants_it_and_lengths_are_corrected, inline_hosts_get_their_data_at_once,
          eapol_test_uses_the_card_and_a_suspended_mid_is_pulled_out,
          another_operators_identity_takes_the_place_in_the_reader, tre_R30_a_pcid_is_routed_to_its_icf_by_mcc_and_mnc, without_identity_in_the_acl_there_is_no_card])
