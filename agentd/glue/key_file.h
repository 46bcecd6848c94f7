/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration files (GLib's key files), read as a whole or refused with the file, the group and the key. */
#ifndef GLUE_KEY_FILE_H
#define GLUE_KEY_FILE_H

#include <glib.h>

#include "base/error.h"

/* Is there such a key in the group? key NULL: such a group. */
typedef bool key_file_known_fn(const char *group, const char *key);

/* The file, or an empty one if there is none and none must be; NULL with err: INVALID. Give it back with g_key_file_unref. known NULL: the caller looks. */
GKeyFile *key_file_read(const char *path, bool must_exist, key_file_known_fn *known, struct error *err);

#endif
