/* SPDX-License-Identifier: Apache-2.0 */
/* A program that links libcrypto and waits: what agent-tred's memory is measured against. */
#include <openssl/crypto.h>
#include <unistd.h>

int main(void)
{
    return OpenSSL_version_num() ? pause() : 0;
}
