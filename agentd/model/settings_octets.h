/* SPDX-License-Identifier: Apache-2.0 */
/* Settings as octets for the store (to be sealed by the TRE first: they hold secrets). Version octet in front; a reader refuses what it does
 * not know. Each writer needs at most SETTINGS_OCTETS_MAX octets. */
#ifndef MODEL_SETTINGS_OCTETS_H
#define MODEL_SETTINGS_OCTETS_H

#include "base/writer.h"
#include "model/settings.h"

enum { SETTINGS_OCTETS_MAX = 8192 };

void napdef_write(struct writer *w, const struct napdef *n);
bool napdef_read(struct slice in, struct napdef *n);
void dm_account_write(struct writer *w, const struct dm_account *a);
bool dm_account_read(struct slice in, struct dm_account *a);
/* Parts of an account, also kept alone. */
void server_settings_write(struct writer *w, const struct lwm2m_server_settings *s);
void server_settings_read(struct reader *r, struct lwm2m_server_settings *s); /* the reader fails if they are none */
void lwm2m_account_write(struct writer *w, const struct lwm2m_account *a);
bool lwm2m_account_read(struct slice in, struct lwm2m_account *a);

#endif
