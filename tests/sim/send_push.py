#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sends a file (a WSP push PDU) as one or more SMS to a simulated modem.

Owns: the order and pauses of the parts. Must never change the octets of the file.
usage: send_push.py CONTROL_SOCKET FILE [--ref N] [--wide-ref] [--pause SECONDS] [--sender NUMBER] [--order 3,1,2]
       [--hex] [--store] [--modem N]
"""
import argparse
import socket
import time

from sms_pdu import wap_push


def command(path: str, line: str) -> str:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        sock.sendall(line.encode() + b"\n")
        return sock.makefile().readline().strip()


def main() -> None:
    p = argparse.ArgumentParser()
    p.add_argument("control")
    p.add_argument("file")
    p.add_argument("--ref", type=int, default=0x2A)
    p.add_argument("--wide-ref", action="store_true")
    p.add_argument("--pause", type=float, default=0.5, help="seconds between parts; 0 is a burst")
    p.add_argument("--sender", default="+46700000001")
    p.add_argument("--order", help="numbers of the parts in the order of sending, e.g. 3,1,2 or 1,1,2")
    p.add_argument("--hex", action="store_true", help="FILE is hexadecimal text")
    p.add_argument("--store", dest="verb", action="store_const", const="store", default="sms",
                   help="put into storage silently (QMI)")
    p.add_argument("--modem", type=int, default=0, help="1: the second modem of the simulator (QMI)")
    args = p.parse_args()
    with open(args.file, "rb") as f:
        payload = f.read()
    if args.hex:
        payload = bytes.fromhex(payload.decode("ascii"))
    parts = wap_push(payload, ref=args.ref, wide_ref=args.wide_ref, sender=args.sender)
    order = [int(n) for n in args.order.split(",")] if args.order else range(1, len(parts) + 1)
    verb = f"@{args.modem} {args.verb}" if args.modem else args.verb
    for count, number in enumerate(order):
        if count:
            time.sleep(args.pause)
        print(f"part {number} of {len(parts)}: index {command(args.control, verb + ' ' + parts[number - 1].hex())}")


if __name__ == "__main__":
    main()
