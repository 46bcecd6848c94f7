/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the mechanisms. */
#include "model/bei.h"

const char *bei_mechanism_name(enum bei_mechanism m)
{
    switch (m) {
    case BEI_GBA:
        return "gba";
    case BEI_PKI:
        return "pki";
    case BEI_PSK:
        return "psk";
    case BEI_LWM2M:
        return "lwm2m";
    case BEI_OMADM:
        return "omadm";
    }
    return "";
}
