/* SPDX-License-Identifier: Apache-2.0 */
/* Access points for what names none and has to go by a bearer all the same. */
#ifndef BOOTSTRAP_DEFAULT_WAY_H
#define BOOTSTRAP_DEFAULT_WAY_H

#include "bootstrap/service/service.h"
#include "model/settings.h"

/* Adds to out those that are installed in the context, else those of the context whose bearer is kept; else the factory's; else the one that the network gives to who
 * names none (NAPDEF_DEFAULT), unless the factory has limited the initial access. All of them lead to account's server (NULL: to any). False, with nothing added: what is installed is still being opened, ask again. */
bool default_way_add(struct service *s, const char *context, const struct dm_account *account, struct settings *out);

#endif
