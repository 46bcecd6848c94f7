/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of OMA DM Security 1.2: pure functions of names, secrets and nonces. The "HMAC" is a nested MD5, despite
 * its name; all of it runs inside TLS only. */
#ifndef DM_AUTH_H
#define DM_AUTH_H

#include <stdbool.h>

#include "base/reader.h"
#include "model/settings.h"

enum { DM_DIGEST_CAP = 560, DM_NONCE_LEN = 16 };

/* Cred data: B64(name:secret), or B64(H(B64(H(name:secret)):nonce)). False if out (DM_DIGEST_CAP octets) is too small. */
bool dm_digest_basic(const char *name, const char *secret, char *out);
bool dm_digest_md5(const char *name, const char *secret, struct slice nonce, char *out);
/* The mac of x-syncml-hmac: B64(H(B64(H(name:secret)):nonce:B64(H(body)))). */
bool dm_digest_hmac(const char *name, const char *secret, struct slice nonce, struct slice body, char *out);
/* The value of an x-syncml-hmac header: algorithm (absent or MD5), username and mac, quoted or not. False if it is anything else. */
bool dm_hmac_parse(const char *value, char *name, size_t name_cap, char *mac, size_t mac_cap);
/* 16 random octets; false if the system has none. */
bool dm_nonce_make(uint8_t nonce[DM_NONCE_LEN]);
/* Texts are equal, in time that depends on their lengths only. */
bool dm_text_equal(const char *a, const char *b);
/* "syncml:auth-basic", "syncml:auth-md5", "syncml:auth-MAC" and back. */
const char *dm_auth_type(enum dm_auth auth);
bool dm_auth_from_type(struct slice type, enum dm_auth *auth);

#endif
