/* SPDX-License-Identifier: Apache-2.0 */
/* What ModemManager says, as facts and events: modems, SIMs, SMS. Writes the Modem and Sim nodes of the tree and the Manager's
 * ModemManagerState; survives absence, restart and hot-unplug of ModemManager and its modems. Texts from it are attacker data:
 * bounded, cleaned of control characters. Never decides; never touches an SMS that it is not told to delete. */
#ifndef MODEM_MODEM_H
#define MODEM_MODEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access/access.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/reader.h"
#include "model/place.h"
#include "model/tree.h"

struct modem_watch;

enum sim_lock { SIM_UNLOCKED, SIM_PIN, SIM_PUK, SIM_OTHER_LOCK };
enum { SIM_TRIES_UNKNOWN = 255 };

struct modem_facts {
    char id[40];        /* stable id: "imei-" and a short hash of the IMEI; also the Modem node's id */
    char path[128];     /* ModemManager's object path now */
    char port[128];     /* sysfs path of the device */
    char device[64];    /* name of the QMI control port, "" if there is none */
    char imei[32], imsi[32], iccid[32];
    char manufacturer[64], model[64], revision[64];
    char plmn[8];       /* serving network, "" if none */
    char access[16];    /* lte, umts, .. */
    uint32_t cell, area; /* of the serving cell: identity, and tracking or location area; 0: not known */
    char sim_plmn[8];
    char sim[40];       /* id of its Sim node, made from the ICCID ("iccid-..") or, where a locked card does not tell it, the IMEI; "" without a card */
    enum sim_lock lock;
    uint8_t pin_tries;  /* left for PIN1; SIM_TRIES_UNKNOWN */
    bool registered, roaming, sim_ready, qmi;
};

/* One SMS: user data without UDH. It came from a modem; nothing else about it is believed. */
struct modem_sms {
    struct slice data;
    const char *sim;    /* id of the Sim node of the card that it came to, "" if not known */
    bool via_qmi;       /* agent-modemd's route; false: ModemManager's Messaging */
    const char *handle; /* for modem_sms_delete; "" if it lies nowhere */
};

struct modem_events {
    void (*changed)(void *user);                            /* facts changed, a modem came or went */
    bool (*sms)(void *user, const struct modem_sms *sms);   /* complete messages only; again after a restart while stored. False: no room
                                                             * for it now; it is offered again after modem_sms_again */
    void (*network_time)(void *user, uint64_t unix_seconds); /* what a modem says, unjudged; may be NULL */
};

typedef void modem_done_fn(void *user, enum error_code status, const char *text);

/* enable: enable a disabled modem if nobody else does within 5 s. QMI route: raw PDUs from access, reassembled here. The system bus is
 * taken from GLib. NULL with err if the bus cannot be had. */
struct modem_watch *modem_watch_new(const struct loop *loop, struct access *access, struct tree *tree, bool enable,
                                    const struct modem_events *events, void *user, struct error *err);
void modem_watch_free(struct modem_watch *w);
/* The primary modem's facts (borrowed until the next event), or NULL if there is none. */
const struct modem_facts *modem_primary(const struct modem_watch *w);
/* The modem with that card (id of its Sim node), the primary one first; NULL if there is none (borrowed likewise). */
const struct modem_facts *modem_of_sim(const struct modem_watch *w, const char *sim);
/* Which modem is primary whenever it is there and usable: an IMEI or the sysfs path of its device. "": the first that is usable, for as long as it is. */
void modem_watch_prefer(struct modem_watch *w, const char *which);
/* The n-th modem in the order in which they came (borrowed likewise), NULL past the end. */
const struct modem_facts *modem_at(const struct modem_watch *w, size_t n);
/* OURS if octet 1 is WSP Push and the content type one of ours: fixed offsets, nothing more (DESIGN trust rule 2). OTHER_PUSH: a push whose headers fit
 * into it, of another type (MMS, service indication). PERSONAL: the rest. */
enum modem_sms_kind { MODEM_SMS_PERSONAL, MODEM_SMS_OTHER_PUSH, MODEM_SMS_OURS };
enum modem_sms_kind modem_sms_sort(struct slice data);
/* There is room again for what events.sms did not take. */
void modem_sms_again(struct modem_watch *w);
/* Deletes a message from modem storage; done even if it is gone already. One of the QMI route is ModemManager's to delete; done at once, and what
 * ModemManager does not know of is deleted some seconds later, if it still is that message. */
void modem_sms_delete(struct modem_watch *w, const char *handle, modem_done_fn *fn, void *user);
/* While wanted, every registered modem is asked for network time: at once, then after 5 s doubling to 60 s. Not wanted at first: nobody is asked,
 * no timer runs (NetworkTimeChanged is passed on all the same). */
void modem_watch_want_time(struct modem_watch *w, bool wanted);
/* Somebody wants to know of the primary modem's signal and cell: ModemManager is asked, at most every ten seconds; events.changed if they are others. */
void modem_measure(struct modem_watch *w);
/* While wanted, the primary modem's satellite receiver is on, and asked every minute. Not wanted at first. */
void modem_watch_want_place(struct modem_watch *w, bool wanted);
/* The primary modem's last fix; events.changed comes with each. False: it has had none, and out is not known. */
bool modem_place(const struct modem_watch *w, struct place *out);
/* One try. INVALID (no PIN, none wanted), PIN_WRONG (refused by the card), PIN_LAST and SIM_PUK (not tried), NOT_FOUND, DENIED (polkit); TIMEOUT and
 * NO_MODEM: it is not known whether the card saw it. */
void modem_send_pin(struct modem_watch *w, const char *sim_node_id, const char *pin, modem_done_fn *fn, void *user);

/* The primary modem prefers networks of that generation (2g, 3g, 4g, 5g; none) from now on; what it may use otherwise stays, so it may leave its network for a
 * moment, and finds one again. NOT_SUPPORTED: no combination of its modes does that, or it failed; NO_MODEM; DENIED. */
void modem_prefer(struct modem_watch *w, const char *mode, modem_done_fn *fn, void *user);

#endif
