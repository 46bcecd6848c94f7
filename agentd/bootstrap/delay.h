/* SPDX-License-Identifier: Apache-2.0 */
/* How long a question waits that will be asked again. */
#ifndef BOOTSTRAP_DELAY_H
#define BOOTSTRAP_DELAY_H

#include <stdint.h>

/* 75 to 125 % of so many seconds, in milliseconds, drawn at random: a fleet that was refused at once must not come back at once (TR 33.812 R33). */
uint64_t delay_ms(uint64_t seconds);

#endif
