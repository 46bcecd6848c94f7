/* SPDX-License-Identifier: Apache-2.0 */
/* The device (PfC) key as a private key of OpenSSL: it signs the handshake of a DTLS or TLS client and nothing else, inside the TRE. */
#ifndef TRUST_DEVICE_KEY_H
#define TRUST_DEVICE_KEY_H

#include <openssl/evp.h>

#include "base/reader.h"

/* The key of that device certificate (DER); free with EVP_PKEY_free. A signature waits for the TRE behind `socket` (trust/ask.h), because the handshake
 * cannot go on without it. socket must outlive the key. NULL: no certificate over P-256, or OpenSSL has no place for it. */
EVP_PKEY *device_key_open(struct slice certificate, const char *socket);

#endif
