# SPDX-License-Identifier: Apache-2.0
"""Counts what crosses the operator's side of the modem's port.

Owns: a line of JSON a datagram or TCP segment with octets: {"t" monotonic, "proto", "up" from the gateway, "port" of the server, "octets", "kind" of a
DTLS record}. Must never keep contents.    usage (in the operator's namespace, as root): sniff.py OUT
"""
import json
import socket
import struct
import sys
import time

PORTS = {53, 443, 8443, 5683, 5684}
KINDS = {20: "cipher", 21: "alert", 22: "handshake", 23: "data"}


def look(packet: bytes):
    """None, or (proto, source port, destination port, octets, first octet) of an IPv4 packet."""
    if len(packet) < 28 or packet[0] >> 4 != 4:
        return None
    header = (packet[0] & 15) * 4
    total = struct.unpack_from(">H", packet, 2)[0]
    source, destination = struct.unpack_from(">HH", packet, header)
    if packet[9] == 17:
        return "udp", source, destination, total - header - 8, packet[header + 8] if total > header + 8 else 0
    if packet[9] == 6:
        octets = total - header - (packet[header + 12] >> 4) * 4
        return ("tcp", source, destination, octets, 0) if octets else None
    return None


def main():
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    with open(sys.argv[1], "w", encoding="ascii") as out:
        print(json.dumps({"ready": True}), file=out, flush=True)
        while True:
            packet, (interface, *_rest) = sock.recvfrom(65535)
            found = look(packet)
            if interface == "lo" or not found:
                continue
            proto, source, destination, octets, first = found
            up = destination in PORTS
            if up or source in PORTS:
                row = {"t": time.monotonic(), "proto": proto, "up": up, "port": destination if up else source, "octets": octets}
                if proto == "udp" and row["port"] == 5684:
                    row["kind"] = KINDS.get(first, "other")
                print(json.dumps(row), file=out, flush=True)


if __name__ == "__main__":
    main()
