/* SPDX-License-Identifier: Apache-2.0 */
/* Target: the RMC sentence of a receiver. A value within its bounds or nothing; with a line end it says the same. */
#include <string.h>

#include "codec/nmea.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nmea_rmc rmc, again;
    uint8_t line[NMEA_MAX];
    if (!nmea_rmc_read((struct slice){ data, size }, &rmc)) {
        FUZZ_ASSERT(!rmc.has_speed && !rmc.has_course && rmc.time == 0);
        return 0;
    }
    FUZZ_ASSERT(size <= NMEA_MAX && rmc.time >= 946684800 && rmc.time < 4102444800);
    FUZZ_ASSERT(rmc.course >= 0 && rmc.course <= 360 && rmc.speed >= 0 && rmc.speed < 10000);
    if (size + 2 > NMEA_MAX || data[size - 1] == '\r' || data[size - 1] == '\n')
        return 0;
    memcpy(line, data, size);
    memcpy(&line[size], "\r\n", 2);
    FUZZ_ASSERT(nmea_rmc_read((struct slice){ line, size + 2 }, &again) && again.time == rmc.time);
    return 0;
}
