/* SPDX-License-Identifier: Apache-2.0 */
/* Where the primary modem's receiver of navigation satellites says that it is. Not for other rooms. */
#ifndef MODEM_POSITION_H
#define MODEM_POSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "model/place.h"

struct modem;
struct modem_watch;

struct position {
    struct place place;
    char fix[32];         /* ModemManager's time of the fix that place is made of */
    uint32_t ours;        /* sources that were switched on here */
    bool setting, asking, refused;
    uint64_t timer;
};

void position_look(struct modem *m);  /* its state, or whether it is wanted, may have changed */
void position_close(struct modem *m); /* no timer any more; at the end of the watch position_restore comes first */
void position_restore(struct modem *m); /* switches off what was switched on here; waits for the answer */

#endif
