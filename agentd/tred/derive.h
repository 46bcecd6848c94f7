/* SPDX-License-Identifier: Apache-2.0 */
/* What comes out of the device PIN and of the factory's keys, and the requests for it: proof of an instruction's MAC, credentials of factory accounts, signed
 * requests. Derivation key and named pre-shared keys lie in records of their own, made at provisioning. */
#ifndef TRED_DERIVE_H
#define TRED_DERIVE_H

#include "base/writer.h"
#include "tred/tre.h"

/* Stores the derivation key (32..64 octets) for ever. */
enum error_code derive_store_key(const struct store *s, struct slice key);
/* Stores the pre-shared keys of factory accounts for ever: fields name, key, name, key .. */
enum error_code derive_store_psks(const struct store *s, struct slice fields);

/* Handlers (model/tre_wire.h): each reads its whole body; a malformed one leaves the reader failed. */
enum error_code derive_verify_instruction(struct tre *t, struct reader *in, struct writer *out);
enum error_code derive_sign_request(struct tre *t, struct reader *in, struct writer *out);
enum error_code derive_credentials(struct tre *t, struct reader *in, struct writer *out);

#endif
