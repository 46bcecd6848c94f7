/* SPDX-License-Identifier: Apache-2.0 */
/* OMA client provisioning document -> struct settings: BOOTSTRAP, NAPDEF, APPLICATION w7, pins for the w7 server. Unknown names are ignored
 * (ProvCont 4.4), known ones are checked. */
#ifndef BOOTSTRAP_PROVISIONING_H
#define BOOTSTRAP_PROVISIONING_H

#include "base/error.h"
#include "codec/prov.h"
#include "model/settings.h"

/* PROVURL without a w7 application gives one account whose secrets are empty (client.secret[0] == 0): the device PIN takes their place.
 * INCOMPLETE names the missing parm, INVALID the bad one, POLICY a w7 server on another host than PROVURL. */
enum error_code provisioning_settings(const struct prov_node *root, struct settings *out, struct error *err);

/* The same for the management trees of a DM profile bootstrap (OMA DM Bootstrap 1.2; DMAcc of DM 1.2 and 1.1, NAP and Proxy of ConnMO): they are put into the
 * words of client provisioning, so that one set of checks serves both, and errors name its parms. Objects that are not known are ignored; of two
 * forms of one object the newer counts. The ACL of an account is kept. arena: for what lies between. */
struct dm_bootstrap;
struct arena;
enum error_code provisioning_trees(const struct dm_bootstrap *doc, struct arena *arena, struct settings *out, struct error *err);

#endif
