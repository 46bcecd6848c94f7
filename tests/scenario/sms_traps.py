# SPDX-License-Identifier: Apache-2.0
"""What ModemManager does to short messages, and what is heard all the same; the user's own messages stay as they are."""
import itertools
import json
import os
import random
import signal
import time

import labproc
from flood import Line
from main_job import check_managed, expect
from scenarios import scenario
from sms_flood import kept, ordinary
from sms_pdu import deliver, wap_push
from world import agentctl, lab, until

SENDER, OTHER = "+46700000001", "+46700000002"
SMSC = 8                                              # octets of sms_pdu's SMSC address


def bad(number: int, size: int = 90) -> bytes:
    """A push of ours with a MAC of zeros; each number is another message."""
    parameters = bytes([0xB6, 0x91, 0x80, 0x92]) + b"0" * 40 + b"\0"
    body = random.Random(number).randbytes(size - len(parameters) - 5)
    return bytes([number % 256, 6, 2 + len(parameters), 0x1F, len(parameters)]) + parameters + body


def mixed(some: list, others: list) -> list:
    """Now the one's part first, now the other's: who goes by the reference alone takes one from each."""
    pairs = [(b, a) if n % 2 else (a, b) for n, (a, b) in enumerate(zip(some, others))]
    return list(itertools.chain.from_iterable(pairs))


def line(world) -> Line:
    return Line(world.dir / "lab/ctl")


def say(world, verb: str, *pdus) -> None:
    words = [pdu if isinstance(pdu, str) else pdu.hex() for pdu in pdus]
    answer = line(world).say(f"{verb} {' '.join(words)}")
    expect(f"{verb}: {answer}", answer != "full" and not answer.startswith("error"))


def taken_over(world) -> int:
    return world.log().count("push message taken over")


def only_the_users(world, *more, seconds=40):
    wanted = sorted(ordinary() + [pdu.hex() for pdu in more])
    until(f"the user's {len(wanted)} messages alone, not {len(kept(world))}", lambda: kept(world) == wanted, seconds)


def with_users_messages(world, memory=""):
    world.up()
    say(world, f"store {memory}".strip(), *ordinary()[:9])


@scenario(mode="qmi")
def parts_of_two_senders_with_one_reference_are_told_apart(world):
    """ModemManager goes by the reference alone: it makes garbage of them, hides what is left, and cannot delete that."""
    world.up()
    say(world, "store", *ordinary())
    world.start()
    genuine = wap_push(world.push().read_bytes(), ref=42, sender=SENDER)
    other = wap_push(bad(1, 560), ref=42, sender=OTHER)
    say(world, "sms", *mixed(genuine, other))
    check_managed(world)
    until("the refusal", lambda: world.manager()["LastError"] == "MacMismatch", 30)
    only_the_users(world)
    again = wap_push(bad(2, 560), ref=42, sender=SENDER)
    say(world, "sms", *again)
    until("the next with that reference", lambda: world.manager()["MessagesReceived"] >= 3, 20)
    only_the_users(world)
    expect("the user's messages are counted", world.one("Modem")["MessagesKept"] == len(ordinary()))


@scenario(mode="qmi")
def a_message_behind_an_incomplete_one_is_heard(world):
    """Somebody's first part with the operator's reference stays incomplete for ever; ModemManager never shows the operator's message."""
    with_users_messages(world)
    say(world, "store nv", *ordinary()[9:])
    orphan = wap_push(b"\x00" * 300, ref=42, sender=OTHER)[0]
    say(world, "store", orphan)
    world.start()
    until("the modem", lambda: (world.one("Modem") or {}).get("State") in ("registered", "connected"))
    say(world, "sms", *wap_push(world.push().read_bytes(), ref=42, sender=SENDER))
    check_managed(world)
    only_the_users(world, orphan)


@scenario(mode="qmi")
def odd_messages_are_refused_once_and_ordinary_ones_kept(world):
    """Both storages before start, transfer route, class 0, invalid time stamp, cut PDU, empty body, element beyond its header."""
    with_users_messages(world)
    say(world, "store nv", *ordinary()[9:])
    say(world, "store", *wap_push(bad(1), ref=1))
    say(world, "store nv", *wap_push(bad(2), ref=2))
    world.start()
    until("both stored ones", lambda: taken_over(world) == 2)
    only_the_users(world)
    stamp = bytearray(wap_push(bad(3), ref=3)[0])
    at = bytes(stamp).index(bytes.fromhex("62110221436500"))
    stamp[at:at + 7] = b"\xff" * 7
    say(world, "sms", bytes(stamp))
    say(world, "sms", deliver(bad(4), dcs=0xF4))
    say(world, "route", deliver(bad(5), dcs=0xF4)[SMSC:])
    for pdu in wap_push(bad(6, 300), ref=6):
        say(world, "route", pdu[SMSC:])
    until("all of them", lambda: taken_over(world) == 6)
    cut = wap_push(bad(7), ref=7)[0][:-20]
    empty = deliver(b"", udh=bytes.fromhex("05040b8423f0"))
    beyond = deliver(b"\x01", udh=bytes.fromhex("050f0b8423f0"))
    say(world, "sms", cut, empty, beyond)
    world.sms(world.push())
    check_managed(world)
    only_the_users(world, cut, empty, beyond)
    refused = world.manager()["MessagesRefused"]
    expect(f"each counts once, not {refused} and {taken_over(world)}", refused == 6 and taken_over(world) == 7)


