/* SPDX-License-Identifier: Apache-2.0 */
/* The recommended minimum sentence (RMC) of NMEA 0183: when a receiver had its fix, and how it moved. Pure. */
#ifndef CODEC_NMEA_H
#define CODEC_NMEA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reader.h"

enum { NMEA_MAX = 82 }; /* octets of a sentence, with its line end */

struct nmea_rmc {
    int64_t time;             /* Unix seconds, of the years 2000 to 2099 */
    bool has_speed, has_course;
    double speed;             /* metres a second over ground */
    double course;            /* degrees from true north, 0 .. 360 */
};

/* One sentence, with or without line end. False: it is none, its checksum is wrong or missing, its receiver calls it void, or a field is none. */
bool nmea_rmc_read(struct slice sentence, struct nmea_rmc *out);

#endif
