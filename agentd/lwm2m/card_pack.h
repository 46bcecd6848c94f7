/* SPDX-License-Identifier: Apache-2.0 */
/* A card's LwM2M file in SenML: the standard has TLV there (codec/lwm2m_card.h), but the instances of objects 0 and 1 are the same in either form, and are judged
 * as those of a Bootstrap-Pack. Pure. */
#ifndef LWM2M_CARD_PACK_H
#define LWM2M_CARD_PACK_H

#include "base/error.h"
#include "base/reader.h"
#include "model/settings.h"

/* Accounts of the file, of a form that is not TLV, added to out->lwm2m; endpoints stay empty. MALFORMED: no SenML of objects 0 and 1; INCOMPLETE, INVALID, POLICY
 * (a server without security), NOT_SUPPORTED, TOO_LARGE as for the standard's form. After an error out is as before. */
enum error_code card_pack_accounts(struct slice file, struct settings *out, struct error *err);

#endif
