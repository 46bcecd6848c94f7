/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. Not for other rooms. */
#ifndef MODEM_ROOM_H
#define MODEM_ROOM_H

#include <libmm-glib.h>

#include "codec/sms_assembly.h"
#include "modem/leftovers.h"
#include "modem/messages.h"
#include "modem/modem.h"
#include "modem/position.h"
#include "modem/radio.h"
#include "modem/relist.h"

enum { MODEM_TEXT = 64, MODEM_PATH = 128, MODEM_NODE = 40, MODEM_DEVICE = 64 };

struct modem {
    struct modem_watch *watch;
    gpointer handle;
    MMObject *object;
    MMModem *modem;
    MMSim *sim;                 /* NULL until it was read, or there is none */
    char sim_path[MODEM_PATH];  /* what was asked for */
    struct modem_facts facts;
    MMModemState state;
    char device[MODEM_DEVICE];  /* name of the QMI control port, "" if there is none */
    uint64_t enable_timer, enable_delay_ms;
    uint64_t list_timer;
    bool listed;                /* the stored messages were asked for since it was enabled */
    bool overflow;              /* more messages than are followed: listed again when there is room */
    unsigned full_storages;     /* bit: a QMI storage that takes no more */
    size_t kept;                /* messages that are none of ours */
    struct relist relist;
    struct radio radio;
    struct position position;
    bool time_asked, time_able; /* an answer is awaited; it is registered and has ModemManager's Time */
    GList *messages;            /* of struct message */
    unsigned reads;             /* of their objects, not answered yet */
};

struct qmi_route { /* raw SMS of the primary modem by agent-modemd */
    char device[MODEM_DEVICE];
    char path[MODEM_PATH];      /* the modem's object: a new one begins a new watch */
    uint32_t call;
    uint64_t retry, delay_ms;
    bool running, missed;       /* missed: a message was not taken; all are asked for again */
    uint64_t again;
    struct sms_assembly *parts;
    struct leftovers *leftovers;
};

struct modem_watch {
    gpointer handle;
    const struct loop *loop;
    struct access *access;
    struct tree *tree;
    bool enable;
    struct modem_events events;
    void *user;
    GDBusConnection *bus;
    GCancellable *cancel;
    GDBusObjectManager *manager;
    uint64_t manager_retry;
    uint64_t changed_timer;
    bool time_wanted, place_wanted;
    uint64_t time_timer, time_delay_ms;
    GList *modems;              /* of struct modem, in the order in which they came */
    struct modem *primary;
    char preferred[MODEM_PATH]; /* IMEI or sysfs device */
    struct qmi_route route;
    struct deletions deletions;
};

/* facts.c */
void facts_read(struct modem *m);   /* ModemManager's properties -> m->facts, state, device */
void facts_show(struct modem *m);   /* m -> its Modem and Sim nodes */
void facts_show_messages(struct modem *m); /* the number of messages that are not ours */
void facts_hide(struct modem *m);   /* removes the nodes, unless another modem object shows the same */
void facts_clean(char *out, size_t cap, const char *in); /* bounded, printable, valid UTF-8; in may be NULL */

void modes_show(struct modem *m, struct node *n);   /* modes.c: which generation of network it prefers, and which it could */

/* qmi_route.c */
void qmi_route_open(struct modem_watch *w);
void qmi_route_look(struct modem_watch *w);              /* the primary modem may have changed */
void qmi_route_again(struct modem_watch *w);             /* asks for all messages once more if one was not taken */
void qmi_route_close(struct modem_watch *w);

/* network_time.c */
void network_time_look(struct modem *m);                 /* asks when it has just become able to tell, and time is wanted */
void network_time_take(struct modem_watch *w, const char *text); /* ISO 8601 -> events.network_time; other texts are ignored */
void network_time_close(struct modem_watch *w);

/* modem.c */
void watch_changed(struct modem_watch *w);               /* events.changed, from the loop */
struct modem *watch_sim(const struct modem_watch *w, const char *sim); /* who has it, the primary one first; NULL: nobody */
void modem_look(struct modem *m);                        /* read everything again and act on it */

#endif
