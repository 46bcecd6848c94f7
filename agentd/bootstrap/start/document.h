/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of the documents that are a bootstrap: body of an authenticated message -> struct settings. Parsers work in an arena of their own, which is
 * wiped; nothing of the document stays but the settings. */
#ifndef BOOTSTRAP_START_DOCUMENT_H
#define BOOTSTRAP_START_DOCUMENT_H

#include "bootstrap/start/route.h"

/* OMA CP, WBXML or text by push->media; fills t->settings and t->context ("usim" unless VENDORCONFIG CONTEXT names one). NO_MEMORY, and the errors of
 * codec/prov and bootstrap/provisioning. */
route_read_fn document_read_cp;

/* OMA DM, DM profile: management trees; the context is "usim". The errors of codec/dm_bootstrap and of provisioning_trees. */
route_read_fn document_read_dm;

#endif
