/* SPDX-License-Identifier: Apache-2.0 */
/* What the stages and the conductor work with: the rooms below, the factory's identity, the administrator's choices. Built once by main. */
#ifndef BOOTSTRAP_SITE_H
#define BOOTSTRAP_SITE_H

#include "base/clock.h"
#include "base/loop.h"
#include "bearer/bearer.h"
#include "bootstrap/factory/data.h"
#include "bootstrap/site_servers.h"
#include "lwm2m/endpoint.h"
#include "lwm2m/version.h"
#include "model/place.h"
#include "model/tree.h"
#include "modem/modem.h"
#include "net/https.h"
#include "store/store.h"
#include "trust/trust.h"

enum uplink_policy { UPLINK_AUTO, UPLINK_CELLULAR, UPLINK_HOST };

enum default_nonce { DEFAULT_NONCE_NO, DEFAULT_NONCE_OCTETS, DEFAULT_NONCE_TEXT, DEFAULT_NONCE_BOTH }; /* of notifications: how 0x00000000 is read */

struct roaming_policy {
    bool all;
    char home[8][8]; /* home networks (MCC and MNC) whose cards may use data abroad */
    size_t homes;
};

/* Where instructions come from, in the order of agentd.conf: the first outranks the others (requirement B6). */
enum source_kind { SOURCE_UI, SOURCE_BBN, SOURCE_SMS, SOURCE_FACTORY, SOURCE_LAN, SOURCE_KINDS };

struct source_order {
    enum source_kind kind[SOURCE_KINDS];
    size_t count; /* what is not named is not asked, and ranks last */
};

struct upkeep;
struct gba;

struct site {
    const struct loop *loop;
    struct store *store;
    struct tree *tree;
    struct trust *trust;
    struct modem_watch *modem; /* NULL where there is no system bus for it */
    struct bearers *bearers;
    char data_sim[40]; /* Sim node of the card over whose modem data goes now; "": the primary modem's. site_use_sim sets it */
    bool any_sim_of_operator; /* a bearer that was bootstrapped with one card may be used with others of its home network */
    struct https *https;
    struct upkeep *upkeep;
    struct site_servers servers; /* of the service */
    struct gba *gba;
    const char *tre_socket;
    struct clock_state clock;
    struct factory_data factory;
    enum uplink_policy uplink;
    enum default_nonce default_nonce;
    uint32_t lwm2m_triggers; /* an hour; 0: none */
    enum lwm2m_version lwm2m_version; /* the highest that servers are told */
    bool queue_mode;         /* LwM2M: register with Q */
    uint32_t awake_s;        /* queue mode: reachable for so long after a message */
    bool lwm2m_nosec;        /* LwM2M servers without any security may be used */
    bool lwm2m_pack;         /* a LwM2M bootstrap server is asked for a Bootstrap-Pack first */
    uint32_t causes[ERROR_COUNT]; /* messages refused or ignored since start, by cause */
    struct place place;   /* surveyed */
    bool place_of_modem;  /* what its receiver says comes first */
    struct roaming_policy roaming;
    struct source_order sources;
    bool published_credentials; /* factory accounts that anyone can compute are allowed */
};

/* The modem over which data goes now (borrowed until the next event); NULL if it is not there. */
const struct modem_facts *site_modem(const struct site *s);
/* Data goes over the modem with that card from now on, wherever the card is; "": over the primary one. */
void site_use_sim(struct site *s, const char *sim);
/* Modems came, went or changed: bearer/ hears which one it is now. */
void site_look_modem(struct site *s);

/* "plmn=24008;home=24008;access=lte;roaming=no;cell=1123003;area=12741;bearer=apn", fields that are known; "uplink=host" where no bearer of ours is used. Returns out. */
char *site_network_facts(const struct site *s, const char *apn, char *out, size_t cap);
/* The access point of a lease of a bearer of ours ("default" if none was named); "" of the host's own uplink. Borrowed until the bearer changes. */
const char *site_lease_apn(const struct site *s, const struct lease *lease);
/* What LwM2M accounts may do and whom they trust; borrows the factory roots. */
struct lwm2m_rules site_lwm2m_rules(const struct site *s);
/* Unix seconds for records: trusted time, or else what the clock says. */
uint64_t site_wall_clock(const struct site *s);

/* A small value, in a transaction of its own, NULL: none any more; a failure (false) is reported. */
bool site_keep(struct site *s, const char *key, const char *text);

/* A refusal or failure that a person should see: one log line, Manager.LastError*, history. */
void site_report(struct site *s, const char *object, uint64_t job, const struct error *e);
/* The same for a refused message: also the counters and the Refused signal; its row in the history is the caller's. */
void site_report_refused(struct site *s, const char *object, const struct error *e);
/* A message that is not for us: counted and logged, no more. */
void site_count_ignored(struct site *s, const char *object, const struct error *e);

#endif
