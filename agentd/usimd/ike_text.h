/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to charon about one [ike NAME] as packets of VICI. Each writes one whole packet. */
#ifndef USIMD_IKE_TEXT_H
#define USIMD_IKE_TEXT_H

#include "base/writer.h"
#include "usimd/settings.h"

enum { IKE_PACKET_MAX = 8 * 1024 };

/* load-shared: key for our identity (of the setting, else the B-TID) and the peer's. */
void ike_put_shared(struct writer *w, const struct ike_setting *s, struct slice btid, struct slice key);
/* load-conn: what the setting has, and what a connection with a shared key needs where it says nothing. */
void ike_put_connection(struct writer *w, const struct ike_setting *s, struct slice btid);
void ike_put_unload_shared(struct writer *w, const struct ike_setting *s);
void ike_put_unload_connection(struct writer *w, const struct ike_setting *s);
void ike_put_terminate(struct writer *w, const struct ike_setting *s); /* its security associations, without waiting */
void ike_put_query(struct writer *w, const char *command);             /* one without parameters */
/* Name of the key in charon. out: 96 octets. */
char *ike_key_name(const struct ike_setting *s, char *out, size_t cap);

#endif
