# SPDX-License-Identifier: Apache-2.0
"""SMS-DELIVER PDU builder for the simulator (3GPP TS 23.040).

Only what the tests need: 8-bit or GSM7-as-given user data, optional
application port addressing (IEI 0x05) and concatenation (IEI 0x00 / 0x08).
"""


def _semi_octets(digits):
    if len(digits) % 2:
        digits += "F"
    return bytes(int(digits[i + 1] + digits[i], 16) for i in range(0, len(digits), 2))


def _address(number):
    digits = number.lstrip("+")
    toa = 0x91 if number.startswith("+") else 0x81
    return bytes([len(digits), toa]) + _semi_octets(digits)


def deliver(user_data, *, sender="+46700000001", smsc="+46708000000", pid=0x00,
            dcs=0x04, udh=b"", more=False, status_report=False):
    """Returns the full PDU (SMSC address + TPDU) of one SMS-DELIVER."""
    digits = smsc.lstrip("+")
    smsc_bytes = bytes([0x91]) + _semi_octets(digits) if digits else b""
    first = 0x00 | (0x00 if more else 0x04) | (0x40 if udh else 0) | (0x20 if status_report else 0)
    header = bytes([len(udh)]) + udh if udh else b""
    ud = header + user_data
    if len(ud) > 140:
        raise ValueError("TP-UD too long: %d" % len(ud))
    scts = bytes.fromhex("62110221436500")
    tpdu = bytes([first]) + _address(sender) + bytes([pid, dcs]) + scts + bytes([len(ud)]) + ud
    return bytes([len(smsc_bytes)]) + smsc_bytes + tpdu


def wap_push(payload, *, dst_port=2948, src_port=9200, ref=0x2A, wide_ref=False, part=None, **kw):
    """One PDU per SMS needed to carry payload to dst_port."""
    ports = bytes([0x05, 0x04]) + dst_port.to_bytes(2, "big") + src_port.to_bytes(2, "big")
    if len(payload) + 1 + len(ports) <= 140 and part is None:
        return [deliver(payload, udh=ports, **kw)]
    size = part or 140 - 1 - len(ports) - (6 if wide_ref else 5)
    chunks = [payload[i:i + size] for i in range(0, len(payload), size)]
    pdus = []
    for seq, chunk in enumerate(chunks, 1):
        concat = (bytes([0x08, 0x04]) + ref.to_bytes(2, "big") if wide_ref
                  else bytes([0x00, 0x03, ref & 0xFF])) + bytes([len(chunks), seq])
        pdus.append(deliver(chunk, udh=ports + concat, more=seq < len(chunks), **kw))
    return pdus


def tpdu_length(pdu):
    """Length field of +CMGR/+CMGL/+CMT: octets of the TPDU, SMSC excluded."""
    return len(pdu) - 1 - pdu[0]
