/* SPDX-License-Identifier: Apache-2.0 */
/* agentctl decode: what a push, an SMS, a document, a card file or a TLV is and whether it would be accepted, offline. */
#ifndef CTL_DECODE_H
#define CTL_DECODE_H

#include <stdbool.h>

struct decode_options { /* NULL: not given */
    const char *kind;      /* push, sms, wbxml, tnds, notification, card, bei, lwm2m-tlv, or auto */
    const char *imsi, *pin; /* digits that the receiver knows */
    const char *gateway;   /* its id */
    const char *signer;    /* file: certificates and public keys in PEM */
    const char *password;  /* file: its first line is the secret of the DM server */
    const char *nonce;     /* of that server, Base64 */
    bool json;
};

/* path: octets, binary or hex (SMS: a TPDU a line); "-": standard input. Prints to standard output. Returns the exit status: 0 accept, 3 reject, 2 usage or unreadable
 * file. */
int decode_file(const char *path, const struct decode_options *o);

#endif
