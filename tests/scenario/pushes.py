# SPDX-License-Identifier: Apache-2.0
"""Pushes other than OMA CP: Package #0 of OMA DM and LwM2M triggers, from SMS to effect, and what strangers can do with them."""
from main_job import check_managed, expect
from scenarios import scenario
from world import IMSI, NAME, ROOT, agentctl, until


def managed_gateway(world, send=None):
    world.up()
    world.start()
    (send or world.sms)(world.push())
    check_managed(world)
    world.reported()
    until("no running job", lambda: world.manager()["ActiveJobs"] == 0)


def asked(world):
    """Session ids of the sessions that the DM server had asked for, in order."""
    return [e["session"] for e in world.dm_events() if e["event"] == "session.asked" and e["known"]]


def refusals(world):
    return world.manager()["MessagesRefused"]


def refused(world, cause, send, seconds=20):
    """send() is refused with cause: counted, visible, and nothing else happens."""
    before, sessions = refusals(world), len(world.sessions())
    send()
    until(f"the refusal {cause}", lambda: refusals(world) == before + 1, seconds)
    expect(f"cause {world.manager()['LastError']}", world.manager()["LastError"] == cause and world.manager()["LastErrorHint"])
    expect("no session", len(world.sessions()) == sessions)


def session(world, number, send):
    """send() brings about exactly the session of that number (hex)."""
    before = len(asked(world))
    send()
    until(f"session {number}", lambda: asked(world)[before:] == [number] and
          any(e["event"] == "managed" and e["session"] == number for e in world.dm_events()), 30)
    until("the end of its job", lambda: world.manager()["ActiveJobs"] == 0 and world.one("Account", Protocol="omadm")["State"] == "idle", 10)
    expect("a job that succeeded", any(j["Kind"] == "session" and j["State"] == "succeeded" and j["Step"] == "REPORTED" for j in world.all("Job").values()))


def notify(world, number):
    """By hand; its effect is for the caller to see."""
    agentctl("bootstrap", "--no-wait", world.push("--notify", number), check=False)


def session_job(world, state):
    """The path of a session's job in that state, or None."""
    return next((p for p, j in world.all("Job").items() if j["Kind"] == "session" and j["State"] == state), None)


@scenario(mode="qmi")
def a_notification_by_sms_starts_the_session_that_the_server_asked_for(world):
    """Alert 1200 under the id of the notification, over the bearer; the nonce moves on; who lacks secret or account is refused in silence."""
    managed_gateway(world)
    session(world, "1234", lambda: world.sms(world.push("--notify", "1234")))
    expect("one session only", asked(world) == ["1234"])
    contact = world.one("Account", Protocol="omadm")["LastContact"]
    expect("contact is shown", contact > 0)
    last = world.dir / f"push{world.sent}.pdu"
    world.sms(last)                                          # a replay: the message is known
    received = world.manager()["MessagesReceived"]
    world.sms(world.push("--notify", "1234", "--ui", "2"))   # another message, and authentic, for the session that was held
    until("the repetition", lambda: world.manager()["MessagesReceived"] == received + 1, 20)
    refused(world, "MacMismatch", lambda: world.sms(world.push("--notify", "77", "--wrong-mac")))
    refused(world, "NotFound", lambda: world.sms(world.push("--notify", "78", "--notify-server", "com.evil")))
    # the next one is made with the nonce of the session before, and survives a restart of agentd
    world.stop("agentd")
    world.start("agentd")
    until("in service", lambda: world.manager()["State"] == "managed", 60)
    session(world, "AB", lambda: world.sms(world.push("--notify", "ab", "--ui", "1")))
    expect("two sessions", asked(world) == ["1234", "AB"])
    expect("nothing was provisioned", len([a for a in world.all("Account").values() if a["Protocol"] == "lwm2m"]) == 1)
    expect("the context is as it was", world.one("Context", Name="usim")["State"] == "committed")


