/* SPDX-License-Identifier: Apache-2.0 */
/* Shared keys for strongSwan: each [ike NAME] has the Ks_NAF of its NAF loaded into charon while its MID is ACTIVE and the key lives. */
#ifndef USIMD_IKE_H
#define USIMD_IKE_H

#include "usimd/settings.h"
#include "usimd/tre.h"

struct ike;

/* Settings are borrowed. NULL without memory. */
struct ike *ike_new(const struct loop *loop, struct tre *tre, const struct usimd_settings *settings);
void ike_free(struct ike *i); /* takes the keys out of charon, if it is there */
/* The ACTIVE MIDs may be others now. */
void ike_refresh(struct ike *i);

#endif
