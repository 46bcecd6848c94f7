/* SPDX-License-Identifier: Apache-2.0 */
/* Wall-clock time that may be believed (DESIGN situations: clock in 1970). The system clock counts as soon as it is not before the floor (release
 * date, or the last time saved); until then time comes from the network, as an offset to the boot clock. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum clock_source { CLOCK_UNTRUSTED, CLOCK_NETWORK, CLOCK_SYSTEM };

struct clock_state {
    uint64_t floor;          /* Unix seconds */
    bool has_network;
    int64_t network_offset;  /* network time minus boot clock, seconds */
};

struct clock_state clock_make(uint64_t saved_floor); /* the later of saved_floor and the release date */
enum clock_source clock_source(const struct clock_state *c);
/* Unix seconds, 0 while untrusted. */
uint64_t clock_now(const struct clock_state *c);
/* Network time was received; ignored (false) if it is before the floor. */
bool clock_set_network(struct clock_state *c, uint64_t unix_seconds);
const char *clock_source_name(enum clock_source s); /* untrusted, network, system */

#endif
