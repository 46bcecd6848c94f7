/* SPDX-License-Identifier: Apache-2.0 */
/* What agent-modemd keeps of root: its user id, which qmi-proxy asks for, and CAP_NET_ADMIN if links are its business. */
#ifndef MODEMD_PRIVILEGES_H
#define MODEMD_PRIVILEGES_H

#include <stdbool.h>

#include "base/error.h"

/* Drops every capability but CAP_NET_ADMIN (that too without keep_net_admin) for good: effective, permitted, inheritable, ambient and,
 * where allowed, bounding set; sets no_new_privs and forbids core files. */
enum error_code privileges_drop(bool keep_net_admin, struct error *err);
/* True if CAP_NET_ADMIN is effective now. */
bool privileges_net_admin(void);

#endif
