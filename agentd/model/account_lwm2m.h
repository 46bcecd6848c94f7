/* SPDX-License-Identifier: Apache-2.0 */
/* An account at a LwM2M server, as the Security and Server objects have it (Core TS 1.1.1 appendix E). Plain value with secrets in the clear. */
#ifndef MODEL_ACCOUNT_LWM2M_H
#define MODEL_ACCOUNT_LWM2M_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the pre-shared key of an account comes from. */
enum lwm2m_key { LWM2M_KEY_OWN, LWM2M_KEY_DERIVED /* in the TRE, from endpoint and key_ref */, LWM2M_KEY_NAMED /* in the TRE, key_ref is its name */,
                 LWM2M_KEY_NAF /* Ks_NAF, made for each session */ };

struct lwm2m_gba {            /* key_from NAF: the server is a NAF (TS 33.222) */
    char mid[65];             /* whose Ks; "": the one that is ACTIVE */
    char bsf[256];            /* https; "": the configured one, or derived */
    char naf[129];            /* FQDN */
    uint8_t ua[5];            /* security protocol identifier of Ua (TS 33.220 annex H) */
    uint64_t ends_ms;         /* loop time at which the B-TID ends; not stored */
};

/* Object 1 as a bootstrap server or the server itself wrote it, beside the lifetime: numbers and booleans by resource id. */
enum { LWM2M_SERVER_RESOURCES = 27, LWM2M_CHANNEL_MAX = 8 };
struct lwm2m_server_settings {
    uint32_t written; /* bit 1 << id: value[id] counts, else the default */
    uint32_t value[LWM2M_SERVER_RESOURCES];
    char binding[LWM2M_CHANNEL_MAX];   /* /1/x/7, "": U or T, as the URI says */
    char preferred[LWM2M_CHANNEL_MAX]; /* /1/x/22, "": none */
};

enum lwm2m_mode { LWM2M_PSK = 0, LWM2M_RPK = 1, LWM2M_X509 = 2, LWM2M_NOSEC = 3, LWM2M_EST = 4 }; /* /0/x/2 */
enum { LWM2M_CERTIFICATE_MAX = 2048, LWM2M_PRIVATE_KEY_MAX = 1280 };

struct lwm2m_x509 {           /* mode X509; all DER */
    uint8_t certificate[LWM2M_CERTIFICATE_MAX]; /* ours, /0/x/3 */
    size_t certificate_len;
    uint8_t private_key[LWM2M_PRIVATE_KEY_MAX]; /* ours, /0/x/5: PKCS#8, SEC1 or PKCS#1 */
    size_t private_key_len;
    uint8_t server[LWM2M_CERTIFICATE_MAX];      /* /0/x/4: a certificate, or its digest */
    size_t server_len;
    uint8_t usage;            /* /0/x/15: 0..3 */
    uint8_t matching;         /* /0/x/13: 0 whole, 1 SHA-256, 2 SHA-384, 3 SHA-512 */
    char sni[129];            /* /0/x/14; "": the host of the URI */
    uint8_t selector;         /* server is of: 0 the certificate, 1 its SubjectPublicKeyInfo (RFC 6698 clause 2.1.2) */
    bool device;              /* ours are the device's: the store has neither, the TRE signs */
};

struct lwm2m_number { /* of an instance, as a bootstrap server or a card chose it */
    bool given;
    uint16_t id;
};

#define LWM2M_SECURE_SCHEMES "coaps coaps+tcp" /* of a server whose account comes with security */

struct lwm2m_account {
    uint16_t short_server_id; /* 1..65534; 0: a bootstrap server */
    char uri[256];            /* coap, coaps, coap+tcp or coaps+tcp://host[:port] */
    uint8_t mode;             /* enum lwm2m_mode */
    char identity[129];       /* PSK identity */
    uint8_t key[64];
    size_t key_len;           /* 16..64 */
    struct lwm2m_x509 x509;
    char endpoint[129];
    uint32_t lifetime;        /* seconds */
    enum lwm2m_key key_from;  /* stored as OWN or NAF: an installed account has its key, or has it made */
    char key_ref[129];        /* not stored */
    struct lwm2m_gba gba;
    struct lwm2m_server_settings server;
    struct lwm2m_number security_instance, server_instance; /* of objects 0 and 1 */
    uint32_t hold_off;        /* of a bootstrap server, /0/x/11: seconds in which it may begin unasked */
    uint32_t timeout;         /* of a bootstrap server, /0/x/12: seconds after a bootstrap until the account goes; 0: it stays */
    uint64_t purge_at;        /* Unix seconds at which it goes; 0: never */
};

const char *lwm2m_mode_name(uint8_t mode); /* psk, rpk, x509, nosec, est */

#endif
