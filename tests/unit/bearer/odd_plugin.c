/* SPDX-License-Identifier: Apache-2.0 */
/* A plug-in of another ABI: must not be taken. */
#include "bearer/plugin.h"

const struct bearer_plugin bearer_plugin = { .abi = BEARER_PLUGIN_ABI + 1, .name = "odd" };
