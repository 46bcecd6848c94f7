/* SPDX-License-Identifier: Apache-2.0 */
/* What a modem's radio measures and which cell serves it. Not for other rooms. */
#ifndef MODEM_RADIO_H
#define MODEM_RADIO_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/tree.h"

struct modem;

struct radio_moment { /* while it stays, ModemManager has nothing new to say */
    char plmn[8], access[16];
    uint32_t percent;
    bool registered, has_signal, has_location;
};

struct radio {
    struct radio_moment moment;
    char strength[8], quality[8], noise[8]; /* dBm, dB, dB; "": not known */
    uint64_t asked_at;                      /* loop milliseconds */
    bool asking, again, denied;             /* the cell was asked for, and is to be once more; polkit refuses */
};

void radio_look(struct modem *m); /* after facts_read: takes what is told, asks for the rest */
/* values: of that access technology, a{sv} of ModemManager's Signal interface; NULL: nothing. */
void radio_take(struct radio *r, const char *access, GVariant *values);
void radio_show(const struct modem *m, struct node *n);
void radio_close(struct modem *m); /* takes back what was set */

#endif
