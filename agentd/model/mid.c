/* SPDX-License-Identifier: Apache-2.0 */
/* Names of MID values. */
#include "model/mid.h"

const char *mid_state_name(enum mid_state s)
{
    switch (s) {
    case MID_PROVISIONED:
        return "PROVISIONED";
    case MID_ACTIVE:
        return "ACTIVE";
    case MID_SUSPENDED:
        return "SUSPENDED";
    case MID_BLOCKED:
        return "BLOCKED";
    case MID_MIGRATING:
        return "MIGRATING";
    case MID_ERASED:
        return "ERASED";
    }
    return "unknown";
}

const char *mid_type_name(enum mid_type t)
{
    return t == MID_ISIM ? "isim" : "usim";
}

const char *mid_algorithm_name(enum mid_algorithm a)
{
    return a == MID_TUAK ? "tuak" : "milenage";
}
