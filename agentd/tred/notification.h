/* SPDX-License-Identifier: Apache-2.0 */
/* Digest of an OMA DM Package #0 (Notification 1.2 clause 6.2.1), made with the server's secret of an account that agentd keeps sealed. */
#ifndef TRED_NOTIFICATION_H
#define TRED_NOTIFICATION_H

#include "base/error.h"
#include "base/reader.h"
#include "model/tre_wire.h"

/* account: as settings_octets writes it. body: digest and trigger. readings: of the default nonce, bits of enum tre_nonce, tried beside the account's own
 * nonce. *nonce: with which the digest fits. MALFORMED, NOT_SUPPORTED (form); STORAGE (account not readable); NOT_FOUND (another server, or one without
 * a secret); MAC_MISMATCH. */
enum error_code notification_verify(struct slice account, struct slice body, unsigned readings, enum tre_nonce *nonce);

#endif
