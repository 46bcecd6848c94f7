/* SPDX-License-Identifier: Apache-2.0 */
/* A provisioning tree in the shape of expected_document in tests/vectors/oma: the tests' own, not the decoder tool's. */
#ifndef SUPPORT_TREE_JSON_H
#define SUPPORT_TREE_JSON_H

#include <jansson.h>

#include "codec/prov.h"

json_t *tree_json(const struct prov_node *n); /* new reference */

#endif
