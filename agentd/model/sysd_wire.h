/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of agent-sysd: what the administrator's hooks may be asked to do. Layout words as in tre_wire.h. Only the user of agentd and root may ask. */
#ifndef MODEL_SYSD_WIRE_H
#define MODEL_SYSD_WIRE_H

/* X(symbol, number, hook, its first argument, a descriptor comes along, names in the body, seconds that the hook may take) */
#define SYSD_HOOKS(X) \
    X(REBOOT, 2, "reboot", "now", false, 0, 60) \
    X(FACTORY_RESET, 3, "factory-reset", "now", false, 0, 300) \
    X(FIRMWARE_INSTALL, 4, "firmware", "install", true, 0, 1800) \
    X(PACKAGE_INSTALL, 5, "package", "install", true, 2, 900) \
    X(PACKAGE_REMOVE, 6, "package", "remove", false, 1, 900) \
    X(PACKAGE_ACTIVATE, 7, "package", "activate", false, 1, 300) \
    X(PACKAGE_DEACTIVATE, 8, "package", "deactivate", false, 1, 300) \
    X(PACKAGE_INSPECT, 9, "package", "inspect", true, 0, 300) \
    X(FIRMWARE_INSPECT, 10, "firmware", "inspect", true, 0, 300)

/* STATUS  -> u16 hooks that can be asked (bit 1 << number), SYSD_BOOT_ID octets the kernel's boot id, u8 the hook that runs (0: none), then how the last
 *         one ended: u8 number (0: none did), u16 status, u8 exit status, rest last line of its output. A requester that went away learns its outcome so.
 * Others: the names (PACKAGE_INSTALL: package, version), each as text of 1 to SYSD_NAME_MAX of A-Z a-z 0-9 . _ + ~ : - and not beginning with "-" (a
 *         version may be empty). The descriptor is a regular file, the hook's standard input; it must come exactly where the table says so.
 *         -> u8 exit status of the hook, rest last line of its output. One at a time, else BUSY. NOT_SUPPORTED (no such hook), DENIED (somebody but
 *         root could change it), TIMEOUT (it was ended), HOOK (exit status other than 0, or 255: a signal), IO (it could not be started).
 *         Exit status 65 (EX_DATAERR) says that the file is not good, 69 (EX_UNAVAILABLE) that it is of no kind that the hook installs,
 *         73 (EX_CANTCREAT) that there is no room for it, 64 (EX_USAGE) that the hook does not know the first argument. The last line of an inspection is
 *         the name and, behind a space, the version of what is in the file. Each hook may be asked again for what it has done already: it is then done. */
enum sysd_op {
    SYSD_OP_STATUS = 1,
#define X(symbol, number, hook, verb, input, names, seconds) SYSD_OP_##symbol = (number),
    SYSD_HOOKS(X)
#undef X
};

enum { SYSD_NAME_MAX = 64, SYSD_OUTPUT_MAX = 160, SYSD_BOOT_ID = 36, SYSD_EXIT_SIGNAL = 255 };
enum sysd_exit { SYSD_EXIT_USAGE = 64, SYSD_EXIT_BAD_FILE = 65, SYSD_EXIT_WRONG_KIND = 69, SYSD_EXIT_NO_ROOM = 73 };

#endif
