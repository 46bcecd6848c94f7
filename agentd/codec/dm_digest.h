/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of OMA DM Security 1.2: pure functions of names, secrets and nonces. The "HMAC" is a nested MD5, despite its name: in sessions it runs inside
 * TLS only, and the one of a notification is worth no more than a session over TLS that it may start. */
#ifndef CODEC_DM_DIGEST_H
#define CODEC_DM_DIGEST_H

#include <stdbool.h>

#include "base/reader.h"

enum { DM_DIGEST_CAP = 560, DM_DIGEST_HASH_CAP = 25 };

/* In what follows name may be NULL: then secret is B64(H(name:secret)) already. */
/* B64(H(name:secret)), 24 characters: all that MD5 and HMAC need. */
bool dm_digest_hash(const char *name, const char *secret, char out[DM_DIGEST_HASH_CAP]);

/* Cred data: B64(name:secret), or B64(H(B64(H(name:secret)):nonce)). False if out (DM_DIGEST_CAP octets) is too small; basic: or without a name. */
bool dm_digest_basic(const char *name, const char *secret, char *out);
bool dm_digest_md5(const char *name, const char *secret, struct slice nonce, char *out);
/* The mac of x-syncml-hmac: B64(H(B64(H(name:secret)):nonce:B64(H(body)))). */
bool dm_digest_hmac(const char *name, const char *secret, struct slice nonce, struct slice body, char *out);
/* Is digest, 16 octets, what that mac is the Base64 of? Compared in constant time (Notification 1.2 clause 6.2.1: body is the trigger). */
bool dm_digest_fits(const char *name, const char *secret, struct slice nonce, struct slice body, struct slice digest);

#endif
