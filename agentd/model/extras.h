/* SPDX-License-Identifier: Apache-2.0 */
/* What a provisioning document may say beside access points and accounts (ProvCont 1.1 4.5, 4.7, 4.8, 4.10 .. 4.12): proxies, rules of access, the client's
 * name, where the bootstrap holds, applications of others. Plain values, checked; secrets in the clear, as in struct settings. */
#ifndef MODEL_EXTRAS_H
#define MODEL_EXTRAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EXTRAS_LIST = 4, EXTRAS_PORTS = 4, EXTRAS_NETWORKS = 8 };

typedef char extras_name[64];

struct proxy_port {
    uint16_t number;                   /* PORTNBR */
    extras_name service[EXTRAS_LIST];  /* SERVICE */
    size_t services;
};

struct proxy_physical { /* PXPHYSICAL */
    extras_name id;                    /* PHYSICAL-PROXY-ID */
    char address[101];                 /* PXADDR: an address of PXADDRTYPE IPV4 (default) or IPV6, or a name */
    char fqdn[128];                    /* PXADDR-FQDN */
    extras_name napid[EXTRAS_LIST];    /* TO-NAPID */
    size_t napids;
    extras_name domain[EXTRAS_LIST];
    size_t domains;
    struct proxy_port port[EXTRAS_PORTS];
    size_t ports;
    bool push, pull;                   /* PUSHENABLED, PULLENABLED */
};

enum proxy_auth { PROXY_AUTH_NONE, PROXY_AUTH_HTTP_BASIC, PROXY_AUTH_HTTP_DIGEST, PROXY_AUTH_WTLS_SS };

struct proxy { /* PXLOGICAL */
    extras_name id, name, password, provider; /* PROXY-ID, NAME, PROXY-PW, PROXY-PROVIDER-ID */
    char ppg_auth[32], wsp_version[8]; /* PPGAUTH-TYPE, WSP-VERSION */
    char startpage[256];
    extras_name basic_id, basic_password; /* BASAUTH-ID, BASAUTH-PW */
    bool trust, master, push, pull;
    enum proxy_auth auth;              /* of the first PXAUTHINFO */
    extras_name auth_id, auth_password;
    extras_name domain[EXTRAS_LIST];
    size_t domains;
    struct proxy_port port[EXTRAS_PORTS]; /* for each PXPHYSICAL without ports of its own */
    size_t ports;
    struct proxy_physical physical[2];
    size_t physicals;
};

struct access_rule { /* ACCESS */
    extras_name rule[EXTRAS_LIST], app[EXTRAS_LIST], domain[EXTRAS_LIST], napid[EXTRAS_LIST], proxy[EXTRAS_LIST], port[EXTRAS_LIST];
    size_t rules, apps, domains, napids, proxies, ports;
};

struct named { /* an APPLICATION that is not w7, or a NAPDEF without a packet bearer: kept by name, of no use here */
    char what[16];                     /* APPLICATION, NAPDEF */
    extras_name id, name;              /* APPID or NAPID */
};

enum { SETTINGS_PROXIES = 4, SETTINGS_ACCESS = 4, SETTINGS_NAMED = 8 };

struct settings_extras { /* each count before the lists: so one page holds all that most documents touch */
    size_t networks, proxy_ids, proxies, accesses, nameds;
    bool closed;                       /* CONTEXT-ALLOW 0: no bootstrap of other contexts */
    char country[4];                   /* BOOTSTRAP/COUNTRY */
    char client_id[128];               /* CLIENTIDENTITY/CLIENT-ID */
    char network[EXTRAS_NETWORKS][8];  /* BOOTSTRAP/NETWORK: MCC and MNC */
    extras_name proxy_id[EXTRAS_LIST]; /* BOOTSTRAP/PROXY-ID */
    struct proxy proxy[SETTINGS_PROXIES];
    struct access_rule access[SETTINGS_ACCESS];
    struct named named[SETTINGS_NAMED];
};

#endif
