# SPDX-License-Identifier: Apache-2.0
"""WSP Push PDUs with SEC and MAC (OMA ProvBoot), and SMS-DELIVER TPDUs that carry them (TS 23.040)."""
from __future__ import annotations

import hashlib
import hmac
from typing import Optional

from .prov import mb_uint

NETWPIN, USERPIN, USERNETWPIN, USERPINMAC = range(4)
CONNECTIVITY_WBXML, CONNECTIVITY_XML, SYNCML_DM_WBXML, DM_NOTIFICATION = 0x36, 0x35, 0x42, 0x44
APP_SYNCML_DM, APP_LWM2M = 0x07, 0x1A


def imsi_key(imsi: str) -> bytes:
    """EF_IMSI coding without the length octet: the NETWPIN key."""
    odd = len(imsi) % 2
    s = ("9" if odd else "1") + imsi + ("" if odd else "F")
    return bytes(int(s[i + 1] + s[i], 16) for i in range(0, len(s), 2))


def key_for(sec: int, imsi: str = "", pin: str = "") -> bytes:
    return {NETWPIN: imsi_key(imsi) if imsi else b"", USERPIN: pin.encode(), USERPINMAC: pin.encode(),
            USERNETWPIN: (imsi_key(imsi) if imsi else b"") + pin.encode()}[sec]


def mac(key: bytes, body: bytes) -> str:
    return hmac.new(key, body, hashlib.sha1).hexdigest().upper()


def user_pin_mac(pin: str, body: bytes) -> str:
    """What the user types with USERPINMAC: the PIN and as many check digits."""
    digest = bytes.fromhex(mac(pin.encode(), body))
    return pin + "".join(chr(48 + digest[i] % 10) for i in range(len(pin)))


def wsp_push(body: bytes, media: int | str = CONNECTIVITY_WBXML, sec: Optional[int] = None, mac_text: Optional[str] = None,
             app_id: Optional[int] = None, headers: bytes = b"", tid: int = 1, mac_first: bool = False,
             content_type: Optional[bytes] = None, pdu_type: int = 6) -> bytes:
    """content_type: ready-made octets instead of media and parameters."""
    if content_type is None:
        parameters = []
        if sec is not None:
            parameters.append(bytes([0x91, 0x80 | sec]))
        if mac_text is not None:
            parameters.append(b"\x92" + mac_text.encode() + b"\0")
        content_type = media.encode() + b"\0" if isinstance(media, str) else bytes([0x80 | media])
        if parameters:
            content_type += b"".join(reversed(parameters) if mac_first else parameters)
            size = len(content_type)
            content_type = (bytes([size]) if size <= 30 else b"\x1f" + mb_uint(size)) + content_type
    if app_id is not None:
        headers = bytes([0xAF, 0x80 | app_id]) + headers
    return bytes([tid, pdu_type]) + mb_uint(len(content_type) + len(headers)) + content_type + headers + body


def _semi_octets(digits: str) -> bytes:
    digits += "F" * (len(digits) % 2)
    return bytes(int(digits[i + 1] + digits[i], 16) for i in range(0, len(digits), 2))


def sms_deliver(pdu: bytes, sender: str = "491700000000", ref: int = 0x5A, wide_ref: bool = False, dcs: int = 0x04, pid: int = 0,
                src: int = 0x23F0, dst: int = 0x0B84, timestamp: str = "26112021260004") -> list[bytes]:
    """The SMS-DELIVER TPDUs (no SMSC address) for one WDP datagram; ports 9200 to 2948 by default."""
    ports = b"\x05\x04" + dst.to_bytes(2, "big") + src.to_bytes(2, "big")
    parts = [(ports, pdu)]
    if len(pdu) + 1 + len(ports) > 140:
        room = 140 - 1 - len(ports) - (6 if wide_ref else 5)
        count = -(-len(pdu) // room)
        head = b"\x08\x04" + ref.to_bytes(2, "big") if wide_ref else bytes([0, 3, ref])
        parts = [(ports + head + bytes([count, i + 1]), pdu[i * room:(i + 1) * room]) for i in range(count)]
    out = []
    for udh, data in parts:
        ud = bytes([len(udh)]) + udh + data
        out.append(b"\x44" + bytes([len(sender), 0x91]) + _semi_octets(sender) + bytes([pid, dcs]) + _semi_octets(timestamp) +
                   bytes([len(ud)]) + ud)
    return out
