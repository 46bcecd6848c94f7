/* SPDX-License-Identifier: Apache-2.0 */
/* Where the gateway is (WGS 84): surveyed by who installed it, or measured by its modem. */
#ifndef MODEL_PLACE_H
#define MODEL_PLACE_H

#include <stdbool.h>
#include <stdint.h>

struct place {
    bool known, has_altitude, has_radius, has_speed, has_course;
    double latitude, longitude; /* degrees: -90 .. 90, -180 .. 180 */
    double altitude, radius;    /* metres: above sea level; of the uncertainty, 0 or more */
    double speed, course;       /* metres a second over ground; degrees from true north, 0 .. 360, only beside a speed */
    int64_t time;               /* Unix seconds, when that was so */
};

#endif
