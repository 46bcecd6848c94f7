/* SPDX-License-Identifier: Apache-2.0 */
/* agent-tred: the trusted environment over libc and libcrypto alone. Must never link anything else. */
#include "tred/program.h"

int main(int argc, char **argv)
{
    return program_main("agent-tred", &backend_software, argc, argv);
}
