/* SPDX-License-Identifier: Apache-2.0 */
/* What a bootstrapping of GBA left in the TRE: Ks of a MID, with its B-TID and its end (TS 33.220 clause 4.5.2). */
#ifndef TRED_GBA_H
#define TRED_GBA_H

#include "tred/keys.h"
#include "tred/session.h"

enum { GBA_SECONDS_MAX = 31 * 24 * 3600, GBA_BTID_MAX = 280, GBA_NAME_MAX = 260 };

/* The keys of session s (purpose GBA, in step) become Ks of its MID for so many seconds, instead of a former one; s ends. INVALID out of bounds. */
enum error_code gba_bind(struct tre *t, struct session *s, uint32_t seconds, struct slice btid, struct slice impi);
/* Ks_NAF of the MID's Ks into out, with the seconds that are left and the B-TID (borrowed). NOT_READY without Ks, or once it has ended. */
enum error_code gba_key(struct tre *t, const char *mid, struct slice naf_id, uint8_t out[KEYS_KS_NAF], uint32_t *seconds, struct slice *btid);
/* Forgets Ks that have ended and those of MIDs that are no longer ACTIVE, or were updated since; all if all. */
void gba_sweep(struct tre *t, bool all);

#endif
