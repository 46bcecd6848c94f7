/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that lie in a modem behind ModemManager's back (relist.c says why). Not for other rooms. */
#ifndef MODEM_RELIST_H
#define MODEM_RELIST_H

#include <stdbool.h>
#include <stdint.h>

struct modem;

struct relist {
    uint64_t timer, delay_ms, until_ms, ended_ms;
    bool running, waits; /* waits: said that a bearer is in the way */
};

/* Lists anew once no bearer is up; bounded, with back-off; not for modems that agent-modemd reads. why is for the log. */
void relist_soon(struct modem *m, const char *why);
/* A message came: the pause begins again, up to a limit. */
void relist_stir(struct modem *m);
/* The modem's state may have changed. */
void relist_look(struct modem *m);
/* A message of ours came: if listing anew brought it, the next time need not wait long. */
void relist_found(struct modem *m);
void relist_close(struct modem *m);

#endif
