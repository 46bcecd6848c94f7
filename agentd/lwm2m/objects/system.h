/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel and the file system say about the gateway: storage, power, time zone, counters of a network interface. Read again at most
 * every ten seconds, so that a Read of the device stays cheap. */
#ifndef LWM2M_OBJECTS_SYSTEM_H
#define LWM2M_OBJECTS_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { POWER_SOURCES = 4, ZONE_TEXT = 64 };
enum power_kind { POWER_INTERNAL_BATTERY = 1, POWER_USB = 5, POWER_MAINS = 6 }; /* /3/0/6 */
enum battery_status { BATTERY_NORMAL = 0, BATTERY_CHARGING = 1, BATTERY_FULL = 2, BATTERY_UNKNOWN = 6 }; /* /3/0/20 */

struct power_source {
    enum power_kind kind;
    bool has_voltage, has_current, has_level;
    int64_t millivolt, milliampere, percent;
    enum battery_status status;
};

struct system_facts {
    bool known;
    uint64_t taken;                       /* seconds, of the caller's clock */
    uint64_t storage_free, storage_total; /* units of 1000 octets; total 0: not known */
    struct power_source power[POWER_SOURCES];
    size_t powers;
    char zone[ZONE_TEXT];                 /* name of the IANA data base, "": not known */
};

/* root stands before each path ("": the machine's own). Refreshes f where it is older than ten seconds at now, or of a clock that was set back. */
void system_refresh(struct system_facts *f, const char *root, uint64_t now);
/* What the system calls its version in os-release(5): of the image, else of the build, else of the release. False: nothing. */
bool system_release(const char *root, char *out, size_t cap);
/* /sys/class/net/INTERFACE/statistics/NAME; false: no such interface or counter. */
bool system_counter(const char *root, const char *interface, const char *name, uint64_t *value);

#endif
