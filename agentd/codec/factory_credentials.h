/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials of accounts that the factory prepares, the same on the gateway and at the operator: a keyed derivation, and the two published functions of
 * the IMEI, which protect nothing (anyone who reads the label computes them). Pure. */
#ifndef CODEC_FACTORY_CREDENTIALS_H
#define CODEC_FACTORY_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reader.h"

enum factory_method {
    FACTORY_KEYED,     /* "oma-dm-factory-v1": HMAC-SHA-256 with the factory's key */
    FACTORY_FCS11384,  /* MD5 of IMEI and ServerID (2005) */
    FACTORY_FCS14345,  /* MD5 of IMEI, weighted digits and ServerID, shuffled */
};

enum { FACTORY_KEY_MIN = 32, FACTORY_KEY_MAX = 64, FACTORY_NONCE = 16, FACTORY_IMEI = 15, FACTORY_SERVER_ID_MAX = 255, FACTORY_PSK = 32 };

struct factory_credentials {
    char user[33], client[33], server[33]; /* UserName, ClientPW, ServerPW */
    uint8_t client_nonce[FACTORY_NONCE], server_nonce[FACTORY_NONCE];
    size_t nonce_len;                      /* 0: the method has none */
};

/* imei: 15 digits; server_id: 1..255 octets; key: for KEYED alone, at least 32 octets. False for anything else. */
bool factory_credentials(enum factory_method method, struct slice key, const char *imei, const char *server_id, struct factory_credentials *out);
/* Pre-shared key of a LwM2M account: HMAC-SHA-256(key, "lwm2m-factory-v1" 00 | label PSK | endpoint | server), each with a 16-bit length. */
bool factory_psk(struct slice key, const char *endpoint, const char *server, uint8_t out[FACTORY_PSK]);
/* Key of one device out of the key of a batch: HMAC-SHA-256(key, imei). A batch key in each gateway would be everybody's secret. */
bool factory_device_key(struct slice key, const char *imei, uint8_t out[FACTORY_KEY_MIN]);
/* 15 digits of which the last is right by Luhn (TS 23.003 annex B). */
bool factory_imei_valid(const char *imei);
/* "keyed", "fcs11384", "fcs14345" and back. */
const char *factory_method_name(enum factory_method m);
bool factory_method_from_name(const char *name, enum factory_method *m);

#endif
