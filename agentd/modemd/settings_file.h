/* SPDX-License-Identifier: Apache-2.0 */
/* agent-modemd's own configuration: which ports it may touch. Read once at start, before anybody can ask. */
#ifndef MODEMD_SETTINGS_FILE_H
#define MODEMD_SETTINGS_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { MODEMD_PATTERNS = 16 };

struct modemd_settings {
    char *port_patterns[MODEMD_PATTERNS + 1]; /* shell patterns, NULL-terminated; none: no port may be touched */
    char *device_directory;                   /* where the control ports' files are */
    char *reader;                             /* pattern of PC/SC readers; NULL: none is touched */
};

/* Key file [link] ports=wwan*;usb*, [qmi] device-directory=/dev and [pcsc] reader=PATTERN. A file that is not there means the defaults (wwan*;wwp*, /dev, no reader), unless
 * must_exist; an unknown group or key is ERROR_INVALID, so that a misspelt restriction is never taken for none. Free with modemd_settings_clear. */
enum error_code modemd_settings_read(const char *path, bool must_exist, struct modemd_settings *out, struct error *err);
void modemd_settings_clear(struct modemd_settings *s);
/* True if name is a possible interface name and fits a pattern. */
bool modemd_port_allowed(const struct modemd_settings *s, const char *name);
/* True if name can be a file in the device directory and nothing else: letters, digits, '-', '_'. */
bool modemd_device_name_ok(const char *name);

#endif