@scenario(mode="none")
def the_default_nonce_resynchronises_once_an_hour(world):
    """Server and gateway have lost their nonces: 0x00000000 serves once, in the reading that is allowed, and can be switched off."""
    managed_gateway(world, lambda push: agentctl("bootstrap", push))

    def notify(*words):
        agentctl("bootstrap", "--no-wait", world.push("--notify", *words), check=False)

    refused(world, "MacMismatch", lambda: notify("1", "--default-nonce", "text"))
    session(world, "2", lambda: notify("2", "--default-nonce", "octets"))
    expect("the client began with it too", not [e for e in world.dm_events() if e["event"] == "auth.client" and e["session"] == "2" and e["result"] != "ok"])
    session(world, "3", lambda: notify("3"))                 # the nonce that session 2 brought
    refused(world, "RateLimited", lambda: notify("4", "--default-nonce", "octets"))
    conf = world.agentd_conf("default-nonce=no")
    world.call(ROOT, f"{NAME}.Manager", "Reload")
    refused(world, "MacMismatch", lambda: notify("5", "--default-nonce", "octets"))
    conf("default-nonce=both")
    world.stop("agentd")
    world.start("agentd")
    until("in service", lambda: world.manager()["State"] == "managed", 60)
    session(world, "6", lambda: notify("6", "--default-nonce", "text"))


@scenario(mode="none")
def a_session_that_is_cut_off_leaves_the_server_a_nonce_that_is_known(world):
    """The server takes our message, and the fresh nonce in it, and is gone: its next notification is made with that nonce, and is authentic, also after a restart."""
    managed_gateway(world, lambda push: agentctl("bootstrap", push))

    world.dm_fault("close-in-middle", "--at", "2")
    notify(world, "21")
    until("the session fails", lambda: session_job(world, "failed"))
    world.dm_fault("none")
    world.kill("agentd")
    world.start("agentd")
    until("in service", lambda: world.manager()["State"] == "managed", 60)
    session(world, "22", lambda: notify(world, "22"))
    session(world, "23", lambda: notify(world, "23"))
    expect("nobody was challenged", "MacMismatch" not in world.log() and "challenged once" not in world.log())


def cancelled(world, number, meanwhile=lambda: None):
    """A session is cancelled while its server, which has taken the fresh nonce, thinks; meanwhile() comes first."""
    world.dm_fault("hang-in-middle", "--at", "2")
    notify(world, number)
    until("the server to think", lambda: any(e["event"] == "fault" for e in world.dm_events()))
    meanwhile()
    agentctl("job", "cancel", session_job(world, "running").rsplit("/", 1)[1])
    world.dm_fault("none")


@scenario(mode="none")
def a_session_that_is_cancelled_leaves_the_server_a_nonce_that_is_known(world):
    """The server's next notification is authentic, and its session begins without a challenge."""
    managed_gateway(world, lambda push: agentctl("bootstrap", push))
    cancelled(world, "21")
    until("its end", lambda: session_job(world, "cancelled"), 5)
    session(world, "22", lambda: notify(world, "22"))
    expect("nobody was challenged", "MacMismatch" not in world.log() and "challenged once" not in world.log())


@scenario(mode="none")
def a_session_that_ends_without_the_tre_keeps_its_nonces_until_they_can_be_stored(world):
    """agent-tred is killed while the server thinks: the job waits for another one, which seals the account. The server's next notification is authentic."""
    managed_gateway(world, lambda push: agentctl("bootstrap", push))
    cancelled(world, "21", lambda: world.kill("tred"))
    until("a job that waits", lambda: world.one("Job", Kind="session", State="running", ErrorText="waiting for agent-tred"), 5)
    world.start("tred")
    until("its end", lambda: session_job(world, "cancelled"), 20)
    session(world, "22", lambda: notify(world, "22"))
    expect("nobody was challenged", "MacMismatch" not in world.log() and "challenged once" not in world.log())


