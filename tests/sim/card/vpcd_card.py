#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A UICC in vsmartcard's virtual reader: pcscd sees it as any card.

Owns: the TCP connection to vpcd (which pcscd's driver listens on), one FileCard, the control socket.
Promises: what the card was asked is in its log. Must never run where a real pcscd serves real readers.

usage: vpcd_card.py --control SOCKET [--image FILE] [--iccid DIGITS] [--port N]
Control socket, one command a line, one line of answer:
    image FILE          other content on the same card (as an issuer would write it over the air)
    pull / insert [ICCID]   the card leaves the reader / comes back, perhaps as another one
    switch NAME on|off  later, wrong-length, no-channels (see uicc_files.py)
    state               JSON: log of APDUs, forbidden commands, open channels
"""
import argparse
import asyncio
import json
import struct

from uicc_files import AID_PKCS15, MF, PKCS15, SWITCHES, FileCard

ATR = bytes.fromhex("3b9f96801fc78031a073be21136743200718000001a5")
POWER_OFF, POWER_ON, RESET, GET_ATR = 0, 1, 2, 4      # bodies of one octet; the others of them mean a reset to us


def bcd(digits: str) -> bytes:
    return bytes(int(digits[i + 1] + digits[i], 16) for i in range(0, len(digits), 2))


class Reader:
    def __init__(self, port: int, iccid: str):
        self.port, self.card, self.writer, self.inserted = port, FileCard({(MF, 0x2FE2): bcd(iccid)}, {AID_PKCS15: PKCS15}), None, asyncio.Event()
        self.inserted.set()

    async def session(self, reader) -> None:
        while True:
            size = struct.unpack(">H", await reader.readexactly(2))[0]
            body = await reader.readexactly(size)
            if size > 1:
                answer = self.card.process(body)
            elif body[0] == GET_ATR:
                answer = ATR
            else:
                self.card.reset()
                continue
            self.writer.write(struct.pack(">H", len(answer)) + answer)

    async def run(self) -> None:
        while True:
            await self.inserted.wait()
            try:
                reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
                await self.session(reader)
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.1)

    def pull(self) -> None:
        self.inserted.clear()
        if self.writer:
            self.writer.close()

    def command(self, line: str) -> str:
        verb, *words = line.split()
        if verb == "image":
            self.card.load(words[0])
        elif verb == "pull":
            self.pull()
        elif verb == "insert":
            if words:
                self.card.files[(MF, 0x2FE2)] = bcd(words[0])
            self.inserted.set()
        elif verb == "switch" and words[0] in SWITCHES:
            (self.card.switches.add if words[1] == "on" else self.card.switches.discard)(words[0])
        elif verb == "state":
            return json.dumps({"log": self.card.log, "forbidden": self.card.forbidden, "channels": sorted(self.card.channels)})
        else:
            return "error: unknown command"
        return "ok"


async def serve(args) -> None:
    reader = Reader(args.port, args.iccid)
    if args.image:
        reader.card.load(args.image)

    async def client(stream, writer) -> None:
        while line := await stream.readline():
            try:
                answer = reader.command(line.decode())
            except (ValueError, IndexError, KeyError, OSError) as problem:
                answer = f"error: {problem}"
            writer.write(answer.encode() + b"\n")
            await writer.drain()
        writer.close()

    await asyncio.start_unix_server(client, args.control)
    print("ready", flush=True)
    await reader.run()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--control", required=True)
    parser.add_argument("--image")
    parser.add_argument("--iccid", default="89460811111111111114")
    parser.add_argument("--port", type=int, default=35963)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
