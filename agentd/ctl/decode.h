/* SPDX-License-Identifier: Apache-2.0 */
/* agentctl decode: what a push, an SMS, a document, a card file or a TLV is and whether it would be accepted, offline. */
#ifndef CTL_DECODE_H
#define CTL_DECODE_H

#include <stdbool.h>

/* path: octets, binary or hex (SMS: a TPDU a line); kind: push, sms, wbxml, tnds, notification, card, bei, lwm2m-tlv, or NULL or "auto"; "-": standard input. imsi, pin: digits the receiver knows, NULL if none. Prints to standard output. Returns the
 * exit status: 0 accept, 3 reject, 2 usage or unreadable file. */
int decode_file(const char *path, const char *kind, const char *imsi, const char *pin, bool json);

#endif