@scenario(mode="qmi")
def a_storage_full_of_the_users_messages_is_visible(world):
    """Nothing of the user's is deleted; the state and doctor say what is wrong, until there is room."""
    world.up()
    line(world).say("capacity uim 20")
    say(world, "store", *ordinary())
    world.start()
    until("room", lambda: (world.one("Modem") or {}).get("MessageStorage") == "room", 20)
    say(world, "sms", *ordinary()[:3])
    until("a full storage", lambda: world.one("Modem")["MessageStorage"] == "full", 20)
    expect("in the log", "is full (20 messages)" in world.log())
    done = agentctl("doctor", check=False)
    expect(f"doctor: {done.stdout}", "SMS storage" in done.stdout and "full" in done.stdout)
    expect("nothing was deleted", kept(world) == sorted(ordinary() + ordinary()[:3]))
    line(world).say("capacity uim 40")
    until("room again", lambda: world.one("Modem")["MessageStorage"] == "room", 45)
    world.sms(world.push())
    check_managed(world)


@scenario(mode="qmi")
def more_messages_stored_than_the_bus_admits_calls_are_all_taken_over(world):
    """Without agent-modemd, so that nobody else hears or deletes them. The bus refuses the 129th open call of a program; a message whose object could not be
    read for that was forgotten, and lay in the modem until its messages were listed anew."""
    count = 235
    with_users_messages(world)
    for n in range(0, count, 47):
        say(world, "store", *(wap_push(bad(i), ref=i)[0] for i in range(n, n + 47)))
    world.start("agentd")
    until(f"all {count} to be known", lambda: world.log().count("is whole") >= count, 60)
    manager = int((world.dir / "lab/mm.pid").read_text())
    os.kill(manager, signal.SIGSTOP)
    world.start("tred")  # all that wait are read again at once
    until("room for those that wait", lambda: taken_over(world) >= 24, 20)
    os.kill(manager, signal.SIGCONT)
    expect("no call is refused by the bus", "pending replies" not in (world.dir / "lab/dbus.log").read_text())
    until(f"all {count} to be taken over", lambda: taken_over(world) == count, 60)
    expect("without listing them anew", "lists its messages anew" not in world.log())
    until("the user's messages alone", lambda: kept(world) == sorted(ordinary()[:9]), 40)


@scenario(mode="at", lab_options=("--uplink-reaches-operator",))
def parts_that_modemmanager_drops_in_at_mode_are_found_again(world):
    """Two senders with one reference: ModemManager merges them, and its objects tell neither parts nor whose they were; what is heard is refused, and the sender's retry
    works. That comes in a burst: ModemManager takes one part and drops the others. Both storages are emptied of ours."""
    with_users_messages(world, "SM")
    say(world, "store ME", *ordinary()[9:])
    say(world, "store SM", *wap_push(bad(1), ref=1))
    say(world, "store ME", *wap_push(bad(2), ref=2))
    world.start()
    until("both stored ones", lambda: taken_over(world) == 2, 40)
    only_the_users(world)
    genuine = world.push("--no-napdef").read_bytes()
    for pdu in mixed(wap_push(genuine, ref=42, sender=SENDER), wap_push(bad(4, len(genuine)), ref=42, sender=OTHER)):
        say(world, "sms", pdu)
        until("ModemManager to have read it", lambda: not unread(world), 10)
        time.sleep(0.3)
    until("the merged one is refused", lambda: taken_over(world) >= 4, 30)
    expect("visibly", world.manager()["LastError"] == "MacMismatch" and not world.all("Job"))
    only_the_users(world, seconds=120)
    say(world, "sms", *wap_push(genuine, ref=43, sender=SENDER))
    check_managed(world)
    only_the_users(world)
    expect("by listing anew", "lists its messages anew" in world.log())


def unread(world) -> int:
    return sum(row[0] == 0 for memory in json.loads(line(world).say("list")).values() for row in memory.values())


@scenario(mode="qmi")
def kills_while_messages_stream_lose_and_double_nothing(world):
    """kill -9 of agent-modemd, agentd and ModemManager in turn, a message every 50 ms, the operator's among them."""
    world.up()
    say(world, "store", *ordinary())
    world.start()
    genuine = wap_push(world.push().read_bytes(), ref=900, wide_ref=True)
    stream = [wap_push(bad(n, 90 if n % 3 else 300), ref=n, wide_ref=True, sender=f"+467{n:05d}") for n in range(1, 61)]
    stream.insert(35, genuine)
    control = line(world)
    until("the modem", lambda: (world.one("Modem") or {}).get("State") in ("registered", "connected"))
    for count, message in enumerate(stream):
        for pdu in message:
            control.say("sms " + pdu.hex())
        if count in (10, 36):
            world.kill("modemd")
            world.start("modemd")
        if count in (20, 38):
            world.kill("agentd")
            world.start("agentd")
        if count == 30:
            world.kill("mm")
            lab("mm-start")
        time.sleep(0.05)
    world.managed(120)
    only_the_users(world, seconds=60)
    expect(f"{taken_over(world)} messages were taken over", taken_over(world) == len(stream))
    events = [e["event"] for e in world.lwm2m_events()]
    expect("one report", sum(e.get("event") == "report" for e in world.dm_events()) == 1)
    expect(f"registrations {events.count('register')}", events.count("register") >= 1)
