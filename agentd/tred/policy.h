/* SPDX-License-Identifier: Apache-2.0 */
/* The words of access control, one list for the ACL of a MID and for the overall policy of the gateway (TR 33.812 5.1.1.1.3, R10 and R11). */
#ifndef TRED_POLICY_H
#define TRED_POLICY_H

#include <stdbool.h>

#include "base/reader.h"

/* What an ACL can allow: RES; CK and IK; keys of GBA; files; keys of EAP; to agentd, Ks_NAF of its own servers;
 * answers to a RAND that no network vouches for (2G). */
enum manifest_right { RIGHT_AUTHENTICATE = 1, RIGHT_CKIK = 2, RIGHT_GBA = 4, RIGHT_IDENTITY = 8, RIGHT_MSK = 16, RIGHT_NAF = 128, RIGHT_GSM = 256 };
/* What only the overall policy names, to deny it: an engine that serves two MIDs; erasing without an order of the issuer. */
enum policy_denial { DENY_SHARE = 32, DENY_ERASE = 64 };
enum { POLICY_RIGHTS = 31 | RIGHT_NAF | RIGHT_GSM, POLICY_WORDS = 511 };

/* Words of `known` apart by commas, as bits. False if one is empty, unknown or not among known. */
bool policy_words(struct slice text, unsigned known, unsigned *bits);

#endif
