/* SPDX-License-Identifier: Apache-2.0 */
/* One network access point (NAPDEF of ProvCont 1.1 4.6), and which one of several fits the network that serves the modem. Plain values. */
#ifndef MODEL_NAPDEF_H
#define MODEL_NAPDEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum napdef_auth { NAPDEF_AUTH_NONE, NAPDEF_AUTH_PAP, NAPDEF_AUTH_CHAP };
enum napdef_ip { NAPDEF_IPV4, NAPDEF_IPV6, NAPDEF_IPV4V6 };
enum { NAPDEF_VALIDITIES = 4, NAPDEF_DNS = 4 };

/* VALIDITY: where and until when. All that it names must hold; what it does not name, holds. */
struct napdef_validity {
    char country[4];     /* COUNTRY: ISO 3166-1 alpha-2, or a mobile country code; "": any */
    char network[8];     /* NETWORK: MCC and MNC; beside COUNTRY also the MNC alone; "": any */
    char sid[12];        /* SID (CDMA system) and */
    char soc[12];        /* SOC (TDMA operator): never hold in a network of 3GPP */
    int64_t until;       /* VALIDUNTIL, seconds since 1970; 0: for ever */
};

/* Numbers of a NAPDEF: bounds of the quality of service are those of its information element (TS 24.008 10.5.6.5). */
enum napdef_number {
    NAPDEF_LINKSPEED, NAPDEF_DNLINKSPEED, /* bit/s; 0: AUTOBAUDING */
    NAPDEF_LINGER,                        /* seconds */
    NAPDEF_DELIVERY_ERR_SDU, NAPDEF_DELIVERY_ORDER, NAPDEF_TRAFFIC_CLASS, NAPDEF_MAX_SDU_SIZE, NAPDEF_MAX_BITRATE_UPLINK,
    NAPDEF_MAX_BITRATE_DNLINK, NAPDEF_RESIDUAL_BER, NAPDEF_SDU_ERROR_RATIO, NAPDEF_TRAFFIC_HANDL_PRIO, NAPDEF_TRANSFER_DELAY,
    NAPDEF_GUARANTEED_BITRATE_UPLINK, NAPDEF_GUARANTEED_BITRATE_DNLINK,
    NAPDEF_MAX_NUM_RETRY, NAPDEF_FIRST_RETRY_TIMEOUT, NAPDEF_REREG_THRESHOLD, /* Mobile IP registration; seconds */
    NAPDEF_NUMBERS
};

#define NAPDEF_DEFAULT "DEFAULT" /* napid of the one without apn: what the network gives to who names none */

struct napdef {
    char napid[64];      /* NAPID, unique in the document */
    char name[64];       /* NAME */
    char apn[101];       /* NAP-ADDRESS with NAP-ADDRTYPE APN; TS 23.003 9.1: <= 100 octets */
    enum napdef_auth auth;
    char user[128];      /* AUTHNAME */
    char password[128];  /* AUTHSECRET */
    enum napdef_ip ip_type; /* LOCAL-ADDRTYPE; default IPV4V6 */
    char local_address[46]; /* LOCAL-ADDR; "": given by the network */
    char dns[NAPDEF_DNS][46]; /* DNS-ADDR, as text */
    size_t dnss;
    bool internet;       /* INTERNET present */
    bool mobile_ip;      /* T-BIT present: reverse tunnelling */
    struct napdef_validity validity[NAPDEF_VALIDITIES];
    size_t validities;
    uint32_t number[NAPDEF_NUMBERS];
    uint32_t numbers;    /* bit n: number[n] was given */
    bool disabled;       /* put aside by a management server: fits nowhere */
};

enum napdef_fit { NAPDEF_UNFIT, NAPDEF_FITS_ANYWHERE, NAPDEF_FITS_COUNTRY, NAPDEF_FITS_NETWORK }; /* rising */

/* How well n, unless it is disabled, fits the serving network plmn (MCC and MNC in 5 or 6 digits; "": not known) at `now` (seconds since 1970; 0: time is not known,
 * nothing expires). One VALIDITY that holds is enough; without any, a NAPDEF fits anywhere. */
enum napdef_fit napdef_fit(const struct napdef *n, const char *plmn, int64_t now);
/* Of two or more that fit, the one that names the network is better than one that names the country, and that better than one for anywhere; of
 * equals the first (ProvCont 4.6: order is preference). NULL if none fits. The result points into list. */
const struct napdef *napdef_for_network(const struct napdef *list, size_t count, const char *plmn, int64_t now);
const char *napdef_auth_name(enum napdef_auth a); /* none, pap, chap */
const char *napdef_ip_name(enum napdef_ip t);     /* ipv4, ipv6, ipv4v6 */
bool napdef_ip_from_name(const char *name, enum napdef_ip *out); /* false: none of them */

#endif
