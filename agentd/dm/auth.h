/* SPDX-License-Identifier: Apache-2.0 */
/* How the sides of a session prove themselves (OMA DM Security 1.2), around the digests of codec/dm_digest.h. */
#ifndef DM_AUTH_H
#define DM_AUTH_H

#include <stdbool.h>

#include "base/reader.h"
#include "codec/dm_digest.h"
#include "model/settings.h"

enum { DM_NONCE_LEN = 16 };

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
