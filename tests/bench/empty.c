/* SPDX-License-Identifier: Apache-2.0 */
/* The program that does nothing: linked with a daemon's libraries it shows what they cost by themselves. */
#include <unistd.h>

int main(void)
{
    for (;;)
        pause();
}