@scenario(mode="qmi")
def a_lwm2m_trigger_by_sms_brings_an_update_and_no_more_than_six_an_hour(world):
    """Each genuine or forged trigger is at most one Update over the account's own session; the seventh is counted, not carried out."""
    managed_gateway(world)

    def updates():
        return sum(e["event"] == "update" for e in world.lwm2m_events())

    def others():
        return sum(e["event"] in ("register", "deregister", "expired") for e in world.lwm2m_events())

    registrations = others()
    refused(world, "NotFound", lambda: world.sms(world.push("--trigger", "/1/0/9")))
    for number in range(1, 6):
        before = updates()
        world.sms(world.push("--trigger", "/1/0/8"))
        until(f"update {number}", lambda n=before: updates() == n + 1, 10)
    expect("counted", world.manager()["TriggersCarriedOut"] == 5)
    before = updates()
    for path in ("/1/0/8", "/1/0/9"):
        refused(world, "RateLimited", lambda p=path: world.sms(world.push("--trigger", p)))
    refused(world, "Denied", lambda: world.sms(world.push("--trigger", "/3/0/4")))
    expect("nothing more happened", updates() == before and others() == registrations and world.manager()["TriggersLimited"] == 2)
    expect("in service", world.manager()["State"] == "managed")


@scenario(mode="qmi")
def a_dm_profile_bootstrap_by_sms_makes_a_managed_device(world):
    """Trees in WBXML, SEC=USERPIN: account and access point as management objects, the way of OMA CP from there on; the ACL holds in the session."""
    world.up()
    world.start()
    refused(world, "PolicyDenied", lambda: world.sms(world.push("--profile", "dm-wbxml", "--sec", "netwpin", "--imsi", IMSI)), 60)
    expect("nothing installed", not world.one("Account", Installed=True) and not world.all("Job"))
    world.sms(world.push("--profile", "dm-wbxml", "--sec", "usernetwpin", "--imsi", IMSI), reverse=True)
    check_managed(world)
    world.reported()
    expect("bearer of the tree", world.one("Bearer", State="connected")["Apn"] == "m2m.example.net")
    until("no running job", lambda: world.manager()["ActiveJobs"] == 0)
    session(world, "9", lambda: world.sms(world.push("--notify", "9")))


@scenario(mode="none")
def a_dm_profile_bootstrap_in_xml_and_who_may_not(world):
    """No byte of a bootstrap that is not authentic is read; a committed context stays; reopened, it takes the account of DM 1.1 too."""
    world.up()
    world.start()

    def offer(*words):
        return agentctl("bootstrap", world.push("--profile", *words), check=False)

    for words, cause in ((("dm-xml", "--wrong-mac"), "MacMismatch"), (("dm-wbxml", "--no-mac"), "MacMissing"), (("dm-xml", "--no-sec"), "MacMissing"),
                         (("dm-wbxml", "--flip", "1000"), "MacMismatch"), (("dm-wbxml", "--url", "http://dm.operator.example/dm"), "Invalid")):
        done = offer(*words)
        expect(f"{words}: {done.stderr}", done.returncode == 1 and world.manager()["LastError"] == cause)
    done = offer("dm-xml", "--no-account")
    expect(f"an access point alone, and no modem for it: {done.stderr}", "NoModem" in done.stderr)
    agentctl("bootstrap", world.push("--profile", "dm-xml", "--fresh"))
    check_managed(world)
    world.reported()
    until("no running job", lambda: world.manager()["ActiveJobs"] == 0)
    done = offer("dm-wbxml", "--server-id", "com.other.dm", "--user", "other")
    expect(f"committed: {done.stderr}", done.returncode == 1 and world.manager()["LastError"] == "ContextCommitted")
    expect("as it was", world.one("Context", Name="usim")["ServerId"] == "com.example.dm" and world.manager()["State"] == "managed")
    agentctl("context", "reopen", "usim")
    agentctl("bootstrap", world.push("--profile", "dm-wbxml", "--dm-account", "1.1", "--fresh"))
    world.managed()
    expect("one account", len([a for a in world.all("Account").values() if a["Protocol"] == "omadm" and a["Installed"]]) == 1)
