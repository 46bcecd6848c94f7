# SPDX-License-Identifier: Apache-2.0
"""What the operator does in a DM session: provision a gateway (PVA, DPF, LwM2M account), or take its report.

Owns DIR/psk.json (accounts for the LwM2M server) and DIR/packages (for the replay fault). Paths and formats are those of doc management-objects. A step
whose Status is not what the contract says ends the session with that as reason.
"""
from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

import enrolment
import mid
import ocsp
import pki
import pva
from common import Refused, json_state, load_json, sha256, write_file
from dm_session import Reply, Script, Session, Stop
from syncml import N, Node

AGENT = "./GatewayAgent"
DETAIL = ("DevTyp", "OEM", "FwV", "SwV", "HwV", "LrgObj")
REPORT, INSTALL = "org.gatewayagent.bootstrap.result", "org.gatewayagent.mid.install"
MID_FAULTS = {"mid-" + f for f in mid.FAULTS}


@dataclass
class Plan:
    """What a server is told to do; fault: one of dm_server.FAULTS or ""."""
    directory: Path
    lwm2m_uri: str
    lifetime: int = 300
    endpoint: str = ""
    short_server_id: int = 101
    fault: str = ""
    no_mid: bool = False
    acl: list[tuple[str, str]] | None = None
    min_backend: str = "software"
    form: str = "semi-autonomous"  # of the evidence
    ocsp: str = ""                 # URL of the manufacturer's responder; "": certificates are not asked for
    impus: list[str] | None = None  # MIDs are ISIMs with these
    keys: dict[str, bytes] | None = None  # k, opc, amf of MIDs; default: random ones
    issuer: str = mid.ISSUER
    iccid: str = ""  # of MIDs; "": none
    new_key: bool = False  # an updated platform is certified for another key


def get(*uris: str) -> Node:
    return N("Get", *(N("Item", N("Target", N("LocURI", u))) for u in uris))


def put(tag: str, uri: str, form: str, data: str | bytes | int) -> Node:
    return N(tag, N("Item", N("Target", N("LocURI", uri)), N("Meta", N("Format", form), N("Type", "application/octet-stream" if form == "bin" else "text/plain")),
                    N("Data", data)))


def expect(reply: Reply, what: str, *codes: str) -> None:
    for w in reply.answers:
        if w.status not in (codes or ("200",)):
            raise Stop(f"{what}: {w.node.tag} {w.targets[0]} answered {w.status}")


def data_of(item: Node | None, form: str) -> str | bytes:
    """Value of a result; its Format must be the contract's."""
    if item is None:
        raise Stop("result missing")
    uri, node = item.text("Source/LocURI"), item.get("Data")
    if item.text("Meta/Format") != form:
        raise Stop(f"{uri} has Format {item.text('Meta/Format')!r}, not {form}")
    value = node.data if node and node.data is not None else (b"" if form == "bin" else "")
    return value if form == "bin" else (value.decode() if isinstance(value, bytes) else value)


def results(reply: Reply) -> dict[str, Node]:
    return {uri: item for w in reply.answers for uri, item in w.results.items()}


def generic_alerts(alerts: list[Node], kind: str) -> list[tuple[str, str]]:
    """(source, data) of the generic alerts of a type (DM Protocol 1.2, 8.7.2)."""
    return [(i.text("Source/LocURI"), i.text("Data")) for a in alerts if a.text("Data") == "1226" for i in a.all("Item") if i.text("Meta/Type") == kind]


def choose(plan: Plan, s: Session) -> Script:
    reports = generic_alerts(s.first.get("SyncBody").all("Alert"), REPORT)
    if reports:
        return report(s, reports)
    if any(a.text("Data") == "1200" for a in s.first.get("SyncBody").all("Alert")):
        return managed(plan, s)
    return provision(plan, s)


def managed(plan: Plan, s: Session) -> Script:
    """A session that we asked for: its id is the one of our notification. Nothing is provisioned in it, and trying to is refused."""
    asked = load_json(plan.directory / "notified.json", {}).get(s.account.user, [])
    s.log("session.asked", known=s.session_id in asked)
    if s.session_id not in asked:
        raise Stop(f"alert 1200 in session {s.session_id}, which nobody asked for")
    reply = yield [get(*(f"./DevDetail/{leaf}" for leaf in DETAIL))]
    s.log("devdetail", **{u.rsplit("/", 1)[1]: i.text("Data") for u, i in results(reply).items()})
    expect((yield [put("Replace", "./DMAcc/1/Name", "chr", f"Session {s.session_id}")]), "name of the account")
    expect((yield [put("Add", f"{AGENT}/LwM2M/late/ShortServerId", "int", 102)]), "provisioning in a management session", "405")
    yield from pending_order(plan, s)
    s.log("managed")


