/* SPDX-License-Identifier: Apache-2.0 */
/* agent-tred-tpm2: the trusted environment whose master key and device key are kept by a TPM 2.0. */
#include "tred/program.h"

int main(int argc, char **argv)
{
    return program_main("agent-tred-tpm2", &backend_tpm2, argc, argv);
}
