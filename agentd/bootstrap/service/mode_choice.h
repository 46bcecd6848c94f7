/* SPDX-License-Identifier: Apache-2.0 */
/* The mode that a management server wants the modem to prefer: set when the answer to that server is out, for the modem may leave its network meanwhile. */
#ifndef BOOTSTRAP_MODE_CHOICE_H
#define BOOTSTRAP_MODE_CHOICE_H

#include "bootstrap/site.h"

struct mode_choice {
    struct site *site;
    char mode[8];
    uint64_t timer;
};

void mode_choice_want(struct mode_choice *c, const char *mode); /* the last one within the second counts; a failure is reported */
void mode_choice_stop(struct mode_choice *c);

#endif
