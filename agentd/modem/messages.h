/* SPDX-License-Identifier: Apache-2.0 */
/* ModemManager's messages of one modem (messages.c) and their deletion (deletion.c). Not for other rooms. */
#ifndef MODEM_MESSAGES_H
#define MODEM_MESSAGES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct modem;
struct modem_watch;

/* Lists stored messages once the modem is enabled. */
void messages_look(struct modem *m);
/* Messaging.Added, Messaging.Deleted. */
void messages_added(struct modem *m, const char *path);
void messages_deleted(struct modem *m, const char *path);
void messages_clear(struct modem *m);
/* Offers once more what was not taken. */
void messages_again(struct modem *m);
/* One of ours is in work, or being received: its parts may be ModemManager's to delete. */
bool messages_busy(const struct modem *m);
/* What ModemManager holds unfinished is no longer deleted through it; the same for one message. */
void messages_disown(struct modem *m);
void messages_disown_one(struct modem_watch *w, const char *path);
/* The object of the message's modem, to delete it there; NULL: it is gone, or not to be deleted through ModemManager. Borrowed. */
const char *messages_owner(struct modem_watch *w, const char *path);

struct deletions { /* of modem_sms_delete, one at a time */
    GQueue queue;
    bool running;
    uint64_t timer;
};
void deletions_close(struct modem_watch *w);

#endif
