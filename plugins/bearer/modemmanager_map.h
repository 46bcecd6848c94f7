/* SPDX-License-Identifier: Apache-2.0 */
/* ModemManager's words in ours: errors, bearer properties, the addresses of a connected bearer. No state, no calls. */
#ifndef PLUGINS_BEARER_MODEMMANAGER_MAP_H
#define PLUGINS_BEARER_MODEMMANAGER_MAP_H

#include <libmm-glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/lease.h"
#include "model/settings.h"

/* What e means for a bearer; text (cap octets) gets its message, bounded and printable. otherwise: the code for what is not known better. */
enum error_code map_error(const GError *e, enum error_code otherwise, char *text, size_t cap);
/* True if another address type may be tried after e: the network refused this one, or did not say why. */
bool map_retry_type(const GError *e);
/* ERROR_NONE if a modem in that state can connect. text is static. */
enum error_code map_state(MMModemState state, const char **text);
/* Properties of a bearer of that address type; the caller unrefs. They hold the password. */
MMBearerProperties *map_properties(const struct napdef *napdef, enum napdef_ip type);
/* The lease of a connected bearer. NOT_SUPPORTED if ModemManager gives no static address (PPP, DHCP), PROTOCOL if it makes no sense. */
enum error_code map_lease(MMBearer *bearer, struct lease *out, const char **text);

#endif
