/* SPDX-License-Identifier: Apache-2.0 */
/* Verification of notifications. Promises: all permitted nonces are tried whether one fits or not, and digests are compared in constant time. Must never
 * tell more than which of them fits, nor keep the account. */
#include "tred/notification.h"

#include <string.h>

#include "base/secret.h"
#include "codec/dm_digest.h"
#include "codec/notification.h"
#include "model/settings_octets.h"

/* OMA DM Security 1.2 clause 5.3.4: the default nonce is 0x00000000, read as four octets or as that text. */
static enum error_code try_nonces(const struct dm_account *a, const struct notification *n, unsigned readings, enum tre_nonce *nonce)
{
    const struct {
        enum tre_nonce name;
        bool allowed;
        struct slice octets;
    } rows[] = {
        { TRE_NONCE_STORED, a->server.nonce_len > 0, { a->server.nonce, a->server.nonce_len } },
        { TRE_NONCE_STORED, a->given_len > 0, { a->given, a->given_len } },
        { TRE_NONCE_ZERO, readings & TRE_NONCE_ZERO, { (const uint8_t *)"\0\0\0\0", 4 } },
        { TRE_NONCE_TEXT, readings & TRE_NONCE_TEXT, { (const uint8_t *)"0x00000000", 10 } },
    };
    enum error_code rc = ERROR_MAC_MISMATCH;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (dm_digest_fits(a->server_id, a->server.secret, rows[i].octets, n->trigger, n->digest) && rows[i].allowed && rc) {
            *nonce = rows[i].name;
            rc = ERROR_NONE;
        }
    return rc;
}

enum error_code notification_verify(struct slice account, struct slice body, unsigned readings, enum tre_nonce *nonce)
{
    struct notification n;
    struct dm_account a;
    *nonce = TRE_NONCE_STORED;
    enum error_code rc = notification_parse(body, &n, NULL);
    if (rc)
        return rc == ERROR_TRUNCATED ? ERROR_MALFORMED : rc;
    if (!dm_account_read(account, &a))
        rc = ERROR_STORAGE;
    else if (!a.server.secret[0] || !slice_is(n.server_id, a.server_id))
        rc = ERROR_NOT_FOUND;
    else
        rc = try_nonces(&a, &n, readings, nonce);
    secret_zero(&a, sizeof a);
    return rc;
}
