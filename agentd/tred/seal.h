/* SPDX-License-Identifier: Apache-2.0 */
/* The master key and what is made of it: AES-256-GCM under one key per purpose (HKDF-SHA-256). */
#ifndef TRED_SEAL_H
#define TRED_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/secret.h"
#include "tred/backend.h"
#include "tred/vfs.h"

enum { SEAL_KEY = BACKEND_KEY, SEAL_NONCE = 12, SEAL_TAG = 16, SEAL_OVERHEAD = SEAL_NONCE + SEAL_TAG };
enum seal_purpose { SEAL_RECORD, SEAL_BLOB };

struct seal {
    struct secret *key; /* NULL while there is none */
};

/* Takes the master key from the back end; its errors. */
enum error_code seal_load(struct seal *s, struct backend *b, const struct vfs *v);
/* Has it made unless there is one; then loads it. authority: see backend.h. */
enum error_code seal_create(struct seal *s, struct backend *b, const struct vfs *v, struct slice authority);
/* A seal by another key of SEAL_KEY octets; false without memory. */
bool seal_own(struct seal *s, const uint8_t *key);
void seal_close(struct seal *s);
/* out gets nonce | ciphertext | tag: plain.len + SEAL_OVERHEAD octets. */
enum error_code seal_octets(const struct seal *s, enum seal_purpose purpose, struct slice aad, struct slice plain, uint8_t *out);
/* out gets sealed.len - SEAL_OVERHEAD octets; DENIED, and out zeroed, if anything differs from what was sealed; INTERNAL without memory. */
enum error_code unseal_octets(const struct seal *s, enum seal_purpose purpose, struct slice aad, struct slice sealed, uint8_t *out);

#endif
