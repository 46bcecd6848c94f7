/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual card: the ACTIVE MIDs as one UICC in the reader of vsmartcard's vpcd, for pcscd and what stands behind it. */
#ifndef USIMD_CARD_H
#define USIMD_CARD_H

#include "usimd/settings.h"
#include "usimd/tre.h"

struct card;

/* Settings are borrowed. The card is in the reader while there is an ACTIVE MID whose files this program may read. */
struct card *card_new(const struct loop *loop, struct tre *tre, const struct usimd_settings *settings);
void card_free(struct card *c);
/* The ACTIVE MIDs may be others now: the card is pulled out and put in again if they are. */
void card_refresh(struct card *c);

#endif
