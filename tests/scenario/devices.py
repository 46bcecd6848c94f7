# SPDX-License-Identifier: Apache-2.0
"""Devices of the personal network: each gets one IMS identity of the downloaded ISIM, which can be taken away."""
import base64
import hashlib
import re
import sys

from main_job import expect
from scenarios import scenario
from sources import run_account
from world import NAME, TREE, agentctl, run, until

sys.path.append(str(TREE / "tests/operator"))
from aka import subscribers  # noqa: E402

MID, DOMAIN = "usim-GW-0001", "ims.mnc008.mcc240.3gppnetwork.org"
IMPUS = ("sip:hall@home.example", "sip:kitchen@home.example", "tel:+431234567")
ISIM = tuple(word for impu in IMPUS for word in ("--impu", impu))


def provisioned(world, *options):
    """A gateway with an ACTIVE ISIM, by hand over its own uplink; options are for the DM server."""
    world.operator_options = (*ISIM, *options)
    world.up()
    run_account(world, "dm.operator.example")
    world.start()
    agentctl("bootstrap", "https://dm.operator.example/dm")
    until("the identities", lambda: (world.one("Mid", MidId=MID) or {}).get("Impus") == list(IMPUS), 60)


def refused(cause, *words):
    done = agentctl("device", *words, check=False)
    expect(f"{cause}: {done.returncode} {done.stderr}", done.returncode != 0 and cause in done.stderr)


def identities(world):
    return {d["Name"]: (d["State"], d["Impu"]) for d in world.all("Device").values()}


@scenario(mode="none")
def each_device_has_one_identity_of_the_isim_until_it_is_revoked(world):
    """Persisted, refused where it must be; suspension revokes all; nobody else may ask."""
    provisioned(world)
    for name in ("hall", "kitchen", "door", "garage"):
        expect("its path", agentctl("device", "add", name).stdout.strip() == f"device/{name}")
    expect("no identity at first", set(identities(world).values()) == {("none", "")})
    expect("the first free one", agentctl("device", "assign", "hall").stdout.strip() == IMPUS[0])
    expect("the one that was asked for", agentctl("device", "assign", "door", IMPUS[2]).stdout.strip() == IMPUS[2])
    expect("the next free one", agentctl("device", "assign", "kitchen").stdout.strip() == IMPUS[1])
    hall = world.one("Device", Name="hall")
    mid = next(p for p, m in world.all("Mid").items() if m["MidId"] == MID)
    expect(f"all that a registration needs: {hall}", hall["State"] == "assigned" and hall["Impi"].endswith(f"@{DOMAIN}") and hall["Domain"] == DOMAIN and
           hall["Mid"] == mid)
    for cause, *words in (("no ACTIVE ISIM has a free identity", "assign", "garage"), ("is device hall's", "assign", "garage", IMPUS[0]),
                          ("has an identity", "assign", "hall"), ("no ACTIVE ISIM has that identity", "assign", "garage", "sip:other@home.example"),
                          ("there is a device", "add", "hall"), ("1 to 64 letters", "add", "a/b"), ("", "assign", "nobody")):
        refused(cause, *words)
    nobody = run("setpriv", "--reuid=lab-visitor", "--clear-groups", "busctl", "call", NAME, "/org/gatewayagent/Agent1/device/hall", f"{NAME}.Device", "RevokeIdentity",
                 check=False)
    expect(f"access: {nobody.stderr}", "denied" in nobody.stderr.lower())
    nobody = run("setpriv", "--reuid=lab-visitor", "--clear-groups", "busctl", "get-property", NAME, "/org/gatewayagent/Agent1/device/hall", f"{NAME}.Device", "Impu",
                 check=False)
    expect(f"identities are not for everybody: {nobody.stdout}", nobody.returncode and IMPUS[0] not in nobody.stdout)
    before = identities(world)
    world.kill("agentd")
    world.stop("tred")
    world.start("agentd")
    until("devices without the trusted environment", lambda: identities(world).get("hall") == ("waiting", "") and identities(world)["garage"] == ("none", ""))
    world.start("tred")
    until("the same identities after a restart", lambda: identities(world) == before)
    agentctl("device", "revoke", "hall")
    expect("revoked", identities(world)["hall"] == ("none", ""))
    expect("free again", agentctl("device", "assign", "garage").stdout.strip() == IMPUS[0])
    agentctl("device", "remove", "kitchen")
    expect("removed", "kitchen" not in identities(world) and agentctl("device", "assign", "hall").stdout.strip() == IMPUS[1])
    agentctl("mid", "suspend", MID)
    until("suspension revokes", lambda: set(identities(world).values()) == {("none", "")})
    expect("no identities to give", world.one("Mid", MidId=MID)["Impus"] == [])
    agentctl("mid", "activate", MID)
    until("identities again", lambda: world.one("Mid", MidId=MID)["Impus"] == list(IMPUS))
    world.stop("agentd")
    world.start("agentd")
    until("identities", lambda: (world.one("Mid", MidId=MID) or {}).get("Impus") == list(IMPUS))
    expect(f"a revoked identity does not come back by itself: {identities(world)}", identities(world) == {n: ("none", "") for n in ("hall", "door", "garage")})


