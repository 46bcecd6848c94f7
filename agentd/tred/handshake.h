/* SPDX-License-Identifier: Apache-2.0 */
/* Client authentication by the device certificate: the device key signs a handshake of DTLS 1.2 or TLS 1.2, of which it is shown every message, or of TLS 1.3, which says
 * itself that it is one. */
#ifndef TRED_HANDSHAKE_H
#define TRED_HANDSHAKE_H

#include <stdbool.h>

#include "base/writer.h"
#include "tred/tre.h"

/* Are these the octets that a client's CertificateVerify covers, and nothing else: the messages (RFC 5246 clause 7.4.8, RFC 6347 clause 4.2.6) from ClientHello to
 * ClientKeyExchange, the server's CertificateRequest among them, or what RFC 8446 clause 4.4.3 has instead? What the device key signs otherwise is never one. */
bool handshake_is_whole(struct slice messages);
/* Handler of HANDSHAKE_SIGN (model/tre_wire.h). */
enum error_code handshake_sign(struct tre *t, struct reader *in, struct writer *out);

#endif