def pending_order(plan: Plan, s: Session) -> Script:
    """DIR/order and DIR/order.der, as mid.py makes them: given once in a session, and its receipt read."""
    path = plan.directory / "order"
    if not path.exists():
        return
    node = f"{AGENT}/Order"
    expect((yield [put("Replace", f"{node}/Octets", "bin", path.read_bytes())]), "order")
    reply = yield [N("Exec", N("Item", N("Target", N("LocURI", f"{node}/Apply")))), get(f"{node}/Result"), get(f"{node}/Receipt")]
    r = results(reply)
    receipt = data_of(r.get(f"{node}/Receipt"), "bin")
    claims = mid.read_receipt(receipt, path.with_suffix(".der").read_bytes(), load_json(plan.directory / "devices.json", {}))
    result = data_of(r.get(f"{node}/Result"), "int")
    if str(claims["result"]) != result or reply.answers[0].status != ("200" if result == "0" else "500"):
        raise Stop(f"order: status {reply.answers[0].status}, result {result}, receipt {claims['result']}")
    s.log("order", result=claims["result"], mids=[{k: m[k] for k in ("id", "state", "reason", "version")} for m in claims["mids"]])
    path.unlink()


def report(s: Session, reports: list[tuple[str, str]]) -> Script:
    for source, data in reports:
        s.log("report", context=source.removeprefix(f"{AGENT}/Bootstrap/"), result=data, user=s.account.user)
        if not source.startswith(f"{AGENT}/Bootstrap/") or not data.isdigit():
            raise Stop("malformed report")
    return
    yield []  # a script is a generator, this one has no commands


def provision(plan: Plan, s: Session) -> Script:
    reply = yield [get(*(f"./DevDetail/{leaf}" for leaf in DETAIL))]
    s.log("devdetail", **{u.rsplit("/", 1)[1]: i.text("Data") for u, i in results(reply).items()})
    platform = yield from ask_platform(plan, s)
    verdict = pva.judge(platform, load_json(plan.directory / "devices.json", {}), references(plan.directory))
    if plan.ocsp:
        verdict.reasons += ocsp.judge(plan.directory, (yield from ask_certificate()), platform.public_key, plan.ocsp)
    s.log("pva.verdict", **verdict.for_log())
    if not verdict.ok:
        raise Stop("platform validation failed: " + "; ".join(verdict.reasons))
    enrolment.seen_at_work(plan.directory, sha256(platform.public_key).hex())
    if not plan.no_mid:
        yield from install_mid(plan, s, platform, verdict)
    yield from add_account(plan, s, verdict.gateway)


def references(directory: Path) -> pva.References:
    """Of the manufacturer: DIR/programs.json, DIR/platforms.json and the authority's key, as far as they are there."""
    authority = directory / "ca/platform-authority.pem"
    return pva.References(load_json(directory / "programs.json", None), load_json(directory / "platforms.json", {}),
                          pki.pin(authority).hex() if authority.exists() else None)


def enrol(plan: Plan, s: Session) -> Script:
    """The platform runs a program that its certificate does not name (doc management-objects section 4): the manufacturer certifies it anew, or not."""
    leaf = f"{AGENT}/Platform/{'KeyRequest' if plan.new_key else 'Request'}"
    reply = yield [get(leaf)]
    expect(reply, "request")
    try:
        certificate, program = enrolment.certify(plan.directory, data_of(results(reply).get(leaf), "bin"))
    except Refused as e:
        s.log("enrol", refused=str(e))
        raise Stop(f"platform is not enrolled: {e}") from None
    reply = yield [put("Add", f"{AGENT}/Platform/NewCertificate", "bin", certificate), N("Exec", N("Item", N("Target", N("LocURI", f"{AGENT}/Platform/Enrol"))))]
    expect(reply, "enrolment", "200", "201")
    s.log("enrol", program=program)


def ask_platform(plan: Plan, s: Session, enrolled: bool = False) -> Script:
    nonce = secrets.token_bytes(32)
    asked = [] if plan.form == "semi-autonomous" else [put("Replace", f"{AGENT}/Platform/Form", "chr", plan.form)]
    reply = yield [*asked, put("Replace", f"{AGENT}/Platform/Nonce", "bin", nonce), get(f"{AGENT}/Platform/Evidence"), get(f"{AGENT}/Platform/PublicKey"),
                   get(f"{AGENT}/Platform/TransportKey"), get(f"{AGENT}/Platform/Token"), get(f"{AGENT}/Platform/Network")]
    if not enrolled and any(w.status == "409" and w.targets[0].endswith("/Evidence") for w in reply.answers):
        yield from enrol(plan, s)
        return (yield from ask_platform(plan, s, enrolled=True))
    expect(reply, "platform")
    r = results(reply)

    def value(leaf: str, form: str = "bin"):
        return data_of(r.get(f"{AGENT}/Platform/{leaf}"), form)

    s.log("network", network=value("Network", "chr"))
    return pva.Platform(nonce, value("Evidence"), value("PublicKey"), value("TransportKey"), value("Token"), value("Network", "chr"), plan.form)