def challenge(world, spoil=False, realm=DOMAIN, extra='qop="auth"'):
    """A WWW-Authenticate of the operator, and what the right answer hashes."""
    with subscribers.changing(world.operator_dir / "subscribers.db") as db:
        v = next(iter(db.values())).next_vector()
    autn = v.autn[:15] + bytes([v.autn[15] ^ spoil])
    nonce = base64.b64encode(v.rand + autn).decode()
    return v, nonce, f'Digest realm="{realm}", nonce="{nonce}", algorithm=AKAv1-MD5' + (f", {extra}" if extra else "")


@scenario(mode="none")
def a_device_answers_the_ims_by_its_identity(world):
    """Digest AKA made in the trusted environment, in every quality of protection; AUTS when out of step; no answer to a network that is none."""
    provisioned(world)
    md5 = lambda *parts: hashlib.md5(b":".join(p if isinstance(p, bytes) else p.encode() for p in parts)).hexdigest()  # noqa: E731
    uri = f"sip:{DOMAIN}"
    agentctl("device", "add", "hall")
    ask = lambda text, check=True: agentctl("device", "authorize", "hall", "REGISTER", uri, text, check=check)  # noqa: E731
    expect("not before it has an identity", "NotReady" in ask(challenge(world)[2], check=False).stderr or "no identity" in ask(challenge(world)[2], check=False).stderr)
    agentctl("device", "assign", "hall")
    impi = world.one("Device", Name="hall")["Impi"]

    def fields(text):
        return {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', text)}

    for extra, qop in (('qop="auth"', "auth"), ('qop="auth,auth-int"', "auth-int"), ("", "")):
        v, nonce, text = challenge(world, extra=extra)
        a = fields(ask(text).stdout)
        ha2 = md5("REGISTER", uri, md5(b"")) if qop == "auth-int" else md5("REGISTER", uri)
        ha1 = md5(impi, DOMAIN, v.xres)
        want = md5(ha1, nonce, a["nc"], a["cnonce"], qop, ha2) if qop else md5(ha1, nonce, ha2)
        expect(f"{qop or 'no qop'}: {a}", a["response"] == want and a["username"] == impi and a["nonce"] == nonce and a.get("qop", "") == qop and "auts" not in a)
    a = fields(ask(text).stdout)                                                   # the same again: out of step
    expect(f"AUTS goes with the empty password: {a}", a["response"] == md5(md5(impi, DOMAIN, b""), nonce, md5("REGISTER", uri)))
    with subscribers.changing(world.operator_dir / "subscribers.db") as db:
        expect("the AuC takes it", next(iter(db.values())).resync(v.rand, base64.b64decode(a["auts"])))
    for cause, bad in (("did not prove itself", challenge(world, spoil=True)[2]), ("not AKAv1-MD5", text.replace("AKAv1-MD5", "MD5")),
                       ("no RAND and AUTN", 'Digest realm="x", nonce="AAAA", algorithm=AKAv1-MD5'), ("not well formed", 'Digest realm="x'), ("no realm", text.replace("realm=", "r="))):
        done = ask(bad, check=False)
        expect(f"{cause}: {done.stderr}", done.returncode and cause in done.stderr)
    secrets = [s.k.hex() for s in subscribers.load(world.operator_dir / "subscribers.db").values()] + [v.xres.hex()]
    expect("a key or RES in a log", not any(s in world.log(n) for s in secrets for n in ("agentd", "tred")))
