/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts at servers: OMA DM (w7) and LwM2M. Plain values; secrets in the clear, so they live only in memory that is wiped. Names follow OMA ProvCont
 * 1.1, the w7 registration and the LwM2M Security object. */
#ifndef MODEL_ACCOUNT_H
#define MODEL_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
enum dm_auth { DM_AUTH_BASIC, DM_AUTH_MD5, DM_AUTH_HMAC };

struct dm_credential {
    char name[128];
    char secret[128];
    uint8_t nonce[64];
    size_t nonce_len;
    bool hashed;         /* secret is B64(H(name:secret)); for the time of a session, never stored */
};

struct server_trust { /* beside the factory roots; of this server only (DESIGN trust rule 4) */
    bool has_pin;
    uint8_t pin[32];     /* SHA-256 of the SubjectPublicKeyInfo */
};

/* Where the secrets of an account come from until it has some of its own; an account in the store with an empty client secret is one by PIN. */
enum dm_secrets { DM_SECRETS_OWN, DM_SECRETS_PIN, DM_SECRETS_KEYED, DM_SECRETS_FCS11384, DM_SECRETS_FCS14345 };

enum http_proxy_login { HTTP_PROXY_OPEN, HTTP_PROXY_BASIC, HTTP_PROXY_DIGEST };
struct http_proxy {
    char host[128];      /* address or name; "": no proxy */
    uint16_t port;
    enum http_proxy_login login;
    char user[64], password[64];
};

enum { DM_TO_NAPIDS = 4 };
struct dm_account { /* w7 */
    char server_id[256]; /* PROVIDER-ID */
    char name[64];
    char uri[256];       /* https only */
    char napid[DM_TO_NAPIDS][64]; /* TO-NAPID */
    size_t napids;       /* 0: any */
    struct http_proxy proxy; /* through which its sessions go */
    enum dm_auth auth;
    struct dm_credential client; /* AAUTHLEVEL APPSRV */
    struct dm_credential server; /* AAUTHLEVEL CLIENT; secret "" if the document has none */
    struct server_trust trust;
    enum dm_secrets secrets; /* not stored */
    char acl[192];       /* of ./DMAcc/1, as the DM profile gave it; "": Get, Replace and Delete for server_id (DM Bootstrap 1.2, CP profile) */
};

/* Where the pre-shared key of an account comes from. */
enum lwm2m_key { LWM2M_KEY_OWN, LWM2M_KEY_DERIVED /* in the TRE, from endpoint and key_ref */, LWM2M_KEY_NAMED /* in the TRE, key_ref is its name */ };

/* Object 1 as a bootstrap server or the server itself wrote it, beside the lifetime: numbers and booleans by resource id. */
enum { LWM2M_SERVER_RESOURCES = 24, LWM2M_CHANNEL_MAX = 8 };
struct lwm2m_server_settings {
    uint32_t written; /* bit 1 << id: value[id] counts, else the default */
    uint32_t value[LWM2M_SERVER_RESOURCES];
    char binding[LWM2M_CHANNEL_MAX];   /* /1/x/7, "": U */
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
};

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
    enum lwm2m_key key_from;  /* this and key_ref are not stored: an installed account has its key */
    char key_ref[129];
    struct lwm2m_server_settings server;
    uint32_t hold_off;        /* of a bootstrap server, /0/x/11: seconds in which it may begin unasked */
    uint32_t timeout;         /* of a bootstrap server, /0/x/12: seconds after a bootstrap until the account goes; 0: it stays */
    uint64_t purge_at;        /* Unix seconds at which it goes; 0: never */
};

const char *dm_auth_name(enum dm_auth a);  /* basic, md5, hmac */
const char *lwm2m_mode_name(uint8_t mode); /* psk, rpk, x509, nosec, est */

#endif