def ask_certificate() -> Script:
    reply = yield [get(f"{AGENT}/Platform/Certificate")]
    expect(reply, "certificate", "200", "404")
    item = results(reply).get(f"{AGENT}/Platform/Certificate")
    return data_of(item, "bin") if item else b""


def package_for(plan: Plan, s: Session, p: pva.Platform, verdict: pva.Verdict) -> tuple[bytes, mid.Manifest | None]:
    folder = plan.directory / "packages"
    folder.mkdir(exist_ok=True)
    last = folder / (verdict.gateway.replace(":", "-") + ".der")
    if plan.fault == "mid-replay":
        if not last.exists():
            raise Stop("mid-replay: no package of an earlier session")
        s.log("mid.issued", replay=True, sha256=sha256(last.read_bytes()).hex())
        return last.read_bytes(), None
    target = {"tre_id": verdict.tre_id, "pfc": sha256(p.public_key), "transport": p.transport_key, "token_hash": sha256(p.token), "nonce": p.nonce}
    fault = plan.fault.removeprefix("mid-") if plan.fault in MID_FAULTS else None
    extra = {"backend": mid.BACKENDS[plan.min_backend], "issuer": plan.issuer} | ({"acl": plan.acl} if plan.acl else {})
    extra |= {"mid_type": mid.ISIM, "impus": plan.impus} if plan.impus else {}
    extra |= (plan.keys or {}) | {"iccid": plan.iccid}
    try:
        package, manifest = mid.issue(plan.directory, verdict.gateway, target, fault, **extra)
    except Refused as e:
        raise Stop(f"no package: {e}") from None
    if not fault:
        write_file(last, package, 0o600)
    s.log("mid.issued", mid=manifest.mid_id, version=manifest.version, octets=len(package), sha256=sha256(package).hex(), fault=fault)
    return package, manifest


def install_mid(plan: Plan, s: Session, p: pva.Platform, verdict: pva.Verdict) -> Script:
    package, manifest = package_for(plan, s, p, verdict)
    node = f"{AGENT}/Mid/m{secrets.randbelow(10 ** 6)}"
    reply = yield [put("Add", f"{node}/Package", "bin", package)]
    expect(reply, "package", "200", "201")
    reply = yield [N("Exec", N("Item", N("Target", N("LocURI", f"{node}/Install"))))]
    status = reply.answers[0].status
    alerts = generic_alerts(reply.alerts, INSTALL)
    if len(alerts) != 1 or alerts[0][0] != node or not alerts[0][1].isdigit():
        raise Stop(f"Exec Install without its generic alert ({alerts})")
    result = int(alerts[0][1])
    s.log("mid.install", status=status, result=result)
    if status != ("200" if result == 0 else "500"):
        raise Stop(f"Exec Install: status {status} with result {result}")
    reply = yield [get(f"{node}/Result"), *([get(f"{node}/MidId"), get(f"{node}/Version"), get(f"{node}/State")] if result == 0 else [])]
    expect(reply, "result")
    r = results(reply)
    if data_of(r.get(f"{node}/Result"), "int") != str(result):
        raise Stop("Result differs from the generic alert")
    if result:
        raise Stop(f"MID refused with {result}")
    told = {leaf: data_of(r.get(f"{node}/{leaf}"), form) for leaf, form in (("MidId", "chr"), ("Version", "int"), ("State", "chr"))}
    s.log("mid.state", **told)
    if manifest and (told["MidId"] != manifest.mid_id or told["Version"] != str(manifest.version)):
        raise Stop("MidId or Version is not the package's")


def add_account(plan: Plan, s: Session, gateway: str) -> Script:
    identity, key = f"{gateway}-{secrets.token_hex(4)}", secrets.token_bytes(16)
    node = f"{AGENT}/LwM2M/{s.account.server_id.split('.')[1] if '.' in s.account.server_id else 'operator'}"
    leaves: list[tuple[str, str, str | bytes | int]] = [
        ("Uri", "chr", plan.lwm2m_uri), ("ShortServerId", "int", plan.short_server_id), ("Identity", "chr", identity), ("Key", "bin", key),
        ("Lifetime", "int", plan.lifetime), ("Binding", "chr", "U")]
    if plan.endpoint:
        leaves.append(("Endpoint", "chr", plan.endpoint))
    if plan.fault == "incomplete-account":
        leaves = [leaf for leaf in leaves if leaf[0] != "Key"]
    with json_state(plan.directory / "psk.json") as psk:
        psk[identity] = {"key": key.hex(), "endpoint": plan.endpoint or gateway}
    reply = yield [put("Add", f"{node}/{name}", form, value) for name, form, value in leaves]
    again = [put("Replace", w.targets[0], w.node.text("Item/Meta/Format"), w.node.get("Item/Data").data) for w in reply.answers if w.status == "418"]
    expect(reply, "account", "200", "201", "418")
    if again:
        expect((yield again), "account")
    s.log("account.added", uri=plan.lwm2m_uri, identity=identity, complete=plan.fault != "incomplete-account")


