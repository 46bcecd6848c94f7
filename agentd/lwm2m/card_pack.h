/* SPDX-License-Identifier: Apache-2.0 */
/* What a card's LwM2M file says (Core/Transport TS 1.1.1 appendix G): instances of objects 0, 1 and 2, in the standard's TLV or in SenML, judged as those that a bootstrap
 * server writes. Pure. */
#ifndef LWM2M_CARD_PACK_H
#define LWM2M_CARD_PACK_H

#include "base/error.h"
#include "base/reader.h"
#include "model/settings.h"

/* Accounts and rights of the file, added to out->lwm2m and out->rights; endpoints stay empty. TRUNCATED, MALFORMED; INCOMPLETE, INVALID, POLICY (a server without
 * security), NOT_SUPPORTED; TOO_LARGE: more accounts than there can be. After an error out is as before. */
enum error_code card_pack_accounts(struct slice file, struct settings *out, struct error *err);

#endif
