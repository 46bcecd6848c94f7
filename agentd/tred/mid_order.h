/* SPDX-License-Identifier: Apache-2.0 */
/* Orders of an issuer about its own MIDs: discovery, blocking and unblocking, migration, de-provisioning (R8, R19, R20). */
#ifndef TRED_MID_ORDER_H
#define TRED_MID_ORDER_H

#include "base/writer.h"
#include "tred/mid.h"

enum { MID_ORDER_RECEIPT_MAX = 2048 };

/* Verifies, decides and carries out one signed order (doc mid-package, section 4); now: Unix seconds, 0 while the clock is not trusted. The receipt
 * (COSE_Sign1) goes to out unless the order is not proved to come from an issuer for this TRE. The last order again gives its result again and does
 * nothing. */
enum mid_result mid_order(struct tre *t, struct slice octets, uint64_t now, struct writer *out);

#endif
