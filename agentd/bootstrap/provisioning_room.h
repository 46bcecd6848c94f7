/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of provisioning share: one function a characteristic of the document's first level. Each adds to `out`, or fails with the
 * characteristic's name; a failed document leaves nothing that may be used. */
#ifndef BOOTSTRAP_PROVISIONING_ROOM_H
#define BOOTSTRAP_PROVISIONING_ROOM_H

#include "bootstrap/provisioning_fields.h"
#include "model/country.h"
#include "model/settings.h"

enum error_code provisioning_napdef(const struct prov_node *root, const struct prov_node *in, struct settings *out, struct error *err);

#endif
