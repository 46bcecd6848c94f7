/* SPDX-License-Identifier: Apache-2.0 */
/* The device sealing key and what is made of it: AES-256-GCM under one key per purpose (HKDF-SHA-256). */
#ifndef TRED_SEAL_H
#define TRED_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/secret.h"
#include "tred/vfs.h"

enum { SEAL_KEY = 32, SEAL_NONCE = 12, SEAL_TAG = 16, SEAL_OVERHEAD = SEAL_NONCE + SEAL_TAG };
enum seal_purpose { SEAL_RECORD, SEAL_BLOB };

struct seal {
    struct secret *key; /* NULL while there is none */
};

/* Reads the key: the systemd credential tre-key ($CREDENTIALS_DIRECTORY) if there is one, else device.key of the state directory.
 * NOT_FOUND if neither exists, STORAGE if one is not 32 octets. */
enum error_code seal_load(struct seal *s, const struct vfs *v);
/* Makes device.key (32 random octets, 0600, synced) unless a key exists; then loads it. */
enum error_code seal_create(struct seal *s, const struct vfs *v);
void seal_close(struct seal *s);
/* out gets nonce | ciphertext | tag: plain.len + SEAL_OVERHEAD octets. */
enum error_code seal_octets(const struct seal *s, enum seal_purpose purpose, struct slice aad, struct slice plain, uint8_t *out);
/* out gets sealed.len - SEAL_OVERHEAD octets; DENIED, and out zeroed, if anything differs from what was sealed. */
enum error_code unseal_octets(const struct seal *s, enum seal_purpose purpose, struct slice aad, struct slice sealed, uint8_t *out);

#endif
