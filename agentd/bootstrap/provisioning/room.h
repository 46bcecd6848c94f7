/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of provisioning share: one function a characteristic of the document's first level. Each adds to `out`, or fails with the
 * characteristic's name; a failed document leaves nothing that may be used. */
#ifndef BOOTSTRAP_PROVISIONING_ROOM_H
#define BOOTSTRAP_PROVISIONING_ROOM_H

#include "bootstrap/provisioning/fields.h"
#include "model/country.h"
#include "model/lease.h"
#include "model/leftover.h"
#include "model/settings.h"

enum error_code provisioning_napdef(const struct prov_node *root, struct prov_node *in, struct settings *out, struct error *err);
enum error_code provisioning_proxy(struct prov_node *in, struct settings_extras *out, struct error *err);  /* PXLOGICAL */
enum error_code provisioning_access(struct prov_node *in, struct settings_extras *out, struct error *err); /* ACCESS */
enum error_code provisioning_client(struct prov_node *in, struct settings_extras *out, struct error *err); /* CLIENTIDENTITY */
enum error_code provisioning_reach(struct prov_node *in, struct settings_extras *out, struct error *err);  /* BOOTSTRAP beside NAME and PROVURL */
/* TO-PROXY of a w7 application, when all of the document is in s: the account's proxy, and the NAPDEFs that lead to it. INCOMPLETE, INVALID, NOT_SUPPORTED for a
 * proxy that is not there or not for HTTP. Without TO-PROXY and TO-NAPID: provisioning_rule. */
enum error_code provisioning_way(struct prov_node *application, const struct settings *s, struct dm_account *a, struct error *err);
/* The first ACCESS that fits an account (APPID w7, PORTNBR, DOMAIN of its server) and says TO-PROXY or TO-NAPID says its way; none does: as it was. The same
 * errors, and INCOMPLETE for a NAPDEF that is not there. */
enum error_code provisioning_rule(const struct settings *s, struct dm_account *a, struct error *err);
/* Keeps the name of what is not for this gateway; id: the parm that identifies it. */
enum error_code provisioning_named(struct prov_node *in, const char *what, enum prov_word id, struct settings_extras *out, struct error *err);
/* All that the others left: parms that are not taken, and empty characteristics. After all of them. TOO_LARGE: more than LEFTOVER_MAX. */
enum error_code provisioning_leftover(const struct prov_node *root, struct leftover *out, struct error *err);

#endif
