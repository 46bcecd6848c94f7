/* SPDX-License-Identifier: Apache-2.0 */
/* Without random numbers it is the middle. */
#include "bootstrap/delay.h"

#include <openssl/rand.h>

uint64_t delay_ms(uint64_t seconds)
{
    uint16_t random = 0x8000;
    (void)RAND_bytes((unsigned char *)&random, sizeof random);
    return seconds * 750 + seconds * 500 * random / 0xffff;
}
